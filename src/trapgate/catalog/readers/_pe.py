"""A PE file's machine, sections, exports and file version, read within bounds.

Layout (Microsoft's "PE Format"): `MZ` at 0, the offset of `PE\\0\\0` at 0x3C, a COFF header of 20 bytes, the optional
header (magic 0x10B: 32-bit, 0x20B: 64-bit) with the data directories, and a section header of 40 bytes each. Every
offset comes from the file and is checked: `PeError` says what is wrong and at which offset.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ("Export", "PeError", "PeFile")

MACHINES = {0x014C: "x86", 0x8664: "x64", 0xAA64: "arm64"}
"""The catalogue's word for each `Machine` of the COFF header that is read."""
MAX_SECTIONS = 96
"""The loader's own limit."""
MAX_EXPORTS = 1 << 16
MAX_NAME = 256
_FIXED_FILE_INFO = 0xFEEF04BD


class PeError(ValueError):
    """A PE file that is torn or no PE file: why, and the offset in bytes."""

    def __init__(self, why: str, offset: int) -> None:
        super().__init__(why)
        self.offset = offset


@dataclass(frozen=True, slots=True)
class Export:
    """A function that the file exports by name, and where its code is."""

    name: str
    rva: int
    """Its address relative to the image's base."""
    offset: int
    """Where its first byte is in the file."""


@dataclass(frozen=True, slots=True)
class _Section:
    rva: int
    size: int
    offset: int


class PeFile:
    """The parts of a PE file that tell which system calls it makes."""

    __slots__ = ("_directories", "_sections", "data", "machine")

    def __init__(self, data: bytes) -> None:
        self.data = data
        if data[:2] != b"MZ":
            raise PeError("it does not begin with MZ", 0)
        (header,) = self._unpack("<I", 0x3C)
        if self._take(header, 4) != b"PE\0\0":
            raise PeError("there is no PE signature where the header says", header)
        machine, sections, optional = self._unpack("<HH12xH", header + 4)
        if machine not in MACHINES:
            raise PeError(f"its machine {machine:#06x} is none of {', '.join(MACHINES.values())}", header + 4)
        if sections > MAX_SECTIONS:
            raise PeError(f"it has {sections} sections, which no loader takes", header + 6)
        self.machine = MACHINES[machine]
        self._directories = self._read_directories(header + 24)
        table = header + 24 + optional
        self._sections = [self._read_section(table + 40 * index) for index in range(sections)]

    def _take(self, offset: int, size: int) -> bytes:
        if not 0 <= offset <= len(self.data) - size:
            raise PeError(f"it ends before the {size} bytes that are read at {offset:#x}", offset)
        return self.data[offset : offset + size]

    def _unpack(self, layout: str, offset: int) -> tuple[int, ...]:
        return struct.unpack(layout, self._take(offset, struct.calcsize(layout)))

    def _read_directories(self, optional: int) -> int:
        """The offset of the data directories."""
        (magic,) = self._unpack("<H", optional)
        if magic not in (0x10B, 0x20B):
            raise PeError(f"the magic {magic:#x} of the optional header is unknown", optional)
        return optional + (96 if magic == 0x10B else 112)

    def _read_section(self, offset: int) -> _Section:
        virtual_size, rva, raw_size, raw = self._unpack("<8xIIII", offset)
        return _Section(rva, min(raw_size, virtual_size or raw_size), raw)

    def find_offset(self, rva: int) -> int:
        """Where the byte at `rva` is in the file."""
        for section in self._sections:
            if section.rva <= rva < section.rva + section.size:
                return section.offset + rva - section.rva
        raise PeError(f"the address {rva:#x} is in no section", 0)

    def take_code(self, offset: int, size: int) -> bytes:
        """Up to `size` bytes at `offset`; fewer at the end of the file."""
        return self.data[offset : offset + size]

    def read_exports(self) -> Iterator[Export]:
        """The functions exported by name, but those that only refer to another file."""
        directory, size = self._unpack("<II", self._directories)
        if not directory:
            return
        at = self.find_offset(directory)
        count, names, functions, name_table, ordinals = self._unpack("<20xIIIII", at)
        if names > MAX_EXPORTS or count > MAX_EXPORTS:
            raise PeError(f"it exports {max(names, count):,} functions, more than {MAX_EXPORTS:,}", at)
        function_table, name_offsets, ordinal_table = (
            self.find_offset(rva) if names else 0 for rva in (functions, name_table, ordinals)
        )
        for index in range(names):
            (name_rva,) = self._unpack("<I", name_offsets + 4 * index)
            (ordinal,) = self._unpack("<H", ordinal_table + 2 * index)
            if ordinal >= count:
                raise PeError(f"export {index} has the ordinal {ordinal} of {count}", ordinal_table + 2 * index)
            (rva,) = self._unpack("<I", function_table + 4 * ordinal)
            if rva and not directory <= rva < directory + size:
                yield Export(self._read_name(name_rva), rva, self._find_code(rva))

    def _find_code(self, rva: int) -> int:
        # Data that is exported may be in a section without bytes in the file: it has no code.
        try:
            return self.find_offset(rva)
        except PeError:
            return len(self.data)

    def _read_name(self, rva: int) -> str:
        start = self.find_offset(rva)
        end = self.data.find(b"\0", start, start + MAX_NAME)
        if end < 0:
            raise PeError(f"an export's name is longer than {MAX_NAME} bytes", start)
        return self.data[start:end].decode("ascii", "replace")

    def read_version(self) -> str:
        """The file's version as four numbers, empty when it has no version resource."""
        rva, size = self._unpack("<II", self._directories + 16)
        try:
            start = self.find_offset(rva) if rva else 0
        except PeError:
            return ""
        found = self.data.find(struct.pack("<I", _FIXED_FILE_INFO), start, start + size) if rva else -1
        if found < 0 or found + 16 > len(self.data):
            return ""
        high, low = self._unpack("<II", found + 8)
        return f"{high >> 16}.{high & 0xFFFF}.{low >> 16}.{low & 0xFFFF}"
