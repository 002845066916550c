# SPDX-License-Identifier: BSD-2-Clause
"""Decoded values: what a type makes of raw words and bytes.

Every value has ``text`` (what strace prints) and ``data`` (what JSON holds: numbers as
numbers, flags as lists, structures as objects). Values are made in large numbers and often
shared between events, so they are never changed after they are made.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Union

Json = Union[None, bool, int, float, str, list["Json"], dict[str, "Json"]]  # noqa: UP007  # it names itself, as a string


class Value:
    """A leaf: one number, name, string or address. Subclasses say what kind, for colour."""

    __slots__ = ("text", "_data")
    role = "plain"

    def __init__(self, text: str, data: Any = None) -> None:
        self.text = text
        self._data = data

    @property
    def data(self) -> Json:
        """The value for JSON."""
        return self._data  # type: ignore[no-any-return]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.text})"

    def leaves(self) -> Iterable[tuple[str, str]]:
        """(role, text) pieces which joined give ``text``; for colouring."""
        yield self.role, self.text


class Number(Value):
    """A number; ``data`` is the int, ``text`` its usual base."""

    __slots__ = ()
    role = "number"


class Symbol(Value):
    """A named constant; ``data`` is the name, or the number when it has none."""

    __slots__ = ()
    role = "const"


class KeyedSymbol(Symbol):
    """A symbol that tells the name of its field in its own text; ``key`` is that name, for JSON."""

    __slots__ = ("key",)

    def __init__(self, text: str, data: Any, key: str) -> None:
        super().__init__(text, data)
        self.key = key


class FlagSet(Value):
    """Named bits; ``data`` is the list of names, unknown bits last as a number."""

    __slots__ = ()
    role = "const"


class Address(Value):
    """A pointer that was not followed; ``data`` is ``{"address": int}``, None for NULL."""

    __slots__ = ()
    role = "address"

    @property
    def data(self) -> Json:
        return {"address": self._data} if self._data else None


class String(Value):
    """Bytes of the program in quotes.

    ``data`` is a str when the bytes are UTF-8, else ``{"hex": "…"}``; cut strings are
    ``{"text"|"hex": …, "truncated": true}``.
    """

    __slots__ = ("truncated",)
    role = "string"

    def __init__(self, text: str, data: bytes, truncated: bool = False) -> None:
        super().__init__(text, data)
        self.truncated = truncated

    @property
    def data(self) -> Json:
        raw: bytes = self._data
        try:
            plain: str | None = raw.decode("utf-8")
        except UnicodeDecodeError:
            plain = None
        if plain is not None and not self.truncated:
            return plain
        exact: dict[str, Json] = {"hex": raw.hex()} if plain is None else {"text": plain}
        if self.truncated:
            exact["truncated"] = True
        return exact


class Comment(Value):
    """Text inside ``/* … */`` or another remark; not data."""

    __slots__ = ()
    role = "comment"


class Punct(Value):
    """Text that is neither value nor remark: ``...``, ``???``."""

    __slots__ = ()
    role = "punct"


MORE = Punct("...")
"""Stands for what was left out (abbreviated structures, long arrays)."""

NULL = Address("NULL", 0)


class Struct:
    """A structure: named values in the order they are printed."""

    __slots__ = ("fields",)
    role = "struct"
    brackets = ("{", "}")

    def __init__(self, fields: Sequence[tuple[str | None, AnyValue]]) -> None:
        self.fields = fields

    @property
    def text(self) -> str:
        """``{name=value, name=value}``; a field without a name is only its value."""
        body = ", ".join([f"{n}={v.text}" if n else v.text for n, v in self.fields])
        return f"{self.brackets[0]}{body}{self.brackets[1]}"

    @property
    def data(self) -> Json:
        """An object; unnamed fields are numbered ``_0``, ``_1``, what was left out is absent."""
        return {
            n or getattr(v, "key", None) or f"_{i}": v.data for i, (n, v) in enumerate(self.fields) if v is not MORE
        }

    def leaves(self) -> Iterable[tuple[str, str]]:
        yield "punct", self.brackets[0]
        for i, (name, value) in enumerate(self.fields):
            if i:
                yield "punct", ", "
            if name:
                yield "name", name
                yield "punct", "="
            yield from value.leaves()
        yield "punct", self.brackets[1]

    def __repr__(self) -> str:
        return f"Struct({self.text})"


class List:
    """An array: ``[a, b]``. ``separator`` is a space for sets of signals and fds."""

    __slots__ = ("items", "brackets", "separator")
    role = "list"

    def __init__(
        self, items: Sequence[AnyValue], brackets: tuple[str, str] = ("[", "]"), separator: str = ", "
    ) -> None:
        self.items = items
        self.brackets = brackets
        self.separator = separator

    @property
    def text(self) -> str:
        return f"{self.brackets[0]}{self.separator.join([v.text for v in self.items])}{self.brackets[1]}"

    @property
    def data(self) -> Json:
        return [v.data for v in self.items if not isinstance(v, (Comment, Punct))]

    def leaves(self) -> Iterable[tuple[str, str]]:
        yield "punct", self.brackets[0]
        for i, value in enumerate(self.items):
            if i:
                yield "punct", self.separator
            yield from value.leaves()
        yield "punct", self.brackets[1]

    def __repr__(self) -> str:
        return f"List({self.text})"


class Joined:
    """Values printed side by side: ``value /* remark */``, ``before => after``.

    ``data`` is that of the values alone: the one there is, or a list.
    """

    __slots__ = ("parts",)
    role = "joined"

    def __init__(self, *parts: AnyValue | str) -> None:
        self.parts: tuple[AnyValue, ...] = tuple(Punct(p) if isinstance(p, str) else p for p in parts)

    @property
    def text(self) -> str:
        return "".join([p.text for p in self.parts])

    @property
    def data(self) -> Json:
        found = [p.data for p in self.parts if not isinstance(p, (Comment, Punct))]
        return found[0] if len(found) == 1 else found

    def leaves(self) -> Iterable[tuple[str, str]]:
        for part in self.parts:
            yield from part.leaves()

    def __repr__(self) -> str:
        return f"Joined({self.text})"


class Change(Joined):
    """What went in and what came out of an argument the kernel rewrites: ``a => b``."""

    __slots__ = ()

    def __init__(self, before: AnyValue, after: AnyValue) -> None:
        super().__init__(before, " => ", after)

    @property
    def data(self) -> Json:
        return {"before": self.parts[0].data, "after": self.parts[2].data}


class Labelled(Joined):
    """A value whose line tells its name even when the names of arguments are not asked for: ``flags=…``."""

    __slots__ = ()

    def __init__(self, name: str, value: AnyValue) -> None:
        super().__init__(f"{name}=", value)


AnyValue = Value | Struct | List | Joined


def remark(text: str) -> Comment:
    """A comment as strace writes it, with the space before it."""
    return Comment(f" /* {text} */")
