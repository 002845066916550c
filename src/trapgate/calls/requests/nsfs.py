# SPDX-License-Identifier: BSD-2-Clause
"""Namespaces by their files: their relations, owners, types, and processes across them.

Source: ioctl_nsfs(2); include/uapi/linux/nsfs.h.
"""

from __future__ import annotations

from trapgate.calls import tables
from trapgate.calls.call import Call
from trapgate.calls.memory import Indirect, Out, Struct
from trapgate.calls.requests import Case
from trapgate.calls.types import U32, X64, Fd, Int, Tgid, Tid, Type, Uid

HEADERS = {"struct mnt_ns_info": "linux/nsfs.h"}
VERSION_0 = 16
GET_INFO, GET_NEXT, GET_PREVIOUS = 10, 11, 12


def note_type(c: Call) -> str | None:
    """The name of the namespace's type."""
    return tables.load("setns_types").by_value.get(c.result)


MountNamespace = Struct("struct mnt_ns_info", size=U32, nr_mounts=U32, mnt_ns_id=X64)

REQUESTS: dict[str, Type | Case | None] = {
    "NS_GET_USERNS": Case(None, returns=Fd),
    "NS_GET_PARENT": Case(None, returns=Fd),
    "NS_GET_NSTYPE": Case(None, note=note_type),
    "NS_GET_OWNER_UID": Case(Out(Indirect(Uid)), "uid"),
    "NS_GET_MNTNS_ID": Out(Indirect(X64)),
    "NS_GET_PID_FROM_PIDNS": Case(Int, returns=Tid),
    "NS_GET_TGID_FROM_PIDNS": Case(Int, returns=Tgid),
    "NS_GET_PID_IN_PIDNS": Tid,
    "NS_GET_TGID_IN_PIDNS": Tgid,
}


def find_case(request: int) -> Case | None:
    """Requests for a mount namespace, whatever size of the structure the program knows."""
    number, size = request & 0xFF, request >> 16 & 0x3FFF
    if GET_INFO <= number <= GET_PREVIOUS and size >= VERSION_0:
        return Case(Out(MountNamespace), returns=None if number == GET_INFO else Fd)
    return None
