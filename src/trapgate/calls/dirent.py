# SPDX-License-Identifier: BSD-2-Clause
"""Reading directories: getdents64, getdents, i386's readdir.

Source: getdents(2), readdir(2); include/linux/dirent.h and fs/readdir.c for the layouts. Records
follow each other by d_reclen, which is the program's memory and so not to be trusted.
"""

from __future__ import annotations

from collections.abc import Sequence
from struct import Struct as Layout
from typing import TYPE_CHECKING

from trapgate.calls.call import Call
from trapgate.calls.describe import call
from trapgate.calls.memory import RESULT, Out, Struct, View
from trapgate.calls.quote import Hex
from trapgate.calls.types import (
    NO_PIECE,
    U16,
    U64,
    Addr,
    Either,
    Enum,
    Fd,
    KULong,
    OnlyIf,
    Pieces,
    QuickText,
    Type,
    UInt,
    truncate,
)
from trapgate.model import values
from trapgate.model.abi import Abi
from trapgate.model.values import MORE, Address, AnyValue, Comment, Joined, remark

if TYPE_CHECKING:
    from trapgate.calls.plan import Planner

NAME_MAX = 256
EntryType = Enum("dirent_types", size=1)
Fields = list[tuple[str | None, AnyValue]]


class Entries(Type):
    """The records that getdents wrote: their number, or all of them when nothing is abbreviated."""

    def __init__(self, head: Struct, type_last: bool) -> None:
        self.head = head
        self.type_last = type_last

    def header_size(self, abi: Abi) -> int:
        """Bytes before the name."""
        last = "d_reclen" if self.type_last else "d_type"
        offset, kind = self.head.layout(abi)[0][last]
        return offset + kind.size(abi)

    def at(self, c: Call, addr: int) -> AnyValue:
        if not c.verbose or c.result > c.u32(2):
            return c.address(addr)
        return self._count(c, addr) if c.abbrev else self._list(c, addr)

    def _view(self, c: Call, addr: int) -> View | None:
        size = self.header_size(c.abi)
        data = c.fetch(addr, size)
        return None if data is None else View(c, data.ljust(size + 8, b"\0"), 0, self.head, addr)

    def _step(self, c: Call, size: int, left: int) -> tuple[int, int, str]:
        """The record's length, what is left behind it if another follows, what is wrong with it."""
        header = self.header_size(c.abi)
        if size > left:
            return left, 0, f"{size - left} bytes overflow"
        if size < header:
            return header, left - header, f"{header - size} bytes underflow"
        return size, left - size, ""

    def _count(self, c: Call, addr: int) -> AnyValue:
        offset, kind = self.head.member(c.abi, "d_reclen")
        data = c.memory.read(addr, c.result) if addr and c.may_follow else b""
        header = self.header_size(c.abi)
        left, count, at = c.result, 0, 0
        wrong: list[Comment] = []
        while left >= header and at + header <= len(data):
            count += 1
            size, left, fault = self._step(c, kind.raw(c, data, at + offset), left)
            at += size
            if fault:
                wrong.append(remark(f"d_reclen {fault}"))
                break
        return Joined(c.address(addr), *wrong, remark(f"{count}{'+' if left else ''} entries"))

    def quick(self, c: Call) -> QuickText | None:
        if not c.abbrev:
            return None
        offset, kind = self.head.member(c.abi, "d_reclen")
        length_at, header = Layout(f"<{offset}xH").unpack_from, self.header_size(c.abi)
        assert kind.size(c.abi) == 2

        def show(addr: int, pieces: Pieces, words: Sequence[int], result: int) -> str | None:
            data = pieces.get(addr, NO_PIECE)[1]
            if len(data) < result or result > words[2] & 0xFFFFFFFF:
                return None
            at = count = 0
            while at < result:
                if at + header > result:
                    return None
                (length,) = length_at(data, at)
                if length < header:
                    return None
                at += length
                count += 1
            return f"{addr:#x} /* {count} entries */" if at == result else None

        return show

    def _list(self, c: Call, addr: int) -> AnyValue:
        left, at, items = c.result, addr, list[AnyValue]()
        header = self.header_size(c.abi)
        while left:
            if left < header:
                items.append(c.buffer(at, left, Hex.ALL))
                return items[0] if len(items) == 1 else values.List(items)
            view = self._view(c, at)
            if view is None:
                if not items:
                    return c.address(addr)
                items.append(Joined(MORE, remark(hex(at))))
                break
            size, left, fault = self._step(c, view.d_reclen, left)
            fields, readable = self._tail(c, at, view, size)
            head = view.fields("d_ino", "d_off", "d_reclen")
            if fault:
                head[-1] = ("d_reclen", Joined(head[-1][1], remark(fault)))
            items.append(values.Struct([*head, *fields]))
            if fault:
                break
            if left and not readable:
                items.append(MORE)
                break
            at += size
        return values.List(items)

    def _tail(self, c: Call, at: int, view: View, size: int) -> tuple[Fields, bool]:
        """Name and type of a record, and whether they could be read."""
        start, room = at + self.header_size(c.abi), size - self.header_size(c.abi)
        if not self.type_last:
            fields: Fields = [*view.fields("d_type")]
            if not room:
                return fields, True
            name = c.path(start, min(room, NAME_MAX))
            return [*fields, ("d_name", name)], not isinstance(name, Address)
        if not room:
            return [], True
        fields = []
        if room > 1:
            fields.append(("d_name", c.path(start, min(room - 1, NAME_MAX))))
        kind = EntryType.at(c, start + room - 1)
        return [*fields, ("d_type", kind)], not isinstance(kind, Address)

    def plan(self, p: Planner) -> None:
        p.bytes(RESULT)


Entry64 = Struct("linux_dirent64's head", d_ino=U64, d_off=U64, d_reclen=U16, d_type=EntryType)
Entry = Struct("linux_dirent's head", d_ino=KULong, d_off=KULong, d_reclen=U16)


class EntriesArgument(Out):
    """A buffer of entries, which are counted even when it is nowhere."""

    follows_null = True

    def decode(self, c: Call, word: int) -> AnyValue | None:
        addr = truncate(word, c.abi.word, False)
        return c.address(addr) if c.error else self.inner.at(c, addr)


call("getdents64", fd=Fd, dirp=EntriesArgument(Entries(Entry64, type_last=False)), count=UInt)
call("getdents", fd=Fd, dirp=EntriesArgument(Entries(Entry, type_last=True)), count=UInt)


def _show_old_entry(view: View) -> Fields:
    offset, kind = view.struct.layout(view.call.abi)[0]["d_reclen"]
    start = view.addr + offset + kind.size(view.call.abi)
    name = view.call.path(start, min(view.d_reclen, NAME_MAX) + 1)
    return [*view.fields("d_ino", "d_off", "d_reclen"), ("d_name", name)]


OldEntry = Struct("old_linux_dirent's head", show=_show_old_entry, d_ino=KULong, d_off=KULong, d_reclen=U16)


class AtExit(Out):
    """A pointer printed as an address, but in its turn: when the call has returned."""

    def decode(self, c: Call, word: int) -> AnyValue | None:
        return Addr.decode(c, word)


call(
    "readdir",
    fd=Fd,
    dirp=Either(lambda c: not c.exiting or c.result != 0, Out(OldEntry), AtExit(OldEntry)),
    count=OnlyIf(lambda c: c.word("count") & 0xFFFFFFFF != 1, UInt),
    abis="i386",
)
