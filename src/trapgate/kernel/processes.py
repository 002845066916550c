# SPDX-License-Identifier: BSD-2-Clause
"""What /proc tells of a process and its threads.

Source: proc_pid_syscall(5), proc_pid_stat(5), proc_pid_ns(5).
"""

from __future__ import annotations

import os


def read_stack_pointer(tid: int) -> int:
    """The stack pointer of a thread that is stopped; 0 when it runs or cannot be read."""
    return _read_syscall_word(tid, -2)


def read_instruction_pointer(tid: int) -> int:
    """The instruction pointer of a thread that is stopped; 0 when it runs or cannot be read."""
    return _read_syscall_word(tid, -1)


def read_parent(pid: int) -> int:
    """The process that made the process ``pid``; 0 when it is gone."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()  # a name may hold anything
    except OSError:
        return 0
    return int(fields[1])


def read_namespace_link(tid: int, kind: str) -> str:
    """``net:[4026531840]``: which namespace of ``kind`` a thread is in; empty when it is gone."""
    try:
        return os.readlink(f"/proc/{tid}/ns/{kind}")
    except OSError:
        return ""


def find_mapping(tid: int, path: str) -> tuple[int, int] | None:
    """Address and length of the first mapping of the file that the kernel calls ``path``; None if there is none."""
    try:
        with open(f"/proc/{tid}/maps", encoding="utf-8", errors="surrogateescape") as file:
            lines = file.read().splitlines()
    except OSError:
        return None
    for line in lines:
        fields = line.split(maxsplit=5)
        if len(fields) == 6 and fields[5] == path:
            start, end = (int(word, 16) for word in fields[0].split("-"))
            return start, end - start
    return None


def _read_syscall_word(tid: int, index: int) -> int:
    try:
        with open(f"/proc/{tid}/syscall", encoding="ascii") as file:
            fields = file.read().split()
    except OSError:
        return 0
    return int(fields[index], 16) if len(fields) >= 3 else 0
