# SPDX-License-Identifier: BSD-2-Clause
"""The bpf source: programs in the kernel send a record of each call, and nothing stops the program.

`Bpf(plan=…)` loads them; `spawn` or `attach*` say who is traced; `run` gives batches of records (see
`core/record.h`) in the order in which things ended. Children are followed from their first instruction,
this process is never traced, and what could not be kept is counted (`lost`) and is a record too.
Everything in the kernel goes when this process ends, however it ends.
"""

from __future__ import annotations

import mmap
import os
import platform
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from trapgate.model.errors import CannotTraceError, TrapgateError
from trapgate.model.record import OP, PLAN, PLAN_OPS, Phase, Plan

if TYPE_CHECKING:
    from trapgate._core import BpfReader
    from trapgate.sources.libbpf import BpfObject

__all__ = ("LOSSES", "Bpf", "BpfPrograms", "Config")

OBJECTS = Path(__file__).parent.parent / "core" / "bpf"
EXECVE = {"x86_64": 59, "aarch64": 221}
"""The number of execve(2) in this process's own ABI, by `uname -m`: where a spawned program begins."""

LOSSES = {
    1: "calls: the ring was full",
    2: "signals, forks, execs or exits: the ring was full",
    3: "calls: the CPU's scratch memory was in use",
    4: "tasks: no room to follow them",
    5: "calls: no room for another row of the table",
}
"""What `arg[0]` of a lost record means (`enum tg_loss`)."""

RING_BYTES = 16 << 20
"""Default size of each CPU's ring: at 10⁶ calls a second it fills in 100 ms, and the reader looks every 1 to 8 ms."""
MOST_RING_BYTES = 1 << 30
ALL_RINGS_BYTES = 256 << 20
"""Default bound of all rings together, which many CPUs share."""
BACKLOG_BYTES = 1 << 30
"""How much may wait for `run` to be called again before the rings fill."""

TASKS = 16384
"""Default room for traced threads: a kilobyte each."""

ABIS, NUMBERS, WAYS = 8, 1024, 4
STATE = struct.Struct("=9Q II 48x IiIIQ")
CONFIG_HEAD = struct.Struct("=BBBxIII")
ATTACH_HOW_AT = 8 * 16
SELF, PROCESS, THREAD, SPAWNED = 1, 2, 3, 4
RINGBUF = 27
"""BPF_MAP_TYPE_RINGBUF. Source: include/uapi/linux/bpf.h."""


class Config:
    """The bytes of `struct tg_bpf_config`: constants of the programs, fixed when they are loaded."""

    def __init__(self, wanted: Mapping[int, bytes] | None, follow: bool, tasks: int, count_by: int = 0) -> None:
        self.tasks = 1 << min(max(tasks - 1, 0).bit_length(), 16)
        execve = EXECVE.get(platform.machine(), 0)
        self.head = CONFIG_HEAD.pack(follow, wanted is not None, count_by, execve, self.tasks - 1, 0)
        self.wanted = _pack_wanted(wanted or {})
        self.plan_index = bytearray(2 * ABIS * NUMBERS)

    def set_plan(self, abi: int, nr: int, index: int) -> None:
        """Say which entry of map `plans` call `nr` of `abi` uses."""
        if abi < ABIS and nr < NUMBERS:
            struct.pack_into("=H", self.plan_index, 2 * (abi * NUMBERS + nr), index)

    def pack(self) -> bytes:
        """The structure."""
        return self.head + self.wanted + bytes(self.plan_index)


def _pack_wanted(wanted: Mapping[int, bytes]) -> bytes:
    """A row of bits per ABI; row 0, which no ABI has, is the union of all.

    The last number is never wanted: -1 falls on it, which the registers hold when a call's number is gone.
    """
    size = NUMBERS // 8
    last = (1 << NUMBERS - 1) - 1
    rows = [
        (int.from_bytes(wanted.get(abi, b"")[:size], "little") & last).to_bytes(size, "little") for abi in range(ABIS)
    ]
    union = 0
    for row in rows:
        union |= int.from_bytes(row, "little")
    rows[0] = union.to_bytes(size, "little")
    return b"".join(rows)


class BpfPrograms:
    """Programs of one object file that follow tasks: what tracing and counting share."""

    programs: Sequence[str] = ()

    def __init__(self, name: str) -> None:
        self.object: BpfObject = _open_object(OBJECTS / f"{name}.bpf.o")
        self._state: mmap.mmap | None = None
        self._cgroup = -1
        self.child: int | None = None
        self._exec_error = 0
        self.others: set[int] = set()
        """Children of this process that are not for `take_strays` to collect."""

    def load(self, config: Config) -> None:
        """Put the programs into the kernel and start them; nobody is traced yet."""
        try:
            self.object.set_data(".rodata.config", config.pack())
            self.object.resize("tasks", config.tasks + WAYS)
            self.object.load()
            if self.object.value_bytes(".bss") != STATE.size:
                raise ValueError("the BPF program and this module disagree about struct tg_bpf_state")
            self._state = mmap.mmap(self.object.fd(".bss"), mmap.PAGESIZE)
            self._mark(SELF, 0)
            for program in self.programs:
                self.object.attach(program)
        except OSError as error:
            self.object.close()
            raise explain(error) from None

    def _mark(self, how: int, number: int) -> int:
        """Let the task iterator mark thread or process `number`; how many threads it found."""
        assert self._state is not None
        struct.pack_into("=Ii", self._state, ATTACH_HOW_AT, how, number)
        struct.pack_into("=I", self._state, 8 * 9 + 4, 0)
        self.object.iterate("attach")
        return int(struct.unpack_from("=I", self._state, 8 * 9 + 4)[0])

    def spawn(
        self,
        path: bytes,
        argv: Sequence[bytes],
        env: Sequence[bytes],
        *,
        uid: int | None = None,
        gid: int | None = None,
        groups: Sequence[int] | None = None,
    ) -> int:
        """The pid of a new process that runs `path`, traced from its execve on.

        If the execve fails, `exec_error()` is its errno and the process exits with status 1.
        """
        from trapgate._core import fork_at_gate

        who = (-1 if uid is None else uid, -1 if gid is None else gid, tuple(groups or ()))
        pid, gate, report = fork_at_gate(path, tuple(argv), tuple(env), *who)
        self.child = pid
        try:
            self._mark(SPAWNED, pid)
            os.write(gate, b"\0")
            answer = os.read(report, 4)  # empty: the pipe closed itself at execve
        except OSError as error:
            raise explain(error) from None
        finally:
            os.close(gate)
            os.close(report)
        self._exec_error = int.from_bytes(answer, "little")
        return int(pid)

    def exec_error(self) -> int:
        """errno of the spawned program's execve, if it failed; else 0."""
        return self._exec_error

    def attach(self, pid: int, threads: bool = True) -> list[int]:
        """Trace the process that `pid` is a thread of, or that thread alone; the ids of the traced threads."""
        from trapgate.sources.ptrace import read_status

        if threads:
            pid = int(read_status(pid).get("Tgid", pid))
        if self._mark(PROCESS if threads else THREAD, pid) == 0:
            raise TrapgateError(f"attach to process {pid}", _find_cause(pid), "ps lists the processes")
        if not threads:
            return [pid]
        self._mark(PROCESS, pid)  # threads made meanwhile by threads that were not yet traced
        try:
            return sorted(int(name) for name in os.listdir(f"/proc/{pid}/task"))
        except FileNotFoundError:
            return [pid]

    def attach_cgroup(self, path: str) -> None:
        """Trace whoever makes a call in the cgroup (version 2) of folder `path`, or below it."""
        if not os.path.isfile(os.path.join(path, "cgroup.procs")):
            raise TrapgateError(f"trace cgroup '{path}'", "it is no folder of a cgroup", "try one below /sys/fs/cgroup")
        self._cgroup = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            self.object.update("cgroups", bytes(4), struct.pack("=i", self._cgroup))
        except OSError:
            raise TrapgateError(
                f"trace cgroup '{path}'", "it is not of cgroup version 2", "find its like where 'mount -t cgroup2' says"
            ) from None
        self._trace_everything(in_cgroup=True)

    def attach_all(self) -> None:
        """Trace every process of the system but this one."""
        self._trace_everything(in_cgroup=False)

    def _trace_everything(self, in_cgroup: bool) -> None:
        assert self._state is not None
        struct.pack_into("=I", self._state, ATTACH_HOW_AT + 12, in_cgroup)
        struct.pack_into("=I", self._state, ATTACH_HOW_AT + 8, 1)

    @property
    def losses(self) -> dict[str, int]:
        """How many events could not be kept, by cause."""
        if self._state is None:
            return {}
        counts = struct.unpack_from("=8Q", self._state, 8)
        return {LOSSES.get(why, "other"): count for why, count in enumerate(counts) if count}

    @property
    def lost(self) -> int:
        """How many events could not be kept."""
        return sum(self.losses.values())

    @property
    def live(self) -> int:
        """How many traced threads have not ended."""
        return 0 if self._state is None else int(struct.unpack_from("=Q", self._state, 0)[0])

    def reap(self) -> None:
        """Collect the status of the spawned process if it has ended."""
        if self.child is not None:
            try:
                if os.waitpid(self.child, os.WNOHANG)[0]:
                    self.child = None
            except ChildProcessError:
                self.child = None

    def take_strays(self) -> list[tuple[int, int]]:
        """(pid, wait status) of other children of this process that have ended: the program may make some for us.

        A program that was made with CLONE_PARENT is our child, and may be waited for until we have collected it.
        Ends at the first child that somebody else in this process started.
        """
        found: list[tuple[int, int]] = []
        while True:
            try:
                ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                return found
            if ended is None or ended.si_pid in self.others:
                return found
            if ended.si_pid == self.child:
                self.reap()
            else:
                found.append(os.waitpid(ended.si_pid, 0))

    def close(self) -> None:
        """Take everything out of the kernel; traced programs go on."""
        self.object.close()
        if self._cgroup >= 0:
            os.close(self._cgroup)
            self._cgroup = -1
        self.reap()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Bpf(BpfPrograms):
    """The source of records.

    `plan` and `subplan` are packed plans by `abi << 16 | nr` and by `key2` (see record.h); `wanted`, if given,
    has a bit per call and ABI, and other calls leave no record. `ring_bytes` is the size of each CPU's ring
    (rounded up to a power of two). `follow` traces children too. `tasks` is how many threads, about, may be
    traced at a time; those that find no place are counted as lost.

    Raises CannotTraceError: libbpf, BTF or a capability is missing, or the kernel refuses the programs.
    """

    programs = (
        "sched_process_fork",
        "sched_process_exec",
        "sched_process_exit",
        "signal_generate",
        "signal_deliver",
        "sys_exit",
        "sys_enter",
    )

    def __init__(
        self,
        *,
        plan: Mapping[int, bytes],
        subplan: Mapping[int, bytes] | None = None,
        wanted: Mapping[int, bytes] | None = None,
        ring_bytes: int | None = None,
        backlog_bytes: int = BACKLOG_BYTES,
        follow: bool = True,
        tasks: int = TASKS,
    ) -> None:
        from trapgate.sources.libbpf import cpu_count

        super().__init__("trace")
        self._rings: list[int] = []
        self._reader: BpfReader | None = None
        self._finite = True
        self._backlog_bytes = backlog_bytes
        cpus = cpu_count()
        self.ring_bytes = choose_ring_bytes(ring_bytes, cpus)
        config = Config(wanted, follow, tasks)
        self._places = config.tasks + WAYS
        plans, subplans = index_plans(plan, subplan or {}, config)
        self.object.resize("plans", len(plans))
        self.object.resize("subplans", max(len(subplans), 1))
        self.object.resize("scratches", cpus)
        self.object.resize("rings", cpus)
        self.load(config)
        try:
            self.object.update_all("plans", {struct.pack("=I", i): plan for i, plan in enumerate(plans)})
            self.object.update_all("subplans", subplans)
            self._make_rings(cpus)
        except OSError as error:
            self.close()
            raise explain(error) from None

    def _make_rings(self, cpus: int) -> None:
        """A ring for each CPU: a shared one costs twice as much when two are busy."""
        for cpu in range(cpus):
            self._rings.append(self.object.make_map(RINGBUF, f"trapgate_{cpu}", 0, 0, self.ring_bytes))
            self.object.update("rings", struct.pack("=I", cpu), struct.pack("=i", self._rings[-1]))

    def _trace_everything(self, in_cgroup: bool) -> None:
        self._finite = False
        super()._trace_everything(in_cgroup)

    def start(self) -> None:
        """Begin to empty the rings, in a thread of its own that has the present priority; else `run` does."""
        if self._reader is None:
            self._reader = self._make_reader()
            self._reader.start()

    def run(self, timeout_ms: int = -1) -> bytes | None:
        """A batch of whole records; b"" if none came in time; None when no traced task is left."""
        self.start()
        assert self._reader is not None
        batch = self._reader.read(timeout_ms)
        if batch is None:
            self.reap()
        return batch

    def _make_reader(self) -> BpfReader:
        from trapgate._core import BpfReader

        state = self.object.fd(".bss"), mmap.PAGESIZE
        # of a whole system's sleepers nobody wants to hear
        tasks = (self.object.fd("tasks") if self._finite else -1), self._places
        return BpfReader(tuple(self._rings), self.ring_bytes, *state, self._backlog_bytes, self._finite, *tasks)

    def detach_all(self) -> None:
        """Trace nobody any more; `run` gives what is left, then None."""
        self.object.detach()
        if self._reader is None:
            self._reader = self._make_reader()
        self._reader.stop()

    def close(self) -> None:
        """Stop reading and take everything out of the kernel; traced programs go on."""
        if self._reader is not None:
            self._reader.stop()
        super().close()
        while self._rings:
            os.close(self._rings.pop())


def choose_ring_bytes(asked: int | None, cpus: int) -> int:
    """The size of each ring: what was asked for, or the default, as the kernel wants it (a power of two of pages).

    Raises TrapgateError: no ring can be so large.

    >>> choose_ring_bytes(None, 2) >> 20, choose_ring_bytes(None, 256) >> 20, choose_ring_bytes(5000, 2)
    (16, 1, 8192)
    """
    if asked is not None and asked > MOST_RING_BYTES:
        raise TrapgateError(
            f"make a ring of {asked >> 20} MiB",
            "the kernel's are at most 1024 MiB",
            "give --ring-size less",
            exit_code=2,
        )
    size = asked if asked is not None else min(RING_BYTES, ALL_RINGS_BYTES // cpus)
    return max(mmap.PAGESIZE, 1 << max(size - 1, 0).bit_length())


def index_plans(
    plan: Mapping[int, bytes], subplan: Mapping[int, bytes], config: Config
) -> tuple[list[bytes], dict[bytes, bytes]]:
    """The distinct plans, the first of which copies nothing, and for each key of `subplan` its index.

    The index of each call's plan goes into `config`.
    """
    nothing = Plan().pack()
    index = {nothing: 0}
    for key, packed in plan.items():
        config.set_plan(key >> 16, key & 0xFFFF, index.setdefault(packed, len(index)))
    subplans = {
        struct.pack("=Q", key): struct.pack("=I", index.setdefault(packed, len(index)))
        for key, packed in subplan.items()
    }
    return [_with_ops(packed) for packed in index], subplans


def _with_ops(packed: bytes) -> bytes:
    """A plan whose reserved word says which operations run at entry (low half) and at exit (high half)."""
    count, selector, flags, arguments, _ = PLAN.unpack_from(packed)
    if count > PLAN_OPS or len(packed) != PLAN.size + PLAN_OPS * OP.size:
        raise ValueError("a plan of an impossible size")
    ops = 0
    for i in range(count):
        ops |= 1 << i + (16 if packed[PLAN.size + i * OP.size] == Phase.EXIT else 0)
    return PLAN.pack(count, selector, flags, arguments, ops) + packed[PLAN.size :]


def _open_object(path: Path) -> BpfObject:
    """The object file at `path`, through libbpf."""
    try:
        image = path.read_bytes()
    except OSError as error:
        raise CannotTraceError(
            f"read '{path}'",
            error.strerror or "it cannot be read",
            "install trapgate again: its BPF programs are missing",
        ) from None
    try:
        from trapgate.sources.libbpf import BpfObject

        return BpfObject(image)
    except OSError as error:
        if error.errno is None:
            raise CannotTraceError(
                "bpf source", "libbpf.so.1 is not installed", "apt install libbpf1, or use --source ptrace"
            ) from None
        raise explain(error) from None


def _find_cause(pid: int) -> str:
    """Why the task iterator did not find `pid`."""
    from trapgate.sources.ptrace import read_status

    status = read_status(pid)
    if not status:
        return "there is no such process"
    if int(status["Tgid"]) == os.getpid():
        return "that is trapgate itself"
    if status["State"].startswith(("Z", "X")):
        return "it has ended and is a zombie"
    return "the kernel does not show it to BPF programs"


def explain(error: OSError) -> CannotTraceError:
    """What is missing on this machine for what failed, as far as it can be found out."""
    from trapgate.sources.abilities import check_source

    for check in check_source("bpf").checks:
        if not check.ok:
            return CannotTraceError("bpf source", f"{check.need}: {check.found}", check.remedy)
    from trapgate.sources.libbpf import messages

    said = [line.strip() for message in messages for line in message.splitlines() if line.strip()]
    why = f"{error.filename}: {error.strerror}"
    return CannotTraceError("bpf source", f"{why} ({said[-2]})" if len(said) > 1 else why, "use --source ptrace")
