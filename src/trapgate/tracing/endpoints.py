# SPDX-License-Identifier: BSD-2-Clause
"""What sockets are connected to, as ``-yy`` prints it, from the kernel's sock_diag.

What was found is kept by inode. Loaded when the first socket is asked for.
"""

from __future__ import annotations

import socket

from trapgate.calls.quote import quote
from trapgate.calls.tables import load
from trapgate.kernel.sock_diag import DiagSocket, InetSocket, NetlinkSocket, UnixSocket, find_socket

_netlink_protocols: dict[int, int] = {}
"""The protocol of each netlink socket that was found, by inode; one that is not bound yet cannot be."""
_sockets: dict[int, str] = {}
"""What was found out of sockets, by inode; the kernel tells nothing of those without a name yet."""


def find_netlink_protocol(inode: int) -> int:
    """The NETLINK_* protocol of a bound netlink socket, -1 when it is none or not found."""
    if inode not in _netlink_protocols:
        found = find_socket(inode, "NETLINK") if inode else None
        if not isinstance(found, NetlinkSocket):
            return -1
        _netlink_protocols[inode] = found.protocol
    return _netlink_protocols[inode]


def describe_socket(inode: int, protocol: str) -> str:
    """``TCP:[127.0.0.1:80->127.0.0.1:4711]``; ``TCP:[inode]`` when only the protocol is known."""
    if inode not in _sockets:
        found = find_socket(inode, protocol)
        if found is None:
            return f"{protocol}:[{inode}]" if protocol else ""
        _sockets[inode] = f"{protocol}:[{_format_ends(found)}]"
    return _sockets[inode]


def _format_ends(found: DiagSocket) -> str:
    if isinstance(found, InetSocket):
        remote = f"->{_format_end(found.family, found.remote)}" if found.remote else ""
        return _format_end(found.family, found.local) + remote
    if isinstance(found, UnixSocket):
        peer = f"->{found.peer}" if found.peer else ""
        return f"{found.inode}{peer}{_format_name(found.name)}"
    assert isinstance(found, NetlinkSocket)
    name = load("netlink_protocols").by_value.get(found.protocol)
    return f"{name.removeprefix('NETLINK_')}:{found.portid}" if name else str(found.protocol)


def _format_end(family: int, end: tuple[str, int]) -> str:
    host, port = end
    return f"[{host}]:{port}" if family == socket.AF_INET6 else f"{host}:{port}"


def _format_name(name: bytes) -> str:
    if not name:
        return ""
    if name[:1] == b"\0":
        return f",@{quote(name[1:].partition(bytes(1))[0])}"
    return f",{quote(name.partition(bytes(1))[0])}"
