"""The ptrace source follows processes, threads and exec as the kernel makes them."""

import os
import signal

from trapgate.model.record import Kind

EXECVE, GETPPID, EXIT_GROUP = 59, 110, 231
FORK_EVENT, VFORK_EVENT, CLONE_EVENT = 1, 2, 3


def test_the_first_record_is_the_execve(new_trace) -> None:
    trace = new_trace(hold=True).spawn("true")
    first = trace.step()[0]
    assert (first.kind, first.nr, first.tid) == (Kind.ENTER, EXECVE, trace.pid)
    path, terminated = trace.ptrace.read_string(first.tid, first.args[0], 4096)
    assert terminated and path.endswith(b"/true\0")
    trace.finish()
    assert [r.kind for r in trace.records[1:3]] == [Kind.EXEC, Kind.EXIT]
    assert trace.exit_status() == 0


def test_hold_mode_pairs_every_entry_with_an_exit(new_trace) -> None:
    trace = new_trace(hold=True).spawn("true").finish()
    calls = [r for r in trace.records if r.kind in (Kind.ENTER, Kind.EXIT)]
    assert calls.pop().nr == EXIT_GROUP, "the last entry never returns"
    for entry, end in zip(calls[::2], calls[1::2], strict=True):
        assert (entry.kind, end.kind) == (Kind.ENTER, Kind.EXIT)
        assert (entry.nr, entry.args) == (end.nr, end.args)
        assert end.time_ns == entry.time_ns + end.duration_ns


def test_batch_mode_sees_the_same_calls_as_hold_mode(new_trace, compile_c) -> None:
    program = compile_c("#include <unistd.h>\nint main(void) { for (int i = 0; i < 100; i++) getppid(); return 7; }")
    held = new_trace(hold=True).spawn(program).finish()
    batch = new_trace().spawn(program).finish()
    assert [r.nr for r in held.of(Kind.ENTER)] == [r.nr for r in batch.records if r.kind in (Kind.CALL, Kind.ENTER)]
    assert [r.result for r in batch.of(Kind.CALL, GETPPID)] == [os.getpid()] * 100
    assert batch.of(Kind.ENTER)[-1].nr == EXIT_GROUP
    assert os.waitstatus_to_exitcode(batch.exit_status()) == os.waitstatus_to_exitcode(held.exit_status()) == 7


def test_a_failed_exec_is_told(new_trace, tmp_path) -> None:
    trace = new_trace(hold=True)
    missing = os.fsencode(tmp_path / "missing")
    trace.pid = trace.ptrace.spawn(missing, [missing], [])
    trace.finish()
    assert [r.kind for r in trace.records] == [Kind.ENTER, Kind.EXIT, Kind.TASK_EXIT]
    assert trace.records[1].result == -2
    assert trace.ptrace.exec_error() == 2
    assert os.waitstatus_to_exitcode(trace.exit_status()) == 1


FAMILY = r"""
#include <sched.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
#include <sys/syscall.h>
static void *work(void *x) { syscall(SYS_getppid); return x; }
int main(void)
{
	pthread_t t;
	pid_t p = syscall(SYS_fork);
	if (!p) { syscall(SYS_getppid); _exit(3); }
	waitpid(p, 0, 0);
	if (!(p = vfork())) _exit(4);
	waitpid(p, 0, 0);
	pthread_create(&t, 0, work, 0);
	pthread_join(t, 0);
	return 5;
}
"""


def test_fork_vfork_and_threads_are_followed(new_trace, compile_c) -> None:
    trace = new_trace(follow=True).spawn(compile_c(FAMILY)).finish()
    forks = trace.of(Kind.FORK)
    assert [r.args[1] for r in forks] == [FORK_EVENT, VFORK_EVENT, CLONE_EVENT]
    forked, vforked, thread = (r.nr for r in forks)
    assert [r.args[0] for r in forks] == [forked, vforked, trace.pid], "a thread's process is its maker's"
    assert {r.tid for r in trace.of(Kind.ATTACH)} == {forked, vforked, thread}
    assert {(r.pid, r.tid) for r in trace.of(Kind.CALL, GETPPID)} == {(forked, forked), (trace.pid, thread)}
    assert os.waitstatus_to_exitcode(trace.exit_status(forked)) == 3
    assert os.waitstatus_to_exitcode(trace.exit_status(vforked)) == 4
    assert os.waitstatus_to_exitcode(trace.exit_status()) == 5


def test_without_follow_children_run_untraced(new_trace, compile_c) -> None:
    trace = new_trace().spawn(compile_c(FAMILY)).finish()
    assert {r.tid for r in trace.records} == {trace.pid}
    assert os.waitstatus_to_exitcode(trace.exit_status()) == 5


EXEC_BY_THREAD = r"""
#include <pthread.h>
#include <unistd.h>
static void *run(void *x) { usleep(20000); execl("/bin/sh", "sh", "-c", "exit 9", (char *)0); return x; }
int main(void) { pthread_t t; pthread_create(&t, 0, run, 0); for (;;) pause(); }
"""


def test_exec_by_another_thread_supersedes_the_leader(new_trace, compile_c) -> None:
    for hold in (True, False):
        trace = new_trace(follow=True, hold=hold).spawn(compile_c(EXEC_BY_THREAD)).finish()
        (thread,) = (r.nr for r in trace.of(Kind.FORK))
        execs = trace.of(Kind.EXEC)
        assert [(r.pid, r.tid, r.nr) for r in execs] == [(trace.pid, trace.pid, 0), (trace.pid, trace.pid, thread)]
        done = [r for r in trace.of(Kind.EXIT if hold else Kind.CALL, EXECVE) if r.result == 0]
        assert [r.tid for r in done] == [trace.pid, trace.pid]
        assert os.waitstatus_to_exitcode(trace.exit_status()) == 9
        assert not [r for r in trace.of(Kind.TASK_EXIT) if r.tid == thread], "the thread goes on as the leader"
        if not hold:
            (pause,) = trace.of(Kind.ENTER, 34)
            assert pause.tid == trace.pid
            assert trace.records.index(pause) < trace.records.index(execs[1])


def test_many_threads_that_come_and_go(new_trace, compile_c) -> None:
    program = compile_c(r"""
        #include <pthread.h>
        #include <unistd.h>
        #include <sys/syscall.h>
        static void *work(void *x) { for (int i = 0; i < 50; i++) syscall(SYS_getppid); return x; }
        int main(void) {
            for (int round = 0; round < 10; round++) {
                pthread_t t[16];
                for (int i = 0; i < 16; i++) pthread_create(&t[i], 0, work, 0);
                for (int i = 0; i < 16; i++) pthread_join(t[i], 0);
            }
            return 0;
        }""")
    trace = new_trace(follow=True).spawn(program).finish()
    assert len(trace.of(Kind.FORK)) == len(trace.of(Kind.ATTACH)) == 160
    assert len(trace.of(Kind.CALL, GETPPID)) == 160 * 50
    assert len(trace.of(Kind.TASK_EXIT)) == 161
    assert trace.of(Kind.TASK_EXIT)[-1].args[0] == 0


def test_a_busy_thread_does_not_starve_others(new_trace, compile_c) -> None:
    program = compile_c(r"""
        #include <pthread.h>
        #include <unistd.h>
        #include <sys/syscall.h>
        static void *spin(void *x) { for (;;) syscall(SYS_getppid); }
        int main(void) {
            pthread_t t[3];
            for (int i = 0; i < 3; i++) pthread_create(&t[i], 0, spin, 0);
            for (int i = 0; i < 200; i++) syscall(SYS_getpid);
            return 0;
        }""")
    trace = new_trace(follow=True).spawn(program).finish()
    assert len(trace.of(Kind.CALL, 39)) == 200
    assert len({r.tid for r in trace.of(Kind.CALL, GETPPID)}) == 3


def test_killed_in_the_middle_of_a_call(new_trace) -> None:
    trace = new_trace(follow=True).spawn("sleep", "100")
    while not trace.records:
        trace.step()
    os.kill(trace.pid, signal.SIGKILL)
    trace.finish()
    last, ending, end = trace.records[-3:]
    assert (last.kind, last.nr) == (Kind.ENTER, 230)
    assert (ending.kind, ending.nr, end.kind, end.nr) == (Kind.EXITING, signal.SIGKILL, Kind.TASK_EXIT, signal.SIGKILL)


def test_a_child_that_is_not_traced_is_not_lost(new_trace) -> None:
    trace = new_trace()
    other = os.posix_spawn("/bin/false", ["false"], {})
    trace.spawn("sleep", "0.2").finish()
    if not (strays := trace.ptrace.take_strays()):
        strays = [os.waitpid(other, 0)]
    assert strays == [(other, 1 << 8)]
    assert trace.ptrace.take_strays() == []
