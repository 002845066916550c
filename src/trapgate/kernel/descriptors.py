# SPDX-License-Identifier: BSD-2-Clause
"""What the descriptors of a process are, as /proc shows them.

Source: proc_pid_fd(5).
"""

from __future__ import annotations

import os
import stat

AT_FDCWD = -100
DELETED = " (deleted)"
"""What the kernel puts behind the name of an unlinked file."""


def read_fd_link(pid: int, fd: int) -> str | None:
    """What ``/proc/PID/fd/FD`` (AT_FDCWD: ``/proc/PID/cwd``) leads to; None if it cannot be read.

    Bytes that are not UTF-8 come as surrogates (``os.fsdecode``).
    """
    name = f"/proc/{pid}/cwd" if fd == AT_FDCWD else f"/proc/{pid}/fd/{fd}"
    try:
        return os.readlink(name)
    except OSError:
        return None


def read_fd_path(pid: int, fd: int) -> tuple[str, bool] | None:
    """What a descriptor leads to, and whether that was unlinked; None if it cannot be read.

    The kernel marks unlinked files with a suffix that a file's name may also have.
    """
    link = read_fd_link(pid, fd)
    if link is None or fd == AT_FDCWD or not link.endswith(DELETED):
        return None if link is None else (link, False)
    try:
        named, opened = os.lstat(link), os.stat(f"/proc/{pid}/fd/{fd}")
    except OSError:
        return link.removesuffix(DELETED), True
    if (named.st_dev, named.st_ino) == (opened.st_dev, opened.st_ino):
        return link, False
    return link.removesuffix(DELETED), True


def read_fd_info(pid: int, fd: int) -> dict[str, str]:
    """The fields of ``/proc/PID/fdinfo/FD`` by name; empty when it cannot be read."""
    try:
        with open(f"/proc/{pid}/fdinfo/{fd}", encoding="utf-8", errors="replace") as file:
            lines = file.read().splitlines()
    except OSError:
        return {}
    return {name.strip(): value.strip() for name, colon, value in (line.partition(":") for line in lines) if colon}


def read_fd_device(pid: int, fd: int) -> tuple[str, int, int] | None:
    """``("char" or "block", major, minor)`` of a descriptor that is a device, else None."""
    try:
        info = os.stat(f"/proc/{pid}/fd/{fd}")
    except OSError:
        return None
    if stat.S_ISCHR(info.st_mode) or stat.S_ISBLK(info.st_mode):
        kind = "char" if stat.S_ISCHR(info.st_mode) else "block"
        return kind, os.major(info.st_rdev), os.minor(info.st_rdev)
    return None
