# SPDX-License-Identifier: BSD-2-Clause
"""A traced process as decoders ask about it: its descriptors and the pids it names.

Reads /proc through ``trapgate.kernel`` at the moment it is asked, which is exact while the
program is held and a good guess otherwise.
"""

from __future__ import annotations

import os

from trapgate.calls.call import Options
from trapgate.calls.quote import Hex, escape
from trapgate.kernel.descriptors import read_fd_link

DELETED = " (deleted)"


class LiveProcess:
    """The process of thread ``tid``, right now."""

    __slots__ = ("tid", "options")

    def __init__(self, tid: int, options: Options) -> None:
        self.tid = tid
        self.options = options

    def fd_text(self, fd: int) -> str:
        """``</path>``; empty when the descriptor is not open."""
        link = read_fd_link(self.tid, fd) if fd >= 0 or fd == -100 else None
        return "" if link is None else bracket(link, self.options.hexadecimal)

    def pid_text(self, pid: int, kind: str) -> str:
        """The name of process ``pid`` in angle brackets, when names are wanted."""
        if "comm" not in self.options.decode_pids or pid <= 0:
            return ""
        return f"<{escape(read_comm(pid), extra=b'<>')}>"


def bracket(link: str, hexadecimal: Hex) -> str:
    """A path in angle brackets, escaped; ``(deleted)`` stands outside them."""
    deleted = link.endswith(DELETED)
    path = os.fsencode(link.removesuffix(DELETED) if deleted else link)
    return f"<{escape(path, hexadecimal, b'<>')}>" + ("(deleted)" if deleted else "")


def read_comm(tid: int) -> bytes:
    """The name of thread ``tid`` (at most 15 bytes); empty when it is gone."""
    try:
        with open(f"/proc/{tid}/comm", "rb") as file:
            return file.read().removesuffix(b"\n")
    except OSError:
        return b""
