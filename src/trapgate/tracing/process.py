# SPDX-License-Identifier: BSD-2-Clause
"""A traced process as decoders ask about it: its descriptors and the pids it names.

Reads /proc and asks sock_diag through ``trapgate.kernel`` at the moment it is asked, which is
exact while the program is held and a good guess otherwise.
"""

from __future__ import annotations

import os
import socket

from trapgate.calls.call import Options
from trapgate.calls.quote import Hex, escape, quote
from trapgate.calls.structs_signal import format_signal_set
from trapgate.calls.tables import load
from trapgate.kernel.descriptors import AT_FDCWD, read_fd_device, read_fd_info, read_fd_link, read_fd_path
from trapgate.kernel.processes import read_stack_pointer
from trapgate.kernel.sock_diag import DiagSocket, InetSocket, NetlinkSocket, UnixSocket, find_socket, read_protocol_name

PTMX = (5, 2)
_netlink_protocols: dict[int, int] = {}
"""The protocol of each netlink socket that was found, by inode; one that is not bound yet cannot be."""


class LiveProcess:
    """The process of thread ``tid``, right now."""

    __slots__ = ("tid", "options")

    def __init__(self, tid: int, options: Options) -> None:
        self.tid = tid
        self.options = options

    def fd_text(self, fd: int) -> str:
        """``</path>``, ``<TCP:[…]>`` …: the first of the wanted kinds that fits; empty if not open."""
        found = read_fd_path(self.tid, fd) if fd >= 0 or fd == AT_FDCWD else None
        if found is None:
            return ""
        link, deleted = found
        wanted = self.options.decode_fds
        for kind in ("socket", "dev", "eventfd", "pidfd", "signalfd"):
            if kind in wanted:
                shown: str = getattr(self, f"_show_{kind}")(fd, link)
                if shown:
                    return shown
        return bracket(link, deleted, self.options.hexadecimal) if "path" in wanted else ""

    def stack_pointer(self) -> int:
        """The stack pointer in the call the thread is held in; 0 when it runs or is gone."""
        return read_stack_pointer(self.tid)

    def pid_text(self, pid: int, kind: str) -> str:
        """The name of process ``pid`` in angle brackets, when names are wanted."""
        if "comm" not in self.options.decode_pids or pid <= 0:
            return ""
        comm = read_comm(pid)
        return f"<{escape(comm, extra=b'<>')}>" if comm else ""

    def socket_protocol(self, fd: int) -> str:
        """The kernel's name for the protocol of a socket; empty if ``fd`` is none."""
        return read_protocol_name(self.tid, fd)

    def netlink_protocol(self, fd: int) -> int:
        """The NETLINK_* protocol of a socket that is bound, -1 otherwise."""
        link = read_fd_link(self.tid, fd) or ""
        inode = int(link[8:-1]) if link.startswith("socket:[") else 0
        if inode not in _netlink_protocols:
            found = find_socket(inode, "NETLINK") if inode else None
            if not isinstance(found, NetlinkSocket):
                return -1
            _netlink_protocols[inode] = found.protocol
        return _netlink_protocols[inode]

    def _show_socket(self, fd: int, link: str) -> str:
        if not (link.startswith("socket:[") and link.endswith("]")):
            return ""
        inode = int(link[8:-1])
        protocol = read_protocol_name(self.tid, fd)
        return f"<{describe_socket(inode, protocol) or link}>"

    def _show_dev(self, fd: int, link: str) -> str:
        device = read_fd_device(self.tid, fd)
        if device is None:
            return ""
        kind, major, minor = device
        index = read_fd_info(self.tid, fd).get("tty-index") if (kind, major, minor) == ("char", *PTMX) else None
        slave = f" @/dev/pts/{index}" if index is not None else ""
        path = escape(os.fsencode(link), self.options.hexadecimal, b"<>")
        return f"<{path}<{kind} {major}:{minor}{slave}>>"

    def _show_eventfd(self, fd: int, link: str) -> str:
        if link != "anon_inode:[eventfd]":
            return ""
        info = read_fd_info(self.tid, fd)
        if "eventfd-count" not in info:
            return f"<{link}>"
        count = info["eventfd-count"]
        fields = [f"eventfd-count={'' if count.startswith('0') else '0x'}{count}"]
        fields += [f"{name}={info[name]}" for name in ("eventfd-id", "eventfd-semaphore") if name in info]
        return f"<{{{', '.join(fields)}}}>"

    def _show_pidfd(self, fd: int, link: str) -> str:
        if link != "anon_inode:[pidfd]" and not link.startswith("pidfd:"):
            return ""
        pid = int(read_fd_info(self.tid, fd).get("Pid", "0"))
        return f"<pid:{pid}{self.pid_text(pid, 'tid')}>" if pid > 0 else f"<{link}>"

    def _show_signalfd(self, fd: int, link: str) -> str:
        mask = read_fd_info(self.tid, fd).get("sigmask") if link == "anon_inode:[signalfd]" else None
        if mask is None:
            return ""
        return f"<signalfd:{format_signal_set(int(mask, 16).to_bytes(8, 'little'), self.options.style).text}>"


_sockets: dict[int, str] = {}
"""What was found out of sockets, by inode; the kernel tells nothing of those without a name yet."""


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


def bracket(path: str, deleted: bool, hexadecimal: Hex) -> str:
    """A path in angle brackets, escaped; ``(deleted)`` stands outside them."""
    return f"<{escape(os.fsencode(path), hexadecimal, b'<>')}>" + ("(deleted)" if deleted else "")


def read_comm(tid: int) -> bytes:
    """The name of thread ``tid`` (at most 15 bytes); empty when it is gone."""
    try:
        with open(f"/proc/{tid}/comm", "rb") as file:
            return file.read().removesuffix(b"\n")
    except OSError:
        return b""
