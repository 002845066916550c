# SPDX-License-Identifier: BSD-2-Clause
"""A traced process as decoders ask about it: its descriptors and the pids it names.

Reads /proc and asks sock_diag through ``trapgate.kernel`` at the moment it is asked, which is
exact while the program is held and a good guess otherwise.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from trapgate.calls.call import Options
from trapgate.calls.quote import Hex, escape
from trapgate.calls.structs_signal import format_signal_set
from trapgate.kernel.descriptors import AT_FDCWD, read_fd_device, read_fd_info, read_fd_link, read_fd_path
from trapgate.kernel.pid_namespaces import TRANSLATOR, read_namespace
from trapgate.kernel.processes import find_mapping, read_namespace_link, read_stack_pointer

PTMX = (5, 2)
VCPU = "anon_inode:kvm-vcpu:"


class LiveProcess:
    """The process of thread ``tid``, right now."""

    __slots__ = ("tid", "options", "namespace")

    def __init__(self, tid: int, options: Options) -> None:
        """``tid``: the thread as /proc names it, ``TRANSLATOR.find_in_proc`` of what we call it."""
        self.tid = tid
        self.options = options
        self.namespace = 0
        """Its pid namespace, which no process can leave; 0 until it is asked for."""

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

    def fd_link(self, fd: int) -> str:
        """The link of descriptor ``fd`` in /proc; empty if it is not open."""
        return read_fd_link(self.tid, fd) or ""

    def fd_device(self, fd: int) -> tuple[str, int, int] | None:
        """What device a descriptor is open on; None if on none."""
        return read_fd_device(self.tid, fd)

    def vcpu(self, fd: int) -> tuple[int, int, int] | None:
        """The virtual CPU that a descriptor is of, and where the program has mapped its state."""
        link = read_fd_link(self.tid, fd) or ""
        number = link.removeprefix(VCPU)
        found = find_mapping(self.tid, link) if number != link and number.isdecimal() else None
        return None if found is None else (int(number), *found)

    def stack_pointer(self) -> int:
        """The stack pointer in the call the thread is held in; 0 when it runs or is gone."""
        return read_stack_pointer(self.tid)

    def pid_text(self, pid: int, kind: str) -> str:
        """The name of process ``pid`` in angle brackets and its number in our pid namespace, as wanted."""
        wanted = self.options.decode_pids
        if not wanted or pid <= 0:
            return ""
        ours = TRANSLATOR.translate(self._own_namespace(), pid, kind)
        text = ""
        if ours and "comm" in wanted and kind in ("tid", "tgid"):
            text = bracket_comm(ours)
        if ours not in (0, pid) and "pidns" in wanted:
            text += f" /* {ours} in strace's PID NS */"
        return text

    def pidfd_target(self, fd: int) -> int:
        """The process that a pidfd refers to, as our own namespace numbers it; 0 if that cannot be told."""
        target = int(read_fd_info(self.tid, fd).get("Pid", "0")) if fd >= 0 else 0
        return max(target, 0)

    def other_fd_text(self, pid: int, fd: int, ours: bool = False) -> str:
        """What ``fd_text`` shows of a descriptor of process ``pid``, a number of our own namespace if ``ours``."""
        own = pid if ours else TRANSLATOR.translate(self._own_namespace(), pid, "tgid")
        found = TRANSLATOR.find_in_proc(own) if own > 0 else 0
        return LiveProcess(found, self.options).fd_text(fd) if found else ""

    def namespaces_text(self, pid: int, kinds: Sequence[str]) -> str:
        """``net:[4026531840], uts:[…]``: the namespaces of process ``pid`` (0: this one), empty if it is gone."""
        ours = TRANSLATOR.translate(self._own_namespace(), pid, "tid") if pid else 0
        found = TRANSLATOR.find_in_proc(ours) if pid else self.tid
        links = [read_namespace_link(found, kind) for kind in kinds] if found else []
        return ", ".join([link for link in links if link])

    def _own_namespace(self) -> int:
        self.namespace = self.namespace or read_namespace(self.tid)
        return self.namespace

    def socket_protocol(self, fd: int) -> str:
        """The kernel's name for the protocol of a socket; empty if ``fd`` is none."""
        from trapgate.kernel.sock_diag import read_protocol_name

        return read_protocol_name(self.tid, fd)

    def netlink_protocol(self, fd: int) -> int:
        """The NETLINK_* protocol of a socket that is bound, -1 otherwise."""
        from trapgate.tracing.endpoints import find_netlink_protocol

        link = self.fd_link(fd)
        return find_netlink_protocol(int(link[8:-1])) if link.startswith("socket:[") else -1

    def netlink_families(self) -> dict[int, str]:
        """The families of generic netlink of the running kernel."""
        from trapgate.kernel.generic_netlink import read_families

        return read_families()

    def _show_socket(self, fd: int, link: str) -> str:
        if not (link.startswith("socket:[") and link.endswith("]")):
            return ""
        from trapgate.tracing.endpoints import describe_socket

        return f"<{describe_socket(int(link[8:-1]), self.socket_protocol(fd)) or link}>"

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
        pid = int(read_fd_info(self.tid, fd).get("Pid", "0"))  # as our own namespace numbers it
        if pid <= 0:
            return f"<{link}>"
        return f"<pid:{pid}{bracket_comm(pid) if 'comm' in self.options.decode_pids else ''}>"

    def _show_signalfd(self, fd: int, link: str) -> str:
        mask = read_fd_info(self.tid, fd).get("sigmask") if link == "anon_inode:[signalfd]" else None
        if mask is None:
            return ""
        return f"<signalfd:{format_signal_set(int(mask, 16).to_bytes(8, 'little'), self.options.style).text}>"


def bracket(path: str, deleted: bool, hexadecimal: Hex) -> str:
    """A path in angle brackets, escaped; ``(deleted)`` stands outside them."""
    return f"<{escape(os.fsencode(path), hexadecimal, b'<>')}>" + ("(deleted)" if deleted else "")


def bracket_comm(pid: int) -> str:
    """The name of process ``pid`` in angle brackets, escaped; empty when it is gone."""
    comm = read_comm(TRANSLATOR.find_in_proc(pid))
    return f"<{escape(comm, extra=b'<>')}>" if comm else ""


def read_comm(tid: int) -> bytes:
    """The name of thread ``tid`` (at most 15 bytes); empty when it is gone."""
    try:
        with open(f"/proc/{tid}/comm", "rb") as file:
            return file.read().removesuffix(b"\n")
    except OSError:
        return b""
