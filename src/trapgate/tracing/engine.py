# SPDX-License-Identifier: BSD-2-Clause
"""From records to strace's text: which tasks there are, what is shown, in which order.

The engine takes records of any source. Entry and exit may come apart (a source that holds the
program) or merged (one that does not); decoding and the look of lines are the same.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from trapgate.calls.call import UNKNOWN_PROCESS, Call, Memory, Process
from trapgate.calls.describe import Argument
from trapgate.decode.decoder import Decoder, set_result
from trapgate.decode.dump import format_dump
from trapgate.decode.result import format_result
from trapgate.decode.shortcut import HalfCall, Shortcut
from trapgate.decode.signals import describe_signal, signal_name
from trapgate.decode.snapshot import Snapshot
from trapgate.kernel.pid_namespaces import TRANSLATOR
from trapgate.kernel.processes import read_instruction_pointer, read_parent
from trapgate.model.abi import BY_INDEX, X86_64
from trapgate.model.record import HEADER, SAME_CALL_FROM, Kind, Phase, Record, parse_record
from trapgate.tracing.colors import Palette, wants_color
from trapgate.tracing.cputime import CpuTimes
from trapgate.tracing.labels import label
from trapgate.tracing.lines import Lines, Sink, Task
from trapgate.tracing.memory import CopiedMemory, HeldMemory, WatchedProcess
from trapgate.tracing.netlink_watch import MAKING, NetlinkWatch
from trapgate.tracing.options import TraceOptions
from trapgate.tracing.output import FileSink
from trapgate.tracing.pathfilter import PathFilter
from trapgate.tracing.planbook import PlanBook
from trapgate.tracing.process import LiveProcess, bracket_comm
from trapgate.tracing.sources import Chosen
from trapgate.tracing.status import status_code
from trapgate.tracing.summary import Summary
from trapgate.tracing.tampering import Tampering
from trapgate.tracing.timestamps import Clock, format_seconds

if TYPE_CHECKING:
    from trapgate.tracing.stacks import Stacks

NATIVE = X86_64.index
SHOWING = "write writev pwrite64 pwritev pwritev2 sendto sendmsg sendmmsg sendfile splice tee"
"""Calls by which a program can write to where our lines go, which have to stand before and behind what it writes."""
TID_AT = 28
"""Where a record's header has the thread's id."""
MOST_BODIES = 1 << 13
"""Distinct calls that are remembered with their text."""


def make_stacks(options: TraceOptions) -> Stacks:
    """What makes the stacks of -k; raises CannotTraceError without the library for it."""
    from trapgate.tracing.stacks import Stacks

    return Stacks(options.stack_frame_limit, options.stack == "source")


class Engine:
    """Prints a trace. ``sink_for(pid)`` gives the place for a task's lines."""

    def __init__(self, options: TraceOptions, chosen: Chosen, sink_for: Callable[[int], Sink], program: str) -> None:
        self.options = options
        self.source = chosen.source
        self.holds = chosen.holds
        self.sink_for = sink_for
        self.program = program
        self.decoder = Decoder(options.decode)
        self.lines = Lines(self.leader, options.column, options.output_separately)
        self.lines.autoflush = chosen.holds
        self.plans: PlanBook | None = None
        self.netlink: NetlinkWatch | None = None
        if chosen.mixed:
            held = frozenset(SHOWING.split() if options.output is None else ())
            self.plans = PlanBook(chosen.source, self.decoder, held | MAKING)
            if options.calls.is_everything and options.follows:
                self.netlink = NetlinkWatch(self.plans.doubt)
        self.held: int | None = None
        """The thread that is held at the record being handled, if one is."""
        self.foreign: set[int] = set()
        """Tasks that make calls of other ABIs than the native one."""
        self.tasks: dict[int, Task] = {}
        self.child = 0
        self.child_status: int | None = None
        self.child_executed = False
        self.on_child_end: Callable[[], None] = lambda: None
        """Called when the command ends, before its last line."""
        self.clock = Clock(options.times)
        self.clock_offset_ns = time.time_ns() - time.monotonic_ns()
        self.summary = Summary(options.summary) if options.summary is not None else None
        self.cpu_times = CpuTimes()
        self.remaining = options.syscall_limit
        """Calls to show until --syscall-limit is reached; None: no limit."""
        self.dumps = options.read_fds is not None or options.write_fds is not None
        to_terminal = options.output is None and os.isatty(2)
        colored = wants_color(options.color, to_terminal, options.output_separately, os.environ)
        self.palette = Palette.from_environment() if colored else None
        self.tampering = Tampering(options.injections, chosen.source, self.message) if options.injections else None
        self.matcher = PathFilter(options.paths, options.fds) if options.paths or options.fds is not None else None
        self.stacks = make_stacks(options) if options.stack is not None else None
        self.has_run = False
        """Whether the command's own program has begun."""
        self.now_ns = 0
        self.last_ns = 0
        self.ip = 0
        self.lost = 0
        self.filter_status = not options.shows_every_status
        o = options
        self.names_tasks = "comm" in o.decode.decode_pids
        only_pid = self.clock.is_silent and not (
            o.syscall_number or o.instruction_pointer or o.times.duration_digits is not None
        )
        self.has_no_leader = only_pid and not o.shows_pid
        self.leads_with_pid = only_pid and o.shows_pid and not self.names_tasks
        """Whether all lines of a task begin alike."""
        self.repeats = not (
            o.decode.decode_fds
            or o.decode.decode_pids
            or o.summary is not None
            or o.injections
            or o.paths
            or o.fds is not None
            or o.output_separately
            or (o.syscall_number and (self.filter_status or not o.calls.is_everything))
            or self.palette is not None
            or o.syscall_limit is not None
        )
        self.shortcut = Shortcut(self.decoder, chosen.mixed)
        self.everything = o.calls.is_everything
        self.halves = chosen.mixed and self.repeats and self.everything and not self.filter_status
        """Whether an entry or exit by itself may be told by its quick text."""
        self.bodies: dict[bytes, tuple[str, str, str]] = {}
        self.handlers: dict[int, Callable[[Record], None]] = {
            Kind.CALL: self.on_call,
            Kind.ENTER: self.on_enter,
            Kind.EXIT: self.on_exit,
            Kind.SIGNAL: self.on_signal,
            Kind.STOP: self.on_stop,
            Kind.FORK: self.on_fork,
            Kind.EXEC: self.on_exec,
            Kind.EXITING: self.on_exiting,
            Kind.TASK_EXIT: self.on_task_exit,
            Kind.ATTACH: self.on_attach,
            Kind.DETACH: self.on_detach,
            Kind.LOST: self.on_lost,
        }

    @property
    def shared_sink(self) -> Sink:
        """Where lines go that all tasks share."""
        return self.sink_for(self.child)

    # --- tasks -----------------------------------------------------------------------------

    def task(self, record: Record) -> Task:
        """The task of ``record``, made when it is new."""
        found = self.tasks.get(record.tid)
        if found is None:
            found = self.add_task(record.tid, record.pid)
        return found

    def add_task(self, tid: int, pid: int) -> Task:
        """Begin to know the thread ``tid``."""
        task = self.tasks[tid] = Task(tid, pid, self.sink_for(tid))
        task.process = self.find_process(tid)
        task.abi = X86_64.index
        if self.names_tasks:
            task.comm = bracket_comm(tid)
        return task

    def find_process(self, tid: int) -> LiveProcess:
        """The process of a thread as decoders may ask about it."""
        needs_name = self.options.decode.decode_fds or self.options.decode.decode_pids
        return LiveProcess(TRANSLATOR.find_in_proc(tid) if needs_name else tid, self.options.decode)

    def message(self, text: str) -> None:
        """Say something about the trace itself, on standard error, behind what was written before."""
        self.flush()
        print(f"{self.program}: {text}", file=sys.stderr, flush=True)

    def leader(self, task: Task) -> str:
        """The prefix of a line: pid, time, number, instruction pointer."""
        o = self.options
        if self.leads_with_pid:
            return f"{task.tid:<5} "
        parts = []
        if self.names_tasks:
            task.comm = bracket_comm(task.tid) or task.comm  # any thread may change it at any time
        if o.shows_pid:
            parts.append(f"{task.tid}{task.comm} " if task.comm else f"{task.tid:<5} ")
        elif len(self.tasks) > 1 and o.output is None:
            parts.append(f"[pid {task.tid:5}{task.comm}] ")
        if not self.clock.is_silent:
            parts.append(self.clock.format_leader(self.now_ns + self.clock_offset_ns, self.now_ns))
        if o.syscall_number:
            parts.append(f"[{task.nr if task.nr >= 0 else '????':4}] ")
        if o.instruction_pointer:
            digits = 2 * BY_INDEX[task.abi].word
            parts.append(f"[{self.ip:0{digits}x}] " if self.ip else f"[{'?' * digits}] ")
        return "".join(parts)

    # --- the loop --------------------------------------------------------------------------

    def feed(self, batch: bytes) -> None:
        """Handle the records of a batch, in order."""
        offset, end = 0, len(batch)
        held = self.source.held() if self.plans is not None else None
        while offset < end and self.remaining != 0:
            if (
                batch[offset + 4] == Kind.CALL
                and batch[offset + 5] == NATIVE
                and self.repeats
                and self.lines.printing is None
                and not self.foreign
            ):
                offset = self.feed_repeated(batch, offset)
                continue
            if self.halves and (following := self.feed_half(batch, offset, held)):
                offset = following
                continue
            record, offset = parse_record(batch, offset)
            self.now_ns = record.time_ns
            self.ip = record.ip
            self.held = held if offset == end else None
            self.handlers[record.kind](record)
        if not self.lines.autoflush:
            self.flush()

    def flush(self) -> None:
        """Hand to the kernel what was written."""
        if not self.lines.separate:
            self.shared_sink.flush()
            return
        for task in self.tasks.values():
            task.sink.flush()

    def feed_repeated(self, batch: bytes, offset: int) -> int:
        """Write the run of merged calls that begins at ``offset``; where it ends.

        Calls repeat: records whose bytes from SAME_CALL_FROM on are equal have equal text, so that
        each distinct one is decoded once. Only the prefix is made for each line.
        """
        end = len(batch)
        bodies, unpack = self.bodies, HEADER.unpack_from
        # a call that went on for long was told of before it is told as a whole, but not where entries have exits
        told = self.plans is None and any(task.call for task in self.tasks.values())
        no_leader = self.has_no_leader and len(self.tasks) <= 1 and not told
        prefixes: dict[bytes, str] = {}
        column = self.options.column
        out: list[str] = []
        while offset < end and batch[offset + 4] == Kind.CALL and batch[offset + 5] == NATIVE:
            following = offset + int.from_bytes(batch[offset : offset + 4], "little")
            if not offset + HEADER.size <= following <= end:
                raise ValueError(f"a record at byte {offset} of a batch has an impossible size")
            key = batch[offset + SAME_CALL_FROM : following]  # of one ABI all
            body = bodies.get(key)
            if body is None:
                body = self.make_body(batch, offset)
                if len(bodies) >= MOST_BODIES:
                    bodies.clear()
                bodies[key] = body
            if body[0]:
                if no_leader:
                    out.append(body[2])
                elif (tid := batch[offset + TID_AT : offset + TID_AT + 4]) in prefixes:
                    head = prefixes[tid] + body[0]
                    out.append(f"{head:<{column}}{body[1]}\n")
                else:
                    header = unpack(batch, offset)
                    self.now_ns, self.ip = header[4], header[8]
                    task = self.tasks.get(header[7]) or self.add_task(header[7], header[6])
                    task.nr = header[10]
                    if task.call is not None:
                        self.shared_sink.write("".join(out))
                        out.clear()
                        self.on_call(parse_record(batch, offset)[0])
                        offset = following
                        continue
                    head = self.leader(task)
                    if self.leads_with_pid:
                        prefixes[tid] = head
                    head += body[0]
                    out.append(f"{head:<{column}}{body[1]}{self.format_duration(header[5])}\n")
            offset = following
        if out:
            self.shared_sink.write("".join(out))
        return offset

    def feed_half(self, batch: bytes, offset: int, held: int | None) -> int:
        """Write what an entry or exit by itself says; where it ends, or 0 if it is neither or takes a decoder."""
        size: int
        size, kind, abi, _, time_ns, _, _, tid, ip, _, nr, *_ = HEADER.unpack_from(batch, offset)
        task = self.tasks.get(tid)
        is_held = held == tid and offset + size == len(batch)
        if task is None or task.abi != NATIVE or abi != NATIVE or is_held:
            return 0
        self.now_ns, self.ip = time_ns, ip
        c, lines = task.call, self.lines
        if kind == Kind.ENTER and c is None:
            half = self.shortcut.enter(batch, offset)
            if half is None:
                return 0
            task.call, task.entered_ns, task.nr = half, time_ns, nr
            lines.begin(task)
            lines.put(task, f"{half.name}({', '.join(half.shown)}")
        elif kind == Kind.EXIT and isinstance(c, HalfCall):
            found = c.leave(batch, offset)
            if found is None:
                return 0
            more, tail = found
            task.call = None
            lines.resume(task, c.name)
            head = f"{', ' if more and c.shown else ''}{', '.join(more)}) "
            room = max(self.options.column - task.column, 0)
            lines.end(task, f"{head:<{room}}{tail}{self.format_duration(time_ns - task.entered_ns)}")
        else:
            return 0
        return offset + size

    def make_body(self, batch: bytes, offset: int) -> tuple[str, str, str]:
        """A merged record's text before and behind the padding, and as a whole line without prefix.

        All are empty when the call is filtered out.
        """
        quick = self.shortcut.text(batch, offset) if self.everything else None
        head, tail, failed = quick or self.decode_body(parse_record(batch, offset)[0])
        if not head or ("failed" if failed else "successful") not in self.options.status:
            return "", "", ""
        return head, tail, f"{head:<{self.options.column}}{tail}\n"

    def decode_body(self, record: Record) -> tuple[str, str, bool]:
        """A merged record's text before and behind the padding, empty if filtered out, and whether the call failed."""
        abi = BY_INDEX[record.abi]
        name = self.decoder.find(abi, record.nr)[0]
        if not self.options.calls.matches(name, abi.name, record.nr):
            return "", "", False
        memory = self.copies_of(record)
        process = UNKNOWN_PROCESS if self.plans is None else self.process_of(self.task(record), memory)
        c, before, after = self.decoder.whole(record, memory, process)
        self.note_copied(record, record.time_ns, memory)
        return f"{name}({self.join(c, before + after)}) ", f"= {format_result(c)}", bool(c.error)

    def format_duration(self, ns: int | None) -> str:
        """What -T adds to a line; None: nobody saw the call begin."""
        digits = self.options.times.duration_digits
        if digits is None:
            return ""
        return " <unavailable>" if ns is None else f" <{format_seconds(ns, digits)}>"

    # --- calls -----------------------------------------------------------------------------

    def held_memory(self, record: Record) -> HeldMemory | None:
        """The program's memory if it is held at ``record``."""
        if self.holds or (self.held is not None and self.held == record.tid):
            return HeldMemory(self.source, record.tid, self.message)
        return None

    def process_of(self, task: Task, memory: Memory) -> Process:
        """The process of ``task`` as decoders may ask about it."""
        process: LiveProcess = task.process  # type: ignore[assignment]
        return WatchedProcess(process, memory, self.netlink) if isinstance(memory, CopiedMemory) else process

    def note_copied(self, record: Record, entered_ns: int, memory: Memory) -> None:
        """Tell the plans whether what was copied sufficed."""
        if self.plans is not None and isinstance(memory, CopiedMemory):
            self.plans.note(record, entered_ns, memory.lacked)

    def copies_of(self, record: Record) -> Snapshot:
        """What was copied of the program's memory."""
        if self.plans is None:
            return Snapshot(record.pieces)
        return CopiedMemory(record.pieces, self.held_memory(record), self.message)

    def on_enter(self, record: Record) -> None:
        task = self.task(record)
        if task.call is not None and task.entered_ns == record.time_ns and not self.holds:
            return  # it has been told of, because it went on for long
        memory: Memory = HeldMemory(self.source, record.tid, self.message) if self.holds else self.copies_of(record)
        c = self.decoder.start(record, memory, self.process_of(task, memory))
        task.nr = record.nr
        if record.abi != task.abi:
            self.note_abi(task, record.abi)
        task.entered_ns = record.time_ns
        task.call = None
        if not self.is_wanted(c):
            return
        task.call = c
        if c.name == "restart_syscall":
            self.find_resumed(task, c, record.result)
        is_ours = task.tid == self.child and not self.has_run  # until then it is our own code that calls
        if self.tampering is not None and not is_ours:
            self.tampering.enter(task, c)
        if self.summary is not None:
            task.cpu_ns = self.cpu_times.read(task.tid)
        if self.options.summary_only:
            return
        if self.stacks is not None and not is_ours:
            task.stack = self.stacks.render(task.pid, task.tid)
        if self.filter_status:
            self.lines.stage(task)
        self.lines.begin(task)
        task.shown = self.decoder.enter(c)
        self.put_call(task, c.name, self.join(c, task.shown))
        if self.lines.autoflush and task.staged is None:
            task.sink.flush()

    def find_whole(self, task: Task, half: HalfCall) -> Call:
        """The call of a half whose exit takes a decoder, decoded up to there."""
        record = half.record()
        memory = self.copies_of(record)
        c = self.decoder.start(record, memory, self.process_of(task, memory))
        task.shown = self.decoder.enter(c)
        return c

    def find_resumed(self, task: Task, c: Call, before: int) -> None:
        """Find which call the kernel restarts: the one before, or the one that was restarted before."""
        name = self.decoder.find(c.abi, before)[0] if before >= 0 else ""
        if name != c.name:
            task.resumes = name
        c.resumes = task.resumes

    def on_exit(self, record: Record) -> None:
        task = self.task(record)
        c = task.call
        if isinstance(c, HalfCall):
            c = task.call = self.find_whole(task, c)
        if c is None:
            if not self.holds and self.plans is None:  # it began before tracing did
                self.on_call(record, knows_start=False)
            return
        task.call = None
        if self.holds:
            c.memory.forget()  # type: ignore[attr-defined]
        result = record.result
        if self.tampering is not None:
            result = self.tampering.leave(task, c, result)
        if self.options.summary_only:
            set_result(c, result)
            self.finish_call(task, c, record.time_ns)
            return
        self.lines.resume(task, c.name)
        if isinstance(c.memory, CopiedMemory):
            c.memory.leave(record.pieces, self.held_memory(record))
        more = self.decoder.leave(c, result)
        if self.netlink is not None:
            self.netlink.note(c, more)
        if more:
            self.put_arguments(task, f", {self.join(c, more)}" if task.shown else self.join(c, more))
        self.finish_call(task, c, record.time_ns)
        self.note_copied(record, task.entered_ns, c.memory)
        if task.executed and self.remaining != 0:
            abi, task.executed = task.executed, 0
            self.note_abi(task, abi)

    def on_call(self, record: Record, knows_start: bool = True) -> None:
        """A merged record: entry and exit at once."""
        task = self.task(record)
        told = task.call is not None and task.entered_ns == record.time_ns
        if not told:
            self.abandon_call(task)
        task.call = None
        task.nr = record.nr
        if record.abi != task.abi:
            self.note_abi(task, record.abi)
        memory = self.copies_of(record)
        c = self.decoder.start(record, memory, self.process_of(task, memory))
        if not self.is_wanted(c):
            return
        task.entered_ns = record.time_ns
        end = record.time_ns + record.duration_ns
        if self.options.summary_only:
            set_result(c, record.result)
            self.finish_call(task, c, end)
            return
        shown = self.decoder.enter(c)
        memory.phase = Phase.EXIT
        more = self.decoder.leave(c, record.result)
        self.note_copied(record, record.time_ns, memory)
        if told:
            self.lines.resume(task, c.name)
            if more:
                self.put_arguments(task, f", {self.join(c, more)}" if shown else self.join(c, more))
            self.finish_call(task, c, end)
            return
        shown = shown + more
        if self.filter_status:
            self.lines.stage(task)
        self.lines.begin(task)
        self.put_call(task, c.name, self.join(c, shown))
        self.finish_call(task, c, end, knows_start)

    def finish_call(self, task: Task, c: Call, end_ns: int, knows_start: bool = True) -> None:
        """Everything from the closing parenthesis on, and the books kept of calls."""
        failed = bool(c.error)
        if self.filter_status:
            wanted = ("failed" if failed else "successful") in self.options.status
            if not self.options.summary_only:
                self.lines.publish(task, wanted)
            if not wanted:
                self.lines.ended(task)
                task.stack = task.notes = ""
                return
        duration = end_ns - task.entered_ns
        if self.remaining is not None:
            self.remaining -= 1
        if self.summary is not None:
            # a source that does not hold the program cannot tell the time in the kernel from waiting
            cpu_ns = max(self.cpu_times.read(task.tid) - task.cpu_ns, 0) if self.holds else 0
            self.summary.add(c.name, c.abi.name, c.nr, failed, cpu_ns, duration)
            if self.options.summary_only:
                return
        self.lines.put(task, ") ")
        self.lines.pad(task)
        tail = f"= {format_result(c)}{task.notes}{self.format_duration(duration if knows_start else None)}"
        task.notes = ""
        if self.palette is not None:
            tail = self.palette.color_result(tail)
        if self.dumps:
            tail = "\n".join([tail, *format_dump(c, self.options.read_fds, self.options.write_fds)])
        if c.more_lines:
            tail = "\n".join([tail, *c.more_lines])
        self.lines.end(task, tail)
        if self.stacks is not None:
            self.put_stack(task)

    def put_stack(self, task: Task) -> None:
        """-k: the stack below a line; of a call the one it was entered with."""
        assert self.stacks is not None
        text, task.stack = task.stack, ""
        task.sink.write(text or self.stacks.render(task.pid, task.tid))
        task.sink.flush()

    def put_call(self, task: Task, name: str, arguments: str) -> None:
        """A call's name and the arguments that are known."""
        plain = f"{name}({arguments}"
        if self.palette is None:
            self.lines.put(task, plain)
        else:
            colored = self.palette.color_name(name) + self.palette.color_arguments(arguments)
            self.lines.put(task, colored, len(plain))

    def put_arguments(self, task: Task, text: str) -> None:
        """More arguments of the call that the task's line is about."""
        if self.palette is None:
            self.lines.put(task, text)
        else:
            self.lines.put(task, self.palette.color_arguments(text), len(text))

    def is_wanted(self, c: Call) -> bool:
        """Whether the filters of names, paths and descriptors let the call through."""
        if not self.options.calls.matches(c.name, c.abi.name, c.nr):
            return False
        return self.matcher is None or self.matcher.matches(c)

    def join(self, c: Call, arguments: list[Argument]) -> str:
        """Arguments of ``c`` as they stand between the parentheses."""
        if self.options.decode.arg_names:
            return ", ".join([label(c, name, value) for name, value in arguments])
        return ", ".join([value.text for _, value in arguments])

    def note_abi(self, task: Task, abi: int) -> None:
        """Say that the task went over to another ABI."""
        self.set_abi(task, abi)
        if "personality" not in self.options.quiet:
            mode = {"x86_64": "64 bit", "i386": "32 bit", "x32": "x32"}[BY_INDEX[abi].name]
            self.lines.begin(task)
            task.column = 0
            self.lines.end(task, f"[ Process PID={task.tid} runs in {mode} mode. ]")

    def set_abi(self, task: Task, abi: int) -> None:
        """Note by which ABI the task makes calls."""
        task.abi = abi
        (self.foreign.discard if abi == NATIVE else self.foreign.add)(task.tid)

    # --- signals and the lives of tasks -----------------------------------------------------

    def on_signal(self, record: Record) -> None:
        if self.options.summary_only or record.nr not in self.options.signals:
            return
        task = self.task(record)
        self.read_ip(task)
        text = describe_signal(record, BY_INDEX[task.abi], self.options.decode, task.process)  # type: ignore[arg-type]
        self.lines.line(task, f"--- {text} ---")
        if self.stacks is not None:
            self.put_stack(task)

    def read_ip(self, task: Task) -> None:
        """-i: note where the task is stopped by a signal."""
        if self.options.instruction_pointer and self.holds:
            self.ip = read_instruction_pointer(task.tid)

    def on_stop(self, record: Record) -> None:
        if self.options.summary_only or record.nr not in self.options.signals:
            return
        task = self.task(record)
        self.read_ip(task)
        self.lines.line(task, f"--- stopped by {signal_name(record.nr)} ---")
        if self.stacks is not None:
            self.put_stack(task)

    def on_attach(self, record: Record) -> None:
        if record.tid in self.tasks:
            return  # the session has told of it already
        task = self.add_task(record.tid, record.pid)
        if self.foreign:  # it may stop before the event that tells who made it
            maker = self.tasks.get(record.pid if record.pid != record.tid else read_parent(record.pid))
            self.set_abi(task, maker.abi if maker is not None else NATIVE)
        if "attach" not in self.options.quiet:
            self.message(f"Process {record.tid} attached")

    def on_detach(self, record: Record) -> None:
        task = self.tasks.pop(record.tid, None)
        if task is not None:
            self.leave(task)

    def on_fork(self, record: Record) -> None:
        tid = record.nr
        if tid not in self.tasks and self.options.follows:
            task = self.add_task(tid, record.args[0] or tid)
            self.set_abi(task, self.task(record).abi)
            if "attach" not in self.options.quiet:
                self.message(f"Process {tid} attached")

    def on_exec(self, record: Record) -> None:
        former = record.nr
        self.has_run |= record.tid == self.child
        if self.stacks is not None:
            self.stacks.forget(record.pid)
        if former and former != record.tid:
            self.supersede(record.tid, former)
        if self.names_tasks:
            task = self.task(record)
            task.comm = bracket_comm(task.tid)
        if self.holds or self.plans is not None:  # not bpf, whose record has the ABI of the call
            self.note_executed(self.task(record), record.abi)
        if self.options.detach_on_execve:
            if record.tid == self.child and not self.child_executed:
                self.child_executed = True
            else:
                self.source.detach(record.tid)

    def note_executed(self, task: Task, abi: int) -> None:
        """The task executed a program of ``abi``, which may make no call that is traced."""
        if abi == task.abi:
            return
        if task.call is not None:
            task.executed = abi  # behind the line that is begun
        else:
            self.read_ip(task)
            self.note_abi(task, abi)

    def supersede(self, tid: int, former: int) -> None:
        """The thread ``former`` executed a program and goes on as ``tid``, whose own thread is gone.

        What each of the two had begun to write changes places with them, and so do their files under -ff.
        """
        leader, caller = self.tasks.get(tid), self.tasks.pop(former, None)
        if caller is None:
            return
        if leader is not None:
            self.abandon_call(leader)
        if caller.column:
            self.write_aside(caller, f" <pid changed to {tid} ...>\n")
        if leader is not None:
            caller.sink, leader.sink = leader.sink, caller.sink
            caller.staged, leader.staged = leader.staged, caller.staged
            caller.column, leader.column = leader.column, 0
            self.drop(leader)
        self.foreign.discard(former)
        caller.tid = tid
        self.set_abi(caller, caller.abi)
        caller.process = self.find_process(tid)
        self.tasks[tid] = caller
        if self.options.summary_only:
            return
        if "thread-execve" not in self.options.quiet:
            self.lines.line(caller, f"+++ superseded by execve in pid {former} +++")
        if self.filter_status:
            self.lines.stage(caller)
        # under ptrace the execve is open, and strace does so even where it does not show it
        caller.reprint = caller.call is not None or self.holds or self.plans is not None

    def write_aside(self, task: Task, text: str) -> None:
        """Text for the task's place of output that does not count as its line."""
        if task.staged is not None:
            task.staged.append(text)
        else:
            task.sink.write(text)

    def on_exiting(self, record: Record) -> None:
        """The task is about to end."""
        self.abandon_call(self.task(record))

    def abandon_call(self, task: Task) -> None:
        """The call that the task is in, if it is in one, will not return."""
        c, task.call = task.call, None
        if c is None or self.options.summary_only:
            return
        other = self.lines.printing
        if (
            not self.lines.separate
            and other is not None
            and other is not task
            and other.column
            and other.staged is None
        ):
            self.lines.put(other, " <unfinished ...>\n")
            other.column = 0
        self.lines.resume(task, c.name)
        self.lines.put(task, " <unfinished ...>) " if c.more_at_exit else ") ")
        self.lines.pad(task)
        self.lines.put(task, "= ?\n")
        if self.filter_status:
            self.lines.publish(task, "unfinished" in self.options.status)
        self.lines.ended(task)

    def on_task_exit(self, record: Record) -> None:
        if record.tid not in self.tasks and record.tid != self.child:
            return
        task = self.task(record)
        status = record.nr
        self.abandon_call(task)
        if record.tid == self.child:
            self.child_status = status
            self.on_child_end()
        self.ip = 0
        if os.WIFSIGNALED(status):
            self.print_killed(task, status)
        elif "exit" not in self.options.quiet and not self.options.summary_only:
            self.lines.line(task, f"+++ exited with {os.WEXITSTATUS(status)} +++")
        if self.stacks is not None:
            task.sink.write(task.stack)
            self.stacks.forget(task.tid)
        del self.tasks[record.tid]
        self.drop(task)

    def print_killed(self, task: Task, status: int) -> None:
        """``+++ killed by SIGKILL +++``."""
        if self.options.summary_only or os.WTERMSIG(status) not in self.options.signals:
            return
        core = "(core dumped) " if os.WCOREDUMP(status) else ""
        self.lines.line(task, f"+++ killed by {signal_name(os.WTERMSIG(status))} {core}+++")

    def leave(self, task: Task) -> None:
        """Tell that a task goes on untraced, and forget it."""
        if "attach" not in self.options.quiet:
            self.message(f"Process {task.tid} detached")
        self.drop(task)

    def drop(self, task: Task) -> None:
        """Forget a task; an open line of its ends."""
        self.cpu_times.forget(task.tid)
        self.foreign.discard(task.tid)
        publish = True
        if task.staged is not None:
            publish = "detached" in self.options.status
            self.lines.publish(task, publish)
        if task.column and publish and (self.lines.separate or self.lines.printing is task):
            task.sink.write(" <detached ...>\n")
        if self.lines.printing is task:
            self.lines.printing = None
        if self.lines.separate:
            task.sink.close()
        else:
            task.sink.flush()

    def on_lost(self, record: Record) -> None:
        """A row where something is missing; how much in all is told at the end."""
        self.lost += record.nr
        if not (self.options.summary_only or self.lines.separate):
            self.lines.note(self.shared_sink, f"+++ {record.nr} events were lost +++")

    # --- the end ----------------------------------------------------------------------------

    def close(self) -> None:
        """Let go of the tasks that are left; write the summary."""
        for tid in list(self.tasks):  # the kernel lets go of them when we end
            self.leave(self.tasks.pop(tid))
        if self.summary is not None:
            sink = self.sink_for(self.child or os.getpid()) if not self.lines.separate else FileSink.standard_error()
            sink.write(self.summary.render())
            sink.flush()

    def exit_code(self) -> int:
        """The status to end with, as ``status_code`` has it."""
        return status_code(self.child_status)
