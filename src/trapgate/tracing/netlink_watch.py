# SPDX-License-Identifier: BSD-2-Clause
"""Whether a traced process may have a netlink socket, so that what went through a socket may be messages.

To ask /proc takes a program that is held still. Where every call of every process is traced it need not
be asked each time: who has no netlink socket now can get one only by a few calls, which are watched.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from trapgate.calls.call import Call
from trapgate.calls.describe import Argument
from trapgate.tracing.process import LiveProcess

AF_NETLINK = 16
GIVING = frozenset({"pidfd_getfd", "io_uring_setup"})
"""Calls by which a process may get a descriptor of any kind."""
RECEIVING = frozenset({"recvmsg", "recvmmsg"})
"""Calls that pass descriptors, which their text shows then."""
MAKING = GIVING | {"socket"}
"""Calls that must be looked at before the program goes on."""


class NetlinkWatch:
    """Knows of netlink sockets; ``on_first`` is called when the first may have come to be."""

    def __init__(self, on_first: Callable[[], None]) -> None:
        self._on_first = on_first
        self._without: set[int] = set()
        self._is_over = False

    def may_have(self, process: LiveProcess) -> bool:
        """Whether ``process`` may have one."""
        if self._is_over or process.tid in self._without:
            return self._is_over
        if may_have_now(process):
            self._end()
        else:
            self._without.add(process.tid)
        return self._is_over

    def note(self, c: Call, shown: Sequence[Argument]) -> None:
        """``c`` has returned, and these arguments were told."""
        if c.error or self._is_over:
            return
        received = c.name in RECEIVING and any("SCM_RIGHTS" in value.text for _, value in shown)
        if received or c.name in GIVING or (c.name == "socket" and c.u32(0) == AF_NETLINK):
            self._end()

    def _end(self) -> None:
        self._is_over = True
        self._on_first()


def may_have_now(process: LiveProcess) -> bool:
    """Whether a descriptor of the process is a netlink socket, or one that can make them; True if nobody can tell."""
    folder = f"/proc/{process.tid}/fd"
    try:
        for name in os.listdir(folder):
            link = os.readlink(f"{folder}/{name}")
            is_netlink = link.startswith("socket:") and process.socket_protocol(int(name)) in ("NETLINK", "")
            if is_netlink or link == "anon_inode:[io_uring]":
                return True
    except OSError:
        return True
    return False
