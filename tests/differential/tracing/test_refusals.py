# SPDX-License-Identifier: BSD-2-Clause
"""What the installed strace refuses, the drop-in refuses in the same words.

``-w`` without ``-c`` comes first in each command line, so that strace refuses those too that are right otherwise,
and runs nothing. Options and messages that changed after strace 6.1 are left out.
"""

from __future__ import annotations

import shutil
import subprocess

import pytest

from trapgate.cli.strace_options import StraceUsageError, parse

STRACE = shutil.which("strace")
CALLS = ["", ",", "!", "chdir", "!chdir", "chdir,", " chdir", "nonsense", "?nonsense", "?nonsense,x", "all,x", "none,x"]
CALLS += [
    "%file",
    "%FILE",
    "file",
    "%nonsense",
    "%%stat",
    "clock",
    "/^ch",
    "/nonsense",
    "/(",
    "12",
    "9999",
    "-1",
    "0x1",
]
CALLS += [
    "chdir@64",
    "chdir@32",
    "chdir@x32",
    "chdir@",
    "chdir@arm",
    "?x@32",
    "12@32",
    "/x@arm",
    "socketcall",
    "accept@32",
]
WORDS = ["", ",", "!", "all", "none", "!all", "!!none", "x", "1", "0,1", "!0", "-1", "2147483648", " 1", "+1", "1 "]
EXPRESSIONS = {
    "trace": CALLS,
    "abbrev": CALLS[:6],
    "x": CALLS[:6],
    "signal": [*WORDS, "chld", "SIGCHLD", "chld,SIGRT_1", "SIGRTMIN", "RT_32", "RT_33", "255", "256", "POLL"],
    "status": [*WORDS, "failed", "Failed,unfinished", "!successful"],
    "quiet": [*WORDS, "exit", "exits", "superseded", "PERSONALITY", "path"],
    "read": WORDS,
    "w": WORDS,
    "decode-fds": [*WORDS, "path", "dev,socket,pidfd", "file"],
    "kvm": ["", "vcpu", "vcp", "VCPU"],
    "nonsense": ["chdir"],
}
INJECTIONS = [
    "",
    ":",
    "::when=1",
    "error=1",
    "error=0",
    "error=4095",
    "error=4096",
    "error=ENOENT",
    "error=enoent",
    "error=E",
]
INJECTIONS += [
    "error=EWOULDBLOCK",
    "error=1:error=2",
    "error=1:retval=1",
    "retval=0x10",
    "retval=-1",
    "retval=08",
    "retval=",
]
INJECTIONS += ["retval=18446744073709551616", "retval=4294967296", "signal=0", "signal=64", "signal=65", "signal=usr1"]
INJECTIONS += [
    "signal=1:signal=2",
    "syscall=getpid",
    "syscall=chdir:error=1",
    "syscall=getpid:error=1",
    "delay_enter=1ms",
]
INJECTIONS += [
    "delay_enter=-1",
    "delay_enter=1.5s",
    "delay_exit=1e",
    "delay_exit=1:delay_exit=1",
    "poke_enter=@arg1=00",
]
INJECTIONS += [
    "poke_enter=@arg8=00",
    "poke_exit=@arg1=0",
    "poke_exit=@arg1=00,@arg1=00",
    "poke_exit=00",
    "nonsense",
    "when=1",
]
INJECTIONS += [
    f"error=1:when={when}" for when in ("0", "1", "1+", "2+3", "2..3", "3..2", "2..3+4", "1..65534", "1..65535")
]
INJECTIONS += [f"error=1:when={when}" for when in ("", "+", "1+0", "1-", "65536", "1.2", "1...2", "a")]
ARGUMENTS = {
    "-a": WORDS,
    "-s": [*WORDS, "1073741823", "1073741824"],
    "-I": ["0", "1", "5", "anywhere", "Never", "nev"],
    "-O": ["", "1", "1s", "5S", "1.5ms", "1e3", "1e", "-1", "1x", ".5us", "1e400"],
    "-S": ["calls", "longest", "x", "nothing"],
    "-U": ["calls", "calls,count", "calls,,name", "nothing", "x"],
    "-X": ["raw", "Raw", "x"],
    "-b": ["execve", "open"],
    "-p": ["0", "-1", "x", "1,x"],
}
LONG = {
    "--relative-timestamps": ["s", "NS", "x", ""],
    "--syscall-times": ["ms", "x"],
    "--absolute-timestamps": ["", ",", "unix,us", "us,unix", "format:us", "precision:unix", "none", "x", "TIME"],
    "--strings-in-hex": ["all", "none", "ALL", "x"],
    "--daemonize": ["pgrp", "Session", "x"],
    "--debug": ["1"],
    "--nonsense": ["1", ""],
}
LINES = [
    "-G",
    "-s",
    "-fs",
    "-e",
    "--output",
    "--nonsense",
    "-c -C",
    "-C -c",
    "-c -ff -ox",
    "-f --follow-forks",
    "-DDDD",
    "-D -p 1",
]
LINES += [
    "-tt --timestamps",
    "-x --strings-in-hex",
    "-y --decode-fds",
    "-zZ",
    "-F",
    "-fF",
    "--seccomp-bpf",
    "-f --seccomp-bpf -b execve",
]
LINES += [
    "-A",
    "--output-separately",
    "-S calls",
    "-U calls",
    "-int",
    "-P /usr/../usr",
    "-P . -equiet=path-resolution",
    "-I4 -ff -o|x",
]


def command_lines() -> list[list[str]]:
    """Every command line to compare."""
    lines = [["-e", f"{name}={value}"] for name, values in EXPRESSIONS.items() for value in values]
    lines += [["-e", f"{kind}=chdir:{text}"] for kind in ("inject", "fault") for text in INJECTIONS]
    lines += [[letter, value] for letter, values in ARGUMENTS.items() for value in values]
    lines += [[f"{name}={value}"] for name, values in LONG.items() for value in values]
    return lines + [line.split() for line in LINES]


def ask_strace(words: list[str]) -> tuple[list[str], int]:
    """The lines and the status of the installed strace."""
    assert STRACE is not None
    done = subprocess.run(
        ["strace", *words], executable=STRACE, capture_output=True, text=True, timeout=20, check=False
    )
    return done.stderr.splitlines(), done.returncode


def ask_trapgate(words: list[str]) -> tuple[list[str], int]:
    """The lines and the status of the drop-in."""
    with pytest.raises(StraceUsageError) as error:
        parse(words, "strace")
    return error.value.lines, error.value.exit_code


@pytest.mark.skipif(STRACE is None, reason="strace is not installed")
def test_refusals():
    compared = 0
    for words in command_lines():
        for line in (["-w", *words, "/"], ["-w", *words]):
            if words[0] in ("-s", "-e", "-fs", "--output") and len(words) == 1 and len(line) == 3:
                continue  # the missing argument would be found
            assert (line, *ask_trapgate(line)) == (line, *ask_strace(line))
            compared += 1
    assert compared > 400
