# SPDX-License-Identifier: BSD-2-Clause
"""What /proc tells of a process and its threads.

Source: proc_pid_syscall(5), proc_pid_status(5), proc_sys_kernel(5).
"""

from __future__ import annotations

CAP_SYS_PTRACE = 19


def read_stack_pointer(tid: int) -> int:
    """The stack pointer of a thread that is stopped; 0 when it runs or cannot be read."""
    return _read_syscall_word(tid, -2)


def read_instruction_pointer(tid: int) -> int:
    """The instruction pointer of a thread that is stopped; 0 when it runs or cannot be read."""
    return _read_syscall_word(tid, -1)


def _read_syscall_word(tid: int, index: int) -> int:
    try:
        with open(f"/proc/{tid}/syscall", encoding="ascii") as file:
            fields = file.read().split()
    except OSError:
        return 0
    return int(fields[index], 16) if len(fields) >= 3 else 0


def read_status(pid: int | str) -> dict[str, str]:
    """The fields of ``/proc/PID/status`` by name; empty when it cannot be read."""
    try:
        with open(f"/proc/{pid}/status", encoding="utf-8", errors="replace") as file:
            lines = file.read().splitlines()
    except OSError:
        return {}
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def read_tracer(pid: int) -> int:
    """The pid of the process that traces ``pid``; 0 when none does."""
    return int(read_status(pid).get("TracerPid", "0"))


def has_capability(number: int) -> bool:
    """Whether this process has the effective capability ``number``."""
    return bool(int(read_status("self").get("CapEff", "0"), 16) >> number & 1)


def read_ptrace_scope() -> int:
    """The sysctl kernel.yama.ptrace_scope; 0 where there is no Yama."""
    try:
        with open("/proc/sys/kernel/yama/ptrace_scope", encoding="ascii") as file:
            return int(file.read())
    except (OSError, ValueError):
        return 0
