# SPDX-License-Identifier: BSD-2-Clause
"""Everything a user may ask of a trace: one field per option, each naming strace's letter.

``trapgate.cli.strace_options.parse`` makes it from a command line; ``trapgate.trace`` from keywords.
It is data only: nothing is opened, and no process is looked at, by making one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from trapgate.calls.call import Options as DecodeOptions
from trapgate.tracing.filters import EVERY_CALL, EVERY_SIGNAL, NO_CALL, STATUSES, CallSet, NumberSet

if TYPE_CHECKING:
    from trapgate.tracing.summary import SummaryOptions
    from trapgate.tracing.tamper import Injection

SOURCES = ("auto", "bpf", "ptrace")
"""What --source may name."""
INTERRUPTIBLE_ANYWHERE = 1
INTERRUPTIBLE_WAITING = 2
INTERRUPTIBLE_NEVER = 3
INTERRUPTIBLE_NEVER_TSTP = 4


@dataclass(frozen=True, slots=True)
class TimeFormat:
    """How moments and durations are written in front of and behind a line."""

    absolute: str = ""
    """-t, --absolute-timestamps: ``time`` (clock of the day), ``unix`` (seconds since 1970), or none."""
    absolute_digits: int = 0
    """-tt, -ttt, precision: digits behind the point, 0, 3, 6 or 9."""
    relative_digits: int | None = None
    """-r, --relative-timestamps: digits of the time since the line before; None: not shown."""
    duration_digits: int | None = None
    """-T, --syscall-times: digits of the time a call took; None: not shown."""


@dataclass(slots=True)
class TraceOptions:
    """One trace: what to run or attach to, what to let through, how to write it."""

    command: list[str] = field(default_factory=list)
    """PROG ARGS."""
    program: str = "strace"
    """What messages begin with: ``argv[0]`` of the drop-in, ``trapgate trace`` otherwise."""
    warnings: list[str] = field(default_factory=list)
    """What to say on standard error before tracing starts, each behind ``PROGRAM: ``."""

    # --- start ------------------------------------------------------------------------------

    pids: list[int] = field(default_factory=list)
    """-p, --attach: processes to attach to."""
    user: str | None = None
    """-u, --user: name, or UID:GID."""
    uid: int | None = None
    """The user id that ``user`` means; None without -u."""
    gid: int | None = None
    """The group id that ``user`` means; None without -u."""
    environment: list[tuple[str, str | None]] = field(default_factory=list)
    """-E, --env: (VAR, VAL) to set, (VAR, None) to remove, in order."""
    argv0: str | None = None
    """--argv0: what the program sees as its own name."""
    daemon_level: int = 0
    """-D, -DD, -DDD, --daemonize: 1 grandchild, 2 own process group, 3 own session."""
    interruptible: int = INTERRUPTIBLE_WAITING
    """-I, --interruptible: 1 anywhere, 2 waiting, 3 never, 4 never_tstp; the default is worked out."""

    # --- follow and stop --------------------------------------------------------------------

    follow: bool = False
    """-f, --follow-forks."""
    detach_on_execve: bool = False
    """-b execve, --detach-on=execve."""
    syscall_limit: int | None = None
    """--syscall-limit: detach after so many calls were shown."""
    kill_on_exit: bool = False
    """--kill-on-exit: the program does not outlive the tracer."""
    seccomp: bool = False
    """--seccomp-bpf: calls that are not traced do not stop the program."""

    # --- what is let through ----------------------------------------------------------------

    calls: CallSet = EVERY_CALL
    """-e trace, --trace."""
    status: frozenset[str] = STATUSES
    """-e status, -z, -Z: successful, failed, unfinished, unavailable, detached."""
    paths: list[str] = field(default_factory=list)
    """-P, --trace-path: the paths as given and, where it differs, as resolved."""
    fds: NumberSet | None = None
    """-e trace-fds, --trace-fds."""
    signals: NumberSet = EVERY_SIGNAL
    """-e signal, --signals: signals whose delivery is shown."""
    quiet: frozenset[str] = frozenset()
    """-q, -qq, -qqq, -e quiet: attach, exit, path-resolution, personality, thread-execve."""

    # --- output -----------------------------------------------------------------------------

    output: str | None = None
    """-o, --output: a file, or ``|CMD``, ``!CMD``; None is standard error."""
    append: bool = False
    """-A, --output-append-mode."""
    output_separately: bool = False
    """-ff, --output-separately: one file per process, FILE.PID; only with ``output``."""
    column: int = 40
    """-a, --columns: where ``=`` stands."""
    color: str = "auto"
    """--color: auto, always, never."""
    always_show_pid: bool = False
    """--always-show-pid."""
    times: TimeFormat = TimeFormat()
    """-t, -r, -T."""
    instruction_pointer: bool = False
    """-i, --instruction-pointer."""
    syscall_number: bool = False
    """-n, --syscall-number."""
    stack: str | None = None
    """-k, --stack-trace: ``symbol``; -kk: ``source``."""
    stack_frame_limit: int = 256
    """--stack-trace-frame-limit."""
    decode: DecodeOptions = field(default_factory=DecodeOptions)
    """-s, -x, -X, -v, -e abbrev, -e verbose, -e raw, -y, -Y, -N: how values are printed."""
    read_fds: NumberSet | None = None
    """-e read, --read: descriptors whose data read is dumped."""
    write_fds: NumberSet | None = None
    """-e write, --write: descriptors whose data written is dumped."""
    kvm: str | None = None
    """-e kvm: ``vcpu`` or ``vcpu+``."""
    namespace_new: bool = False
    """-e namespace=new: ids of namespaces that the program enters."""
    debug: bool = False
    """-d, --debug."""
    tip: tuple[int | None, str] | None = None
    """--tips: (number or None for any, compact or full), shown at the end."""

    # --- summary and tampering --------------------------------------------------------------

    summary: SummaryOptions | None = None
    """-c, -C, -S, -U, -w, -O; None: no summary."""
    summary_only: bool = False
    """-c, --summary-only: no line per call."""
    injections: list[Injection] = field(default_factory=list)
    """-e inject, -e fault; a later one wins for a call named in both."""

    # --- ours -------------------------------------------------------------------------------

    source: str = "auto"
    """--source: auto, bpf or ptrace."""
    json: bool = False
    """--json: one event a line with typed arguments."""
    ring_bytes: int | None = None
    """--ring-size: bytes of the bpf ring; None: the source's default."""
    strict: bool = False
    """--strict: a lost event is a failure."""
    all: bool = False
    """--all: the whole system."""
    cgroups: list[str] = field(default_factory=list)
    """--cgroup: everything in these cgroups."""

    @property
    def follows(self) -> bool:
        """Whether the children of what is traced are traced too."""
        return self.follow or self.all or bool(self.cgroups)

    @property
    def shows_pid(self) -> bool:
        """Whether each line of a file begins with the process id (on a terminal ``[pid N]`` may)."""
        many = self.follow or len(self.pids) + bool(self.command) > 1 or self.all or bool(self.cgroups)
        return (self.output is not None and not self.output_separately and many) or self.always_show_pid

    @property
    def tells_source(self) -> bool:
        """Whether to say which source is used and why: -v of ``trapgate trace``."""
        return self.is_own and not self.decode.abbrev

    @property
    def is_own(self) -> bool:
        """Whether the command line is ours: not that of the drop-in."""
        return self.program == "trapgate trace"

    @property
    def shows_every_status(self) -> bool:
        """Whether no call is dropped because of how it ended."""
        return self.status == STATUSES

    def child_environment(self, base: Mapping[str, str]) -> dict[str, str]:
        """``base`` with the changes of -E applied."""
        changed = dict(base)
        for name, value in self.environment:
            if value is None:
                changed.pop(name, None)
            else:
                changed[name] = value
        return changed


__all__ = ("NO_CALL", "DecodeOptions", "TimeFormat", "TraceOptions")
