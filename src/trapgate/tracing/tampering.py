# SPDX-License-Identifier: BSD-2-Clause
"""Carries out what ``-e inject`` asks: changes a held call at its entry and at its exit.

Only a source that holds the program can do it (``set_call``, ``set_result``, ``write``, ``delay``).
What cannot be done to a call is said by ``warn``, and the call goes on.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Sequence
from typing import Any

from trapgate.calls.call import Call
from trapgate.tracing.lines import Task
from trapgate.tracing.memory import HeldMemory
from trapgate.tracing.tamper import MAX_ERRNO, Injection, InjectionState

NO_CALL = -1
"""A number that no call has: the kernel answers ENOSYS and does nothing."""
PAGE = 4096


class Tampered:
    """What was done to the call that a task is in."""

    __slots__ = ("delayed", "injection", "poked", "replaced")

    def __init__(self, injection: Injection) -> None:
        self.injection = injection
        self.replaced = False
        self.poked = False
        self.delayed = False

    def format_notes(self) -> str:
        """What stands behind the result."""
        done = [what for what, was_done in (("args", self.poked), ("retval", self.replaced)) if was_done]
        injected = "" if not done else " (INJECTED)" if done == ["retval"] else f" (INJECTED: {', '.join(done)})"
        return f"{injected} (DELAYED)" if self.delayed else injected


class Tampering:
    """Applies injections to held calls."""

    def __init__(self, injections: Sequence[Injection], source: Any, warn: Callable[[str], None]) -> None:
        self.injections = injections
        self.source = source
        self.warn = warn

    def enter(self, task: Task, c: Call) -> None:
        """Tamper with a call that is about to be made."""
        if task.injected is None:
            task.injected = InjectionState(self.injections)
        found = task.injected.enter(c.name, c.abi.name)
        if found is None:
            task.tampered = None
            return
        task.tampered = done = Tampered(found)
        if found.signal:
            self.source.deliver(task.tid, found.signal)
        if found.replaces_result:
            self.source.set_call(task.tid, found.syscall_number(c.abi.name) if found.syscall else NO_CALL)
            done.replaced = True
        done.poked = self.poke(task, c, found.poke_enter)
        self.delay(task, done, found.delay_enter_ns)

    def leave(self, task: Task, c: Call, result: int) -> int:
        """Tamper with a call that has returned; the result that the program and the line get."""
        done, task.tampered = task.tampered, None
        if done is None:
            return result
        done.poked |= self.poke(task, c, done.injection.poke_exit)
        self.delay(task, done, done.injection.delay_exit_ns)
        if done.replaced:
            result = self.replace_result(task, c, done.injection, result)
        task.notes = done.format_notes()
        return result

    def replace_result(self, task: Task, c: Call, injection: Injection, result: int) -> int:
        """Gives the program the injected result, if the call came back as the replaced call should."""
        failed = -MAX_ERRNO <= result < 0
        if failed == bool(injection.syscall):
            unexpected = "error" if failed else "no error"
            self.warn(
                f"Failed to tamper with process {task.tid}: unexpectedly got {unexpected}"
                f" (return value {result:#x}, error {-result if failed else 0})"
            )
            return result
        value = _as_signed(-injection.error if injection.retval is None else injection.retval, c.abi.register)
        self.source.set_result(task.tid, value)
        c.fails = injection.retval is None
        return value

    def delay(self, task: Task, done: Tampered, ns: int | None) -> None:
        """Lets the task wait; others go on meanwhile."""
        if ns is not None:
            self.source.delay(task.tid, ns)
            done.delayed = True

    def poke(self, task: Task, c: Call, pokes: Sequence[tuple[int, bytes]]) -> bool:
        """Writes bytes to where arguments point, as far as that can be done; whether anything was written."""
        poked = False
        for number, data in pokes:
            count = _count_arguments(c)
            if count is not None and number > count:
                self.warn(
                    f"poke: Failed to tamper with process {task.tid}: requested to tamper with argument #{number},"
                    f" but system call '{c.name}' has only {count} arguments"
                )
            elif number <= len(c.args) and self.write(task.tid, c.args[number - 1], data):
                if isinstance(c.memory, HeldMemory):
                    c.memory.forget()
                poked = True
            else:
                self.warn(f"poke: Failed to tamper with process {task.tid}: couldn't poke")
        return poked

    def write(self, tid: int, address: int, data: bytes) -> int:
        """How many bytes could be written: a page is written whole or not at all."""
        written = 0
        while written < len(data):
            room = PAGE - (address + written) % PAGE
            try:
                self.source.write(tid, address + written, data[written : written + room])
            except OSError as error:
                if written:
                    why = os.strerror(error.errno or errno.EIO)
                    self.warn(f"poke: pid:{tid} short write ({written} < {len(data)}) @{address:#x}: {why}")
                return written
            written += room
        return len(data)


def _as_signed(value: int, register_bytes: int) -> int:
    """``value`` as a register of so many bytes holds it, signed."""
    bits = 8 * register_bytes
    return (value + (1 << bits - 1)) % (1 << bits) - (1 << bits - 1)


def _count_arguments(c: Call) -> int | None:
    """How many arguments the call has; None when nobody knows."""
    from trapgate.catalog import signature

    known = signature(c.name, c.abi.name)
    if known:
        return len(known)
    return len(c.description.params) if c.description is not None and c.description.params else None
