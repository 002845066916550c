# SPDX-License-Identifier: BSD-2-Clause
"""strace's command line: what words mean, what is refused, and in which words."""

import os

import pytest

from trapgate.calls.quote import Hex
from trapgate.cli.strace_options import Finished, StraceUsageError, parse
from trapgate.model.errors import UsageError
from trapgate.tracing.options import TimeFormat, TraceOptions

TRY = "Try 'strace -h' for more information."


def options(*words: str) -> TraceOptions:
    return parse([*words, "true"], "strace")


def refusal(*words: str, program: str = "strace") -> list[str]:
    with pytest.raises(StraceUsageError) as error:
        parse(list(words), program)
    assert error.value.exit_code == 1
    return error.value.lines


def test_letters_cluster_and_take_attached_or_separate_arguments():
    for words in (
        ["-ftts16", "-olog"],
        ["-f", "-t", "-t", "-s", "16", "-o", "log"],
        ["-ftt", "--string-l=16", "--output=log"],
    ):
        parsed = options(*words)
        assert parsed.follow and parsed.times == TimeFormat("time", 6)
        assert (parsed.decode.string_limit, parsed.output, parsed.command) == (16, "log", ["true"])


def test_the_first_word_that_is_no_option_ends_the_options():
    assert parse(["-f", "ls", "-c", "--json"], "strace").command == ["ls", "-c", "--json"]
    assert parse(["-f", "--", "-c"], "strace").command == ["-c"]
    assert parse(["-"], "strace").command == ["-"]


@pytest.mark.parametrize(
    ("words", "first"),
    [
        (["--str=all"], "option '--str=all' is ambiguous; possibilities: '--string-limit' '--strings-in-hex'"),
        (["--nonsense=1"], "unrecognized option '--nonsense=1'"),
        (["--debug=1"], "option '--debug' doesn't allow an argument"),
        (["--output"], "option '--output' requires an argument"),
        (["-fG"], "invalid option -- 'G'"),
        (["-fs"], "option requires an argument -- 's'"),
    ],
)
def test_options_are_refused_in_the_c_librarys_words(words, first):
    assert refusal(*words) == [f"strace: {first}", TRY]


def test_abbreviations_of_synonyms_are_clear():
    assert options("--daemoni").daemon_level == 1
    assert options("--sil=all").quiet == options("-qqq").quiet


def test_an_argument_is_named_as_it_was_given():
    assert refusal("-s", "-1")[0] == "strace: invalid -s argument: '-1'"
    assert refusal("--string-lim", "-1")[0] == "strace: invalid --string-limit argument: '-1'"
    assert refusal("-a", "x", program="/opt/strace") == [
        "/opt/strace: invalid -a argument: 'x'",
        "Try '/opt/strace -h' for more information.",
    ]


def test_some_refusals_do_not_point_to_the_help():
    assert refusal("-p", "1,a") == ["strace: Invalid process id: 'a'"]
    assert refusal("-e", "quiet=fds", "true") == ["strace: invalid quiet 'fds'"]
    assert refusal("-kkk", "true") == ["strace: Too many -k options"]


def test_warnings_precede_the_refusal_in_the_order_of_their_causes():
    assert refusal("-F", "--seccomp-bpf", "-w", "true") == [
        "strace: --seccomp-bpf cannot be used without -f/--follow-forks, disabling",
        "strace: option -F is deprecated, please use -f/--follow-forks instead",
        "strace: -w/--summary-wall-clock must be given with (-c/--summary-only or -C/--summary)",
        TRY,
    ]


def test_warnings_alone_do_not_stop():
    parsed = options("-czZTi", "-A")
    assert [warning.partition(" has no effect")[0] for warning in parsed.warnings[:3]] == [
        "-i/--instruction-pointer",
        "-T/--syscall-times",
        "-A/--output-append-mode",
    ]
    assert parsed.status == {"failed"} and parsed.summary_only


@pytest.mark.parametrize(
    "words",
    [
        ["-c", "-C"],
        ["-D", "--daemonize"],
        ["-t", "--timestamps"],
        ["-x", "--strings-in-hex"],
        ["-y", "--decode-fds"],
        ["-q", "--quiet"],
        ["-f", "--follow-forks"],
        ["--output-separately", "-ff"],
        ["-c", "-ff"],
        ["-o", "|cat", "-ff"],
        ["--kill-on-exit", "-p", "1"],
    ],
)
def test_options_that_exclude_each_other(words):
    text = " ".join(refusal(*words, "true"))
    assert "cannot be provided simultaneously" in text or "mutually exclusive" in text


def test_repeated_letters_say_more():
    assert [options(*["-t"] * n).times for n in (1, 2, 3, 4)] == [
        TimeFormat("time", 0),
        TimeFormat("time", 6),
        TimeFormat("unix", 6),
        TimeFormat("unix", 6),
    ]
    assert [options(*["-x"] * n).decode.hexadecimal for n in (1, 2, 3)] == [Hex.NON_ASCII, Hex.ALL, Hex.ALL]
    assert options("-y").decode.decode_fds == {"path"} and "socket" in options("-yy").decode.decode_fds
    assert [len(options(*["-q"] * n).quiet) for n in (0, 1, 2, 3)] == [0, 2, 3, 5]


def test_absolute_timestamps_take_parts_in_any_order():
    assert options("--timestamps=precision:ns,format:unix").times == TimeFormat("unix", 9)
    assert options("--timestamps=unix", "--timestamps=ms").times == TimeFormat("unix", 3)
    assert options("--timestamps=none,us").times == TimeFormat("", 6)


def test_a_file_and_a_command_silence_attaching_and_keep_signals_out():
    assert options("-o", "log").quiet == {"attach", "personality"}
    assert options("-o", "log", "-e", "quiet=none").quiet == frozenset()
    assert parse(["--all"], "trapgate trace").quiet == {"attach", "personality"}
    assert [options().interruptible, options("-olog").interruptible, options("-D").interruptible] == [2, 3, 4]
    assert parse(["-olog", "-p1"], "strace").interruptible == 2


def test_output_is_separate_only_into_files():
    assert options("-ff", "-olog").output_separately
    assert not options("-ff").output_separately and options("-ff").follow


def test_environment_changes_keep_their_order():
    parsed = options("-E", "A=1", "-E", "B", "-E", "A=2=3")
    assert parsed.child_environment({"A": "0", "B": "0", "C": "0"}) == {"A": "2=3", "C": "0"}


def test_paths_are_traced_as_given_and_as_resolved(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path)
    given, resolved = f"{tmp_path}/link", os.path.realpath(tmp_path)
    assert options("-P", given).paths == [given, resolved]
    assert options("-P", given).warnings == [f'Requested path "{given}" resolved into "{resolved}"']
    assert options("-P", given, "-e", "quiet=path-resolution").warnings == []
    assert options("-P", "/no/such/path").paths == ["/no/such/path"]


@pytest.mark.parametrize("words", [["-e", "signal=chld,!x"], ["-e", "inject=read:error=nonsense"], ["-e", "kvm=cpu"]])
def test_expressions_are_checked(words):
    assert refusal(*words, "true")[0].startswith("strace: invalid ")


def test_an_expression_without_a_known_name_is_a_set_of_calls():
    assert options("-e", "read").calls == options("-e", "trace=read").calls == options("--trace", "read").calls
    assert refusal("-e", "nonsense=read", "true") == ["strace: invalid system call 'nonsense=read'"]


def test_help_and_version_are_texts():
    with pytest.raises(Finished) as text:
        parse(["-a", "4", "-h", "--nonsense"], "strace")
    assert "--seccomp-bpf" in text.value.text and "--ring-size" not in text.value.text
    with pytest.raises(Finished) as text:
        parse(["-V", "-w"], "strace")
    assert text.value.text.startswith("strace -- version 7.2")
    with pytest.raises(Finished) as text:
        parse(["--tips=3"], "strace")
    assert text.value.to_stderr and text.value.text.startswith("tip: ")


def test_the_program_must_be_named_unless_something_else_is_watched():
    assert refusal()[0] == "strace: must have PROG [ARGS] or -p PID"
    assert parse(["-p", "1 2\n3"], "strace").pids == [1, 2, 3]
    assert parse(["--all"], "trapgate trace").all


def test_trapgates_own_options_are_its_own():
    parsed = parse(
        ["--source=ptrace", "--ring-size", "64M", "--json", "--cgroup=/a", "--strict", "ls"], "trapgate trace"
    )
    assert (parsed.source, parsed.ring_bytes, parsed.json, parsed.cgroups) == ("ptrace", 64 << 20, True, ["/a"])
    assert refusal("--json", "ls") == ["strace: unrecognized option '--json'", TRY]
    with pytest.raises(UsageError) as error:
        parse(["--source=magic", "ls"], "trapgate trace")
    assert (str(error.value), error.value.exit_code) == ("trace: invalid --source argument: 'magic'", 2)


@pytest.mark.parametrize("words", [["-c"], ["-C"], ["-k"], ["-ff", "-o", "log"], ["--read=3"], ["--write=1"]])
def test_json_refuses_what_it_has_no_place_for(words):
    with pytest.raises(UsageError, match="--json has no place for "):
        parse(["--json", *words, "true"], "trapgate trace")
    assert parse([*words, "true"], "trapgate trace").command == ["true"]


def test_every_long_option_is_in_the_help():
    from trapgate.cli.strace_help import render_help
    from trapgate.cli.strace_options import OWN_LONG, QUALIFIERS

    synonyms = {
        "daemonised",
        "daemonized",
        "failing-only",
        "silent",
        "silence",
        "stack-traces",
        "timestamps",
        "secontext",
    }
    text = render_help(own=True)
    assert [name for name in OWN_LONG if f"--{name}" not in text and name not in synonyms] == []
    assert QUALIFIERS.keys() & {"trace", "inject", "fault"} == {"trace", "inject", "fault"}
