"""The ptrace source prints the same whether it holds the program at every call or copies by plans.

Each program is traced twice in one run, without address space randomisation; process ids and what
else differs between two runs of a program are made equal first.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = r"""
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static void once(int i, int ends[2], char *edge)
{
    char buffer[300], name[16] = "/tmp/none";
    struct stat st;
    struct timespec wait = {0, 1000}, left;
    struct termios terminal;
    struct pollfd polled[2] = {{ends[0], POLLIN, 0}, {-1, POLLOUT, 0}};
    struct statfs fs;
    struct iovec vector[2] = {{"one", 3}, {buffer, 200}};
    sigset_t set;
    int fds[2];

    memset(buffer, 'a' + i % 3, sizeof buffer);
    name[8] = 'a' + i;
    stat(i % 2 ? name : "/etc/passwd", &st);
    stat(i % 3 ? "/" : (char *)1, i % 4 ? &st : (void *)8);
    lstat("/proc/self", &st);
    access(edge - 5, R_OK);               /* a string up to the last readable byte */
    access(edge - 3 + i % 4, R_OK);       /* and without its end, in part beyond it */
    write(ends[1], buffer, i * 7 % 300);
    write(ends[1], edge - 4, i % 5 * 2);
    read(ends[0], buffer, sizeof buffer);
    read(i % 2 ? 77 : ends[0], i % 4 ? buffer : NULL, i % 5 ? 0 : 4);
    writev(ends[1], vector, i % 3);
    poll(polled, 2, 0);
    read(ends[0], edge - 2, 2);
    nanosleep(i % 3 ? &wait : NULL, &left);
    nanosleep(&wait, &wait);
    ioctl(i % 2, TCGETS, &terminal);
    ioctl(ends[0], FIONREAD, fds);
    ioctl(ends[0], 0x1234 + i, edge);
    fcntl(ends[0], F_GETFL);
    fcntl(ends[0], F_SETFL, i % 2 ? O_NONBLOCK : O_NONBLOCK | O_APPEND);
    fcntl(ends[0], F_GETLK, &(struct flock){F_RDLCK});
    sigemptyset(&set);
    sigaddset(&set, 1 + i % 30);
    sigprocmask(i % 4, &set, i % 2 ? &set : NULL);
    statfs(i % 2 ? "/" : "/none", &fs);
    socketpair(AF_UNIX, SOCK_STREAM, 0, fds);
    send(fds[0], buffer, i, MSG_NOSIGNAL);
    recv(fds[1], buffer, sizeof buffer, MSG_DONTWAIT);
    setsockopt(fds[0], SOL_SOCKET, SO_KEEPALIVE, &i, sizeof i);
    close(fds[0]);
    close(fds[1]);
    getxattr("/", "user.none", buffer, i);
    readlink("/proc/self/exe", buffer, i * 9);
    getcwd(buffer, i);
}

int main(void)
{
    int ends[2];
    char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(page + 4096, 4096);
    memset(page, 'x', 4095);
    pipe(ends);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    for (int i = 0; i < 40; i++)
        once(i, ends, page + 4096);
    if (!fork())
        raise(SIGTERM);
    wait(NULL);
    return 7;
}
"""

COMMANDS = {
    "own": ([], ["PROGRAM"]),
    "own, all": (["-v", "-s", "100"], ["PROGRAM"]),
    "own, failed calls": (["-Z"], ["PROGRAM"]),
    "own, escaped": (["-xx"], ["PROGRAM"]),
    "own, raw": (["-Xverbose", "-e", "raw=poll"], ["PROGRAM"]),
    "own, some": (["-e", "trace=ioctl,read"], ["PROGRAM"]),
    "ls": (["-v"], ["ls", "-l", "/usr/lib"]),
    "find": ([], ["find", "/usr/share/doc", "-maxdepth", "2"]),
    "tar": ([], ["tar", "cf", "/dev/null", "/usr/include/linux"]),
    "perl": (["-s", "200"], ["perl", "-e", "$SIG{CHLD} = 'IGNORE'; print sort grep { -d } glob '/usr/*'"]),
    "shell": ([], ["sh", "-c", "exec cat /etc/passwd"]),
}


def trace(options: list[str], program: list[str], held: bool, folder: Path) -> tuple[list[str], int]:
    """The lines of a trace, and its status."""
    log = folder / f"log{held:d}"
    environment = {
        "PATH": os.environ["PATH"],
        "TRAPGATE_HOLD": f"{held:d}",
        "PYTHONHASHSEED": "0",
        "PERL_HASH_SEED": "0",
    }
    python = [sys.executable, "-m", "trapgate", "trace", "--source", "ptrace", "-f", "-o", str(log)]
    if "PYTHONPATH" in os.environ:
        environment["PYTHONPATH"] = os.environ["PYTHONPATH"]
    done = subprocess.run(
        ["setarch", "-R", *python, *options, *program],
        env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=100, check=False,
    )  # fmt: skip
    return normalise(log.read_text()), done.returncode


def normalise(text: str) -> list[str]:
    """The lines with process ids numbered as they appear, and without what no two runs share."""
    ids: dict[str, str] = {}
    for line in text.splitlines():
        ids.setdefault(line.split(" ", 1)[0], f"P{len(ids)}")
    if ids:
        text = re.sub(r"\b(" + "|".join(ids) + r")\b", lambda match: ids[match[1]], text)
    text = re.sub(r'execve\(.*|"TRAPGATE_HOLD=\d"|getrandom\(.*|read\(3, "[^ ]*", 4\) .*', "", text)
    text = re.sub(r"(get\w*pid\(\)\s*= ).*", r"\1", text)
    text = re.sub(r"f_(bfree|bavail|ffree)=\d+", "", text)
    text = re.sub(r"_([amc])time(_nsec)?=\d+|/\* 20\d\d-[^*]*\*/|st_(ino|blocks|size|nlink)=\d+", "", text)
    text = re.sub(r"si_\wtime=\d+|rem.*|tv_nsec=\d+|f_fsid=\{[^}]*\}|/proc/self.*", "", text)
    return by_process(text.splitlines())


def by_process(lines: list[str]) -> list[str]:
    """The lines of one process after those of another, each call in one piece: when others run is chance."""
    found: dict[str, str] = {}
    for line in lines:
        pid, _, text = line.partition(" ")
        found[pid] = found.get(pid, "") + text.strip() + "\n"
    joined = re.sub(r" <unfinished \.\.\.>\n<\.\.\. \w+ resumed>", "", "\n".join(found.values()))
    return re.sub(r" +", " ", joined).splitlines()


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("held")
    (folder / "calls.c").write_text(PROGRAM)
    command = ["gcc", "-O1", "-w", "-o", str(folder / "calls"), str(folder / "calls.c")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return str(folder / "calls")


@pytest.mark.parametrize("name", COMMANDS)
def test_same_lines(name: str, program: str, tmp_path: Path) -> None:
    options, words = COMMANDS[name]
    command = [program if word == "PROGRAM" else word for word in words]
    if shutil.which(command[0]) is None or shutil.which("setarch") is None:
        pytest.skip(f"{command[0]} or setarch is not installed")
    for _ in range(3):  # what the program met may have changed in between, but not each time
        held, copied = trace(options, command, True, tmp_path), trace(options, command, False, tmp_path)
        if held == copied:
            break
    assert held[1] == copied[1]
    assert len(held[0]) > 20
    assert copied[0] == held[0]


def test_copies_are_used(program: str, tmp_path: Path) -> None:
    """Or the other tests would compare a thing with itself: most stops return nothing to Python."""
    script = (
        "import sys; from trapgate.tracing import session\n"
        "from trapgate.sources.ptrace import Ptrace\n"
        "runs = 0; run = Ptrace.run\n"
        "def count(self, *words):\n    global runs; runs += 1; return run(self, *words)\n"
        "Ptrace.run = count\n"
        "from trapgate.cli.strace_options import parse\n"
        "o = parse(['--source', 'ptrace', '-o', sys.argv[1], sys.argv[2]], 'trapgate trace')\n"
        "session.Session(o).run(); open(sys.argv[3], 'w').write(str(runs))\n"
    )
    log = tmp_path / "log"
    command = [sys.executable, "-c", script, log, program, tmp_path / "runs"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int((tmp_path / "runs").read_text()) < len(log.read_text().splitlines())
