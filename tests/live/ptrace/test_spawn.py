"""How a program is started: as whom, with which descriptors and signals, and around the tracer."""

import json
import os
import signal
import subprocess
import sys

import pytest

from trapgate._core import Ptrace, TraceError
from trapgate.model.record import Kind

SHOW = r"""
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
#include <sys/types.h>
#include <dirent.h>
#include <stdlib.h>
int main(int argc, char **argv)
{
	uid_t u[3]; gid_t g[3], groups[8];
	struct sigaction a;
	sigset_t mask;
	FILE *out = fopen(argv[1], "w");
	getresuid(u, u + 1, u + 2); getresgid(g, g + 1, g + 2);
	int n = getgroups(8, groups), ignored = 0, blocked = 0, fds = 0;
	for (int s = 1; s < 65; s++) {
		if (sigaction(s, 0, &a) == 0) ignored += a.sa_handler != SIG_DFL;
	}
	sigprocmask(0, 0, &mask);
	for (int s = 1; s < 65; s++) blocked += sigismember(&mask, s) == 1;
	DIR *d = opendir("/proc/self/fd");
	while (readdir(d)) fds++;
	fprintf(out, "{\"ids\": [%d, %d, %d, %d], \"groups\": [", u[0], u[1], g[0], g[1]);
	for (int i = 0; i < n; i++) fprintf(out, "%s%d", i ? ", " : "", groups[i]);
	/* . and .., 0 1 2, the file and the folder itself */
	fprintf(out, "], \"handled\": %d, \"blocked\": %d, \"fds\": %d, ", ignored, blocked, fds - 7);
	fprintf(out, "\"pid\": %d, \"ppid\": %d, \"pgid\": %d, \"sid\": %d}\n", getpid(), getppid(), getpgid(0), getsid(0));
	return fclose(out);
}
"""


def test_signals_and_descriptors_are_a_fresh_programs(new_trace, compile_c, tmp_path) -> None:
    output = tmp_path / "shown"
    new_trace(follow=True).spawn(compile_c(SHOW), output).finish()
    shown = json.loads(output.read_text())
    inherited = [fd for fd in os.listdir("/proc/self/fd") if fd not in "012" and _is_inheritable(int(fd))]
    assert (shown["handled"], shown["blocked"], shown["fds"]) == (0, 0, len(inherited))
    assert shown["ppid"] == os.getpid()


def _is_inheritable(fd: int) -> bool:
    try:
        return os.get_inheritable(fd)
    except OSError:
        return False


def test_as_another_user(new_trace, compile_c, tmp_path) -> None:
    if os.getuid() != 0:
        pytest.skip("needs root to become somebody else")
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == 0 and folder != folder.parent and "pytest" in str(folder):
            folder.chmod(0o777)
    program, output = compile_c(SHOW), tmp_path / "shown"
    output.touch()
    output.chmod(0o666)
    trace = new_trace(follow=True)
    words = [os.fsencode(program), os.fsencode(output)]
    trace.pid = trace.ptrace.spawn(words[0], words, [], uid=65534, gid=65533, euid=65532, groups=[7, 9])
    trace.finish()
    assert os.waitstatus_to_exitcode(trace.exit_status()) == 0
    shown = json.loads(output.read_text())
    assert (shown["ids"], shown["groups"]) == ([65534, 65532, 65533, 65533], [7, 9])
    assert trace.of(Kind.CALL)[0].nr == 59, "the change of user is not the program's"


def test_what_cannot_be_prepared_is_named(new_trace) -> None:
    script = """
import os
from trapgate._core import Ptrace, TraceError
os.setgroups([]); os.setgid(65534); os.setuid(65534)
try:
    Ptrace().spawn(b"/bin/true", [b"true"], [], uid=0, groups=[])
except TraceError as error:
    print(error.operation, error.errno)
"""
    if os.getuid() != 0:
        pytest.skip("needs root to become somebody else")
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.stdout == "setgroups 1\n", done.stderr


@pytest.mark.parametrize("wrong", [(b"/bin/true", ["true"], []), (b"/bin/true", [b"a\0b"], []), (b"/bin/true", (), [])])
def test_wrong_words_are_refused(new_trace, wrong) -> None:
    with pytest.raises((TypeError, ValueError)):
        new_trace().ptrace.spawn(*wrong)


DAEMON = """
import json, os, sys
from trapgate._core import Ptrace
from trapgate.model.record import Kind, parse_record
level, program, output, log = int(sys.argv[1]), *sys.argv[2:]
before = os.getpid()
ptrace = Ptrace(follow=True)
pid = ptrace.spawn(os.fsencode(program), [os.fsencode(program), os.fsencode(output)], [], daemon=level)
records = []
while (view := ptrace.run()) is not None:
    offset = 0
    while offset < len(view):
        record, offset = parse_record(view, offset)
        records.append((record.kind, record.tid, record.nr))
with open(log + ".part", "w") as file:
    json.dump({"before": before, "program": pid, "tracer": os.getpid(), "pgid": os.getpgid(0), "sid": os.getsid(0),
               "first": next(r for r in records if r[0] == Kind.CALL), "last": records[-1]}, file)
os.rename(log + ".part", log)
"""


@pytest.mark.parametrize("level", [1, 2, 3])
def test_the_caller_becomes_the_program(compile_c, tmp_path, level: int) -> None:
    import time

    output, log = tmp_path / "shown", tmp_path / "log"
    caller = subprocess.Popen([sys.executable, "-c", DAEMON, str(level), str(compile_c(SHOW)), str(output), str(log)])
    assert caller.wait(30) == 0
    end = time.monotonic() + 10
    while not log.exists():
        assert time.monotonic() < end, "the tracer left no log"
        time.sleep(0.01)
    shown, told = json.loads(output.read_text()), json.loads(log.read_text())
    assert shown["pid"] == caller.pid == told["before"] == told["program"] != told["tracer"]
    assert shown["ppid"] == os.getpid()
    assert (told["pgid"] == shown["pgid"], told["sid"] == shown["sid"]) == (level == 1, level < 3)
    assert told["first"] == [Kind.CALL, caller.pid, 59]
    assert told["last"] == [Kind.TASK_EXIT, caller.pid, 0]


def test_a_program_whose_starter_is_killed_ends(wait_for_state) -> None:
    script = """
import os, signal
from trapgate._core import Ptrace
ptrace = Ptrace(kill_on_exit=True)
print(ptrace.spawn(b"/bin/sleep", [b"sleep", b"100"], []), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == -signal.SIGKILL
    try:
        wait_for_state(int(done.stdout), "ZX")
    except FileNotFoundError:
        return


def test_a_finished_tracer_says_so() -> None:
    ptrace = Ptrace()
    pid = ptrace.spawn(b"/bin/true", [b"true"], [])
    while ptrace.run() is not None:
        pass
    with pytest.raises(TraceError):
        ptrace.detach(pid)
    with pytest.raises(TraceError, match="not held"):
        ptrace.set_result(pid, 0)
    assert ptrace.run() is None
    ptrace.close()
    with pytest.raises(ValueError, match="closed"):
        ptrace.run()
