# SPDX-License-Identifier: BSD-2-Clause
"""Ids of a process in a pid namespace of its own, told by the process itself."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from trapgate.kernel import pid_namespaces
from trapgate.kernel.pid_namespaces import PidTranslator, read_namespace, read_own_namespace

INSIDE = """
import os
os.setsid()
if os.fork() == 0:
    print(os.getpid(), os.getppid(), os.getpgrp(), os.getsid(0), flush=True)
    input()
os.wait()
"""


@pytest.fixture
def inner() -> Iterator[tuple[int, int, list[int]]]:
    """The namespace, our id of the child in it, and the child's own view: pid, ppid, pgid, sid."""
    command = ["unshare", "-Upf", sys.executable, "-I", "-S", "-c", INSIDE]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert child.stdout is not None and child.stdin is not None and child.stderr is not None
    words = child.stdout.readline().split()
    if not words:
        pytest.skip(f"no pid namespace: {child.stderr.read()}")
    deepest = child.pid
    while below := Path(f"/proc/{deepest}/task/{deepest}/children").read_text().split():
        deepest = int(below[0])
    yield read_namespace(deepest), deepest, [int(word) for word in words]
    child.communicate("\n")


def test_translation(inner: tuple[int, int, list[int]]) -> None:
    """Each kind of id is found by its number inside; what there is not gives 0."""
    namespace, ours, (pid, parent, group, session) = inner
    translator = PidTranslator()
    assert namespace != read_own_namespace()
    for _ in range(2):  # the second answer comes from what is remembered
        assert translator.translate(namespace, pid, "tid") == ours
        assert translator.translate(namespace, pid, "tgid") == ours
        assert translator.translate(namespace, parent, "tgid") == os.getpgid(ours)
        assert translator.translate(namespace, group, "pgid") == os.getpgid(ours)
        assert translator.translate(namespace, session, "sid") == os.getsid(ours)
    assert translator.translate(namespace, 999_999, "tid") == 0
    assert translator.translate(namespace, pid, "pgid") == 0


def test_own_namespace() -> None:
    """Our own numbers are what they are."""
    translator = PidTranslator()
    assert translator.translate(read_own_namespace(), 12345, "tid") == 12345
    assert translator.translate(read_namespace(2**22 + 1), 1, "tid") == 0
    assert pid_namespaces.read_hierarchy(os.getpid()) == [read_own_namespace()]
    assert translator.find_in_proc(os.getpid()) == os.getpid()
