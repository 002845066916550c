# SPDX-License-Identifier: BSD-2-Clause
"""What /proc tells of a thread.

Source: proc_pid_syscall(5).
"""

from __future__ import annotations


def read_stack_pointer(tid: int) -> int:
    """The stack pointer of a thread that is stopped in a call; 0 when it runs or cannot be read."""
    try:
        with open(f"/proc/{tid}/syscall", encoding="ascii") as file:
            fields = file.read().split()
    except OSError:
        return 0
    return int(fields[-2], 16) if len(fields) >= 3 else 0
