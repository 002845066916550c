# SPDX-License-Identifier: BSD-2-Clause
"""NETLINK_KOBJECT_UEVENT: the kernel's events are strings; udev's have a header. Source: libudev."""

from __future__ import annotations

from trapgate.calls.call import Call
from trapgate.calls.memory import CharArray, Struct
from trapgate.calls.netlink.attributes import Headed
from trapgate.calls.structs_net import BigEndian
from trapgate.calls.types import U32
from trapgate.model.values import AnyValue

_Number = BigEndian(4, "x")
Monitor = Struct(
    "struct udev_monitor_netlink_header",
    prefix=CharArray(8),
    magic=_Number,
    header_size=U32,
    properties_off=U32,
    properties_len=U32,
    filter_subsystem_hash=_Number,
    filter_devtype_hash=_Number,
    filter_tag_bloom_hi=_Number,
    filter_tag_bloom_lo=_Number,
)

HEADERS = {"struct udev_monitor_netlink_header": ""}


def show_event(c: Call, addr: int, length: int) -> AnyValue:
    """An event of ``length`` bytes: udev's header and what follows, or a string."""
    size = Monitor.size(c.abi)
    data = c.fetch(addr, size) if length >= size else None
    if data is None or not data.startswith(b"libudev\0"):
        return c.buffer(addr, length)
    header = Monitor.load(c, data, 0)
    properties = c.buffer(addr + size, length - size)
    return Headed(header, [properties], "properties") if length > size else header
