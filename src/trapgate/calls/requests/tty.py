# SPDX-License-Identifier: BSD-2-Clause
"""Terminals: settings, window size, modem lines, queues, job control, pseudo terminals; FION* of any file.

Numbers 0x5401…0x5408 belong to sound timers too; which is meant shows in the descriptor's
device. Source: ioctl_tty(2), TIOCGWINSZ(2const) and its sisters; include/uapi/asm-generic/ioctls.h,
asm-generic/termbits.h, asm-generic/termios.h.
"""

from __future__ import annotations

from trapgate.calls import tables
from trapgate.calls.call import Call
from trapgate.calls.memory import Bytes, In, Indirect, Out, Shown, Struct, View
from trapgate.calls.requests import Case, each
from trapgate.calls.types import U16, U32, Enum, Flags, Int, Scalar, Type, join_flags
from trapgate.model import values
from trapgate.model.abi import Abi
from trapgate.model.values import MORE, AnyValue, FlagSet, Number

HEADERS = {
    "struct winsize": "asm-generic/termios.h",
    "struct termio": "asm-generic/termios.h",
    "struct termios": "asm-generic/termbits.h",
    "struct termios2": "asm-generic/termbits.h",
}


class Settings(Flags):
    """Flags of which none prints as nothing, as strace has it."""

    def __init__(self, name: str, size: int = 4) -> None:
        super().__init__(name, unknown="", size=size)

    def show(self, value: int, style: str, abi: Abi) -> AnyValue:
        return super().show(value, style, abi) if value else FlagSet("", [])


class Parts(Scalar):
    """A word of several enumerations, each in its own bits, and flags: ``NL0|CR0|OPOST|ONLCR``."""

    def __init__(self, size: int, parts: tuple[tuple[str, int], ...], flags: str) -> None:
        super().__init__(size, "x")
        self.parts = tuple((Enum(name), mask) for name, mask in parts)
        self.flags = Settings(flags, size)

    def decode(self, c: Call, word: int) -> AnyValue | None:
        value = self.number(c, word)
        shown = [enum.show(value & mask, c.style, c.abi) for enum, mask in self.parts]
        for _, mask in self.parts:
            value &= ~mask
        return join_flags(*shown, self.flags.show(value, c.style, c.abi))


class ControlFlags(Parts):
    """c_cflag: the speed, the speed of the other direction if it is set, the character size and flags."""

    CIBAUD, SHIFT = 0x100F0000, 16

    def decode(self, c: Call, word: int) -> AnyValue | None:
        value = self.number(c, word)
        (speed, speeds), (size, sizes) = self.parts
        shown = [speed.show(value & speeds, c.style, c.abi)]
        if value & self.CIBAUD:
            other = speed.show((value & self.CIBAUD) >> self.SHIFT, c.style, c.abi)
            by = {"abbrev": "IBSHIFT", "raw": "0x10", "verbose": "0x10 /* IBSHIFT */"}[c.style]
            shown.append(values.Symbol(f"{other.text}<<{by}", f"{other.data}<<{self.SHIFT}"))
        shown.append(size.show(value & sizes, c.style, c.abi))
        rest = value & ~(speeds | sizes | self.CIBAUD)
        return join_flags(*shown, self.flags.show(rest, c.style, c.abi))


OUTPUT = (
    ("term_oflags_nldly", 0o400),
    ("term_oflags_crdly", 0o3000),
    ("term_oflags_tabdly", 0o14000),
    ("term_oflags_bsdly", 0o20000),
    ("term_oflags_vtdly", 0o40000),
    ("term_oflags_ffdly", 0o100000),
)
CONTROL = (("baud_options", 0o10017), ("term_cflags_csize", 0o60))


class ControlCharacters(Type):
    """``c_cc[n]``: every character by the name of its place: ``[[VINTR]=0x3, …]``."""

    def __init__(self, n: int) -> None:
        self.n = n

    def size(self, abi: Abi) -> int:
        return self.n

    def align(self, abi: Abi) -> int:
        return 1

    def load(self, c: Call, data: bytes, offset: int) -> AnyValue:
        names = tables.load("termios_cc", c.abi.name).by_value
        items: list[AnyValue] = []
        for index, byte in enumerate(data[offset : offset + self.n]):
            text = hex(byte) if byte else "0"
            items.append(Number(f"[{names.get(index, index)}]={text}", byte))
        return values.List(items)


def show_termios(view: View) -> Shown:
    """The flags; with -v all members."""
    shown = view.fields("c_iflag", "c_oflag", "c_cflag", "c_lflag")
    if view.call.abbrev:
        return [*shown, (None, MORE)]
    return shown + view.fields(*[name for name in view.struct.members if not name.endswith("flag")])


LINE = Enum("term_line_discs", size=1)
Termio = Struct(
    "struct termio",
    show=show_termios,
    c_iflag=Settings("term_iflags", 2),
    c_oflag=Parts(2, OUTPUT, "term_oflags"),
    c_cflag=ControlFlags(2, CONTROL, "term_cflags"),
    c_lflag=Settings("term_lflags", 2),
    c_line=LINE,
    c_cc=ControlCharacters(8),
)
Termios = Struct(
    "struct termios",
    show=show_termios,
    c_iflag=Settings("term_iflags"),
    c_oflag=Parts(4, OUTPUT, "term_oflags"),
    c_cflag=ControlFlags(4, CONTROL, "term_cflags"),
    c_lflag=Settings("term_lflags"),
    c_line=LINE,
    c_cc=ControlCharacters(19),
)
Termios2 = Struct(
    "struct termios2",
    show=show_termios,
    c_iflag=Settings("term_iflags"),
    c_oflag=Parts(4, OUTPUT, "term_oflags"),
    c_cflag=ControlFlags(4, CONTROL, "term_cflags"),
    c_lflag=Settings("term_lflags"),
    c_line=LINE,
    c_cc=ControlCharacters(19),
    c_ispeed=U32,
    c_ospeed=U32,
)
Winsize = Struct("struct winsize", ws_row=U16, ws_col=U16, ws_xpixel=U16, ws_ypixel=U16)
Number32 = Indirect(Int)
Modem = Indirect(Flags("modem_flags"))

REQUESTS: dict[str, Type | Case | None] = {
    **each("TCGETS TIOCGLCKTRMIOS", Out(Termios)),
    **each("TCSETS TCSETSW TCSETSF TIOCSLCKTRMIOS", In(Termios)),
    "TCGETS2": Out(Termios2),
    **each("TCSETS2 TCSETSW2 TCSETSF2", In(Termios2)),
    "TCGETA": Out(Termio),
    **each("TCSETA TCSETAW TCSETAF", In(Termio)),
    "TIOCGWINSZ": Out(Winsize),
    "TIOCSWINSZ": In(Winsize),
    "TCXONC": Case(Enum("tcxonc_options", size="long"), "arg"),
    "TCFLSH": Case(Enum("tcflsh_options", size="long"), "arg"),
    **each("TCSBRK TCSBRKP TIOCSCTTY", Case(Int, "arg")),
    "TIOCMGET": Out(Modem),
    **each("TIOCMBIS TIOCMBIC TIOCMSET", In(Modem)),
    **each("TIOCGPGRP TIOCGSID TIOCGETD TIOCGSOFTCAR TIOCGPTN FIONREAD TIOCOUTQ TIOCGEXCL TIOCGDEV", Out(Number32)),
    **each("TIOCSPGRP TIOCSETD TIOCSSOFTCAR FIONBIO FIOASYNC", In(Number32)),
    "TIOCPKT": Case(In(Number32), "mode"),
    "TIOCSPTLCK": Case(In(Number32), "lock"),
    "TIOCSTI": In(Bytes(1)),
    **each("TIOCSBRK TIOCCBRK TIOCCONS TIOCNOTTY TIOCEXCL TIOCNXCL FIOCLEX FIONCLEX TIOCVHANGUP TIOCSSERIAL", None),
}

TERMINALS = frozenset({3, 4, 5, *range(136, 144)})
"""Major numbers of character devices that are terminals (admin-guide/devices.txt)."""


def name_request(c: Call, request: int) -> tuple[str, bool]:
    """The name of a request that sound timers share, if the descriptor is a terminal's."""
    if not 0x5401 <= request <= 0x5408:
        return "", False
    device = c.process.fd_device(c.s32(0))
    name = tables.load("term_cmds_overlapping").by_value.get(request, "")
    if name and device is not None and device[0] == "char" and device[1] in TERMINALS:
        return name, True
    return "", False
