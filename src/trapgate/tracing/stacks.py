# SPDX-License-Identifier: BSD-2-Clause
"""What -k prints below a line: how the program came there, innermost function first."""

from __future__ import annotations

from trapgate.calls.quote import escape
from trapgate.sources.unwinder import Frame, Unwinder, UnwindError


class Stacks:
    """The stacks of held threads as text."""

    def __init__(self, limit: int, with_source: bool) -> None:
        """Raises CannotTraceError: the unwinder's library is missing."""
        self._unwinder = Unwinder(limit, with_source)
        self.forget = self._unwinder.forget

    def render(self, pid: int, tid: int) -> str:
        """The lines of a thread's stack, the reason last when it ends early; empty for a thread that is gone."""
        try:
            return "".join(map(format_frame, self._unwinder.walk(pid, tid)))
        except UnwindError as error:
            return "".join([*map(format_frame, error.frames), f" > {error}\n"])
        except OSError:
            return ""


def format_frame(frame: Frame) -> str:
    """`` > /lib/libc.so.6(read+0x10) [0xf5c40]``, and the source line behind it when it is known."""
    where = f"{frame.symbol}+{frame.offset:#x}" if frame.symbol else ""
    source = f" {_clean(frame.file)}:{frame.line}" if frame.file and frame.symbol else ""
    return f" > {_clean(frame.module)}({_clean(where)}) [{frame.address:#x}]{source}\n"


def _clean(text: str) -> str:
    """The names in a hostile file must not reach the terminal's interpreter."""
    return text if text.isascii() and text.isprintable() else escape(text.encode(errors="surrogateescape"))
