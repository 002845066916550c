# SPDX-License-Identifier: BSD-2-Clause
"""Lines as strace writes them: a prefix, a call, padding, a result; several tasks share a log.

A line that one task began and another interrupts ends in ``<unfinished ...>`` and goes on
later as ``<... name resumed>``. Output that depends on how a call ends is staged per task
until that is known.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from trapgate.calls.call import Call
    from trapgate.calls.describe import Argument
    from trapgate.decode.shortcut import HalfCall
    from trapgate.tracing.tamper import InjectionState
    from trapgate.tracing.tampering import Tampered


class Sink(Protocol):
    """Where lines go."""

    def write(self, text: str, /) -> object: ...

    def flush(self) -> object: ...

    def close(self) -> object: ...


class Task:
    """One thread that is traced."""

    __slots__ = (
        "tid",
        "pid",
        "comm",
        "sink",
        "column",
        "staged",
        "call",
        "shown",
        "entered_ns",
        "cpu_ns",
        "abi",
        "interrupted",
        "injected",
        "counts",
        "notes",
        "process",
        "reprint",
        "resumes",
        "stack",
        "tampered",
        "nr",
        "executed",
    )

    def __init__(self, tid: int, pid: int, sink: Sink, comm: str = "") -> None:
        self.tid = tid
        self.pid = pid
        self.comm = comm
        self.sink = sink
        self.column = 0
        self.staged: list[str] | None = None
        """Text held back until the call's status is known; None when nothing is."""
        self.call: Call | HalfCall | None = None
        """The call the task is in, if it is one that is shown."""
        self.shown: list[Argument] = []
        self.entered_ns = 0
        self.cpu_ns = 0
        """How long the task had run when it entered the call; kept for a summary."""
        self.abi = 0
        self.nr = -1
        """The number of the call it made last, shown or not; -1 when none was seen."""
        self.executed = 0
        """The ABI of the program whose execve is about to return; 0 when none is."""
        self.interrupted = False
        self.injected: InjectionState | None = None
        """How often each call was made that is tampered with."""
        self.counts: dict[int, int] = {}
        self.process: object = None
        self.reprint = False
        self.resumes = ""
        """The call that restart_syscall goes on with."""
        self.notes = ""
        self.stack: str = ""
        self.tampered: Tampered | None = None
        """What was done to the call the task is in."""


class Lines:
    """The one writer of a trace's text. ``leader(task)`` gives a line's prefix."""

    def __init__(self, leader: Callable[[Task], str], column: int, separate: bool) -> None:
        self.leader = leader
        self.align = column
        self.separate = separate
        self.printing: Task | None = None
        self.autoflush = True

    def put(self, task: Task, text: str, width: int | None = None) -> None:
        """Add text to the task's line; ``width`` is its visible length when it has colours."""
        task.column += len(text) if width is None else width
        if task.staged is not None:
            task.staged.append(text)
        else:
            task.sink.write(text)

    def begin(self, task: Task) -> None:
        """Begin a line for ``task``; whatever line is open in the same log becomes unfinished."""
        if self.separate:
            self.printing = task
        self._leave_unfinished(task)
        self.printing = task
        task.column = 0
        self.put(task, self.leader(task))

    def _leave_unfinished(self, task: Task) -> None:
        other = self.printing
        if other is None or other.column == 0:
            return
        if other is task or (not self.separate and other.staged is None):
            self.put(other, " <unfinished ...>\n")
            other.column = 0

    def resume(self, task: Task, name: str) -> None:
        """Go on with the task's call, in a line of its own if another was written meanwhile."""
        if (not self.separate and self.printing is not task and task.staged is None) or task.reprint:
            task.reprint = False
            self.begin(task)
            self.put(task, f"<... {name} resumed>")
        self.printing = task

    def pad(self, task: Task) -> None:
        """Blanks up to the column where ``=`` stands."""
        if task.column < self.align:
            self.put(task, " " * (self.align - task.column))

    def end(self, task: Task, text: str = "") -> None:
        """End the line."""
        self.put(task, text + "\n")
        self.ended(task)

    def ended(self, task: Task) -> None:
        """Note that the line of ``task`` has ended, or was thrown away."""
        task.column = 0
        if self.autoflush and task.staged is None:
            task.sink.flush()
        if self.printing is not None:
            self.printing.column = 0
            self.printing = None

    def line(self, task: Task, text: str) -> None:
        """A whole line of its own."""
        self.begin(task)
        self.end(task, text)

    def note(self, sink: Sink, text: str) -> None:
        """A whole line of no task."""
        other, self.printing = self.printing, None
        if other is not None and other.column and other.staged is None:
            self.put(other, " <unfinished ...>\n")
            other.column = 0
        sink.write(text + "\n")

    def stage(self, task: Task) -> None:
        """Hold the task's text back from now on."""
        task.staged = []

    def publish(self, task: Task, wanted: bool) -> None:
        """Let the staged text out, or drop it."""
        staged, task.staged = task.staged, None
        if staged and wanted:
            task.sink.write("".join(staged))
