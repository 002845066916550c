# SPDX-License-Identifier: BSD-2-Clause
"""fcntl in both forms, and flock.

The operation decides what the argument is and how the result reads. Source: fcntl(2),
F_GETSIG(2const) and its sisters; include/uapi/linux/fcntl.h, asm-generic/fcntl.h.
"""

from __future__ import annotations

from collections.abc import Callable

from trapgate.calls import tables
from trapgate.calls.call import Call
from trapgate.calls.describe import call
from trapgate.calls.memory import In, Indirect, Out, Shown, Struct, View
from trapgate.calls.structs_file import OpenMode
from trapgate.calls.structs_signal import Signal, signal_name
from trapgate.calls.types import (
    S32,
    S64,
    X16,
    X32,
    Enum,
    Fd,
    Flags,
    HexLong,
    Int,
    KLong,
    Pgid,
    ProcessOrGroup,
    Switch,
    Tgid,
    Tid,
    Type,
    format_noted_flags,
)
from trapgate.model.values import AnyValue, Number

HEADERS = {
    "struct flock": "linux/fcntl.h",
    "struct flock64": "linux/fcntl.h",
    "struct f_owner_ex": "linux/fcntl.h",
    "struct delegation": "linux/fcntl.h",
}

LockType = Enum("lockfcmds", size=2)
LockWhence = Enum("whence_codes", size=2)


def _show_lock(view: View) -> Shown:
    """A lock as it is set: who holds it is the kernel's to say, when it is asked."""
    return view.fields("l_type", "l_whence", "l_start", "l_len")


def _lock(name: str, offset: Type, show: Callable[[View], Shown] | None = None) -> Struct:
    return Struct(name, show=show, l_type=LockType, l_whence=LockWhence, l_start=offset, l_len=offset, l_pid=Tgid)


Lock, LockSet = _lock("struct flock", KLong), _lock("struct flock", KLong, _show_lock)
Lock64, Lock64Set = _lock("struct flock64", S64), _lock("struct flock64", S64, _show_lock)

OWNER_KINDS: dict[int, Type] = {0: Tid, 1: Tgid, 2: Pgid}


def _show_owner(view: View) -> Shown:
    return [*view.fields("type"), ("pid", view.show("pid", OWNER_KINDS.get(view.type, S32)))]


Owner = Struct("struct f_owner_ex", show=_show_owner, type=Enum("f_owner_types"), pid=S32)


def _show_delegation(view: View) -> Shown:
    return view.fields("d_flags", "d_type", "__pad")


Delegation = Struct("struct delegation", show=_show_delegation, d_flags=X32, d_type=LockType, __pad=X16)
WriteHint = Indirect(Enum("rwh_write_life_hints", size=8))


Operation = Enum("fcntlcmds")

CASES: dict[str | int, Type | None] = {
    "F_GETFD": None,
    "F_GETFL": None,
    "F_GETOWN": None,
    "F_GETSIG": None,
    "F_GETLEASE": None,
    "F_GETPIPE_SZ": None,
    "F_GET_SEALS": None,
    "F_SETFD": Flags("fdflags"),
    "F_SETFL": OpenMode,
    "F_SETOWN": ProcessOrGroup,
    "F_SETPIPE_SZ": S64,
    "F_DUPFD": S64,
    "F_DUPFD_CLOEXEC": S64,
    "F_DUPFD_QUERY": Fd,
    "F_SETLK": In(LockSet),
    "F_SETLKW": In(LockSet),
    "F_GETLK": Out(Lock),
    "F_OFD_SETLK": In(Lock64Set),
    "F_OFD_SETLKW": In(Lock64Set),
    "F_OFD_GETLK": Out(Lock64),
    "F_SETOWN_EX": In(Owner),
    "F_GETOWN_EX": Out(Owner),
    "F_SETSIG": Signal,
    "F_NOTIFY": Flags("notifyflags", size="long"),
    "F_SETLEASE": Enum("lockfcmds", size="long"),
    "F_ADD_SEALS": Flags("f_seals", size="long"),
    "F_SET_RW_HINT": In(WriteHint),
    "F_SET_FILE_RW_HINT": In(WriteHint),
    "F_GET_RW_HINT": Out(WriteHint),
    "F_GET_FILE_RW_HINT": Out(WriteHint),
    "F_SETDELEG": In(Delegation),
    "F_GETDELEG": Out(Delegation),
}
CASES64: dict[str | int, Type | None] = {12: Out(Lock64), 13: In(Lock64Set), 14: In(Lock64Set)}
"""F_GETLK64, F_SETLK64, F_SETLKW64, which only 32-bit calls have."""


def _note_flags(prefix: str, table: str) -> Callable[[Call], str | None]:
    def note(c: Call) -> str | None:
        if not c.result:
            return None
        return prefix + format_noted_flags(c.result & 0xFFFFFFFF, c.style, [tables.load(table, c.abi.name)])

    return note


def _note_lease(c: Call) -> str | None:
    return tables.load("lockfcmds", c.abi.name).by_value.get(c.result)


def _note_modes(c: Call) -> str:
    names = OpenMode.names_of(c.result & 0xFFFFFFFF, c.abi)
    return "flags " + "|".join([n if isinstance(n, str) else hex(n) for n in names])


NOTES: dict[str, tuple[Callable[[Call], str | None], bool]] = {
    "F_GETFD": (_note_flags("flags ", "fdflags"), True),
    "F_GETFL": (_note_modes, True),
    "F_GETLEASE": (_note_lease, True),
    "F_GET_SEALS": (_note_flags("seals ", "f_seals"), True),
    "F_GETSIG": (lambda c: signal_name(c.result), False),
}
"""What the result means, by operation, and whether the result itself prints in hexadecimal."""


class FcntlResult(Type):
    """fcntl's result, which is a number, flags, a descriptor or a process as the operation says."""

    def decode(self, c: Call, word: int) -> AnyValue | None:
        operation = Operation.lookup(c.word("op") & 0xFFFFFFFF, c.abi) or ""
        if operation in ("F_DUPFD", "F_DUPFD_CLOEXEC"):
            return Fd.decode(c, word)
        if operation == "F_GETOWN":
            return ProcessOrGroup.decode(c, word)
        note, hexadecimal = NOTES.get(operation, (None, False))
        if note is None or (not c.result and operation in ("F_GETFD", "F_GET_SEALS", "F_GETSIG")):
            return Number(str(c.result), c.result)
        c.note = note(c)
        return HexLong.decode(c, word) if hexadecimal else Int.decode(c, word)


call("fcntl", fd=Fd, op=Operation, arg=Switch("op", CASES, HexLong), returns=FcntlResult())
call("fcntl64", fd=Fd, op=Operation, arg=Switch("op", CASES | CASES64, HexLong), returns=FcntlResult(), abis="i386")
call("flock", fd=Fd, op=Flags("flockcmds"))
