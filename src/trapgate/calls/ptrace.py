# SPDX-License-Identifier: BSD-2-Clause
"""ptrace: every request, with registers, signals, filters and what stopped a call.

Source: ptrace(2); ``include/uapi/linux/ptrace.h``, ``arch/x86/include/uapi/asm/ptrace-abi.h``; sys/user.h
for ``struct user``, whose offsets PTRACE_PEEKUSER takes.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from typing import TYPE_CHECKING

from trapgate.calls.call import Call
from trapgate.calls.describe import EXIT, Yield, decoder
from trapgate.calls.errnames import ErrorNumber
from trapgate.calls.extensible import UNAVAILABLE
from trapgate.calls.memory import RESULT, Array, Fixed, In, Indirect, Out, Struct
from trapgate.calls.siginfo import SIGINFO
from trapgate.calls.structs_filter import Program, show_seccomp_operand
from trapgate.calls.structs_signal import Signal, SignalSet
from trapgate.calls.structs_syscall import show_syscall_number
from trapgate.calls.types import (
    S64,
    U8,
    U32,
    U64,
    X8,
    X16,
    X32,
    X64,
    Addr,
    Addr64,
    Enum,
    Flags,
    KULong,
    Scalar,
    Tgid,
    Type,
    ULong,
    styled,
    truncate,
)
from trapgate.calls.variants import At, Choice, case, case_words, decode_case
from trapgate.model.abi import Abi
from trapgate.model.values import MORE, AnyValue, Change, Number
from trapgate.model.values import Struct as StructValue

if TYPE_CHECKING:
    from trapgate.calls.plan import Planner

Fields = list[tuple["str | None", AnyValue]]

# --- registers ------------------------------------------------------------------------------

_WIDE = (
    "r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip cs eflags rsp ss"
    " fs_base gs_base ds es fs gs"
)
_NARROW = "ebx ecx edx esi edi ebp eax xds xes xfs xgs orig_eax eip xcs eflags esp xss"

WideRegisters = Struct("struct user_regs_struct", **dict.fromkeys(_WIDE.split(), X64))  # type: ignore[arg-type]
NarrowRegisters = Struct("struct user_regs_struct", **dict.fromkeys(_NARROW.split(), X32))  # type: ignore[arg-type]
WideFloat = Struct(
    "struct user_fpregs_struct",
    cwd=X16,
    swd=X16,
    ftw=X16,
    fop=X16,
    rip=X64,
    rdp=X64,
    mxcsr=X32,
    mxcr_mask=X32,
    st_space=Fixed(X32, 32),
    xmm_space=Fixed(X32, 64),
    padding=Fixed(X32, 24),
)
NarrowFloat = Struct(
    "struct user_fpregs_struct", cwd=X32, swd=X32, twd=X32, fip=X32, fcs=X32, foo=X32, fos=X32, st_space=Fixed(X32, 20)
)
HEADERS = {"struct user_regs_struct": "", "struct user_fpregs_struct": ""}


class RegisterSet(Type):
    """The registers of one kind, as the ABI has them; a debugger may ask for the first of them only."""

    def __init__(self, wide: Struct, narrow: Struct) -> None:
        self.wide = wide
        self.narrow = narrow

    def struct(self, abi: Abi) -> Struct:
        """The structure in ``abi``."""
        return self.narrow if abi.name == "i386" else self.wide

    def size(self, abi: Abi) -> int:
        return self.struct(abi).size(abi)

    def at(self, c: Call, addr: int) -> AnyValue:
        return self.first(c, addr, self.size(c.abi))

    def first(self, c: Call, addr: int, size: int) -> AnyValue:
        """The registers that lie in ``size`` bytes at ``addr``."""
        known, unit = min(size, self.size(c.abi)), 4 if c.abi.name == "i386" else 8
        data = c.fetch(addr, known) if size and not size % unit else None
        if data is None:
            return c.address(addr)
        fields: Fields = []
        for name, (offset, kind) in self.struct(c.abi).layout(c.abi)[0].items():
            if offset >= known:
                break
            if isinstance(kind, Fixed):
                kind = Fixed(kind.inner, min(kind.n, (known - offset) // kind.inner.size(c.abi)))
            fields.append((name, kind.load(c, data, offset)))
        return StructValue([*fields, (None, MORE)] if size > known else fields)


General = RegisterSet(WideRegisters, NarrowRegisters)
Float = RegisterSet(WideFloat, NarrowFloat)
NT_PRSTATUS, NT_FPREGSET = 1, 2


def _show_set(c: Call, kind: int, addr: int, size: int) -> AnyValue:
    known = {NT_PRSTATUS: General, NT_FPREGSET: Float}.get(kind & 0xFFFFFFFF)
    return c.address(addr) if known is None else known.first(c, addr, size)


def _read_vector(c: Call, addr: int) -> tuple[int, int] | None:
    """The address and length in the iovec at ``addr``, which is read after failed calls too."""
    data = c.peek(addr, 2 * c.abi.word)
    if data is None:
        return None
    return int.from_bytes(data[: c.abi.word], "little"), int.from_bytes(data[c.abi.word :], "little")


def _length(before: int, after: int) -> AnyValue:
    shown = Number(str(before), before)
    return shown if before == after else Change(shown, Number(str(after), after))


def get_register_set(c: Call, addr: int) -> Iterator[Yield]:
    """PTRACE_GETREGSET's last argument: the kernel fills the buffer and says how much."""
    before = _read_vector(c, addr)
    if before is None:
        yield "data", c.address(addr)
        return
    yield EXIT
    after = _read_vector(c, addr)
    if after is None:
        yield "data", c.address(addr)
        return
    shown = _show_set(c, c.args[2], *after)
    yield "data", StructValue([("iov_base", shown), ("iov_len", _length(before[1], after[1]))])


def set_register_set(c: Call, addr: int) -> Iterator[Yield]:
    """PTRACE_SETREGSET's last argument: the kernel says how much of it it took."""
    before = _read_vector(c, addr)
    if before is None:
        yield "data", c.address(addr)
        return
    shown = _show_set(c, c.args[2], *before)
    yield EXIT
    after = _read_vector(c, addr) or before
    yield "data", StructValue([("iov_base", shown), ("iov_len", _length(before[1], after[1]))])


# --- struct user ----------------------------------------------------------------------------

WIDE_NAMES = "R15 R14 R13 R12 RBP RBX R11 R10 R9 R8 RAX RCX RDX RSI RDI ORIG_RAX RIP CS EFL RSP SS"
NARROW_NAMES = "EBX ECX EDX ESI EDI EBP EAX DS ES FS GS ORIG_EAX EIP CS EFL UESP SS"
USER_MEMBERS = (
    "u_fpvalid i387 u_tsize u_dsize u_ssize start_code start_stack signal reserved u_ar0 u_fpstate magic"
    " u_comm u_debugreg"
)
WIDE_MEMBERS = (216, 224, 736, 744, 752, 760, 768, 776, 784, 792, 800, 808, 816, 848)
NARROW_MEMBERS = (68, 72, 180, 184, 188, 192, 196, 200, 204, 208, 212, 216, 220, 252)
USER_SIZE = {8: 912, 4: 284}


def _user_offsets(unit: int, registers: str, members: tuple[int, ...]) -> list[tuple[int, str]]:
    named = [(unit * i, f"{unit}*{name}") for i, name in enumerate(registers.split())]
    named += [(at, f"offsetof(struct user, {name})") for at, name in zip(members, USER_MEMBERS.split(), strict=True)]
    return [*named, (USER_SIZE[unit], "sizeof(struct user)")]


OFFSETS = {
    8: _user_offsets(8, WIDE_NAMES, WIDE_MEMBERS),
    4: _user_offsets(4, NARROW_NAMES, NARROW_MEMBERS),
}


class UserOffset(Scalar):
    """An offset in ``struct user``: ``8*RIP``, ``offsetof(struct user, i387)+4``."""

    def __init__(self) -> None:
        super().__init__("kernel", "x")

    def decode(self, c: Call, word: int) -> AnyValue | None:
        value = self.number(c, word)
        offsets = OFFSETS[4 if c.abi.name == "i386" else 8]
        start, name = offsets[bisect_right(offsets, (value, "\x7f")) - 1]
        if value > offsets[-1][0]:
            return c.address(value)
        text = name if start == value else f"{name}+{value - start}"
        return styled(c.style, c.address(value).text, text, value)


# --- what stopped a call --------------------------------------------------------------------

ENTRY, EXITED, SECCOMP = 1, 2, 3
WORDS = Fixed(X64, 6, whole=True)
SyscallInfoHead = Struct(
    "struct ptrace_syscall_info",
    op=Enum("ptrace_syscall_info_op", unknown="PTRACE_SYSCALL_INFO_???", size=1),
    reserved=X8,
    flags=X16,
    arch=Enum("audit_arch", unknown="AUDIT_ARCH_???"),
    instruction_pointer=Addr64,
    stack_pointer=Addr64,
)
HEADERS["struct ptrace_syscall_info"] = ""  # its union is not told here
HEAD_SIZE, NUMBER_END, WHOLE_SIZE = 24, 32, 88


class SyscallInfo(Type):
    """A ``struct ptrace_syscall_info``, of which the caller has room for the first bytes only.

    ``filled``: how much is there is the result; otherwise all the room is.
    """

    def __init__(self, filled: bool) -> None:
        self.filled = filled

    def at(self, c: Call, addr: int) -> AnyValue:
        room = truncate(c.args[2], c.abi.register, False)
        size = min(room, c.result & (1 << 64) - 1 if self.filled else room, WHOLE_SIZE)
        data = c.fetch(addr, size) if size else None
        return c.address(addr) if data is None else self.show(c, data)

    def show(self, c: Call, data: bytes) -> AnyValue:
        """The members that lie in ``data``."""
        fields: Fields = []
        for name, (offset, kind) in SyscallInfoHead.layout(c.abi)[0].items():
            size = kind.size(c.abi)
            if len(data) < offset + (1 if size == 2 else size):
                return StructValue(fields)
            value = kind.raw(c, data, offset)
            if value or name not in ("reserved", "flags"):
                fields.append((name, kind.value(c, value)))
        if len(data) >= NUMBER_END:
            fields += self.details(c, data)
        return StructValue(fields)

    def details(self, c: Call, data: bytes) -> Fields:
        """The arm of the union that ``op`` names."""
        arch, op = int.from_bytes(data[4:8], "little"), data[0]
        if op == EXITED:
            return [("exit", self.exited(c, data))]
        if op not in (ENTRY, SECCOMP):
            return []
        number = int.from_bytes(data[HEAD_SIZE:NUMBER_END], "little")
        fields: Fields = [("nr", show_syscall_number(c, number, arch))]
        count = min((len(data) - NUMBER_END) // 8, 6)
        if count:
            fields.append(("args", Fixed(X64, count).load(c, data, NUMBER_END)))
        if op == SECCOMP and len(data) >= 84:
            fields.append(("ret_data", U32.load(c, data, 80)))
        return [("entry" if op == ENTRY else "seccomp", StructValue(fields))]

    def exited(self, c: Call, data: bytes) -> AnyValue:
        """The result of the call."""
        told = len(data) > NUMBER_END
        kind = ErrorNumber(negated=True, size=8) if told and data[NUMBER_END] else S64
        fields: Fields = [("rval", kind.load(c, data, HEAD_SIZE))]
        return StructValue([*fields, ("is_error", U8.load(c, data, NUMBER_END))] if told else fields)

    def plan(self, p: Planner) -> None:
        p.bytes("addr", limit=WHOLE_SIZE)


# --- filters --------------------------------------------------------------------------------

FilterFlags = Flags("seccomp_filter_flags", unknown="SECCOMP_FILTER_FLAG_???", size=8)


def get_metadata(c: Call, addr: int) -> Iterator[Yield]:
    """PTRACE_SECCOMP_GET_METADATA's last argument: which filter goes in, its flags come out."""
    room = truncate(c.args[2], c.abi.register, False)
    data = c.fetch(addr, 8) if room >= 8 else None
    if data is None:
        yield "data", c.address(addr)
        return
    yield EXIT
    fields: Fields = [("filter_off", U64.load(c, data, 0))]
    filled = c.result & (1 << 64) - 1
    if not c.error and filled > 8:
        flags = c.fetch(addr + 8, 8) if filled >= 16 else None
        fields += [("flags", FilterFlags.load(c, flags, 0))] if flags else [(None, UNAVAILABLE)]
        fields += [(None, MORE)] if flags and filled > 16 else []
    yield "data", StructValue(fields)


# --- requests -------------------------------------------------------------------------------

PeekArgs = Struct(
    "struct ptrace_peeksiginfo_args",
    off=U64,
    flags=Flags("ptrace_peeksiginfo_flags", unknown="PTRACE_PEEKSIGINFO_???"),
    nr=U32,
)
HEADERS["struct ptrace_peeksiginfo_args"] = "linux/ptrace.h"
Request = Enum("ptrace_cmds", size="kernel")
RegisterSetKind = Enum("nt_descriptor_types", unknown="NT_???")
Options_ = Flags("ptrace_setoptions_flags", unknown="PTRACE_O_???", size="kernel")
Mask = SignalSet("addr")
PEEKED = Out(Indirect(Addr))

CASES = {
    "PTRACE_TRACEME": case(),
    "PTRACE_ATTACH PTRACE_INTERRUPT PTRACE_KILL PTRACE_LISTEN": case(pid=Tgid),
    "PTRACE_PEEKUSER": case(pid=Tgid, addr=UserOffset(), data=PEEKED),
    "PTRACE_POKEUSER": case(pid=Tgid, addr=UserOffset(), data=Addr),
    "PTRACE_PEEKTEXT PTRACE_PEEKDATA": case(pid=Tgid, addr=Addr, data=PEEKED),
    "PTRACE_SETREGS": case(pid=Tgid, addr=At(3, In(General))),
    "PTRACE_GETREGS": case(pid=Tgid, addr=At(3, Out(General))),
    "PTRACE_SETFPREGS": case(pid=Tgid, addr=At(3, In(Float))),
    "PTRACE_GETFPREGS": case(pid=Tgid, addr=At(3, Out(Float))),
    "PTRACE_CONT PTRACE_DETACH PTRACE_SYSCALL PTRACE_SINGLESTEP PTRACE_SINGLEBLOCK PTRACE_SYSEMU"
    " PTRACE_SYSEMU_SINGLESTEP": case(pid=Tgid, addr=Addr, data=Signal),
    "PTRACE_SEIZE PTRACE_SETOPTIONS PTRACE_OLDSETOPTIONS": case(pid=Tgid, addr=Addr, data=Options_),
    "PTRACE_SETSIGINFO": case(pid=Tgid, addr=Addr, data=In(SIGINFO)),
    "PTRACE_GETSIGINFO": case(pid=Tgid, addr=Addr, data=Out(SIGINFO)),
    "PTRACE_PEEKSIGINFO": case(pid=Tgid, addr=In(PeekArgs), data=Out(Array(SIGINFO, RESULT))),
    "PTRACE_SETSIGMASK": case(pid=Tgid, addr=KULong, data=In(Mask)),
    "PTRACE_GETSIGMASK": case(pid=Tgid, addr=KULong, data=Out(Mask)),
    "PTRACE_GETEVENTMSG": case(pid=Tgid, addr=Addr, data=Out(Indirect(ULong))),
    "PTRACE_GETREGSET PTRACE_SETREGSET": case(pid=Tgid, addr=RegisterSetKind),
    "PTRACE_SECCOMP_GET_FILTER": case(pid=Tgid, addr=KULong, data=Out(Program(RESULT, show_seccomp_operand))),
    "PTRACE_SECCOMP_GET_METADATA": case(pid=Tgid, addr=KULong),
    "PTRACE_GET_SYSCALL_INFO": case(pid=Tgid, addr=KULong, data=Out(SyscallInfo(True))),
    "PTRACE_SET_SYSCALL_INFO": case(pid=Tgid, addr=KULong, data=In(SyscallInfo(False))),
}
SPECIAL = {
    "PTRACE_GETREGSET": get_register_set,
    "PTRACE_SETREGSET": set_register_set,
    "PTRACE_SECCOMP_GET_METADATA": get_metadata,
}
"""Requests whose last argument goes in and comes out."""
OTHERS = case(pid=Tgid, addr=Addr, data=Addr)
CHOICE = Choice(Request, CASES, OTHERS)


@decoder("ptrace", **case_words(("op", "pid", "addr", "data"), Request, CASES, OTHERS))  # type: ignore[arg-type]
def ptrace(c: Call) -> Iterator[Yield]:
    """The request decides about everything else."""
    yield "op", Request.value(c, c.args[0])
    yield from decode_case(c, CHOICE.of(c), 4)
    special = SPECIAL.get(Request.lookup(truncate(c.args[0], c.abi.register, False), c.abi) or "")
    if special is not None:
        yield from special(c, truncate(c.args[3], c.abi.word, False))
