# SPDX-License-Identifier: BSD-2-Clause
"""strace's command line as a ``TraceOptions``, for the drop-in and for ``trapgate trace``.

``parse`` raises ``StraceUsageError`` for what strace refuses, in strace's words and order, and
``Finished`` when all that was asked for is a text (``-h``, ``-V``). It opens no file and starts nothing;
it does resolve the paths of -P and the user of -u, whose failures are part of the command line's.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from trapgate.calls.call import Names
from trapgate.calls.quote import Hex, quote
from trapgate.cli.getopt import NO_ARGUMENT, OPTIONAL, REQUIRED, OptionError, OptionReader
from trapgate.model.errors import UsageError
from trapgate.tracing import filters
from trapgate.tracing.options import SOURCES, TimeFormat, TraceOptions
from trapgate.tracing.scan import Complaint, parse_duration, parse_precision, parse_uint, scan_uint, split_tokens

if TYPE_CHECKING:
    from trapgate.tracing.summary import SummaryOptions

MAX_STRING = (2**32 - 1) // 4
MAX_FILE_NAME = 4096 - 4 * 3
_DAEMON_LEVELS = {"grandchild": 1, "pgroup": 2, "pgrp": 2, "session": 3}
_INTERRUPTIBLE = {"anywhere": 1, "always": 1, "waiting": 2, "never": 3, "never_tstp": 4}
_HEX_STYLES = {
    "none": Hex.NONE,
    "non-ascii-chars": Hex.NON_ASCII_CHARS,
    "non-ascii": Hex.NON_ASCII,
    "all": Hex.ALL,
}
_NO_SECONTEXT = "SELinux context printing (--secontext option) is not supported by this build of strace"
_NOTHING_TO_FILTER = (
    "Seccomp filter is requested but there are no syscalls to filter.  See -e trace to filter syscalls."
)
_SUMMARY_OPTIONS = "(-c/--summary-only or -C/--summary)"
_TIME_STYLES = {"none": "", "time": "time", "unix": "unix"}
_SIZE_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}


class StraceUsageError(Exception):
    """What strace would print, line by line, before it ends with ``exit_code``."""

    exit_code = 1

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


class Finished(Exception):
    """A text for standard output (standard error for a tip) was all that was asked for: exit status 0."""

    exit_code = 0

    def __init__(self, text: str, to_stderr: bool = False) -> None:
        super().__init__(text)
        self.text = text
        self.to_stderr = to_stderr


def parse(argv: list[str], program: str) -> TraceOptions:
    """What the words after the program's name ask for.

    Args:
        program: what messages begin with. A name that ends in ``strace`` gets strace's command line and
            messages exactly; any other gets trapgate's options and help too.
    Raises:
        StraceUsageError: as strace would end. For another program: ``UsageError``.
        Finished: for -h, -V, and a tip without a command.
    """
    line = CommandLine(program)
    try:
        line.read(argv)
        return line.finish()
    except Complaint as complaint:
        if line.is_own:
            hint = f"'{program} --help' shows its options"
            raise UsageError(program.removeprefix("trapgate "), complaint.text, hint) from None
        lines = [f"{program}: {text}" for text in (*line.options.warnings, complaint.text) if text]
        if complaint.see_help:
            lines.append(f"Try '{program} -h' for more information.")
        raise StraceUsageError(lines) from None


class CommandLine:
    """A command line while it is read: the options so far, and what must be judged at its end."""

    def __init__(self, program: str) -> None:
        self.is_own = not os.path.basename(program).endswith("strace")
        self.options = TraceOptions(program=program)
        self.paths: list[str] = []
        self.counts: dict[str, int] = {}
        """How often each letter was given."""
        self.daemon_long = 0
        self.hex_long: Hex | None = None
        self.quiet_given = False
        self.decode_fds_given = False
        self.absolute_given = False
        self.stack_limit_given = False
        self.interruptible = 0
        self.tip_number: int | None = None
        self.tip_format = "none"

    # --- reading ----------------------------------------------------------------------------

    def read(self, argv: list[str]) -> None:
        """Applies each option of ``argv`` as it comes."""
        reader = OptionReader(argv, SHORT, OWN_LONG if self.is_own else LONG)
        try:
            for key, shown, argument in reader:
                HANDLERS[key](self, argument or "", shown, argument is not None)
        except OptionError as error:
            raise _see_help(str(error)) from None
        self.options.command = reader.rest

    def count(self, letter: str) -> int:
        """How often ``letter`` was given."""
        return self.counts.get(letter, 0)

    # --- the end ----------------------------------------------------------------------------

    def finish(self) -> TraceOptions:
        """The options, when they agree with each other."""
        if self.count("V"):
            from trapgate.cli.strace_help import render_version

            raise Finished(render_version(self.is_own))
        self._check_command()
        self._settle_repeated()
        self._settle_follow()
        self._check_summary()
        self._check_json()
        self._check_output()
        self._settle_paths()
        self._check_stack()
        self._settle_user()
        if self.options.kill_on_exit and self.options.pids:
            raise Complaint("--kill-on-exit and -p/--attach are mutually exclusive options")
        self._settle_output()
        self._settle_quiet()
        if self.options.seccomp and self.options.calls.is_everything:
            self.warn(_NOTHING_TO_FILTER)
            self.options.seccomp = False
        return self.options

    def _check_command(self) -> None:
        options = self.options
        if self.tip_format != "none":
            options.tip = self.tip_number, self.tip_format
        if not (options.command or options.pids or options.all or options.cgroups):
            if options.tip:
                from trapgate.cli.strace_help import render_tip

                raise Finished(render_tip(*options.tip), to_stderr=True)
            raise _see_help("must have PROG [ARGS] or -p PID")
        if options.argv0 is not None and not options.command:
            raise _see_help("PROG [ARGS] must be specified with --argv0")
        self._settle_daemon()

    def _settle_daemon(self) -> None:
        level = self.count("D")
        if self.daemon_long and level:
            raise Complaint("-D and --daemonize cannot be provided simultaneously")
        self.options.daemon_level = self.daemon_long or level
        if self.options.daemon_level and not self.options.command:
            raise _see_help("PROG [ARGS] must be specified with -D/--daemonize")
        if level > max(_DAEMON_LEVELS.values()):
            raise _see_help(f"Too many -D's ({level}), maximum supported -D count is 3")

    def _settle_repeated(self) -> None:
        """-t, -x and -y, which say more when repeated and exclude their long forms."""
        decode = self.options.decode
        if self.count("t"):
            if self.absolute_given:
                raise Complaint("-t and --absolute-timestamps cannot be provided simultaneously")
            parsed = ("time", "time,us", "unix,us")[min(self.count("t"), 3) - 1]
            _set_absolute(self.options, parsed)
        if self.hex_long is not None:
            if self.count("x"):
                raise Complaint("-x and --strings-in-hex cannot be provided simultaneously")
            decode.hexadecimal = self.hex_long
        elif self.count("x"):
            decode.hexadecimal = Hex.ALL if self.count("x") > 1 else Hex.NON_ASCII
        if self.count("y"):
            if self.decode_fds_given:
                raise Complaint("-y and --decode-fds cannot be provided simultaneously")
            decode.decode_fds = filters.parse_decode_fds("path" if self.count("y") == 1 else "all")

    def _settle_follow(self) -> None:
        options = self.options
        if self.count("f"):
            if options.follow:
                raise Complaint("-f and --follow-forks cannot be provided simultaneously")
            if self.count("f") > 1 and options.output_separately:
                raise Complaint("-ff and --output-separately cannot be provided simultaneously")
            options.follow = True
            options.output_separately = self.count("f") > 1
        self._settle_seccomp()
        if self.count("F"):
            if options.follow:
                self.warn("deprecated option -F ignored")
            else:
                self.warn("option -F is deprecated, please use -f/--follow-forks instead")
                options.follow = True

    def _settle_seccomp(self) -> None:
        options = self.options
        reasons = (
            (not options.follow, "cannot be used without -f/--follow-forks, disabling"),
            (options.detach_on_execve, "is not enabled because it is not compatible with -b"),
            (options.syscall_limit, "is not enabled because it is not compatible with --syscall-limit"),
        )
        for applies, reason in reasons:
            if options.seccomp and applies:
                self.warn(f"--seccomp-bpf {reason}")
                options.seccomp = False
        if options.seccomp and options.pids:
            self.warn("--seccomp-bpf is not enabled for processes attached with -p")
            options.seccomp = bool(options.command)

    def _check_summary(self) -> None:
        options = self.options
        counted = options.summary is not None and self._summary_mode() != ""
        if options.output_separately and counted:
            raise _see_help(f"{_SUMMARY_OPTIONS} and -ff/--output-separately are mutually exclusive")
        for letter, name in (("w", "-w/--summary-wall-clock"), ("U", "-U/--summary-columns")):
            if self.count(letter) and not counted:
                raise _see_help(f"{name} must be given with {_SUMMARY_OPTIONS}")
        if self.count("S") and not counted:
            self.warn(f"-S/--summary-sort-by has no effect without {_SUMMARY_OPTIONS}")
        if not counted:
            options.summary = None
        options.summary_only = self._summary_mode() == "c"
        if options.summary_only:
            self._warn_of_lines_unseen()

    def _check_json(self) -> None:
        """What only the text has is refused, not left out."""
        options = self.options
        of_text = (
            (options.summary is not None, "the table of -c and -C"),
            (options.stack is not None, "the stacks of -k"),
            (options.output_separately and options.output is not None, "the files of -ff"),
            (options.read_fds is not None, "the dumps of --read"),
            (options.write_fds is not None, "the dumps of --write"),
        )
        for given, name in of_text:
            if options.json and given:
                raise _see_help(f"--json has no place for {name}")

    def _summary_mode(self) -> str:
        return "c" if self.count("c") else "C" if self.count("C") else ""

    def _warn_of_lines_unseen(self) -> None:
        options = self.options
        useless = (
            (options.instruction_pointer, "-i/--instruction-pointer"),
            (options.stack, "-k/--stack-trace"),
            (options.syscall_number, "-n/--syscall-number"),
            (options.decode.arg_names, "-N/--arg-names"),
            (options.times.relative_digits is not None, "-r/--relative-timestamps"),
            (options.times.absolute, "-t/--absolute-timestamps"),
            (options.times.duration_digits is not None, "-T/--syscall-times"),
            (options.decode.decode_fds, "-y/--decode-fds"),
        )
        for given, name in useless:
            if given:
                self.warn(f"{name} has no effect with -c/--summary-only")

    def _check_output(self) -> None:
        options = self.options
        if options.output is None:
            if options.output_separately and not options.follow:
                self.warn("--output-separately has no effect without -o/--output")
            if options.append:
                self.warn("-A/--output-append-mode has no effect without -o/--output")
        if self.count("z") + self.count("Z") > 1:
            self.warn(
                "Only the last of -z/--successful-only/-Z/--failed-only options will take effect. "
                "See status qualifier for more complex filters."
            )

    def _settle_paths(self) -> None:
        """Traces each path as given, and as resolved when that is another."""
        paths = self.options.paths
        for path in self.paths:
            resolved = _resolve(path)
            for form in (path, resolved):
                if form not in paths:
                    paths.append(form)
            if resolved != path and "path-resolution" not in self.options.quiet:
                shown = quote(os.fsencode(path)), quote(os.fsencode(resolved))
                self.warn(f"Requested path {shown[0]} resolved into {shown[1]}")

    def _check_stack(self) -> None:
        if self.stack_limit_given and not self.options.stack:
            self.warn("--stack-trace-frame-limit has no effect without -k/--stack-trace")

    def _settle_user(self) -> None:
        user = self.options.user
        if user is None:
            return
        if os.getuid() or os.geteuid():
            raise Complaint("You must be root to use the -u/--username option")
        self.options.uid, self.options.gid = _parse_ids(user) if ":" in user else _find_user(user)

    def _settle_output(self) -> None:
        """What the place of the output decides: whether it can be split, -I, and silence about attaching."""
        options = self.options
        output = options.output
        if output is None:
            options.output_separately = False  # -ff without -o is -f
        elif options.output_separately:
            if output[:1] in ("|", "!"):
                raise _see_help("piping the output and -ff/--output-separately are mutually exclusive")
            if len(os.fsencode(output)) >= MAX_FILE_NAME:
                raise Complaint(f"{output}: {os.strerror(36)}")
        to_file = output is not None and bool(options.command)
        options.interruptible = self.interruptible or (4 if options.daemon_level else 3 if to_file else 2)
        comes_and_goes = options.all or bool(options.cgroups)  # others' processes: their coming is no news
        if (to_file or comes_and_goes) and not self.count("q") and not self.quiet_given:
            self.counts["q"] = 1

    def _settle_quiet(self) -> None:
        if not self.count("q"):
            return
        if self.quiet_given:
            raise Complaint("-q and -e quiet/--quiet cannot be provided simultaneously")
        levels = ("attach,personality", "attach,personality,exit", "all")
        self.options.quiet = filters.parse_quiet(levels[min(self.count("q"), 3) - 1])

    def warn(self, text: str) -> None:
        """Keeps what is to be said before tracing."""
        self.options.warnings.append(text)


# --- one function per option that is more than a flag ------------------------------------------

Handler = Callable[[CommandLine, str, str, bool], None]
"""Applies an option: the command line, its argument, how it was written, whether it had an argument."""


def _see_help(text: str) -> Complaint:
    return Complaint(text, see_help=True)


def _bad_argument(shown: str, argument: str) -> Complaint:
    return Complaint(f"invalid {shown} argument: '{argument}'", see_help=True)


def _flag(field: str) -> Handler:
    """Sets a field of the options."""

    def handle(line: CommandLine, argument: str, shown: str, given: bool) -> None:
        setattr(line.options, field, True)

    return handle


def _text(field: str) -> Handler:
    """Stores the argument in a field of the options."""

    def handle(line: CommandLine, argument: str, shown: str, given: bool) -> None:
        setattr(line.options, field, argument)

    return handle


def _counted(letter: str) -> Handler:
    """Counts how often the option is given; its meaning is settled at the end."""

    def handle(line: CommandLine, argument: str, shown: str, given: bool) -> None:
        line.counts[letter] = line.count(letter) + 1

    return handle


def _handle_columns(line: CommandLine, argument: str, shown: str, given: bool) -> None:
    column = parse_uint(argument)
    if column is None:
        raise _bad_argument(shown, argument)
    line.options.column = column


def _handle_detach_on(line: CommandLine, argument: str, shown: str, given: bool) -> None:
    if argument != "execve":
        raise Complaint(f"Syscall '{argument}' for -b isn't supported")
    line.options.detach_on_execve = True


def _handle_summary(line: CommandLine, argument: str, shown: str, given: bool) -> None:
    letter = "c" if shown in ("-c", "--summary-only") else "C"
    if line.count("C" if letter == "c" else "c"):
        raise _see_help("-c/--summary-only and -C/--summary are mutually exclusive")
    line.counts[letter] = 1
    _summary(line)


def _summary(line: CommandLine) -> SummaryOptions:
    """The summary's options, made on first use."""
    from trapgate.tracing.summary import SummaryOptions

    if line.options.summary is None:
        line.options.summary = SummaryOptions()
    return line.options.summary


def _handle_sort(line: CommandLine, argument: str, shown: str, given: bool) -> None:
    from trapgate.tracing.summary import parse_sort

    _summary(line).sort = parse_sort(argument)
    line.counts["S"] = 1


def _handle_summary_columns(line: CommandLine, argument: str, shown: str, given: bool) -> None:
    from trapgate.tracing.summary import parse_columns

    line.counts["U"] = 1
    _summary(line).columns = parse_columns(argument)


def _handle_wall_clock(line: CommandLine, argument: str, shown: str, given: bool) -> None:
    line.counts["w"] = 1
    _summary(line).wall_clock = True


def _handle_overhead(line: CommandLine, argument: str, shown: str, given: bool) -> None:
    overhead = parse_duration(argument)
    if overhead is None:
        raise _bad_argument(shown, argument)
    _summary(line).overhead_ns = overhead


def _handle_daemonize(line: CommandLine, argument: str, shown: str, given: bool) -> None:
    level = _DAEMON_LEVELS.get(argument.lower()) if given else 1
    if level is None:
        raise _bad_argument(shown, argument)
    line.daemon_long = level


def _handle_env(line: CommandLine, argument: str, shown: str, given: bool) -> None:
    name, equals, value = argument.partition("=")
    line.options.environment.append((name, value if equals else None))


def _handle_interruptible(line: CommandLine, argument: str, shown: str, given: bool) -> None:
    level = _INTERRUPTIBLE.get(argument.lower()) or parse_uint(argument, 4)
    if not level:
        raise _bad_argument(shown, argument)
    line.interruptible = level


def _handle_k(line: CommandLine, argument: str, shown: str, given: bool) -> None:
    if line.options.stack == "source":
        raise Complaint("Too many -k options")
    line.options.stack = "source" if line.options.stack else "symbol"


def _handle_stack_trace(line: CommandLine, argument: str, shown: str, given: bool) -> None:
    if given and argument not in ("symbol", "source"):
        raise _bad_argument(shown, argument)
    line.options.stack = argument if given else "symbol"


def _handle_frame_limit(line: CommandLine, argument: str, shown: str, given: bool) -> None:
    limit = parse_uint(argument, MAX_STRING)
    if not limit:
        raise _bad_argument(shown, argument)
    line.options.stack_frame_limit = limit
    line.stack_limit_given = True


def _handle_attach(line: CommandLine, argument: str, shown: str, given: bool) -> None:
    for word in argument.replace(",", " ").split():
        pid = parse_uint(word)
        if not pid:
            raise Complaint(f"Invalid process id: '{word}'")
        if pid == os.getpid():
            raise Complaint("I'm sorry, I can't let you do that, Dave.")
        line.options.pids.append(pid)


def _handle_string_limit(line: CommandLine, argument: str, shown: str, given: bool) -> None:
    limit = parse_uint(argument, MAX_STRING)
    if limit is None:
        raise _bad_argument(shown, argument)
    line.options.decode.string_limit = limit


def _digits(argument: str, shown: str, given: bool) -> int:
    digits = parse_precision(argument) if given else 6
    if digits is None:
        raise _bad_argument(shown, argument)
    return digits


def _change_times(
    options: TraceOptions,
    absolute: str | None = None,
    absolute_digits: int | None = None,
    relative: int | None = None,
    duration: int | None = None,
) -> None:
    """Replaces what is given in the options' time format."""
    old = options.times
    options.times = TimeFormat(
        old.absolute if absolute is None else absolute,
        old.absolute_digits if absolute_digits is None else absolute_digits,
        old.relative_digits if relative is None else relative,
        old.duration_digits if duration is None else duration,
    )


def _handle_relative(line: CommandLine, argument: str, shown: str, given: bool) -> None:
    _change_times(line.options, relative=_digits(argument, shown, given))


def _handle_durations(line: CommandLine, argument: str, shown: str, given: bool) -> None:
    _change_times(line.options, duration=_digits(argument, shown, given))


def _handle_absolute(line: CommandLine, argument: str, shown: str, given: bool) -> None:
    line.absolute_given = True
    if not _set_absolute(line.options, argument if given else "time"):
        raise _bad_argument(shown, argument)


def _set_absolute(options: TraceOptions, text: str) -> bool:
    """Applies ``[format:]FORMAT,[precision:]PRECISION`` in any order; whether it could be read."""
    style: str | None = None
    digits: int | None = None
    for token in split_tokens(text):
        kind, word = _split_kind(token)
        precision = parse_precision(word)
        if kind in ("", "format") and word in _TIME_STYLES:
            style = _TIME_STYLES[word]
        elif kind in ("", "precision") and precision is not None:
            digits = precision
        else:
            return False
    if style is None:
        style = options.times.absolute or "time"
    _change_times(options, absolute=style, absolute_digits=digits)
    return True


def _split_kind(token: str) -> tuple[str, str]:
    """``kind:word`` in two, in lower case; the kind is empty when none is given."""
    kind, colon, word = token.lower().partition(":")
    return (kind, word) if colon else ("", kind)


def _handle_no_abbrev(line: CommandLine, argument: str, shown: str, given: bool) -> None:
    line.options.decode.abbrev = Names(False)


def _handle_hex(line: CommandLine, argument: str, shown: str, given: bool) -> None:
    style = _HEX_STYLES.get(argument.lower()) if given else Hex.ALL
    if style is None:
        raise _bad_argument(shown, argument)
    line.hex_long = style


def _handle_style(line: CommandLine, argument: str, shown: str, given: bool) -> None:
    if argument not in ("raw", "abbrev", "verbose"):
        raise _bad_argument(shown, argument)
    line.options.decode.style = argument


def _handle_status_only(line: CommandLine, argument: str, shown: str, given: bool) -> None:
    letter = "z" if shown in ("-z", "--successful-only") else "Z"
    line.options.status = frozenset({"successful" if letter == "z" else "failed"})
    line.counts[letter] = line.count(letter) + 1


def _handle_limit(line: CommandLine, argument: str, shown: str, given: bool) -> None:
    limit = parse_uint(argument, 2**63 - 1)
    if not limit:
        raise _bad_argument(shown, argument)
    line.options.syscall_limit = limit


def _handle_tips(line: CommandLine, argument: str, shown: str, given: bool) -> None:
    if line.tip_format == "none":
        line.tip_format = "compact"
    for token in split_tokens(argument):
        kind, word = _split_kind(token)
        if kind in ("", "id") and (word == "random" or parse_uint(word) is not None):
            line.tip_number = parse_uint(word)
        elif kind in ("", "format") and word in ("none", "compact", "full"):
            line.tip_format = word
        else:
            raise _bad_argument(shown, argument)


def _handle_color(line: CommandLine, argument: str, shown: str, given: bool) -> None:
    if argument.lower() not in ("auto", "always", "never"):
        raise _bad_argument(shown, argument)
    line.options.color = argument.lower()


def _handle_help(line: CommandLine, argument: str, shown: str, given: bool) -> None:
    from trapgate.cli.strace_help import render_help

    raise Finished(render_help(line.is_own))


def _handle_comm(line: CommandLine, argument: str, shown: str, given: bool) -> None:
    line.options.decode.decode_pids = frozenset({"comm"})


def _handle_pidns(line: CommandLine, argument: str, shown: str, given: bool) -> None:
    line.options.decode.decode_pids = frozenset({"pidns"})


# --- -e EXPRESSION, and the long option of each ------------------------------------------------


def _qualify(apply: Callable[[CommandLine, str], None], default: str = "") -> Handler:
    """The long option that means ``-e NAME=ARGUMENT``."""

    def handle(line: CommandLine, argument: str, shown: str, given: bool) -> None:
        apply(line, argument if given else default)

    return handle


def _handle_expression(line: CommandLine, argument: str, shown: str, given: bool) -> None:
    name, equals, value = argument.partition("=")
    if equals and name in QUALIFIERS:
        QUALIFIERS[name](line, value)
    else:
        _qualify_trace(line, argument)


def _qualify_trace(line: CommandLine, text: str) -> None:
    line.options.calls = filters.parse_calls(text)


def _qualify_trace_fds(line: CommandLine, text: str) -> None:
    line.options.fds = filters.parse_fds(text)


def _qualify_abbrev(line: CommandLine, text: str) -> None:
    line.options.decode.abbrev = Names(*filters.parse_calls(text).key())


def _qualify_verbose(line: CommandLine, text: str) -> None:
    line.options.decode.verbose = Names(*filters.parse_calls(text).key())


def _qualify_raw(line: CommandLine, text: str) -> None:
    line.options.decode.raw = Names(*filters.parse_calls(text).key())


def _qualify_signal(line: CommandLine, text: str) -> None:
    line.options.signals = filters.parse_signals(text)


def _qualify_status(line: CommandLine, text: str) -> None:
    line.options.status = filters.parse_statuses(text)


def _qualify_quiet(line: CommandLine, text: str) -> None:
    line.quiet_given = True
    line.options.quiet = filters.parse_quiet(text)


def _qualify_read(line: CommandLine, text: str) -> None:
    line.options.read_fds = filters.parse_fds(text)


def _qualify_write(line: CommandLine, text: str) -> None:
    line.options.write_fds = filters.parse_fds(text)


def _qualify_fault(line: CommandLine, text: str) -> None:
    _inject(line, text, fault=True)


def _qualify_inject(line: CommandLine, text: str) -> None:
    _inject(line, text, fault=False)


def _inject(line: CommandLine, text: str, fault: bool) -> None:
    from trapgate.tracing.tamper import parse_injection

    line.options.injections.append(parse_injection(text, fault, line.warn))


def _qualify_kvm(line: CommandLine, text: str) -> None:
    if text not in ("vcpu", "vcpu+"):
        raise Complaint(f"invalid -e kvm= argument: '{text}'")
    line.options.kvm = line.options.decode.vcpu = text


def _qualify_namespace(line: CommandLine, text: str) -> None:
    if text != "new":
        raise Complaint(f"invalid -e namespace= argument: '{text}'")
    line.options.namespace_new = line.options.decode.namespaces = True


def _qualify_decode_fds(line: CommandLine, text: str) -> None:
    line.decode_fds_given = True
    line.options.decode.decode_fds = filters.parse_decode_fds(text)


def _qualify_decode_pids(line: CommandLine, text: str) -> None:
    line.options.decode.decode_pids = filters.parse_decode_pids(text)


def _qualify_secontext(line: CommandLine, text: str) -> None:
    raise Complaint(_NO_SECONTEXT)


QUALIFIERS: dict[str, Callable[[CommandLine, str], None]] = {
    name: apply
    for names, apply in (
        ("trace t", _qualify_trace),
        ("trace-fd trace-fds fd fds", _qualify_trace_fds),
        ("abbrev a", _qualify_abbrev),
        ("verbose v", _qualify_verbose),
        ("raw x", _qualify_raw),
        ("signal signals s", _qualify_signal),
        ("status", _qualify_status),
        ("quiet silent silence q", _qualify_quiet),
        ("read reads r", _qualify_read),
        ("write writes w", _qualify_write),
        ("fault", _qualify_fault),
        ("inject", _qualify_inject),
        ("kvm", _qualify_kvm),
        ("decode-fd decode-fds", _qualify_decode_fds),
        ("decode-pid decode-pids", _qualify_decode_pids),
        ("secontext", _qualify_secontext),
        ("namespace", _qualify_namespace),
    )
    for name in names.split()
}

# --- trapgate's own ------------------------------------------------------------------------------


def _handle_source(line: CommandLine, argument: str, shown: str, given: bool) -> None:
    if argument not in SOURCES:
        raise _bad_argument(shown, argument)
    line.options.source = argument


def _handle_ring_size(line: CommandLine, argument: str, shown: str, given: bool) -> None:
    found = scan_uint(argument, 2**40)
    scale = _SIZE_UNITS.get(found[1].lower()) if found else None
    if not found or scale is None or not found[0]:
        raise _bad_argument(shown, argument)
    line.options.ring_bytes = found[0] * scale


def _handle_cgroup(line: CommandLine, argument: str, shown: str, given: bool) -> None:
    line.options.cgroups.append(argument)


# --- the tables ----------------------------------------------------------------------------------

_STRACE_OPTIONS: tuple[tuple[str, str, int, Handler], ...] = (
    ("a", "columns", REQUIRED, _handle_columns),
    ("A", "output-append-mode", NO_ARGUMENT, _flag("append")),
    ("b", "detach-on", REQUIRED, _handle_detach_on),
    ("c", "summary-only", NO_ARGUMENT, _handle_summary),
    ("C", "summary", NO_ARGUMENT, _handle_summary),
    ("d", "debug", NO_ARGUMENT, _flag("debug")),
    ("D", "", NO_ARGUMENT, _counted("D")),
    ("daemonize", "daemonize daemonised daemonized", OPTIONAL, _handle_daemonize),
    ("e", "", REQUIRED, _handle_expression),
    ("E", "env", REQUIRED, _handle_env),
    ("f", "", NO_ARGUMENT, _counted("f")),
    ("follow-forks", "follow-forks", NO_ARGUMENT, _flag("follow")),
    ("F", "", NO_ARGUMENT, _counted("F")),
    ("output-separately", "output-separately", NO_ARGUMENT, _flag("output_separately")),
    ("h", "help", NO_ARGUMENT, _handle_help),
    ("i", "instruction-pointer", NO_ARGUMENT, _flag("instruction_pointer")),
    ("I", "interruptible", REQUIRED, _handle_interruptible),
    ("kill-on-exit", "kill-on-exit", NO_ARGUMENT, _flag("kill_on_exit")),
    ("k", "", NO_ARGUMENT, _handle_k),
    ("stack-trace", "stack-trace stack-traces", OPTIONAL, _handle_stack_trace),
    ("stack-trace-frame-limit", "stack-trace-frame-limit", REQUIRED, _handle_frame_limit),
    ("syscall-limit", "syscall-limit", REQUIRED, _handle_limit),
    ("n", "syscall-number", NO_ARGUMENT, _flag("syscall_number")),
    ("N", "arg-names", NO_ARGUMENT, lambda line, *_: setattr(line.options.decode, "arg_names", True)),
    ("o", "output", REQUIRED, _text("output")),
    ("O", "summary-syscall-overhead", REQUIRED, _handle_overhead),
    ("p", "attach", REQUIRED, _handle_attach),
    ("P", "trace-path", REQUIRED, lambda line, argument, *_: line.paths.append(argument)),
    ("q", "", NO_ARGUMENT, _counted("q")),
    ("r", "relative-timestamps", OPTIONAL, _handle_relative),
    ("s", "string-limit", REQUIRED, _handle_string_limit),
    ("S", "summary-sort-by", REQUIRED, _handle_sort),
    ("t", "", NO_ARGUMENT, _counted("t")),
    ("absolute-timestamps", "absolute-timestamps timestamps", OPTIONAL, _handle_absolute),
    ("T", "syscall-times", OPTIONAL, _handle_durations),
    ("u", "user", REQUIRED, _text("user")),
    ("U", "summary-columns", REQUIRED, _handle_summary_columns),
    ("v", "no-abbrev", NO_ARGUMENT, _handle_no_abbrev),
    ("V", "version", NO_ARGUMENT, _counted("V")),
    ("w", "summary-wall-clock", NO_ARGUMENT, _handle_wall_clock),
    ("x", "", NO_ARGUMENT, _counted("x")),
    ("strings-in-hex", "strings-in-hex", OPTIONAL, _handle_hex),
    ("X", "const-print-style", REQUIRED, _handle_style),
    ("y", "", NO_ARGUMENT, _counted("y")),
    ("Y", "", NO_ARGUMENT, _handle_comm),
    ("pidns-translation", "pidns-translation", NO_ARGUMENT, _handle_pidns),
    ("z", "successful-only", NO_ARGUMENT, _handle_status_only),
    ("Z", "failed-only failing-only", NO_ARGUMENT, _handle_status_only),
    ("seccomp-bpf", "seccomp-bpf", NO_ARGUMENT, _flag("seccomp")),
    ("tips", "tips", OPTIONAL, _handle_tips),
    ("argv0", "argv0", REQUIRED, _text("argv0")),
    ("always-show-pid", "always-show-pid", NO_ARGUMENT, _flag("always_show_pid")),
    ("color", "color", REQUIRED, _handle_color),
    ("trace", "trace", REQUIRED, _qualify(_qualify_trace)),
    ("trace-fds", "trace-fds", REQUIRED, _qualify(_qualify_trace_fds)),
    ("abbrev", "abbrev", REQUIRED, _qualify(_qualify_abbrev)),
    ("verbose", "verbose", REQUIRED, _qualify(_qualify_verbose)),
    ("raw", "raw", REQUIRED, _qualify(_qualify_raw)),
    ("signals", "signals", REQUIRED, _qualify(_qualify_signal)),
    ("status", "status", REQUIRED, _qualify(_qualify_status)),
    ("read", "read", REQUIRED, _qualify(_qualify_read)),
    ("write", "write", REQUIRED, _qualify(_qualify_write)),
    ("fault", "fault", REQUIRED, _qualify(_qualify_fault)),
    ("inject", "inject", REQUIRED, _qualify(_qualify_inject)),
    ("kvm", "kvm", REQUIRED, _qualify(_qualify_kvm)),
    ("namespace", "namespace", OPTIONAL, _qualify(_qualify_namespace, "new")),
    ("quiet", "quiet silent silence", OPTIONAL, _qualify(_qualify_quiet, "attach,personality")),
    ("decode-fds", "decode-fds", OPTIONAL, _qualify(_qualify_decode_fds, "path")),
    ("decode-pids", "decode-pids", REQUIRED, _qualify(_qualify_decode_pids)),
    ("secontext", "secontext", OPTIONAL, _qualify(_qualify_secontext)),
)
"""Key (the letter, if there is one), long names in strace's order, argument, handler."""

_OWN_OPTIONS: tuple[tuple[str, str, int, Handler], ...] = (
    ("source", "source", REQUIRED, _handle_source),
    ("json", "json", NO_ARGUMENT, _flag("json")),
    ("ring-size", "ring-size", REQUIRED, _handle_ring_size),
    ("strict", "strict", NO_ARGUMENT, _flag("strict")),
    ("all", "all", NO_ARGUMENT, _flag("all")),
    ("cgroup", "cgroup", REQUIRED, _handle_cgroup),
)
"""The same for what strace has not."""

HANDLERS = {key: handler for key, _, _, handler in (*_STRACE_OPTIONS, *_OWN_OPTIONS)}
SHORT = {key: REQUIRED if takes == REQUIRED else NO_ARGUMENT for key, _, takes, _ in _STRACE_OPTIONS if len(key) == 1}
LONG = {name: (key, takes) for key, names, takes, _ in _STRACE_OPTIONS for name in names.split()}
OWN_LONG = LONG | {name: (key, takes) for key, names, takes, _ in _OWN_OPTIONS for name in names.split()}


# --- names of users and files --------------------------------------------------------------------


def _resolve(path: str) -> str:
    """The path without links; the path itself when nothing is there."""
    try:
        return os.path.realpath(path, strict=True) if path else path
    except OSError:
        return path


def _parse_ids(pair: str) -> tuple[int, int]:
    """``UID:GID``."""
    ids = [parse_uint(number, 2**32 - 2) for number in pair.split(":", 1)]
    if None in ids:
        raise Complaint(f"Invalid UID:GID pair '{pair}'")
    return ids[0] or 0, ids[1] or 0


def _find_user(name: str) -> tuple[int, int]:
    """The user and group id of a user's name."""
    import pwd

    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        raise Complaint(f"Cannot find user '{name}'") from None
    return entry.pw_uid, entry.pw_gid
