# SPDX-License-Identifier: BSD-2-Clause
"""How a trace ends: as its command did, by exit status or by signal."""

from __future__ import annotations

import os
import signal
import sys

KILLED = 0x100
"""Added to the number of the signal that ended the command."""


def status_code(wait_status: int | None) -> int:
    """The exit status in a wait status, or KILLED + signal; 0 when there was no command."""
    if wait_status is None:
        return 0
    if os.WIFSIGNALED(wait_status):
        return KILLED | os.WTERMSIG(wait_status)
    return os.WEXITSTATUS(wait_status)


def end_like(code: int) -> int:
    """The status to return for ``code``; does not return when a signal has to end this process too.

    A core file of ours would overwrite the program's own, so none is written.
    """
    if code < KILLED:
        return code
    import resource

    number = code & 0xFF
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.stdout.flush()
    sys.stderr.flush()
    if number not in (signal.SIGKILL, signal.SIGSTOP):
        signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {number})
    return 128 + number  # a signal that does not end a process after all
