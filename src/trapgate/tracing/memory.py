# SPDX-License-Identifier: BSD-2-Clause
"""The memory of a program that a source holds still, as decoders read it.

Pages are readable as a whole or not at all, and a call's arguments lie close together: each page is asked for once.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from typing import Any

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
            self.warn(f"read: short read ({len(data)} < {limit}) @{addr:#x}: {os.strerror(errno.EFAULT)}")
        return None
