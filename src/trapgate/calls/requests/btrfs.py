# SPDX-License-Identifier: BSD-2-Clause
"""btrfs: subvolumes, devices, balancing, scrubbing, quotas, searching its trees, sending.

Source: include/uapi/linux/btrfs.h, btrfs_tree.h; fs/btrfs/ioctl.c.
"""

from __future__ import annotations

from collections.abc import Iterator

from trapgate.calls.call import Call
from trapgate.calls.memory import Array, CharArray, Fixed, In, Indirect, Out, PathStr, Shown, Struct, View
from trapgate.calls.requests import EXIT, Addr64, Case, Exchange, Led, Staged, Stages, UnionOf, Uuid, each, look, spare
from trapgate.calls.structs_file import DeviceNumber
from trapgate.calls.structs_time import with_time
from trapgate.calls.types import U16, U32, U64, X64, Enum, Fd, Flags, Scalar, Type, styled, truncate, with_remark
from trapgate.model import values
from trapgate.model.abi import Abi
from trapgate.model.values import MORE, AnyValue, Change, Joined, Number, Symbol, remark

NAMES = """
balance_args data_container ioctl_balance_args ioctl_defrag_range_args ioctl_dev_info_args
ioctl_dev_replace_args ioctl_dev_replace_start_params ioctl_dev_replace_status_params ioctl_feature_flags
ioctl_fs_info_args ioctl_get_dev_stats ioctl_ino_lookup_args ioctl_ino_path_args ioctl_logical_ino_args
ioctl_qgroup_assign_args ioctl_qgroup_create_args ioctl_qgroup_limit_args ioctl_quota_ctl_args
ioctl_quota_rescan_args ioctl_received_subvol_args ioctl_scrub_args ioctl_search_header ioctl_search_key
ioctl_send_args ioctl_space_info ioctl_timespec ioctl_vol_args qgroup_inherit
qgroup_limit scrub_progress
"""
HEADERS = {f"struct btrfs_{name}": "linux/btrfs.h" for name in NAMES.split()} | {
    "struct btrfs_ioctl_vol_args_v2": "linux/btrfs.h",
    "struct btrfs_ioctl_space_args": "linux/btrfs.h",
    "struct btrfs_ioctl_search_args_v2": "linux/btrfs.h",
}
Fields = list[tuple["str | None", AnyValue]]

# --- scalars ---------------------------------------------------------------------------------


class Bounded(Scalar):
    """A number whose highest value means that there is no bound."""

    NONE = (1 << 64) - 1

    def __init__(self) -> None:
        super().__init__(8, "u")

    def decode(self, c: Call, word: int) -> AnyValue | None:
        value = self.number(c, word)
        if value == self.NONE:
            return styled(c.style, str(value), "UINT64_MAX", value)
        return super().decode(c, value)


class Unassigned(Scalar):
    """Flags of which none has a meaning yet."""

    def __init__(self, unknown: str) -> None:
        super().__init__(8, "x")
        self.unknown = unknown

    def decode(self, c: Call, word: int) -> AnyValue | None:
        value = self.number(c, word)
        return with_remark(hex(value), "" if c.style == "raw" else self.unknown, value) if value else Number("0", [])


def flags(table: str, unknown: str | None = None) -> Flags:
    """64 bits of flags."""
    return Flags(table, size=8, unknown=unknown)


Max = Bounded()
Device = DeviceNumber(8)
ObjectId = Enum("btrfs_tree_objectids", size=8, base="u", unknown="")
Key = Enum("btrfs_key_types", base="u", unknown="")
Groups = flags("btrfs_space_info_flags", "BTRFS_BLOCK_GROUP_???")

# --- balancing, features, quotas -------------------------------------------------------------

BalanceArgs = Struct(
    "struct btrfs_balance_args",
    packed=True,
    profiles=Groups,
    usage=Max,
    devid=Device,
    pstart=Max,
    pend=Max,
    vstart=Max,
    vend=Max,
    target=Max,
    flags=flags("btrfs_balance_args"),
    _more=Fixed(U64, 8),
)
WHICH = ((1, "data"), (4, "meta"), (2, "sys"))
"""Members that the flags say are given (BTRFS_BALANCE_*)."""
Balance = Struct(
    "struct btrfs_ioctl_balance_args",
    flags=flags("btrfs_balance_flags"),
    state=flags("btrfs_balance_state"),
    data=BalanceArgs,
    meta=BalanceArgs,
    sys=BalanceArgs,
    _stat=Fixed(U64, 3),
    _unused=Fixed(U64, 72),
)


def show_balance(view: View) -> Fields:
    """What to balance."""
    return view.fields("flags", *[name for bit, name in WHICH if view.flags & bit])


def show_balanced(view: View) -> Fields:
    """What is balanced, and how far that is."""
    return view.fields("flags", "state", *[name for bit, name in WHICH if view.flags & bit])


BalanceProgress = Struct(
    "struct btrfs_ioctl_balance_args",
    show=show_balanced,
    **dict(Balance.members),  # type: ignore[arg-type]
)
Features = Struct(
    "struct btrfs_ioctl_feature_flags",
    compat_flags=Unassigned("BTRFS_FEATURE_COMPAT_???"),
    compat_ro_flags=flags("btrfs_features_compat_ro"),
    incompat_flags=flags("btrfs_features_incompat"),
)


class SupportedFeatures(Type):
    """Three sets of features, each for something."""

    MEANING = ("supported", "safe to set", "safe to clear")

    def size(self, abi: Abi) -> int:
        return 3 * Features.size(abi)

    def load(self, c: Call, data: bytes, offset: int) -> AnyValue:
        step = Features.size(c.abi)
        return values.List(
            [Joined(Features.load(c, data, offset + i * step), remark(said)) for i, said in enumerate(self.MEANING)]
        )


Limit = Struct(
    "struct btrfs_qgroup_limit",
    flags=flags("btrfs_qgroup_limit_flags"),
    max_rfer=U64,
    max_excl=U64,
    rsv_rfer=U64,
    rsv_excl=U64,
)
INHERITED = "flags num_qgroups num_ref_copies num_excl_copies lim"


def show_inherit(view: View) -> Shown:
    """The limits, and with -v the groups behind the structure."""
    shown = view.fields(*INHERITED.split())
    if view.call.abbrev:
        return [*shown, (None, MORE)]
    groups = Array(U64, view.num_qgroups).at(view.call, view.addr + view.struct.size(view.call.abi))
    return [*shown, ("qgroups", groups)]


Inherit = Struct(
    "struct btrfs_qgroup_inherit",
    show=show_inherit,
    flags=flags("btrfs_qgroup_inherit_flags"),
    num_qgroups=U64,
    num_ref_copies=U64,
    num_excl_copies=U64,
    lim=Limit,
)
QgroupLimit = Struct("struct btrfs_ioctl_qgroup_limit_args", qgroupid=U64, lim=Limit)
QgroupAssign = Struct("struct btrfs_ioctl_qgroup_assign_args", assign=U64, src=U64, dst=U64)
QgroupCreate = Struct("struct btrfs_ioctl_qgroup_create_args", create=U64, qgroupid=U64)
Quota = Struct("struct btrfs_ioctl_quota_ctl_args", cmd=Enum("btrfs_qgroup_ctl_cmds", size=8), _status=U64)
Rescan = Struct("struct btrfs_ioctl_quota_rescan_args", flags=U64, _progress=U64, _reserved=Fixed(U64, 6))
RescanStatus = Struct("struct btrfs_ioctl_quota_rescan_args", flags=U64, progress=ObjectId, _reserved=Fixed(U64, 6))

# --- subvolumes ------------------------------------------------------------------------------

Volume = Struct("struct btrfs_ioctl_vol_args", fd=Fd, _high=U32, name=CharArray(4088))
SubvolumeFlags = flags("btrfs_snap_flags_v2")
QGROUP_INHERIT = 1 << 2


def show_volume(view: View) -> Shown:
    """The parent, the name, and what of the quota groups is inherited."""
    c, shown = view.call, view.fields("fd", "flags")
    if view.flags & QGROUP_INHERIT:
        pointer = int.from_bytes(view.bytes_of("size")[8 : 8 + c.abi.word], "little")
        shown += [("size", view.show("size", U64)), ("qgroup_inherit", Inherit.at(c, pointer))]
    return [*shown, *view.fields("name")]


Volume2 = Struct(
    "struct btrfs_ioctl_vol_args_v2",
    fd=Fd,
    _high=U32,
    transid=U64,
    flags=SubvolumeFlags,
    size=UnionOf(Fixed(U64, 4)),
    name=CharArray(4040),
)


def show_time(view: View) -> AnyValue:
    """A point in time."""
    return with_time(values.Struct(view.fields("sec", "nsec")), truncate(view.sec, 8, True), view.nsec)


Time = Struct("struct btrfs_ioctl_timespec", show=show_time, sec=U64, nsec=U32)
Received = Struct(
    "struct btrfs_ioctl_received_subvol_args",
    uuid=Uuid(),
    stransid=U64,
    rtransid=U64,
    stime=Time,
    rtime=Time,
    flags=U64,
    _reserved=Fixed(U64, 16),
)


def show_send(view: View) -> Shown:
    """Where to, and which parts the receiver has already."""
    sources = view.fields("clone_sources")
    if not view.call.abbrev:
        found = Array(ObjectId, view.clone_sources_count).at(view.call, view.clone_sources)
        sources = [("clone_sources", found)]
    return [*view.fields("send_fd", "clone_sources_count"), *sources, *view.fields("parent_root", "flags")]


Send = Struct(
    "struct btrfs_ioctl_send_args",
    show=show_send,
    send_fd=Fd,
    _high=U32,
    clone_sources_count=U64,
    clone_sources=Led(Array(ObjectId, 1 << 10)),
    parent_root=ObjectId,
    flags=flags("btrfs_send_flags"),
    _version=U32,
    _reserved=CharArray(28),
)

# --- devices ---------------------------------------------------------------------------------

SCRUBBED = [
    "data_extents_scrubbed",
    "tree_extents_scrubbed",
    "data_bytes_scrubbed",
    "tree_bytes_scrubbed",
    "read_errors",
    "csum_errors",
    "verify_errors",
    "no_csum",
    "csum_discards",
    "super_errors",
    "malloc_errors",
    "uncorrectable_errors",
    "corrected_errors",
    "last_physical",
    "unverified_errors",
]
Progress = Struct("struct btrfs_scrub_progress", **dict.fromkeys(SCRUBBED, U64))  # type: ignore[arg-type]
Scrub = Struct(
    "struct btrfs_ioctl_scrub_args",
    devid=Device,
    start=U64,
    end=Max,
    flags=flags("btrfs_scrub_flags"),
    progress=Progress,
    _unused=Fixed(U64, 109),
)
DevInfo = Struct(
    "struct btrfs_ioctl_dev_info_args",
    devid=Device,
    uuid=Uuid(),
    bytes_used=U64,
    total_bytes=U64,
    _fsid=Uuid(),
    _unused=Fixed(U64, 377),
    path=CharArray(1024),
)
Start = Struct(
    "struct btrfs_ioctl_dev_replace_start_params",
    srcdevid=Device,
    cont_reading_from_srcdev_mode=Enum("btrfs_cont_reading_from_srcdev_mode", size=8),
    srcdev_name=CharArray(1025),
    tgtdev_name=CharArray(1025),
)


def show_status(view: View) -> Shown:
    """How far the replacement is, in thousandths, and since when."""
    done = view.show("progress_1000")
    if view.progress_1000 <= 1000:
        done = Joined(done, remark(f"{view.progress_1000 // 10}.{view.progress_1000 % 10}%"))
    return [
        *view.fields("replace_state"),
        ("progress_1000", done),
        ("time_started", with_time(view.show("time_started"), truncate(view.time_started, 8, True))),
        ("time_stopped", with_time(view.show("time_stopped"), truncate(view.time_stopped, 8, True))),
        *view.fields("num_write_errors", "num_uncorrectable_read_errors"),
    ]


Status = Struct(
    "struct btrfs_ioctl_dev_replace_status_params",
    show=show_status,
    replace_state=Enum("btrfs_dev_replace_state", size=8),
    progress_1000=U64,
    time_started=U64,
    time_stopped=U64,
    num_write_errors=U64,
    num_uncorrectable_read_errors=U64,
)
REPLACE_START, REPLACE_STATUS = 0, 1
Replace = Struct(
    "struct btrfs_ioctl_dev_replace_args",
    cmd=Enum("btrfs_dev_replace_cmds", size=8),
    result=Enum("btrfs_dev_replace_results", size=8),
    start=UnionOf(Start, Status),
    _spare=Fixed(U64, 64),
)


def show_replace(view: View) -> Fields:
    """The command, and what it starts with."""
    return [*view.fields("cmd"), *([("start", view.show("start", Start))] if view.cmd == REPLACE_START else [])]


def show_replaced(view: View) -> Fields:
    """The result, and the status if it was asked for."""
    status = [("status", view.show("start", Status))] if view.cmd == REPLACE_STATUS else []
    return [*view.fields("result"), *status]


CSUM_INFO, GENERATION, METADATA_UUID = 1, 2, 4


def show_fs_info(view: View) -> Shown:
    """What the flags say is filled."""
    shown = view.fields("max_id", "num_devices", "fsid", "nodesize", "sectorsize", "clone_alignment")
    shown += view.fields("csum_type", "csum_size") if view.flags & CSUM_INFO else []
    shown += view.fields("flags")
    shown += view.fields("generation") if view.flags & GENERATION else []
    return shown + (view.fields("metadata_uuid") if view.flags & METADATA_UUID else [])


FsInfo = Struct(
    "struct btrfs_ioctl_fs_info_args",
    show=show_fs_info,
    max_id=U64,
    num_devices=U64,
    fsid=Uuid(),
    nodesize=U32,
    sectorsize=U32,
    clone_alignment=U32,
    csum_type=Enum("btrfs_csum_types", size=2),
    csum_size=U16,
    flags=flags("btrfs_fs_info_flags"),
    generation=U64,
    metadata_uuid=Uuid(),
    _reserved=CharArray(944),
)
StatName = Enum("btrfs_dev_stats_values", base="u", unknown="")
STATS = 5
DevStats = Struct(
    "struct btrfs_ioctl_get_dev_stats",
    devid=Device,
    nr_items=U64,
    flags=flags("btrfs_dev_stats_flags"),
    values=Fixed(U64, STATS),
    _unused=Fixed(U64, 121),
)


def show_stats(view: View) -> Fields:
    """The numbers by what they count."""
    numbers = view.bytes_of("values")
    shown: list[AnyValue] = []
    for i in range(min(view.nr_items, STATS)):
        count = int.from_bytes(numbers[8 * i : 8 * i + 8], "little")
        shown.append(Symbol(f"[{StatName.value(view.call, i).text}]={count}", count))
    if view.nr_items > STATS:
        shown.append(MORE)
    return [*view.fields("nr_items", "flags"), (None, values.List(shown))]


# --- looking up, searching -------------------------------------------------------------------

Defrag = Struct(
    "struct btrfs_ioctl_defrag_range_args",
    start=U64,
    len=Max,
    flags=flags("btrfs_defrag_flags"),
    extent_thresh=U32,
    compress_type=Enum("btrfs_compress_types"),
    _unused=Fixed(U32, 4),
)
Lookup = Struct("struct btrfs_ioctl_ino_lookup_args", treeid=ObjectId, objectid=ObjectId, name=CharArray(4080))


def tell_lookup(c: Call, addr: int) -> Stages:
    """An inode, then its path; and the tree if the program left it open."""
    asked = look(c, Lookup, addr)
    if asked is None:
        return c.address(addr)
    before = values.Struct(asked.fields("treeid", "objectid"))
    yield EXIT
    if c.error:
        return before
    answer = look(c, Lookup, addr)
    if answer is None:
        return Change(before, c.address(addr))
    return Change(before, values.Struct(answer.fields(*([] if asked.treeid else ["treeid"]), "name")))


Container = Struct("struct btrfs_data_container", bytes_left=U32, bytes_missing=U32, elem_cnt=U32, elem_missed=U32)
COUNTED = "bytes_left bytes_missing elem_cnt elem_missed"
Inode = Struct("inum, offset and root of an inode", inum=U64, offset=U64, root=U64)


class Relative(Type):
    """A path whose offset from ``base`` is given."""

    def __init__(self, base: int) -> None:
        self.base = base

    def size(self, abi: Abi) -> int:
        return 8

    def load(self, c: Call, data: bytes, offset: int) -> AnyValue:
        start = int.from_bytes(data[offset : offset + 8], "little")
        return PathStr().at(c, (self.base + start) & (1 << 64) - 1)


def show_container(c: Call, addr: int, paths: bool) -> AnyValue:
    """A buffer with inodes or paths; these with -v."""
    found = look(c, Container, addr)
    if found is None:
        return c.address(addr)
    shown = found.fields(*COUNTED.split())
    if c.abbrev:
        return values.Struct([*shown, (None, MORE)])
    start = addr + Container.size(c.abi)
    inside = Array(Relative(start), found.elem_cnt) if paths else Array(Inode, found.elem_cnt // 3)
    return values.Struct([*shown, ("val", inside.at(c, start))])


InodePaths = Struct("struct btrfs_ioctl_ino_path_args", inum=U64, size=U64, _reserved=Fixed(U64, 4), fspath=Addr64)
LogicalInodes = Struct(
    "struct btrfs_ioctl_logical_ino_args",
    logical=U64,
    size=U64,
    reserved=Fixed(X64, 3),
    flags=flags("btrfs_logical_ino_args_flags"),
    inodes=Addr64,
)
FIRST_FREE, LAST_FREE = 256, (1 << 64) - 256
SearchKey = Struct(
    "struct btrfs_ioctl_search_key",
    tree_id=ObjectId,
    min_objectid=ObjectId,
    max_objectid=ObjectId,
    min_offset=Max,
    max_offset=Max,
    min_transid=Max,
    max_transid=Max,
    min_type=Key,
    max_type=Key,
    nr_items=U32,
    _unused=U32,
    _unused1=Fixed(U64, 4),
)
SearchArgs2 = Struct("struct btrfs_ioctl_search_args_v2", key=SearchKey, buf_size=U64)
SearchHeader = Struct("struct btrfs_ioctl_search_header", transid=U64, objectid=ObjectId, offset=U64, type=Key, len=U32)
BUFFER = 4096 - 104
"""Bytes of the buffer in struct btrfs_ioctl_search_args."""
EOVERFLOW = 75
REST = "min_offset max_offset min_transid max_transid min_type max_type nr_items"


def show_key(view: View) -> AnyValue:
    """Between which keys to search; bounds that exclude nothing only with -v."""
    whole = not view.call.abbrev
    shown = ["tree_id"]
    shown += ["min_objectid"] if whole or view.min_objectid != FIRST_FREE else []
    shown += ["max_objectid"] if whole or view.max_objectid != LAST_FREE else []
    return values.Struct(view.fields(*shown, *REST.split()))


def headers(c: Call, start: int, size: int, count: int) -> Iterator[AnyValue]:
    """The headers of the items found, each as far behind the last as that one is long."""
    offset, step = 0, SearchHeader.size(c.abi)
    for _ in range(count):
        if offset + step > size:
            yield MORE
            return
        found = look(c, SearchHeader, start + offset)
        if found is None:
            yield Joined(MORE, remark(hex(start + offset)))
            return
        yield SearchHeader.view_value(found)
        offset += step + found.len


def search(struct: Struct, sized: bool) -> Staged:
    """A search in a tree: the key, then how many items there are, and with -v their headers."""

    def shown(view: View) -> Fields:
        c = view.call
        key = View(c, view.data, 0, SearchKey)
        count = values.Struct(key.fields("nr_items")) if c.exiting else show_key(key)
        fields: Fields = [("key", count), *(view.fields("buf_size") if sized else [])]
        if not c.exiting:
            return fields
        if c.abbrev:
            return [*fields, (None, MORE)]
        size = view.buf_size if sized else BUFFER
        return [*fields, ("buf", values.List(list(headers(c, view.addr + len(view.data), size, key.nr_items))))]

    def stages(c: Call, addr: int) -> Stages:
        asked = look(c, struct, addr)
        if asked is None:
            return c.address(addr)
        before = values.Struct(shown(asked))
        yield EXIT
        if c.error:
            answer = look(c, struct, addr, anyway=True) if sized and c.error == EOVERFLOW else None
            return Change(before, values.Struct(answer.fields("buf_size"))) if answer else before
        answer = look(c, struct, addr)
        return Change(before, values.Struct(shown(answer)) if answer else c.address(addr))

    return Staged(struct, stages)


SpaceInfo = Struct(
    "struct btrfs_ioctl_space_info",
    flags=flags("btrfs_space_info_flags", "BTRFS_SPACE_INFO_???"),
    total_bytes=U64,
    used_bytes=U64,
)
Spaces = Struct("struct btrfs_ioctl_space_args", space_slots=U64, total_spaces=U64)


def show_spaces(view: View) -> Fields:
    """How many kinds of space there are, and with -v how full they are."""
    shown = view.fields("total_spaces")
    if not view.space_slots and view.total_spaces:
        return shown
    if view.call.abbrev:
        return [*shown, (None, MORE)]
    found = Array(SpaceInfo, view.total_spaces).at(view.call, view.addr + Spaces.size(view.call.abi))
    return [*shown, ("spaces", found)]


Number64 = Indirect(U64)

REQUESTS: dict[str, Type | Case | None] = {
    **each(
        "BTRFS_IOC_TRANS_START BTRFS_IOC_TRANS_END BTRFS_IOC_SYNC BTRFS_IOC_SCRUB_CANCEL"
        " BTRFS_IOC_QUOTA_RESCAN_WAIT BTRFS_IOC_DEFRAG BTRFS_IOC_BALANCE",
        None,
    ),
    "BTRFS_IOC_BALANCE_CTL": Enum("btrfs_balance_ctl_cmds"),
    "BTRFS_IOC_START_SYNC": Out(Number64),
    **each("BTRFS_IOC_DEFAULT_SUBVOL BTRFS_IOC_WAIT_SYNC", In(Number64)),
    "BTRFS_IOC_SUBVOL_GETFLAGS": Out(SubvolumeFlags),
    "BTRFS_IOC_SUBVOL_SETFLAGS": In(SubvolumeFlags),
    "BTRFS_IOC_BALANCE_V2": Exchange(Balance, show_balance, show_balanced, arrow=True),
    "BTRFS_IOC_BALANCE_PROGRESS": Out(BalanceProgress),
    "BTRFS_IOC_DEFRAG_RANGE": In(Defrag),
    "BTRFS_IOC_DEV_INFO": Exchange(
        DevInfo,
        lambda view: [*view.fields("devid"), *spare(view, "uuid")],
        lambda view: [*spare(view, "uuid"), *view.fields("bytes_used", "total_bytes", "path")],
        arrow=True,
    ),
    "BTRFS_IOC_DEV_REPLACE": Exchange(Replace, show_replace, show_replaced, arrow=True),
    "BTRFS_IOC_GET_FEATURES": Out(Features),
    "BTRFS_IOC_SET_FEATURES": In(Fixed(Features, 2, whole=True)),
    "BTRFS_IOC_GET_SUPPORTED_FEATURES": Out(SupportedFeatures()),
    "BTRFS_IOC_FS_INFO": Out(FsInfo),
    "BTRFS_IOC_GET_DEV_STATS": Exchange(DevStats, "devid nr_items flags", show_stats, arrow=True),
    "BTRFS_IOC_INO_LOOKUP": Staged(Lookup, tell_lookup),
    "BTRFS_IOC_INO_PATHS": Exchange(
        InodePaths,
        "inum size fspath",
        lambda view: [("fspath", show_container(view.call, view.fspath, True))],
        arrow=True,
    ),
    "BTRFS_IOC_LOGICAL_INO": Exchange(
        LogicalInodes,
        lambda view: [*view.fields("logical", "size"), *spare(view, "reserved"), *view.fields("flags", "inodes")],
        lambda view: [("inodes", show_container(view.call, view.inodes, False))],
        arrow=True,
    ),
    "BTRFS_IOC_QGROUP_ASSIGN": In(QgroupAssign),
    "BTRFS_IOC_QGROUP_CREATE": In(QgroupCreate),
    "BTRFS_IOC_QGROUP_LIMIT": Out(QgroupLimit),
    "BTRFS_IOC_QUOTA_CTL": In(Quota),
    "BTRFS_IOC_QUOTA_RESCAN": In(Rescan),
    "BTRFS_IOC_QUOTA_RESCAN_STATUS": Out(RescanStatus),
    "BTRFS_IOC_SET_RECEIVED_SUBVOL": Exchange(Received, "uuid stransid stime flags", "rtransid rtime", arrow=True),
    "BTRFS_IOC_SCRUB": Exchange(Scrub, "devid start end flags", "progress", arrow=True),
    "BTRFS_IOC_SCRUB_PROGRESS": Exchange(Scrub, "devid", "progress", arrow=True),
    "BTRFS_IOC_TREE_SEARCH": search(SearchKey, False),
    "BTRFS_IOC_TREE_SEARCH_V2": search(SearchArgs2, True),
    "BTRFS_IOC_SEND": In(Send),
    "BTRFS_IOC_SPACE_INFO": Exchange(Spaces, "space_slots", show_spaces, arrow=True),
    **each(
        "BTRFS_IOC_SNAP_CREATE BTRFS_IOC_RESIZE BTRFS_IOC_SCAN_DEV BTRFS_IOC_FORGET_DEV BTRFS_IOC_ADD_DEV"
        " BTRFS_IOC_RM_DEV BTRFS_IOC_SUBVOL_CREATE BTRFS_IOC_SNAP_DESTROY BTRFS_IOC_DEVICES_READY",
        In(Volume),
    ),
    **each(
        "BTRFS_IOC_SNAP_CREATE_V2 BTRFS_IOC_SUBVOL_CREATE_V2", Exchange(Volume2, show_volume, "transid", arrow=True)
    ),
}
