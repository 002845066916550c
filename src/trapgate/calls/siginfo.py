# SPDX-License-Identifier: BSD-2-Clause
"""What comes with a signal: ``siginfo_t``.

Declares no calls; families use ``SIGINFO``. Source: sigaction(2),
``include/uapi/asm-generic/siginfo.h``.
"""

from __future__ import annotations

import struct

from trapgate.calls.call import Call
from trapgate.calls.errnames import ErrorNumber
from trapgate.calls.structs_signal import Signal, signal_name
from trapgate.calls.structs_syscall import show_syscall_number
from trapgate.calls.structs_time import show_ticks
from trapgate.calls.tables import load
from trapgate.calls.types import Enum, Fd, Type, Uid, format_int
from trapgate.model.abi import Abi
from trapgate.model.values import AnyValue, Joined, Number, Struct, Symbol, Value, remark

_CODES = {
    "SIGTRAP": "sigtrap_codes",
    "SIGCHLD": "sigchld_codes",
    "SIGIO": "sigpoll_codes",
    "SIGILL": "sigill_codes",
    "SIGFPE": "sigfpe_codes",
    "SIGSEGV": "sigsegv_codes",
    "SIGBUS": "sigbus_codes",
    "SIGSYS": "sigsys_codes",
}
SI_USER, SI_TIMER, SI_SIGIO, SI_TKILL = 0, -2, -5, -6
POLL_CODES = range(1, 7)
BUS_MCEERR, SEGV_BNDERR, SEGV_PKUERR = (4, 5), 3, 4
CLD_EXITED = 1

Errno = ErrorNumber()

Fields = list[tuple["str | None", AnyValue]]


def _show_code(number: int, code: int, style: str) -> AnyValue:
    name = load("siginfo_codes").by_value.get(code & 0xFFFFFFFF) or load("siginfo_codes").by_value.get(code)
    if name is None:
        table = _CODES.get(signal_name(number) or "")
        name = load(table).by_value.get(code) if table else None
    if name is None or style == "raw":
        return Number(format_int(code & 0xFFFFFFFF, "x"), code)
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
        shown: Fields = [
            ("si_signo", Signal.value(self.c, self.signo)),
            ("si_code", _show_code(self.signo, self.code, self.c.style)),
        ]
        if self.errno:
            shown.append(("si_errno", Errno.value(self.c, self.errno)))
        return shown + (self.from_user() if self.code <= 0 else self.from_kernel())

    def from_user(self) -> Fields:
        if self.code in (SI_USER, SI_TKILL):
            return self.source()
        if self.code == SI_TIMER:
            timer, overrun = self.integer(0), self.integer(1)
            shown: Fields = [
                ("si_timerid", Number(format_int(timer & 0xFFFFFFFF, "x"), timer)),
                ("si_overrun", Number(str(overrun), overrun)),
            ]
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
        name = signal_name(self.signo)
        special = {
            "SIGCHLD": self.child,
            "SIGSEGV": self.segv,
            "SIGBUS": self.bus,
            "SIGSYS": self.sys,
        }
        if name in special:
            return special[name]()
        if name in ("SIGILL", "SIGFPE", "SIGTRAP"):  # of perf's traps C libraries tell no more either
            return self.address("si_addr")
        if name == "SIGIO":
            return self.band() if self.code in POLL_CODES else []
        shown = self.source() if self.integer(0) or self.integer(1) else []
        return shown + (self.sigval(8) if self.word(8) else [])

    def child(self) -> Fields:
        status, size = self.integer(2), self.c.abi.word
        start = 16 if size == 8 else 12
        utime, stime = self.number(start, size, True), self.number(start + size, size, True)
        shown = Number(str(status), status) if self.code == CLD_EXITED else Signal.value(self.c, status)
        return [
            *self.source(),
            ("si_status", shown),
            ("si_utime", show_ticks(utime, self.c.style)),
            ("si_stime", show_ticks(stime, self.c.style)),
        ]

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

    def sys(self) -> Fields:
        word = self.c.abi.word
        number, arch = self.number(word, 4, False), self.number(word + 4, 4, False)
        return [
            *self.address("si_call_addr"),
            ("si_syscall", show_syscall_number(self.c, number, arch)),
            ("si_arch", Enum("audit_arch", unknown="AUDIT_ARCH_???").decode(self.c, arch) or Value("")),
        ]


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
