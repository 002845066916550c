# SPDX-License-Identifier: BSD-2-Clause
"""Counting calls with whatever source can: bpf counts in the kernel, ptrace's records are counted here.

`open_counter` gives a `Counter`: say whose calls count (`spawn`, `attach*`), `wait`, `read` the rows,
`finish`. The rows are the same, whichever source counted.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from trapgate.model.counts import CallCount
from trapgate.model.errors import CannotTraceError, TrapgateError
from trapgate.model.record import HEADER, Kind, Op, Phase, Plan, Record, What, parse_record

if TYPE_CHECKING:
    from trapgate.sources.bpf_count import BpfCount

__all__ = ("Counter", "open_counter")

LOOK_AGAIN = 0.005
"""Seconds between two looks at whether the program has ended."""

EXECVE = (1 << 16 | 59, 2 << 16 | 11, 3 << 16 | 520, 4 << 16 | 221)
"""Keys of the plans of execve: x86_64, i386, x32, aarch64. Source: the kernel's tables."""
EXECVE_PLAN = Plan((Op(Phase.ENTRY, What.STRING, 0, max=4096),), n_args=3).pack()
"""The path, which names the process when it cannot be asked any more."""


class Flag(Protocol):
    """Something that becomes true when the user wants to end."""

    def __bool__(self) -> bool: ...


class Counter:
    """Counts calls; what both ways have in common."""

    name = ""
    losses: Mapping[str, int] = {}

    def __init__(self) -> None:
        self.child = 0
        self.status: int | None = None

    @property
    def lost(self) -> int:
        """Calls that could not be counted."""
        return sum(self.losses.values())

    def spawn(self, path: bytes, argv: Sequence[bytes], env: Sequence[bytes]) -> None:
        """Run a program and count its calls, from its execve on."""
        raise NotImplementedError

    def attach(self, pid: int) -> None:
        """Count the calls of a running process, all its threads."""
        raise NotImplementedError

    def attach_all(self) -> None:
        """Count the calls of everybody."""
        raise NotImplementedError

    def attach_cgroup(self, path: str) -> None:
        """Count the calls of everybody in a cgroup."""
        raise NotImplementedError

    def wait(self, deadline: float | None, interrupted: Flag) -> None:
        """Count until nobody counted is left, `deadline` (of time.monotonic), or the user wants to end."""
        raise NotImplementedError

    def read(self) -> list[CallCount]:
        """The rows, in no order."""
        raise NotImplementedError

    def finish(self, interrupted: Flag) -> int:
        """Let the spawned program end; its status as a shell gives it."""
        raise NotImplementedError

    def close(self) -> None:
        """Stop counting; programs go on."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def as_shell_status(status: int) -> int:
    """A wait status as a shell's $?: 128 + n when signal n ended the program."""
    return 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


class KernelCounter(Counter):
    """The kernel counts."""

    name = "bpf"

    def __init__(self, programs: BpfCount) -> None:
        super().__init__()
        self._programs = programs
        self._forever = False

    @property
    def losses(self) -> Mapping[str, int]:  # type: ignore[override]
        return self._programs.losses

    def spawn(self, path: bytes, argv: Sequence[bytes], env: Sequence[bytes]) -> None:
        self.child = self._programs.spawn(path, argv, env)
        if self._programs.exec_error():
            os.waitpid(self.child, 0)
            raise TrapgateError(
                f"run '{os.fsdecode(path)}'", os.strerror(self._programs.exec_error()), "give another program"
            )

    def attach(self, pid: int) -> None:
        self._programs.attach(pid)

    def attach_all(self) -> None:
        self._programs.attach_all()
        self._forever = True

    def attach_cgroup(self, path: str) -> None:
        self._programs.attach_cgroup(path)
        self._forever = True

    def wait(self, deadline: float | None, interrupted: Flag) -> None:
        while (self._forever or self._programs.live) and not (interrupted and not self.child):
            left = LOOK_AGAIN if deadline is None else deadline - time.monotonic()
            if left <= 0:
                break
            time.sleep(min(left, LOOK_AGAIN))

    def read(self) -> list[CallCount]:
        return self._programs.read()

    def finish(self, interrupted: Flag) -> int:
        self._programs.object.detach()
        return as_shell_status(os.waitpid(self.child, 0)[1])

    def close(self) -> None:
        self._programs.close()


class RecordCounter(Counter):
    """Records of the ptrace source are counted, one by one."""

    name = "ptrace"

    def __init__(self, by: str, follow: bool) -> None:
        super().__init__()
        from trapgate.sources.ptrace import Ptrace

        plan = dict.fromkeys(EXECVE, EXECVE_PLAN) if by == "comm" else None
        self._source = Ptrace(follow=follow, plan=plan)
        self._follow = follow
        self._by = by
        self._rows: dict[tuple[int, int, int | str | None], CallCount] = {}
        self._groups: dict[int, str] = {}
        self._over = False

    def spawn(self, path: bytes, argv: Sequence[bytes], env: Sequence[bytes]) -> None:
        self.child = self._source.spawn(path, list(argv), list(env))
        if self._by == "cgroup":
            self._find_group(self.child)

    def attach(self, pid: int) -> None:
        from trapgate.sources.ptrace import AttachError, cannot_attach

        try:
            self._source.attach(pid, self._follow)
        except AttachError as error:
            raise cannot_attach(error) from None

    def wait(self, deadline: float | None, interrupted: Flag) -> None:
        while not self._over and not (interrupted and not self.child):
            left = 100 if deadline is None else int((deadline - time.monotonic()) * 1000)
            if left <= 0:
                break
            self._take(min(left, 100))

    def _take(self, timeout_ms: int) -> None:
        batch = self._source.run(timeout_ms)
        if batch is None:
            self._over = True
        else:
            self._count(batch)

    def _count(self, batch: bytes | memoryview) -> None:
        at, end = 0, len(batch)
        while at < end:
            size, kind, abi, pieces, _, duration, pid, tid, _, _, nr, arg0, *_, result = HEADER.unpack_from(batch, at)
            at += size
            if kind == Kind.CALL:
                if pieces and result == 0:
                    self._groups[pid] = _parse_comm(parse_record(batch, at - size)[0])
                self._row(abi, nr, pid, result).add(result, duration)
            elif kind == Kind.ENTER:
                self._row(abi, nr, pid, 0).unfinished += 1
            elif kind == Kind.FORK and arg0 not in self._groups and self._by in ("comm", "cgroup"):
                self._groups[arg0] = self._find_group(pid)  # inherited; the child may be gone when we look
            elif kind == Kind.TASK_EXIT and tid == self.child:
                self.status = nr

    def _row(self, abi: int, nr: int, pid: int, result: int) -> CallCount:
        key = abi, nr, self._group(pid, result)
        row = self._rows.get(key)
        if row is None:
            row = self._rows[key] = CallCount(*key)
        return row

    def _group(self, pid: int, result: int) -> int | str | None:
        if self._by == "call":
            return None
        if self._by == "pid":
            return pid
        if self._by == "error":
            return -result if -4095 <= result < 0 else 0
        return self._find_group(pid)

    def _find_group(self, pid: int) -> str:
        if pid not in self._groups:
            self._groups[pid] = _read_comm(pid) if self._by == "comm" else _read_cgroup(pid)
        return self._groups[pid]

    def read(self) -> list[CallCount]:
        return list(self._rows.values())

    def finish(self, interrupted: Flag) -> int:
        if not self._over:
            self._source.detach_all()
        while not self._over and self.status is None:
            self._take(100)
        if self.status is not None:
            return as_shell_status(self.status)
        return as_shell_status(os.waitpid(self.child, 0)[1])

    def close(self) -> None:
        if not self._over:
            self._source.detach_all()
        self._source.close()


def _parse_comm(record: Record) -> str:
    """The name that the kernel gives a process which executed the path of `record`."""
    path = record.pieces[0].data.rstrip(b"\0")
    return path.rpartition(b"/")[2][:15].decode("utf-8", "backslashreplace")


def _read_comm(pid: int) -> str:
    try:
        with open(f"/proc/{pid}/comm", encoding="utf-8", errors="backslashreplace") as file:
            return file.read().rstrip("\n")
    except OSError:
        return "?"


def _read_cgroup(pid: int) -> str:
    """The cgroup's path, in the hierarchy of version 2."""
    try:
        with open(f"/proc/{pid}/cgroup", encoding="utf-8", errors="backslashreplace") as file:
            return next((line[3:].rstrip("\n") for line in file if line.startswith("0::")), "?")
    except OSError:
        return "?"


def open_counter(source: str, by: str, follow: bool, system_wide: bool) -> Counter:
    """The best counter that may be used: bpf, or ptrace if `source` allows it and it can do what is asked.

    Raises CannotTraceError: none can.
    """
    if source == "ptrace" and system_wide:
        raise CannotTraceError("count", "ptrace cannot watch a whole system or cgroup", "use --source bpf")
    if source != "ptrace":
        from trapgate.sources.bpf_count import BpfCount

        try:
            return KernelCounter(BpfCount(by=by, follow=follow))
        except CannotTraceError:
            if source == "bpf" or system_wide:
                raise
    return RecordCounter(by, follow)
