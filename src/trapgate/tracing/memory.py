# SPDX-License-Identifier: BSD-2-Clause
"""The memory of a program that a source holds still, or has copied parts of, as decoders read it.

Pages are readable as a whole or not at all, and a call's arguments lie close together: each page is asked for once.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Sequence
from typing import Any

from trapgate.decode.snapshot import Snapshot
from trapgate.model.record import Phase, Piece, PieceFlag
from trapgate.tracing.netlink_watch import NetlinkWatch
from trapgate.tracing.process import LiveProcess

PAGE = 4096
MOST_BY_PAGE = 2 * PAGE
"""More than that at once is read as it is."""


class HeldMemory:
    """The memory of a program that the source holds still.

    ``warn`` is told of a string that runs into memory which cannot be read: a bug of the program, most likely.
    """

    __slots__ = ("source", "tid", "warn", "pages")

    def __init__(self, source: Any, tid: int, warn: Callable[[str], None] | None = None) -> None:
        self.source = source
        self.tid = tid
        self.warn = warn
        self.pages: dict[int, bytes] = {}

    def forget(self) -> None:
        """The program has run, or its memory was written: what was read is old."""
        self.pages.clear()

    def read(self, addr: int, size: int) -> bytes:
        """``size`` bytes at ``addr``, fewer when only a first part is readable."""
        if size > MOST_BY_PAGE:
            data: bytes = self.source.read(self.tid, addr, size)
            return data
        found = self._rest_of_page(addr)[:size]
        while len(found) < size:
            more = self._rest_of_page(addr + len(found)) if (addr + len(found)) % PAGE == 0 else b""
            if not more:
                break
            found += more[: size - len(found)]
        return found

    def _rest_of_page(self, addr: int) -> bytes:
        offset = addr % PAGE
        page = addr - offset
        data = self.pages.get(page)
        if data is None:
            data = self.pages[page] = self.source.read(self.tid, page, PAGE)
        return data[offset:]

    def read_string(self, addr: int, limit: int) -> tuple[bytes, bool] | None:
        """Bytes before the NUL and True; ``limit`` bytes and False; None if neither is readable."""
        data = b""
        while len(data) < limit:
            more = self._rest_of_page(addr + len(data))[: limit - len(data)]
            end = more.find(0)
            if end >= 0:
                return data + more[:end], True
            if not more:
                break
            data += more
        if len(data) == limit:
            return data, False
        if data and self.warn is not None:
            self.warn(tell_short(addr, len(data), limit))
        return None


def tell_short(addr: int, size: int, limit: int) -> str:
    """What is said of a string of which only ``size`` bytes could be read."""
    return f"read: short read ({size} < {limit}) @{addr:#x}: {os.strerror(errno.EFAULT)}"


class CopiedMemory(Snapshot):
    """What a plan copied of a program's memory, which knows when it was asked for more than that.

    ``held``, while the program is held still, gives what was not copied.
    """

    __slots__ = ("held", "warn", "lacked")

    def __init__(self, pieces: Sequence[Piece], held: HeldMemory | None, warn: Callable[[str], None]) -> None:
        super().__init__(pieces)
        self.held = held
        self.warn = warn
        self.lacked = False
        """Whether something was asked for that the plan had not copied."""

    def leave(self, pieces: Sequence[Piece], held: HeldMemory | None) -> None:
        """The call has returned, and ``pieces`` were copied then."""
        self._pieces = (*self._pieces, *pieces)
        self.phase = Phase.EXIT
        self.held = held

    def _copied(self, addr: int, size: int) -> bytes:
        """The longest run at ``addr`` that was copied when it would have been read."""
        best = b""
        for piece in self._pieces:
            if piece.phase == self.phase and 0 <= addr - piece.addr <= len(piece.data):
                best = max(best, piece.data[addr - piece.addr :][:size], key=len)
        return best

    def read(self, addr: int, size: int) -> bytes:
        found = self._copied(addr, size)
        if len(found) == size or self._ends_at(addr + len(found)):
            return found
        self.lacked = True
        return found if self.held is None else self.held.read(addr, size)

    def read_string(self, addr: int, limit: int) -> tuple[bytes, bool] | None:
        data = self._copied(addr, limit)
        text, nul, _ = data.partition(b"\0")
        if nul:
            return text, True
        if len(data) == limit:
            return data, False
        if not self._ends_at(addr + len(data)):
            self.lacked = True
            return None if self.held is None else self.held.read_string(addr, limit)
        if data:
            self.warn(tell_short(addr, len(data), limit))
        return None

    def _ends_at(self, addr: int) -> bool:
        """Whether copying stopped at ``addr`` because it could not be read."""
        return any(
            piece.flags & PieceFlag.UNREADABLE and piece.addr + len(piece.data) == addr and piece.phase == self.phase
            for piece in self._pieces
        )


class WatchedProcess:
    """A process as decoders ask about it; that they asked is noted in the memory of the call.

    What ``netlink`` knows of its sockets needs no asking.
    """

    __slots__ = ("_process", "_memory", "_netlink")

    def __init__(self, process: LiveProcess, memory: CopiedMemory, netlink: NetlinkWatch | None) -> None:
        self._process = process
        self._memory = memory
        self._netlink = netlink

    def socket_protocol(self, fd: int) -> str:
        """The kernel's name for the protocol of a socket; empty if ``fd`` is none, or known not to be of netlink."""
        if self._netlink is not None and not self._netlink.may_have(self._process):
            return ""
        self._memory.lacked = True
        return self._process.socket_protocol(fd)

    def __getattr__(self, name: str) -> Any:
        self._memory.lacked = True
        return getattr(self._process, name)
