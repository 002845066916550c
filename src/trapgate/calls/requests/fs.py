# SPDX-License-Identifier: BSD-2-Clause
"""Files and file systems: extents, flags, labels, UUIDs, cloning, trimming, shutting down.

Source: ioctl_ficlonerange(2), ioctl_fideduperange(2), ioctl_fslabel(2), ioctl_iflags(2);
include/uapi/linux/fs.h, fiemap.h.
"""

from __future__ import annotations

from trapgate.calls.call import Call
from trapgate.calls.memory import Array, CharArray, In, Indirect, Out, Shown, Struct, View
from trapgate.calls.quote import Hex
from trapgate.calls.requests import EXIT, Case, Followed, Staged, Stages, each, is_whole, look
from trapgate.calls.types import S32, U8, U16, U32, U64, X32, X64, Enum, Fd, Flags, Int, Type
from trapgate.model import values
from trapgate.model.abi import Abi
from trapgate.model.values import MORE, AnyValue, Change

HEADERS = dict.fromkeys(
    [
        "struct file_clone_range",
        "struct file_dedupe_range",
        "struct file_dedupe_range_info",
        "struct fs_sysfs_path",
        "struct fstrim_range",
        "struct fsuuid2",
        "struct fsxattr",
        "struct logical_block_metadata_cap",
    ],
    "linux/fs.h",
) | dict.fromkeys(["struct fiemap", "struct fiemap_extent"], "linux/fiemap.h")

# --- 0x15 ------------------------------------------------------------------------------------


def show_uuid(view: View) -> Shown:
    """The length and as many bytes."""
    c = view.call
    return [*view.fields("len"), ("uuid", c.quoted(view.bytes_of("uuid")[: view.len], hexadecimal=Hex.ALL))]


def show_sysfs_path(view: View) -> Shown:
    """The length and the name up to it."""
    name = CharArray(min(view.len + 1, 128))
    return [*view.fields("len"), ("name", view.show("name", name))]


Uuid = Struct("struct fsuuid2", show=show_uuid, len=U8, uuid=CharArray(16))
SysfsPath = Struct("struct fs_sysfs_path", show=show_sysfs_path, len=U8, name=CharArray(128))
Metadata = Struct(
    "struct logical_block_metadata_cap",
    lbmd_flags=Flags("lbmd_pi_cap_flags"),
    lbmd_interval=U16,
    lbmd_size=U8,
    lbmd_opaque_size=U8,
    lbmd_opaque_offset=U8,
    lbmd_pi_size=U8,
    lbmd_pi_offset=U8,
    lbmd_guard_tag_type=Enum("lbmd_pi_csum_types", size=1),
    lbmd_app_tag_size=U8,
    lbmd_ref_tag_size=U8,
    lbmd_storage_tag_size=U8,
)

# --- 0x94 ------------------------------------------------------------------------------------

CloneRange = Struct("struct file_clone_range", src_fd=Fd, _high=U32, src_offset=U64, src_length=U64, dest_offset=U64)


def show_dedupe_info(view: View) -> Shown:
    """What was asked, and after the call what was done."""
    return view.fields("bytes_deduped", "status") if view.call.exiting else view.fields("dest_fd", "dest_offset")


DedupeInfo = Struct(
    "struct file_dedupe_range_info",
    show=show_dedupe_info,
    dest_fd=Fd,
    _high=U32,
    dest_offset=U64,
    bytes_deduped=U64,
    status=S32,
    _reserved=U32,
)
Dedupe = Struct(
    "struct file_dedupe_range", src_offset=U64, src_length=U64, dest_count=U16, _reserved1=U16, _reserved2=U32
)


def dedupe_infos(c: Call, addr: int, count: int) -> AnyValue:
    """The targets behind the range; two of them when abbreviated."""
    shown = Array(DedupeInfo, min(count, 2) if c.abbrev else count).at(c, addr + Dedupe.size(c.abi))
    if isinstance(shown, values.List) and c.abbrev and count > 2 and len(shown.items) == 2:
        return values.List([*shown.items, MORE])
    return shown


def tell_dedupe(c: Call, addr: int) -> Stages:
    """The range and where it shall be, then for each target how much of it was the same."""
    asked = look(c, Dedupe, addr)
    if asked is None:
        return c.address(addr)
    infos = dedupe_infos(c, addr, asked.dest_count)
    before = values.Struct([*asked.fields("src_offset", "src_length", "dest_count"), ("info", infos)])
    if not is_whole(infos):
        return before
    yield EXIT
    done = look(c, Dedupe, addr)
    if c.error:
        return before
    if done is None:
        return Change(before, c.address(addr))
    return Change(before, values.Struct([("info", dedupe_infos(c, addr, done.dest_count))]))


class Label(Type):
    """A label of up to 256 bytes, whole."""

    def size(self, abi: Abi) -> int:
        return 256

    def load(self, c: Call, data: bytes, offset: int) -> AnyValue:
        return CharArray(256).load(c, data, offset)


# --- 'f' -------------------------------------------------------------------------------------

Extent = Struct(
    "struct fiemap_extent",
    fe_logical=U64,
    fe_physical=U64,
    fe_length=U64,
    _reserved64=U64,
    _reserved64_1=U64,
    fe_flags=Flags("fiemap_extent_flags"),
    _reserved=U32,
    _reserved_1=U64,
)
Fiemap = Struct(
    "struct fiemap",
    fm_start=U64,
    fm_length=U64,
    fm_flags=Flags("fiemap_flags"),
    fm_mapped_extents=U32,
    fm_extent_count=U32,
    _reserved=U32,
)


def tell_fiemap(c: Call, addr: int) -> Stages:
    """The range asked for, then how it is mapped; the extents with -v."""
    asked = look(c, Fiemap, addr)
    if asked is None:
        return c.address(addr)
    before = values.Struct(asked.fields("fm_start", "fm_length", "fm_flags", "fm_extent_count"))
    yield EXIT
    if c.error:
        return before
    found = look(c, Fiemap, addr)
    if found is None:
        return Change(before, c.address(addr))
    shown = found.fields("fm_flags", "fm_mapped_extents")
    if c.abbrev:
        return Change(before, values.Struct([*shown, (None, MORE)]))
    extents = Array(Extent, found.fm_mapped_extents).at(c, addr + Fiemap.size(c.abi))
    return Change(before, values.Struct([*shown, ("fm_extents", extents)]))


Attributes = Indirect(Flags("fs_ioc_flags"))

# --- 'X' -------------------------------------------------------------------------------------

Trim = Struct("struct fstrim_range", start=X64, len=U64, minlen=U64)
XFLAGS = ["fsx_xflags", "fsx_extsize", "fsx_nextents", "fsx_projid", "fsx_cowextsize"]


def extended(shown: list[str]) -> Struct:
    """struct fsxattr, of which ``shown`` is printed."""
    return Struct(
        "struct fsxattr",
        show=lambda view: view.fields(*shown),
        fsx_xflags=Flags("fs_xflags"),
        fsx_extsize=U32,
        fsx_nextents=U32,
        fsx_projid=X32,
        fsx_cowextsize=U32,
        _pad=CharArray(8),
    )


GetExtended = extended(XFLAGS)
SetExtended = extended([name for name in XFLAGS if name != "fsx_nextents"])

REQUESTS: dict[str, Type | Case | None] = {
    "FS_IOC_GETFSUUID": Case(Out(Uuid), "arg"),
    "FS_IOC_GETFSSYSFSPATH": Case(Out(SysfsPath), "arg"),
    "FS_IOC_GETLBMD_CAP": Case(Out(Metadata), "arg"),
    "FICLONE": Case(Int, "src_fd"),
    "FICLONERANGE": Case(In(CloneRange), "arg"),
    "FIDEDUPERANGE": Case(Staged(Followed(Dedupe, 1024), tell_dedupe), "arg"),
    "FS_IOC_GETFSLABEL": Case(Out(Label()), "label"),
    "FS_IOC_SETFSLABEL": Case(In(Label()), "label"),
    "FS_IOC_FIEMAP": Staged(Followed(Fiemap, 2048), tell_fiemap),
    **each("FS_IOC_GETFLAGS FS_IOC32_GETFLAGS", Case(Out(Attributes), "attr")),
    **each("FS_IOC_SETFLAGS FS_IOC32_SETFLAGS", Case(In(Attributes), "attr")),
    "FITRIM": In(Trim),
    "FS_IOC_FSGETXATTR": Case(Out(GetExtended), "arg"),
    "FS_IOC_FSSETXATTR": Case(In(SetExtended), "arg"),
    "FS_IOC_SHUTDOWN": In(Indirect(Enum("fs_shutdown_flags"))),
    **each("FIFREEZE FITHAW", None),
}
