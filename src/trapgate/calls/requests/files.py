# SPDX-License-Identifier: BSD-2-Clause
"""Descriptors that are no files: epoll, inotify, buffers made of memory files.

Source: ioctl_eventpoll(2); include/uapi/linux/eventpoll.h, udmabuf.h; fs/notify/inotify/inotify_user.c.
"""

from __future__ import annotations

from trapgate.calls.memory import Array, In, Out, Shown, Struct, View
from trapgate.calls.requests import Case, Followed, spare
from trapgate.calls.structs_time import show_fraction
from trapgate.calls.types import U16, U32, U64, X8, Fd, Flags, Int, Type

HEADERS = {
    "struct epoll_params": "linux/eventpoll.h",
    **dict.fromkeys(
        ["struct udmabuf_create", "struct udmabuf_create_item", "struct udmabuf_create_list"], "linux/udmabuf.h"
    ),
}


def show_epoll(view: View) -> Shown:
    """How long and how much of the network is polled busily."""
    pause = show_fraction(view.busy_poll_usecs, 6, view.call.style)
    return [
        ("busy_poll_usecs", pause),
        *view.fields("busy_poll_budget", "prefer_busy_poll"),
        *spare(view, "__pad"),
    ]


EpollParams = Struct(
    "struct epoll_params",
    show=show_epoll,
    busy_poll_usecs=U32,
    busy_poll_budget=U16,
    prefer_busy_poll=X8,
    __pad=X8,
)

BufferFlags = Flags("udmabuf_flags")
Create = Struct("struct udmabuf_create", memfd=Fd, flags=BufferFlags, offset=U64, size=U64)
Item = Struct("struct udmabuf_create_item", memfd=Fd, _pad=U32, offset=U64, size=U64)


def show_list(view: View) -> Shown:
    """The parts are behind the structure."""
    parts = Array(Item, view.count).at(view.call, view.addr + view.struct.size(view.call.abi))
    return [*view.fields("flags", "count"), ("list", parts)]


CreateList = Struct("struct udmabuf_create_list", show=show_list, flags=BufferFlags, count=U32)

REQUESTS: dict[str, Type | Case | None] = {
    "EPIOCSPARAMS": In(EpollParams),
    "EPIOCGPARAMS": Out(EpollParams),
    "UDMABUF_CREATE": Case(In(Create), returns=Fd),
    "UDMABUF_CREATE_LIST": Case(In(Followed(CreateList, 1024)), returns=Fd),
}

SET_NEXT_WATCH = 0x40044900
"""INOTIFY_IOC_SETNEXTWD, which the C library's headers do not have."""


def find_case(request: int) -> Case | None:
    """inotify's one request."""
    return Case(Int) if request == SET_NEXT_WATCH else None
