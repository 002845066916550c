# SPDX-License-Identifier: BSD-2-Clause
"""Standard input, output and error of a tracer: what it must not take from the program, nor hold open for it."""

from __future__ import annotations

import os
import sys


def hold_standard_files() -> None:
    """Occupy the standard descriptors that are closed, so that no file of ours becomes the program's.

    What occupies them is closed in the program, which finds them closed as they were.
    """
    for fd in range(3):
        try:
            os.fstat(fd)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest that is free
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115


def release_standard_files() -> None:
    """Let go of standard input and output: a pipe that the program closes is to close."""
    null = os.open(os.devnull, os.O_RDWR)
    for fd in range(2):
        os.dup2(null, fd)
    os.close(null)
