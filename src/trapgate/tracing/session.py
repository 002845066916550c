# SPDX-License-Identifier: BSD-2-Clause
"""One trace from start to end: choose a source, start or attach, feed the engine, end well.

However it ends (the program exits, Ctrl-C, an error), the programs that are traced go on as they
were, the output holds everything that was seen, and the status is the command's own.
"""

from __future__ import annotations

import errno
import gc
import os
import signal
import stat
import sys
from contextlib import suppress
from types import FrameType
from typing import TYPE_CHECKING, Any

from trapgate.model.errors import TrapgateError, format_error
from trapgate.sources.ptrace import AttachError, TraceError, cannot_attach, describe_ability
from trapgate.tracing.engine import Engine
from trapgate.tracing.options import INTERRUPTIBLE_ANYWHERE, INTERRUPTIBLE_NEVER, INTERRUPTIBLE_NEVER_TSTP, TraceOptions
from trapgate.tracing.output import Output, OutputError
from trapgate.tracing.sources import Chosen, open_source
from trapgate.tracing.standard_files import release_standard_files
from trapgate.tracing.status import KILLED, end_like

if TYPE_CHECKING:
    from trapgate.model.event import Event
    from trapgate.tracing.events import EventMaker

ENDING = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGPIPE, signal.SIGTERM)
"""Signals by which a user ends a trace."""
STRAYS_MS = 200
"""How long a child that the program made for us may wait to be collected under bpf."""
NICENESS = 5
"""How much this process's decoding stands back behind programs that bpf watches: a third of their share."""


PATH_MAX = 4096


GARBAGE = 100_000
"""Objects made before a search for cycles, of which decoding makes few: at the default it takes a third of the time."""


class Interrupted(Exception):
    """The user ended the trace by a signal."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def find_program(name: str, path: str | None) -> str:
    """The file that running ``name`` executes, searched in ``path`` (a PATH) as execvp would.

    Raises TrapgateError: there is no such file, or none that may be executed.
    """
    found = name
    if len(os.fsencode(name)) >= PATH_MAX:
        raise TrapgateError("exec", os.strerror(errno.ENAMETOOLONG), "give the program's path")
    if "/" not in name:
        candidates = [os.path.join(folder or os.getcwd(), name) for folder in (path or "").split(":")]
        found = next((file for file in candidates if _is_program(file)), "")
        if not found:
            raise TrapgateError(
                f"Cannot find executable '{name}'", "it is in no folder of PATH", "give the program's path"
            )
    try:
        os.stat(found)
    except OSError as error:
        raise TrapgateError(
            f"Cannot stat '{found}'", os.strerror(error.errno or 0), "give the program's path"
        ) from None
    return found


def _is_program(file: str) -> bool:
    try:
        mode = os.stat(file).st_mode
    except OSError:
        return False
    return stat.S_ISREG(mode) and bool(mode & 0o111)


class Session:
    """A trace in progress."""

    def __init__(self, options: TraceOptions) -> None:
        self.options = options
        self.output: Output | None = None
        self.chosen: Chosen | None = None
        self.source: Any = None
        self.engine: Engine | EventMaker | None = None
        self.ended_by = 0
        self.failed = False
        self.told_exec_error = False
        self.told_ability = False

    def run(self) -> int:
        """Trace until the end; the exit status as strace has it (256 + n: killed by signal n)."""
        o = self.options
        program = None
        if o.command:
            program = find_program(o.command[0], os.environ.get("PATH"))
        self.output = Output(o.output, o.append, o.output_separately, self.note_failure)
        self.chosen = open_source(o)
        self.source = self.chosen.source
        if o.tells_source:
            print(f"{o.program}: source {self.chosen.name}: {self.chosen.why}", file=sys.stderr)
        self.engine = self.make_engine()
        if o.debug and self.chosen.name == "ptrace":
            self.engine.message(f"ptrace_setoptions = {self.source.options():#x}")
        try:
            self.start(program)
            if not o.is_own:  # strace fails only when there is nothing at all to trace
                self.failed = self.failed and not self.engine.tasks
            self.install_handlers()  # not before: what is ignored here would be ignored in the program
            self.loop()
        except Interrupted as interrupted:
            self.ended_by = interrupted.number
            self.stop(interrupted.number)
        finally:
            self.close()
        if self.ended_by:
            return KILLED | self.ended_by
        code = self.engine.exit_code()
        return 1 if code == 0 and (self.failed or (o.strict and self.engine.lost)) else code

    def note_failure(self, error: OutputError) -> None:
        """Tell that the output cannot be written; the command goes on, and as strace's its status is the command's."""
        if self.options.is_own:
            self.failed = True
            complain(format_error(error))
        else:
            complain(f"{self.options.program}: {error.path}: {error.why}")

    def make_engine(self) -> Engine | EventMaker:
        """What turns records into output: lines of text, or events as JSON."""
        assert self.output is not None and self.chosen is not None
        if not self.options.json:
            engine = Engine(self.options, self.chosen, self.output.sink_for, self.options.program)
            engine.on_child_end = self.tell_exec_error
            return engine
        from trapgate.tracing.events import EventMaker, format_json

        sink = self.output.sink_for(os.getpid())

        def emit(event: Event) -> None:
            sink.write(format_json(event) + "\n")

        return EventMaker(self.options, self.chosen, emit, sink.flush)

    # --- start ------------------------------------------------------------------------------

    def install_handlers(self) -> None:
        """End the trace on the usual signals, or ignore them, as -I says."""
        mode = self.options.interruptible
        if mode in (INTERRUPTIBLE_NEVER, INTERRUPTIBLE_NEVER_TSTP):
            handler: Any = signal.SIG_IGN
        else:
            handler = signal.SIG_DFL if mode == INTERRUPTIBLE_ANYWHERE and not self.options.pids else self.on_signal
        for number in ENDING:
            signal.signal(number, handler)
        if mode == INTERRUPTIBLE_NEVER_TSTP:
            signal.signal(signal.SIGTSTP, signal.SIG_IGN)
        for number in (signal.SIGTTOU, signal.SIGTTIN):
            signal.signal(number, signal.SIG_IGN)

    def on_signal(self, number: int, frame: FrameType | None) -> None:
        """A signal asks to end."""
        raise Interrupted(number)

    def start(self, program: str | None) -> None:
        """Start the command and attach to the processes that are asked for."""
        assert self.engine is not None
        o = self.options
        if program is not None:
            argv = [os.fsencode(word) for word in o.command]
            if o.argv0 is not None:
                argv[0] = os.fsencode(o.argv0)
            environment = [os.fsencode(f"{k}={v}") for k, v in o.child_environment(os.environ).items()]
            how = self.identity(program) | ({"daemon": o.daemon_level} if o.daemon_level else {})
            try:
                self.engine.child = self.source.spawn(os.fsencode(program), argv, environment, **how)
            except TraceError as error:
                what = f"attach: ptrace({error.operation}, {error.pid})"
                raise TrapgateError(what, os.strerror(error.errno or 0), "is this process traced itself?") from None
            if o.debug and o.daemon_level:
                self.engine.message(f"new tracer pid is {os.getpid()}")
            self.engine.add_task(self.engine.child, self.engine.child)
            if o.daemon_level and "attach" not in o.quiet:
                self.engine.message(f"Process {self.engine.child} attached")
            release_standard_files()
        for pid in o.pids:
            self.attach(pid)
        for path in o.cgroups:
            self.source.attach_cgroup(path)
        if o.all:
            self.source.attach_all()

    def identity(self, program: str) -> dict[str, Any]:
        """As whom ``program`` runs (-u); a set-id program gets the effective ids it would have untraced."""
        if self.options.uid is None:
            return {}
        import pwd

        try:
            entry = pwd.getpwuid(self.options.uid)
            groups = os.getgrouplist(entry.pw_name, self.options.gid or entry.pw_gid)
        except KeyError:
            groups = [self.options.gid] if self.options.gid is not None else []
        found = {"uid": self.options.uid, "gid": self.options.gid, "groups": groups}
        if self.chosen is not None and self.chosen.name == "ptrace":
            info = os.stat(program)
            found["euid"] = info.st_uid if info.st_mode & stat.S_ISUID else self.options.uid
            found["egid"] = info.st_gid if info.st_mode & stat.S_ISGID else self.options.gid
        return found

    def attach(self, pid: int) -> None:
        """Attach to a running process and, with -f, to all its threads; a refusal is told and explained."""
        assert self.engine is not None
        try:
            threads = self.source.attach(pid, self.options.follow)
        except AttachError as error:
            self.failed = True
            if self.options.is_own:
                complain(format_error(cannot_attach(error)))
                return
            number = error.errno or 0
            self.engine.message(f"attach: ptrace({error.operation}, {pid}): {os.strerror(number)}")
            if number == errno.EPERM:
                self.explain(error)
            return
        except TrapgateError as error:  # of bpf
            self.failed = True
            if self.options.is_own:
                complain(format_error(error))
            else:
                self.engine.message(str(error))
            return
        for tid in threads:
            if tid not in self.engine.tasks:
                self.engine.add_task(tid, pid)
        if "attach" not in self.options.quiet:
            many = f" with {len(threads)} threads" if len(threads) > 1 else ""
            self.engine.message(f"Process {pid} attached{many}")

    def explain(self, error: AttachError) -> None:
        """Say why an attachment was refused, in strace's words where it has some."""
        assert self.engine is not None
        if error.cause == "traced":
            self.engine.message(f"Process {error.pid} is already being traced by pid {error.tracer}")
        elif error.cause == "user":
            self.engine.message(f"process {error.pid} may be owned by a different user")
        elif error.cause == "yama":
            scope = error.why.rpartition(" ")[2]
            self.engine.message(f"sysctl kernel.yama.ptrace_scope = {scope} may be restricting this attach")
        elif error.why:
            self.engine.message(error.why)

    # --- the loop and its end ---------------------------------------------------------------

    def loop(self) -> None:
        """Feed what the source sees to the engine until no traced task is left."""
        gc.freeze()
        gc.set_threshold(GARBAGE)
        assert self.engine is not None and self.chosen is not None
        o, is_bpf = self.options, self.chosen.name == "bpf"
        watches_others = o.all or bool(o.cgroups)
        outlives_command = watches_others and bool(o.command)
        if is_bpf:
            self.source.start()
            self.source.others.add(self.output.reader if self.output is not None else 0)
        stands_back = is_bpf and not watches_others
        if stands_back:
            os.nice(NICENESS)
        timeout_ms = STRAYS_MS if is_bpf and o.command else -1
        while (found := self.source.run(timeout_ms)) is not None:
            if batch := bytes(found):
                if o.debug:
                    self.tell_batch(batch)
                self.engine.feed(batch)
            self.tell_strays()
            if self.engine.remaining == 0:
                self.let_go()
                return
            if stands_back and not self.source.live:  # nobody to stand back behind
                with suppress(PermissionError):
                    os.setpriority(os.PRIO_PROCESS, 0, os.getpriority(os.PRIO_PROCESS, 0) - NICENESS)
                stands_back = False
            if outlives_command:
                self.source.reap()
                if self.source.child is None:  # what is left to decode comes, and then None
                    self.source.detach_all()
                    outlives_command = False
        self.tell_exec_error()

    def tell_batch(self, batch: bytes) -> None:
        """-d: what the source reports, record by record."""
        from trapgate.tracing.debug import describe_records

        assert self.engine is not None
        for line in describe_records(batch):
            self.engine.message(line)
        if not self.told_ability and self.chosen is not None and self.chosen.name == "ptrace":
            self.told_ability = True
            self.try_ability(batch)
            for line in describe_ability(self.source.options()):
                self.engine.message(line)

    def try_ability(self, batch: bytes) -> None:
        """Find out whether a held call can be changed, by giving it the arguments that it has."""
        from trapgate.model.record import Kind, parse_record

        record, _ = parse_record(batch, 0)
        if record.kind == Kind.ENTER:
            with suppress(OSError):
                self.source.set_args(record.tid, record.args)

    def let_go(self) -> None:
        """--syscall-limit is reached: everything goes on untraced, our status is 0."""
        assert self.engine is not None
        if "attach" not in self.options.quiet:
            self.engine.message("System call limit has been reached, detaching tracees")
        if not self.leaves_to_die():
            self.detach()

    def detach(self) -> None:
        """Let everything go on untraced, and handle what was still to come of it."""
        assert self.engine is not None
        assert self.chosen is not None
        self.source.detach_all()
        while batch := self.source.run(0):
            self.engine.feed(bytes(batch))
        self.tell_strays()

    def tell_strays(self) -> None:
        """Tell of children that end without having been traced."""
        assert self.engine is not None
        for pid, status in self.source.take_strays():
            if self.output is not None and pid == self.output.reader:
                continue
            if os.WIFSTOPPED(status):  # made with CLONE_PTRACE
                if "attach" not in self.options.quiet:
                    self.engine.message(f"Detached unknown pid {pid}")
            elif "exit" not in self.options.quiet:
                what = "Exit" if os.WIFEXITED(status) else "Termination"
                self.engine.message(f"{what} of unknown pid {pid} ignored")

    def tell_exec_error(self) -> None:
        """Tell why the command could not be executed."""
        assert self.engine is not None
        number = self.source.exec_error()
        if number and not self.told_exec_error:
            self.told_exec_error = True
            self.engine.message(f"exec: {os.strerror(number)}")

    def stop(self, number: int) -> None:
        """Let go of everything; the command that we started is asked to end, others go on.

        With --kill-on-exit nothing outlives us: closing the source kills it.
        """
        assert self.engine is not None
        for ending in ENDING:
            signal.signal(ending, signal.SIG_IGN)
        if self.leaves_to_die():
            return
        if self.engine.child and self.engine.child_status is None:
            for send in (signal.SIGCONT, number):
                with suppress(ProcessLookupError):
                    os.kill(self.engine.child, send)
        self.detach()

    def leaves_to_die(self) -> bool:
        """Whether the kernel ends what is traced when the source closes: then nothing is told of it any more."""
        dies = self.options.kill_on_exit or self.options.seccomp
        if dies and self.engine is not None:
            if isinstance(self.engine, Engine):
                self.engine.flush()
            self.engine.tasks.clear()
        return dies

    def close(self) -> None:
        """Write out what there is; close the source."""
        assert self.engine is not None and self.output is not None
        try:
            self.engine.close()
            if self.engine.lost:
                causes = "; ".join(self.source.losses)
                complain(f"{self.options.program}: {self.engine.lost} events were lost ({causes})")
        finally:
            self.source.close()
            self.output.close()


def trace(options: TraceOptions, farewell: str = "") -> int:
    """Run a trace, say ``farewell`` on standard error, and end as the command did: by the same signal, if by one."""
    code = Session(options).run()
    sys.stderr.write(farewell)
    return end_like(code)


def complain(text: str) -> None:
    """A line on standard error."""
    print(text, file=sys.stderr, flush=True)
