# SPDX-License-Identifier: BSD-2-Clause
"""From records to events: the same decoding as the text's, as typed values.

Feeds ``trapgate.trace()`` and ``--json``. Events come in the order in which they are complete:
a call when it has returned.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

from trapgate.calls.call import Call
from trapgate.calls.describe import Argument
from trapgate.calls.errnames import error_name
from trapgate.decode.decoder import Decoder, set_result
from trapgate.decode.result import format_result
from trapgate.decode.signals import describe_signal, signal_info, signal_name
from trapgate.decode.snapshot import Snapshot
from trapgate.model.abi import BY_INDEX
from trapgate.model.event import SCHEMA_VERSION, Event
from trapgate.model.record import Kind, Phase, Record, parse_record
from trapgate.tracing.memory import HeldMemory
from trapgate.tracing.options import TraceOptions
from trapgate.tracing.pathfilter import PathFilter
from trapgate.tracing.process import LiveProcess, read_comm
from trapgate.tracing.sources import Chosen
from trapgate.tracing.status import status_code


class _Open:
    """A call that has not returned yet."""

    __slots__ = ("c", "args", "time_ns", "record")

    def __init__(self, c: Call, args: list[Argument], record: Record) -> None:
        self.c = c
        self.args = args
        self.time_ns = record.time_ns
        self.record = record


class EventMaker:
    """Turns records into events and hands each to ``emit``; ``flush`` follows each batch."""

    def __init__(
        self,
        options: TraceOptions,
        chosen: Chosen,
        emit: Callable[[Event], None],
        flush: Callable[[], object] = lambda: None,
    ) -> None:
        self.options = options
        self.source = chosen.source
        self.holds = chosen.holds
        self.emit = emit
        self.flush = flush
        self.decoder = Decoder(options.decode)
        self.matcher = PathFilter(options.paths, options.fds) if options.paths or options.fds is not None else None
        self.open: dict[int, _Open] = {}
        self.comms: dict[int, str] = {}
        self.clock_offset_ns = time.time_ns() - time.monotonic_ns()
        self.child = 0
        self.child_status: int | None = None
        self.lost = 0
        self.remaining = options.syscall_limit
        """Calls to emit until --syscall-limit is reached; None: no limit."""
        self.tasks: dict[int, int] = {}
        self.handlers: dict[int, Callable[[Record], None]] = {
            Kind.CALL: self.on_call,
            Kind.ENTER: self.on_enter,
            Kind.EXIT: self.on_exit,
            Kind.SIGNAL: self.on_signal,
            Kind.STOP: self.on_signal,
            Kind.FORK: self.on_fork,
            Kind.EXEC: self.on_exec,
            Kind.EXITING: self.on_unfinished,
            Kind.TASK_EXIT: self.on_task_exit,
            Kind.ATTACH: self.on_attach,
            Kind.DETACH: self.on_attach,
            Kind.LOST: self.on_lost,
        }

    def feed(self, batch: bytes) -> None:
        """Make events of the records of a batch."""
        offset = 0
        while offset < len(batch):
            record, offset = parse_record(batch, offset)
            self.handlers[record.kind](record)
        self.flush()

    def comm(self, tid: int) -> str | None:
        """The thread's name, as it was when it was last looked up."""
        if tid not in self.comms:
            self.comms[tid] = read_comm(tid).decode("utf-8", "backslashreplace")
        return self.comms[tid] or None

    def event(self, kind: str, record: Record, time_ns: int | None = None, **more: Any) -> None:
        """Emit an event with what every record knows."""
        moment = (record.time_ns if time_ns is None else time_ns) + self.clock_offset_ns
        abi = BY_INDEX.get(record.abi)
        self.emit(
            Event(
                kind,
                moment,
                record.pid,
                record.tid,
                self.comm(record.tid),
                abi.name if abi else None,
                ip=record.ip or None,
                cgroup=record.cgroup or None,
                **more,
            )
        )

    def is_wanted(self, c: Call) -> bool:
        """Whether the filters let the call through."""
        return self.options.calls.matches(c.name, c.abi.name, c.nr) and (
            self.matcher is None or self.matcher.matches(c)
        )

    def on_enter(self, record: Record) -> None:
        self.open.pop(record.tid, None)
        memory = HeldMemory(self.source, record.tid) if self.holds else Snapshot(record.pieces)
        c = self.decoder.start(record, memory, LiveProcess(record.tid, self.options.decode))
        if self.is_wanted(c):
            self.open[record.tid] = _Open(c, self.decoder.enter(c), record)

    def on_exit(self, record: Record) -> None:
        entered = self.open.pop(record.tid, None)
        if entered is not None:
            if self.holds:
                entered.c.memory.forget()  # type: ignore[attr-defined]
            args = entered.args + self.decoder.leave(entered.c, record.result)
            self.finish(record, entered.c, args, entered.time_ns, record.time_ns - entered.time_ns)
        elif not self.holds:  # it began before tracing did
            self.on_call(record, knows_start=False)

    def on_call(self, record: Record, knows_start: bool = True) -> None:
        self.open.pop(record.tid, None)
        memory = Snapshot(record.pieces)
        c = self.decoder.start(record, memory, LiveProcess(record.tid, self.options.decode))
        if not self.is_wanted(c):
            return
        args = self.decoder.enter(c)
        memory.phase = Phase.EXIT
        args = args + self.decoder.leave(c, record.result)
        self.finish(record, c, args, record.time_ns, record.duration_ns if knows_start else None)

    def finish(self, record: Record, c: Call, args: list[Argument], time_ns: int, duration: int | None) -> None:
        """Emit a call that has returned."""
        failed = bool(c.error)
        if ("failed" if failed else "successful") not in self.options.status:
            return
        if self.remaining is not None:
            self.remaining -= 1
        text = f"{c.name}({', '.join([v.text for _, v in args])}) = {format_result(c)}"
        self.event(
            "call",
            record,
            time_ns,
            number=c.nr,
            name=c.name,
            args={n: v.data for n, v in args},
            words=c.args,
            result=-1 if failed else c.result,
            error=error_name(c.error) if failed else None,
            note=c.note or None,
            duration=duration,
            text=text,
        )

    def on_unfinished(self, record: Record) -> None:
        entered = self.open.pop(record.tid, None)
        if entered is not None and "unfinished" in self.options.status:
            c = entered.c
            set_result(c, 0)
            shown = ", ".join([v.text for _, v in entered.args])
            text = f"{c.name}({shown}{' <unfinished ...>' if c.more_at_exit else ''}) = ?"
            self.event(
                "unfinished",
                record,
                entered.time_ns,
                number=c.nr,
                name=c.name,
                args={n: v.data for n, v in entered.args},
                words=c.args,
                text=text,
            )

    def on_signal(self, record: Record) -> None:
        if record.nr not in self.options.signals:
            return
        abi = BY_INDEX.get(record.abi) or BY_INDEX[1]
        info = signal_info(record, abi, self.options.decode)
        kind = "stop" if record.kind == Kind.STOP else "signal"
        self.event(
            kind,
            record,
            number=record.nr,
            name=signal_name(record.nr),
            args=info.data if info is not None else {},
            text=describe_signal(record, abi, self.options.decode),
        )

    def on_fork(self, record: Record) -> None:
        self.tasks[record.nr] = record.args[0] or record.nr
        self.event("fork", record, number=record.nr)

    def on_exec(self, record: Record) -> None:
        self.comms.pop(record.tid, None)
        if record.nr and record.nr in self.open:
            self.open[record.tid] = self.open.pop(record.nr)
        self.event("exec", record, number=record.nr or None)

    def on_task_exit(self, record: Record) -> None:
        self.on_unfinished(record)
        status = record.nr
        if record.tid == self.child:
            self.child_status = status
        self.tasks.pop(record.tid, None)
        if os.WIFSIGNALED(status):
            number = os.WTERMSIG(status)
            self.event("exit", record, number=number, name=signal_name(number), text=f"killed by {signal_name(number)}")
        else:
            code = os.WEXITSTATUS(status)
            self.event("exit", record, status=code, text=f"exited with {code}")
        self.comms.pop(record.tid, None)

    def on_attach(self, record: Record) -> None:
        self.on_unfinished(record)
        self.event("attach" if record.kind == Kind.ATTACH else "detach", record)

    def add_task(self, tid: int, pid: int) -> None:
        """Begin to know the thread ``tid``."""
        self.tasks[tid] = pid

    def message(self, text: str) -> None:
        """Say something about the trace itself, on standard error."""
        print(f"{self.options.program}: {text}", file=sys.stderr, flush=True)

    def close(self) -> None:
        """Tell of the calls that go on untraced."""
        for entered in list(self.open.values()):
            self.on_unfinished(entered.record)

    def exit_code(self) -> int:
        """The status to end with, as ``status_code`` has it."""
        return status_code(self.child_status)

    def on_lost(self, record: Record) -> None:
        self.lost += record.nr
        self.event("lost", record, count=record.nr)


def format_json(event: Event) -> str:
    """One event as one line of JSON (ASCII only, so that nothing can move a terminal's cursor)."""
    return json.dumps({"v": SCHEMA_VERSION, **event.to_dict()}, separators=(",", ":"), ensure_ascii=True)
