"""Windows' `ntdll.dll` and `win32u.dll`: the number in the stub of each `Nt` function, on x64, x86 and arm64.

    >>> decode_stub("x86", bytes.fromhex("b819000000 64ff15c0000000 c21800"))
    Stub(number=25, argument_count=6)

A stub puts its number into `eax` (x64 and x86) or into the `svc` instruction (arm64). Numbers change with each update
of Windows, so the table's version is the file's. The same code reads Wine's files, whose numbers are Wine's own.
"""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from trapgate.catalog.argument import Argument
from trapgate.catalog.readers import IMPLEMENTED, Location, ReadError, Row, Source, Table
from trapgate.catalog.readers._pe import Export, PeError, PeFile

KIND = "windows-pe"

STUB_BYTES = 40
"""How far a stub may reach: the longest known is Wine's on x64, 32 bytes."""
_NUMBER_MASK = 0xFFFF
"""On x86 under WOW64, the upper half of `eax` chooses a short cut of the emulation and is no part of the number."""
WINE_MARK = b"Wine builtin DLL"
"""What Wine writes after the DOS header of its files."""

_X64 = re.compile(rb"\x4c\x8b\xd1\xb8(....).{0,16}?(?:\x0f\x05|\xcd\x2e|\xff\x14\x25)", re.DOTALL)
"""mov r10, rcx; mov eax, N; [test byte [7FFE0308h], 1; jne]; syscall | int 2Eh | call [address]"""
_X86 = re.compile(
    rb"\xb8(....)(?:"
    rb"\xba....\xff[\xd2\x12]"  # mov edx, address; call edx | call [edx]      XP and later, WOW64 of 10
    rb"|\xe8....\xc2..\x8b\xd4\x0f\x34\xc3"  # call $+8 …; mov edx, esp; sysenter; ret   10, 32-bit
    rb"|(?:\x33\xc9|\xb9....)\x8d\x54\x24\x04\x64\xff\x15\xc0\0\0\0(?:\x83\xc4\x04)?"  # …; call fs:[0C0h]   7, WOW64
    rb"|\x64\xff\x15\xc0\0\0\0"  # call fs:[0C0h]                              Wine, 8
    rb"|\x8d\x54\x24\x04\xcd\x2e"  # lea edx, [esp+4]; int 2Eh                 NT 4, 2000
    rb"|\xe8(?:....)"  # call the dispatcher                                   Wine
    rb")(?:\xc2(..)|\xc3)?",
    re.DOTALL,
)
_SVC = 0xD4000001
_SVC_MASK = 0xFFE0001F
_RET = 0xD65F03C0
_MOV_X8 = 0xD2800008
_MOV_W8 = 0x52800008
_MOV_X9_X30 = 0xAA1E03E9


def detect(head: bytes, name: str) -> bool:
    """Whether it is a PE file."""
    if head[:2] != b"MZ" or len(head) < 0x40:
        return False
    at = int.from_bytes(head[0x3C:0x40], "little")
    return head[at : at + 4] == b"PE\0\0"


@dataclass(frozen=True, slots=True)
class Stub:
    """What a stub's code says."""

    number: int
    argument_count: int | None
    """How many 32-bit words the stub takes from the stack, None where the code does not say."""


def read(source: Source) -> Table:
    """The `Nt` functions whose code is a stub, by number; arguments are counted only where the code tells."""
    try:
        pe = PeFile(source.data)
        stubs = [(export, stub) for export in pe.read_exports() if (stub := _read_stub(pe, export))]
        version = pe.read_version()
    except PeError as error:
        raise ReadError(source.name, str(error), offset=error.offset) from None
    rows = [_make_row(source, pe.machine, export, stub) for export, stub in stubs if export.name.startswith("Nt")]
    rows.sort(key=lambda row: row.number or 0)
    notes = list(_make_notes(pe.machine, stubs, rows))
    if source.data[0x40:0x50] == WINE_MARK:
        notes.insert(0, "it is Wine's file: the numbers are Wine's own, whatever version it states")
        version = ""
    return Table(KIND, source.name, tuple(rows), tuple(notes), version)


def _read_stub(pe: PeFile, export: Export) -> Stub | None:
    return decode_stub(pe.machine, pe.take_code(export.offset, STUB_BYTES))


def decode_stub(machine: str, code: bytes) -> Stub | None:
    """What the code of a function says, None when it is no stub.

    >>> decode_stub("x64", bytes.fromhex("4c8bd1b855000000f604250803fe7f0175030f05c3cd2ec3"))
    Stub(number=85, argument_count=None)
    """
    if machine == "arm64":
        return _decode_arm64(code)
    match = (_X64 if machine == "x64" else _X86).match(code)
    if not match:
        return None
    number = int.from_bytes(match[1], "little")
    if machine == "x64":
        return Stub(number, None) if number <= _NUMBER_MASK else None
    # The first form that calls before it returns (10, 32-bit) has its `ret n` right after the call.
    popped = (
        match[2]
        if match[2] is not None
        else code[10:13][1:]
        if code[5:6] == b"\xe8" and code[10:11] == b"\xc2"
        else None
    )
    count = int.from_bytes(popped, "little") // 4 if popped is not None else 0 if match[0].endswith(b"\xc3") else None
    return Stub(number & _NUMBER_MASK, count)


def _decode_arm64(code: bytes) -> Stub | None:
    if len(code) < 12:
        return None
    first, second, third = struct.unpack_from("<3I", code)
    if first & _SVC_MASK == _SVC and second == _RET:
        return Stub(first >> 5 & 0xFFFF, None)
    # Wine: mov x8, #N; mov x9, x30; ldr x16, …
    if first & 0xFFE0001F in (_MOV_X8, _MOV_W8) and _MOV_X9_X30 in (second, third):
        return Stub(first >> 5 & 0xFFFF, None)
    return None


def _make_row(source: Source, machine: str, export: Export, stub: Stub) -> Row:
    arguments = (
        None if stub.argument_count is None else tuple(Argument("", "", False) for _ in range(stub.argument_count))
    )
    location = Location(source.name, offset=export.offset)
    return Row(
        "windows", source.abi or machine, stub.number, export.name, export.name, arguments, IMPLEMENTED, "", location
    )


def _make_notes(machine: str, stubs: list[tuple[Export, Stub]], rows: list[Row]) -> Iterator[str]:
    numbers = {row.number for row in rows}
    others = [f"{export.name} {stub.number:#x}" for export, stub in stubs if not export.name.startswith(("Nt", "Zw"))]
    if others:
        yield f"stubs of other names: {', '.join(others[:8])}{' …' if len(others) > 8 else ''}"
    lone = [export.name for export, stub in stubs if export.name.startswith("Zw") and stub.number not in numbers]
    if lone:
        yield f"Zw functions without their Nt: {', '.join(lone[:8])}"
    twice = sorted(numbers - {None}, key=str) if len(numbers) != len(rows) else []
    if twice:
        yield f"{len(rows) - len(numbers)} numbers are shared by two names"
    if machine == "x86" and rows:
        yield "arguments are counted in 32-bit words, as the stub takes them from the stack"
