# SPDX-License-Identifier: BSD-2-Clause
"""The work that is traced: programs that run, whose time counts, and servers, whose requests a second do.

`run_command` and `run_server` measure one tracer once; nothing is left behind.
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tracers import UNTRACED, Tracer

HERE = Path(__file__).parent
SETTLE_S = 2.0
"""How long a tracer has to attach before the load begins: bpftrace takes more than a second to compile its script."""
PATIENCE_S = 120
"""How long a tracer may take to end when its program has, or when it is asked to."""
LIMIT_S = 60
"""How long a program may take under a tracer; then it is ended, and known to take longer."""
REDIS_PORT, NGINX_PORT = 16379, 18080
NGINX = """\
worker_processes 2; daemon off; error_log stderr crit; pid {folder}/pid;
events {{ worker_connections 512; }}
http {{ access_log off; client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e; sendfile on; keepalive_requests 1000000;
server {{ listen 127.0.0.1:{port}; root {folder}; }} }}
"""


class Failed(Exception):
    """A run that gave no figure, and why."""


@dataclass(frozen=True, slots=True)
class Result:
    """One run."""

    value: float
    """Seconds of the program, or requests a second."""
    after: float = 0
    """Seconds from the end of the program to that of the tracer: what was left to write."""
    lost: int | None = None
    """Events lost, as the tracer says; None if it cannot lose any."""
    is_cut: bool = False
    """Whether the program was ended at the limit."""


@dataclass(frozen=True, slots=True)
class Work:
    """A program to run."""

    name: str
    title: str
    command: tuple[str, ...]
    is_counted: bool = False
    """Whether counters are measured with it as well."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server under load, whose files are in a folder."""

    name: str
    title: str
    needs: tuple[str, ...]
    start: Callable[[Path], list[str]]
    load: Callable[[bool], list[str]]
    """The command that asks for pages; less of it when the server is slow."""
    rate: str
    """The regular expression that finds the requests a second in what the load says."""


def find_works(is_quick: bool) -> list[Work]:
    """The programs; with less to do when it must be quick."""
    count, folder = (40_000, "/usr/share/doc") if is_quick else (200_000, "/usr")
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else tempfile.gettempdir()
    archive = f"{memory}/trapgate-bench-{os.getpid()}.tar"
    dd = ("dd", "if=/dev/zero", "of=/dev/null", "bs=1", f"count={count}", "status=none")
    return [
        Work("dd", f"dd bs=1 count={count}", dd, is_counted=True),
        Work("find", f"find {folder} -xdev", ("find", folder, "-xdev")),
        Work("tar", "tar of /usr/include", ("tar", "cf", archive, "-C", "/", "usr/include")),
    ]


def _start_redis(folder: Path) -> list[str]:
    return ["redis-server", "--port", str(REDIS_PORT), "--save", "", "--appendonly", "no", "--dir", str(folder)]


def _load_redis(is_slow: bool) -> list[str]:
    requests = "20000" if is_slow else "300000"
    return ["redis-benchmark", "-p", str(REDIS_PORT), "-t", "get", "-n", requests, "-c", "50", "-q"]


def _start_nginx(folder: Path) -> list[str]:
    folder.chmod(0o755)
    (folder / "index.html").write_text("x" * 600)
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=NGINX_PORT))
    return ["nginx", "-c", str(folder / "nginx.conf")]


def _load_nginx(is_slow: bool) -> list[str]:
    return ["wrk", "-t1", "-c32", "-d2s", f"http://127.0.0.1:{NGINX_PORT}/index.html"]


SERVERS = [
    Server(
        "redis",
        "redis, GET",
        ("redis-server", "redis-benchmark"),
        _start_redis,
        _load_redis,
        r"([\d.]+) requests per second",
    ),
    Server("nginx", "nginx, 600 bytes", ("nginx", "wrk"), _start_nginx, _load_nginx, r"Requests/sec:\s+([\d.]+)"),
]


def compile_program(name: str, folder: Path) -> Path:
    """The executable of `name`.c, made in `folder`."""
    program = folder / name
    subprocess.run(["cc", "-O2", "-o", str(program), str(HERE / f"{name}.c")], check=True)
    return program


def run_command(tracer: Tracer, work: Work, timed: Path) -> Result:
    """The seconds that the program takes under the tracer, from its execve to its end.

    `timed` is the executable that tells when the program begins, and as which process.
    """
    if tracer.is_beside:
        return _run_beside(tracer, work, timed)
    with tempfile.TemporaryDirectory() as name:
        fifo = Path(name, "begun")
        os.mkfifo(fifo)
        command = tracer.on_command(f"{name}/out", [str(timed), str(fifo), *work.command])
        with _started(tracer, command) as (process, said):
            begun, ended, is_cut = _watch(fifo, process)
            if is_cut:
                return Result(ended - begun, is_cut=True)
            process.wait(PATIENCE_S)
            after = time.monotonic() - ended
            text = _read_back(said)
        if process.returncode != 0:
            raise Failed(f"status {process.returncode}: {text.strip()[-200:]}")
        return Result(ended - begun, after, tracer.read_lost(text))


def _run_beside(tracer: Tracer, work: Work, timed: Path) -> Result:
    """The seconds that the program takes while the tracer watches another one."""
    with subprocess.Popen(["sleep", "3600"]) as other:
        try:
            with _attached(tracer, [other.pid]) as said:
                value = run_command(UNTRACED, work, timed).value
            return Result(value, lost=tracer.read_lost(said[0]))
        finally:
            other.kill()


def _watch(fifo: Path, process: subprocess.Popen[bytes]) -> tuple[float, float, bool]:
    """When the program began and when it ended, by the monotonic clock, and whether that was at the limit."""
    fd = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    with os.fdopen(fd) as file:
        while not select.select([fd], [], [], 0.1)[0]:
            if process.poll() is not None:
                raise Failed(f"the program did not begin: status {process.returncode}")
        pid, begun_ns = file.readline().split()
    try:
        pidfd = os.pidfd_open(int(pid))
    except ProcessLookupError:  # over, and collected, before we looked
        return int(begun_ns) / 1e9, time.monotonic(), False
    try:
        is_cut = not select.select([pidfd], [], [], LIMIT_S)[0]
        ended = time.monotonic()
        if is_cut:
            signal.pidfd_send_signal(pidfd, signal.SIGKILL)
        return int(begun_ns) / 1e9, ended, is_cut
    finally:
        os.close(pidfd)


@contextlib.contextmanager
def _started(tracer: Tracer, command: list[str]) -> Iterator[tuple[subprocess.Popen[bytes], IO[bytes]]]:
    """The tracer's process, and the file that holds what it says; it is ended if it has not."""
    if tracer.is_pinned:
        command = ["taskset", "-c", str(max(os.sched_getaffinity(0))), *command]
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said)
        try:
            yield process, said
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()


def _read_back(said: IO[bytes]) -> str:
    said.seek(0)
    return said.read().decode(errors="replace")


@contextlib.contextmanager
def serve(server: Server) -> Iterator[list[int]]:
    """Runs the server; its process and that one's children."""
    with tempfile.TemporaryDirectory() as name:
        command = server.start(Path(name))
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            time.sleep(1)
            if process.poll() is not None:
                raise Failed(f"{command[0]} ended with {process.returncode}: is its port in use?")
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
            yield [process.pid, *map(int, children)]
        finally:
            process.terminate()
            process.wait()


def run_load(server: Server, is_slow: bool = False) -> float:
    """Requests a second that the server answers."""
    done = subprocess.run(server.load(is_slow), capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"})
    found = re.findall(server.rate, done.stdout)
    if not found:
        raise Failed(f"{server.load(is_slow)[0]} said no rate: {(done.stdout + done.stderr).strip()[-200:]}")
    return float(found[-1])


@contextlib.contextmanager
def _attached(tracer: Tracer, pids: list[int]) -> Iterator[list[str]]:
    """A tracer attached to the processes; when it has ended, the list holds what it said."""
    assert tracer.on_pids is not None
    with (
        tempfile.TemporaryDirectory() as name,
        _started(tracer, tracer.on_pids(f"{name}/out", pids)) as (process, said),
    ):
        time.sleep(SETTLE_S)
        if process.poll() is not None:
            raise Failed(f"status {process.returncode}: {_read_back(said).strip()[-200:]}")
        told: list[str] = []
        yield told
        process.send_signal(signal.SIGINT)
        process.wait(PATIENCE_S)
        told.append(_read_back(said))


def run_server(tracer: Tracer, server: Server, pids: list[int]) -> Result:
    """Requests a second while the tracer is attached to the server's processes."""
    if tracer.on_pids is None:
        return Result(run_load(server))
    with _attached(tracer, pids) as said:
        rate = run_load(server, tracer.is_slow)
    return Result(rate, lost=tracer.read_lost(said[0]))
