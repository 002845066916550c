# SPDX-License-Identifier: BSD-2-Clause
"""What a socket's buffer holds: netlink messages if it is a netlink socket, else bytes.

Declares no calls. Keeps the netlink decoders from being loaded before there is a netlink socket.
"""

from __future__ import annotations

from trapgate.calls.call import Call
from trapgate.model.values import AnyValue


def is_netlink(c: Call, fd: int) -> bool:
    """Whether descriptor ``fd`` of the calling process is a netlink socket."""
    return c.verbose and fd >= 0 and c.process.socket_protocol(fd) == "NETLINK"


def show_buffer(c: Call, addr: int, size: int) -> AnyValue:
    """The netlink messages in ``size`` bytes at ``addr``; the descriptor is the call's first argument."""
    from trapgate.calls.netlink.message import show_messages

    return show_messages(c, c.s32(0), addr, size)


def show_socket_buffer(c: Call, addr: int, size: int) -> AnyValue:
    """``size`` bytes at ``addr`` that went through the call's first argument, a socket."""
    return show_buffer(c, addr, size) if is_netlink(c, c.s32(0)) else c.buffer(addr, size)
