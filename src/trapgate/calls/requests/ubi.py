# SPDX-License-Identifier: BSD-2-Clause
"""Volumes on flash memory: attaching, making, renaming and resizing them, their erase blocks.

Source: include/uapi/mtd/ubi-user.h.
"""

from __future__ import annotations

from trapgate.calls.call import Call
from trapgate.calls.memory import ByteArray, CharArray, Fixed, In, Indirect, Shown, Struct, View
from trapgate.calls.requests import EXIT, Case, Staged, Stages, each, look
from trapgate.calls.types import S8, S16, S32, S64, X64, Enum, Flags, Int, Type
from trapgate.model.values import Change

HEADERS = dict.fromkeys(
    [
        "struct ubi_attach_req",
        "struct ubi_leb_change_req",
        "struct ubi_map_req",
        "struct ubi_mkvol_req",
        "struct ubi_rnvol_req",
        "struct ubi_rsvol_req",
        "struct ubi_set_vol_prop_req",
    ],
    "mtd/ubi-user.h",
)
NAME = 128
NAMES = 32


def show_named(view: View) -> Shown:
    """All members, of the name as much as its length says."""
    size = min(max(view.name_len, 0), NAME - 1) + 1
    members = [name for name in view.struct.members if not name.startswith("_") and name != "name"]
    return [*view.fields(*members), ("name", view.show("name", CharArray(size)))]


Make = Struct(
    "struct ubi_mkvol_req",
    show=show_named,
    packed=True,
    vol_id=S32,
    alignment=S32,
    bytes=S64,
    vol_type=Enum("ubi_volume_types", size=1),
    flags=Flags("ubi_volume_flags", size=1),
    name_len=S16,
    _padding=ByteArray(4),
    name=CharArray(NAME),
)
Resize = Struct("struct ubi_rsvol_req", packed=True, bytes=S64, vol_id=S32)
Entry = Struct(
    "ubi_rnvol_req.ents[]",
    show=show_named,
    packed=True,
    vol_id=S32,
    name_len=S16,
    _padding=ByteArray(2),
    name=CharArray(NAME),
)


def show_renames(view: View) -> Shown:
    """As many entries as are counted."""
    count = max(0, min(view.count, NAMES))
    return [*view.fields("count"), ("ents", view.show("ents", Fixed(Entry, count)))]


Rename = Struct(
    "struct ubi_rnvol_req",
    show=show_renames,
    packed=True,
    count=S32,
    _padding=ByteArray(12),
    ents=Fixed(Entry, NAMES),
)
DataType = Enum("ubi_data_types", size=1)
LebChange = Struct("struct ubi_leb_change_req", packed=True, lnum=S32, bytes=S32, dtype=DataType, _padding=ByteArray(7))
Attach = Struct(
    "struct ubi_attach_req",
    ubi_num=S32,
    mtd_num=S32,
    vid_hdr_offset=S32,
    max_beb_per1024=S16,
    disable_fm=S8,
    need_resv_pool=S8,
    _padding=ByteArray(8),
)
Map = Struct("struct ubi_map_req", packed=True, lnum=S32, dtype=DataType, _padding=ByteArray(3))
Property = Struct(
    "struct ubi_set_vol_prop_req",
    packed=True,
    property=Enum("ubi_volume_props", size=1),
    _padding=ByteArray(7),
    value=X64,
)
Number = Indirect(Int)


def making(struct: Struct) -> Staged:
    """A request whose first member becomes the number of what was made."""

    def stages(c: Call, addr: int) -> Stages:
        view = look(c, struct, addr)
        if view is None:
            return c.address(addr)
        before = struct.view_value(view)
        yield EXIT
        return before if c.error else Change(before, Number.at(c, addr))

    return Staged(struct, stages)


REQUESTS: dict[str, Type | Case | None] = {
    "UBI_IOCMKVOL": making(Make),
    "UBI_IOCATT": making(Attach),
    "UBI_IOCEBCH": In(LebChange),
    "UBI_IOCEBMAP": In(Map),
    "UBI_IOCRNVOL": In(Rename),
    "UBI_IOCRSVOL": In(Resize),
    "UBI_IOCSETVOLPROP": In(Property),
    "UBI_IOCVOLUP": In(Indirect(S64)),
    **each("UBI_IOCDET UBI_IOCEBER UBI_IOCEBISMAP UBI_IOCEBUNMAP UBI_IOCRMVOL UBI_IOCRPEB UBI_IOCSPEB", In(Number)),
    **each("UBI_IOCVOLCRBLK UBI_IOCVOLRMBLK", None),
}
