# SPDX-License-Identifier: BSD-2-Clause
"""Times in the program's memory: timespec, timeval, itimerspec, utimbuf, in both time_t widths.

``Timespec`` follows the ABI's own time_t; ``Timespec64`` is what calls with time64 in their
name take everywhere. Source: include/uapi/linux/time.h, time_types.h, utime.h.
"""

from __future__ import annotations

import time

from trapgate.calls.call import Call
from trapgate.calls.memory import Struct, View
from trapgate.calls.types import S64, U64, U64_MASK, Enum, Scalar, TimeT, Type
from trapgate.model.abi import Abi
from trapgate.model.values import AnyValue, Comment, Joined, Number, Symbol, remark

HEADERS = {"struct __kernel_timespec": "linux/time_types.h", "struct __kernel_itimerspec": "linux/time_types.h"}

TimePart = Scalar("time", "u")
"""tv_nsec, tv_usec: as wide as time_t, printed without a sign."""

UTIME_NOW = (1 << 30) - 1
UTIME_OMIT = (1 << 30) - 2

Timespec = Struct("timespec", tv_sec=TimeT, tv_nsec=TimePart)
Timespec64 = Struct("struct __kernel_timespec", tv_sec=S64, tv_nsec=U64)
Timeval = Struct("timeval", tv_sec=TimeT, tv_usec=TimePart)
Itimerval = Struct("itimerval", it_interval=Timeval, it_value=Timeval)
Itimerspec = Struct("itimerspec", it_interval=Timespec, it_value=Timespec)
Itimerspec64 = Struct("struct __kernel_itimerspec", it_interval=Timespec64, it_value=Timespec64)


ClockId = Enum("clocknames")
"""A clock; the negative numbers of processes', threads' and descriptors' clocks have no name."""


def format_local_time(seconds: int, part: int = 0, digits: int = 9) -> str | None:
    """Local time in ISO 8601 with ``part`` as fraction; None for the epoch itself and for nonsense.

    >>> format_local_time(0), format_local_time(5, 10**9)
    (None, None)
    """
    if (seconds == 0 and part == 0) or part >= 10**digits:
        return None
    try:
        when = time.localtime(seconds)
    except (OverflowError, ValueError, OSError):
        return None
    fraction = f".{part:0{digits}d}" if part else ""
    return time.strftime("%Y-%m-%dT%H:%M:%S", when) + fraction + time.strftime("%z", when)


def time_remark(seconds: int, part: int = 0, digits: int = 9) -> Comment | None:
    """The remark with the local time, None when there is nothing to say."""
    text = format_local_time(seconds, part, digits)
    return None if text is None else remark(text)


def with_time(value: AnyValue, seconds: int, part: int = 0, digits: int = 9) -> AnyValue:
    """``value /* 2026-01-31T12:00:00+0000 */``."""
    said = time_remark(seconds, part, digits)
    return value if said is None else Joined(value, said)


TICKS_PER_SECOND = 100
"""USER_HZ of all current ABIs."""


def show_ticks(value: int, style: str = "abbrev") -> AnyValue:
    """Clock ticks (clock_t) and what they are in seconds: ``150 /* 1.50 s */``.

    >>> show_ticks(150).text, show_ticks(0).text, show_ticks(150, "raw").text
    ('150 /* 1.50 s */', '0', '150')
    """
    value &= U64_MASK
    shown = Number(str(value), value)
    if not value or style == "raw":
        return shown
    seconds, rest = divmod(value, TICKS_PER_SECOND)
    return Joined(shown, remark(f"{seconds}.{rest:02} s"))


def show_fraction(value: int, digits: int, style: str) -> AnyValue:
    """Parts of a second, ``digits`` of which make one, and the seconds: ``1500 /* 0.001500 s */``.

    >>> show_fraction(-1500, 6, "abbrev").text
    '-1500 /* -0.001500 s */'
    """
    shown = Number(str(value), value)
    if not value or style == "raw":
        return shown
    seconds, rest = divmod(abs(value), 10**digits)
    return Joined(shown, remark(f"{'-' if value < 0 else ''}{seconds}.{rest:0{digits}} s"))


class Dated(Type):
    """A timespec or timeval followed by a remark that tells the local time.

    ``special``: the values of tv_nsec which utimensat(2) gives a meaning (UTIME_NOW, UTIME_OMIT)
    print as names.
    """

    def __init__(self, inner: Struct, digits: int, special: bool = False) -> None:
        self.inner = inner
        self.digits = digits
        self.special = special

    def size(self, abi: Abi) -> int:
        return self.inner.size(abi)

    def align(self, abi: Abi) -> int:
        return self.inner.align(abi)

    def load(self, c: Call, data: bytes, offset: int) -> AnyValue:
        view = View(c, data, offset, self.inner)
        plain = self.inner.view_value(view)
        seconds, part = (getattr(view, name) for name in self.inner.members)
        name = {UTIME_NOW: "UTIME_NOW", UTIME_OMIT: "UTIME_OMIT"}.get(part) if self.special else None
        if name is None:
            return with_time(plain, seconds, part, self.digits)
        if c.style == "raw":
            return plain
        return Symbol(name, name) if c.style == "abbrev" else Joined(plain, remark(name))
