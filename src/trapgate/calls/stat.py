# SPDX-License-Identifier: BSD-2-Clause
"""What a file is: stat, lstat, fstat, newfstatat in all layouts there were, and statx.

Source: stat(2), statx(2); arch/x86/include/uapi/asm/stat.h, include/uapi/linux/stat.h.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from struct import Struct as Layout

from trapgate.calls.call import Call
from trapgate.calls.describe import MOST_KNOWN, call
from trapgate.calls.memory import Out, Path, Shown, Struct, View
from trapgate.calls.structs_file import S_IFBLK, S_IFCHR, S_IFMT, DeviceNumber, FileTypeMode, SymbolicMode
from trapgate.calls.structs_time import with_time
from trapgate.calls.types import (
    NO_PIECE,
    S32,
    S64,
    U16,
    U32,
    U64,
    X64,
    DirFd,
    Fd,
    Flags,
    Named,
    Pieces,
    QuickText,
    Scalar,
    Uid,
    join_flags,
)
from trapgate.model.abi import Abi
from trapgate.model.values import MORE, AnyValue, Number
from trapgate.model.values import Struct as Values

HEADERS = {
    "struct stat": "asm/stat.h",
    "struct stat64": "asm/stat.h",
    "struct __old_kernel_stat": "asm/stat.h",
    "struct statx": "linux/stat.h",
    "struct statx_timestamp": "linux/stat.h",
}

ZERO = Number("0", 0)
_FORMATS = {2: "h", 4: "i", 8: "q"}


def show_stat(view: View) -> Shown:
    """Type and size; under -v everything, each time with a remark that tells the local time."""
    mode = view.st_mode & S_IFMT
    room = "st_rdev" if mode in (S_IFCHR, S_IFBLK) else "st_size"
    if view.call.abbrev:
        return [("st_mode", view.show("st_mode")), (room, view.show(room)), (None, MORE)]
    shown: list[tuple[str | None, AnyValue]] = [
        *view.fields("st_dev", "st_ino", "st_mode", "st_nlink", "st_uid", "st_gid")
    ]
    has_blocks = "st_blocks" in view.struct.members
    shown += view.fields("st_blksize", "st_blocks") if has_blocks else [("st_blksize", ZERO), ("st_blocks", ZERO)]
    return [*shown, (room, view.show(room)), *_times(view)]


def quick_size(size: str, *others: str) -> Callable[[Call, Struct], QuickText | None]:
    """For an abbreviated structure that ends with its member ``size``: the rest follows from ``others``, and repeats.

    ``others`` and ``size`` are in the order of the layout.
    """

    def make(c: Call, struct: Struct) -> QuickText | None:
        if not c.abbrev:
            return None
        take = _find_members(struct, c.abi, *others, size)
        struct_bytes = struct.size(c.abi)
        begins: dict[tuple[int, ...], str] = {}

        def show(addr: int, pieces: Pieces, words: Sequence[int], result: int) -> str | None:
            data = pieces.get(addr, NO_PIECE)[1]
            if len(data) < struct_bytes:
                return None
            *key, value = take(data)
            known = tuple(key)
            begin = begins.get(known)
            if begin is None:
                text = struct.view_value(View(c, data, 0, struct, addr)).text
                begin, found, _ = text.partition(f"{size}=")
                if not found:
                    return text
                begin += found
                if len(begins) < MOST_KNOWN:
                    begins[known] = begin
            return f"{begin}{value}, ...}}"

        return show

    return make


def _find_members(struct: Struct, abi: Abi, *names: str) -> Callable[[bytes], tuple[int, ...]]:
    """What takes these members, in the order of the layout, out of the structure's bytes."""
    layout, at = "<", 0
    for name in names:
        offset, kind = struct.member(abi, name)
        size = kind.size(abi)
        signed = isinstance(kind, Scalar) and kind.signed
        layout += f"{offset - at}x{_FORMATS[size] if signed else _FORMATS[size].upper()}"
        at = offset + size
    return Layout(layout).unpack_from


def _times(view: View) -> list[tuple[str | None, AnyValue]]:
    shown: list[tuple[str | None, AnyValue]] = []
    for name in ("st_atime", "st_mtime", "st_ctime"):
        part = f"{name}_nsec"
        has_part = part in view.struct.members
        seconds, fraction = getattr(view, name), getattr(view, part) if has_part else 0
        shown.append((name, with_time(view.show(name), seconds, fraction)))
        if has_part:
            shown.append((part, view.show(part)))
    return shown


Dev64 = DeviceNumber(8)
Dev32 = DeviceNumber(4)
Dev16 = DeviceNumber(2)
Mode32 = SymbolicMode(4)

Stat = Struct(
    "struct stat",
    show=show_stat,
    own_bytes=True,
    quick_text=quick_size("st_size", "st_mode"),
    st_dev=Dev64,
    st_ino=U64,
    st_nlink=U64,
    st_mode=Mode32,
    st_uid=U32,
    st_gid=U32,
    _pad0=U32,
    st_rdev=Dev64,
    st_size=U64,
    st_blksize=U64,
    st_blocks=U64,
    st_atime=S64,
    st_atime_nsec=U64,
    st_mtime=S64,
    st_mtime_nsec=U64,
    st_ctime=S64,
    st_ctime_nsec=U64,
    _unused0=U64,
    _unused1=U64,
    _unused2=U64,
)

StatI386 = Struct(
    "struct stat",
    show=show_stat,
    own_bytes=True,
    quick_text=quick_size("st_size", "st_mode"),
    st_dev=Dev32,
    st_ino=U32,
    st_mode=FileTypeMode,
    st_nlink=U16,
    st_uid=U16,
    st_gid=U16,
    st_rdev=Dev32,
    st_size=U32,
    st_blksize=U32,
    st_blocks=U32,
    st_atime=S32,
    st_atime_nsec=U32,
    st_mtime=S32,
    st_mtime_nsec=U32,
    st_ctime=S32,
    st_ctime_nsec=U32,
    _unused4=U32,
    _unused5=U32,
)

Stat64 = Struct(
    "struct stat64",
    show=show_stat,
    own_bytes=True,
    quick_text=quick_size("st_size", "st_mode"),
    st_dev=Dev64,
    _pad0=U32,
    _st_ino=U32,
    st_mode=Mode32,
    st_nlink=U32,
    st_uid=U32,
    st_gid=U32,
    st_rdev=Dev64,
    _pad3=U32,
    st_size=U64,
    st_blksize=U32,
    st_blocks=U64,
    st_atime=S32,
    st_atime_nsec=U32,
    st_mtime=S32,
    st_mtime_nsec=U32,
    st_ctime=S32,
    st_ctime_nsec=U32,
    st_ino=U64,
)

OldStat = Struct(
    "struct __old_kernel_stat",
    show=show_stat,
    own_bytes=True,
    quick_text=quick_size("st_size", "st_mode"),
    st_dev=Dev16,
    st_ino=U16,
    st_mode=FileTypeMode,
    st_nlink=U16,
    st_uid=U16,
    st_gid=U16,
    st_rdev=Dev16,
    st_size=U32,
    st_atime=S32,
    st_mtime=S32,
    st_ctime=S32,
)

AtFlags = Flags("at_flags")
WIDE = "x86_64 x32 aarch64"

call("stat", pathname=Path, statbuf=Out(Stat), classes="stat stat_like", abis=WIDE)
call("lstat", pathname=Path, statbuf=Out(Stat), classes="lstat stat_like", abis=WIDE)
call("fstat", fd=Fd, statbuf=Out(Stat), classes="fstat stat_like", abis=WIDE)
call("newfstatat", dirfd=DirFd, pathname=Path, statbuf=Out(Stat), flags=AtFlags, classes="fstat stat_like", abis=WIDE)

call("stat", pathname=Path, statbuf=Out(StatI386), classes="stat stat_like", abis="i386")
call("lstat", pathname=Path, statbuf=Out(StatI386), classes="lstat stat_like", abis="i386")
call("fstat", fd=Fd, statbuf=Out(StatI386), classes="fstat stat_like", abis="i386")
call("stat64", pathname=Path, statbuf=Out(Stat64), classes="stat stat_like", abis="i386")
call("lstat64", pathname=Path, statbuf=Out(Stat64), classes="lstat stat_like", abis="i386")
call("fstat64", fd=Fd, statbuf=Out(Stat64), classes="fstat stat_like", abis="i386")
call(
    "fstatat64",
    dirfd=DirFd,
    pathname=Path,
    statbuf=Out(Stat64),
    flags=AtFlags,
    classes="fstat stat_like",
    abis="i386",
)
call("oldstat", pathname=Path, statbuf=Out(OldStat), classes="stat stat_like", abis="i386")
call("oldlstat", pathname=Path, statbuf=Out(OldStat), classes="lstat stat_like", abis="i386")
call("oldfstat", fd=Fd, statbuf=Out(OldStat), classes="fstat stat_like", abis="i386")


# --- statx ------------------------------------------------------------------------------


class StatxFlags(Named):
    """How to synchronise with a remote server, always named, and bits of at_flags."""

    SYNC = 0x6000

    def __init__(self) -> None:
        super().__init__("at_statx_sync_types", "at_flags")
        self.sync = Flags("at_statx_sync_types")
        self.flags = Flags("at_flags", unknown="")

    def show(self, value: int, style: str, abi: Abi) -> AnyValue:
        sync, rest = value & self.SYNC, value & ~self.SYNC
        silent = style == "raw" and not sync
        first = Number("", []) if silent else self.sync.show(sync, style, abi)
        return join_flags(first, self.flags.show(rest, style, abi)) if rest else first


def _show_timestamp(view: View) -> AnyValue:
    return with_time(Values(view.fields("tv_sec", "tv_nsec")), view.tv_sec, view.tv_nsec)


Timestamp = Struct("struct statx_timestamp", show=_show_timestamp, tv_sec=S64, tv_nsec=U32, _pad=S32)
WRITE_ATOMIC = 0x00400000

_STATX_MEMBERS = (
    ("stx_blksize", 0),
    ("stx_attributes", 0),
    ("stx_nlink", 0x4),
    ("stx_uid", 0x8),
    ("stx_gid", 0x10),
    ("stx_mode", 0x3),
    ("stx_ino", 0x100),
    ("stx_size", 0x200),
    ("stx_blocks", 0x400),
    ("stx_attributes_mask", 0),
    ("stx_atime", 0x20),
    ("stx_btime", 0x800),
    ("stx_ctime", 0x80),
    ("stx_mtime", 0x40),
    ("stx_rdev_major", 0),
    ("stx_rdev_minor", 0),
    ("stx_dev_major", 0),
    ("stx_dev_minor", 0),
    ("stx_mnt_id", 0x1000),
    ("stx_dio_mem_align", 0x2000),
    ("stx_dio_offset_align", 0x2000),
    ("stx_subvol", 0x8000),
    ("stx_atomic_write_unit_min", -1),
    ("stx_atomic_write_unit_max", -1),
    ("stx_atomic_write_segments_max", -1),
    ("stx_dio_read_offset_align", 0x20000),
    ("stx_atomic_write_unit_max_opt", -1),
)
"""Members in the order they print, with the bits of stx_mask that make them valid.

0: always; -1: only if the file supports atomic writes (STATX_ATTR_WRITE_ATOMIC).
"""
_BRIEF = {"stx_attributes", "stx_mode", "stx_size"}


def _show_statx(view: View) -> Shown:
    mask, atomic, brief = view.stx_mask, view.stx_attributes & WRITE_ATOMIC, view.call.abbrev
    shown = view.fields("stx_mask")
    for name, needed in _STATX_MEMBERS:
        if brief and name not in _BRIEF:
            continue
        if atomic if needed < 0 else not needed or mask & needed:
            shown += view.fields(name)
    return [*shown, (None, MORE)] if brief else shown


StatxMask = Flags("statx_masks")
StatxAttributes = Flags("statx_attrs", size=8)

Statx = Struct(
    "struct statx",
    show=_show_statx,
    own_bytes=True,
    quick_text=quick_size("stx_size", "stx_mask", "stx_attributes", "stx_mode"),
    size_of=256,
    stx_mask=StatxMask,
    stx_blksize=U32,
    stx_attributes=StatxAttributes,
    stx_nlink=U32,
    stx_uid=Uid,
    stx_gid=Uid,
    stx_mode=FileTypeMode,
    _spare0=U16,
    stx_ino=U64,
    stx_size=U64,
    stx_blocks=U64,
    stx_attributes_mask=StatxAttributes,
    stx_atime=Timestamp,
    stx_btime=Timestamp,
    stx_ctime=Timestamp,
    stx_mtime=Timestamp,
    stx_rdev_major=U32,
    stx_rdev_minor=U32,
    stx_dev_major=U32,
    stx_dev_minor=U32,
    stx_mnt_id=X64,
    stx_dio_mem_align=U32,
    stx_dio_offset_align=U32,
    stx_subvol=X64,
    stx_atomic_write_unit_min=U32,
    stx_atomic_write_unit_max=U32,
    stx_atomic_write_segments_max=U32,
    stx_dio_read_offset_align=U32,
    stx_atomic_write_unit_max_opt=U32,
)

call(
    "statx",
    dirfd=DirFd,
    pathname=Path,
    flags=StatxFlags(),
    mask=StatxMask,
    statxbuf=Out(Statx),
    classes="fstat stat_like",
)
