# SPDX-License-Identifier: BSD-2-Clause
"""What threads synchronise by: futexes, robust lists, restartable sequences, membarrier.

Source: futex(2), rseq(2), membarrier(2), get_robust_list(2); ``include/uapi/linux/futex.h``,
``include/uapi/linux/rseq.h``; Documentation/userspace-api/futex2.rst.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from trapgate.calls.call import Call, Options
from trapgate.calls.describe import Yield, call, decoder
from trapgate.calls.memory import Array, In, Indirect, Out, Struct, View
from trapgate.calls.structs_time import ClockId, Timespec, Timespec64
from trapgate.calls.tables import load
from trapgate.calls.types import (
    U8,
    U32,
    X8,
    X16,
    X32,
    X64,
    Addr,
    Addr64,
    Enum,
    Flags,
    HexKLong,
    Int,
    KULong,
    Named,
    OnlyIf,
    Scalar,
    Tid,
    Type,
    UInt,
    ULong,
    format_int,
    format_noted_flags,
    split_flags,
    styled,
    truncate,
)
from trapgate.calls.variants import At, Case, Choice, case, decode_case
from trapgate.model.abi import Abi
from trapgate.model.values import MORE, AnyValue, Joined, List, Symbol, remark

if TYPE_CHECKING:
    from trapgate.calls.plan import Planner

# --- futex, which is many calls -------------------------------------------------------------

COMMAND = 0x7F
"""The bits of an operation that are not FUTEX_PRIVATE_FLAG and its like."""
OPARG_SHIFT = 8

AnyBits = Enum("futexbitset", unknown="")
AnyBitsLong = Enum("futexbitset", unknown="", size="kernel")


class WakeOperation(Scalar):
    """FUTEX_WAKE_OP's last argument: an operation, its operand, a comparison, its operand."""

    def __init__(self) -> None:
        super().__init__(4, "x")

    def decode(self, c: Call, word: int) -> AnyValue | None:
        value = self.number(c, word)
        operation, compare = value >> 28, value >> 24 & 0xF
        parts = []
        if operation & OPARG_SHIFT:
            parts.append(styled(c.style, hex(OPARG_SHIFT), "FUTEX_OP_OPARG_SHIFT", None).text + "<<28")
        parts.append(self._shifted(c, "futexwakeops", operation & 7, 28))
        parts.append(f"{format_int(value >> 12 & 0xFFF, 'x')}<<12")
        parts.append(self._shifted(c, "futexwakecmps", compare, 24))
        parts.append(format_int(value & 0xFFF, "x"))
        return Symbol("|".join(parts), value)

    def _shifted(self, c: Call, table: str, number: int, shift: int) -> str:
        known = number in load(table).by_value
        text = f"{Enum(table, unknown='').value(c, number).text}<<{shift}"
        return text if known else text + remark(load(table).unknown).text


class FutexChoice(Choice):
    """Finds the case by the second argument, without its flags."""

    def key(self, c: Call) -> int:
        return c.u32(1) & COMMAND


FutexOperation = Enum("futexops")


def _futex_cases(time: Type) -> tuple[dict[str, Case], Case]:
    """The arguments of every operation, and of those without a name."""
    timeout = In(time)
    cases = {
        "FUTEX_WAIT": case(first=2, val=UInt, timeout=timeout),
        "FUTEX_LOCK_PI FUTEX_LOCK_PI2": case(first=3, timeout=timeout),
        "FUTEX_WAIT_BITSET": case(first=2, val=UInt, timeout=timeout, val3=At(5, AnyBits)),
        "FUTEX_WAKE_BITSET": case(first=2, val=UInt, val3=At(5, AnyBits)),
        "FUTEX_REQUEUE": case(first=2, val=UInt, val2=UInt, uaddr2=Addr),
        "FUTEX_CMP_REQUEUE FUTEX_CMP_REQUEUE_PI": case(first=2, val=UInt, val2=UInt, uaddr2=Addr, val3=UInt),
        "FUTEX_WAKE_OP": case(first=2, val=UInt, val2=UInt, uaddr2=Addr, val3=WakeOperation()),
        "FUTEX_WAIT_REQUEUE_PI": case(first=2, val=UInt, timeout=timeout, uaddr2=Addr),
        "FUTEX_FD FUTEX_WAKE": case(first=2, val=UInt),
        "FUTEX_UNLOCK_PI FUTEX_TRYLOCK_PI": case(),
    }
    return cases, case(first=2, val=UInt, timeout=Addr, uaddr2=Addr, val3=X32)


def _describe_futex(name: str, time: Type, abis: str) -> None:
    choice = FutexChoice(FutexOperation, *_futex_cases(time))

    @decoder(
        name,
        uaddr=Addr,
        futex_op=FutexOperation,
        val=UInt,
        timeout=In(time),
        uaddr2=Addr,
        val3=UInt,
        abis=abis,
        plannable=True,
    )
    def futex(c: Call) -> Iterator[Yield]:
        """The second argument decides which of the others there are."""
        yield "uaddr", Addr.value(c, c.args[0])
        yield "futex_op", FutexOperation.value(c, c.args[1])
        yield from decode_case(c, choice.of(c), 6)


_describe_futex("futex", Timespec, "x86_64 x32 i386 aarch64")
_describe_futex("futex_time64", Timespec64, "i386")

# --- futexes of any size --------------------------------------------------------------------


class Futex2Flags(Named):
    """The size of a futex and flags: ``FUTEX2_SIZE_U32|FUTEX2_PRIVATE``."""

    SIZE = 3

    def __init__(self) -> None:
        super().__init__("futex2_sizes")

    def show(self, value: int, style: str, abi: Abi) -> AnyValue:
        names, rest = [load("futex2_sizes").by_value[value & self.SIZE]], value & ~self.SIZE
        if rest:
            flags, rest = split_flags(rest, [load("futex2_flags")])
            names += flags + ([format_int(rest, "x")] if rest else [])
        return styled(style, format_int(value, "x"), "|".join(names), names)


WAITV_MAX = 128
FutexFlags = Futex2Flags()


def _show_waiter(view: View) -> list[tuple[str | None, AnyValue]]:
    fields = view.fields("val", "uaddr", "flags")
    return fields + (view.fields("__reserved") if view.bytes_of("__reserved") != bytes(4) else [])


Waiter = Struct("struct futex_waitv", show=_show_waiter, val=X64, uaddr=Addr64, flags=FutexFlags, __reserved=X32)


class Waiters(Array):
    """Waiters, of which the kernel looks at no more than 128."""

    def elements(self, c: Call, addr: int, count: int) -> AnyValue:
        shown = super().elements(c, addr, min(count, WAITV_MAX + 1))
        if isinstance(shown, List) and len(shown.items) > WAITV_MAX and shown.items[-1] is not MORE:
            return List([*shown.items[:WAITV_MAX], MORE])
        return shown


HEADERS = {
    "struct futex_waitv": "linux/futex.h",
    "struct rseq_cs": "linux/rseq.h",
    "struct rseq": "linux/rseq.h",
    "struct rseq_slice_ctrl": "",
}

call(
    "futex_waitv",
    waiters=In(Waiters(Waiter, "nr_futexes")),
    nr_futexes=UInt,
    flags=X32,
    timeout=In(Timespec64),
    clockid=ClockId,
)
call("futex_wake", uaddr=Addr, mask=AnyBitsLong, nr=Int, flags=FutexFlags)
call(
    "futex_wait",
    uaddr=Addr,
    val=KULong,
    mask=AnyBitsLong,
    flags=FutexFlags,
    timeout=In(Timespec64),
    clockid=ClockId,
)
call("futex_requeue", waiters=In(Waiters(Waiter, 2)), flags=X32, nr_wake=Int, nr_requeue=Int)

# --- robust lists ---------------------------------------------------------------------------

call("set_robust_list", head=Addr, len=KULong)
call("get_robust_list", pid=Tid, head_ptr=Out(Indirect(Addr)), len_ptr=Out(Indirect(ULong)))

# --- restartable sequences ------------------------------------------------------------------

LEAST = 32
"""The size and the alignment of the first ``struct rseq``; the kernel takes nothing less."""


class CpuId(Scalar):
    """The CPU a thread is on; two of the values say that there is no such number."""

    SPECIAL = {0xFFFFFFFF: ("-1", "RSEQ_CPU_ID_UNINITIALIZED"), 0xFFFFFFFE: ("-2", "RSEQ_CPU_ID_REGISTRATION_FAILED")}

    def __init__(self) -> None:
        super().__init__(4, "u")

    def decode(self, c: Call, word: int) -> AnyValue | None:
        number, name = self.SPECIAL.get(self.number(c, word), ("", ""))
        return styled(c.style, number, name, name) if name else super().decode(c, word)


RestartFlags = Flags("rseq_cs_flags")
CriticalSection = Struct(
    "struct rseq_cs", version=U32, flags=RestartFlags, start_ip=X64, post_commit_offset=X64, abort_ip=X64
)


class CriticalSectionPointer(Scalar):
    """The address of the critical section a thread is in, in 64 bits of which 32-bit programs use half."""

    def __init__(self) -> None:
        super().__init__(8, "x")

    def decode(self, c: Call, word: int) -> AnyValue | None:
        raw = self.number(c, word)
        addr = truncate(raw, c.abi.word, False)
        data = c.fetch(addr, CriticalSection.size(c.abi))
        if data is None:
            return c.address(raw)
        return Joined(CriticalSection.load(c, data, 0), remark(hex(addr)))


SliceControl = Struct(
    "struct rseq_slice_ctrl",
    show=lambda view: view.fields("request", "granted", "__reserved"),
    request=U8,
    granted=U8,
    __reserved=X16,
)
SHOWN = ("cpu_id_start", "cpu_id", "rseq_cs", "flags", "node_id", "mm_cid", "slice_ctrl", "__reserved")
Sequence = Struct(
    "struct rseq",
    show=lambda view: view.fields(*SHOWN),
    cpu_id_start=CpuId(),
    cpu_id=CpuId(),
    rseq_cs=CriticalSectionPointer(),
    flags=RestartFlags,
    node_id=U32,
    mm_cid=U32,
    slice_ctrl=SliceControl,
    __reserved=X8,
    size_of=64,
)


class Registration(Type):
    """A ``struct rseq`` of ``rseq_len`` bytes, of which later kernels know more members."""

    def at(self, c: Call, addr: int) -> AnyValue:
        given, known = truncate(c.word("rseq_len"), 4, False), Sequence.size(c.abi)
        data = c.fetch(addr, min(given, known)) if given >= LEAST and not addr % LEAST else None
        return c.address(addr) if data is None else Sequence.load(c, data.ljust(known, b"\0"), 0)

    def plan(self, p: Planner) -> None:
        p.bytes("rseq_len", limit=Sequence.size(p.abi))
        p.roughly()


call("rseq", rseq=In(Registration()), rseq_len=UInt, flags=Flags("rseq_flags"), sig=X32)
call("rseq_slice_yield")

# --- membarrier -----------------------------------------------------------------------------


class Barriers(Scalar):
    """What a query returns: the commands the kernel knows, with their names behind them."""

    def __init__(self) -> None:
        super().__init__("kernel", "d", True)

    def is_pure(self, options: Options) -> bool:
        return False

    def decode(self, c: Call, word: int) -> AnyValue | None:
        if c.u32(0) or not self.number(c, word):
            return super().decode(c, word)
        c.note = format_noted_flags(word, c.style, [load("membarrier_cmds")])
        return HexKLong.decode(c, word)


def _names_cpu(c: Call) -> bool:
    return bool(c.u32(1) & load("membarrier_flags").by_name["MEMBARRIER_CMD_FLAG_CPU"])


call(
    "membarrier",
    cmd=Enum("membarrier_cmds"),
    flags=Flags("membarrier_flags"),
    cpu_id=OnlyIf(_names_cpu, Int),
    returns=Barriers(),
)
