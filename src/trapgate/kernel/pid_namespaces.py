# SPDX-License-Identifier: BSD-2-Clause
"""Process ids of other pid namespaces as our own namespace numbers them.

A process has one id in its namespace and in each one above; /proc/PID/status lists them from the namespace
that /proc was mounted in down to the process's own. Ids are read afresh for every answer: they are reused.
Source: pid_namespaces(7), proc_pid_status(5), ioctl_nsfs(2).
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from functools import cache

NS_GET_PARENT = 0xB702
FIELDS = {"tid": b"NSpid:", "tgid": b"NStgid:", "pgid": b"NSpgid:", "sid": b"NSsid:"}
"""For each kind of id the field of a status file that has it in every namespace."""


def read_namespace(pid: int | str) -> int:
    """The inode of the pid namespace of process ``pid``, or of ``"self"``; 0 when it cannot be read."""
    try:
        return os.stat(f"/proc/{pid}/ns/pid").st_ino
    except OSError:
        return 0


@cache
def read_own_namespace() -> int:
    """The inode of our own pid namespace."""
    return read_namespace("self")


@cache
def is_proc_ours() -> bool:
    """Whether /proc shows the processes of our own pid namespace under our numbers."""
    return len(read_ids("self", "tid")) <= 1


def read_ids(pid: int | str, kind: str) -> list[int]:
    """The ids of a process, outermost namespace first; empty when it is gone."""
    try:
        with open(f"/proc/{pid}/status", "rb") as file:
            _, found, rest = file.read().partition(b"\n" + FIELDS[kind])
    except OSError:
        return []
    return [int(word) for word in rest.partition(b"\n")[0].split()] if found else []


def read_hierarchy(pid: int) -> list[int]:
    """The inodes of a process's pid namespace and of those above it, up to our own."""
    found: list[int] = []
    try:
        fd = os.open(f"/proc/{pid}/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return found
    while True:
        found.append(os.fstat(fd).st_ino)
        try:
            parent = fcntl.ioctl(fd, NS_GET_PARENT)
        except OSError:  # EPERM: what is above ours is not for us to see
            return found
        finally:
            os.close(fd)
        fd = parent


def read_own_id(pid: int, namespace: int, number: int, kind: str) -> int:
    """The id in our namespace of the process that /proc calls ``pid``, if ``namespace`` calls it ``number``."""
    ids = read_ids(pid, kind)
    if number not in ids:
        return 0
    above = read_hierarchy(pid)
    if namespace not in above or len(ids) < len(above):
        return 0
    return ids[-len(above)] if ids[-1 - above.index(namespace)] == number else 0


def list_threads() -> Iterator[int]:
    """Every thread that /proc shows."""
    for name in os.listdir("/proc"):
        if name.isdecimal():
            try:
                threads = os.listdir(f"/proc/{name}/task")
            except OSError:
                continue
            yield from map(int, threads)


class PidTranslator:
    """Finds what a number means; remembers which process it was to look there first."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int, str], int] = {}

    def translate(self, namespace: int, number: int, kind: str) -> int:
        """The id in our own namespace of what ``namespace`` calls ``number``; 0 when there is none.

        Args:
            namespace: a namespace's inode.
            kind: tid, tgid, pgid or sid.
        """
        if number <= 0 or not namespace:
            return 0
        if namespace == read_own_namespace():
            return number
        return self._find(namespace, number, kind)[0]

    def find_in_proc(self, pid: int) -> int:
        """The name under which /proc has what we call ``pid``; 0 when it has not."""
        return pid if is_proc_ours() else self._find(read_own_namespace(), pid, "tid")[1]

    def _find(self, namespace: int, number: int, kind: str) -> tuple[int, int]:
        key = namespace, number, kind
        for found in self._candidates(key):
            own = read_own_id(found, namespace, number, kind)
            if own:
                self._known[key] = found
                return own, found
        self._known.pop(key, None)
        return 0, 0

    def _candidates(self, key: tuple[int, int, str]) -> Iterator[int]:
        """The processes that may be meant, the likeliest first."""
        if key in self._known:
            yield self._known[key]
        yield from set(self._known.values())
        yield from list_threads()


TRANSLATOR = PidTranslator()
