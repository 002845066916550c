# SPDX-License-Identifier: BSD-2-Clause
"""Memory of a process: mapping, protecting, advising, locking, NUMA policy.

Source: mmap(2), mprotect(2), mremap(2), madvise(2), mlock(2), mbind(2) and the others of each
name; ``mm/mmap.c``, ``arch/x86/ia32/sys_ia32.c`` for the old i386 form in one structure.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from trapgate.calls import tables
from trapgate.calls.call import Call
from trapgate.calls.describe import Yield, call, decoder
from trapgate.calls.memory import Array, In, Out
from trapgate.calls.structs_iovec import Iovecs
from trapgate.calls.types import (
    X32,
    Addr,
    Enum,
    Fd,
    Flags,
    HexKLong,
    HexLong,
    Int,
    Named,
    OnlyIf,
    Scalar,
    Size,
    Type,
    ULong,
    Wide,
    format_int,
    split_flags,
    truncate,
    with_remark,
)
from trapgate.model.abi import Abi
from trapgate.model.values import AnyValue, FlagSet, Number

if TYPE_CHECKING:
    from trapgate.calls.plan import Planner

MAP_TYPE = 0xF
HUGE_SHIFT, HUGE_MASK, U32_MASK = 26, 0x3F, 0xFFFFFFFF
MREMAP_MAYMOVE, MREMAP_FIXED, MREMAP_DONTUNMAP = 1, 2, 4
PAGE = 4096


class MapFlags(Named):
    """mmap(2)'s flags: a kind of mapping, bits, and the logarithm of a huge page's size."""

    def __init__(self) -> None:
        super().__init__("mmap_flags", size="long")

    def show(self, value: int, style: str, abi: Abi) -> AnyValue:
        number = format_int(value, "x")
        if style == "raw":
            return Number(number, value)
        names = self.names_of(value, abi)
        text = "|".join([str(n) for n in names])
        return FlagSet(text, list(names)) if style == "abbrev" else with_remark(number, text, list(names))

    def names_of(self, value: int, abi: Abi) -> list[str]:
        """The parts as they are printed."""
        table = tables.load("mmap_flags", abi.name)
        kind = value & MAP_TYPE
        shown = [table.by_value.get(kind) or f"{format_int(kind, 'x')} /* MAP_??? */"]
        huge = value & HUGE_MASK << HUGE_SHIFT
        others = value & U32_MASK & ~MAP_TYPE & ~huge  # bits above these have no meaning, and strace drops them
        names, rest = split_flags(others, [table]) if others else ([], 0)
        shown += names + ([format_int(rest, "x")] if rest else [])
        return shown + ([f"{huge >> HUGE_SHIFT}<<MAP_HUGE_SHIFT"] if huge else [])


class PageBit(Scalar):
    """One byte of mincore(2)'s vector: whether the page is in memory; other bits have no meaning."""

    def __init__(self) -> None:
        super().__init__(1, "u")

    def decode(self, c: Call, word: int) -> AnyValue | None:
        return super().decode(c, word & 1)


class Residency(Array):
    """mincore(2)'s vector: a byte for each page, or part of one, of the length given."""

    def __init__(self) -> None:
        super().__init__(PageBit(), lambda c: -(-c.word("length") // PAGE))

    def plan(self, p: Planner) -> None:
        p.bytes(p.string_limit + 1)
        p.roughly()


Prot = Flags("mmap_prot", size="long")
MapFlag = MapFlags()
Advice = Enum("madvise_cmds", "madvise_hppa_generic_cmds", unknown="MADV_???")
MlockAll = Flags("mlockall_flags")


class PageOffset(Wide):
    """An offset counted in pages of 4096 bytes, shown in bytes."""

    def __init__(self) -> None:
        super().__init__(8, "x")

    def words(self, abi: Abi) -> int:
        return 1

    def decode(self, c: Call, word: int) -> AnyValue | None:
        value = truncate(word, c.abi.register, False) * PAGE
        return Number(format_int(value, "x"), value)


call("brk", addr=Addr, returns=HexKLong, classes="memory")
call(
    "mmap",
    addr=Addr,
    length=ULong,
    prot=Prot,
    flags=MapFlag,
    fd=Fd,
    offset=HexKLong,
    returns=HexKLong,
    classes="memory",
    abis="x86_64 x32 aarch64",
)
call(
    "mmap2",
    addr=Addr,
    length=ULong,
    prot=Prot,
    flags=MapFlag,
    fd=Fd,
    offset=PageOffset(),
    returns=HexKLong,
    classes="memory",
    abis="i386",
)


@decoder("mmap", args=In(Array(Addr, 6)), returns=HexKLong, classes="memory desc", abis="i386")
def old_mmap(c: Call) -> Iterator[Yield]:
    """The six arguments lie in memory, so that no declaration of registers can name them."""
    words = c.unpack("6I", c.args[0])
    if words is None:
        yield "addr", c.address(c.args[0] & 0xFFFFFFFF)
        return
    kinds: tuple[tuple[str, Type], ...] = (
        ("addr", Addr),
        ("length", ULong),
        ("prot", Prot),
        ("flags", MapFlag),
        ("fd", Fd),
        ("offset", HexLong),
    )
    for (name, kind), word in zip(kinds, words, strict=True):
        yield name, kind.value(c, word)


call("munmap", addr=Addr, length=ULong, classes="memory")
call("mprotect", addr=Addr, length=ULong, prot=Prot, classes="memory")
call("pkey_mprotect", addr=Addr, length=ULong, prot=Prot, pkey=Int, classes="memory")


def _has_new_address(c: Call) -> bool:
    flags = c.word("flags")
    return bool(flags & (MREMAP_FIXED | MREMAP_DONTUNMAP) and flags & MREMAP_MAYMOVE)


call(
    "mremap",
    old_address=Addr,
    old_size=ULong,
    new_size=ULong,
    flags=Flags("mremap_flags", size="long"),
    new_address=OnlyIf(_has_new_address, Addr),
    returns=HexKLong,
    classes="memory",
)
call("madvise", addr=Addr, length=ULong, advice=Advice, classes="memory")
call(
    "process_madvise",
    pidfd=Fd,
    iovec=In(Iovecs("n", follow=False)),
    n=Size,
    advice=Enum("madvise_cmds", unknown="MADV_???"),
    flags=X32,
)
call("process_mrelease", pidfd=Fd, flags=X32)
call("pkey_alloc", flags=HexKLong, access_rights=Flags("pkey_access", unknown="PKEY_???", size="kernel"))
call("pkey_free", pkey=Int)
call("mlock munlock", addr=Addr, length=ULong, classes="memory")
call("mlock2", addr=Addr, length=ULong, flags=Flags("mlock_flags"), classes="memory")
call("mlockall", flags=MlockAll, classes="memory")
call("munlockall", classes="memory")
call("msync", addr=Addr, length=ULong, flags=Flags("mctl_sync"), classes="memory")
call(
    "mincore",
    addr=Addr,
    length=ULong,
    vec=Out(Residency(), anyway=True),
    classes="memory",
)
call("remap_file_pages", addr=Addr, size=ULong, prot=Prot, pgoff=ULong, flags=MapFlag, classes="memory")
call("mseal", addr=Addr, length=ULong, flags=HexKLong, classes="memory")
