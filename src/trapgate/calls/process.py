# SPDX-License-Identifier: BSD-2-Clause
"""The life of a process: starting programs, ending, and what a process may ask about itself and others.

Source: execve(2), execveat(2), exit(2), umask(2), personality(2), kcmp(2), pidfd_open(2),
pidfd_getfd(2), set_tid_address(2).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trapgate.calls import tables
from trapgate.calls.call import Call, Options
from trapgate.calls.describe import call
from trapgate.calls.memory import In, Path, Strings, Struct
from trapgate.calls.types import (
    X32,
    Addr,
    DirFd,
    Enum,
    Fd,
    Flags,
    HexKLong,
    Int,
    Mode,
    Named,
    Scalar,
    Switch,
    Tgid,
    Tid,
    UInt,
    describe_fd,
    format_noted_flags,
    join_flags,
    truncate,
)
from trapgate.model.abi import Abi
from trapgate.model.values import AnyValue, Joined, Number, remark

if TYPE_CHECKING:
    from trapgate.calls.plan import Planner

# --- starting and ending --------------------------------------------------------------------


MOST_VARIABLES = 1024
"""Pointers of envp that a plan copies."""


class Environment(Strings):
    """envp: its address and how many variables it has; with -v the variables themselves."""

    def plan(self, p: Planner) -> None:
        p.strings(MOST_VARIABLES, 0)  # the pointers alone, to be counted
        super().plan(p)

    def at(self, c: Call, addr: int) -> AnyValue:
        if not c.verbose:
            return c.address(addr)
        if not c.abbrev:
            return super().at(c, addr)
        count, broken = self.count(c, addr)
        what = f"{count} var{'' if count == 1 else 's'}{', unterminated' if broken else ''}"
        return Joined(c.address(addr), remark(what)) if count or not broken else c.address(addr)

    def count(self, c: Call, addr: int) -> tuple[int, bool]:
        """How many pointers come before the NULL, and whether the array ends in unreadable memory."""
        word, count = c.abi.word, 0
        while True:
            data = c.memory.read(addr + count * word, word * 64)
            for i in range(len(data) // word):
                if not any(data[i * word : (i + 1) * word]):
                    return count + i, False
            count += len(data) // word
            if len(data) < word * 64:
                return count, True


call("execve", pathname=Path, argv=In(Strings()), envp=In(Environment()), classes="process")
call(
    "execveat",
    dirfd=DirFd,
    pathname=Path,
    argv=In(Strings()),
    envp=In(Environment()),
    flags=Flags("execveat_flags", unknown="AT_???"),
    classes="process",
)
call("exit exit_group", status=Int, classes="process")

# --- what a process is ----------------------------------------------------------------------

call("umask", mask=Mode, returns=Mode)
call("set_tid_address", tidptr=Addr, returns=Tid)

PER_MASK = 0xFF


class Persona(Named):
    """An execution domain and flags: ``PER_LINUX|ADDR_NO_RANDOMIZE``; all ones ask and change nothing."""

    ASK = 0xFFFFFFFF

    def __init__(self) -> None:
        super().__init__("personality_types")

    def show(self, value: int, style: str, abi: Abi) -> AnyValue:
        if value == self.ASK:
            return Number(hex(value), value)
        domain = Enum("personality_types").show(value & PER_MASK, style, abi)
        if not value & ~PER_MASK:
            return domain
        return join_flags(domain, Flags("personality_flags").show(value & ~PER_MASK, style, abi))


class PersonaResult(Scalar):
    """The persona there was: hexadecimal, with the names behind it."""

    def __init__(self) -> None:
        super().__init__("kernel", "x")

    def is_pure(self, options: Options) -> bool:
        return False

    def decode(self, c: Call, word: int) -> AnyValue | None:
        value = truncate(word, 4, False)
        c.note = Enum("personality_types").show(value & PER_MASK, c.style, c.abi).text
        if value & ~PER_MASK:
            c.note += "|" + format_noted_flags(value & ~PER_MASK, c.style, [tables.load("personality_flags")])
        return super().decode(c, word)


call("personality", persona=Persona(), returns=PersonaResult())

# --- other processes ------------------------------------------------------------------------


class OtherFd(Scalar):
    """A descriptor of the process that the parameter ``pid`` names."""

    def __init__(self, pid: str) -> None:
        super().__init__(4, "d", True)
        self.pid = pid

    def is_pure(self, options: Options) -> bool:
        return not options.decode_fds

    def decode(self, c: Call, word: int) -> AnyValue | None:
        fd = self.number(c, word)
        more = c.process.other_fd_text(c.word(self.pid) & 0xFFFFFFFF, fd) if c.options.decode_fds else ""
        return describe_fd(fd, more) if more else super().decode(c, word)


First, Second = OtherFd("pid1"), OtherFd("pid2")
EpollSlot = Struct("struct kcmp_epoll_slot", efd=Second, tfd=Second, toff=UInt)
HEADERS = {"struct kcmp_epoll_slot": "linux/kcmp.h"}
WHOLE = ("KCMP_FILES", "KCMP_FS", "KCMP_IO", "KCMP_SIGHAND", "KCMP_SYSVSEM", "KCMP_VM")
call(
    "kcmp",
    pid1=Tgid,
    pid2=Tgid,
    type__=Enum("kcmp_types", unknown="KCMP_???"),
    idx1=Switch("type", {"KCMP_FILE": First, "KCMP_EPOLL_TFD": First, **dict.fromkeys(WHOLE)}, HexKLong),
    idx2=Switch("type", {"KCMP_FILE": Second, "KCMP_EPOLL_TFD": In(EpollSlot), **dict.fromkeys(WHOLE)}, HexKLong),
)

call("pidfd_open", pid=Tgid, flags=Flags("pidfd_open_flags", unknown="PIDFD_???"), returns=Fd, classes="desc")


class TargetFd(Scalar):
    """A descriptor of the process to which the pidfd in the first argument refers."""

    def __init__(self) -> None:
        super().__init__(4, "d", True)

    def is_pure(self, options: Options) -> bool:
        return not options.decode_fds

    def decode(self, c: Call, word: int) -> AnyValue | None:
        fd = self.number(c, word)
        target = c.process.pidfd_target(c.s32(0)) if c.options.decode_fds else 0
        more = c.process.other_fd_text(target, fd, ours=True) if target else ""
        return describe_fd(fd, more) if more else super().decode(c, word)


call("pidfd_getfd", pidfd=Fd, targetfd=TargetFd(), flags=X32, returns=Fd)
