# SPDX-License-Identifier: BSD-2-Clause
"""The life of a process: starting programs and ending.

Source: execve(2), execveat(2), exit(2), exit_group(2).
"""

from __future__ import annotations

from trapgate.calls.call import Call
from trapgate.calls.describe import call
from trapgate.calls.memory import In, Path, Strings
from trapgate.calls.types import DirFd, Flags, Int
from trapgate.model.values import AnyValue, Joined, remark


class Environment(Strings):
    """envp: its address and how many variables it has; with -v the variables themselves."""

    def at(self, c: Call, addr: int) -> AnyValue:
        if not c.abbrev:
            return super().at(c, addr)
        count, broken = self.count(c, addr)
        what = f"{count} var{'' if count == 1 else 's'}{', unterminated' if broken else ''}"
        return Joined(c.address(addr), remark(what)) if count or not broken else c.address(addr)

    def count(self, c: Call, addr: int) -> tuple[int, bool]:
        """How many pointers come before the NULL, and whether the array ends in unreadable memory."""
        word, count = c.abi.word, 0
        while True:
            data = c.memory.read(addr + count * word, word * 64)
            for i in range(len(data) // word):
                if not any(data[i * word : (i + 1) * word]):
                    return count + i, False
            count += len(data) // word
            if len(data) < word * 64:
                return count, True


call("execve", pathname=Path, argv=In(Strings()), envp=In(Environment()), classes="process")
call(
    "execveat",
    dirfd=DirFd,
    pathname=Path,
    argv=In(Strings()),
    envp=In(Environment()),
    flags=Flags("at_flags"),
    classes="process",
)
call("exit exit_group", status=Int, classes="process")
