"""Attaching and letting go leave a program as it was, also when the tracer is killed."""

import errno
import os
import signal
import subprocess
import sys
import time

import pytest

from trapgate._core import TraceError
from trapgate.model.record import Kind

TICKER = r"""
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>
#include <stdlib.h>
#include <sys/syscall.h>
static volatile unsigned long ticks;
static void *work(void *x) { for (;;) { syscall(SYS_getppid); ticks++; usleep(1000); } }
static void *wait_on_pipe(void *x) { int fd[2]; char c; pipe(fd); if (read(fd[0], &c, 1) <= 0) abort(); return x; }
int main(int argc, char **argv)
{
	pthread_t t;
	int n = argc > 1 ? atoi(argv[1]) : 3;
	for (int i = 0; i < n; i++) pthread_create(&t, 0, work, 0);
	pthread_create(&t, 0, wait_on_pipe, 0);
	puts("ready"); fflush(stdout);
	char line[16];
	while (fgets(line, sizeof line, stdin)) { printf("%lu\n", ticks); fflush(stdout); }
	return 0;
}
"""


def ticks(process) -> int:
    """The program's own count of calls made."""
    process.stdin.write("?\n")
    process.stdin.flush()
    return int(process.stdout.readline())


def assert_it_ticks(process) -> None:
    before = ticks(process)
    end = time.monotonic() + 10
    while ticks(process) < before + 20:
        assert time.monotonic() < end, "the program is frozen"
        time.sleep(0.01)


def threads_of(pid: int) -> set[int]:
    return {int(name) for name in os.listdir(f"/proc/{pid}/task")}


@pytest.mark.parametrize("hold", [True, False])
def test_all_threads_are_attached_and_let_go(new_trace, compile_c, running, proc_status, hold: bool) -> None:
    process = running(compile_c(TICKER))
    trace = new_trace(follow=True, hold=hold)
    threads = threads_of(process.pid)
    assert set(trace.ptrace.attach(process.pid, threads=True)) == threads
    while len({r.tid for r in trace.records if r.nr == 110}) < 3 or len(trace.of(Kind.ATTACH)) < len(threads):
        trace.step()
    assert {r.tid for r in trace.of(Kind.ATTACH)} == threads
    assert {r.pid for r in trace.records} == {process.pid}
    trace.ptrace.detach_all()
    trace.finish()
    assert {r.tid for r in trace.of(Kind.DETACH)} == threads
    assert trace.ptrace.tasks() == []
    assert proc_status(process.pid)["TracerPid"] == "0"
    assert_it_ticks(process)
    assert process.poll() is None


def test_an_open_call_is_told_at_detach(new_trace, running) -> None:
    process = running("sh", "-c", "echo; exec sleep 100")
    time.sleep(0.2)
    trace = new_trace()
    trace.ptrace.attach(process.pid)
    trace.until(lambda r: r.kind == Kind.ATTACH)
    trace.ptrace.run(200)
    trace.ptrace.detach_all()
    trace.finish()
    call, end = trace.records[-2:]
    assert (call.kind, call.nr, end.kind) == (Kind.ENTER, 219, Kind.DETACH), "restart_syscall goes on"
    assert process.poll() is None


def test_one_thread_alone(new_trace, compile_c, running) -> None:
    process = running(compile_c(TICKER))
    trace = new_trace()
    tid = sorted(threads_of(process.pid))[1]
    assert trace.ptrace.attach(tid) == [tid]
    call = trace.until(lambda r: r.kind == Kind.CALL)
    assert (call.pid, call.tid) == (process.pid, tid)
    trace.ptrace.detach(tid)
    trace.finish()
    assert trace.records[-1].kind == Kind.DETACH
    assert_it_ticks(process)


def test_threads_born_while_attaching(new_trace, compile_c, running) -> None:
    program = compile_c(r"""
        #include <pthread.h>
        #include <stdio.h>
        #include <unistd.h>
        static void *brief(void *x) { return x; }
        static void *breed(void *x) { for (;;) { pthread_t t; pthread_create(&t, 0, brief, 0); pthread_join(t, 0); } }
        int main(void) { pthread_t t; for (int i = 0; i < 3; i++) pthread_create(&t, 0, breed, 0);
            puts("ready"); fflush(stdout); pause(); }""")
    process = running(program)
    trace = new_trace(follow=True)
    trace.ptrace.attach(process.pid, threads=True)
    while len(trace.of(Kind.FORK)) < 200:
        trace.step()
    unattached = [tid for tid in threads_of(process.pid) if tid not in trace.ptrace.tasks()]
    for tid in unattached:  # born after the table was last brought up to date: the kernel has it all the same
        try:
            with open(f"/proc/{process.pid}/task/{tid}/status") as status:
                assert f"TracerPid:\t{os.getpid()}\n" in status.read()
        except (FileNotFoundError, ProcessLookupError):
            continue
    trace.ptrace.detach_all()
    trace.finish()
    assert process.poll() is None


def test_a_stopped_program_stays_stopped(new_trace, compile_c, running, wait_for_state) -> None:
    process = running(compile_c(TICKER))
    os.kill(process.pid, signal.SIGSTOP)
    wait_for_state(process.pid, "T")
    trace = new_trace(follow=True)
    trace.ptrace.attach(process.pid, threads=True)
    stop = trace.until(lambda r: r.kind == Kind.STOP)
    assert stop.nr == signal.SIGSTOP
    trace.ptrace.detach_all()
    trace.finish()
    wait_for_state(process.pid, "T")
    os.kill(process.pid, signal.SIGCONT)
    assert_it_ticks(process)


TRACER = """
import sys
from trapgate._core import Ptrace
p = Ptrace(follow=True, hold=sys.argv[2] == "hold", kill_on_exit=sys.argv[2] == "kill")
p.attach(int(sys.argv[1]), threads=True)
n = 0
while True:
    view = p.run(1000)
    n += 1
    if n == 40:
        print("tracing", flush=True)
    if n >= 40 and sys.argv[2] == "hold":
        sys.stdin.read()
"""


@pytest.mark.parametrize("mode", ["batch", "hold", "kill"])
def test_the_tracer_is_killed(compile_c, running, wait_for_state, mode: str) -> None:
    process = running(compile_c(TICKER, "-O0"), "8")
    tracer = subprocess.Popen(
        [sys.executable, "-c", TRACER, str(process.pid), mode], stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True
    )
    try:
        assert tracer.stdout is not None and tracer.stdout.readline() == "tracing\n"
    finally:
        tracer.kill()
        tracer.communicate()
    if mode == "kill":
        assert process.wait(10) == -signal.SIGKILL
        return
    assert_it_ticks(process)
    assert {wait_for_state(tid, "SR") for tid in threads_of(process.pid)} <= {"S", "R"}


def test_what_cannot_be_attached(new_trace, running) -> None:
    trace = new_trace()
    with pytest.raises(TraceError) as gone:
        trace.ptrace.attach(2**22 - 1)
    assert (gone.value.errno, gone.value.operation, gone.value.pid) == (errno.ESRCH, "PTRACE_SEIZE", 2**22 - 1)
    with pytest.raises(TraceError) as oneself:
        trace.ptrace.attach(os.getpid())
    assert oneself.value.errno == errno.EPERM


def test_two_tracers_do_not_share_a_program(new_trace, running) -> None:
    process = running("sh", "-c", "echo; exec sleep 100")
    first, second = new_trace(), new_trace()
    first.ptrace.attach(process.pid)
    with pytest.raises(TraceError) as taken:
        second.ptrace.attach(process.pid)
    assert taken.value.errno == errno.EPERM


def test_a_tracer_belongs_to_its_thread(new_trace) -> None:
    import threading

    trace = new_trace().spawn("true")
    raised: list[TraceError] = []

    def run_elsewhere() -> None:
        try:
            trace.ptrace.run(0)
        except TraceError as error:
            raised.append(error)

    thread = threading.Thread(target=run_elsewhere)
    thread.start()
    thread.join()
    assert raised and "another thread" in str(raised[0])
    trace.finish()


def test_ctrl_c_reaches_python_while_nothing_happens(new_trace) -> None:
    trace = new_trace().spawn("sleep", "100")
    signal.setitimer(signal.ITIMER_REAL, 0.5)
    previous = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            trace.finish()
    finally:
        signal.signal(signal.SIGALRM, previous)
    trace.ptrace.detach_all()
    trace.finish()
    assert trace.records[-1].kind == Kind.DETACH
    os.kill(trace.pid, signal.SIGKILL)
    os.waitpid(trace.pid, 0)


def test_a_closed_tracer_lets_go(new_trace, compile_c, running, proc_status) -> None:
    from trapgate._core import Ptrace

    process = running(compile_c(TICKER))
    ptrace = Ptrace(follow=True)
    ptrace.attach(process.pid, threads=True)
    ptrace.run(100)
    del ptrace
    assert proc_status(process.pid)["TracerPid"] == "0"
    assert_it_ticks(process)


def test_a_leader_that_has_ended_before_its_threads(new_trace, compile_c, proc_status) -> None:
    program = compile_c(r"""
        #include <pthread.h>
        #include <stdio.h>
        #include <unistd.h>
        #include <sys/syscall.h>
        static void *work(void *x) { for (;;) { syscall(SYS_getppid); usleep(1000); } }
        int main(void) { pthread_t t; pthread_create(&t, 0, work, 0);
            getchar(); puts("ready"); fflush(stdout); syscall(SYS_exit, 0); }""")
    trace = new_trace(follow=True).spawn("sh", "-c", f"echo | {program} > /dev/null & wait")
    leader = trace.until(lambda r: r.kind == Kind.CALL and r.nr == 110 and r.tid != r.pid).pid
    while proc_status(leader)["State"][0] != "Z":
        trace.step()
    begin = time.monotonic()
    trace.ptrace.detach_all()
    assert time.monotonic() - begin < 1.5, "there is nothing to wait for"
    trace.finish()
    os.kill(leader, signal.SIGKILL)
    os.kill(trace.pid, signal.SIGKILL)


def test_sigchld_may_be_ignored(new_trace) -> None:
    previous = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        trace = new_trace(follow=True).spawn("sh", "-c", "true; exit 3").finish()
    finally:
        signal.signal(signal.SIGCHLD, previous)
    assert os.waitstatus_to_exitcode(trace.exit_status()) == 3
