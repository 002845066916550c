# SPDX-License-Identifier: BSD-2-Clause
"""Mounting: mount, umount, the fsopen family, mount_setattr, statmount, listmount, listns; swap.

Source: mount(2), fsopen(2), fsconfig(2), mount_setattr(2), statmount(2), listmount(2), swapon(2);
include/uapi/linux/mount.h, nsfs.h. Strings in a statmount are offsets into what follows it.
"""

from __future__ import annotations

from trapgate.calls.call import PATH_MAX, Call
from trapgate.calls.describe import call
from trapgate.calls.extensible import UNAVAILABLE, Extensible, trailing_bytes
from trapgate.calls.memory import Array, Behind, Bytes, In, Out, Path, Str, String_, Struct, View, is_cut
from trapgate.calls.plan import Planner
from trapgate.calls.types import (
    U32,
    U64,
    X32,
    X64,
    Addr,
    DirFd,
    Either,
    Enum,
    Fd,
    Flags,
    InstrumentFd,
    Int,
    Size,
    Switch,
    Type,
    format_int,
    join_flags,
    with_remark,
)
from trapgate.model import values
from trapgate.model.abi import Abi
from trapgate.model.values import MORE, AnyValue, Number, Symbol

HEADERS = {
    "struct mount_attr": "linux/mount.h",
    "struct mnt_id_req": "linux/mount.h",
    "struct statmount": "linux/mount.h",
    "struct ns_id_req": "linux/nsfs.h",
}

Fields = list[tuple[str | None, AnyValue]]

MS_MGC_VAL = 0xC0ED0000
MS_MGC_MSK = 0xFFFF0000
MS_REMOUNT = 0x20
MS_BIND_MOVE = 0x3000
MS_PROPAGATION = 0x1E0000
MOUNT_ATTR_IDMAP = 0x100000


# --- mount and umount -------------------------------------------------------------------


class MountFlags(Flags):
    """mount(2)'s flags, which very old programs mark with a magic number."""

    def __init__(self) -> None:
        super().__init__("mount_flags", size="long")

    def show(self, value: int, style: str, abi: Abi) -> AnyValue:
        if value & MS_MGC_MSK != MS_MGC_VAL:
            return super().show(value, style, abi)
        name, number = "MS_MGC_VAL", hex(MS_MGC_VAL)
        styles: dict[str, AnyValue] = {"raw": Number(number, MS_MGC_VAL), "abbrev": Symbol(name, name)}
        magic = styles.get(style) or with_remark(number, name, name)
        rest = value & ~MS_MGC_MSK
        return join_flags(magic, super().show(rest, style, abi)) if rest else magic


def _flags(c: Call) -> int:
    flags = c.word("mountflags")
    return flags & ~MS_MGC_MSK if flags & MS_MGC_MSK == MS_MGC_VAL else flags


def changes_existing(c: Call) -> bool:
    """Whether mount works on a mount that exists, so that the type says nothing."""
    return bool(_flags(c) & (MS_REMOUNT | MS_BIND_MOVE | MS_PROPAGATION))


def ignores_data(c: Call) -> bool:
    """Whether mount's data says nothing: binding, moving, changing propagation."""
    return not _flags(c) & MS_REMOUNT and changes_existing(c)


call(
    "mount",
    source=Path,
    target=Path,
    filesystemtype=Either(changes_existing, Addr, String_),
    mountflags=MountFlags(),
    data=Either(ignores_data, Addr, String_),
)
call("umount", path=Path, abis="i386")
call("umount2", target=Path, flags=Flags("umount_flags"))
call("swapoff", path=Path)


class SwapFlags(Flags):
    """swapon's flags; the low bits hold a priority, which always prints."""

    PRIORITY = 0x7FFF

    def __init__(self) -> None:
        super().__init__("swap_flags")

    def show(self, value: int, style: str, abi: Abi) -> AnyValue:
        priority = Number(str(value & self.PRIORITY), value & self.PRIORITY)
        flags = value & ~self.PRIORITY
        return join_flags(super().show(flags, style, abi), priority) if flags else priority


call("swapon", path=Path, swapflags=SwapFlags())


# --- the calls that build a mount step by step ------------------------------------------


def _show_mount_attr(view: View) -> Fields:
    mapped = (view.attr_set | view.attr_clr) & MOUNT_ATTR_IDMAP and view.userns_fd < 1 << 31
    user = view.show("userns_fd", Fd) if mapped else view.show("userns_fd")
    return [*view.fields("attr_set", "attr_clr", "propagation"), ("userns_fd", user)]


AttrBits = Flags("mount_attr_attr", size=8)
MountAttr = Struct(
    "struct mount_attr",
    show=_show_mount_attr,
    attr_set=AttrBits,
    attr_clr=AttrBits,
    propagation=Enum("mount_attr_propagation", size=8),
    userns_fd=U64,
)
Attr = In(Extensible(MountAttr, "size", 32))
TreeFlags = Flags("open_tree_flags")

call("mount_setattr", dirfd=DirFd, pathname=Path, flags=Flags("mount_setattr_flags"), attr=Attr, size=Size)
call("open_tree", dirfd=DirFd, pathname=Path, flags=TreeFlags, returns=Fd)
call("open_tree_attr", dirfd=DirFd, pathname=Path, flags=TreeFlags, attr=Attr, size=Size, returns=Fd)
call(
    "move_mount",
    from_dfd=DirFd,
    from_pathname=Path,
    to_dfd=DirFd,
    to_pathname=Path,
    flags=Flags("move_mount_flags"),
)
call("fsopen", fsname=String_, flags=Flags("fsopen_flags"), returns=Fd, classes="desc")
call("fspick", dirfd=DirFd, pathname=Path, flags=Flags("fspick_flags"), returns=Fd)
call("fsmount", fd=Fd, flags=Flags("fsmount_flags"), attr_flags=Flags("fsmount_attr_flags"), returns=Fd)

SHORT = In(Str(256))
BINARY_MAX = 1 << 20


def has_blob(c: Call) -> bool:
    """Whether fsconfig's aux is a sensible size of a blob."""
    return 0 <= Int.number(c, c.word("aux")) <= BINARY_MAX


call(
    "fsconfig",
    fd=InstrumentFd,
    cmd=Enum("fsconfig_cmds"),
    key=Switch("cmd", {f"FSCONFIG_SET_{w}": SHORT for w in ("FLAG", "STRING", "BINARY", "PATH", "PATH_EMPTY", "FD")}),
    value=Switch(
        "cmd",
        {
            "FSCONFIG_SET_STRING": SHORT,
            "FSCONFIG_SET_PATH": Path,
            "FSCONFIG_SET_PATH_EMPTY": Path,
            "FSCONFIG_SET_BINARY": Either(has_blob, In(Bytes("aux", hexadecimal=True)), Addr),
        },
    ),
    aux=Switch("cmd", {"FSCONFIG_SET_PATH": DirFd, "FSCONFIG_SET_PATH_EMPTY": DirFd, "FSCONFIG_SET_FD": Fd}, Int),
    classes="file",
)


# --- asking about mounts and namespaces ---------------------------------------------------


class Request(Type):
    """A structure that begins with its own size; too short a one prints the size alone."""

    def __init__(self, inner: Struct, least: int) -> None:
        self.inner = inner
        self.least = least

    def plan(self, p: Planner) -> None:
        p.bytes(Behind("req"))

    def size(self, abi: Abi) -> int:
        return self.inner.size(abi)

    def at(self, c: Call, addr: int) -> AnyValue:
        given = c.fetch_int(addr)
        if given is None:
            return c.address(addr)
        size: Fields = [("size", Number(str(given), given))]
        if given < self.least:
            return values.Struct(size)
        known = self.inner.size(c.abi)
        data = c.fetch(addr, min(known, given))
        if data is None:
            return values.Struct([*size, (None, UNAVAILABLE)])
        view = View(c, data.ljust(known, b"\0"), 0, self.inner, addr)
        assert self.inner.show_fields is not None
        shown = self.inner.show_fields(view)
        assert isinstance(shown, list)
        return values.Struct([*size, *shown, *trailing_bytes(c, addr, known, given)])


def _show_mount_request(view: View) -> Fields:
    names = ["mnt_ns_fd", "mnt_id", "param", *(["mnt_ns_id"] if view.size >= 32 else [])]
    return view.fields(*names)


StatmountMask = Flags("statmount_mask", size=8)
StatRequest = Struct(
    "struct mnt_id_req",
    show=_show_mount_request,
    size=U32,
    mnt_ns_fd=Fd,
    mnt_id=X64,
    param=StatmountMask,
    mnt_ns_id=X64,
)
ListRequest = Struct(
    "struct mnt_id_req",
    show=_show_mount_request,
    size=U32,
    mnt_ns_fd=Fd,
    mnt_id=Enum("listmount_mnt_id", size=8, unknown=""),
    param=X64,
    mnt_ns_id=X64,
)


def _show_namespace_request(view: View) -> Fields:
    shown = view.fields("spare") if view.spare else []
    shown += view.fields("ns_id", "ns_type")
    shown += view.fields("spare2") if view.spare2 else []
    return shown + view.fields("user_ns_id")


NamespaceRequest = Struct(
    "struct ns_id_req",
    show=_show_namespace_request,
    size=U32,
    spare=X32,
    ns_id=X64,
    ns_type=Flags("ns_type"),
    spare2=X32,
    user_ns_id=Enum("listns_user_ns_id", size=8, unknown=""),
)

STRINGS = frozenset({"mnt_opts", "fs_type", "mnt_root", "mnt_point", "fs_subtype", "sb_source"})
SEQUENCES = {
    "opt_array": "opt_num",
    "opt_sec_array": "opt_sec_num",
    "mnt_uidmap": "mnt_uidmap_num",
    "mnt_gidmap": "mnt_gidmap_num",
}
"""Arrays of strings, with the members that hold how many there are."""

_STATMOUNT_MEMBERS = (
    (0, "size"),
    (0x80, "mnt_opts"),
    (0, "mask"),
    (0x1, "sb_dev_major sb_dev_minor sb_magic sb_flags"),
    (0x20, "fs_type"),
    (0x2, "mnt_id mnt_parent_id mnt_id_old mnt_parent_id_old mnt_attr mnt_propagation mnt_peer_group mnt_master"),
    (0x4, "propagate_from"),
    (0x8, "mnt_root"),
    (0x10, "mnt_point"),
    (0x40, "mnt_ns_id"),
    (0x100, "fs_subtype"),
    (0x200, "sb_source"),
    (0x400, "opt_num opt_array"),
    (0x800, "opt_sec_num opt_sec_array"),
    (0x1000, "supported_mask"),
    (0x2000, "mnt_uidmap_num mnt_uidmap"),
    (0x4000, "mnt_gidmap_num mnt_gidmap"),
)
"""Members in the order they print, with the bit of mask that says they are filled (0: always)."""


def _string_at(c: Call, strings: bytes, offset: int) -> AnyValue:
    """The string at ``offset``, or the offset itself when it leads out of what was copied."""
    if offset >= len(strings):
        return Number(format_int(offset, "x"), offset)
    text, nul, _ = strings[offset:].partition(b"\0")
    return c.quoted(text) if nul else c.quoted(text[:-1], truncated=True)


def _strings_at(c: Call, strings: bytes, offset: int, count: int) -> AnyValue:
    if offset >= len(strings):
        return Number(format_int(offset, "x"), offset)
    items: list[AnyValue] = []
    for i in range(count):
        if offset >= len(strings):
            items.append(UNAVAILABLE)
            break
        if is_cut(c, i + 1):
            items.append(MORE)
            break
        items.append(_string_at(c, strings, offset))
        offset += len(strings[offset:].partition(b"\0")[0]) + 1
    return values.List(items)


class MountStatus(Type):
    """A struct statmount of as many bytes as the caller had room for, with its strings."""

    def at(self, c: Call, addr: int) -> AnyValue:
        room, known = c.word("bufsize"), Statmount.size(c.abi)
        data = c.fetch(addr, min(room, known)) if room >= 4 else None
        if data is None:
            return c.address(addr)
        view = View(c, data.ljust(known, b"\0"), 0, Statmount, addr)
        total = view.size
        wanted = min(total - known, 3 * PATH_MAX) if known < total <= room else 0
        strings = c.memory.read(addr + known, wanted) if wanted else b""
        return values.Struct(self._fields(view, strings if len(strings) == wanted else b""))

    def _fields(self, view: View, strings: bytes) -> Fields:
        shown: Fields = []
        for needed, names in _STATMOUNT_MEMBERS:
            if needed and not view.mask & needed:
                continue
            for name in names.split():
                if name in STRINGS:
                    shown.append((name, _string_at(view.call, strings, getattr(view, name))))
                elif name in SEQUENCES:
                    count = getattr(view, SEQUENCES[name])
                    shown.append((name, _strings_at(view.call, strings, getattr(view, name), count)))
                else:
                    shown += view.fields(name)
        return shown

    def plan(self, p: Planner) -> None:
        p.bytes("bufsize")


Statmount = Struct(
    "struct statmount",
    size_of=512,
    size=U32,
    mnt_opts=X32,
    mask=StatmountMask,
    sb_dev_major=U32,
    sb_dev_minor=U32,
    sb_magic=Enum("fsmagic", size=8, unknown=""),
    sb_flags=Flags("statmount_sb_flags"),
    fs_type=X32,
    mnt_id=X64,
    mnt_parent_id=X64,
    mnt_id_old=X32,
    mnt_parent_id_old=X32,
    mnt_attr=AttrBits,
    mnt_propagation=Flags("statmount_mnt_propagation", size=8),
    mnt_peer_group=X64,
    mnt_master=X64,
    propagate_from=X64,
    mnt_root=X32,
    mnt_point=X32,
    mnt_ns_id=X64,
    fs_subtype=X32,
    sb_source=X32,
    opt_num=U32,
    opt_array=X32,
    opt_sec_num=U32,
    opt_sec_array=X32,
    supported_mask=StatmountMask,
    mnt_uidmap_num=U32,
    mnt_uidmap=X32,
    mnt_gidmap_num=U32,
    mnt_gidmap=X32,
)


def _ids(count: str) -> Type:
    """An array of 64-bit ids: as many as the call returned, never more than there was room for."""

    def shown(c: Call) -> int:
        return c.word(count) if c.error else min(c.word(count), c.result)

    return Out(Array(X64, shown), anyway=True)


call(
    "statmount",
    req=In(Request(StatRequest, 24)),
    buf=Out(MountStatus()),
    bufsize=Size,
    flags=Flags("statmount_flags"),
)
call(
    "listmount",
    req=In(Request(ListRequest, 24)),
    mnt_ids=_ids("nr_mnt_ids"),
    nr_mnt_ids=Size,
    flags=Flags("listmount_flags"),
)
call("listns", req=In(Request(NamespaceRequest, 32)), ns_ids=_ids("nr_ns_ids"), nr_ns_ids=Size, flags=X32)
