# SPDX-License-Identifier: BSD-2-Clause
"""Attributes of the calling thread in security modules, and which modules there are.

Source: Documentation/userspace-api/lsm.rst; include/uapi/linux/lsm.h.
"""

from __future__ import annotations

from collections.abc import Iterator

from trapgate.calls.call import Call
from trapgate.calls.describe import EXIT, Yield, decoder
from trapgate.calls.memory import Array, In, InOut, Out, Struct, View, show_room
from trapgate.calls.quote import Hex
from trapgate.calls.types import U32, U64, X32, X64, Enum, Flags, UInt, truncate
from trapgate.model import values
from trapgate.model.values import MORE, AnyValue, Change, Joined, List, Number, remark

SINGLE = 1
Id = Enum("lsm_ids", unknown="", size=8)
ListedId = Enum("lsm_ids", unknown="LSM_ID_???", size=8)
Attribute = Enum("lsm_attrs", unknown="LSM_ATTR_???")
GetFlags = Flags("lsm_flags", unknown="LSM_FLAG_???")

Context = Struct("struct lsm_ctx", id=Id, flags=X64, len=U64, ctx_len=U64)
HEADERS = {"struct lsm_ctx": "linux/lsm.h"}


def _pointer(c: Call, index: int) -> int:
    return truncate(c.args[index], c.abi.word, False)


def _fetch_context(c: Call, addr: int, length: int) -> View | None:
    size = Context.size(c.abi)
    data = c.fetch(addr, size) if length >= size else None
    return None if data is None else View(c, data, 0, Context, addr)


def _show_context(view: View, room: int) -> AnyValue:
    """A context of at most ``room`` bytes."""
    c, size = view.call, Context.size(view.call.abi)
    shown = view.fields("id", "flags", "len", "ctx_len")
    length = min(view.ctx_len, max(min(view.len, room) - size, 0))
    if length:
        shown.append(("ctx", c.buffer(view.addr + size, length, Hex.ALL)))
    return values.Struct(shown)


def _show_contexts(c: Call, addr: int, length: int) -> AnyValue:
    """The contexts in ``length`` bytes at ``addr``, which say how long they are."""
    items: list[AnyValue] = []
    while True:
        view = _fetch_context(c, addr, length)
        if view is None:
            if not items:
                return c.address(addr)
            items.append(Joined(MORE, remark(hex(addr))))
            break
        if c.abbrev and len(items) >= c.options.string_limit:
            items.append(MORE)
            break
        items.append(_show_context(view, length))
        if not Context.size(c.abi) <= view.len < length:
            break
        addr, length = addr + view.len, length - view.len
    return List(items)


def _show_size(c: Call, addr: int) -> AnyValue:
    """``[40]``, or the address of what cannot be read."""
    size = c.fetch_int(addr)
    return c.address(addr) if size is None else Joined("[", Number(str(size), size), "]")


@decoder("lsm_get_self_attr", attr=Attribute, ctx=InOut(Context), size=InOut(U32), flags=GetFlags)
def _get_self_attr(c: Call) -> Iterator[Yield]:
    """By hand: the module that is asked for goes in where all that is known comes out."""
    yield "attr", Attribute.value(c, c.args[0])
    single, ctx, size_at = bool(c.u32(3) & SINGLE), _pointer(c, 1), _pointer(c, 2)
    given = c.fetch_int(size_at)
    asked = _fetch_context(c, ctx, Context.size(c.abi)) if single else None
    if given is None or (single and asked is None):
        yield "ctx", c.address(ctx)
        yield "size", _show_size(c, size_at)
    else:
        before = None if asked is None else values.Struct(asked.fields("id"))
        yield EXIT
        data = c.peek(size_at, 4)
        used = 0 if data is None else int.from_bytes(data, "little")
        after = c.address(ctx) if data is None else _show_contexts(c, ctx, used)
        yield "ctx", after if before is None else before if data is None else Change(before, after)
        yield "size", c.address(size_at) if data is None else show_room(given, used)
    yield "flags", GetFlags.value(c, c.args[3])


@decoder("lsm_set_self_attr", attr=Attribute, ctx=In(Context), size=UInt, flags=X32)
def _set_self_attr(c: Call) -> Iterator[Yield]:
    """By hand because the context's own length counts within the size given."""
    yield "attr", Attribute.value(c, c.args[0])
    addr, size = _pointer(c, 1), c.u32(2)
    view = _fetch_context(c, addr, size)
    yield "ctx", c.address(addr) if view is None else _show_context(view, size)
    yield "size", UInt.value(c, c.args[2])
    yield "flags", X32.value(c, c.args[3])


@decoder("lsm_list_modules", ids=Out(Array(ListedId, 0)), size=InOut(U32), flags=X32)
def _list_modules(c: Call) -> Iterator[Yield]:
    """By hand because the result is how many there are, and the room for them is rewritten."""
    ids, size_at = _pointer(c, 0), _pointer(c, 1)
    given = c.fetch_int(size_at)
    data = None
    if given is not None:
        yield EXIT
        data = c.peek(size_at, 4)
    if given is None or data is None:
        yield "ids", c.address(ids)
        yield "size", _show_size(c, size_at)
    else:
        yield "ids", c.address(ids) if c.error else Array(ListedId, 0).elements(c, ids, c.result)
        yield "size", show_room(given, int.from_bytes(data, "little"))
    yield "flags", X32.value(c, c.args[2])
