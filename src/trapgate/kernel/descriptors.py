# SPDX-License-Identifier: BSD-2-Clause
"""What the descriptors of a process are, as /proc shows them.

Source: proc_pid_fd(5).
"""

from __future__ import annotations

import os

AT_FDCWD = -100


def read_fd_link(pid: int, fd: int) -> str | None:
    """What ``/proc/PID/fd/FD`` (AT_FDCWD: ``/proc/PID/cwd``) leads to; None if it cannot be read.

    Bytes that are not UTF-8 come as surrogates (``os.fsdecode``).
    """
    name = f"/proc/{pid}/cwd" if fd == AT_FDCWD else f"/proc/{pid}/fd/{fd}"
    try:
        return os.readlink(name)
    except OSError:
        return None
