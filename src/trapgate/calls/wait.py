# SPDX-License-Identifier: BSD-2-Clause
"""Waiting for children: how they ended or stopped, and what they used.

Source: wait(2), wait4(2), waitid(2); ``include/uapi/linux/wait.h``; ptrace(2) for the events in
the upper half of a status.
"""

from __future__ import annotations

from trapgate.calls.call import Call, Options
from trapgate.calls.describe import call
from trapgate.calls.memory import Indirect, Out
from trapgate.calls.sched import RUsage
from trapgate.calls.siginfo import SIGINFO
from trapgate.calls.structs_signal import signal_name
from trapgate.calls.types import Enum, Fd, Flags, Int, Pgid, Scalar, Switch, Tgid, format_int, truncate
from trapgate.model.values import AnyValue, Number, Symbol

CONTINUED = 0xFFFF
CORE, STOPPED, SYSCALL_STOP = 0x80, 0x7F, 0x80


def split_status(status: int) -> tuple[str, int]:
    """What a status says in the words of wait(2), and the bits that are left over.

    >>> split_status(0x1300)
    ('{WIFEXITED(s) && WEXITSTATUS(s) == 19}', 0)
    """
    low, high = status & 0x7F, status >> 8 & 0xFF
    if status & 0xFF == STOPPED:
        signal, more = high & ~SYSCALL_STOP, " | 0x80" if high & SYSCALL_STOP else ""
        return f"{{WIFSTOPPED(s) && WSTOPSIG(s) == {signal_name(signal) or signal}{more}}}", status & ~0xFFFF
    if 0 < low < STOPPED:
        core = " && WCOREDUMP(s)" if status & CORE else ""
        return f"{{WIFSIGNALED(s) && WTERMSIG(s) == {signal_name(low) or low}{core}}}", status & ~(low | CORE)
    if not low:
        return f"{{WIFEXITED(s) && WEXITSTATUS(s) == {high}}}", status & ~0xFF00
    return ("{WIFCONTINUED(s)}", 0) if status == CONTINUED else ("", status)


Event = Enum("ptrace_events")


class WaitStatus(Scalar):
    """A child's status: ``{WIFEXITED(s) && WEXITSTATUS(s) == 1}``, a ptrace event behind it."""

    def __init__(self) -> None:
        super().__init__(4, "x")

    def decode(self, c: Call, word: int) -> AnyValue | None:
        value = self.number(c, word)
        said, rest = split_status(value)
        if not said:
            return Number(format_int(value, "x"), value)
        parts = [said]
        if rest >> 16:
            parts.append(f"{Event.value(c, rest >> 16).text}<<16")
            rest &= 0xFFFF
        if rest:
            parts.append(format_int(rest, "x"))
        return Symbol("|".join(parts), value)


class Children(Scalar):
    """Which children: one, those of a process group (negative), all (-1), those of the own group (0)."""

    def __init__(self) -> None:
        super().__init__(4, "d", True)

    def is_pure(self, options: Options) -> bool:
        return not options.decode_pids

    def decode(self, c: Call, word: int) -> AnyValue | None:
        pid = self.number(c, word)
        if not c.options.decode_pids or pid in (0, -1):
            return super().decode(c, word)
        more = c.process.pid_text(pid, "tgid") if pid > 0 else c.process.pid_text(-pid, "pgid")
        return Number(f"{pid}{more}", pid)


class Found(Out):
    """What is filled if a child was found: not when the result is 0."""

    def decode(self, c: Call, word: int) -> AnyValue | None:
        return super().decode(c, word) if c.result else c.address(truncate(word, c.abi.word, False))


STATUS = Found(Indirect(WaitStatus()))
OPTIONS = Flags("wait4_options")

call("waitpid", pid=Children(), status=STATUS, options=OPTIONS, returns=Tgid, classes="process", abis="i386")
call("wait4", pid=Children(), status=STATUS, options=OPTIONS, usage=Found(RUsage), returns=Tgid, classes="process")
call(
    "waitid",
    idtype=Enum("waitid_types", unknown="P_???"),
    id=Switch("idtype", {"P_PID": Tgid, "P_PIDFD": Fd, "P_PGID": Pgid}, Int),
    siginfo=Out(SIGINFO),
    options=OPTIONS,
    usage=Out(RUsage),
    classes="process",
)
