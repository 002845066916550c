"""Mixed mode: calls with a plan are copied and go on, others are held; entry and exit come apart where they must."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from trapgate._core import Ptrace
from trapgate.model.record import NO_SELECTOR, PLAN_HOLD, Cond, From, Kind, Op, Phase, Plan, What

Compile = Callable[..., Path]
NewTrace = Callable[..., Any]

READ, WRITE, GETPPID, WAIT4, EXIT_GROUP = 0, 1, 110, 61, 231
X86_64 = 1 << 16
NOTHING = Plan(n_args=0).pack()
READ_PLAN = Plan((Op(Phase.EXIT, What.BYTES, 1, From.RESULT, cond=Cond.IF_SUCCESS, max=64),), n_args=3).pack()

PROGRAM = r"""
#include <stdio.h>
#include <unistd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
int main(void) {
    char byte;
    int ends[2];
    pipe(ends);
    for (int i = 0; i < 50; i++)
        syscall(SYS_getppid);
    pid_t child = fork();
    if (!child) {
        syscall(SYS_getuid);
        usleep(20000);
        write(ends[1], "x", 1);
        _exit(0);
    }
    read(ends[0], &byte, 1);
    int status;
    waitpid(child, &status, 0);
    return 0;
}
"""


@pytest.fixture
def program(compile_c: Compile) -> str:
    return str(compile_c(PROGRAM))


def test_a_planned_call_is_one_record_and_others_are_held(program: str, new_trace: NewTrace) -> None:
    trace = new_trace(mixed=True, follow=True, plan={X86_64 | GETPPID: NOTHING})
    trace.spawn(program)
    held = []
    while (records := trace.step()) is not None:
        tid = trace.ptrace.held()
        if tid is not None:
            assert records[-1].kind in (Kind.ENTER, Kind.EXIT)
            assert records[-1].tid == tid
            held.append(records[-1])
    assert len(trace.of(Kind.CALL, GETPPID)) == 50
    assert not trace.of(Kind.ENTER, GETPPID) and not trace.of(Kind.EXIT, GETPPID)
    assert {record.nr for record in held if record.kind == Kind.ENTER} >= {WRITE, WAIT4, EXIT_GROUP}
    assert not trace.of(Kind.CALL, WRITE)


def test_what_happens_within_a_call_stands_between_its_entry_and_its_exit(program: str, new_trace: NewTrace) -> None:
    trace = new_trace(mixed=True, follow=True, plan={X86_64 | READ: READ_PLAN, X86_64 | GETPPID: NOTHING})
    trace.spawn(program).finish()
    enter = next(r for r in trace.of(Kind.ENTER, READ) if r.tid == trace.pid)
    leave = next(r for r in trace.of(Kind.EXIT, READ) if r.tid == trace.pid)
    between = trace.records[trace.records.index(enter) + 1 : trace.records.index(leave)]
    assert any(record.kind == Kind.ENTER and record.nr == WRITE and record.tid != trace.pid for record in between)
    assert enter.args == leave.args and leave.time_ns - enter.time_ns == leave.duration_ns > 0
    assert not enter.pieces and [piece.data for piece in leave.pieces] == [b"x"]


def test_a_plan_that_is_added_holds_from_then_on(program: str, new_trace: NewTrace) -> None:
    trace = new_trace(mixed=True)
    trace.spawn(program)
    trace.until(lambda r: r.kind == Kind.EXIT and r.nr == GETPPID)
    trace.ptrace.add_plan(X86_64 | GETPPID, NOTHING)
    trace.finish()
    assert len(trace.of(Kind.CALL, GETPPID)) == 49


def test_a_held_plan_copies_too(program: str, new_trace: NewTrace) -> None:
    plan = Plan((Op(Phase.ENTRY, What.BYTES, 1, From.ARG, 2, max=64),), NO_SELECTOR, PLAN_HOLD, 3).pack()
    trace = new_trace(mixed=True, follow=True, plan={X86_64 | WRITE: plan})
    trace.spawn(program)
    record = trace.until(lambda r: r.kind == Kind.ENTER and r.nr == WRITE)
    assert trace.ptrace.held() == record.tid
    assert [piece.data for piece in record.pieces] == [b"x"]
    assert trace.ptrace.read(record.tid, record.args[1], 1) == b"x"


def test_a_call_that_blocks_is_told_before_it_returns(new_trace: NewTrace, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    fifo = os.open(tmp_path / "fifo", os.O_RDWR)
    trace = new_trace(mixed=True, plan={X86_64 | READ: READ_PLAN})
    trace.spawn("head", "-c1", tmp_path / "fifo")
    entry = trace.until(lambda r: r.kind == Kind.ENTER and r.nr == READ)
    os.write(fifo, b"\n")
    leave = trace.until(lambda r: r.kind == Kind.EXIT and r.nr == READ)
    assert (leave.tid, leave.result) == (entry.tid, 1)
    os.close(fifo)


def test_wrong_plans_are_refused() -> None:
    with Ptrace_closed() as ptrace:
        with pytest.raises(ValueError, match="bytes"):
            ptrace.add_plan(X86_64, b"short")
        with pytest.raises(ValueError, match="key"):
            ptrace.add_plan(0, NOTHING)
        bad = Plan((Op(Phase.ENTRY, What.BYTES, 9, max=1),)).pack()
        with pytest.raises(ValueError, match="does not exist"):
            ptrace.add_subplan(X86_64 << 32, bad)
    with pytest.raises(ValueError, match="exclude"):
        Ptrace(hold=True, mixed=True)


class Ptrace_closed(Ptrace):
    """A tracer that is closed at the end of a block."""

    def __enter__(self) -> "Ptrace_closed":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()
