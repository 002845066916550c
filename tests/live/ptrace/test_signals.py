"""Signals and stops reach a traced program as they reach one that is not."""

import os
import signal
import struct
import time

import pytest

from trapgate.model.record import Kind

HANDLERS = r"""
#include <signal.h>
#include <unistd.h>
#include <stdlib.h>
static volatile sig_atomic_t got;
static void on(int sig, siginfo_t *info, void *x) { got += sig == SIGUSR1 && info->si_value.sival_int == 42; }
int main(void)
{
	struct sigaction a = {.sa_sigaction = on, .sa_flags = SA_SIGINFO};
	sigaction(SIGUSR1, &a, 0);
	for (int i = 0; i < 5; i++) sigqueue(getpid(), SIGUSR1, (union sigval){.sival_int = 42});
	return got;
}
"""


@pytest.mark.parametrize("hold", [True, False])
def test_handlers_run_and_siginfo_is_recorded(new_trace, compile_c, hold: bool) -> None:
    trace = new_trace(hold=hold).spawn(compile_c(HANDLERS)).finish()
    assert os.waitstatus_to_exitcode(trace.exit_status()) == 5
    signals = trace.of(Kind.SIGNAL)
    assert [r.nr for r in signals] == [signal.SIGUSR1] * 5
    for record in signals:
        (piece,) = record.pieces
        signo, _, code, _, pid, _, value = struct.unpack_from("7i", piece.data)
        assert (len(piece.data), signo, code, pid, value) == (128, signal.SIGUSR1, -1, trace.pid, 42)


def test_a_suppressed_signal_does_not_arrive(new_trace, compile_c) -> None:
    trace = new_trace(hold=True).spawn(compile_c(HANDLERS))
    while (records := trace.step()) is not None:
        if records[-1].kind == Kind.SIGNAL:
            trace.ptrace.suppress_signal(trace.ptrace.held())
    assert os.waitstatus_to_exitcode(trace.exit_status()) == 0


def test_a_delivered_signal_arrives(new_trace, compile_c) -> None:
    program = compile_c("#include <unistd.h>\nint main(void) { getppid(); pause(); return 0; }")
    trace = new_trace(hold=True).spawn(program)
    entry = trace.until(lambda r: r.kind == Kind.ENTER and r.nr == 110)
    trace.ptrace.deliver(entry.tid, signal.SIGTERM)
    trace.finish()
    assert trace.exit_status() == signal.SIGTERM


def test_death_by_signal(new_trace) -> None:
    trace = new_trace(follow=True).spawn("sh", "-c", "kill -SEGV $$").finish()
    assert trace.of(Kind.SIGNAL)[-1].nr == signal.SIGSEGV
    assert os.WTERMSIG(trace.exit_status()) == signal.SIGSEGV


def test_group_stop_lasts_until_sigcont(new_trace, wait_for_state) -> None:
    trace = new_trace(follow=True).spawn("sh", "-c", "kill -STOP $$; exit 6")
    stop = trace.until(lambda r: r.kind == Kind.STOP)
    assert stop.nr == signal.SIGSTOP
    assert [r.nr for r in trace.of(Kind.SIGNAL)] == [signal.SIGSTOP]
    wait_for_state(trace.pid, "Tt")
    end = time.monotonic() + 0.3
    while time.monotonic() < end:
        assert trace.ptrace.run(100) == b"", "it must not run while it is stopped"
    os.kill(trace.pid, signal.SIGCONT)
    trace.finish()
    assert [r.nr for r in trace.of(Kind.SIGNAL)] == [signal.SIGSTOP, signal.SIGCONT]
    assert os.waitstatus_to_exitcode(trace.exit_status()) == 6


def test_the_parent_sees_its_child_stop_and_go_on(new_trace, compile_c) -> None:
    program = compile_c(r"""
        #include <signal.h>
        #include <sys/wait.h>
        #include <unistd.h>
        int main(void) {
            int st;
            pid_t p = fork();
            if (!p) { raise(SIGSTOP); _exit(1); }
            if (waitpid(p, &st, WUNTRACED) != p || !WIFSTOPPED(st) || WSTOPSIG(st) != SIGSTOP) return 10;
            kill(p, SIGCONT);
            if (waitpid(p, &st, WCONTINUED) != p || !WIFCONTINUED(st)) return 11;
            if (waitpid(p, &st, 0) != p || !WIFEXITED(st) || WEXITSTATUS(st) != 1) return 12;
            return 0;
        }""")
    trace = new_trace(follow=True).spawn(program).finish()
    assert os.waitstatus_to_exitcode(trace.exit_status()) == 0
    assert [r.nr for r in trace.of(Kind.STOP)] == [signal.SIGSTOP]


def test_interrupted_calls_restart(new_trace, compile_c) -> None:
    program = compile_c(r"""
        #include <signal.h>
        #include <sys/time.h>
        #include <unistd.h>
        #include <errno.h>
        static void on(int s) {}
        int main(void) {
            struct sigaction a = {.sa_handler = on, .sa_flags = SA_RESTART};
            int fd[2]; char c;
            sigset_t child;  /* the child's end would interrupt too, at any moment */
            sigemptyset(&child);
            sigaddset(&child, SIGCHLD);
            sigprocmask(SIG_BLOCK, &child, 0);
            sigaction(SIGALRM, &a, 0);
            pipe(fd);
            if (!fork()) { usleep(200000); write(fd[1], "x", 1); _exit(0); }
            ualarm(50000, 0);
            if (read(fd[0], &c, 1) != 1) return 1;
            a.sa_flags = 0;
            sigaction(SIGALRM, &a, 0);
            ualarm(50000, 0);
            return read(fd[0], &c, 1) == -1 && errno == EINTR ? 0 : 2;
        }""")
    trace = new_trace(follow=True).spawn(program).finish()
    assert os.waitstatus_to_exitcode(trace.exit_status()) == 0
    reads = [r.result for r in trace.of(Kind.CALL, 0) if r.pid == trace.pid and r.args[2] == 1]
    assert reads == [-512, 1, -512], "ERESTARTSYS twice, told as it was"
