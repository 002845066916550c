"""What is counted is what was made: by bpf and by ptrace alike."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from trapgate.model.errors import CannotTraceError
from trapgate.sources.bpf_count import BpfCount

pytestmark = pytest.mark.live

PROGRAM = r"""
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
int main(void)
{
	struct timespec ms = {0, 3000000};
	for (int i = 0; i < 1234; i++) syscall(SYS_getppid);
	for (int i = 0; i < 55; i++) syscall(SYS_close, -1);
	for (int i = 0; i < 10; i++) syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &ms, 0);
	syscall(2000);
	if (fork() == 0) {
		for (int i = 0; i < 66; i++) syscall(SYS_getppid);
		_exit(0);
	}
	wait(0);
	return 5;
}
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program that makes known numbers of calls."""
    folder = tmp_path_factory.mktemp("count")
    (folder / "made.c").write_text(PROGRAM)
    subprocess.run(["gcc", "-O1", str(folder / "made.c"), "-o", str(folder / "made")], check=True)
    return folder / "made"


@pytest.fixture(params=["bpf", "ptrace"])
def source(request: pytest.FixtureRequest) -> str:
    """Each way of counting that this machine allows."""
    if request.param == "bpf":
        try:
            BpfCount().close()
        except CannotTraceError as error:
            pytest.skip(f"{error}; {error.hint}")
    return str(request.param)


def count(*words: str, status: int = 0) -> dict[str, object]:
    """The JSON object of `trapgate count --json WORDS…`."""
    done = run(["--json", *words])
    assert done.returncode == status, done.stderr
    return json.loads(done.stdout)  # type: ignore[no-any-return]


def run(words: list[str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "trapgate", "count", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_calls_errors_and_times(made: Path, source: str) -> None:
    value = count("--source", source, str(made), status=5)
    rows = {row["call"]: row for row in value["rows"]}  # type: ignore[attr-defined]
    assert value["source"] == source and value["lost"] == 0
    assert (rows["getppid"]["calls"], rows["getppid"]["errors"]) == (1300, 0)
    assert (rows["close"]["calls"] - rows["close"]["errors"] <= 5, rows["close"]["errors"]) == (True, 55)
    slept = rows["clock_nanosleep"]
    assert slept["calls"] == 10 and slept["total_ns"] >= 30_000_000
    assert slept["max_ns"] >= 3_000_000 and slept["p50_ns"] >= 2_600_000 and slept["p50_ns"] <= slept["p99_ns"]
    assert slept["mean_ns"] * 10 == pytest.approx(slept["total_ns"], abs=10)
    assert (rows["syscall_0x7d0"]["number"], rows["syscall_0x7d0"]["errors"]) == (2000, 1)
    assert rows["exit_group"]["unfinished"] == 2 and rows["exit_group"]["calls"] == 0
    assert rows["execve"]["calls"] == 1
    for row in rows.values():
        assert sum(bucket["calls"] for bucket in row["histogram"]) == row["calls"]


def test_both_sources_count_the_same(made: Path) -> None:
    try:
        BpfCount().close()
    except CannotTraceError as error:
        pytest.skip(f"{error}; {error.hint}")
    rows = []
    for source in ("bpf", "ptrace"):
        value = count("--source", source, str(made), status=5)
        rows.append({row["call"]: (row["calls"], row["errors"], row["unfinished"]) for row in value["rows"]})  # type: ignore[attr-defined]
    assert rows[0] == rows[1]


def test_the_table_cannot_be_written(made: Path, source: str) -> None:
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", "trapgate", "count", "--source", source, str(made)]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines()[0] == "trapgate: error: write standard output: No space left on device"


def test_shares_are_of_the_whole_time(made: Path, source: str) -> None:
    done = run(["--source", source, "--top", "1", str(made)])
    everything = run(["--source", source, str(made)])
    share = {float(out.stdout.splitlines()[1].split("%")[0].split()[-1]) < 100.0 for out in (done, everything)}
    assert share == {True}


@pytest.mark.parametrize("by", ["call", "pid", "comm", "error", "cgroup"])
def test_every_field_is_documented(by: str, made: Path, source: str, project: Path) -> None:
    page = (project / "docs" / "reference" / "counts.md").read_text()
    named = set(re.findall(r"`(\w+)`", page))
    value = count("--source", source, "--by", by, str(made), status=5)
    assert set(value) | set(value["rows"][0]) <= named  # type: ignore[index]


def test_by_pid(made: Path, source: str) -> None:
    value = count("--source", source, "--by", "pid", str(made), status=5)
    found = Counter({row["pid"]: row["calls"] for row in value["rows"] if row["call"] == "getppid"})  # type: ignore[attr-defined]
    assert sorted(found.values()) == [66, 1234]


def test_by_comm(made: Path, source: str) -> None:
    value = count("--source", source, "--by", "comm", str(made), status=5)
    calls = [(row["group"], row["calls"]) for row in value["rows"] if row["call"] == "getppid"]  # type: ignore[attr-defined]
    assert calls == [("made", 1300)]


def test_by_error(made: Path, source: str) -> None:
    value = count("--source", source, "--by", "error", str(made), status=5)
    calls = {(row["call"], row["group"]): row["calls"] for row in value["rows"]}  # type: ignore[attr-defined]
    assert calls["close", "EBADF"] == 55 and calls["getppid", "-"] == 1300


def test_by_cgroup(made: Path, source: str) -> None:
    value = count("--source", source, "--by", "cgroup", str(made), status=5)
    own = next(
        (line[3:] for line in Path("/proc/self/cgroup").read_text().splitlines() if line.startswith("0::")), None
    )
    if own is None:
        pytest.skip("no cgroup of version 2")
    assert {row["group"] for row in value["rows"]} == {own}  # type: ignore[attr-defined]


def test_attach_for_a_time(source: str) -> None:
    sleeper = subprocess.Popen([sys.executable, "-c", "import time\nwhile True: time.sleep(0.01)"])
    try:
        time.sleep(0.3)
        start = time.monotonic()
        value = count("--source", source, "-p", str(sleeper.pid), "--for", "500ms")
        assert time.monotonic() - start >= 0.5
        rows = {row["call"]: row["calls"] for row in value["rows"]}  # type: ignore[attr-defined]
        assert 10 <= rows["clock_nanosleep"] <= 51
        assert sleeper.poll() is None, "it goes on"
        os.kill(sleeper.pid, 0)
    finally:
        sleeper.kill()
        sleeper.wait()


def test_interrupt_prints_the_table(source: str) -> None:
    sleeper = subprocess.Popen([sys.executable, "-c", "import time\nwhile True: time.sleep(0.01)"])
    command = [sys.executable, "-m", "trapgate", "count", "--source", source, "-p", str(sleeper.pid)]
    counter = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        time.sleep(3)
        counter.send_signal(signal.SIGINT)
        output, _ = counter.communicate(timeout=20)
        assert counter.returncode == 0 and "clock_nanosleep" in output
        assert sleeper.poll() is None
    finally:
        counter.kill()
        sleeper.kill()
        sleeper.wait()


def test_everybody(made: Path, tmp_path: Path) -> None:
    try:
        BpfCount().close()
    except CannotTraceError as error:
        pytest.skip(f"{error}; {error.hint}")
    table = tmp_path / "table"
    words = ["--json", "--all", "--for", "2s", "--by", "pid", "-o", str(table)]
    counter = subprocess.Popen([sys.executable, "-m", "trapgate", "count", *words])
    while counter.poll() is None:
        subprocess.run([made], check=False)
    value = json.loads(table.read_text())
    assert 1234 in {row["calls"] for row in value["rows"] if row["call"] == "getppid"}
    assert os.getpid() in {row["pid"] for row in value["rows"]}, "pids are those of this namespace"
    assert counter.pid not in {row["pid"] for row in value["rows"]}, "trapgate does not count itself"


def test_the_status_is_the_command_s(source: str) -> None:
    assert run(["--source", source, "sh", "-c", "exit 7"]).returncode == 7
    assert run(["--source", source, "sh", "-c", "kill -9 $$"]).returncode == 128 + 9


def test_the_table_goes_to_a_file(tmp_path: Path) -> None:
    file = tmp_path / "table"
    done = run(["-o", str(file), "true"])
    assert (done.returncode, done.stdout) == (0, "")
    assert file.read_text().startswith("call") and file.stat().st_mode & 0o777 == 0o600
    again = run(["--json", "-o", str(file), "true"])
    assert again.returncode == 0 and json.loads(file.read_text())["rows"]
    link = tmp_path / "link"
    link.symlink_to(file)
    os.chown(link, 65534, 65534, follow_symlinks=False)
    refused = run(["-o", str(link), "true"])
    assert refused.returncode == 1 and "another user" in refused.stderr


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        ([], 2, "give one of"),
        (["-p", "1", "true"], 2, "give one of"),
        (["-p", "abc"], 2, "not a process id"),
        (["--for", "soon", "true"], 2, "not a time"),
        (["no-such-program-anywhere"], 1, "not found in PATH"),
        (["/etc/passwd"], 1, "may not be executed"),
        (["-p", "1073741824"], 1, "process"),
        (["--cgroup", "/tmp", "--for", "1s"], 1, "no folder of a cgroup"),
        (["--source", "ptrace", "--all"], 3, "whole system"),
    ],
)
def test_mistakes_are_told(words: list[str], status: int, message: str) -> None:
    done = run(words)
    assert done.returncode == status, done.stderr
    assert done.stderr.startswith("trapgate: error: ") and message in done.stderr and "\nhint: " in done.stderr
