# SPDX-License-Identifier: BSD-2-Clause
"""``trapgate.trace`` under both sources: events of a program that says itself what it does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import trapgate
from trapgate.model.errors import UsageError

TRAPGATE = Path(sys.executable).with_name("trapgate")


@pytest.fixture(params=["ptrace", "bpf"])
def source(request: pytest.FixtureRequest) -> str:
    if request.param == "bpf" and os.geteuid() != 0:
        pytest.skip("the bpf source needs root")
    return str(request.param)


def test_events(source: str, tmp_path: Path) -> None:
    """Names, typed arguments, results, errors and the end of the process."""
    file = tmp_path / "name with \n newline"
    file.write_bytes(b"hello")
    events = list(trapgate.trace(["head", "-n1", str(file), "/no/such"], calls="openat,read", source=source))
    opened = [e for e in events if e.kind == "call" and e.args.get("pathname") == str(file)]
    assert len(opened) == 1
    assert opened[0].args["flags"] == ["O_RDONLY"]
    assert opened[0].result is not None and opened[0].result >= 0
    assert [e.result for e in events if e.name == "read" and e.args["buf"] == "hello"] == [5]
    missing = [e for e in events if e.args.get("pathname") == "/no/such"]
    assert [(e.result, e.error) for e in missing] == [(-1, "ENOENT")]
    assert [e.status for e in events if e.kind == "exit"] == [1]
    assert all(e.time > 1_600_000_000 * 10**9 for e in events)


@pytest.mark.parametrize(
    "words", [{"source": "dtrace"}, {"calls": "nosuch"}, {"string_limit": -1}, {"string_limit": 1 << 40}]
)
def test_what_no_argument_may_be(words: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        next(trapgate.trace(["true"], **words))  # type: ignore[arg-type]


def test_the_command_is_a_list_of_words_or_paths(source: str) -> None:
    with pytest.raises(UsageError):
        next(trapgate.trace("true", source=source))
    ended = [event for event in trapgate.trace([Path("/bin/true")], source=source) if event.kind == "exit"]
    assert [event.status for event in ended] == [0]


def test_the_path_of_a_descriptor_is_exact_in_json(tmp_path: Path) -> None:
    file, log = tmp_path / "a\x1b <b>\\33 é", tmp_path / "log"
    script = "import os, sys; fd = os.open(sys.argv[1], os.O_CREAT); os.fsync(fd); os.unlink(sys.argv[1]); os.fsync(fd)"
    command = [TRAPGATE, "trace", "--json", "-y", "-e", "trace=fsync", "-o", log, sys.executable, "-c", script, file]
    subprocess.run(command, check=True)
    described = [
        event["args"]["fd"] for event in map(json.loads, log.read_text().splitlines()) if event["kind"] == "call"
    ]
    assert [fd.pop("fd") > 2 for fd in described] == [True, True]
    assert described == [{"path": str(file)}, {"path": str(file), "deleted": True}]


def test_json_lines(source: str) -> None:
    """Each line is one object of the documented schema, in ASCII."""
    command = [
        TRAPGATE,
        "trace",
        "--json",
        "--source",
        source,
        "-e",
        "trace=chdir",
        "-o",
        "/dev/stdout",
        "sh",
        "-c",
        "cd /tmp",
    ]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert text.isascii()
    calls = [event for event in map(json.loads, text.splitlines()) if event["kind"] == "call"]
    assert [(e["v"], e["name"], e["args"], e["result"]) for e in calls] == [(1, "chdir", {"path": "/tmp"}, 0)]


def test_exit_status_is_passed_on(source: str, tmp_path: Path) -> None:
    """The tracer ends as the program did: by status, by signal."""
    for script, expected in (("exit 7", 7), ("kill -TERM $$", -15)):
        done = subprocess.run([TRAPGATE, "trace", "--source", source, "-o", tmp_path / "log", "sh", "-c", script])
        assert done.returncode == expected


def test_output_is_private(source: str, tmp_path: Path) -> None:
    """The output file is its owner's alone."""
    subprocess.run([TRAPGATE, "trace", "--source", source, "-o", tmp_path / "log", "true"], check=True)
    assert (tmp_path / "log").stat().st_mode & 0o777 == 0o600
