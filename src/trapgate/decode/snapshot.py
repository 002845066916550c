# SPDX-License-Identifier: BSD-2-Clause
"""The program's memory as a plan's copies show it: a record's pieces, by address.

What no piece covers is unreadable, so a decoder prints the pointer: never an invented value.
"""

from __future__ import annotations

from collections.abc import Sequence

from trapgate.model.record import Phase, Piece


class Snapshot:
    """Pieces of one record. At exit, what was copied then comes before what was copied at entry."""

    __slots__ = ("_pieces", "phase")

    def __init__(self, pieces: Sequence[Piece]) -> None:
        self._pieces = pieces
        self.phase: int = Phase.ENTRY

    def read(self, addr: int, size: int) -> bytes:
        """The longest run of at most ``size`` bytes at ``addr`` that one piece holds."""
        best = b""
        if self.phase == Phase.EXIT:
            for piece in self._pieces:
                if piece.phase == Phase.EXIT and 0 <= addr - piece.addr <= len(piece.data):
                    best = max(best, piece.data[addr - piece.addr :][:size], key=len)
            if len(best) == size:
                return best
        for piece in self._pieces:
            if piece.phase == Phase.ENTRY and 0 <= addr - piece.addr <= len(piece.data):
                best = max(best, piece.data[addr - piece.addr :][:size], key=len)
        return best

    def read_string(self, addr: int, limit: int) -> tuple[bytes, bool] | None:
        """Bytes before the NUL and True; the ``limit`` bytes there are and False; None if neither."""
        data = self.read(addr, limit)
        text, nul, _ = data.partition(b"\0")
        if nul:
            return text, True
        return (data, False) if len(data) == limit else None
