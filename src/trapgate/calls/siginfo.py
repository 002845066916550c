# SPDX-License-Identifier: BSD-2-Clause
"""Signals as values: their names, sets of them, and ``siginfo_t``.

Declares no calls; families use ``Signal``, ``SigSet`` and ``SIGINFO``. Source: signal(7),
sigaction(2), ``include/uapi/asm-generic/siginfo.h``.
"""

from __future__ import annotations

import struct
from functools import lru_cache

from trapgate.calls.call import Call
from trapgate.calls.tables import load
from trapgate.calls.types import Enum, Fd, Scalar, Type, Uid, format_int
from trapgate.model.abi import BY_NAME, Abi
from trapgate.model.values import AnyValue, FlagSet, Number, Struct, Symbol, Value, remark, Joined

NAMES = (
    "HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG "
    "XCPU XFSZ VTALRM PROF WINCH IO PWR SYS"
).split()
"""Signals 1 to 31 of x86, arm64 and most others (``asm-generic/signal.h``)."""
RTMIN, RTMAX = 32, 64
SIGNALS = {f"SIG{name}": number for number, name in enumerate(NAMES, 1)}


def short_name(number: int) -> str | None:
    """``INT``, ``RT_3``; None if no signal has that number."""
    if 1 <= number <= len(NAMES):
        return NAMES[number - 1]
    return f"RT_{number - RTMIN}" if RTMIN <= number <= RTMAX else None


def signal_name(number: int) -> str:
    """``SIGINT``, ``SIGRT_3``, or the number."""
    name = short_name(number)
    return f"SIG{name}" if name else str(number)


def show_signal(number: int, style: str) -> AnyValue:
    """A signal's number as a value in ``style``."""
    name = short_name(number)
    if name is None or style == "raw":
        return Number(str(number), number)
    if style == "verbose":
        return Joined(Number(str(number), f"SIG{name}"), remark(f"SIG{name}"))
    return Symbol(f"SIG{name}", f"SIG{name}")


class SignalNumber(Scalar):
    """The number of a signal, as an int."""

    def __init__(self) -> None:
        super().__init__(4, "d", True)

    def decode(self, c: Call, word: int) -> AnyValue | None:
        return show_signal(self.number(c, word), c.style)


Signal = SignalNumber()


@lru_cache(4096)
def format_sigset(mask: int, bits: int, style: str = "abbrev") -> str:
    """``[INT HUP]``, or ``~[KILL STOP]`` when two thirds or more of the ``bits`` are set.

    >>> format_sigset(0b11, 64)
    '[HUP INT]'
    """
    prefix = ""
    if mask.bit_count() >= bits * 2 // 3:
        mask, prefix = ~mask & ((1 << bits) - 1), "~"
    parts = []
    for number in range(1, bits + 1):
        if mask >> (number - 1) & 1:
            name = short_name(number)
            if style == "raw":
                parts.append(str(number))
            elif style == "verbose":
                parts.append(f"{number} /* {name or number} */")
            elif name is not None:
                parts.append(name)
            else:
                parts.append("")
    return f"{prefix}[{' '.join(parts)}]"


def show_sigset(mask: int, size: int, style: str) -> AnyValue:
    """A signal set of ``size`` bytes; ``data`` is the list of names in it."""
    names: list[object] = [signal_name(n) for n in range(1, size * 8 + 1) if mask >> (n - 1) & 1]
    return FlagSet(format_sigset(mask, size * 8, style), names)


class SignalSet(Type):
    """A ``sigset_t`` of ``size`` bytes inside memory; the kernel's has eight."""

    def __init__(self, size: int | str = 8) -> None:
        self._size = size

    def size(self, abi: Abi) -> int:
        return self._size if isinstance(self._size, int) else abi.word

    def align(self, abi: Abi) -> int:
        return min(self.size(abi), abi.word)

    def load(self, c: Call, data: bytes, offset: int) -> AnyValue:
        size = self.size(c.abi)
        # an array of longs; on little-endian machines that is one number
        return show_sigset(int.from_bytes(data[offset : offset + size], "little"), size, c.style)


SigSet = SignalSet()
OldSigSet = SignalSet("long")

_CODES = {"TRAP": "sigtrap_codes", "CHLD": "sigchld_codes", "IO": "sigpoll_codes", "PROF": "sigprof_codes",
          "ILL": "sigill_codes", "FPE": "sigfpe_codes", "SEGV": "sigsegv_codes", "BUS": "sigbus_codes",
          "SYS": "sigsys_codes"}
SI_USER, SI_TIMER, SI_SIGIO, SI_TKILL = 0, -2, -5, -6
POLL_CODES = range(1, 7)
BUS_MCEERR, SEGV_BNDERR, SEGV_PKUERR, TRAP_PERF = (4, 5), 3, 4, 6
CLD_EXITED = 1

Fields = list[tuple["str | None", AnyValue]]


def _show_code(number: int, code: int, style: str) -> AnyValue:
    name = load("siginfo_codes").by_value.get(code & 0xFFFFFFFF) or load("siginfo_codes").by_value.get(code)
    if name is None:
        table = _CODES.get(short_name(number) or "")
        name = load(table).by_value.get(code) if table else None
    if name is None or style == "raw":
        return Number(format_int(code & 0xFFFFFFFF, "x") if name is None else format_int(code & 0xFFFFFFFF, "x"), code)
    if style == "verbose":
        return Joined(Number(format_int(code & 0xFFFFFFFF, "x"), name), remark(name))
    return Symbol(name, name)


class _SigInfo:
    """Reads the members of one ``siginfo_t`` of the ABI ``c`` has."""

    def __init__(self, c: Call, data: bytes) -> None:
        self.c = c
        self.data = data
        self.union = 16 if c.abi.word == 8 else 12
        self.signo, self.errno, self.code = struct.unpack_from("<iii", data)

    def number(self, offset: int, size: int, signed: bool) -> int:
        start = self.union + offset
        return int.from_bytes(self.data[start : start + size], "little", signed=signed)

    def integer(self, index: int) -> int:
        return self.number(4 * index, 4, True)

    def word(self, offset: int = 0) -> int:
        return self.number(offset, self.c.abi.word, False)

    def source(self) -> Fields:
        pid, uid = self.integer(0), self.integer(1)
        more = self.c.process.pid_text(pid, "tgid") if self.c.options.decode_pids else ""
        return [("si_pid", Number(f"{pid}{more}", pid)), ("si_uid", Uid.decode(self.c, uid) or Value(""))]

    def sigval(self, offset: int) -> Fields:
        value = self.integer(offset // 4)
        pointer = self.word(offset)
        return [("si_int", Number(str(value), value)), ("si_ptr", self.c.address(pointer))]

    def address(self, name: str, offset: int = 0) -> Fields:
        return [(name, self.c.address(self.word(offset)))]

    def fields(self) -> Fields:
        shown: Fields = [("si_signo", show_signal(self.signo, self.c.style)),
                         ("si_code", _show_code(self.signo, self.code, self.c.style))]
        if self.errno:
            shown.append(("si_errno", _show_errno(self.errno)))
        return shown + (self.from_user() if self.code <= 0 else self.from_kernel())

    def from_user(self) -> Fields:
        if self.code in (SI_USER, SI_TKILL):
            return self.source()
        if self.code == SI_TIMER:
            timer, overrun = self.integer(0), self.integer(1)
            shown: Fields = [("si_timerid", Number(format_int(timer & 0xFFFFFFFF, "x"), timer)),
                             ("si_overrun", Number(str(overrun), overrun))]
            return shown + self.sigval(8)
        if self.code == SI_SIGIO:
            return self.band()
        return self.source() + (self.sigval(8) if self.word(8) else [])

    def band(self) -> Fields:
        size = self.c.abi.word
        value = self.number(0, size, True)
        fd = self.number(size, 4, True)
        return [("si_band", Number(str(value), value)), ("si_fd", Fd.decode(self.c, fd & 0xFFFFFFFF) or Value(""))]

    def from_kernel(self) -> Fields:
        name = short_name(self.signo)
        special = {"CHLD": self.child, "SEGV": self.segv, "BUS": self.bus, "TRAP": self.trap, "SYS": self.sys}
        if name in special:
            return special[name]()
        if name in ("ILL", "FPE"):
            return self.address("si_addr")
        if name == "IO":
            return self.band() if self.code in POLL_CODES else []
        shown = self.source() if self.integer(0) or self.integer(1) else []
        return shown + (self.sigval(8) if self.word(8) else [])

    def child(self) -> Fields:
        status, size = self.integer(2), self.c.abi.word
        start = 16 if size == 8 else 12
        utime, stime = self.number(start, size, True), self.number(start + size, size, True)
        shown = Number(str(status), status) if self.code == CLD_EXITED else show_signal(status, self.c.style)
        return [*self.source(), ("si_status", shown), ("si_utime", _ticks(utime)), ("si_stime", _ticks(stime))]

    def segv(self) -> Fields:
        word = self.c.abi.word
        shown = self.address("si_addr")
        if self.code == SEGV_BNDERR:
            shown += self.address("si_lower", 2 * word) + self.address("si_upper", 3 * word)
        if self.code == SEGV_PKUERR:
            key = self.number(2 * word, 4, False)
            shown.append(("si_pkey", Number(str(key), key)))
        return shown

    def bus(self) -> Fields:
        shown = self.address("si_addr")
        if self.code in BUS_MCEERR:
            lsb = self.number(self.c.abi.word, 2, False)
            shown.append(("si_addr_lsb", Number(format_int(lsb, "x"), lsb)))
        return shown

    def trap(self) -> Fields:
        shown = self.address("si_addr")
        if self.code == TRAP_PERF:
            word = self.c.abi.word
            data, kind, flags = self.word(word), self.number(2 * word, 4, False), self.number(2 * word + 4, 4, False)
            shown.append(("si_perf_data", Number(format_int(data, "x"), data)))
            shown.append(("si_perf_type", Enum("perf_type_id", unknown="PERF_TYPE_???").decode(self.c, kind) or Value("")))
            flag_type = Enum("sigtrap_perf_flags", unknown="TRAP_PERF_FLAG_???")
            shown.append(("si_perf_flags", flag_type.decode(self.c, flags) or Value("")))
        return shown

    def sys(self) -> Fields:
        word = self.c.abi.word
        number, arch = self.number(word, 4, False), self.number(word + 4, 4, False)
        return [
            *self.address("si_call_addr"),
            ("si_syscall", _show_syscall(number, arch, self.c.style)),
            ("si_arch", Enum("audit_arch", unknown="AUDIT_ARCH_???").decode(self.c, arch) or Value("")),
        ]


def _ticks(value: int) -> AnyValue:
    """Clock ticks, with seconds behind them when there are any (USER_HZ is 100)."""
    shown = Number(str(value), value)
    if not value:
        return shown
    return Joined(shown, remark(f"{value // 100}.{value % 100:02} s" if value % 100 else f"{value // 100} s"))


def _show_errno(number: int) -> AnyValue:
    import errno

    name = errno.errorcode.get(number)
    return Symbol(name, name) if name else Number(str(number), number)


def _show_syscall(number: int, arch: int, style: str) -> AnyValue:
    from trapgate import catalog

    for abi in BY_NAME.values():
        if abi.audit_arch == arch and number in catalog.names(abi.name):
            name = f"__NR_{catalog.names(abi.name)[number]}"
            if style == "raw":
                return Number(format_int(number, "x"), number)
            if style == "verbose":
                return Joined(Number(format_int(number, "x"), name), remark(name))
            return Symbol(name, name)
    return Joined(Number(format_int(number, "x"), number), remark("__NR_???"))


def show_siginfo(c: Call, data: bytes) -> AnyValue:
    """A ``siginfo_t`` (128 bytes in the ABI of ``c``) as a structure."""
    data = data.ljust(128, b"\0")
    info = _SigInfo(c, data)
    return Struct(info.fields() if info.signo else [])


class SigInfoType(Type):
    """``siginfo_t`` in memory."""

    def size(self, abi: Abi) -> int:
        return 128

    def align(self, abi: Abi) -> int:
        return abi.word

    def load(self, c: Call, data: bytes, offset: int) -> AnyValue:
        return show_siginfo(c, data[offset : offset + 128])


SIGINFO = SigInfoType()
