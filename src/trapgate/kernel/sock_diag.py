# SPDX-License-Identifier: BSD-2-Clause
"""What a socket is connected to, asked of the kernel by its inode (NETLINK_SOCK_DIAG).

Source: sock_diag(7), ``include/uapi/linux/{inet_diag,unix_diag,netlink_diag}.h``. Answers are
of the caller's network namespace.
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

NETLINK_SOCK_DIAG = 4
SOCK_DIAG_BY_FAMILY = 20
NLM_F_REQUEST, NLM_F_DUMP = 1, 0x300
NLMSG_ERROR, NLMSG_DONE = 2, 3
UDIAG_SHOW_NAME, UDIAG_SHOW_PEER = 1, 4
UNIX_DIAG_NAME, UNIX_DIAG_PEER = 0, 2
NDIAG_PROTO_ALL = 0xFF
UNIX_PATH_MAX = 108
RECEIVE_BYTES = 32768


@dataclass(frozen=True, slots=True)
class InetSocket:
    """A TCP, UDP … socket: addresses as text; the remote end is None when it has none."""

    family: int
    local: tuple[str, int]
    remote: tuple[str, int] | None


@dataclass(frozen=True, slots=True)
class UnixSocket:
    """A Unix socket: its inode, that of its peer (0: none) and its name (may begin with NUL)."""

    inode: int
    peer: int
    name: bytes


@dataclass(frozen=True, slots=True)
class NetlinkSocket:
    """A netlink socket: its protocol's number and its port id."""

    protocol: int
    portid: int


DiagSocket = InetSocket | UnixSocket | NetlinkSocket

PROTOCOLS = {
    "UNIX": (socket.AF_UNIX, 0),
    "UNIX-STREAM": (socket.AF_UNIX, 0),
    "NETLINK": (socket.AF_NETLINK, 0),
    **{
        name + suffix: (family, number)
        for suffix, family in (("", socket.AF_INET), ("v6", socket.AF_INET6))
        for name, number in (
            ("TCP", 6),
            ("UDP", 17),
            ("UDPLITE", 136),
            ("DCCP", 33),
            ("SCTP", 132),
            ("L2TP/IP", 115),
            ("PING", 1),
            ("RAW", 255),
        )
    },
}
"""Names of protocols as the kernel gives them (``system.sockprotoname``): family and protocol."""


def read_protocol_name(pid: int, fd: int) -> str:
    """The protocol of a socket that process ``pid`` has open: ``TCP``; empty if it cannot be told."""
    try:
        return os.getxattr(f"/proc/{pid}/fd/{fd}", "system.sockprotoname").rstrip(b"\0").decode("ascii", "replace")
    except OSError:
        return ""


def find_socket(inode: int, protocol: str) -> DiagSocket | None:
    """The socket with ``inode``; None when the kernel does not tell of it."""
    if protocol not in PROTOCOLS:
        return None
    family, number = PROTOCOLS[protocol]
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, NETLINK_SOCK_DIAG) as diag:
            if family == socket.AF_UNIX:
                return _ask(diag, _unix_request(inode), 0, lambda data: _parse_unix(data, inode))
            if family == socket.AF_NETLINK:
                request = struct.pack("=BBHIIII", family, NDIAG_PROTO_ALL, 0, 0, 0, 0, 0)
                return _ask(diag, request, NLM_F_DUMP, lambda data: _parse_netlink(data, inode))
            request = struct.pack("=BBBxI48x", family, number, 0, 0xFFFFFFFF)
            return _ask(diag, request, NLM_F_DUMP, lambda data: _parse_inet(data, inode))
    except OSError:
        return None


def _unix_request(inode: int) -> bytes:
    everything = 0xFFFFFFFF
    return struct.pack(
        "=BBHIIIII", socket.AF_UNIX, 0, 0, everything, inode, UDIAG_SHOW_NAME | UDIAG_SHOW_PEER, everything, everything
    )


def _ask(
    diag: socket.socket, request: bytes, flags: int, parse: Callable[[bytes], DiagSocket | None]
) -> DiagSocket | None:
    header = struct.pack("=IHHII", 16 + len(request), SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST | flags, 0, 0)
    diag.sendto(header + request, (0, 0))
    while True:
        done = True
        for kind, data in parse_messages(diag.recv(RECEIVE_BYTES)):
            if kind != SOCK_DIAG_BY_FAMILY:
                return None
            found = parse(data)
            if found is not None:
                return found
            done = not flags
        if done:
            return None


def parse_messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Type and payload of the netlink messages in ``data``."""
    offset = 0
    while offset + 16 <= len(data):
        length, kind = struct.unpack_from("=IH", data, offset)
        if length < 16 or offset + length > len(data):
            return
        yield kind, data[offset + 16 : offset + length]
        offset += (length + 3) & ~3


def parse_attributes(data: bytes, offset: int) -> Iterator[tuple[int, bytes]]:
    """Type and value of the netlink attributes in ``data`` from ``offset`` on."""
    while offset + 4 <= len(data):
        length, kind = struct.unpack_from("=HH", data, offset)
        if length < 4:
            return
        yield kind, data[offset + 4 : offset + length]
        offset += (length + 3) & ~3


def _parse_inet(data: bytes, inode: int) -> InetSocket | None:
    if len(data) < 72 or struct.unpack_from("=I", data, 68)[0] != inode:
        return None
    family = data[0]
    size = 4 if family == socket.AF_INET else 16
    sport, dport = struct.unpack_from(">HH", data, 4)
    source, target = data[8 : 8 + size], data[24 : 24 + size]
    remote = (socket.inet_ntop(family, target), dport) if dport or any(target) else None
    return InetSocket(family, (socket.inet_ntop(family, source), sport), remote)


def _parse_unix(data: bytes, inode: int) -> UnixSocket | None:
    if len(data) < 16 or struct.unpack_from("=I", data, 4)[0] != inode:
        return None
    name, peer = b"", 0
    for kind, value in parse_attributes(data, 16):
        if kind == UNIX_DIAG_NAME:
            name = value[:UNIX_PATH_MAX]
        elif kind == UNIX_DIAG_PEER and len(value) >= 4:
            peer = struct.unpack_from("=I", value)[0]
    return UnixSocket(inode, peer, name) if peer or name else None


def _parse_netlink(data: bytes, inode: int) -> NetlinkSocket | None:
    if len(data) < 24:
        return None
    _, _, protocol, _, portid, _, _, found = struct.unpack_from("=BBBBIIII", data)
    return NetlinkSocket(protocol, portid) if found == inode else None
