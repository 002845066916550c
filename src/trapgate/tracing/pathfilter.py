# SPDX-License-Identifier: BSD-2-Clause
"""-P and -e trace-fds: lets a call through when a path or a descriptor of its arguments matches.

Which arguments are paths and descriptors follows from the types of the call's description.
"""

from __future__ import annotations

from collections.abc import Sequence

from trapgate.calls.call import Call
from trapgate.calls.types import truncate
from trapgate.kernel.descriptors import read_fd_path
from trapgate.tracing.filters import NumberSet

CHOSEN = frozenset({"file", "desc", "network"})
"""The classes whose calls can be chosen by path or descriptor."""


class PathFilter:
    """Matches calls by the paths and the descriptors they name."""

    def __init__(self, paths: Sequence[str], fds: NumberSet | None) -> None:
        self.paths = {path.encode("utf-8", "surrogateescape") for path in paths}
        self.names = set(paths)
        self.fds = fds

    def matches(self, c: Call) -> bool:
        """Whether an argument of ``c`` is one of the paths or descriptors."""
        if c.description is None or not CHOSEN & c.description.classes:
            return False
        index = 0
        for param in c.description.params:
            word = c.args[index] if index < len(c.args) else 0
            if any(self.is_fd(c, fd) for fd in param.type.named_fds(c, word)):
                return True
            if self.paths and self.is_path(c, param.type.named_path(c, word)):
                return True
            index += param.type.words(c.abi)
        return False

    def is_fd(self, c: Call, fd: int) -> bool:
        """Whether the descriptor is asked for, by number or by what it leads to."""
        if self.fds is not None and fd >= 0 and fd in self.fds:
            return True
        if not self.names or fd < 0:
            return False
        found = read_fd_path(c.tid, fd)
        return found is not None and found[0] in self.names

    def is_path(self, c: Call, addr: int) -> bool:
        """Whether the string at ``addr`` is one of the paths."""
        if not self.paths or not addr:
            return False
        found = c.memory.read_string(truncate(addr, c.abi.word, False), 4096)
        return found is not None and found[1] and found[0] in self.paths
