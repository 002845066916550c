# SPDX-License-Identifier: BSD-2-Clause
"""What a socket's buffer holds. Declares no calls."""

from __future__ import annotations

from trapgate.calls.call import Call
from trapgate.model.values import AnyValue


def is_netlink(c: Call, fd: int) -> bool:
    """Whether the messages of descriptor ``fd`` are taken apart as netlink's: not yet."""
    return False


def show_buffer(c: Call, addr: int, size: int) -> AnyValue:
    """The netlink messages in ``size`` bytes at ``addr``."""
    return c.buffer(addr, size)


def show_socket_buffer(c: Call, addr: int, size: int) -> AnyValue:
    """``size`` bytes at ``addr`` that went through the call's first argument, a socket."""
    return show_buffer(c, addr, size) if is_netlink(c, c.s32(0)) else c.buffer(addr, size)
