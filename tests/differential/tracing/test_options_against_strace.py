# SPDX-License-Identifier: BSD-2-Clause
"""Options that change each line, on the deterministic programs: what the installed strace writes, we write.

Standard error is compared, messages included, for programs of one process. Normalised is what differs from run to
run. Options that came after strace 6.1 are left out.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

STRACE = shutil.which("strace")
NORMAL = (
    (r"0x[0-9a-f]{5,16}\b|(?<=\[)[0-9a-f]{8,16}(?=\] )", "ADDRESS"),
    (r"(^|')\S*strace(: | -h)", r"\1strace\2"),
    (r"\b(si_pid=|PID=|Process )\d+", r"\1PID"),
    (r"\b(kill|tgkill|rt_sigqueueinfo)\((\d{2,}, )+", r"\1(PID, "),
    (r"\bget(p|t)id\(\) += \d+", r"get\1id() = PID"),
    (r"htons\(\d{4,5}\)|\\x[0-9a-f]{2}\\x[0-9a-f]{2}(?=\"\)* /\* htons)", "PORT"),
    (r" {2,}=", " ="),
)
EVERY_ABI = (
    ("-n -e trace=none", "signals"),
    ("-n -e trace=kill", "signals"),
    ("-n -z -e trace=%memory", "memory"),
    ("-e trace=none", "clocks"),
    ("-e trace=execve", "executions"),
    ("-z -e trace=execve,chdir -e inject=execve:error=EPERM:when=2", "executions"),
    ("-xx -e trace=%network", "sockets"),
    ("-X verbose -e trace=%network", "sockets"),
    ("-q -e trace=none", "clocks"),
    ("-e trace=chdir,getcwd", "directories"),
    ("-e status=failed", "executions"),
    ("-e verbose=none -e trace=%signal", "signals"),
    ("-e verbose=none -e trace=%network", "sockets"),
    ("-i -e trace=kill", "signals"),
    ("-D -e trace=chdir", "directories"),
    ("-DD -q -e trace=chdir", "directories"),
    ("-O 5 -e trace=chdir", "directories"),
)
"""Options, and the topic of the program that they are tried on."""


def watch(tracer: str | Path, options: list[str], words: list[str | Path], folder: Path) -> tuple[int, list[str]]:
    """The status, and standard error normalised."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C", "TRAPGATE_SOURCE": "ptrace"}
    command = ["strace", *options, *words]
    log = folder.with_suffix(".log")
    with open(log, "wb") as file:
        done = subprocess.run(command, executable=tracer, cwd=folder, env=environment, stderr=file, timeout=60)
    if any(option.startswith("-D") for option in options):
        wait_for_end(log)  # the tracer outlives the program
    lines = log.read_text("utf-8", "replace").splitlines()
    return done.returncode, [normalise(line) for line in lines]


def wait_for_end(log: Path) -> None:
    """Until the last line of a trace is written."""
    deadline = time.monotonic() + 10
    while not re.search(r"^\+\+\+ .* \+\+\+$", log.read_text("utf-8", "replace"), re.MULTILINE):
        assert time.monotonic() < deadline, "the trace does not end"
        time.sleep(0.01)


def normalise(line: str) -> str:
    """The line without what differs from run to run."""
    for pattern, replacement in NORMAL:
        line = re.sub(pattern, replacement, line)
    return line


@pytest.fixture(scope="module")
def drop_in(program: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A link to the tool that is called strace."""
    link = tmp_path_factory.mktemp("link") / "strace"
    link.symlink_to(program)
    return link


@pytest.mark.skipif(STRACE is None, reason="strace is not installed")
@pytest.mark.parametrize(("options", "topic"), EVERY_ABI)
def test_lines(options: str, topic: str, deterministic: Path, drop_in: Path, tmp_path: Path) -> None:
    """The same lines in the same order, and the same status."""
    assert STRACE is not None
    words: list[str | Path] = [deterministic, topic]
    theirs = watch(STRACE, options.split(), words, tmp_path / "work")
    assert watch(drop_in, options.split(), words, tmp_path / "work") == theirs


REFUSED = (
    ["-o", "/", "true"],
    ["-o", "", "true"],
    ["-o", "no/dir/file", "true"],
    ["-ff", "-o", "no/dir/file", "true"],
    ["-P", "", "-e", "trace=chdir", "true"],
    ["-c", "-O", " 5", "-e", "trace=none", "true"],
    ["-c", "-O", " 1.5", "true"],
    ["./"],
    ["-f", "--seccomp-bpf", "-e", "signal=none", "-e", "status=unfinished", "true"],
    ["-p", "0"],
    ["-p", "4194305"],
    ["-p", "4194305", "-e", "trace=none", "true"],
)
"""Command lines that end early, or that another reading of would."""


@pytest.mark.skipif(STRACE is None, reason="strace is not installed")
@pytest.mark.parametrize("words", REFUSED, ids=" ".join)
def test_messages(words: list[str], drop_in: Path, tmp_path: Path) -> None:
    """The same message and the same status."""
    assert STRACE is not None
    theirs, ours = (watch(tracer, [], list(words), tmp_path / "work") for tracer in (STRACE, drop_in))
    assert re.sub(r"file\.\d+", "file.PID", str(ours)) == re.sub(r"file\.\d+", "file.PID", str(theirs))


KILLING = (
    ("--kill-on-exit", True),
    ("-f --seccomp-bpf", True),
    ("--kill-on-exit --syscall-limit=1", False),
)


@pytest.mark.parametrize(("options", "is_ended"), KILLING)
def test_what_dies_with_the_tracer_is_not_called_detached(options: str, is_ended: bool, drop_in: Path) -> None:
    """--kill-on-exit and the filter of --seccomp-bpf let the kernel end the program."""
    words: list[str | Path] = [drop_in, "-e", "trace=/nanosleep,execve", *options.split(), "sleep", "30"]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as tracer:
        assert tracer.stderr is not None
        assert tracer.stderr.readline().startswith("execve(")
        if is_ended:
            time.sleep(0.2)
            tracer.terminate()
        assert tracer.wait(10) == (-signal.SIGTERM if is_ended else 0)
        assert "detached" not in tracer.stderr.read()


def test_the_other_source_is_named(drop_in: Path) -> None:
    """What bpf cannot do is refused with the reason and the way to the source that can."""
    done = subprocess.run(
        [drop_in, "-y", "true"], env={**os.environ, "TRAPGATE_SOURCE": "bpf"}, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert re.search(r"strace: the bpf source cannot do -y: .*; TRAPGATE_SOURCE=ptrace can$", done.stderr)


def test_a_child_is_of_the_abi_of_its_maker(deterministic: Path, drop_in: Path, tmp_path: Path) -> None:
    """Whichever of the two stops first: only the program itself is told to be of 32 bits."""
    command = ["-f", "-e", "quiet=attach", "-e", "trace=exit_group", "-o", "log"]
    for _ in range(20):
        watch(drop_in, command, [deterministic, "forks"], tmp_path / "work")
        told = (tmp_path / "work" / "log").read_text().count("runs in 32 bit mode")
        assert told == (deterministic.name == "program32")
