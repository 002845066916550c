# SPDX-License-Identifier: BSD-2-Clause
"""How processes come to be and share what they have: clone, clone3, fork, unshare, setns.

Source: clone(2), unshare(2), setns(2), namespaces(7); ``include/uapi/linux/sched.h``; the order of
the arguments of clone per architecture from ``kernel/fork.c``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from trapgate.calls.call import Call, Options
from trapgate.calls.describe import EXIT, Yield, call, decoder
from trapgate.calls.extensible import trailing_bytes
from trapgate.calls.memory import Array, Fixed, In, Indirect, InOut, Member, Out, Struct, View
from trapgate.calls.structs_segment import UserDescriptor
from trapgate.calls.structs_signal import Signal
from trapgate.calls.types import (
    U64,
    X64,
    Addr,
    Addr64,
    Fd,
    Flags,
    Int,
    KULong,
    Scalar,
    Tgid,
    Tid,
    Type,
    join_flags,
    truncate,
)
from trapgate.model.abi import Abi
from trapgate.model.values import AnyValue, Change, Labelled
from trapgate.model.values import Struct as StructValue

if TYPE_CHECKING:
    from trapgate.calls.plan import Planner

PIDFD, SETTLS, PARENT_SETTID = 0x1000, 0x80000, 0x100000
CHILD_CLEARTID, CHILD_SETTID, INTO_CGROUP = 0x200000, 0x1000000, 0x200000000
EXIT_SIGNAL = 0xFF

NAMESPACES = (
    (0x2000000, "cgroup"),
    (0x8000000, "ipc"),
    (0x20000, "mnt"),
    (0x40000000, "net"),
    (0x20000000, "pid"),
    (0x80, "time"),
    (0x4000000, "uts"),
    (0x10000000, "user"),
)
"""The flag that asks for a new namespace of each kind, and its name in /proc/PID/ns."""


def namespace_kinds(c: Call, flags: int) -> list[str]:
    """The kinds of namespaces that ``flags`` are about, if it is wanted that they are told."""
    return [kind for flag, kind in NAMESPACES if flags & flag] if c.options.namespaces else []


def note_namespaces(c: Call, pid: int, kinds: list[str]) -> None:
    """Tell behind the result in which namespaces process ``pid`` (0: the caller) is now."""
    if kinds and not c.error:
        c.note = c.process.namespaces_text(pid, kinds) or None


# --- clone ----------------------------------------------------------------------------------

CloneFlags = Flags("clone_flags", size="kernel")
ParentTid, ParentPidfd = Out(Indirect(Tid)), Out(Indirect(Fd))


def _show_flags(c: Call, word: int) -> AnyValue:
    flags, signal = truncate(word, c.abi.register, False) & ~EXIT_SIGNAL, word & EXIT_SIGNAL
    if not flags:
        return Signal.value(c, signal)
    shown = CloneFlags.value(c, flags)
    return join_flags(shown, Signal.value(c, signal)) if signal else shown


def _clone(c: Call, tls: int, child: int, tls_type: Type) -> Iterator[Yield]:
    flags = truncate(c.args[0], c.abi.register, False) & ~EXIT_SIGNAL
    yield "child_stack", Labelled("child_stack", Addr.value(c, c.args[1]))
    yield "flags", Labelled("flags", _show_flags(c, c.args[0]))
    kinds = namespace_kinds(c, flags)
    if not flags & (PARENT_SETTID | PIDFD | CHILD_SETTID | CHILD_CLEARTID | SETTLS) and not kinds:
        return
    yield EXIT
    if flags & (PARENT_SETTID | PIDFD):
        filled = ParentTid if flags & PARENT_SETTID else ParentPidfd
        yield "parent_tid", Labelled("parent_tid", filled.value(c, c.args[2]))
    if flags & SETTLS:
        yield "tls", Labelled("tls", tls_type.value(c, c.args[tls]))
    if flags & (CHILD_SETTID | CHILD_CLEARTID):
        yield "child_tidptr", Labelled("child_tidptr", Addr.value(c, c.args[child]))
    note_namespaces(c, c.result, kinds)


@decoder(
    "clone",
    flags=CloneFlags,
    child_stack=Addr,
    parent_tid=ParentTid,
    child_tidptr=Addr,
    tls=Addr,
    returns=Tid,
    classes="process",
    abis="x86_64 x32",
    plannable=True,
)
def clone(c: Call) -> Iterator[Yield]:
    """The flags say which arguments there are, and they print behind the stack."""
    yield from _clone(c, 4, 3, Addr)


Area = Out(UserDescriptor)


@decoder(
    "clone",
    flags=CloneFlags,
    child_stack=Addr,
    parent_tid=ParentTid,
    tls=Area,
    child_tidptr=Addr,
    returns=Tid,
    classes="process",
    abis="i386",
    plannable=True,
)
def clone_i386(c: Call) -> Iterator[Yield]:
    """As on x86_64 with the last two exchanged; a thread's area is a segment."""
    yield from _clone(c, 3, 4, Area)


@decoder(
    "clone",
    flags=CloneFlags,
    child_stack=Addr,
    parent_tid=ParentTid,
    tls=Addr,
    child_tidptr=Addr,
    returns=Tid,
    classes="process",
    abis="aarch64",
    plannable=True,
)
def clone_aarch64(c: Call) -> Iterator[Yield]:
    """As on x86_64 with the last two exchanged."""
    yield from _clone(c, 3, 4, Addr)


call("fork vfork", returns=Tgid, classes="process")

# --- clone3 ---------------------------------------------------------------------------------

FIRST_SIZE = 64
"""The first ``struct clone_args`` ended with tls."""
SET_TID_MAX = 32
INT_MAX = (1 << 31) - 1
Clone3Flags = Flags("clone_flags", "clone3_flags", size=8)


class ExitSignal(Scalar):
    """A signal in 64 bits; what cannot be one is a number."""

    def __init__(self) -> None:
        super().__init__(8, "u")

    def decode(self, c: Call, word: int) -> AnyValue | None:
        return Signal.decode(c, word) if word < INT_MAX else super().decode(c, word)


def _show_clone_args(view: View) -> list[tuple[str | None, AnyValue]]:
    c, flags = view.call, view.flags
    fields = view.fields("flags")
    if flags & PIDFD:
        fields += view.fields("pidfd")
    if flags & (CHILD_SETTID | CHILD_CLEARTID):
        fields += view.fields("child_tid")
    if flags & PARENT_SETTID:
        fields += view.fields("parent_tid")
    fields += view.fields("exit_signal", "stack", "stack_size")
    if flags & SETTLS:
        fields.append(("tls", (Area if c.abi.name == "i386" else Addr).value(c, view.tls)))
    if view.set_tid or view.set_tid_size:
        count, addr = view.set_tid_size, view.set_tid
        known = addr and 0 < count <= SET_TID_MAX
        fields.append(("set_tid", Array(Int, count).at(c, addr) if known else view.show("set_tid")))
        fields += view.fields("set_tid_size")
    return fields + (view.fields("cgroup") if view.cgroup or (flags & INTO_CGROUP and _has_cgroup(c)) else [])


def _has_cgroup(c: Call) -> bool:
    size = truncate(c.args[1], c.abi.register, False)
    return size > CloneArgs.member(c.abi, "cgroup")[0]


CloneArgs = Struct(
    "struct clone_args",
    show=_show_clone_args,
    flags=Clone3Flags,
    pidfd=Addr64,
    child_tid=Addr64,
    parent_tid=Addr64,
    exit_signal=ExitSignal(),
    stack=Addr64,
    stack_size=X64,
    tls=Addr64,
    set_tid=Addr64,
    set_tid_size=U64,
    cgroup=U64,
)
HEADERS = {"struct clone_args": "linux/sched.h"}


class _Pointer(In):
    """An address in a member of 64 bits; for plans."""

    def size(self, abi: Abi) -> int:
        return 8


_Followed = Struct(
    "struct clone_args",
    flags=U64,
    pidfd=_Pointer(Int),
    child_tid=U64,
    parent_tid=_Pointer(Int),
    _rest=Fixed(U64, 4),
    set_tid=_Pointer(Array(Int, Member("set_tid_size"))),
    set_tid_size=U64,
    size_of=88,
)
"""What of clone_args leads to more."""


class SizedCloneArgs(Type):
    """A ``struct clone_args`` of the size that the second argument says."""

    def plan(self, p: Planner) -> None:
        p.bytes("size", limit=2 * CloneArgs.size(p.abi))
        p.nested(_Followed)


@decoder("clone3", cl_args=InOut(SizedCloneArgs()), size=KULong, returns=Tid, classes="process")
def clone3(c: Call) -> Iterator[Yield]:
    """What the kernel filled lies behind pointers in the structure, and prints as a change of it."""
    addr, size = truncate(c.args[0], c.abi.word, False), truncate(c.args[1], c.abi.register, False)
    known = CloneArgs.size(c.abi)
    fetched = min(size, known)
    data = c.fetch(addr, fetched) if fetched >= FIRST_SIZE else None
    if data is None:
        yield "cl_args", c.address(addr)
        yield "size", KULong.value(c, size)
        return
    view = View(c, data.ljust(known, b"\0"), 0, CloneArgs, addr)
    before = StructValue([*_show_clone_args(view), *_tail(c, addr, size)])
    kinds = namespace_kinds(c, view.flags | (0x2000000 if view.flags & INTO_CGROUP else 0))
    if not (view.flags & (PIDFD | PARENT_SETTID) or kinds or size > known):
        yield "cl_args", before
        yield "size", KULong.value(c, size)
        return
    yield EXIT
    after = None if c.error else _show_filled(c, addr, fetched, size)
    yield "cl_args", before if after is None else Change(before, after)
    yield "size", KULong.value(c, size)
    note_namespaces(c, c.result, kinds)


def _tail(c: Call, addr: int, size: int) -> list[tuple[str | None, AnyValue]]:
    """The bytes behind the members that are known, if they are set."""
    return trailing_bytes(c, addr, CloneArgs.size(c.abi), size)


def _show_filled(c: Call, addr: int, fetched: int, size: int) -> AnyValue | None:
    """What clone3 wrote, None if it wrote nothing."""
    data = c.peek(addr, fetched)
    if data is None:
        return c.address(addr)
    view = View(c, data.ljust(CloneArgs.size(c.abi), b"\0"), 0, CloneArgs)
    fields: list[tuple[str | None, AnyValue]] = []
    if view.flags & PIDFD:
        fields.append(("pidfd", ParentPidfd.value(c, view.pidfd)))
    if view.flags & PARENT_SETTID:
        fields.append(("parent_tid", ParentTid.value(c, view.parent_tid)))
    fields += _tail(c, addr, size)
    return StructValue(fields) if fields else None


# --- leaving and entering namespaces --------------------------------------------------------


class NamespaceResult(Scalar):
    """A result behind which it is told, if wanted, in which namespaces the caller is now."""

    def __init__(self, flags: int) -> None:
        super().__init__("kernel", "d", True)
        self.flags = flags

    def is_pure(self, options: Options) -> bool:
        return False

    def decode(self, c: Call, word: int) -> AnyValue | None:
        note_namespaces(c, 0, namespace_kinds(c, c.args[self.flags]))
        return super().decode(c, word)


call("unshare", flags=Flags("unshare_flags", size="kernel"), returns=NamespaceResult(0))
call("setns", fd=Fd, nstype=Flags("setns_types"), returns=NamespaceResult(1))
