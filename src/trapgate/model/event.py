# SPDX-License-Identifier: BSD-2-Clause
"""The event: a decoded record, what Python code and ``--json`` get. Its schema has a version.

Rules of evolution: fields are added, never renamed or removed, within one version. What a source
cannot know is None.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from trapgate.model.values import Json

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class Event:
    """One call, signal, or moment in the life of a task."""

    kind: str
    """call, unfinished (a call that never returned), signal, stop, fork, exec, exit, attach, detach or lost."""
    time: int
    """When it began: nanoseconds since 1970, UTC."""
    pid: int
    """The process (thread group)."""
    tid: int
    """The thread."""
    comm: str | None = None
    """The thread's name, when known."""
    abi: str | None = None
    """x86_64, i386, x32, aarch64."""
    number: int | None = None
    """The call's number in that ABI; the signal's number; the new thread of a fork."""
    name: str | None = None
    """The call's or the signal's name."""
    args: Mapping[str, Json] = field(default_factory=dict)
    """Arguments by name: numbers as numbers, flags as lists, structures as objects, strings exact."""
    words: tuple[int, ...] = ()
    """The raw argument registers."""
    result: int | None = None
    """What the call returned: -1 when it failed; None when it did not return."""
    error: str | None = None
    """The error's name, as ENOENT."""
    note: str | None = None
    """What strace prints in parentheses behind the result."""
    duration: int | None = None
    """Nanoseconds from entry to exit."""
    ip: int | None = None
    """The instruction pointer at entry."""
    cgroup: int | None = None
    """The id of the control group."""
    status: int | None = None
    """Exit status of a task that ended; None when a signal ended it."""
    count: int | None = None
    """How many events were lost."""
    text: str = ""
    """The event as strace prints it, without prefix."""

    def to_dict(self) -> dict[str, Any]:
        """The event as a JSON object: fields that are None or empty are left out."""
        out = {}
        for f in fields(self):
            value = getattr(self, f.name)
            if value is not None and value != () and value != "":
                out[f.name] = list(value) if isinstance(value, tuple) else value
        if self.kind != "call":
            out.pop("args", None) if not self.args else None
        return out
