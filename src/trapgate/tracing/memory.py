# SPDX-License-Identifier: BSD-2-Clause
"""The memory of a program that a source holds still, as decoders read it."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from typing import Any


class HeldMemory:
    """The memory of a program that the source holds still.

    ``warn`` is told of a string that runs into memory which cannot be read: a bug of the program, most likely.
    """

    __slots__ = ("source", "tid", "warn")

    def __init__(self, source: Any, tid: int, warn: Callable[[str], None] | None = None) -> None:
        self.source = source
        self.tid = tid
        self.warn = warn

    def read(self, addr: int, size: int) -> bytes:
        """``size`` bytes at ``addr``, fewer when only a first part is readable."""
        data: bytes = self.source.read(self.tid, addr, size)
        return data

    def read_string(self, addr: int, limit: int) -> tuple[bytes, bool] | None:
        """Bytes before the NUL and True; ``limit`` bytes and False; None if neither is readable."""
        data, terminated = self.source.read_string(self.tid, addr, limit)
        if terminated:
            return data[:-1], True
        if len(data) == limit:
            return data, False
        if data and self.warn is not None:
            self.warn(f"read: short read ({len(data)} < {limit}) @{addr:#x}: {os.strerror(errno.EFAULT)}")
        return None
