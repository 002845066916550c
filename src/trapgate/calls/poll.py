# SPDX-License-Identifier: BSD-2-Clause
"""Waiting for descriptors: select, poll and epoll in all their forms.

What came of it is told behind the result: ``= 1 ([{fd=0, revents=POLLIN}])``. Source:
select(2), poll(2), epoll_ctl(2), epoll_wait(2); include/uapi/linux/eventpoll.h.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence

from trapgate.calls.call import Call
from trapgate.calls.describe import EXIT, Yield, call, decoder
from trapgate.calls.memory import RESULT, Array, In, Out, Shown, Struct, View
from trapgate.calls.plan import Planner
from trapgate.calls.structs_signal import SignalSet, SizedSignalSet
from trapgate.calls.structs_time import Timespec, Timespec64, Timeval
from trapgate.calls.types import (
    S16,
    X64,
    Enum,
    Fd,
    Flags,
    InstrumentFd,
    Int,
    Size,
    Type,
    UInt,
    format_noted_flags,
    truncate,
)
from trapgate.model.values import AnyValue, List

HEADERS = {"struct pollfd": "poll.h", "struct epoll_event": "linux/eventpoll.h"}

MOST_FDS = 1024 * 1024
NOTE_ROOM = 1024
"""Bytes that the remark behind the result may have."""


# --- select -----------------------------------------------------------------------------


def read_fd_set(c: Call, addr: int, nfds: int) -> list[int] | None:
    """The descriptors below ``nfds`` in the set at ``addr``; None if it cannot be read."""
    nfds = min(max(nfds, 0), MOST_FDS)
    word = c.abi.word
    size = (nfds + 7) // 8 + word - 1 & -word
    data = c.memory.read(addr, size) if size and addr else b""
    if not size or len(data) < size:
        return None
    bits = int.from_bytes(data, "little")
    return [fd for fd in range(nfds) if bits >> fd & 1] if bits else []


def show_fd_set(c: Call, addr: int, nfds: int) -> AnyValue:
    """``[3 5]``, or the address."""
    found = read_fd_set(c, addr, nfds) if c.verbose else None
    return c.address(addr) if found is None else List([Fd.value(c, fd) for fd in found], separator=" ")


class FdSet(Type):
    """An fd_set of as many bits as the parameter nfds says."""

    def at(self, c: Call, addr: int) -> AnyValue:
        return show_fd_set(c, addr, truncate(c.word("nfds"), 4, True))

    def plan(self, p: Planner) -> None:
        p.at_entry().bits("nfds", MOST_FDS // 8)
        p.at_exit().bits("nfds", MOST_FDS // 8)


def format_ready(c: Call, nfds: int, sets: tuple[int, ...], timeout: int, time_type: Type) -> str:
    """``in [3 4], out [5], left {tv_sec=1, tv_usec=0}``; ``sets`` and ``timeout`` are addresses."""
    ready, separator, text = c.result, "", ""
    for name, addr in zip(("in", "out", "except"), sets, strict=True):
        members = read_fd_set(c, addr, nfds) if ready > 0 else None
        if members is None:
            continue
        first = True
        for fd in members:
            if len(text) < NOTE_ROOM - 25:
                text += f"{separator}{name} [{fd}" if first else f" {fd}"
                first, separator = False, ", "
            ready -= 1
            if not ready:
                break
        text += "]" if text else ""
    if timeout:
        left = time_type.at(c, timeout).text
        if len(text) + 6 + len(separator) + len(left) < NOTE_ROOM:
            text += f"{separator}left {left}"
    return text


class Selected(Type):
    """select's result: its remark lists the descriptors that are ready."""

    def __init__(self, time_type: Type) -> None:
        self.time_type = time_type

    def decode(self, c: Call, word: int) -> AnyValue | None:
        sets = tuple(truncate(c.word(name), c.abi.word, False) for name in ("readfds", "writefds", "exceptfds"))
        timeout = truncate(c.word("timeout"), c.abi.word, False)
        nfds = truncate(c.word("nfds"), 4, True)
        c.note = format_ready(c, nfds, sets, timeout, self.time_type) if c.result else "Timeout"
        return Int.decode(c, word)


class FdSetArgument(In):
    """A set of descriptors that the kernel rewrites; the remark behind the result tells how."""

    def named_fds(self, c: Call, word: int) -> Sequence[int]:
        return read_fd_set(c, truncate(word, c.abi.word, False), truncate(c.word("nfds"), 4, True)) or ()


class Remaining(In):
    """A timeout that the kernel rewrites with what is left of it; the remark tells that."""

    def plan_argument(self, p: Planner) -> None:
        self.inner.plan(p.at_entry())
        self.inner.plan(p.at_exit())


FdSets = FdSetArgument(FdSet())

call(
    "select",
    nfds=Int,
    readfds=FdSets,
    writefds=FdSets,
    exceptfds=FdSets,
    timeout=Remaining(Timeval),
    returns=Selected(Timeval),
    classes="desc",
    abis="x86_64 x32",
)
call(
    "_newselect",
    nfds=Int,
    readfds=FdSets,
    writefds=FdSets,
    exceptfds=FdSets,
    timeout=Remaining(Timeval),
    returns=Selected(Timeval),
    classes="desc",
    abis="i386",
)
call(
    "pselect6",
    nfds=Int,
    readfds=FdSets,
    writefds=FdSets,
    exceptfds=FdSets,
    timeout=Remaining(Timespec),
    sig=In(SizedSignalSet),
    returns=Selected(Timespec),
    classes="desc",
)
call(
    "pselect6_time64",
    nfds=Int,
    readfds=FdSets,
    writefds=FdSets,
    exceptfds=FdSets,
    timeout=Remaining(Timespec64),
    sig=In(SizedSignalSet),
    returns=Selected(Timespec64),
    classes="desc",
    abis="i386",
)

SelectArguments = Struct("arguments of i386's old select", n=Int, inp=FdSets, outp=FdSets, exp=FdSets, tvp=In(Timeval))


class OldSelectArgument(In):
    """The address of select's arguments."""

    def named_fds(self, c: Call, word: int) -> Sequence[int]:
        words = c.unpack("5I", truncate(word, c.abi.word, False)) or (0, 0, 0, 0)
        sets = [read_fd_set(c, addr, truncate(words[0], 4, True)) or [] for addr in words[1:4]]
        return [fd for members in sets for fd in members]


@decoder("select", abis="i386", classes="desc", arg=OldSelectArgument(SelectArguments))
def old_select(c: Call) -> Iterator[Yield]:
    """By hand because i386's first select has one argument: the address of all five."""
    data = c.memory.read(c.args[0], 20)
    if len(data) < 20:
        yield "arg", c.address(c.args[0])
        return
    words = struct.unpack("<5I", data)
    nfds = truncate(words[0], 4, True)
    yield "nfds", Int.value(c, words[0])
    for name, addr in zip(("readfds", "writefds", "exceptfds"), words[1:4], strict=True):
        yield name, show_fd_set(c, addr, nfds) if addr else c.address(0)
    yield "timeout", In(Timeval).value(c, words[4])
    yield EXIT
    if not c.error:
        c.note = format_ready(c, nfds, words[1:4], words[4], Timeval) if c.result else "Timeout"


# --- poll -------------------------------------------------------------------------------

PollFlags = Flags("pollflags", size=2)


def _show_pollfd(view: View) -> Shown:
    return view.fields("fd", "events") if view.fd >= 0 else view.fields("fd")


PollFd = Struct("struct pollfd", show=_show_pollfd, fd=Fd, events=PollFlags, _revents=S16)


def format_polled(c: Call, timeout: tuple[Type, int] | None) -> str | None:
    """``[{fd=0, revents=POLLIN}], left {tv_sec=…}``; None when there is nothing to tell."""
    addr, count = truncate(c.word("fds"), c.abi.word, False), truncate(c.word("nfds"), 4, False)
    if not c.verbose or not addr or not count or addr + 8 * count >> 64:
        return None
    shown: list[str] = []
    room = NOTE_ROOM - 27
    for at in range(addr, addr + 8 * count, 8):
        data = c.memory.read(at, 8)
        if len(data) < 8:
            shown.append(hex(at))
            break
        revents = int.from_bytes(data[6:8], "little")
        if not revents:
            continue
        fd = int.from_bytes(data[:4], "little", signed=True)
        flags = format_noted_flags(revents, c.style, PollFlags.tables(c.abi))
        item = f"{{fd={fd}, revents={flags}}}"
        so_far = sum(map(len, shown)) + 2 * len(shown) + 1
        if (c.abbrev and len(shown) >= c.options.string_limit) or so_far + len(item) >= room:
            shown.append("...")
            break
        shown.append(item)
    text = f"[{', '.join(shown)}]" if shown else ""
    if timeout is None or not timeout[1]:
        return text or None
    left = f"left {timeout[0].at(c, timeout[1]).text}"
    if len(text) + len(left) + 2 >= NOTE_ROOM:
        return text + ", ..."
    return f"{text}, {left}" if text else left


class Polled(Type):
    """poll's result: its remark lists what happened."""

    def __init__(self, time_type: Type | None = None) -> None:
        self.time_type = time_type

    def decode(self, c: Call, word: int) -> AnyValue | None:
        timeout = None
        if self.time_type is not None:
            timeout = (self.time_type, truncate(c.word("tmo_p"), c.abi.word, False))
        c.note = format_polled(c, timeout) if c.result else "Timeout"
        return Int.decode(c, word)


class PollFds(In):
    """poll's array, which the kernel fills with what happened; the remark tells that."""

    def named_fds(self, c: Call, word: int) -> Sequence[int]:
        addr, count = truncate(word, c.abi.word, False), min(truncate(c.word("nfds"), 4, False), MOST_FDS)
        data = c.memory.read(addr, 8 * count) if addr else b""
        return [int.from_bytes(data[at : at + 4], "little", signed=True) for at in range(0, len(data) - 7, 8)]

    def plan_argument(self, p: Planner) -> None:
        self.inner.plan(p.at_entry())
        p.at_exit().bytes("nfds", scale=8)  # all of them: the remark is about those where something happened


Polls = PollFds(Array(PollFd, "nfds"))
PolledSignals = In(SignalSet("sigsetsize"))

call("poll", fds=Polls, nfds=UInt, timeout=Int, returns=Polled(), classes="desc")
call(
    "ppoll",
    fds=Polls,
    nfds=UInt,
    tmo_p=Remaining(Timespec),
    sigmask=PolledSignals,
    sigsetsize=Size,
    returns=Polled(Timespec),
    classes="desc",
)
call(
    "ppoll_time64",
    fds=Polls,
    nfds=UInt,
    tmo_p=Remaining(Timespec64),
    sigmask=PolledSignals,
    sigsetsize=Size,
    returns=Polled(Timespec64),
    classes="desc",
    abis="i386",
)

# --- epoll ------------------------------------------------------------------------------

EpollEvent = Struct("struct epoll_event", packed=True, events=Flags("epollevents"), data=X64)


class AddedEvent(In):
    """epoll_ctl's event, which EPOLL_CTL_DEL ignores."""

    DEL = 2

    def decode(self, c: Call, word: int) -> AnyValue | None:
        if truncate(c.word("op"), 4, False) == self.DEL:
            return c.address(truncate(word, c.abi.word, False))
        return super().decode(c, word)


Events = Out(Array(EpollEvent, RESULT))

call("epoll_create", size=Int, returns=Fd, classes="desc")
call("epoll_create1", flags=Flags("epollflags"), returns=Fd, classes="desc")
call("epoll_ctl", epfd=InstrumentFd, op=Enum("epollctls"), fd=Fd, event=AddedEvent(EpollEvent))
call("epoll_wait", epfd=Fd, events=Events, maxevents=Int, timeout=Int)
call("epoll_pwait", epfd=Fd, events=Events, maxevents=Int, timeout=Int, sigmask=PolledSignals, sigsetsize=Size)
call(
    "epoll_pwait2",
    epfd=Fd,
    events=Events,
    maxevents=Int,
    timeout=In(Timespec64),
    sigmask=PolledSignals,
    sigsetsize=Size,
)
