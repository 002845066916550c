# SPDX-License-Identifier: BSD-2-Clause
"""A delivered signal as text: its name and what came with it."""

from __future__ import annotations

from trapgate.calls import structs_signal
from trapgate.calls.call import Call, Options, Process
from trapgate.calls.siginfo import show_siginfo
from trapgate.model.abi import X86_64, Abi
from trapgate.model.record import Record
from trapgate.model.values import AnyValue

__all__ = ["describe_signal", "signal_info", "signal_name"]


def signal_name(number: int) -> str:
    """``SIGINT``, or the number of a signal that has no name."""
    return structs_signal.signal_name(number) or str(number)


def signal_info(record: Record, abi: Abi, options: Options, process: Process | None = None) -> AnyValue | None:
    """The siginfo of a signal's record; None when the source had none.

    It is the kernel's own structure, laid out as for 64-bit programs whatever the program is.
    """
    if not record.pieces:
        return None
    if abi.word == 4:
        abi = X86_64
    c = Call(abi, -1, "", record.args, options=options, process=process, tid=record.tid, pid=record.pid)
    return show_siginfo(c, record.pieces[0].data)


def describe_signal(record: Record, abi: Abi, options: Options, process: Process | None = None) -> str:
    """``SIGCHLD {si_signo=SIGCHLD, …}``."""
    info = signal_info(record, abi, options, process)
    return f"{signal_name(record.nr)} {info.text}" if info is not None else signal_name(record.nr)
