# SPDX-License-Identifier: BSD-2-Clause
"""Types that many file calls share: open flags, file modes and device numbers.

Source: open(2), inode(7), makedev(3); include/uapi/asm-generic/fcntl.h, linux/stat.h.
"""

from __future__ import annotations

from trapgate.calls import tables
from trapgate.calls.call import Call
from trapgate.calls.types import Named, Scalar, format_int, split_flags, with_remark
from trapgate.model.abi import Abi
from trapgate.model.values import AnyValue, FlagSet, Number, Symbol

O_CREAT = 0o100
O_TMPFILE = 0o20000000
O_ACCMODE = 3

S_IFMT = 0o170000
S_IFBLK = 0o060000
S_IFCHR = 0o020000


class OpenFlags(Named):
    """open(2)'s flags: an access mode and bits: ``O_RDWR|O_CREAT|0x40000000``."""

    def __init__(self, *extra: str, size: int | str = 4) -> None:
        super().__init__("open_mode_flags", *extra, size=size)

    def show(self, value: int, style: str, abi: Abi) -> AnyValue:
        number = format_int(value, "x")
        if style == "raw":
            return Number(number, value)
        names = self.names_of(value, abi)
        text = "|".join([str(n) if isinstance(n, str) else hex(n) for n in names])
        return FlagSet(text, names) if style == "abbrev" else with_remark(number, text, names)

    def names_of(self, value: int, abi: Abi) -> list[str | int]:
        """The access mode, the names of the bits, and what has no name."""
        mode = tables.load("open_access_modes", abi.name).by_value.get(value & O_ACCMODE)
        names: list[str] = []
        if mode is not None:
            value &= ~O_ACCMODE
        rest = value
        if value:
            names, rest = split_flags(value, self.tables(abi))
        return [*([mode] if mode else []), *names, *([rest] if rest else [])]


OpenMode = OpenFlags()
OpenHowFlags = OpenFlags("openat2_flags", size=8)


class SymbolicMode(Scalar):
    """A file's type and permissions: ``S_IFREG|S_ISUID|0755``; no type ``0755``."""

    _BITS = (("S_ISUID", 0o4000), ("S_ISGID", 0o2000), ("S_ISVTX", 0o1000))

    def __init__(self, size: int | str = 2) -> None:
        super().__init__(size, "o")
        self._shown: dict[tuple[int, str], AnyValue] = {}

    def decode(self, c: Call, word: int) -> AnyValue | None:
        mode = self.number(c, word)
        known = self._shown.get((mode, c.style))
        if known is None:
            known = self._shown[mode, c.style] = self._show(mode, c.style)
        return known

    def _show(self, mode: int, style: str) -> AnyValue:
        plain = format_mode(mode)
        kind = tables.load("modetypes").by_value.get(mode & S_IFMT) if mode & S_IFMT else ""
        if kind is None or style == "raw":
            return Number(plain, mode)
        names: list[str | int] = [name for name, bit in self._BITS if mode & bit]
        parts = [*([kind] if kind else []), *names, mode & 0o777 | mode & ~0o177777]
        text = "|".join([p if isinstance(p, str) else format_mode(p) for p in parts])
        return FlagSet(text, parts) if style == "abbrev" else with_remark(plain, text, parts)


def format_mode(mode: int) -> str:
    """Three octal digits at least, with a leading zero.

    >>> format_mode(0), format_mode(7), format_mode(0o644)
    ('000', '007', '0644')
    """
    return f"0{mode:o}" if mode >= 8 else f"{mode:03o}"


FileTypeMode = SymbolicMode()


def split_device(device: int) -> tuple[int, int]:
    """Major and minor number as the C library's ``major()`` and ``minor()`` take them apart."""
    major = device >> 8 & 0xFFF | device >> 32 & 0xFFFFF000
    minor = device & 0xFF | device >> 12 & 0xFFFFFF00
    return major, minor


class DeviceNumber(Scalar):
    """``makedev(0x8, 0x1)``; ``data`` is {"major": 8, "minor": 1}."""

    def __init__(self, size: int | str = 4) -> None:
        super().__init__(size, "x")

    def decode(self, c: Call, word: int) -> AnyValue | None:
        return show_device(self.number(c, word), c.style)


def show_device(device: int, style: str) -> AnyValue:
    """A device number in ``style``."""
    major, minor = split_device(device)
    number = format_int(device, "x")
    data = {"major": major, "minor": minor}
    if style == "raw":
        return Number(number, device)
    text = f"makedev({format_int(major, 'x')}, {format_int(minor, 'x')})"
    return Symbol(text, data) if style == "abbrev" else with_remark(number, text, data)


Device = DeviceNumber()
