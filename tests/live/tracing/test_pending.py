"""Calls that go on: shown while they do, whole when they end, told of when tracing ends first."""

import json
import re
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

SOURCES = ("bpf", "ptrace")
PATIENCE_S = 30


def wait_until(is_true: Callable[[], bool]) -> None:
    """Wait until it is, or fail."""
    end = time.monotonic() + PATIENCE_S
    while not is_true():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.fixture
def trace(program: Path, tmp_path: Path) -> Callable[..., tuple["subprocess.Popen[bytes]", Path]]:
    """Starts `trapgate trace` with its input a pipe; the process and its log."""

    def start(*words: str | Path) -> tuple["subprocess.Popen[bytes]", Path]:
        log = tmp_path / "log"
        command = [program, "trace", "-o", log, *words]
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL), log

    return start


def shows(log: Path, pattern: str) -> Callable[[], bool]:
    return lambda: log.exists() and re.search(pattern, log.read_text(), re.MULTILINE) is not None


@pytest.mark.parametrize("source", SOURCES)
def test_a_call_is_shown_while_it_goes_on(source: str, trace: Callable[..., tuple["subprocess.Popen[bytes]", Path]]):
    tracer, log = trace("--source", source, "-e", "trace=read", "cat")
    assert tracer.stdin is not None
    wait_until(shows(log, r"^read\(0$"))
    tracer.stdin.write(b"hi\n")
    tracer.stdin.flush()
    wait_until(shows(log, r'^read\(0, "hi\\n", \d+\) += 3$'))
    tracer.stdin.close()
    assert tracer.wait(PATIENCE_S) == 0
    assert re.search(r'^read\(0, "", \d+\) += 0$', log.read_text(), re.MULTILINE)


@pytest.mark.parametrize("source", SOURCES)
def test_calls_that_go_on_in_two_tasks(source: str, trace: Callable[..., tuple["subprocess.Popen[bytes]", Path]]):
    calls = "trace=wait4,nanosleep,clock_nanosleep"
    tracer, log = trace("--source", source, "-f", "-e", calls, "sh", "-c", "(sleep 1; :); :")
    tracer.communicate(timeout=PATIENCE_S)
    begun = re.findall(r"^(\d+) +(\w+)\(.* <unfinished \.\.\.>$", log.read_text(), re.MULTILINE)
    ended = re.findall(r"^(\d+) +<\.\.\. (\w+) resumed>.*\) += \d+$", log.read_text(), re.MULTILINE)
    assert begun and sorted(begun) == sorted(ended)


def test_a_call_is_told_of_when_tracing_ends_first(trace: Callable[..., tuple["subprocess.Popen[bytes]", Path]]):
    sleeper = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    try:
        wait_until(lambda: Path(f"/proc/{sleeper.pid}/wchan").exists())
        tracer, log = trace("--source", "bpf", "--json", "-p", str(sleeper.pid))
        wait_until(log.exists)
        assert sleeper.stdin is not None
        given = sleeper.stdin

        def is_shown() -> bool:  # the first may have been written before tracing began
            given.write(b"x")
            given.flush()
            return shows(log, '"name":"read"')()

        wait_until(is_shown)
        tracer.send_signal(signal.SIGINT)
        tracer.communicate(timeout=PATIENCE_S)
    finally:
        sleeper.kill()
        sleeper.communicate()
    events = [json.loads(line) for line in log.read_text().splitlines()]
    assert "duration" not in next(event for event in events if event["kind"] == "call")
    assert (events[-1]["kind"], events[-1]["name"], events[-1]["args"]) == ("unfinished", "read", {"fd": 0})
