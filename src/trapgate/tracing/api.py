# SPDX-License-Identifier: BSD-2-Clause
"""``trapgate.trace``: a trace as an iterator of events, for Python code."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Sequence

from trapgate.model.errors import UsageError
from trapgate.model.event import Event
from trapgate.tracing.events import EventMaker
from trapgate.tracing.filters import EVERY_CALL, CallSet, parse_calls
from trapgate.tracing.options import SOURCES, TraceOptions
from trapgate.tracing.scan import Complaint
from trapgate.tracing.session import find_program
from trapgate.tracing.sources import open_source

MOST_OF_A_STRING = (2**32 - 1) // 4
"""The largest ``string_limit``: strace's."""


def trace(
    command: Sequence[str | os.PathLike[str]] = (),
    *,
    pids: Sequence[int] = (),
    calls: str = "",
    follow: bool = True,
    source: str = "auto",
    string_limit: int = 32,
) -> Iterator[Event]:
    """The events of a program that is started, of running processes, or both, as they happen.

    Args:
        command: the program and its arguments; searched in PATH.
        pids: processes to attach to.
        calls: which calls, in the syntax of strace's ``-e trace=``: ``"openat,%network"``; all if empty.
        follow: trace children and new threads too.
        source: ``auto``, ``bpf`` or ``ptrace``.
        string_limit: bytes of strings that are kept.

    When the iteration is given up, everything goes on untraced.

    Raises:
        TrapgateError: no such program, or no source may be used here; as UsageError, what no argument may be.

    >>> for event in trace(["true"], calls="execve"):  # doctest: +SKIP
    ...     print(event.name, event.args["pathname"])
    execve /usr/bin/true
    """
    _check(command, source, string_limit)
    options = TraceOptions(
        command=[os.fsdecode(word) for word in command], pids=list(pids), follow=follow, source=source, json=True,
        calls=_parse_calls(calls),
    )  # fmt: skip
    options.decode.string_limit = string_limit
    program = find_program(options.command[0], os.environ.get("PATH")) if options.command else ""
    chosen = open_source(options)
    ready: deque[Event] = deque()
    maker = EventMaker(options, chosen, ready.append)
    try:
        if program:
            environment = [os.fsencode(f"{name}={value}") for name, value in os.environ.items()]
            argv = [os.fsencode(word) for word in options.command]
            maker.child = chosen.source.spawn(os.fsencode(program), argv, environment)
            maker.add_task(maker.child, maker.child)
        for pid in options.pids:
            for tid in chosen.source.attach(pid, follow):
                maker.add_task(tid, pid)
        while (batch := chosen.source.run()) is not None:
            maker.feed(bytes(batch))
            while ready:
                yield ready.popleft()
    finally:
        chosen.source.detach_all()
        chosen.source.close()


def _check(command: Sequence[str | os.PathLike[str]], source: str, string_limit: int) -> None:
    if isinstance(command, str | bytes):
        raise UsageError("trace", "the command is one string", "give a list: the program and its arguments")
    if source not in SOURCES:
        raise UsageError("trace", f"no source is named {source!r}", f"one of: {', '.join(SOURCES)}")
    if not 0 <= string_limit <= MOST_OF_A_STRING:
        raise UsageError("trace", f"no string is {string_limit} bytes long", f"0 to {MOST_OF_A_STRING}")


def _parse_calls(calls: str) -> CallSet:
    try:
        return parse_calls(calls) if calls else EVERY_CALL
    except Complaint as complaint:
        raise UsageError("trace", complaint.text, "names, %classes and /expressions, as -e trace= takes them") from None
