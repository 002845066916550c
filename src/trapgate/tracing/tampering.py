# SPDX-License-Identifier: BSD-2-Clause
"""Carries out what ``-e inject`` asks: changes a held call at its entry and at its exit.

Only a source that holds the program can do it (``set_call``, ``set_result``, ``write``).
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from typing import Any

from trapgate.calls.call import Call
from trapgate.tracing.lines import Task
from trapgate.tracing.tamper import Injection, InjectionState

NO_CALL = -1
"""A number that no call has: the kernel answers ENOSYS and does nothing."""


class Tampering:
    """Applies injections to held calls."""

    def __init__(self, injections: Sequence[Injection], source: Any) -> None:
        self.injections = injections
        self.source = source

    def enter(self, task: Task, c: Call) -> None:
        """Tamper with a call that is about to be made."""
        if not isinstance(task.injected, InjectionState):
            task.injected = InjectionState(self.injections)
        task.tampered = found = task.injected.enter(c.name, c.abi.name)
        if found is None:
            return
        if found.replaces_result or found.syscall:
            self.source.set_call(task.tid, found.syscall_number(c.abi.name) if found.syscall else NO_CALL)
        if found.signal:
            self.source.deliver(task.tid, found.signal)
        self.poke(task, c, found.poke_enter)
        if found.delay_enter_ns is not None:
            time.sleep(found.delay_enter_ns / 1e9)

    def leave(self, task: Task, c: Call, result: int) -> int:
        """Tamper with a call that has returned; the result that the program and the line get."""
        found, task.tampered = task.tampered, None
        if found is None:
            return result
        if found.delay_exit_ns is not None:
            time.sleep(found.delay_exit_ns / 1e9)
            task.notes += " (DELAYED)"
        elif found.delay_enter_ns is not None:
            task.notes += " (DELAYED)"
        if found.replaces_result:
            value = -found.error if found.retval is None else found.retval
            if c.abi.register == 4:
                value = (value + (1 << 31)) % (1 << 32) - (1 << 31)
            value = (value + (1 << 63)) % (1 << 64) - (1 << 63)
            self.source.set_result(task.tid, value)
            task.notes = " (INJECTED)" + task.notes
            result = value
        self.poke(task, c, found.poke_exit)
        return result

    def poke(self, task: Task, c: Call, pokes: Sequence[tuple[int, bytes]]) -> None:
        """Write bytes to where arguments point; what cannot be written is left."""
        for index, data in pokes:
            try:
                self.source.write(task.tid, c.args[index - 1], data)
            except OSError as error:
                os.write(2, f"poke of argument {index}: {os.strerror(error.errno or 0)}\n".encode())
