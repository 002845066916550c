"""The runner of strace's suite: its guard, its categories and its clean-up."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="module")
def conformance(project: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("conformance", project / "tools" / "conformance.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["conformance"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("lines", "expected", "canary", "result"),
    [
        ((9, 9, 9), (9, 9, 9), True, "PASS"),
        ((5, 9, 9), (9, 9, 9), True, "PASS"),
        ((4, 9, 9), (9, 9, 9), True, "FAIL"),
        ((0, 0, 0), (9, 9, 9), True, "FAIL"),
        ((0, 0, 0), (0, 0, 0), True, "PASS"),
        ((0, 0, 0), (0, 0, 0), False, "FAIL"),
        ((200, 0, 0), (5000, 0, 0), True, "PASS"),
    ],
)
def test_hollow_pass_fails(conformance, lines, expected, canary, result) -> None:
    outcome = conformance.Outcome("t", "PASS", 0.1, lines)
    reference = conformance.Outcome("t", "PASS", 0.1, expected)
    assert conformance.judge(outcome, reference, canary).result == result


@pytest.mark.parametrize("result", ["FAIL", "SKIP"])
def test_guard_never_makes_a_pass(conformance, result: str) -> None:
    outcome = conformance.Outcome("t", result, 0.1, (9, 9, 9))
    assert conformance.judge(outcome, outcome, True) is outcome


@pytest.mark.parametrize(
    ("test", "category"),
    [
        ("ioctl_block.gen.test", "ioctl"),
        ("openat.gen.test", "files and other calls"),
        ("net-yy-inet.test", "descriptors and paths (-y -P)"),
        ("strace-k.test", "stack traces (-k)"),
        ("qual_fault.test", "tampering (inject, fault, delay)"),
    ],
)
def test_category(conformance, test: str, category: str) -> None:
    assert conformance.category_of(conformance.name_of(test)) == category


def test_session_is_ended_and_no_other(conformance) -> None:
    left = subprocess.Popen(
        ["sh", "-c", "sleep 100 & echo $!; exit"], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    other = subprocess.Popen(["sleep", "100"], start_new_session=True)
    assert left.stdout
    sleeper = int(left.stdout.readline())
    left.wait()
    assert os.getsid(sleeper) == left.pid
    conformance.kill_session(left.pid)
    assert left.stdout.read() == ""  # the sleeper held it open, and is gone
    left.stdout.close()
    assert other.poll() is None
    other.kill()
    other.wait()


def test_account_closes_with_the_counts(conformance) -> None:
    outcomes = [
        conformance.Outcome(f"read{i}", result, 1.0, (0, 0, 0))
        for i, result in enumerate(["PASS", "FAIL", "SKIP", "PASS"])
    ]
    text = conformance.format_account(outcomes, {outcome.name: outcome for outcome in outcomes})
    assert text.splitlines()[-1] == "2 passed, 1 failed, 1 skipped"


def test_a_folder_that_is_no_tree_is_refused(conformance, project: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, project / "tools" / "conformance.py", tmp_path], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "is missing" in done.stderr and "Traceback" not in done.stderr
