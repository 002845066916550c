"""The tracer may narrow a program's CPU mask for speed; neither the program nor its heirs ever see it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from trapgate.model.record import Kind

pytestmark = pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="needs two CPUs")

OBSERVER = r"""
#include <sched.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <sys/syscall.h>
static cpu_set_t before;
static void hammer(int n) { while (n--) syscall(SYS_getppid); }
static void check(int code)
{
	cpu_set_t now;
	if (sched_getaffinity(0, sizeof now, &now)) _exit(99);
	if (!CPU_EQUAL(&now, &before)) _exit(code);
}
static void *thread(void *x) { check(3); hammer(300); check(4); return x; }
int main(int argc, char **argv)
{
	pthread_t t;
	int st;
	if (argc > 1) {                     /* after exec: argv[1] is the count that main() saw */
		sched_getaffinity(0, sizeof before, &before);
		return CPU_COUNT(&before) == atoi(argv[1]) ? 0 : 9;
	}
	sched_getaffinity(0, sizeof before, &before);
	for (int i = 0; i < 20; i++) { hammer(300); check(2); }
	hammer(300);
	pthread_create(&t, 0, thread, 0);
	hammer(300);
	pthread_join(t, 0);
	hammer(300);
	if (!fork()) { check(5); hammer(300); check(6); _exit(0); }
	wait(&st);
	if (st) return WEXITSTATUS(st);
	hammer(300);
	cpu_set_t one;
	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	if (sched_setaffinity(0, sizeof one, &one)) return 98;
	hammer(300);
	before = one;
	check(7);
	hammer(300);
	execl("/proc/self/exe", "observer", "1", (char *)0);
	return 97;
}
"""


@pytest.mark.parametrize("hold", [True, False])
def test_the_program_sees_its_own_mask(new_trace, compile_c, hold: bool) -> None:
    own = os.sched_getaffinity(0)
    trace = new_trace(follow=True, hold=hold).spawn(compile_c(OBSERVER)).finish()
    assert {os.waitstatus_to_exitcode(r.nr) for r in trace.of(Kind.TASK_EXIT)} == {0}
    assert len(trace.of(Kind.EXIT if hold else Kind.CALL, 110)) == 300 * 28
    assert os.sched_getaffinity(0) == own, "the tracer's own mask too"


SPINNER = r"""
#include <stdio.h>
#include <unistd.h>
#include <sys/syscall.h>
int main(void) { puts("ready"); fflush(stdout); for (;;) syscall(SYS_getppid); }
"""
TRACER = """
import sys
from trapgate._core import Ptrace
ptrace = Ptrace()
ptrace.attach(int(sys.argv[1]))
while ptrace.run() is not None:
    pass
"""


def wait_for_mask(pid: int, matches: Callable[[set[int]], bool]) -> None:
    end = time.monotonic() + 10
    while not matches(mask := os.sched_getaffinity(pid)):
        assert time.monotonic() < end, f"the mask stays {mask}"
        time.sleep(0.001)


def test_a_killed_tracer_leaves_the_mask_as_it_was(compile_c, running) -> None:
    process = running(compile_c(SPINNER))
    own = os.sched_getaffinity(process.pid)
    tracer = subprocess.Popen([sys.executable, "-c", TRACER, str(process.pid)])
    try:
        wait_for_mask(process.pid, lambda mask: len(mask) == 1)
    finally:
        tracer.send_signal(signal.SIGKILL)
        tracer.wait()
    wait_for_mask(process.pid, lambda mask: mask == own)


def test_a_program_that_falls_silent_is_free_again(new_trace, compile_c, running) -> None:
    process = running(compile_c(SPINNER.replace("for (;;) syscall(SYS_getppid);", "getchar(); MORE").replace(
        "MORE", "for (int i = 0; i < 2000; i++) syscall(SYS_getppid); pause();")))  # fmt: skip
    own = os.sched_getaffinity(process.pid)
    trace = new_trace()
    trace.ptrace.attach(process.pid)
    process.stdin.write("\n")
    process.stdin.flush()
    while len(trace.of(Kind.CALL, 110)) < 2000:
        trace.step()
    for _ in range(3):
        trace.ptrace.run(100)
    assert os.sched_getaffinity(process.pid) == own
    trace.ptrace.detach_all()
    trace.finish()
