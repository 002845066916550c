# SPDX-License-Identifier: BSD-2-Clause
"""ioctl: the request by its names in the catalogue, the argument of what common programs ask.

Requests not listed here print their argument as a number. Names are looked up when a request
is first seen. Source: ioctl(2), TIOCGWINSZ(2const) and its sisters; include/uapi/linux/termios.h,
asm-generic/ioctl.h, asm-generic/ioctls.h, linux/fs.h.
"""

from __future__ import annotations

from trapgate import catalog
from trapgate.calls.call import Call
from trapgate.calls.describe import call
from trapgate.calls.memory import In, Indirect, Out, Struct
from trapgate.calls.types import U16, Enum, Fd, Flags, HexLong, Int, Scalar, Switch, Type, styled
from trapgate.model.values import AnyValue

HEADERS = {"struct winsize": "sys/ioctl.h"}

DIRECTIONS = ("_IOC_NONE", "_IOC_WRITE", "_IOC_READ", "_IOC_READ|_IOC_WRITE")


def format_request(request: int) -> str:
    """The names of ``request`` joined by `` or ``; what it encodes when it has none."""
    names = dict.fromkeys(known.name for known in catalog.ioctls(request))
    if names:
        return " or ".join(names)
    kind, number, size = request >> 8 & 0xFF, request & 0xFF, request >> 16 & 0x3FFF
    fields = ", ".join(hex(field) if field else "0" for field in (kind, number, size))
    return f"_IOC({DIRECTIONS[request >> 30]}, {fields})"


class Request(Scalar):
    """A request of ioctl: ``TIOCGWINSZ``, unknown ``_IOC(_IOC_READ, 0x54, 0x1, 0x8)``."""

    def __init__(self) -> None:
        super().__init__(4, "x")
        self._texts: dict[int, str] = {}

    def decode(self, c: Call, word: int) -> AnyValue | None:
        request = self.number(c, word)
        text = self._texts.get(request)
        if text is None:
            text = self._texts[request] = format_request(request)
        return styled(c.style, hex(request) if request else "0", text, request if text.startswith("_IOC(") else text)


Winsize = Struct("struct winsize", ws_row=U16, ws_col=U16, ws_xpixel=U16, ws_ypixel=U16)
Number = Indirect(Int)
Modem = Indirect(Flags("modem_flags"))

FIONREAD, FIONBIO, FIOASYNC, TIOCOUTQ = 0x541B, 0x5421, 0x5452, 0x5411
TIOCGPGRP, TIOCSPGRP, TIOCGSID, TIOCGETD, TIOCSETD = 0x540F, 0x5410, 0x5429, 0x5424, 0x5423
TIOCGWINSZ, TIOCSWINSZ, TIOCGPTN, TIOCSPTLCK, TIOCPKT = 0x5413, 0x5414, 0x80045430, 0x40045431, 0x5420
TIOCMGET, TIOCMBIS, TIOCMBIC, TIOCMSET = 0x5415, 0x5416, 0x5417, 0x5418
TCXONC, TCFLSH, TCSBRK, TCSBRKP, TIOCSCTTY = 0x540A, 0x540B, 0x5409, 0x5425, 0x540E
TIOCEXCL, TIOCNXCL, TIOCNOTTY, FIOCLEX, FIONCLEX, FICLONE = 0x540C, 0x540D, 0x5422, 0x5451, 0x5450, 0x40049409

CASES: dict[str | int, Type | None] = {
    TIOCGWINSZ: Out(Winsize),
    TIOCSWINSZ: In(Winsize),
    **dict.fromkeys((FIONREAD, TIOCOUTQ, TIOCGPGRP, TIOCGSID, TIOCGETD, TIOCGPTN), Out(Number)),
    **dict.fromkeys((FIONBIO, FIOASYNC, TIOCSPGRP, TIOCSETD, TIOCSPTLCK, TIOCPKT), In(Number)),
    TIOCMGET: Out(Modem),
    **dict.fromkeys((TIOCMBIS, TIOCMBIC, TIOCMSET), In(Modem)),
    TCXONC: Enum("tcxonc_options"),
    TCFLSH: Enum("tcflsh_options"),
    **dict.fromkeys((TCSBRK, TCSBRKP, TIOCSCTTY, FICLONE), Int),
    **dict.fromkeys((TIOCEXCL, TIOCNXCL, TIOCNOTTY, FIOCLEX, FIONCLEX), None),
}

call("ioctl", fd=Fd, op=Request(), argp=Switch("op", CASES, HexLong))
