# SPDX-License-Identifier: BSD-2-Clause
"""The memory of a program that a source holds still, as decoders read it."""

from __future__ import annotations

from typing import Any


class HeldMemory:
    """The memory of a program that the source holds still."""

    __slots__ = ("source", "tid")

    def __init__(self, source: Any, tid: int) -> None:
        self.source = source
        self.tid = tid

    def read(self, addr: int, size: int) -> bytes:
        """``size`` bytes at ``addr``, fewer when only a first part is readable."""
        data: bytes = self.source.read(self.tid, addr, size)
        return data

    def read_string(self, addr: int, limit: int) -> tuple[bytes, bool] | None:
        """Bytes before the NUL and True; ``limit`` bytes and False; None if neither is readable."""
        data, terminated = self.source.read_string(self.tid, addr, limit)
        if terminated:
            return data[:-1], True
        return (data, False) if len(data) == limit else None
