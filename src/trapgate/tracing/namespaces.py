# SPDX-License-Identifier: BSD-2-Clause
"""-e namespace=new: the namespaces a call gave to its process, or to the one it made, behind its result.

Source: namespaces(7), clone(2), unshare(2), setns(2); linux/sched.h.
"""

from __future__ import annotations

import os

from trapgate.calls.call import Call
from trapgate.kernel.pid_namespaces import TRANSLATOR, read_namespace

KINDS = (
    (0x2_0200_0000, "cgroup"),  # CLONE_NEWCGROUP, CLONE_INTO_CGROUP
    (0x0800_0000, "ipc"),
    (0x0002_0000, "mnt"),
    (0x4000_0000, "net"),
    (0x2000_0000, "pid"),
    (0x0000_0080, "time"),
    (0x0400_0000, "uts"),
    (0x1000_0000, "user"),
)
"""The flags that ask for a new namespace, and its name in /proc/PID/ns, in the order of their names."""
FLAGS = {"unshare": 0, "clone": 0, "setns": 1}
"""Which argument of a call holds them; clone3 has them in memory."""


def note_namespaces(c: Call, tid: int) -> None:
    """Sets the note of a call that has made namespaces or entered one; others are left as they are."""
    if c.error or c.name not in (*FLAGS, "clone3"):
        return
    flags = c.fetch_int(c.args[0], 8) or 0 if c.name == "clone3" else c.args[FLAGS[c.name]]
    pid = tid
    if c.name.startswith("clone"):
        pid = TRANSLATOR.translate(read_namespace(tid), c.result, "tid")
    names = [read_name(pid, kind) for bits, kind in KINDS if flags & bits]
    if any(names):
        c.note = ", ".join(filter(None, names))


def read_name(pid: int, kind: str) -> str:
    """``mnt:[4026531841]``; empty for a process that is gone."""
    try:
        return os.readlink(f"/proc/{pid}/ns/{kind}")
    except OSError:
        return ""
