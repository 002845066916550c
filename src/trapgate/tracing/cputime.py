# SPDX-License-Identifier: BSD-2-Clause
"""CPU time of other threads, to the nanosecond: what a call cost in the kernel.

A thread that is held at the entry and at the exit of a call ran in the kernel only between the two,
so that the difference of its run time is the call's system time.
"""

from __future__ import annotations

import os


class CpuTimes:
    """Reads run times; keeps one descriptor per thread open until ``forget``."""

    __slots__ = ("_fds",)

    def __init__(self) -> None:
        self._fds: dict[int, int] = {}

    def read(self, tid: int) -> int:
        """Nanoseconds that the thread ``tid`` ran so far, in user and kernel mode; 0 when the kernel does not tell.

        Source: proc_pid_schedstat in the kernel's fs/proc/base.c (CONFIG_SCHED_INFO).
        """
        for _ in range(2):
            fd = self._fds.get(tid)
            try:
                if fd is None:
                    fd = self._fds[tid] = os.open(f"/proc/{tid}/task/{tid}/schedstat", os.O_RDONLY | os.O_CLOEXEC)
                return int(os.pread(fd, 64, 0).split(b" ", 1)[0])
            except (OSError, ValueError):
                self.forget(tid)  # the thread that had this number ended, another may have it now
        return 0

    def forget(self, tid: int) -> None:
        """Closes what was opened for ``tid``."""
        fd = self._fds.pop(tid, None)
        if fd is not None:
            os.close(fd)
