# SPDX-License-Identifier: BSD-2-Clause
"""Descriptors as such: closing and duplicating them, pipes, and what makes new kinds of them.

Kinds: eventfd, signalfd, timerfd, memfd, userfaultfd, inotify, fanotify. Source: their pages in
section 2 of the manual; include/uapi/linux/memfd.h for the bits of a huge page's size.
"""

from __future__ import annotations

from trapgate.calls.call import Call
from trapgate.calls.describe import call
from trapgate.calls.memory import Array, In, Out, Path, Str
from trapgate.calls.structs_file import OpenMode
from trapgate.calls.structs_signal import SignalSet
from trapgate.calls.structs_time import ClockId, Itimerspec, Itimerspec64
from trapgate.calls.types import (
    DirectoryFd,
    Enum,
    EnumFlags,
    Fd,
    Flags,
    InstrumentFd,
    Int,
    Size,
    UInt,
    WideFlags,
    join_flags,
    with_remark,
)
from trapgate.model.abi import Abi
from trapgate.model.record import PLAN_UFFD
from trapgate.model.values import AnyValue, Number, Symbol

DescriptorFlags = Flags("open_mode_flags")
"""O_CLOEXEC and the like for calls that make descriptors: no access mode among them."""

call("close", fd=Fd)
call("close_range", first=UInt, last=UInt, flags=Flags("close_range_flags"))
call("dup", oldfd=Fd, returns=Fd)
call("dup2", oldfd=Fd, newfd=Fd, returns=Fd)
call("dup3", oldfd=Fd, newfd=Fd, flags=DescriptorFlags, returns=Fd)
FdPair = Out(Array(Fd, 2))
call("pipe", pipefd=FdPair, classes="desc")
call("pipe2", pipefd=FdPair, flags=DescriptorFlags, classes="desc")

call("eventfd", initval=UInt, returns=Fd, classes="desc")
call("eventfd2", initval=UInt, flags=Flags("efd_flags"), returns=Fd, classes="desc")
SignalMask = In(SignalSet("sizemask"))
call("signalfd", fd=Fd, mask=SignalMask, sizemask=Size, returns=Fd, classes="signal")
call("signalfd4", fd=Fd, mask=SignalMask, sizemask=Size, flags=Flags("sfd_flags"), returns=Fd, classes="signal")

TimerFlags = Flags("timerfdflags")
call("timerfd_create", clockid=ClockId, flags=TimerFlags, returns=Fd, classes="desc")
call("timerfd_settime", fd=Fd, flags=TimerFlags, new_value=In(Itimerspec), old_value=Out(Itimerspec))
call("timerfd_gettime", fd=Fd, curr_value=Out(Itimerspec))
call("timerfd_settime64", fd=Fd, flags=TimerFlags, new_value=In(Itimerspec64), old_value=Out(Itimerspec64), abis="i386")
call("timerfd_gettime64", fd=Fd, curr_value=Out(Itimerspec64), abis="i386")


class MemfdFlags(Flags):
    """memfd_create's flags; the six highest bits hold the logarithm of a huge page's size."""

    SHIFT = 26
    SIZE_BITS = 0x3F << SHIFT

    def __init__(self) -> None:
        super().__init__("memfd_create_flags")

    def show(self, value: int, style: str, abi: Abi) -> AnyValue:
        if not value or style == "raw":
            return super().show(value, style, abi)
        size, rest = value >> self.SHIFT, value & ~self.SIZE_BITS
        parts = [super().show(rest, "abbrev", abi)] if rest else []
        if size:
            parts.append(Symbol(f"{size}<<MFD_HUGE_SHIFT", {"MFD_HUGE_SHIFT": size}))
        flags = join_flags(*parts)
        return flags if style == "abbrev" else with_remark(hex(value), flags.text, flags.data)


call("memfd_create", name=In(Str(250)), flags=MemfdFlags(), returns=Fd, classes="desc")
call("memfd_secret", flags=Flags("memfd_secret_flags", unknown=""), returns=Fd, classes="desc")
call("userfaultfd", flags=Flags("uffd_flags"), returns=Fd, classes="desc", plan_flags=PLAN_UFFD)

call("inotify_init", returns=Fd, classes="desc")
call("inotify_init1", flags=Flags("inotify_init_flags"), returns=Fd, classes="desc")
call("inotify_add_watch", fd=Fd, pathname=Path, mask=Flags("inotify_flags"))
call("inotify_rm_watch", fd=Fd, wd=Int)


class MarkDirFd(DirectoryFd):
    """fanotify_mark's directory, which may be FAN_NOFD: no descriptor at all."""

    NOFD = -1

    def decode(self, c: Call, word: int) -> AnyValue | None:
        if self.number(c, word) != self.NOFD:
            return super().decode(c, word)
        if c.style == "raw":
            return Number("-1", -1)
        return Symbol("FAN_NOFD", "FAN_NOFD") if c.style == "abbrev" else with_remark("-1", "FAN_NOFD", "FAN_NOFD")


call(
    "fanotify_init",
    flags=EnumFlags(Enum("fan_classes"), Flags("fan_init_flags"), 0xC),
    event_f_flags=OpenMode,
    returns=Fd,
    classes="desc",
)
call(
    "fanotify_mark",
    fanotify_fd=InstrumentFd,
    flags=Flags("fan_mark_flags"),
    mask=WideFlags("fan_event_flags"),
    dirfd=MarkDirFd(),
    pathname=Path,
)
