"""Makes the binary inputs of the readers' tests: PE files with stubs of each known form, and a small BTF.

    python tools/reader_fixtures.py            # writes them below tests/golden/readers/inputs
    python tools/reader_fixtures.py --check    # says whether they are what this would write

The bytes of the stubs are those that disassembly of Windows and Wine shows; the files hold nothing else of either.
"""

from __future__ import annotations

import struct
import sys
from pathlib import Path

INPUTS = Path(__file__).parent.parent / "tests" / "golden" / "readers" / "inputs"

SYSCALL = bytes.fromhex("f604250803fe7f0175030f05c3cd2ec3")
WINE_CALL = bytes.fromhex("f604250803fe7f0175030f05c3eb01c3ff14250010fe7f c3")
X64 = {
    "NtClose": b"\x4c\x8b\xd1\xb8" + struct.pack("<I", 15) + SYSCALL,  # Windows 10 and later
    "NtReadFile": b"\x4c\x8b\xd1\xb8" + struct.pack("<I", 6) + b"\x0f\x05\xc3",  # before
    "NtWineForm": b"\x4c\x8b\xd1\xb8" + struct.pack("<I", 0x1001) + WINE_CALL,
    "ZwClose": b"\x4c\x8b\xd1\xb8" + struct.pack("<I", 15) + SYSCALL,
    "NtNoStub": b"\x48\x31\xc0\xc3",
    "RtlOther": b"\xc3",
    "__wine_dbg_write": b"\x4c\x8b\xd1\xb8" + struct.pack("<I", 228) + SYSCALL,
}
X86 = {
    "NtXp": bytes.fromhex("b819000000 ba0003fe7f ff12 c20400"),
    "NtTen": bytes.fromhex("b81a000000 e803000000 c20800 8bd4 0f34 c3"),
    "NtWow64": bytes.fromhex("b81b000700 ba70aabbcc ffd2 c20c00"),
    "NtSeven": bytes.fromhex("b81c000000 33c9 8d542404 64ff15c0000000 83c404 c21000"),
    "NtTwoThousand": bytes.fromhex("b81d000000 8d542404 cd2e c21400"),
    "NtWine": bytes.fromhex("b81e000000 64ff15c0000000 c21800"),
    "NtNoArguments": bytes.fromhex("b81f000000 64ff15c0000000 c3"),
}
ARM64 = {
    "NtClose": struct.pack("<2I", 0xD4000001 | 15 << 5, 0xD65F03C0),
    "NtUserCall": struct.pack("<2I", 0xD4000001 | 0x1002 << 5, 0xD65F03C0),
    "NtNoStub": struct.pack("<2I", 0xD503201F, 0xD65F03C0),
}
VERSION = struct.pack("<6I", 0xFEEF04BD, 0x10000, 10 << 16, 26100 << 16 | 1742, 0, 0)
BASE = 0x1000
"""Where the one section is, in memory."""


def build_pe(machine: int, functions: dict[str, bytes], *, is_64: bool, mark: bytes = b"") -> bytes:
    """A PE file that exports `functions`, in one section at `BASE`.

    The section: code of 48 bytes each; the export directory; its tables; names; the version.
    """
    names = sorted(functions)
    code = b"".join(functions[name].ljust(48, b"\xcc") for name in names)
    count = len(names)
    directory = BASE + len(code)
    table = directory + 40
    name_table, ordinals, strings = table + 4 * count, table + 8 * count, table + 10 * count
    texts, offsets = b"fixture.dll\0", []
    for name in names:
        offsets.append(strings + len(texts))
        texts += name.encode() + b"\0"
    exports = struct.pack("<IIHHIIIIIII", 0, 0, 0, 0, strings, 1, count, count, table, name_table, ordinals)
    exports += b"".join(struct.pack("<I", BASE + 48 * index) for index in range(count))
    exports += struct.pack(f"<{count}I", *offsets) + struct.pack(f"<{count}H", *range(count)) + texts
    version_at = directory + len(exports)
    body = code + exports + VERSION
    directories = [(directory, len(exports)), (0, 0), (version_at, len(VERSION))]
    optional = struct.pack("<H", 0x20B if is_64 else 0x10B).ljust(112 if is_64 else 96, b"\0")
    optional += b"".join(struct.pack("<II", *pair) for pair in directories).ljust(128, b"\0")
    header = b"PE\0\0" + struct.pack("<HHIIIHH", machine, 1, 0, 0, 0, len(optional), 0x2022) + optional
    header += struct.pack("<8sIIIIIIHHI", b".text", len(body), BASE, len(body), 0x400, 0, 0, 0, 0, 0x60000020)
    start = b"MZ".ljust(0x3C, b"\0") + struct.pack("<I", 0x80) + mark
    return (start.ljust(0x80, b"\0") + header).ljust(0x400, b"\0") + body


def build_btf() -> bytes:
    """BTF with a structure, a wrapper and the inner functions of two calls."""
    names = b"\0"

    def name(text: str) -> int:
        nonlocal names
        names += text.encode() + b"\0"
        return len(names) - len(text) - 1

    def head(text: str, kind: int, count: int, size: int, flag: int = 0) -> bytes:
        return struct.pack("<III", name(text) if text else 0, count | kind << 24 | flag << 31, size)

    types = [
        head("int", 1, 0, 4) + struct.pack("<I", 1 << 24 | 32),  # 1
        head("char", 1, 0, 1) + struct.pack("<I", 8),  # 2
        head("", 10, 0, 2),  # 3: const char
        head("", 2, 0, 3),  # 4: const char *
        head("long int", 1, 0, 8) + struct.pack("<I", 1 << 24 | 64),  # 5
        head("pt_regs", 4, 3, 24)  # 6: struct { long ip; int flags : 3; char text[8]; }
        + struct.pack("<III", name("ip"), 5, 0)
        + struct.pack("<III", name("flags"), 1, 64 | 3 << 24)
        + struct.pack("<III", name("text"), 13, 128),
        head("", 10, 0, 6),  # 7: const struct pt_regs
        head("", 2, 0, 7),  # 8: const struct pt_regs *
        head("", 13, 1, 5) + struct.pack("<II", name("regs"), 8),  # 9: long (*)(const struct pt_regs *)
        head("", 13, 2, 5) + struct.pack("<IIII", name("dfd"), 1, name("filename"), 4),  # 10
        head("__x64_sys_open", 12, 0, 9),  # 11
        head("__do_sys_open", 12, 0, 10),  # 12
        head("", 3, 0, 0) + struct.pack("<III", 2, 1, 8),  # 13: char [8]
        head("__do_sys_getpid", 12, 0, 9),  # 14
        head("__ia32_sys_open", 12, 0, 9),  # 15
    ]
    types[5] = types[5].replace(struct.pack("<I", 3 | 4 << 24), struct.pack("<I", 3 | 4 << 24 | 1 << 31))
    blob = b"".join(types)
    return struct.pack("<HBBIIIII", 0xEB9F, 1, 0, 24, 0, len(blob), len(blob), len(names)) + blob + names


def build_all() -> dict[str, bytes]:
    """The bytes of each input by its name."""
    return {
        "pe/ntdll-x64.dll": build_pe(0x8664, X64, is_64=True),
        "pe/ntdll-x86.dll": build_pe(0x014C, X86, is_64=False),
        "pe/ntdll-arm64.dll": build_pe(0xAA64, ARM64, is_64=True),
        "pe/wine-x64.dll": build_pe(0x8664, X64, is_64=True, mark=b"Wine builtin DLL"),
        "vmlinux.btf": build_btf(),
    }


def main() -> int:
    """Writes the inputs, or with `--check` compares them: status 1 when one is not current."""
    stale = [
        name
        for name, data in build_all().items()
        if not (INPUTS / name).exists() or (INPUTS / name).read_bytes() != data
    ]
    if "--check" in sys.argv:
        print("\n".join(f"not current: {name}" for name in stale) or "current")
        return 1 if stale else 0
    for name in stale:
        (INPUTS / name).parent.mkdir(parents=True, exist_ok=True)
        (INPUTS / name).write_bytes(build_all()[name])
    return 0


if __name__ == "__main__":
    sys.exit(main())
