# SPDX-License-Identifier: BSD-2-Clause
"""Who made a process, as /proc tells it."""

from __future__ import annotations

import os
import subprocess
import sys

from trapgate.kernel.processes import read_parent

STRANGE = "import ctypes, sys; ctypes.CDLL(None).prctl(15, b') R 1 ('); print(flush=True); sys.stdin.read()"


def test_the_parent_of_a_process_whatever_its_name() -> None:
    assert read_parent(os.getpid()) == os.getppid()
    with subprocess.Popen([sys.executable, "-c", STRANGE], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        assert read_parent(child.pid) == os.getpid()
        child.communicate()


def test_of_one_that_is_gone_there_is_none() -> None:
    child = subprocess.Popen(["true"])
    child.wait()
    assert read_parent(child.pid) == 0
