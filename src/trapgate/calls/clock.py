# SPDX-License-Identifier: BSD-2-Clause
"""Clocks and timers: reading, setting, adjusting, sleeping, interval and POSIX timers.

Source: clock_gettime(2), adjtimex(2), nanosleep(2), setitimer(2), timer_create(2), times(2);
``include/uapi/linux/timex.h``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trapgate.calls import tables
from trapgate.calls.call import Call, Options
from trapgate.calls.describe import call
from trapgate.calls.memory import Fixed, In, Indirect, Out, Struct
from trapgate.calls.structs_sigevent import SigEvent
from trapgate.calls.structs_time import (
    ClockId,
    Itimerspec,
    Itimerspec64,
    Itimerval,
    Timespec,
    Timespec64,
    Timeval,
    format_local_time,
    show_ticks,
    with_time,
)
from trapgate.calls.types import S64, Enum, Flags, Int, Long, Scalar, Type, UInt, truncate
from trapgate.model.values import AnyValue, Number

if TYPE_CHECKING:
    from trapgate.calls.plan import Planner

WIDE = "x86_64 x32 aarch64"
RESTARTED = range(512, 517)

# --- reading and setting --------------------------------------------------------------------


class Seconds(Scalar):
    """The result of time(2), told as a date too."""

    def __init__(self) -> None:
        super().__init__("time", "d", True)

    def is_pure(self, options: Options) -> bool:
        return False

    def decode(self, c: Call, word: int) -> AnyValue | None:
        value = self.number(c, word)
        c.note = format_local_time(value)
        return Number(str(value), value)


class DatedSeconds(Scalar):
    """Seconds since the epoch, with the date as a remark."""

    def __init__(self) -> None:
        super().__init__("time", "d", True)

    def decode(self, c: Call, word: int) -> AnyValue | None:
        value = self.number(c, word)
        return with_time(Number(str(value), value), value)


Timezone = Struct("struct timezone", tz_minuteswest=Int, tz_dsttime=Int)
call("gettimeofday", tv=Out(Timeval), tz=Out(Timezone), classes="clock")
call("settimeofday", tv=In(Timeval), tz=In(Timezone), classes="clock")
call("clock_gettime clock_getres", clockid=ClockId, tp=Out(Timespec), classes="clock")
call("clock_settime", clockid=ClockId, tp=In(Timespec), classes="clock")
call("clock_gettime64 clock_getres_time64", clockid=ClockId, tp=Out(Timespec64), classes="clock", abis="i386")
call("clock_settime64", clockid=ClockId, tp=In(Timespec64), classes="clock", abis="i386")


class Ticks(Scalar):
    """A clock_t, with seconds behind it."""

    def decode(self, c: Call, word: int) -> AnyValue | None:
        return show_ticks(self.number(c, word), c.style)


Tms = Struct(
    "struct tms",
    tms_utime=Ticks("long", "d", True),
    tms_stime=Ticks("long", "d", True),
    tms_cutime=Ticks("long", "d", True),
    tms_cstime=Ticks("long", "d", True),
)
HEADERS = {
    "struct tms": "sys/times.h",
    "struct timezone": "sys/time.h",
    "struct timex": "sys/timex.h",
    "struct __kernel_timex": "linux/timex.h",
}
call("times", buf=Out(Tms))
call("alarm", seconds=UInt)

# --- adjusting ------------------------------------------------------------------------------


class Reserved11(Type):
    """The eleven ints at the end of a timex."""

    def size(self, abi: object) -> int:
        return 44

    def align(self, abi: object) -> int:
        return 4


def _timex(c_name: str, time_type: Type, word: Type, padding: int) -> Struct:
    """``padding`` ints are written out behind single ints, so that all ABIs have one layout."""
    pad = Fixed(Int, padding)
    return Struct(
        c_name,
        modes=Flags("adjtimex_modes", unknown="ADJ_???"),
        _pad1=pad,
        offset=word,
        freq=word,
        maxerror=word,
        esterror=word,
        status=Flags("adjtimex_status", unknown="STA_???"),
        _pad2=pad,
        constant=word,
        precision=word,
        tolerance=word,
        time=time_type,
        tick=word,
        ppsfreq=word,
        jitter=word,
        shift=Int,
        _pad3=pad,
        stabil=word,
        jitcnt=word,
        calcnt=word,
        errcnt=word,
        stbcnt=word,
        tai=Int,
        _reserved=Reserved11(),
    )


Timex = _timex("struct timex", Timeval, Long, 0)
Timex64 = _timex("struct __kernel_timex", Struct("__kernel_timex_timeval", tv_sec=S64, tv_usec=S64), S64, 1)


class ClockState(Scalar):
    """adjtimex's result: the clock's state, with its name if the ``timex`` in argument ``index`` is told too."""

    def __init__(self, index: int, timex: Struct) -> None:
        super().__init__("kernel", "d", True)
        self.index = index
        self.timex = timex

    def is_pure(self, options: Options) -> bool:
        return False

    def decode(self, c: Call, word: int) -> AnyValue | None:
        value = self.number(c, word)
        if c.fetch(truncate(c.args[self.index], c.abi.word, False), self.timex.size(c.abi)) is not None:
            c.note = tables.load("adjtimex_state").by_value.get(value)
        return Number(str(value), value)


call("adjtimex", buf=Out(Timex), returns=ClockState(0, Timex), classes="clock")
call("clock_adjtime", clockid=ClockId, buf=Out(Timex), returns=ClockState(1, Timex), classes="clock")
call("clock_adjtime64", clockid=ClockId, buf=Out(Timex64), returns=ClockState(1, Timex64), classes="clock", abis="i386")

# --- sleeping -------------------------------------------------------------------------------


class LeftOver(In):
    """The time left: written only when a sleep to no absolute time was interrupted."""

    out = True

    def decode(self, c: Call, word: int) -> AnyValue | None:
        addr = word & (1 << 8 * c.abi.word) - 1
        absolute = c.name.startswith("clock_") and c.u32(1)
        if c.error not in RESTARTED or absolute:
            return c.address(addr)
        data = c.peek(addr, self.inner.size(c.abi))
        return c.address(addr) if data is None else self.inner.load(c, data, 0)

    def plan_argument(self, p: Planner) -> None:
        self.inner.plan(p.at_exit(always=True))


ClockFlags = Flags("clockflags", unknown="TIMER_???")
call("nanosleep", req=In(Timespec), rem=LeftOver(Timespec))
call("clock_nanosleep", clockid=ClockId, flags=ClockFlags, request=In(Timespec), remain=LeftOver(Timespec))
call(
    "clock_nanosleep_time64",
    clockid=ClockId,
    flags=ClockFlags,
    request=In(Timespec64),
    remain=LeftOver(Timespec64),
    abis="i386",
)

# --- timers ---------------------------------------------------------------------------------

TimerWhich = Enum("itimer_which", unknown="ITIMER_???")
call("getitimer", which=TimerWhich, curr_value=Out(Itimerval))
call("setitimer", which=TimerWhich, new_value=In(Itimerval), old_value=Out(Itimerval))
call("timer_create", clockid=ClockId, sevp=In(SigEvent), timerid=Out(Indirect(Int)))
call("timer_settime", timerid=Int, flags=ClockFlags, new_value=In(Itimerspec), old_value=Out(Itimerspec))
call(
    "timer_settime64",
    timerid=Int,
    flags=ClockFlags,
    new_value=In(Itimerspec64),
    old_value=Out(Itimerspec64),
    abis="i386",
)
call("timer_gettime", timerid=Int, curr_value=Out(Itimerspec))
call("timer_gettime64", timerid=Int, curr_value=Out(Itimerspec64), abis="i386")
call("timer_getoverrun timer_delete", timerid=Int)


call("time", tloc=Out(Indirect(DatedSeconds())), returns=Seconds(), classes="clock")
# told when it has returned, as strace does, though nothing is written there
call("stime", t=Out(Indirect(DatedSeconds())), returns=Seconds(), abis="i386")
