# SPDX-License-Identifier: BSD-2-Clause
"""Processes by their descriptors: their namespaces, and what is known of them.

Source: ioctl_pidfd(2); include/uapi/linux/pidfd.h.
"""

from __future__ import annotations

from trapgate.calls.call import Call
from trapgate.calls.memory import Indirect, Struct, View
from trapgate.calls.requests import EXIT, Case, Staged, Stages, each
from trapgate.calls.structs_signal import Signal
from trapgate.calls.types import U32, U64, Addr, Fd, Flags, HexKLong, Tgid, Tid, Type, Uid
from trapgate.calls.wait import WaitStatus
from trapgate.model import values
from trapgate.model.values import AnyValue, Change

HEADERS = {"struct pidfd_info": "linux/pidfd.h"}
VERSION_0 = 64
GET_INFO = 11

Mask = Flags("pidfd_info_mask", size=8)
Info = Struct(
    "struct pidfd_info",
    mask=Mask,
    cgroupid=U64,
    pid=Tid,
    tgid=Tgid,
    ppid=Tgid,
    ruid=Uid,
    rgid=Uid,
    euid=Uid,
    egid=Uid,
    suid=Uid,
    sgid=Uid,
    fsuid=Uid,
    fsgid=Uid,
    exit_code=Indirect(WaitStatus()),
    coredump_mask=Flags("pidfd_coredump_mask"),
    coredump_signal=Signal,
    coredump_code=U32,
    _coredump_pad=U32,
    supported_mask=Mask,
)

GROUPS = (
    (1 << 2, "cgroupid"),
    (1 << 0, "pid tgid ppid"),
    (1 << 1, "ruid rgid euid egid suid sgid fsuid fsgid"),
    (1 << 3, "exit_code"),
    (1 << 4, "coredump_mask"),
    (1 << 6, "coredump_signal"),
    (1 << 7, "coredump_code"),
    (1 << 5, "supported_mask"),
)
"""Which bit of the mask says that which members were filled (PIDFD_INFO_*)."""


def tell_info(c: Call, addr: int) -> Stages:
    """The mask wanted, the mask that was given if another, and the members it has."""
    size = min(c.u32(1) >> 16 & 0x3FFF, Info.size(c.abi))
    asked = c.fetch(addr, 8)
    if asked is None:
        return c.address(addr)
    mask: AnyValue = Mask.load(c, asked, 0)
    yield EXIT
    data = c.fetch(addr, size)
    if data is None:
        return values.Struct([("mask", mask)])
    view = View(c, data.ljust(Info.size(c.abi), b"\0"), 0, Info, addr)
    shown: list[tuple[str | None, AnyValue]] = [("mask", mask)]
    if data[:8] != asked:
        shown = [("mask", Change(mask, view.show("mask")))]
    for bit, names in GROUPS:
        members = names.split()
        offset, kind = Info.member(c.abi, members[-1])
        if view.mask & bit and offset + kind.size(c.abi) <= size:
            shown += view.fields(*members)
    return values.Struct(shown)


REQUESTS: dict[str, Type | Case | None] = each(
    "PIDFD_GET_CGROUP_NAMESPACE PIDFD_GET_IPC_NAMESPACE PIDFD_GET_MNT_NAMESPACE PIDFD_GET_NET_NAMESPACE"
    " PIDFD_GET_PID_NAMESPACE PIDFD_GET_PID_FOR_CHILDREN_NAMESPACE PIDFD_GET_TIME_NAMESPACE"
    " PIDFD_GET_TIME_FOR_CHILDREN_NAMESPACE PIDFD_GET_USER_NAMESPACE PIDFD_GET_UTS_NAMESPACE",
    Case(HexKLong, returns=Fd),
)

Whole = Case(Staged(Info, tell_info))
TooSmall = Case(Addr)


def find_case(request: int) -> Case | None:
    """PIDFD_GET_INFO, whatever size of the structure the program knows."""
    if request & 0xFF != GET_INFO:
        return None
    return Whole if request >> 16 & 0x3FFF >= VERSION_0 else TooSmall
