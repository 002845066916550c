# SPDX-License-Identifier: BSD-2-Clause
"""Moments and durations as strace writes them: ``-t``, ``-tt``, ``-ttt``, ``-r`` and ``-T``.

Digits behind the point are cut, never rounded. A leader ends in a blank.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trapgate.tracing.options import TimeFormat

_SECOND_NS = 1_000_000_000


def format_seconds(ns: int, digits: int) -> str:
    """``ns`` in seconds with so many digits behind the point.

    >>> format_seconds(1_234_567_890, 3), format_seconds(1_234_567_890, 0)
    ('1.234', '1')
    """
    seconds, rest = divmod(ns, _SECOND_NS)
    return f"{seconds}{_fraction(rest, digits)}"


def _fraction(ns: int, digits: int) -> str:
    return f".{ns // 10 ** (9 - digits):0{digits}d}" if digits else ""


class Clock:
    """Writes what stands between a line's process id and its call, and remembers the line before."""

    __slots__ = ("_before_ns", "_format", "_second", "_second_text")

    def __init__(self, times: TimeFormat) -> None:
        self._format = times
        self._before_ns: int | None = None
        self._second = -1
        self._second_text = ""

    @property
    def is_silent(self) -> bool:
        """Whether it never writes anything."""
        return not self._format.absolute and self._format.relative_digits is None

    def format_leader(self, wall_ns: int, monotonic_ns: int) -> str:
        """The leader of a line written at ``wall_ns`` (since 1970, UTC) and ``monotonic_ns`` (of any steady clock)."""
        absolute = self._format_absolute(wall_ns) if self._format.absolute else ""
        return absolute + self._format_relative(monotonic_ns)

    def _format_absolute(self, wall_ns: int) -> str:
        second, rest = divmod(wall_ns, _SECOND_NS)
        if second != self._second:
            self._second = second
            day = self._format.absolute == "time"
            self._second_text = time.strftime("%H:%M:%S", time.localtime(second)) if day else str(second)
        return f"{self._second_text}{_fraction(rest, self._format.absolute_digits)} "

    def _format_relative(self, monotonic_ns: int) -> str:
        digits = self._format.relative_digits
        if digits is None:
            return ""
        before = monotonic_ns if self._before_ns is None else self._before_ns
        self._before_ns = monotonic_ns
        seconds, rest = divmod(max(monotonic_ns - before, 0), _SECOND_NS)
        text = f"{seconds:6d}{_fraction(rest, digits)}"
        return f"(+{text}) " if self._format.absolute else f"{text} "
