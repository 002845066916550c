# SPDX-License-Identifier: BSD-2-Clause
"""What must not happen, under both sources: a program harmed, a terminal fooled, a file of another overwritten."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
import tempfile
import time
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

NOBODY = 65534


@pytest.fixture(params=["ptrace", "bpf"])
def source(request: pytest.FixtureRequest) -> str:
    if request.param == "bpf" and os.geteuid() != 0:
        pytest.skip("the bpf source needs root")
    return str(request.param)


@pytest.fixture(scope="module")
def threads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("threads") / "threads"
    subprocess.run(["cc", "-O1", "-pthread", "-o", path, Path(__file__).with_name("threads.c")], check=True)
    return path


@pytest.fixture
def victim(threads: Path) -> Iterator[subprocess.Popen[str]]:
    """A program with three threads that is at work."""
    with subprocess.Popen([threads], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
        yield process
        process.kill()


def wait_until(is_true: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not is_true():
        assert time.monotonic() < end
        time.sleep(0.02)


def fields(pid: int) -> list[dict[str, str]]:
    """The status of each thread of a process."""
    texts = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/status")]
    return [dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line) for text in texts]


def is_at_work(pid: int) -> bool:
    """Whether every thread runs untraced: it is switched to again and again, and not stopped."""
    before = fields(pid)
    time.sleep(0.1)
    after = fields(pid)
    return len(after) == 3 and all(
        now["TracerPid"] == "0" and now["State"][0] in "RS" and now["voluntary_ctxt_switches"] != then
        for now, then in zip(after, [b["voluntary_ctxt_switches"] for b in before], strict=True)
    )


def start(program: Path, *words: str | Path, **more: object) -> subprocess.Popen[str]:
    command = [program, "trace", *words]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, **more)  # type: ignore[call-overload,no-any-return]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_the_end_of_the_tracer_leaves_the_program_at_work(
    source: str, number: int, program: Path, victim: subprocess.Popen[str], tmp_path: Path
) -> None:
    """Ctrl-C and a killed tracer: every thread goes on, untraced."""
    log = tmp_path / "log"
    with start(program, "--source", source, "-f", "-o", log, "-p", str(victim.pid)) as tracer:
        wait_until(lambda: log.exists() and len(re.findall("getppid", log.read_text())) > 30)
        assert len(set(re.findall(r"^\d+", log.read_text(), re.MULTILINE))) == 3
        tracer.send_signal(number)
        said = tracer.communicate(timeout=30)[1]
        assert tracer.returncode == -number
    assert "Traceback" not in said
    if number == signal.SIGINT and source == "ptrace":
        assert said.count(" detached\n") == 3
    wait_until(lambda: is_at_work(victim.pid))
    assert victim.poll() is None


def test_a_thread_that_is_not_the_leader_runs_a_program(
    source: str, program: Path, threads: Path, tmp_path: Path
) -> None:
    """The process goes on under the leader's number, and its end is told."""
    log = tmp_path / "log"
    command = [program, "trace", "--source", source, "-f", "-o", log, threads, "/bin/sh", "-c", "exit 7"]
    assert subprocess.run(command, timeout=60).returncode == 7
    lines = log.read_text().splitlines()
    leader = lines[0].split()[0]
    former = re.search(r"\+\+\+ superseded by execve in pid (\d+) \+\+\+", log.read_text())
    assert former is not None and former[1] != leader
    assert lines[-1] == f"{leader} +++ exited with 7 +++".replace(leader, f"{leader:<5}")
    assert any(re.fullmatch(rf"{leader} +exit_group\(7\) += \?", line) for line in lines)


def test_a_32_bit_call_of_a_64_bit_program_is_told_apart(
    source: str, program: Path, threads: Path, tmp_path: Path
) -> None:
    """Number 20 is getpid through int 0x80 and writev through syscall."""
    log = tmp_path / "log"
    command = [program, "trace", "--source", source, "-o", log, "-e", "trace=getpid,writev"]
    done = subprocess.run([*command, threads, "/bin/true"], stderr=subprocess.PIPE, text=True, timeout=60)
    assert done.returncode == 0
    text = log.read_text()
    assert re.match(r"getpid\(\) += \d+\n", text)
    assert "writev" not in text


def test_a_process_that_is_not_there(source: str, program: Path) -> None:
    done = subprocess.run([program, "trace", "--source", source, "-p", "4194303"], capture_output=True, text=True)
    assert done.returncode == 1
    assert re.fullmatch(r"trapgate: error: attach to .*4194303: there is no .*\nhint: .*ps.*\n", done.stderr)


def test_a_thread_names_its_process_and_one_that_is_gone_ends_nothing(
    source: str, program: Path, victim: subprocess.Popen[str], tmp_path: Path
) -> None:
    log = tmp_path / "log"
    tids = sorted(os.listdir(f"/proc/{victim.pid}/task"), key=int)
    with start(program, "--source", source, "-f", "-o", log, "-p", f"4194303,{tids[-1]}") as tracer:
        wait_until(lambda: log.exists() and set(re.findall(r"^\d+", log.read_text(), re.MULTILINE)) == set(tids))
        tracer.send_signal(signal.SIGINT)
        said = tracer.communicate(timeout=30)[1]
    assert re.match("trapgate: error: attach to .*4194303: there is no ", said)
    assert f"Process {tids[-1]} attached with 3 threads" in said


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be somebody else")
def test_the_process_of_another_user(program: Path, victim: subprocess.Popen[str]) -> None:
    somebody_else = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    done = subprocess.run(
        [*somebody_else, program, "trace", "--source", "ptrace", "-p", str(victim.pid)],
        capture_output=True,
        text=True,
        cwd="/",
    )
    assert done.returncode == 1
    assert f"process {victim.pid} belongs to uid 0" in done.stderr
    assert "hint: run as that user or as root" in done.stderr


def test_a_full_disk(source: str, program: Path, tmp_path: Path) -> None:
    """Told once; the program does its work, and the trace has failed."""
    command = [program, "trace", "--source", source, "-o", "/dev/full", "sh", "-c", "echo done > result"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.count("trapgate: error: write '/dev/full': No space left on device\n") == 1
    assert (tmp_path / "result").read_text() == "done\n"


def test_a_full_disk_as_strace(program: Path, tmp_path: Path) -> None:
    """The drop-in ends with the program's status."""
    link = tmp_path / "strace"
    link.symlink_to(program)
    done = subprocess.run([link, "-o", "/dev/full", "sh", "-c", "exit 3"], capture_output=True, text=True)
    assert done.returncode == 3
    assert done.stderr == f"{link}: /dev/full: No space left on device\n"


def test_the_drop_in_refuses_a_source_that_is_none(program: Path, tmp_path: Path) -> None:
    link = tmp_path / "strace"
    link.symlink_to(program)
    environment = os.environ | {"TRAPGATE_SOURCE": "dtrace"}
    done = subprocess.run([link, "true"], capture_output=True, text=True, env=environment)
    assert (done.returncode, done.stderr) == (1, f"{link}: invalid TRAPGATE_SOURCE: 'dtrace'\n")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be somebody else")
def test_a_link_of_another_user_is_not_followed(program: Path) -> None:
    """Also behind a link of our own; our own links are followed, and what is made is ours alone."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "theirs").symlink_to("precious")
        os.lchown(folder / "theirs", NOBODY, NOBODY)
        (folder / "ours").symlink_to("theirs")
        (folder / "good").symlink_to("made")
        for link in ("theirs", "ours"):
            done = subprocess.run([program, "trace", "-o", folder / link, "true"], capture_output=True, text=True)
            assert done.returncode == 1
            assert "a symbolic link that another user made" in done.stderr
        assert not (folder / "precious").exists()
        subprocess.run([program, "trace", "-o", folder / "good", "true"], check=True)
        assert (folder / "made").stat().st_mode & 0o777 == 0o600


HOSTILE = "\x1b]0;x\x07\u202e\x9b2J\r\n\x7f\u2028"
HOSTILE_PROGRAM = f"""
import ctypes, os
name = os.fsencode({HOSTILE!r})
ctypes.CDLL(None).prctl(15, name, 0, 0, 0)
os.close(os.open(name, os.O_CREAT))
os.kill(os.getpid(), 0)
try:
    os.execve(b"./" + name, [name, name], {{name: name}})
except OSError:
    pass
"""


BOTH = ("", "-v", "-f", "--color=always", "-c -w", "--json")
HELD = ("-y", "-Y", "-k")
"""Options that bpf refuses."""


@pytest.mark.parametrize(
    ("source", "options"),
    [*(("ptrace", option) for option in BOTH + HELD), *(("bpf", option) for option in BOTH)],
    indirect=["source"],
)
def test_nothing_hostile_reaches_the_terminal(source: str, options: str, program: Path, tmp_path: Path) -> None:
    """Names of files, threads, arguments and variables with control characters and marks of direction."""
    (tmp_path / "program").write_text(HOSTILE_PROGRAM)
    master, slave = pty.openpty()
    calls = "trace=openat,openat2,open,kill,execve,prctl"
    interpreter = os.path.realpath(sys.executable)
    with subprocess.Popen(
        [program, "trace", "--source", source, *options.split(), "-e", calls, interpreter, "-I", "-S", "program"],
        cwd=tmp_path,
        stdin=slave,
        stdout=slave,
        stderr=slave,
    ) as process:
        os.close(slave)
        text = read_all(master).decode("utf-8", "surrogateescape").replace("\r\n", "\n")
        assert process.wait(timeout=60) == 0
    text = re.sub(r"\x1b\[[0-9;]*m", "", text)  # our own colours, and nothing else that a name could bring
    bad = {c for c in text if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") and c not in "\n\t"}
    assert not bad
    assert options == "-c -w" or "]0;x" in text, "the name is shown, escaped"


def read_all(fd: int) -> bytes:
    """Everything that is written to the other end of a terminal until it is closed."""
    data = b""
    while True:
        try:
            more = os.read(fd, 65536)
        except OSError:  # EIO: nobody has it open any more
            more = b""
        if not more:
            os.close(fd)
            return data
        data += more


SIBLING = """
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>
int main(void)
{
	long pid = syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0);
	if (pid == 0)
		_exit(0);
	while (kill(pid, 0) == 0)
		usleep(1000);
	return errno == ESRCH ? 4 : 5;
}
"""


def test_a_child_that_the_program_makes_for_us_is_collected(source: str, program: Path, tmp_path: Path) -> None:
    """CLONE_PARENT: its parent is the tracer, and the program may wait until it is gone."""
    (tmp_path / "sibling.c").write_text(SIBLING)
    subprocess.run(["cc", "-o", "sibling", "sibling.c"], cwd=tmp_path, check=True)
    command = [program, "trace", "--source", source, "-e", "trace=none", "./sibling"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 4
    assert re.search(r"^trapgate trace: Exit of unknown pid \d+ ignored$", done.stderr, re.MULTILINE)
