# SPDX-License-Identifier: BSD-2-Clause
"""The same deterministic programs under Debian's strace and under both sources: the same calls, line by line.

Normalised is what differs from run to run: addresses, process ids, moments, the kernel's choice of ports and
inodes. A call that is cut in two (``<unfinished ...>``) is joined, and lines are compared process by process.
Excluded is what strace 6.1 writes otherwise than 7.2, whose text ours is: each row of OLDER says why.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from difflib import unified_diff
from itertools import zip_longest
from pathlib import Path

import pytest

TOPICS = (
    "files",
    "directories",
    "pipes",
    "sockets",
    "signals",
    "threads",
    "forks",
    "executions",
    "memory",
    "clocks",
    "polling",
    "terminal",
    "identity",
)
SHELL = {
    "a folder": "mkdir d && : > d/b && ln -s b d/c && cat d/c && ls -l d/ && rm -r d",
    "a pipeline": "echo hello | cat | wc -c",
    "a trap": "trap 'echo got' USR1; kill -USR1 $$; kill -TERM $$",
    "a missing program": "/no/such/program; exit 3",
    "a copy": "head -c 100000 /dev/zero > a; cp a b; cmp a b",
}
CHANGED = "rseq,getrandom,prlimit64"
"""Calls of every program's start whose text changed since 6.1, and random bytes."""
TIMING = {"threads": ",futex"}
"""Calls that a topic makes or not as its threads happen to run."""
OLDER = (
    (r"SNDCTL_TMR_START or TCSETS", "TCSETS", "6.1 names every request of a number"),
    (r"data=\{u32=\d+, u64=(\d+)\}", "data=ADDRESS", "6.1 shows epoll's data as a structure"),
)
"""(pattern, replacement, why): texts of 6.1 that are others in 7.2."""
UNSEEN = (
    (r"sigreturn\(\{mask=\[.*\]\}\)", "sigreturn({mask=...})", "the stack pointer is not in a record"),
    (r"tls=\{[^}]*\}", "tls=ADDRESS", "a structure that a structure points to has no plan"),
    (r"SNDCTL_TMR_START or TCSETS", "TCSETS", "which device a request is for is looked up while a program is held"),
    (r"(kill\(.*SIGKILL\))= (\?|0)", r"\1= ?", "the kernel's result is seen, though the program is gone"),
)
"""What bpf shows otherwise than a tracer that stops the program."""
SKIPPED = {("sockets", "32", "bpf"): "socketcall's arguments lie in memory, whose copy has no plan"}
NORMAL = (
    (r"0x[0-9a-f]{5,16}\b", "ADDRESS"),
    (r"\b(tv_sec|tv_nsec|tv_usec|si_utime|si_stime|ru_[a-z]+|d_ino|d_off|st_ino)=-?\d+( /\* [^*]* \*/)?", r"\1=N"),
    (r"\bf_(bfree|bavail|ffree)=\d+", r"f_\1=N"),
    (r"\b[0-9a-f]{8,16}-[0-9a-f]{8,16}\b", "ADDRESS-ADDRESS"),
    (r"parent_tid=\[\w+\]", "parent_tid=[N]"),  # cleared when the thread has ended already
    (r"htons\(\d{4,5}\)", "htons(PORT)"),
    (r"\s*(\) +)= ", r")= "),
    (r"getppid\(\)= \d+", "getppid()= PID"),
    (r", *", ", "),
    (r"\(pid \d+\)|\b(si_pid|pid)=\d+", r"\1=PID"),
)


@pytest.fixture(params=["ptrace", "bpf"])
def source(request: pytest.FixtureRequest) -> Iterator[str]:
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    if request.param == "bpf" and os.geteuid() != 0:
        pytest.skip("the bpf source needs root")
    yield request.param


def run(tracer: list[str | Path], program: list[str | Path], folder: Path, without: str) -> list[list[str]]:
    """The normalised lines of each process."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    log = folder.with_suffix(".log")
    log.unlink(missing_ok=True)
    subprocess.run(
        [*tracer, "-f", "-e", f"trace=!{CHANGED}{without}", "-e", "signal=!SIGCHLD", "-o", log, *program],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=120,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
    )
    lines = log.read_text("utf-8", "replace").splitlines()
    pids = "|".join({line.split()[0] for line in lines})
    found: dict[str, list[str]] = {}
    for pid, line in join(lines):
        found.setdefault(pid, []).append(normalise(re.sub(rf"(?<![\w.])({pids})(?![\w.])", "PID", line)))
    return sorted(found.values())


def join(lines: list[str]) -> Iterator[tuple[str, str]]:
    """(pid, line), with the two halves of an interrupted call as one line."""
    begun: dict[str, str] = {}
    for whole in lines:
        pid, _, line = whole.partition(" ")
        line = line.strip()
        if line.endswith("<unfinished ...>"):
            begun[pid] = line.removesuffix("<unfinished ...>").rstrip(" ,")
        elif line.startswith("<... "):
            rest = line.partition(" resumed>")[2].lstrip(" ,")
            start = begun.pop(pid, "")
            yield pid, start + (rest if rest.startswith(")") or start.endswith("(") else f", {rest}")
        else:
            yield pid, line


def normalise(line: str) -> str:
    """The line without what differs from run to run."""
    for pattern, replacement in NORMAL:
        line = re.sub(pattern, replacement, line)
    return line


def compare(source: str, words: list[str | Path], program: Path, tmp_path: Path, without: str = "") -> None:
    """Assert that ours are strace's lines."""
    theirs = run(["strace"], words, tmp_path / "work", without)
    ours = run([program, "trace", "--source", source], words, tmp_path / "work", without)
    theirs = [[replace(line, OLDER) for line in lines] for lines in theirs]
    if source == "bpf":
        theirs, ours = ([part(lines) for lines in found] for found in (theirs, ours))
    different = [
        line
        for number, (our, their) in enumerate(zip_longest(ours, theirs, fillvalue=()))
        for line in unified_diff(list(their), list(our), f"strace, process {number}", source, lineterm="", n=1)
    ]
    assert not different, "\n".join(different)


def part(lines: list[str]) -> list[str]:
    """What both can see, signals behind the calls.

    bpf tells of a signal that is ignored when it is sent, strace when the call has returned; and a signal that
    ends a program is not delivered, so that the line of its end tells of it alone.
    """
    fatal = {f"--- {killed[1]} " for line in lines if (killed := re.match(r"\+\+\+ killed by (\w+)", line))}
    kept = (replace(line, UNSEEN) for line in lines if not line.startswith(tuple(fatal)))
    return sorted(kept, key=lambda line: line.startswith("---"))


def replace(line: str, rules: tuple[tuple[str, str, str], ...]) -> str:
    """The line with what the rules say replaced."""
    for pattern, replacement, _ in rules:
        line = re.sub(pattern, replacement, line)
    return line


@pytest.mark.parametrize("topic", TOPICS)
def test_topic(topic: str, source: str, deterministic: Path, program: Path, tmp_path: Path) -> None:
    """Every call strace prints, in its order and in its words."""
    if (topic, deterministic.name[-2:], source) not in SKIPPED:
        compare(source, [deterministic, topic], program, tmp_path, TIMING.get(topic, ""))


@pytest.mark.parametrize("name", SHELL)
def test_shell(name: str, source: str, program: Path, tmp_path: Path) -> None:
    """The same for a shell and what it starts."""
    compare(source, ["sh", "-c", SHELL[name]], program, tmp_path, ",rt_sigreturn")  # a child may end at any time


@pytest.mark.parametrize("bits", ["64", "32"])
def test_every_number(bits: str, source: str, program: Path, tmp_path: Path) -> None:
    """The name of each number, and that it was refused, as far as strace 6.1 has names."""
    every = tmp_path / "every_call"
    subprocess.run(["cc", "-O1", "-o", every, Path(__file__).with_name("every_call.c")], check=True)
    found = []
    for tracer in (["strace"], [program, "trace", "--source", source]):
        log = tmp_path / "log"
        command = [*tracer, "-e", "signal=none", "-e", "verbose=none", "-o", log, every, bits, "450"]
        subprocess.run(command, capture_output=True, timeout=120)
        lines = log.read_text().splitlines()
        start = 1 + next(i for i, line in enumerate(lines) if "PR_SET_SECCOMP" in line)
        found.append([(line.partition("(")[0], line.rpartition("= ")[2]) for line in lines[start:] if "(" in line])
    theirs, ours = found
    assert len(theirs) >= 448
    unnamed = [name.startswith("syscall_") for name, _ in theirs]
    assert [our for our, skip in zip(ours, unnamed, strict=True) if not skip] == [
        their for their, skip in zip(theirs, unnamed, strict=True) if not skip
    ]
