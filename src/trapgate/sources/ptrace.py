# SPDX-License-Identifier: BSD-2-Clause
"""The ptrace source: the program stops at entry and exit of each call while its memory is copied.

`Ptrace` is `trapgate._core.Ptrace` (see its stub) whose failures say why: `AttachError` names the cause
of a refusal. Needs no privilege for the user's own programs; costs two stops a call, none for calls
that a seccomp filter lets run (`seccomp=True`). Never decodes what it copies.
"""

from __future__ import annotations

import errno
import os

from trapgate import _core
from trapgate.model.errors import CannotTraceError

__all__ = ("AttachError", "Ptrace", "TraceError", "cannot_attach", "describe_ability", "find_cause")

TraceError = _core.TraceError
"""A ptrace operation that failed: `operation`, `pid` and `errno`."""

PF_KTHREAD = 0x00200000
"""A kernel thread, in field 9 (flags) of /proc/PID/stat. Source: include/linux/sched.h."""

PTRACE_O_EXITKILL = 0x00100000
"""The kernel kills what is traced when the tracer ends. Source: ptrace(2)."""

HINTS = {
    "gone": "look for it with ps",
    "zombie": "it has ended, and waits for its parent",
    "kernel": "a kernel thread makes no calls",
    "self": "trace it from another process",
    "traced": "end the other tracer first",
    "user": "run as that user or as root",
    "yama": "sysctl kernel.yama.ptrace_scope=0, or as root",
    "policy": "a security module or container forbids it: allow CAP_SYS_PTRACE",
}
"""What mends each cause of a refusal."""


class AttachError(_core.TraceError):
    """Attaching was refused: `errno`, `operation`, `pid`, and why.

    `cause` is one of HINTS, or empty when nothing is known; `why` says it in words; `tracer` is the pid of
    the other tracer when the cause is "traced", else 0.
    """

    def __init__(self, error: _core.TraceError, cause: str, why: str, tracer: int = 0) -> None:
        super().__init__(error.errno, error.strerror)
        self.operation = error.operation
        self.pid = error.pid
        self.cause = cause
        self.why = why
        self.tracer = tracer


class Ptrace(_core.Ptrace):
    """A ptrace tracer whose `attach` says why it was refused."""

    def attach(self, pid: int, threads: bool = False) -> list[int]:
        """The traced threads of the process of `pid`: that one, or with `threads` all. Raises AttachError."""
        try:
            return super().attach(pid, threads)
        except _core.TraceError as error:
            raise AttachError(error, *find_cause(pid, error.errno or 0)) from None


def describe_ability(options: int) -> list[str]:
    """What was found to work, for -d, once a program was traced with these PTRACE_O_* options."""
    works = zip(("GET", "SET"), _core.have_syscall_info(), strict=True)
    lines = [f"PTRACE_{what}_SYSCALL_INFO {'works' if found else 'does not work'}" for what, found in works]
    return [*lines, "PTRACE_O_EXITKILL works"] if options & PTRACE_O_EXITKILL else lines


def read_status(pid: int) -> dict[str, str]:
    """The fields of /proc/PID/status; empty when there is no such process."""
    from trapgate.sources.abilities import read_text

    lines = read_text(f"/proc/{pid}/status").splitlines()
    return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}


def is_kernel_thread(pid: int) -> bool:
    """Whether `pid` is a thread of the kernel."""
    from trapgate.sources.abilities import read_text

    fields = read_text(f"/proc/{pid}/stat").rpartition(")")[2].split()
    return len(fields) > 6 and bool(int(fields[6]) & PF_KTHREAD)


def find_cause(pid: int, number: int) -> tuple[str, str, int]:
    """Why PTRACE_SEIZE of `pid` failed with errno `number`: cause, words, pid of another tracer.

    Source: ptrace(2), ptrace_attach() and __ptrace_may_access() of the kernel, Documentation Yama.
    """
    status = read_status(pid)
    if not status or number == errno.ESRCH:
        return "gone", f"there is no process {pid}", 0
    if status["State"].startswith(("Z", "X")):
        return "zombie", f"process {pid} has ended and is a zombie", 0
    tracer = int(status.get("TracerPid", "0"))
    if tracer:
        return "traced", f"process {pid} is already traced by pid {tracer}", tracer
    if int(status["Tgid"]) == os.getpid():
        return "self", f"{pid} belongs to the tracer itself", 0
    if is_kernel_thread(pid):
        return "kernel", f"{pid} is a thread of the kernel", 0
    return (*_find_policy(pid, status), 0)


def _find_policy(pid: int, status: dict[str, str]) -> tuple[str, str]:
    """The rule that forbids tracing a process which could be traced as such."""
    from trapgate.sources.abilities import read_capabilities, read_text

    if "CAP_SYS_PTRACE" not in read_capabilities():
        owners = {int(uid) for uid in status["Uid"].split()[:3]}
        if owners != {os.getuid()}:
            return "user", f"process {pid} belongs to uid {max(owners - {os.getuid()})}, and CAP_SYS_PTRACE is missing"
    scope = read_text("/proc/sys/kernel/yama/ptrace_scope")
    if scope == "3" or (scope in ("1", "2") and "CAP_SYS_PTRACE" not in read_capabilities()):
        return "yama", f"kernel.yama.ptrace_scope is {scope}"
    if not os.path.exists(f"/proc/{pid}"):
        return "gone", f"process {pid} has ended meanwhile"
    return "policy", "a security policy forbids it"


def cannot_attach(error: AttachError) -> CannotTraceError:
    """The refusal as an error for the user, with what mends it."""
    return CannotTraceError(f"attach to {error.pid}", error.why, HINTS.get(error.cause, ""))
