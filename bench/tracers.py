# SPDX-License-Identifier: BSD-2-Clause
"""The tracers that are compared: how each is started, on a command or on running processes, and what it says it lost.

Every one writes to a file, follows what it can follow, and is run as its manual says; none is helped or hindered.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

TRAPGATE = str(Path(sys.executable).parent / "trapgate")

PRINT_ALL = """
tracepoint:raw_syscalls:sys_enter /{filter}/ {{ printf("%d %d(%lx, %lx, %lx, %lx, %lx, %lx)\\n", tid, args->id,
  args->args[0], args->args[1], args->args[2], args->args[3], args->args[4], args->args[5]); }}
tracepoint:raw_syscalls:sys_exit /{filter}/ {{ printf("%d %d = %ld\\n", tid, args->id, args->ret); }}
"""
COUNT_ALL = """
tracepoint:raw_syscalls:sys_enter /{filter}/ {{ @begun[tid] = nsecs; }}
tracepoint:raw_syscalls:sys_exit /@begun[tid]/ {{ @calls[args->id] = count(); @ns[args->id] = sum(nsecs - @begun[tid]);
  @errors[args->id] = sum(args->ret < 0 ? 1 : 0); delete(@begun[tid]); }}
"""
"""bpftrace's scripts: every call with its words and result; every call counted and timed."""


@dataclass(frozen=True, slots=True)
class Tracer:
    """One way to trace."""

    name: str
    needs: str
    """The program that must be installed."""
    on_command: Callable[[str, Sequence[str]], list[str]]
    """The command line that traces a command, output to a file."""
    on_pids: Callable[[str, Sequence[int]], list[str]] | None = None
    """The same for running processes."""
    lost: str = ""
    """A regular expression whose groups are numbers of lost events, in what it prints; none: it stops the program."""
    is_slow: bool = False
    """Whether it makes programs tens of times slower, so that fewer rounds must do."""
    is_pinned: bool = False
    """Whether tracer and program are kept on one CPU."""
    counts: bool = False
    is_beside: bool = False
    """Whether it traces a process that sleeps, so that what is measured is what others pay."""

    def is_installed(self) -> bool:
        return shutil.which(self.needs) is not None

    def read_lost(self, said: str) -> int | None:
        """How many events it says it lost; None if it cannot lose any."""
        if not self.lost:
            return None
        return sum(int(number) for match in re.finditer(self.lost, said) for number in match.groups() if number)


def _strace(*options: str) -> dict[str, Callable[[str, Sequence[str]], list[str]]]:
    def on_pids(out: str, pids: Sequence[int]) -> list[str]:
        return ["strace", "-f", *options, "-o", out, *(word for pid in pids for word in ("-p", str(pid)))]

    return {"on_command": lambda out, command: ["strace", "-f", *options, "-o", out, *command], "on_pids": on_pids}


def _perf_trace(*options: str) -> dict[str, Callable[[str, Sequence[str]], list[str]]]:
    return {
        "on_command": lambda out, command: ["perf", "trace", *options, "-o", out, *command],
        "on_pids": lambda out, pids: ["perf", "trace", *options, "-o", out, "-p", ",".join(map(str, pids))],
    }


def _bpftrace(script: str) -> dict[str, Callable[[str, Sequence[str]], list[str]]]:
    def on_pids(out: str, pids: Sequence[int]) -> list[str]:
        return ["bpftrace", "-o", out, "-e", script.format(filter=" || ".join(f"pid == {pid}" for pid in pids))]

    def on_command(out: str, command: Sequence[str]) -> list[str]:
        return ["bpftrace", "-o", out, "-e", script.format(filter="pid == cpid"), "-c", " ".join(command)]

    return {"on_command": on_command, "on_pids": on_pids}


def _trapgate(verb: str, source: str, *options: str) -> dict[str, Callable[[str, Sequence[str]], list[str]]]:
    head = [TRAPGATE, verb, "--source", source, *options]

    def on_pids(out: str, pids: Sequence[int]) -> list[str]:
        return [*head, "-o", out, "-p", ",".join(map(str, pids))]

    return {"on_command": lambda out, command: [*head, "-o", out, *command], "on_pids": on_pids}


PERF_LOST = r"LOST (\d+) events|lost (\d+) chunks"
TRAPGATE_LOST = r"(\d+) events were lost|lost: ([\d,]+)"
UNTRACED = Tracer("untraced", "sh", lambda out, command: list(command))
TRACERS = (
    Tracer("trapgate trace (bpf)", TRAPGATE, **_trapgate("trace", "bpf", "-f"), lost=TRAPGATE_LOST),
    Tracer(
        "trapgate trace (bpf) of another process",
        TRAPGATE,
        **_trapgate("trace", "bpf", "-f"),
        lost=TRAPGATE_LOST,
        is_beside=True,
    ),
    Tracer("trapgate trace (ptrace)", TRAPGATE, **_trapgate("trace", "ptrace", "-f"), is_slow=True),
    Tracer("strace -f", "strace", **_strace(), is_slow=True),
    Tracer("perf trace", "perf", **_perf_trace(), lost=PERF_LOST, is_slow=True),
    Tracer(
        "perf trace record",
        "perf",
        lambda out, command: ["perf", "trace", "record", "-o", out, *command],
        lambda out, pids: ["perf", "trace", "record", "-o", out, "-p", ",".join(map(str, pids))],
        lost=PERF_LOST,
    ),
    Tracer("bpftrace printing", "bpftrace", **_bpftrace(PRINT_ALL), lost=r"Lost (\d+) events", is_slow=True),
    Tracer(
        "ltrace -S",
        "ltrace",
        lambda out, command: ["ltrace", "-S", "-f", "-L", "-o", out, *command],
        lambda out, pids: ["ltrace", "-S", "-f", "-L", "-o", out, *(word for pid in pids for word in ("-p", str(pid)))],
        is_slow=True,
    ),
    Tracer(
        "trapgate trace (ptrace) pinned",
        TRAPGATE,
        **_trapgate("trace", "ptrace", "-f"),
        is_slow=True,
        is_pinned=True,
    ),
    Tracer("strace -f pinned", "strace", **_strace(), is_slow=True, is_pinned=True),
)
"""Tracers that show each call."""

COUNTERS = (
    Tracer("trapgate count (bpf)", TRAPGATE, **_trapgate("count", "bpf"), lost=TRAPGATE_LOST, counts=True),
    Tracer("trapgate count (ptrace)", TRAPGATE, **_trapgate("count", "ptrace"), is_slow=True, counts=True),
    Tracer("strace -f -c", "strace", **_strace("-c"), is_slow=True, counts=True),
    Tracer("perf trace -s", "perf", **_perf_trace("-s"), lost=PERF_LOST, is_slow=True, counts=True),
    Tracer("bpftrace counting", "bpftrace", **_bpftrace(COUNT_ALL), lost=r"Lost (\d+) events", counts=True),
)
"""Tracers that count and time calls and show totals."""


def read_version(program: str) -> str:
    """What the program says of its version; "" if it is not installed."""
    if not shutil.which(program):
        return ""
    flag = {"strace": "-V", "wrk": "-v", "nginx": "-v"}.get(program, "--version")
    said = subprocess.run(
        [program, flag], capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C"}
    )
    found = re.search(r"\d+\.\d+(\.\d+)*", said.stdout + said.stderr)
    return found.group() if found else "?"
