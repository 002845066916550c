# SPDX-License-Identifier: BSD-2-Clause
"""The device mapper: devices and their tables, in one buffer behind a common header.

What follows the header hangs on the request: targets, names, versions, a string. Source:
include/uapi/linux/dm-ioctl.h; drivers/md/dm-ioctl.c.
"""

from __future__ import annotations

from collections.abc import Iterator

from trapgate.calls.call import Call
from trapgate.calls.memory import Array, CharArray, Fixed, Str, Struct, View
from trapgate.calls.requests import EXIT, Case, Followed, Staged, Stages, each, look
from trapgate.calls.structs_file import DeviceNumber
from trapgate.calls.types import S32, U32, U64, Flags, HexLong, Type
from trapgate.model import values
from trapgate.model.values import MORE, AnyValue, Change, Joined, Number, Punct, remark

HEADERS = dict.fromkeys(["struct dm_ioctl", "struct dm_target_spec", "struct dm_target_deps"], "linux/dm-ioctl.h")
Device = DeviceNumber(8)
Header = Struct(
    "struct dm_ioctl",
    version=Fixed(U32, 3),
    data_size=U32,
    data_start=U32,
    target_count=U32,
    open_count=U32,
    flags=Flags("dm_flags"),
    event_nr=U32,
    _padding=U32,
    dev=Device,
    name=CharArray(128),
    uuid=CharArray(129),
    _data=CharArray(7),
)
DATA, DATA_SIZE = 305, 12
"""Where the data may begin at the earliest, and where the member that says their size is."""
VERSION = 4
Spec = Struct("struct dm_target_spec", sector_start=U64, length=U64, status=S32, _next=U32, target_type=CharArray(16))
Deps = Struct("struct dm_target_deps", count=U32, _padding=U32)
NameList = Struct("dm_name_list", packed=True, dev=Device, next=U32)
Versions = Struct("dm_target_versions", next=U32, version=Fixed(U32, 3))
Message = Struct("dm_target_msg", sector=U64)

(
    DM_VERSION, REMOVE_ALL, LIST_DEVICES, CREATE, REMOVE, RENAME, SUSPEND, STATUS, WAIT,
    LOAD, CLEAR, DEPS, TABLE_STATUS, LIST_VERSIONS, TARGET_MESSAGE, SET_GEOMETRY, ARM_POLL,
) = range(17)  # fmt: skip
WITHOUT_DEVICE = {REMOVE_ALL, LIST_DEVICES, LIST_VERSIONS}
WITHOUT_DATA = {DM_VERSION, REMOVE_ALL, CREATE, REMOVE, SUSPEND, STATUS, CLEAR, ARM_POLL}
TELLING = {CREATE, RENAME, SUSPEND, STATUS, WAIT, LOAD, CLEAR, DEPS, TABLE_STATUS, TARGET_MESSAGE}
"""Requests that tell how often a device is open and so on."""
SUSPEND_FLAG, DATA_OUT_FLAG = 1 << 1, 1 << 16
EVENTS_SINCE = 37
"""The minor version in which the list of names got event numbers."""
Fields = list[tuple["str | None", AnyValue]]


def misplaced(what: str) -> AnyValue:
    """Something that lies outside of the buffer."""
    return Joined(Punct("???"), remark(f"misplaced {what}"))


def shown_header(view: View, what: int) -> tuple[values.Struct, bool]:
    """The header, and whether what follows it can be understood."""
    shown = view.fields("version")
    if int.from_bytes(view.data[:4], "little") != VERSION:
        note = remark("unsupported device mapper ABI version")
        return values.Struct([("version", Joined(shown[0][1], note))]), False
    size = view.fields("data_size")
    if view.data_size < DATA:
        return values.Struct([*shown, ("data_size", Joined(size[0][1], remark("data_size too small")))]), False
    shown += size
    shown += [] if what in WITHOUT_DATA else view.fields("data_start")
    if what not in WITHOUT_DEVICE:
        shown += view.fields("dev") if view.dev else []
        shown += [field for field in view.fields("name", "uuid") if view.bytes_of(str(field[0]))[0]]
    return values.Struct([*shown, *counts(view, what), *view.fields("flags")]), True


def counts(view: View, what: int) -> Fields:
    """The numbers that are passed in, or told."""
    c = view.call
    if c.exiting:
        return view.fields("target_count", "open_count", "event_nr") if what in TELLING and not c.error else []
    if what == LOAD:
        return view.fields("target_count")
    if what in (RENAME, REMOVE, WAIT) or (what == SUSPEND and not view.flags & SUSPEND_FLAG):
        return view.fields("event_nr")
    return []


def text_at(view: View, offset: int) -> AnyValue:
    """The string at ``offset`` of the buffer."""
    c = view.call
    room = view.data_size - offset
    return Str(room).at(c, view.addr + offset) if room else c.quoted(b"")


def targets(view: View) -> Iterator[AnyValue]:
    """The targets of a table, each with its parameters behind it."""
    c, size = view.call, Spec.size(view.call.abi)
    if c.abbrev:
        if view.target_count:
            yield MORE
        return
    offset, end = view.data_start, 0
    for i in range(view.target_count):
        if i and offset <= end:
            yield misplaced("struct dm_target_spec")
            return
        end = offset + size & 0xFFFFFFFF
        if end <= offset or end > view.data_size:
            yield misplaced("struct dm_target_spec")
            return
        target = look(c, Spec, view.addr + offset)
        if target is None:
            yield c.address(view.addr + offset)
            return
        names = ["sector_start", "length", *(["status"] if c.exiting else []), "target_type"]
        text = text_at(view, end)
        yield values.Struct([*target.fields(*names), ("string", text)])
        following = int.from_bytes(target.bytes_of("_next"), "little")
        offset = (view.data_start if c.exiting else offset) + following & 0xFFFFFFFF


def dependencies(view: View) -> Iterator[AnyValue]:
    """The devices that a table needs."""
    c, offset = view.call, view.data_start
    if offset == view.data_size:
        return
    if c.abbrev:
        yield MORE
        return
    end = offset + Deps.size(c.abi) & 0xFFFFFFFF
    if end <= offset or end > view.data_size:
        yield misplaced("struct dm_target_deps")
        return
    found = look(c, Deps, view.addr + offset)
    if found is None:
        yield c.address(view.addr + offset)
    elif found.count > (view.data_size - end) // 8:
        yield misplaced("struct dm_target_deps")
    else:
        yield values.Struct([*found.fields("count"), ("deps", Array(Device, found.count).at(c, view.addr + end))])


def listed(view: View, struct: Struct, name: str) -> Iterator[tuple[View, int, int] | AnyValue]:
    """The elements of a list, each with the end of its fixed part and where it begins."""
    c, offset, end, count = view.call, view.data_start, 0, 0
    if offset == view.data_size:
        return
    if c.abbrev:
        yield MORE
        return
    while True:
        if count and offset <= end:
            yield misplaced(name)
            return
        end = offset + struct.size(c.abi) & 0xFFFFFFFF
        if end <= offset or end > view.data_size:
            yield misplaced(name)
            return
        count += 1
        found = look(c, struct, view.addr + offset)
        if found is None:
            yield c.address(view.addr + offset)
            return
        yield found, end, offset
        if not found.next:
            return
        offset = offset + found.next & 0xFFFFFFFF


def names(view: View) -> Iterator[AnyValue]:
    """The devices there are; newer kernels tell the number of their last event behind the name."""
    c = view.call
    for item in listed(view, NameList, "struct dm_name_list"):
        if not isinstance(item, tuple):
            yield item
            continue
        found, end, offset = item
        name = text_at(view, end)
        shown: Fields = [*found.fields("dev"), ("name", name)]
        text = c.memory.read_string(view.addr + end, view.data_size - end)
        if text is not None and text[1] and int.from_bytes(view.data[4:8], "little") >= EVENTS_SINCE:
            at = view.addr + end + len(text[0]) + 1 + 7 & ~7
            event = c.fetch_int(at) if at + 4 <= view.addr + offset + found.next else None
            shown += [("event_nr", Number(str(event), event))] if event is not None else []
        yield values.Struct(shown)


def versions(view: View) -> Iterator[AnyValue]:
    """The kinds of targets there are."""
    for item in listed(view, Versions, "struct dm_target_versions"):
        if isinstance(item, tuple):
            found, end, _ = item
            name = text_at(view, end)
            yield values.Struct([("name", name), *found.fields("version")])
        else:
            yield item


def message(view: View) -> Iterator[AnyValue]:
    """A message to a target."""
    c, offset = view.call, view.data_start
    if offset == view.data_size:
        return
    if c.abbrev:
        yield MORE
        return
    end = offset + Message.size(c.abi) & 0xFFFFFFFF
    if end <= offset or end > view.data_size:
        yield misplaced("struct dm_target_msg")
        return
    found = look(c, Message, view.addr + offset)
    if found is None:
        yield c.address(view.addr + offset)
        return
    text = text_at(view, end)
    yield values.Struct([*found.fields("sector"), ("message", text)])


def string(view: View) -> Iterator[AnyValue]:
    """A new name, a geometry, or an answer."""
    if view.call.abbrev:
        yield MORE
    elif view.data_start <= view.data_size:
        text = text_at(view, view.data_start)
        yield values.Struct([("string", text)])
    else:
        yield misplaced("string")


BEFORE = {LOAD: targets, TARGET_MESSAGE: message, RENAME: string, SET_GEOMETRY: string}
AFTER = {WAIT: targets, TABLE_STATUS: targets, DEPS: dependencies, LIST_DEVICES: names, LIST_VERSIONS: versions}


def shown_buffer(view: View, what: int) -> AnyValue:
    """The header and what follows it."""
    c = view.call
    header, understood = shown_header(view, what)
    follows = (AFTER if c.exiting else BEFORE).get(what)
    if c.exiting and what == TARGET_MESSAGE and view.flags & DATA_OUT_FLAG:
        follows = string
    wanted = understood and follows is not None and not c.error
    return values.List([header, *(follows(view) if wanted and follows else [])])


KEPT = ("version", "data_size", "data_start", "flags")
"""Members that tell whether a failed call changed the header."""


def tell_buffer(c: Call, addr: int) -> Stages:
    """The buffer as it is passed, and as it comes back if the call succeeded or changed the header."""
    what = c.u32(1) & 0xFF
    asked = header_at(c, addr)
    if asked is None:
        return HexLong.value(c, addr)
    before = shown_buffer(asked, what)
    yield EXIT
    answer = header_at(c, addr)
    if answer is None or (c.error and all(asked.bytes_of(name) == answer.bytes_of(name) for name in KEPT)):
        return before
    return Change(before, shown_buffer(answer, what))


def header_at(c: Call, addr: int) -> View | None:
    """The header, which may end where its data would begin."""
    data = c.peek(addr, DATA)
    if data is None or int.from_bytes(data[DATA_SIZE : DATA_SIZE + 4], "little") < DATA_SIZE:
        return None
    return View(c, data.ljust(Header.size(c.abi), b"\0"), 0, Header, addr)


REQUESTS: dict[str, Type | Case | None] = each(
    "DM_VERSION DM_REMOVE_ALL DM_LIST_DEVICES DM_DEV_CREATE DM_DEV_REMOVE DM_DEV_RENAME DM_DEV_SUSPEND"
    " DM_DEV_STATUS DM_DEV_WAIT DM_TABLE_LOAD DM_TABLE_CLEAR DM_TABLE_DEPS DM_TABLE_STATUS DM_LIST_VERSIONS"
    " DM_TARGET_MSG DM_DEV_SET_GEOMETRY DM_DEV_ARM_POLL",
    Staged(Followed(Header, 3072), tell_buffer),
)
