# SPDX-License-Identifier: BSD-2-Clause
"""What /proc tells of a process and its threads.

Source: proc_pid_syscall(5), proc_pid_ns(5).
"""

from __future__ import annotations

import os


def read_stack_pointer(tid: int) -> int:
    """The stack pointer of a thread that is stopped; 0 when it runs or cannot be read."""
    return _read_syscall_word(tid, -2)


def read_instruction_pointer(tid: int) -> int:
    """The instruction pointer of a thread that is stopped; 0 when it runs or cannot be read."""
    return _read_syscall_word(tid, -1)


def read_namespace_link(tid: int, kind: str) -> str:
    """``net:[4026531840]``: which namespace of ``kind`` a thread is in; empty when it is gone."""
    try:
        return os.readlink(f"/proc/{tid}/ns/{kind}")
    except OSError:
        return ""


def _read_syscall_word(tid: int, index: int) -> int:
    try:
        with open(f"/proc/{tid}/syscall", encoding="ascii") as file:
            fields = file.read().split()
    except OSError:
        return 0
    return int(fields[index], 16) if len(fields) >= 3 else 0
