"""A refused attach names its cause."""

import errno
import os
import subprocess
import sys

import pytest

from trapgate.sources import abilities, ptrace
from trapgate.sources.ptrace import AttachError, Ptrace, cannot_attach


def refusal(pid: int) -> AttachError:
    with pytest.raises(AttachError) as caught:
        Ptrace().attach(pid)
    error = caught.value
    assert (error.operation, error.pid) == ("PTRACE_SEIZE", pid)
    return error


def test_a_process_that_does_not_exist() -> None:
    error = refusal(2**22 - 1)
    assert (error.errno, error.cause) == (errno.ESRCH, "gone")


def test_a_zombie(wait_for_state) -> None:
    pid = os.posix_spawn("/bin/true", ["true"], {})
    wait_for_state(pid, "Z")
    error = refusal(pid)
    os.waitpid(pid, 0)
    assert (error.errno, error.cause) == (errno.EPERM, "zombie")


def test_the_tracer_itself() -> None:
    assert refusal(os.getpid()).cause == "self"


def test_a_kernel_thread() -> None:
    if not ptrace.is_kernel_thread(2):
        pytest.skip("process 2 is no kernel thread: this is a container")
    assert refusal(2).cause == "kernel"


def test_a_process_with_another_tracer(running) -> None:
    process = running("sh", "-c", "echo; exec sleep 100")
    first = Ptrace()
    first.attach(process.pid)
    error = refusal(process.pid)
    assert (error.cause, error.tracer) == ("traced", os.getpid())
    assert str(os.getpid()) in str(cannot_attach(error))
    first.detach_all()
    first.close()


def test_another_users_process() -> None:
    if os.getuid() != 0:
        pytest.skip("needs root to become somebody else")
    script = f"""
import os
import trapgate.sources.abilities
from trapgate.sources.ptrace import AttachError, Ptrace, cannot_attach
os.setgroups([]); os.setgid(65534); os.setuid(65534)  # who may not be allowed to read the modules
try:
    Ptrace().attach({os.getpid()})
except AttachError as error:
    print(error.cause, cannot_attach(error).hint, sep="|")
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.stdout == "user|run as that user or as root\n", done.stderr


def test_yama_is_named(monkeypatch: pytest.MonkeyPatch, running) -> None:
    process = running("sh", "-c", "echo; exec sleep 100")
    real = abilities.read_text
    monkeypatch.setattr(abilities, "read_text", lambda path: "3" if "yama" in path else real(path))
    assert ptrace.find_cause(process.pid, errno.EPERM)[:2] == ("yama", "kernel.yama.ptrace_scope is 3")
