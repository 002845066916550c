"""Programs in C compiled for a test, and a tracer that cannot outlive its time limit."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from trapgate._core import Ptrace
from trapgate.model.record import Kind, Record, parse_record

LIMIT_S = 30


class Trace:
    """A `Ptrace` and every record it gave; fails instead of waiting beyond its limit."""

    def __init__(self, ptrace: Ptrace, limit_s: float = LIMIT_S) -> None:
        self.ptrace = ptrace
        self.records: list[Record] = []
        self.limit = time.monotonic() + limit_s
        self.pid = 0

    def spawn(self, *argv: str | Path, env: dict[str, str] | None = None) -> "Trace":
        words = [os.fsencode(word) for word in argv]
        path = shutil.which(words[0])
        assert path is not None, f"no program {words[0]!r}"
        pairs = [os.fsencode(f"{key}={value}") for key, value in (env or {}).items()]
        self.pid = self.ptrace.spawn(path, words, pairs)
        return self

    def step(self) -> list[Record] | None:
        """The records of the next batch; None at the end."""
        while True:
            assert time.monotonic() < self.limit, f"still tracing {self.ptrace.tasks()} after the time limit"
            view = self.ptrace.run(1000)
            if view is None:
                return None
            if len(view):
                break
        records, offset = [], 0
        while offset < len(view):
            record, offset = parse_record(view, offset)
            records.append(record)
        self.records += records
        return records

    def until(self, matches: Callable[[Record], bool]) -> Record:
        """Traces until a record matches; fails if none does."""
        while (records := self.step()) is not None:
            for record in records:
                if matches(record):
                    return record
        raise AssertionError(f"no such record among {[(Kind(r.kind).name, r.nr) for r in self.records]}")

    def finish(self) -> "Trace":
        """Traces to the end."""
        while self.step() is not None:
            pass
        return self

    def of(self, kind: Kind, nr: int | None = None) -> list[Record]:
        """The records of a kind, and of one number if given."""
        return [r for r in self.records if r.kind == kind and (nr is None or r.nr == nr)]

    def exit_status(self, pid: int | None = None) -> int:
        """The wait status with which a process ended."""
        (end,) = (r for r in self.of(Kind.TASK_EXIT) if r.tid == (pid or self.pid))
        return end.nr


Compile = Callable[..., Path]
NewTrace = Callable[..., Trace]


@pytest.fixture
def compile_c(tmp_path: Path) -> Compile:
    """Compiles C text into a program."""

    def compile_program(text: str, *flags: str) -> Path:
        source = tmp_path / f"program{len(list(tmp_path.glob('program*.c')))}.c"
        source.write_text("#define _GNU_SOURCE\n" + text)
        program = source.with_suffix("")
        command = ["gcc", "-O1", "-w", "-pthread", "-o", str(program), str(source), *flags]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0 and "-m32" in flags:
            pytest.skip("no C library for i386: install gcc-multilib")
        assert done.returncode == 0, done.stderr
        return program

    return compile_program


@pytest.fixture
def new_trace(running: object) -> Iterator[NewTrace]:
    """Makes tracers that end with the test, and before the programs of `running`, which they would keep as zombies."""
    made: list[Trace] = []

    def make(limit_s: float = LIMIT_S, **options: object) -> Trace:
        made.append(Trace(Ptrace(**options), limit_s))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for trace in made:
        for tid in trace.ptrace.tasks():
            with contextlib.suppress(ProcessLookupError):
                os.kill(tid, signal.SIGKILL)
        trace.limit = time.monotonic() + LIMIT_S
        trace.finish()
        trace.ptrace.close()


@pytest.fixture
def running(compile_c: Compile) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts untraced programs, killed at the end of the test; returns after their first line."""
    started: list[subprocess.Popen[str]] = []

    def start(*argv: str | Path) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [str(word) for word in argv], stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True
        )
        started.append(process)
        assert process.stdout is not None
        process.stdout.readline()
        return process

    yield start
    for process in started:
        # not by Popen.kill: it asks waitpid first, which would take a stop that belongs to a tracer
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
        process.communicate()


def proc_status(pid: int) -> dict[str, str]:
    """The fields of /proc/PID/status."""
    text = Path(f"/proc/{pid}/status").read_text()
    return dict(re.findall(r"^(\w+):\s*(.*)$", text, re.M))


@pytest.fixture(name="proc_status")
def _proc_status() -> Callable[[int], dict[str, str]]:
    return proc_status


@pytest.fixture
def wait_for_state() -> Callable[..., str]:
    """Waits until a process is in one of the states (letters of ps), and gives back which."""

    def wait(pid: int, states: str, limit_s: float = 10) -> str:
        end = time.monotonic() + limit_s
        while (state := proc_status(pid)["State"][0]) not in states:
            assert time.monotonic() < end, f"{pid} is in state {state}, not {states}"
            time.sleep(0.01)
        return state

    return wait
