# SPDX-License-Identifier: BSD-2-Clause
"""Signals: their numbers as arguments, and sets of them in memory.

Source: include/uapi/asm-generic/signal.h (x86 has the same numbers); signal(7).
"""

from __future__ import annotations

from trapgate.calls.call import Call
from trapgate.calls.memory import In, Length, Shown, Struct, View, length_of
from trapgate.calls.types import Scalar, Size, Type, with_remark
from trapgate.model.abi import Abi
from trapgate.model.values import AnyValue, List, Number, Symbol, Value, remark

NAMES = (
    "0",
    "HUP",
    "INT",
    "QUIT",
    "ILL",
    "TRAP",
    "ABRT",
    "BUS",
    "FPE",
    "KILL",
    "USR1",
    "SEGV",
    "USR2",
    "PIPE",
    "ALRM",
    "TERM",
    "STKFLT",
    "CHLD",
    "CONT",
    "STOP",
    "TSTP",
    "TTIN",
    "TTOU",
    "URG",
    "XCPU",
    "XFSZ",
    "VTALRM",
    "PROF",
    "WINCH",
    "IO",
    "PWR",
    "SYS",
    "RTMIN",
)
"""Names without SIG, by number, up to the first real-time signal, the only one of these with a name of its own."""

SIGRTMIN = 32
SIGRTMAX = 64
NSIG_BYTES = 8


def signal_name(number: int) -> str | None:
    """``SIGHUP``, ``SIGRT_3``; None when no signal has this number.

    >>> signal_name(1), signal_name(35), signal_name(0), signal_name(65)
    ('SIGHUP', 'SIGRT_3', None, None)
    """
    if 0 < number < len(NAMES):
        return "SIG" + NAMES[number]
    return f"SIGRT_{number - SIGRTMIN}" if SIGRTMIN <= number <= SIGRTMAX else None


class SignalNumber(Scalar):
    """A signal: ``SIGINT``; a number that is none prints as decimal."""

    def __init__(self, size: int | str = 4) -> None:
        super().__init__(size, "d", True)

    def decode(self, c: Call, word: int) -> AnyValue | None:
        number = self.number(c, word)
        name = signal_name(number)
        if name is None or c.style == "raw":
            return Number(str(number), number)
        return Symbol(name, name) if c.style == "abbrev" else with_remark(str(number), name, name)


Signal = SignalNumber()


def _member(number: int, style: str) -> Value:
    name = signal_name(number)
    short = name[3:] if name else str(number)
    text = {"raw": str(number), "abbrev": short}.get(style) or f"{number}{remark(short).text}"
    return Symbol(text, name or number)


def format_signal_set(mask: bytes, style: str) -> List:
    """``[HUP INT]``; when two thirds or more are in the set, those that are not: ``~[KILL]``.

    ``mask`` has at most 8 bytes; they are counted in words of 32 bits.
    """
    bits = (min(len(mask), NSIG_BYTES) + 3) // 4 * 32
    members = int.from_bytes(mask, "little")
    inverted = members.bit_count() >= bits * 2 // 3
    if inverted:
        members ^= (1 << bits) - 1
    shown = [_member(i + 1, style) for i in range(bits) if members >> i & 1]
    return List(shown, ("~[" if inverted else "[", "]"), " ")


class SignalSet(Type):
    """A kernel sigset behind a pointer, ``length`` bytes as the caller says; at least ``least``."""

    def __init__(self, length: Length = NSIG_BYTES, least: int | None = None) -> None:
        self.length = length
        self.least = least

    def size(self, abi: Abi) -> int:
        return NSIG_BYTES

    def align(self, abi: Abi) -> int:
        return abi.word

    def load(self, c: Call, data: bytes, offset: int) -> AnyValue:
        return format_signal_set(data[offset : offset + NSIG_BYTES], c.style)

    def at(self, c: Call, addr: int) -> AnyValue:
        size = length_of(c, self.length)
        if size < (c.abi.word if self.least is None else self.least) or size > NSIG_BYTES:
            return c.address(addr)
        data = c.fetch(addr, size)
        return c.address(addr) if data is None else format_signal_set(data, c.style)


def _show_sized_set(view: View) -> Shown:
    mask, size = view.sigmask, view.sigsetsize
    return [("sigmask", SignalSet(size).at(view.call, mask)), *view.fields("sigsetsize")]


SizedSignalSet = Struct("sigset and its size", show=_show_sized_set, sigmask=In(SignalSet()), sigsetsize=Size)
"""What the last argument of pselect6 and io_pgetevents points to: a sigset's address and size."""
