# SPDX-License-Identifier: BSD-2-Clause
"""Types of memory behind a pointer: pointers, strings, buffers, arrays, structures.

``In(T)`` is decoded at entry, ``Out(T)`` when the call has succeeded, ``InOut(T)`` twice. A
pointer that cannot be read prints as its address and never spoils the rest of the line.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from trapgate.calls.quote import Hex, quote
from trapgate.calls.types import NO_PIECE, Pieces, QuickText, Scalar, Switch, Type, truncate
from trapgate.model import values
from trapgate.model.abi import Abi
from trapgate.model.record import PieceFlag
from trapgate.model.values import MORE, NULL, AnyValue, Change, Joined, String, remark

if TYPE_CHECKING:
    from trapgate.calls.call import Call
    from trapgate.calls.plan import Planner

TERMINATED = int(PieceFlag.TERMINATED)


class _Result:
    """The length of something is the call's result."""

    def __repr__(self) -> str:
        return "RESULT"


RESULT = _Result()


class Member:
    """The length of something is a member of the structure that points to it."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


class Behind:
    """The length of something is the 32-bit number that a parameter points to."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


Length = int | str | _Result | Member | Behind | Callable[["Call"], int]
"""A constant, the name of the parameter that holds it, RESULT, a Member, Behind a pointer, or a function of the call.
"""


def length_of(c: Call, length: Length) -> int:
    """The number that ``length`` stands for in this call; never negative."""
    if isinstance(length, int):
        return length
    if isinstance(length, str):
        assert c.description is not None
        word, kind = c.word(length), c.description.type_of(length)
        if isinstance(kind, Switch):
            kind = kind.chosen(c) or kind
        return max(kind.number(c, word), 0) if isinstance(kind, Scalar) else truncate(word, c.abi.word, False)
    if isinstance(length, _Result):
        return max(c.result, 0)
    if isinstance(length, Member):
        raise TypeError(f"only what shows the structure knows its member {length.name}")
    if isinstance(length, Behind):
        return max(c.fetch_int(truncate(c.word(length.name), c.abi.word, False), signed=True) or 0, 0)
    return max(length(c), 0)


QuickSize = Callable[[Sequence[int], int], int]
"""A number of bytes or elements from words and result."""


def quick_length(c: Call, length: Length) -> QuickSize | None:
    """What gives ``length_of`` in calls like ``c`` from words and result; None if that takes more."""
    if isinstance(length, _Result):
        return lambda words, result: max(result, 0)
    if isinstance(length, int):
        return lambda words, result: length
    if not isinstance(length, str):
        return None
    description = c.description
    assert description is not None
    number, index = description.type_of(length), description.word_index(length, c.abi)
    if not isinstance(number, Scalar) or type(number).number is not Scalar.number:
        return None
    size, signed = number.size(c.abi), number.signed
    return lambda words, result: max(truncate(words[index], size, signed), 0)


def quick_buffer(data: bytes, size: int, limit: int, hexadecimal: Hex) -> str | None:
    """The text of ``size`` bytes, of which ``data`` were copied, cut at ``limit``; None if too few were."""
    if len(data) < min(size, limit + 1):
        return None
    text = quote(data[: min(size, limit)], hexadecimal)
    return text + "..." if size > limit else text


class In(Type):
    """A pointer to ``inner``, read when the call is entered."""

    follows_null = False
    """Whether what is there is told of a null pointer too."""

    def __init__(self, inner: Type) -> None:
        self.inner = inner
        self.path_like = inner.path_like

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.inner!r})"

    def size(self, abi: Abi) -> int:
        return abi.word

    def decode(self, c: Call, word: int) -> AnyValue | None:
        addr = truncate(word, c.abi.word, False)
        return self.inner.at(c, addr) if addr else NULL

    def plan_argument(self, p: Planner) -> None:
        self.inner.plan(p.at_entry())

    def plan(self, p: Planner) -> None:
        p.bytes(p.abi.word)


class Out(In):
    """A pointer to ``inner`` that the call fills; decoded at exit, an address if it failed.

    ``anyway``: decoded after a failed call too, by a type that knows what is true even then.
    """

    out = True

    def __init__(self, inner: Type, anyway: bool = False) -> None:
        super().__init__(inner)
        self.anyway = anyway

    def decode(self, c: Call, word: int) -> AnyValue | None:
        addr = truncate(word, c.abi.word, False)
        if not addr:
            return NULL
        return c.address(addr) if c.exiting and c.error and not self.anyway else self.inner.at(c, addr)

    def plan_argument(self, p: Planner) -> None:
        self.inner.plan(p.at_exit(self.anyway))  # after a failed call nobody looks


class Always(In):
    """A pointer to ``inner`` that the call only reads, told after the call whether or not it failed."""

    def decode(self, c: Call, word: int) -> AnyValue | None:
        error, c.error = c.error, 0
        try:
            return super().decode(c, word)
        finally:
            c.error = error


class InOut(In):
    """A pointer to ``inner`` that the call reads and rewrites: ``{before} => {after}``.

    As the value needs both moments, it prints at exit; when nothing changed, once.
    ``anyway``: what a failed call left is copied too.
    """

    out = True

    def __init__(self, inner: Type, anyway: bool = False) -> None:
        super().__init__(inner)
        self.anyway = anyway

    def decode(self, c: Call, word: int) -> AnyValue | None:
        """The value now; ``Description`` joins the one at entry and the one at exit."""
        return super().decode(c, word)

    def join(self, before: AnyValue, after: AnyValue | None) -> AnyValue:
        """``before => after``, or ``before`` alone if the call failed or changed nothing."""
        if after is None or before.text == after.text:
            return before
        return Change(before, after)

    def plan_argument(self, p: Planner) -> None:
        self.inner.plan(p.at_entry())
        self.inner.plan(p.at_exit(self.anyway))


class Str(Type):
    """A NUL-terminated string, cut at ``-s``, or at ``limit`` bytes if that is less."""

    def __init__(self, limit: int | None = None) -> None:
        self.limit = limit

    def at(self, c: Call, addr: int) -> AnyValue:
        if self.limit is None or self.limit > c.options.string_limit:
            return c.string(addr)
        found = c.memory.read_string(addr, self.limit) if addr else None
        return c.address(addr) if found is None else c.quoted(found[0], truncated=not found[1])

    def quick(self, c: Call) -> QuickText | None:
        if type(self).at is not Str.at or self.limit is not None:
            return None
        limit, hexadecimal = c.options.string_limit, c.options.hexadecimal

        def show(addr: int, pieces: Pieces, words: Sequence[int], result: int) -> str | None:
            flags, data = pieces.get(addr, NO_PIECE)
            if flags & TERMINATED and 0 <= data.find(0) == len(data) - 1 <= limit:
                return quote(data[:-1], hexadecimal)
            is_long = len(data) > limit and 0 not in data[: limit + 1]
            return quote(data[:limit], hexadecimal) + "..." if is_long else None

        return show

    def plan(self, p: Planner) -> None:
        p.string(p.string_limit + 1 if self.limit is None else min(self.limit, p.string_limit + 1))


class PathStr(Str):
    """A NUL-terminated file name, shown whole up to PATH_MAX (``limit`` bytes with the NUL)."""

    path_like = True

    def __init__(self, limit: int = 4096) -> None:
        self.room = limit

    def at(self, c: Call, addr: int) -> AnyValue:
        return c.path(addr, self.room)

    def quick(self, c: Call) -> QuickText | None:
        if type(self).at is not PathStr.at:
            return None
        room, hexadecimal = self.room, c.options.hexadecimal

        def show(addr: int, pieces: Pieces, words: Sequence[int], result: int) -> str | None:
            flags, data = pieces.get(addr, NO_PIECE)
            whole = flags & TERMINATED and 0 <= data.find(0) == len(data) - 1 < room
            return quote(data[:-1], hexadecimal) if whole else None

        return show

    def plan(self, p: Planner) -> None:
        p.string(self.room)


class Bytes(Type):
    """``length`` bytes, cut at ``-s``; always ``\\x..`` with ``hexadecimal``."""

    def __init__(self, length: Length, hexadecimal: bool = False) -> None:
        self.length = length
        self.hexadecimal = Hex.ALL if hexadecimal else None

    def at(self, c: Call, addr: int) -> AnyValue:
        return c.buffer(addr, length_of(c, self.length), self.hexadecimal)

    def quick_size(self, c: Call) -> QuickSize | None:
        """What gives how many there are in calls like ``c``."""
        return quick_length(c, self.length)

    def quick(self, c: Call) -> QuickText | None:
        return self.quick_bytes(c) if type(self).at is Bytes.at else None

    def quick_bytes(self, c: Call) -> QuickText | None:
        """As ``quick``, of bytes that mean nothing."""
        found = self.quick_size(c)
        if found is None:
            return None
        size_of: QuickSize = found
        limit = c.options.string_limit
        hexadecimal = c.options.hexadecimal if self.hexadecimal is None else self.hexadecimal

        def show(addr: int, pieces: Pieces, words: Sequence[int], result: int) -> str | None:
            return quick_buffer(pieces.get(addr, NO_PIECE)[1], size_of(words, result), limit, hexadecimal)

        return show

    def plan(self, p: Planner) -> None:
        p.bytes(self.length, limit=p.string_limit + 1)


class CharArray(Type):
    """``char name[n]`` inside a structure: bytes up to a NUL, cut at ``-s`` unless ``whole``."""

    def __init__(self, n: int, whole: bool = True) -> None:
        self.n = n
        self.whole = whole

    def size(self, abi: Abi) -> int:
        return self.n

    def align(self, abi: Abi) -> int:
        return 1

    def load(self, c: Call, data: bytes, offset: int) -> AnyValue:
        raw = data[offset : offset + self.n]
        text, nul, _ = raw.partition(b"\0")
        limit = len(raw) if self.whole else c.options.string_limit
        if nul or len(text) < len(raw):
            return c.quoted(text[:limit], truncated=len(text) > limit)
        return c.quoted(text[: min(limit, self.n - 1)], truncated=True)


class ByteArray(Type):
    """``unsigned char name[n]`` inside a structure: all bytes, quoted."""

    def __init__(self, n: int) -> None:
        self.n = n

    def size(self, abi: Abi) -> int:
        return self.n

    def align(self, abi: Abi) -> int:
        return 1

    def load(self, c: Call, data: bytes, offset: int) -> AnyValue:
        return c.quoted(data[offset : offset + self.n])


def is_cut(c: Call, count: int) -> bool:
    """Whether an array of ``count`` elements is abbreviated."""
    return c.abbrev and count > c.options.string_limit


class Indirect(Type):
    """One value behind a pointer that is not a structure: ``[5]``."""

    def __init__(self, inner: Type) -> None:
        self.inner = inner

    def size(self, abi: Abi) -> int:
        return self.inner.size(abi)

    def align(self, abi: Abi) -> int:
        return self.inner.align(abi)

    def load(self, c: Call, data: bytes, offset: int) -> AnyValue:
        return Joined("[", self.inner.load(c, data, offset), "]")


class Fixed(Type):
    """``T name[n]`` inside a structure; cut at ``-s`` elements unless ``whole``."""

    def __init__(self, inner: Type, n: int, whole: bool = False) -> None:
        self.inner = inner
        self.n = n
        self.whole = whole

    def size(self, abi: Abi) -> int:
        return self.inner.size(abi) * self.n

    def align(self, abi: Abi) -> int:
        return self.inner.align(abi)

    def load(self, c: Call, data: bytes, offset: int) -> AnyValue:
        step = self.inner.size(c.abi)
        shown = c.options.string_limit if not self.whole and is_cut(c, self.n) else self.n
        items: list[AnyValue] = [self.inner.load(c, data, offset + i * step) for i in range(shown)]
        return values.List([*items, MORE] if shown < self.n else items)


class Array(Type):
    """``count`` elements of ``inner``: ``[a, b]``, ``[]``; cut at ``-s`` elements.

    An element that cannot be read ends it: ``[a, ... /* 0xaddr */]``; if it is the first, the
    whole prints as an address. ``anyway``: also after a failed call.
    """

    def __init__(
        self, inner: Type, count: Length, brackets: tuple[str, str] = ("[", "]"), anyway: bool = False
    ) -> None:
        self.inner = inner
        self.count = count
        self.brackets = brackets
        self.anyway = anyway

    def at(self, c: Call, addr: int) -> AnyValue:
        return self.elements(c, addr, length_of(c, self.count))

    def elements(self, c: Call, addr: int, count: int) -> AnyValue:
        """The ``count`` elements at ``addr``."""
        if not addr:
            return NULL
        if not count:
            return values.List([], self.brackets)
        step = self.inner.size(c.abi)
        if addr + step * count > 1 << 64:
            return c.address(addr)
        shown = c.options.string_limit if is_cut(c, count) else count
        fetch = c.peek if self.anyway else c.fetch
        whole = fetch(addr, step * shown) if 0 < step * shown <= 1 << 20 else None
        items: list[AnyValue] = []
        for i in range(shown):
            data, offset = (whole, i * step) if whole is not None else (fetch(addr + i * step, step), 0)
            if data is None:
                if not items:
                    return c.address(addr)
                items.append(Joined(MORE, remark(hex(addr + i * step))))
                return values.List(items, self.brackets)
            items.append(self.inner.load(c, data, offset))
        if shown < count:
            if fetch(addr + shown * step, step) is None:
                if not items:
                    return c.address(addr)
                # the element behind the last one shown is looked at too, as strace does
                items.append(Joined(MORE, remark(hex(addr + shown * step))))
            else:
                items.append(MORE)
        return values.List(items, self.brackets)

    def plan(self, p: Planner) -> None:
        step = self.inner.size(p.abi)
        p.bytes(self.count, scale=step, limit=step * (p.string_limit + 1))


class IndexedArray(Array):
    """An array whose elements have their indices, by name, before them: ``[[IO_WQ_BOUND]=1, …]``."""

    def __init__(self, inner: Type, count: Length, names: Type) -> None:
        super().__init__(inner, count)
        self.names = names

    def elements(self, c: Call, addr: int, count: int) -> AnyValue:
        shown = super().elements(c, addr, count)
        return with_indices(c, shown, self.names) if isinstance(shown, values.List) else shown


def is_left_out(item: AnyValue) -> bool:
    """Whether an item of an array stands for those that are not shown."""
    return item is MORE or (isinstance(item, Joined) and item.parts[0] is MORE)


def with_indices(c: Call, shown: values.List, names: Type) -> values.List:
    """The elements with the names of their indices; what stands for those left out has none."""
    items: list[AnyValue] = []
    for i, item in enumerate(shown.items):
        items.append(item if is_left_out(item) else Joined("[", names.value(c, i), "]=", item))
    return values.List(items, shown.brackets)


class Strings(Type):
    """A NULL-terminated array of pointers to strings: argv."""

    def at(self, c: Call, addr: int) -> AnyValue:
        items: list[AnyValue] = []
        word = c.abi.word
        cut = c.options.string_limit if c.abbrev else 1 << 20
        while True:
            data = c.memory.read(addr, word) if c.verbose else b""
            if len(data) < word:
                if not items:
                    return c.address(addr)
                items.append(Joined(MORE, remark(hex(addr))))
                break
            pointer = int.from_bytes(data, "little")
            if not pointer:
                break
            if len(items) >= cut:
                items.append(MORE)
                break
            items.append(c.string(pointer))
            addr += word
        return values.List(items)

    def plan(self, p: Planner) -> None:
        p.strings(p.string_limit + 1, p.string_limit + 1)


class View:
    """One structure in memory, for hand-written ``show`` functions.

    ``view.name`` is a member as an int (bytes for arrays); ``view.show("name")`` its value;
    ``view.data`` all bytes, ``view.addr`` their address (0 if it is nested in another).
    """

    __slots__ = ("call", "data", "offset", "struct", "addr", "members")

    def __init__(self, call: Call, data: bytes, offset: int, struct: Struct, addr: int = 0) -> None:
        self.call = call
        self.data = data
        self.offset = offset
        self.struct = struct
        self.addr = addr
        self.members = struct.layout(call.abi)[0]

    def __getattr__(self, name: str) -> int:
        if name not in self.members:
            raise AttributeError(f"struct {self.struct.c_name} has no member {name!r}")
        offset, kind = self.members[name]
        word = kind.raw(self.call, self.data, self.offset + offset)
        return kind.number(self.call, word) if isinstance(kind, Scalar) else word

    def number(self, name: str) -> int:
        """A member as an int, also one that is called as something a View has itself."""
        return self.__getattr__(name)

    def bytes_of(self, name: str) -> bytes:
        """The bytes of a member."""
        offset, kind = self.struct.member(self.call.abi, name)
        start = self.offset + offset
        return self.data[start : start + kind.size(self.call.abi)]

    def show(self, name: str, kind: Type | None = None) -> AnyValue:
        """The value of a member, decoded as ``kind`` if given."""
        offset, declared = self.members[name]
        return (kind or declared).load(self.call, self.data, self.offset + offset)

    def fields(self, *names: str) -> list[tuple[str | None, AnyValue]]:
        """(name, value) of the members ``names``."""
        c, data, start, members = self.call, self.data, self.offset, self.members
        return [(name, members[name][1].load(c, data, start + members[name][0])) for name in names]


Shown = Sequence[tuple[str | None, AnyValue]]


class Struct(Type):
    """A C structure, its members in declaration order; the layout follows from the ABI.

    Members whose names begin with ``_`` take room and are not printed. ``brief`` names the
    members shown (with ``...`` behind them) when the call is abbreviated. ``show`` is for
    structures whose members decide about each other: it gets a View and returns the fields.
    ``own_bytes``: that function asks for nothing but the structure's own bytes. ``quick_text`` gives what makes
    the text without the values, for what is printed very often. ``packed`` leaves no gaps.
    ``size_of`` may fix the size (a union's largest arm).
    """

    def __init__(
        self,
        c_name: str,
        /,
        *,
        brief: Sequence[str] = (),
        show: Callable[[View], Shown | AnyValue] | None = None,
        packed: bool = False,
        size_of: dict[str, int] | int | None = None,
        own_bytes: bool = False,
        quick_text: Callable[[Call, Struct], QuickText | None] | None = None,
        **members: Type,
    ) -> None:
        self.c_name = c_name
        self.own_bytes = own_bytes
        self.quick_text = quick_text
        self.members = {name.removesuffix("__"): kind for name, kind in members.items()}
        self.brief = brief
        self.show_fields = show
        self.packed = packed
        self.fixed_size = size_of
        self._layouts: dict[str, tuple[dict[str, tuple[int, Type]], int, int]] = {}

    def __repr__(self) -> str:
        return f"Struct({self.c_name!r})"

    def layout(self, abi: Abi) -> tuple[dict[str, tuple[int, Type]], int, int]:
        """Members with their offsets, the size, the alignment."""
        known = self._layouts.get(abi.name)
        if known is None:
            known = self._layouts[abi.name] = self._lay_out(abi)
        return known

    def _lay_out(self, abi: Abi) -> tuple[dict[str, tuple[int, Type]], int, int]:
        offset, widest = 0, 1
        placed: dict[str, tuple[int, Type]] = {}
        for name, kind in self.members.items():
            align = 1 if self.packed else kind.align(abi)
            offset = (offset + align - 1) // align * align
            placed[name] = (offset, kind)
            offset += kind.size(abi)
            widest = max(widest, align)
        size = (offset + widest - 1) // widest * widest
        if isinstance(self.fixed_size, dict):
            size = self.fixed_size.get(abi.name, size)
        elif self.fixed_size is not None:
            size = self.fixed_size
        return placed, size, widest

    def member(self, abi: Abi, name: str) -> tuple[int, Type]:
        """Offset and type of a member; AttributeError if there is none."""
        try:
            return self.layout(abi)[0][name]
        except KeyError:
            raise AttributeError(f"struct {self.c_name} has no member {name!r}") from None

    def size(self, abi: Abi) -> int:
        return self.layout(abi)[1]

    def align(self, abi: Abi) -> int:
        return self.layout(abi)[2]

    def at(self, c: Call, addr: int) -> AnyValue:
        data = c.fetch(addr, self.size(c.abi))
        return c.address(addr) if data is None else self.view_value(View(c, data, 0, self, addr))

    def quick(self, c: Call) -> QuickText | None:
        return None if self.quick_text is None else self.quick_text(c, self)

    def load(self, c: Call, data: bytes, offset: int) -> AnyValue:
        return self.view_value(View(c, data, offset, self))

    def raw(self, c: Call, data: bytes, offset: int) -> int:
        return int.from_bytes(data[offset : offset + self.size(c.abi)], "little")

    def view_value(self, view: View) -> AnyValue:
        """The structure as a value."""
        if self.show_fields is not None:
            shown = self.show_fields(view)
            return values.Struct(shown) if isinstance(shown, (list, tuple)) else shown  # type: ignore[return-value]
        c = view.call
        placed = self.layout(c.abi)[0]
        brief = self.brief if c.abbrev else ()
        fields: list[tuple[str | None, AnyValue]] = [
            (name, kind.load(c, view.data, view.offset + offset))
            for name, (offset, kind) in placed.items()
            if not name.startswith("_") and (not brief or name in brief)
        ]
        if brief:
            fields.append((None, MORE))
        return values.Struct(fields)

    def plan(self, p: Planner) -> None:
        p.bytes(self.size(p.abi))
        p.nested(self)


Path = In(PathStr())
"""A file name, read at entry."""
String_ = In(Str())
"""A NUL-terminated string, read at entry, cut at -s."""


def show_room(given: int, used: int | None = None) -> AnyValue:
    """``[128]``, ``[128 => 16]``: the room there was and what of it was used."""
    number: AnyValue = values.Number(str(given), given)
    if used is not None and used != given:
        number = Change(number, values.Number(str(used), used))
    return Joined("[", number, "]")


def hexdump_string(data: bytes) -> String:
    """``data`` as one quoted run of ``\\x..``."""
    return String('"' + "".join(f"\\x{b:02x}" for b in data) + '"', data)
