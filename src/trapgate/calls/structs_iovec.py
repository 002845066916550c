# SPDX-License-Identifier: BSD-2-Clause
"""Arrays of iovec, with the bytes they point to.

Source: include/uapi/linux/uio.h; readv(2) for how much of the buffers a short read fills.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from struct import Struct as Layout
from typing import TYPE_CHECKING

from trapgate.calls.call import IOV_MAX, Call
from trapgate.calls.memory import RESULT, Array, Length, length_of, quick_buffer, quick_length
from trapgate.calls.types import NO_PIECE, Pieces, QuickText, Type
from trapgate.model import values
from trapgate.model.abi import Abi
from trapgate.model.values import AnyValue, Number

if TYPE_CHECKING:
    from trapgate.calls.plan import Planner


Show = Callable[[Call, int, int], AnyValue]
"""Shows the bytes of one buffer: call, address, length."""


def show_bytes(c: Call, addr: int, size: int) -> AnyValue:
    """``size`` bytes at ``addr`` in quotes."""
    return c.buffer(addr, size)


class _Vector(Type):
    """One iovec; ``left`` bytes remain of what was transferred (None: all that iov_len says)."""

    def __init__(self, left: int | None, show: Show | None) -> None:
        self.left = left
        self.show = show

    def size(self, abi: Abi) -> int:
        return 2 * abi.word

    def load(self, c: Call, data: bytes, offset: int) -> AnyValue:
        word = c.abi.word
        base = int.from_bytes(data[offset : offset + word], "little")
        length = int.from_bytes(data[offset + word : offset + 2 * word], "little")
        taken = length if self.left is None else min(length, self.left)
        if self.left is not None:
            self.left -= taken
        shown = c.address(base) if self.show is None else self.show(c, base, taken)
        return values.Struct([("iov_base", shown), ("iov_len", Number(str(length), length))])


class Iovecs(Type):
    """``count`` iovecs: ``[{iov_base="…", iov_len=n}, …]``.

    ``upto``: how many bytes were transferred over all of them (RESULT for a read). With
    ``follow`` False, or when a call that fills them failed, the bases print as addresses.
    ``show``: what shows a buffer's bytes, in place of quotes.
    """

    def __init__(
        self, count: Length, upto: Length | None = None, follow: bool = True, show: Show | None = None
    ) -> None:
        self.count = count
        self.upto = upto
        self.follow = follow
        self.show = show or show_bytes

    def at(self, c: Call, addr: int) -> AnyValue:
        left = None if self.upto is None else length_of(c, self.upto)
        failed = c.exiting and bool(c.error) and self.upto is RESULT
        element = _Vector(left, self.show if self.follow and not failed else None)
        return Array(element, self.count, anyway=True).at(c, addr)

    def quick(self, c: Call) -> QuickText | None:
        count_of = quick_length(c, self.count)
        if not self.follow or self.show is not show_bytes or count_of is None or self.upto not in (None, RESULT):
            return None
        number_of, is_partial = count_of, self.upto is RESULT
        word, options = c.abi.word, c.options
        pair = Layout("<QQ" if word == 8 else "<II")
        limit, hexadecimal = options.string_limit, options.hexadecimal

        def show(addr: int, pieces: Pieces, words: Sequence[int], result: int) -> str | None:
            count = number_of(words, result)
            pairs = pieces.get(addr, NO_PIECE)[1]
            if not 0 < count <= limit or len(pairs) < count * pair.size or (is_partial and result < 0):
                return None
            left = result
            shown = []
            for base, length in pair.iter_unpack(pairs[: count * pair.size]):
                taken = min(length, left) if is_partial else length
                left -= taken
                text = quick_buffer(pieces.get(base, NO_PIECE)[1], taken, limit, hexadecimal)
                if not base or text is None:
                    return None
                shown.append(f"{{iov_base={text}, iov_len={length}}}")
            return f"[{', '.join(shown)}]"

        return show

    def plan(self, p: Planner) -> None:
        if self.follow:
            p.iovec(self.count, p.string_limit + 1)
        elif isinstance(self.count, (int, str)):
            p.bytes(self.count, scale=2 * p.abi.word, limit=2 * p.abi.word * min(IOV_MAX, p.string_limit + 1))
