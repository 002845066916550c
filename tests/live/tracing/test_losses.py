"""What the bpf source could not keep is counted, told where it is missing, and a failure with --strict."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from trapgate.model.errors import CannotTraceError
from trapgate.sources.bpf_count import BpfCount

pytestmark = pytest.mark.live

Run = Callable[..., "subprocess.CompletedProcess[str]"]
CALLS = 300_000
PROGRAM = f"""
#include <sys/syscall.h>
#include <unistd.h>
int main(void) {{ for (int i = 0; i < {CALLS}; i++) syscall(SYS_getppid); return 0; }}
"""


@pytest.fixture(autouse=True)
def bpf() -> None:
    try:
        BpfCount().close()
    except CannotTraceError as error:
        pytest.skip(f"{error}; {error.hint}")


@pytest.fixture
def flood(tmp_path: Path) -> Path:
    """A program that makes many calls."""
    (tmp_path / "flood.c").write_text(PROGRAM)
    subprocess.run(["gcc", "-O1", tmp_path / "flood.c", "-o", tmp_path / "flood"], check=True)
    return tmp_path / "flood"


def test_calls_made_are_calls_shown_and_lost(flood: Path, tmp_path: Path, run_trapgate: Run) -> None:
    log = tmp_path / "log"
    options = [
        "--source",
        "bpf",
        "--ring-size",
        "4K",
        "-qq",
        "-e",
        "trace=getppid",
        "-e",
        "signal=none",
        "-o",
        str(log),
    ]
    done = run_trapgate("trace", *options, str(flood))
    assert done.returncode == 0
    text = log.read_text()
    rows = [int(number) for number in re.findall(r"^\+\+\+ (\d+) events were lost \+\+\+$", text, re.MULTILINE)]
    assert rows and "ring was full" in done.stderr
    assert f"{sum(rows)} events were lost" in done.stderr
    others = text.count("getppid(") + sum(rows) - CALLS
    assert 0 <= others <= 2, "the exec and the end of the program may be lost too"


def test_a_loss_is_a_failure_with_strict(flood: Path, tmp_path: Path, run_trapgate: Run) -> None:
    options = ["--source", "bpf", "--ring-size", "4K", "-o", str(tmp_path / "log")]
    assert run_trapgate("trace", "--strict", *options, str(flood)).returncode == 1
    assert run_trapgate("trace", "--strict", "--source", "bpf", "-o", "/dev/null", "true").returncode == 0


def test_a_ring_that_no_kernel_has_is_refused(run_trapgate: Run) -> None:
    done = run_trapgate("trace", "--source", "bpf", "--ring-size", "99G", "true")
    assert done.returncode == 2 and "at most 1024 MiB" in done.stderr


def test_the_system_is_watched_until_the_command_ends(tmp_path: Path, run_trapgate: Run) -> None:
    log = tmp_path / "log"
    options = ["--source", "bpf", "--all", "-e", "trace=clock_nanosleep", "-o", str(log)]
    assert run_trapgate("trace", *options, "sleep", "0.1").returncode == 0
    assert "tv_nsec=100000000}" in log.read_text()
