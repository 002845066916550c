# SPDX-License-Identifier: BSD-2-Clause
"""Structures that grow: the caller passes their size, and kernels to come may know more members.

Source: Documentation/process/adding-syscalls.rst, ``copy_struct_from_user()``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trapgate.calls.call import Call
from trapgate.calls.memory import Length, Struct, View, length_of
from trapgate.calls.quote import Hex, quote
from trapgate.calls.types import Type
from trapgate.model import values
from trapgate.model.values import AnyValue, Joined, Punct, String

if TYPE_CHECKING:
    from trapgate.calls.plan import Planner

PAGE = 4096

UNAVAILABLE = Punct("???")
"""Stands where memory should have been readable and was not."""


def trailing_bytes(c: Call, addr: int, start: int, end: int) -> list[tuple[str | None, AnyValue]]:
    """What a caller passed behind the structure that is known: nothing if all bytes are zero.

    ``/* bytes 24..31 */ "\\x01…"``, or ``???`` if they cannot be read; ``addr`` is that of the
    structure, ``start`` its known size and ``end`` the size given, cut to a page.
    """
    end = min(end, PAGE)
    if start >= end:
        return []
    data = c.memory.read(addr + start, end - start)
    if len(data) < end - start:
        return [(None, UNAVAILABLE)]
    if not any(data):
        return []
    shown = data[: c.options.string_limit]
    text = quote(shown, Hex.ALL)
    cut = len(shown) < len(data)
    value = String(text + "..." if cut else text, shown, cut)
    return [(None, Joined(f"/* bytes {start}..{end - 1} */ ", value))]


class Extensible(Type):
    """A structure of which the caller gives the size, ``least`` at least and ``most`` if not 0.

    Bytes behind the known members print when they are set; members that a shorter structure
    leaves out count as zero. ``anyway``: also after a failed call.
    """

    def __init__(self, inner: Struct, length: Length, least: int, most: int = 0, anyway: bool = False) -> None:
        self.inner = inner
        self.length = length
        self.least = least
        self.most = most
        self.anyway = anyway

    def at(self, c: Call, addr: int) -> AnyValue:
        given, known = length_of(c, self.length), self.inner.size(c.abi)
        fits = given >= self.least and not 0 < self.most < given
        fetch = c.peek if self.anyway else c.fetch
        data = fetch(addr, min(given, known)) if fits else None
        if data is None:
            return c.address(addr)
        shown = self.inner.view_value(View(c, data.ljust(known, b"\0"), 0, self.inner, addr))
        more = trailing_bytes(c, addr, known, given)
        if more and isinstance(shown, values.Struct):
            return values.Struct([*shown.fields, *more])
        return shown

    def plan(self, p: Planner) -> None:
        p.bytes(self.length)
        if p.exact and self.inner.show_fields is not None:
            p.incomplete()  # what is shown by hand may be behind pointers


def show_prefix(c: Call, struct: Struct, data: bytes) -> values.Struct:
    """The members that lie in ``data``, which may end early: of one cut in two the bytes that are there."""
    fields: list[tuple[str | None, AnyValue]] = []
    for name, (offset, kind) in struct.layout(c.abi)[0].items():
        if offset >= len(data):
            break
        whole = offset + kind.size(c.abi) <= len(data)
        fields.append((name, kind.load(c, data, offset) if whole else c.quoted(data[offset:], hexadecimal=Hex.ALL)))
    return values.Struct(fields)
