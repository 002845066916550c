# SPDX-License-Identifier: BSD-2-Clause
"""Each option once, under both sources: it does what strace's does, or is refused with the source that can.

A row is an option, what the program does, and what must (and must not) stand in the output. What bpf cannot
honour has ``only``: the name of the option as the refusal has it.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

TIME = r"\d\d:\d\d:\d\d"


@dataclass(frozen=True)
class Row:
    """One option and what becomes of it."""

    options: str
    does: str
    wants: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    only: str = ""
    """Refused by bpf under this name."""
    status: int = 5
    log: str = "log"
    """Where to look: the file of -o, ``err`` for standard error without -o, ``out`` for standard output."""
    before: str = ""
    """What the file holds before."""

    @property
    def id(self) -> str:
        return f"{self.options} {self.does}"


CHDIR = r'^chdir\("/"\) += 0$'
ROWS = (
    # which calls
    Row("-e trace=chdir", "chdir missing", (CHDIR,), ("open",)),
    Row("-e chdir,openat", "chdir missing", (CHDIR, r'^openat\(AT_FDCWD, "/no/such/file", O_RDONLY\) += -1 ENOENT')),
    Row("--trace=%file", "chdir stat", (CHDIR, r'^stat\("/", \{st_mode=S_IFDIR'), ("mmap",)),
    Row("-e trace=/^ch.*r$", "chdir", (CHDIR,), ("mmap",)),
    Row("-e trace=!openat", "chdir missing", (CHDIR,), ("openat",)),
    Row("-e trace=?nosuchcall,chdir", "chdir", (CHDIR,)),
    Row("-e trace=chdir@64", "chdir", (CHDIR,)),
    Row("-e trace=chdir@32", "chdir", (), ("chdir",)),
    Row("-e trace=none", "unknown", (r"^syscall_0x2bc\(0x1, 0x2, 0x3, 0x4, 0x5, 0x6\) = -1 ENOSYS",)),
    Row("-P /no/such/file", "chdir missing", ("/no/such/file",), ("chdir",), only="-P"),
    Row("--trace-path=/", "chdir missing", (CHDIR,), ("no/such",), only="-P"),
    Row("--trace-fds=3 -e trace=write,chdir", "data chdir", (r"^write\(3,",), ("chdir",)),
    Row("-z -e trace=chdir,openat", "chdir missing", (CHDIR,), ("ENOENT",)),
    Row("--successful-only -e openat", "missing", (), ("ENOENT",)),
    Row("-Z -e trace=chdir,openat", "chdir missing", ("ENOENT",), ("chdir",)),
    Row("--failed-only -e chdir", "chdir", (), ("chdir",)),
    Row("-e status=failed -e trace=chdir,openat", "chdir missing", ("ENOENT",), ("chdir",)),
    Row("--status=unfinished", "chdir", (r"^exit_group\(5\) += \?$",), ("chdir",)),
    Row("-e signal=none -e trace=none", "signal", (), ("SIGUSR1",)),
    Row("--signals=USR1 -e trace=none", "signal fork", (r"^--- SIGUSR1 \{si_signo=SIGUSR1",), ("SIGCHLD",)),
    Row("--syscall-limit=1 -e trace=chdir,openat", "missing chdir", (r"^openat",), ("chdir", r"\+\+\+"), status=0),
    # strings and values
    Row("-s 4 -e write", "data", (r'^write\(3, "0123"\.\.\., 45\) += 45$',)),
    Row("-s 9000 -e write,writev", "much", (r'"x{9000}"\.\.\., 40000\)', r'"x{9000}"\.\.\., iov_len=20000')),
    Row("-s 32766 -e write,writev", "much", (r'"x{32766}"\.\.\., 40000\)', r'"x{20000}", iov_len=20000')),
    Row("-s 32767 -e write", "much", (r'"x{32767}"\.\.\., 40000\)',), only="-s 32767"),
    Row("--string-limit=45 -e write", "data", (r'"0123456789abcdef0123456789abcdef0123456789\\t\\1\\377", 45\)',)),
    Row("-a 50 -e chdir", "chdir", (r'^chdir\("/"\) {40}= 0$',)),
    Row("--columns=12 -e chdir", "chdir", (r'^chdir\("/"\)  = 0$',)),
    Row("-x -s 45 -e write", "data", (r'"\\x30\\x31.*\\x09\\x01\\xff"',)),
    Row("-xx -e chdir", "chdir", (r'^chdir\("\\x2f"\)',)),
    Row("--strings-in-hex=non-ascii-chars -s 45 -e write", "data", (r'56789\\t\\x01\\xff"',)),
    Row("-v -e trace=%stat", "stat", (r"st_blksize=\d+",)),
    Row("-e abbrev=none -e trace=%stat", "stat", (r"st_blksize=\d+",)),
    Row("-e verbose=none -e trace=stat", "stat", (r'^stat\("/", 0x[0-9a-f]+\)',)),
    Row("-e raw=openat -e openat", "missing", (r"^openat\(0xffffff9c, 0x[0-9a-f]+, 0, 0\)",)),
    Row("-X raw -e openat", "missing", (r'^openat\(-100, "/no/such/file", 0\)',)),
    Row("--const-print-style=verbose -e openat", "missing", (r"\(-100 /\* AT_FDCWD \*/,.*, 0 /\* O_RDONLY \*/\)",)),
    Row("-N -e chdir", "chdir", (r'^chdir\(path="/"\) += 0$',)),
    Row("--arg-names -e write", "data", (r'^write\(fd=3, buf="0123',)),
    Row(
        "-e write=3 -e trace=write",
        "data",
        (r"^ \| 00020  30 31 32 33 34 35 36 37  38 39 09 01 ff +0123456789\.\.\. ",),
        only="-e write",
    ),
    # what descriptors and pids are
    Row("-y -e write", "data", (r"^write\(3</.*/data>,",), only="-y"),
    Row("-yy -e write", "data", (r"^write\(3</.*/data>,",), only="-y"),
    Row("--decode-fds=path -e write", "data", (r"^write\(3</.*/data>,",), only="-y"),
    Row("-Y -e kill", "pids rename pids", (r"^kill\(\d+<options>, 0\)", r"^kill\(\d+<renamed>, 0\)"), only="-Y"),
    Row("--decode-pids=comm -e kill", "pids", (r"^kill\(\d+<options>, 0\)",), only="-Y"),
    # before and behind the line
    Row("-t -e chdir", "chdir", (rf'^{TIME} chdir\("/"\)',)),
    Row("-tt -e chdir", "chdir", (rf"^{TIME}\.\d{{6}} chdir",)),
    Row("-ttt -e chdir", "chdir", (r"^\d{10}\.\d{6} chdir",)),
    Row("--absolute-timestamps=unix,ns -e chdir", "chdir", (r"^\d{10}\.\d{9} chdir",)),
    Row("-r -e chdir,nanosleep", "sleep chdir", (r"^ +0\.0[5-9]\d{4} chdir|^ +[0-9.]+ chdir",)),
    Row("--relative-timestamps=ms -e chdir", "chdir", (r"^ +0\.\d{3} chdir",)),
    Row("-T -e /nanosleep", "sleep", (r"= 0 <0\.(0[5-9]|[1-9])\d*>$",)),
    Row("--syscall-times=ns -e chdir", "chdir", (r"= 0 <0\.\d{9}>$",)),
    Row("-i -e chdir", "chdir", (r"^\[[0-9a-f]{16}\] chdir",)),
    Row("--instruction-pointer -e chdir", "chdir", (r"^\[0000[0-9a-f]{12}\] chdir",)),
    Row("-n -e chdir", "chdir", (r"^\[  80\] chdir",)),
    Row("--always-show-pid -e chdir", "chdir", (r"^\d+ +chdir",)),
    Row("-k -e chdir", "chdir", (r"^ > .*options\(main\+0x[0-9a-f]+\) \[0x[0-9a-f]+\]$",), only="-k"),
    Row("-kk -e chdir", "chdir", (r"^ > .*options\(main\+.*options\.c:\d+$",), only="-k"),
    Row(
        "--stack-trace=symbol --stack-trace-frame-limit=1 -e chdir", "chdir", ("^ > too many stack frames$",), only="-k"
    ),
    Row("--color=always -e chdir", "chdir", ("\x1b\\[",)),
    # following
    Row("-f -e getppid", "fork", (r"^\d+ +getppid\(\) += \d+$", r"^\d+ +\+\+\+ exited with 3 \+\+\+$")),
    Row("--follow-forks -e getppid", "fork", (r"^\d+ +getppid\(\)",)),
    Row("-f --seccomp-bpf -e getppid", "fork", (r"^\d+ +getppid\(\)",), only="--seccomp-bpf"),
    Row("-e getppid", "fork", (r"--- SIGCHLD",), ("getppid",)),
    Row("-f -b execve -e trace=chdir", "exec chdir", (r"^\d+ +chdir",), (r"chdir.*\n.*chdir",), only="-b execve"),
    Row("-f --kill-on-exit -e chdir", "chdir", (r"^\d+ +chdir",), only="--kill-on-exit"),
    Row("-D -e chdir", "chdir", (CHDIR,), only="-D"),
    Row("-DD -e chdir", "chdir", (CHDIR,), only="-D"),
    Row("--daemonize=session -e chdir", "chdir", (CHDIR,), only="-D"),
    # starting
    Row("-E COLOUR=/green -e chdir", "colour", (r'^chdir\("/green"\)',)),
    Row("-E COLOUR -e chdir", "colour", (r'^chdir\("unset"\)',)),
    Row("--argv0=somebody -e chdir", "name", (r'^chdir\("somebody"\)',)),
    Row("-u nobody -e chdir", "ids", (r'^chdir\("/(user|other)"\)',)),
    Row("--user=65534:65534 -e chdir", "ids", (r'^chdir\("/user"\)',)),
    Row("-I 1 -e chdir", "chdir", (CHDIR,)),
    Row("--interruptible=never -e chdir", "chdir", (CHDIR,)),
    # output
    Row("-A -e chdir", "chdir", ("^before$", CHDIR), before="before\n"),
    Row("-e chdir", "chdir", (CHDIR,), ("before",), before="before\n"),
    Row("-e chdir", "chdir", (CHDIR, r"^\+\+\+ exited with 5 \+\+\+$"), log="err"),
    Row("-q -e chdir", "chdir", (CHDIR, r"\+\+\+ exited"), log="err"),
    Row("-qq -e chdir", "chdir", (CHDIR,), (r"\+\+\+",), log="err"),
    Row("-f -qqq -e chdir", "fork", (), (r"\+\+\+", "attached"), log="err"),
    Row("-e quiet=exit -e chdir", "chdir", (CHDIR,), (r"\+\+\+",)),
    Row("--quiet=attach -f -e chdir", "fork", (), ("attached",), log="err"),
    Row("-f -e chdir", "fork", (r"^trapgate trace: Process \d+ attached$",), log="err"),
    Row("-d -e chdir", "chdir", (r"^trapgate trace: \[exec pid=\d+",), log="err"),
    # summary
    Row(
        "-c -e chdir,openat",
        "chdir missing",
        (r"^ *[\d.]+ +[\d.]+ +\d+ +1 +chdir$", "^% time"),
        (r"^chdir\(",),
        only="-c without -w",
    ),
    Row("-C -e chdir", "chdir", (r"^% time", CHDIR), only="-c without -w"),
    Row("-C -w -e chdir", "chdir", (r"^% time", CHDIR)),
    Row(
        "-c -S calls -U calls,name -e chdir,write",
        "chdir chdir data",
        (r"^ +calls syscall\n-.*\n +2 chdir\n +1 write",),
    ),
    Row("-c -w -e /nanosleep", "sleep", (r"^100\.00 +0\.0[5-9]",)),
    # the text of the program itself
    Row("-V", "chdir", (r"^trapgate \d",), log="out", status=0),
    Row("-h", "chdir", ("^usage|^Usage",), log="out", status=0),
    Row("--tips=full -e chdir", "chdir", (CHDIR, "tip:"), log="err"),
    # tampering
    Row("-e inject=chdir:error=EBUSY", "missing colour", (r"= -1 EBUSY .*\(INJECTED\)$",), only="-e inject"),
    Row("-e fault=chdir -e trace=chdir", "colour", (r"= -1 ENOSYS .*\(INJECTED\)$",), only="-e inject"),
    Row("-e inject=chdir:retval=7", "colour", (r'^chdir\("unset"\) += 7 \(INJECTED\)$',), only="-e inject"),
    # the call that starts the program itself is left alone
    Row("-e inject=execve:error=EIO -e trace=execve", "chdir", (r"^execve\(.*\) += 0$",), only="-e inject"),
    Row("-e inject=chdir:signal=USR1", "signal chdir", (r'^chdir\("/"\) += 0\n--- SIGUSR1',), only="-e inject"),
    Row("-e inject=chdir:delay_enter=60ms -T", "chdir", (r"= 0 \(DELAYED\) <0\.(0[6-9]|[1-9])",), only="-e inject"),
    Row("-e inject=chdir:delay_exit=60ms -r", "chdir", (r"= 0 \(DELAYED\)$",), only="-e inject"),
    Row(
        "-e inject=chdir:error=EIO:when=2 -e trace=chdir",
        "colour chdir chdir",
        (r"ENOENT.*\nchdir\(.*EIO.*INJECTED\)$",),
        only="-e inject",
        status=1,
    ),
    Row("-e inject=chdir:poke_enter=@arg1=2F00 -e trace=chdir", "colour", (r'^chdir\("/"\) += 0',), only="-e inject"),
    Row("-e inject=stat:poke_exit=@arg2=00000000 -e trace=stat", "stat", (r"INJECTED: args\)$",), only="-e inject"),
    Row("-e inject=chdir:retval=5:syscall=gettid -e trace=chdir", "colour", (r"= 5 \(INJECTED\)$",), only="-e inject"),
)


@pytest.fixture(scope="session")
def acts() -> Iterator[Path]:
    """The program that does what its arguments name."""
    with tempfile.TemporaryDirectory() as folder:  # not pytest's: another user is to run the program
        path = Path(folder) / "options"
        path.parent.chmod(0o755)
        subprocess.run(["cc", "-g", "-O1", "-o", path, Path(__file__).with_name("options.c")], check=True)
        yield path


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
@pytest.mark.parametrize("source", ["ptrace", "bpf"])
def test_option(row: Row, source: str, acts: Path, program: Path, tmp_path: Path) -> None:
    if source == "bpf" and os.geteuid() != 0:
        pytest.skip("the bpf source needs root")
    if "-u " in row.options + " " and os.geteuid() != 0:
        pytest.skip("-u needs root")
    log = tmp_path / "log"
    if row.before:
        log.write_text(row.before)
    output = ["-o", str(log)] if row.log == "log" else []
    done = subprocess.run(
        [program, "trace", "--source", source, *row.options.split(), *output, acts, *row.does.split()],
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    if row.only and source == "bpf":
        assert done.returncode == 2
        assert re.search(rf"the bpf source cannot do {re.escape(row.only)}: \w", done.stderr)
        assert "use --source ptrace" in done.stderr
        return
    if "-D" in row.options or "daemonize" in row.options:
        wait_for(log, r"\+\+\+ exited")
    text = {"log": log.read_text() if log.exists() else "", "err": done.stderr, "out": done.stdout}[row.log]
    assert done.returncode == row.status, done.stderr
    for pattern in row.wants:
        assert re.search(pattern, text, re.MULTILINE), f"{pattern} is not in:\n{text}"
    for pattern in row.lacks:
        assert not re.search(pattern, text, re.MULTILINE), f"{pattern} is in:\n{text}"


def wait_for(log: Path, pattern: str) -> None:
    """Wait until the file says so: a tracer that is nobody's child ends after its program."""
    import time

    end = time.monotonic() + 20
    while not (log.exists() and re.search(pattern, log.read_text())):
        assert time.monotonic() < end
        time.sleep(0.02)
