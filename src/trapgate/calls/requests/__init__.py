# SPDX-License-Identifier: BSD-2-Clause
"""What ioctl's argument is, request by request: families by the type byte of the request, loaded when one is made.

A family is a module here with ``REQUESTS``: names to types (None: no argument) or ``Case``.
Numbers are the catalogue's. ``find_case(request)`` and ``name_request(...)`` of a family serve the
requests that carry a length or an index in their number. Source: asm-generic/ioctl.h.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Union

from trapgate.calls.describe import EXIT as EXIT
from trapgate.calls.describe import _Exit
from trapgate.calls.memory import ByteArray, Bytes, In, Shown, Struct, View
from trapgate.calls.types import Scalar, Type
from trapgate.model import values
from trapgate.model.abi import Abi
from trapgate.model.values import AnyValue, Change, Symbol

if TYPE_CHECKING:
    from trapgate.calls.call import Call
    from trapgate.calls.plan import Planner

FAMILIES = {
    0x03: "hdio",
    0x12: "block",
    0x15: "fs",
    ord("!"): "seccomp",
    ord('"'): "scsi",
    ord("$"): "perf",
    ord("="): "ptp",
    ord(">"): "devices",
    ord("E"): "evdev",
    ord("I"): "files",
    ord("K"): "kd",
    ord("L"): "loop",
    ord("M"): "mtd",
    ord("O"): "ubi",
    ord("R"): "devices",
    ord("T"): "tty",
    ord("V"): "v4l2",
    ord("W"): "devices",
    ord("X"): "fs",
    ord("f"): "fs",
    ord("i"): "devices",
    ord("o"): "ubi",
    ord("p"): "rtc",
    ord("u"): "files",
    0x89: "socket",
    0x8A: "files",
    0x94: "fs btrfs",
    0xA4: "tee",
    0xAA: "uffd",
    0xAB: "devices",
    0xAE: "kvm",
    0xB4: "gpio",
    0xB7: "nsfs",
    0xFD: "dm",
    0xFF: "pidfd",
}
"""The modules of each type byte that has requests whose argument is described."""

NAMED = dict.fromkeys(map(ord, "HMUjk"), "names")
"""The modules of type bytes that have requests whose names are made from their numbers."""

Stages = Generator[_Exit, None, AnyValue]
"""Yields EXIT if it has to wait for the call's return; its value is the argument's."""


@dataclass(frozen=True, slots=True)
class Case:
    """What one request takes and gives."""

    kind: Type | None
    """None: it has no argument."""
    name: str = "argp"
    """Of the argument, for -N."""
    returns: Type | None = None
    """The type of the result where it is no plain number."""
    note: Callable[[Call], str | None] | None = None
    """What stands in parentheses behind the result of a call that succeeded."""


class Staged(In):
    """An argument told in stages by a generator function; ``inner`` is what is copied at both moments.

    ``late``: it is read only when the call has returned.
    """

    def __init__(self, inner: Type, function: Callable[[Call, int], Stages], late: bool = False) -> None:
        super().__init__(inner)
        self.function = function
        self.late = late

    def stages(self, c: Call, addr: int) -> Stages:
        """The value of the argument ``addr``."""
        return self.function(c, addr)

    def plan_argument(self, p: Planner) -> None:
        if not self.late:
            self.inner.plan(p.at_entry())
        self.inner.plan(p.at_exit())


class Followed(Type):
    """A structure that more bytes follow; ``room``: how many of them a source copies, if there are as many."""

    def __init__(self, inner: Struct, room: int) -> None:
        self.inner = inner
        self.room = room

    def size(self, abi: Abi) -> int:
        return self.inner.size(abi)

    def align(self, abi: Abi) -> int:
        return self.inner.align(abi)

    def at(self, c: Call, addr: int) -> AnyValue:
        return self.inner.at(c, addr)

    def plan(self, p: Planner) -> None:
        p.bytes(self.size(p.abi) + self.room)


class Led(In):
    """A pointer inside a structure that prints as an address; what it leads to is copied for who shows it."""

    def __init__(self, inner: Type, wide: bool = False) -> None:
        super().__init__(inner)
        self.wide = wide

    def size(self, abi: Abi) -> int:
        return 8 if self.wide else abi.word

    def align(self, abi: Abi) -> int:
        return abi.align64 if self.wide else abi.word

    def decode(self, c: Call, word: int) -> AnyValue | None:
        return c.address(word)


SHOWN_BYTES = Bytes(1 << 20)
"""As many bytes as -s shows."""

Fields = Union[str, "Callable[[View], Shown]"]
"""Names of members, or a function that shows them."""


def show_fields(view: View, fields: Fields) -> list[tuple[str | None, AnyValue]]:
    """The (name, value) pairs of ``fields``."""
    return view.fields(*fields.split()) if isinstance(fields, str) else list(fields(view))


class Exchange(Staged):
    """A structure with members that are passed in and members that come back.

    ``{in=1, out=2}``; with ``arrow`` ``{in=1} => {out=2}``. A failed call shows what was passed.
    """

    def __init__(self, inner: Struct, before: Fields, after: Fields, arrow: bool = False) -> None:
        super().__init__(inner, self._stages)
        self.struct = inner
        self.before = before
        self.after = after
        self.arrow = arrow

    def _stages(self, c: Call, addr: int) -> Stages:
        view = look(c, self.struct, addr)
        if view is None:
            return c.address(addr)
        shown = show_fields(view, self.before)
        yield EXIT
        left = look(c, self.struct, addr)
        if self.arrow:
            before = values.Struct(shown)
            if c.error:
                return before
            return Change(before, values.Struct(show_fields(left, self.after)) if left else c.address(addr))
        return values.Struct(shown + show_fields(left, self.after) if left else shown)


def look(c: Call, struct: Struct, addr: int, anyway: bool = False) -> View | None:
    """The structure at ``addr``, None if it cannot be read (or, unless ``anyway``, the call failed)."""
    data = (c.peek if anyway else c.fetch)(addr, struct.size(c.abi))
    return None if data is None else View(c, data, 0, struct, addr)


def spare(view: View, *names: str) -> list[tuple[str | None, AnyValue]]:
    """Reserved members that are not zero; nobody expects those."""
    return [(name, view.show(name)) for name in names if any(view.bytes_of(name))]


def replaced(
    fields: list[tuple[str | None, AnyValue]], name: str, after: AnyValue
) -> list[tuple[str | None, AnyValue]]:
    """``fields`` in which the value of ``name`` became ``after``: ``name=before => after``."""
    return [(key, Change(value, after) if key == name else value) for key, value in fields]


def quoted_char(value: int, whitespace: bool = True) -> str:
    """A character as C writes it; ``whitespace``: with letters for tab, newline and their kin.

    >>> quoted_char(97), quoted_char(10), quoted_char(10, whitespace=False)
    ("'a'", "'\\\\n'", "'\\\\x0a'")
    """
    char = chr(value)
    if 0x20 <= value < 0x7F:
        return f"'\\{char}'" if char in "'\\" else f"'{char}'"
    return f"'\\{'tnvfr'[value - 9]}'" if whitespace and 9 <= value <= 13 else f"'\\x{value:02x}'"


def is_whole(shown: AnyValue) -> bool:
    """Whether an array behind a pointer was there to its end, and not empty."""
    if not isinstance(shown, values.List) or not shown.items:
        return False
    return not shown.items[-1].text.startswith("... /*")


class Uuid(ByteArray):
    """A UUID: ``01020304-0506-0708-090a-0b0c0d0e0f10``."""

    def __init__(self) -> None:
        super().__init__(16)

    def load(self, c: Call, data: bytes, offset: int) -> AnyValue:
        digits = data[offset : offset + 16].hex()
        text = "-".join([digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]])
        return Symbol(text, text)


class UnionOf(Type):
    """A union: room for the largest of its arms; ``view.show("u", arm)`` shows it as one of them."""

    def __init__(self, *arms: Type) -> None:
        self.arms = arms

    def size(self, abi: Abi) -> int:
        align = self.align(abi)
        return (max(arm.size(abi) for arm in self.arms) + align - 1) // align * align

    def align(self, abi: Abi) -> int:
        return max(arm.align(abi) for arm in self.arms)

    def load(self, c: Call, data: bytes, offset: int) -> AnyValue:
        return self.arms[0].load(c, data, offset)


class Pointer64(Scalar):
    """An address that has 64 bits in every ABI."""

    def __init__(self) -> None:
        super().__init__(8, "x")

    def decode(self, c: Call, word: int) -> AnyValue | None:
        return c.address(self.number(c, word))


Addr64 = Pointer64()


def tell(c: Call, kind: Type, word: int) -> Stages:
    """The value of an argument, entry or exit as its type says."""
    if isinstance(kind, Staged):
        if kind.late:
            yield EXIT
        return (yield from kind.stages(c, word))
    if kind.is_out(c):
        yield EXIT
    return kind.value(c, word)


# --- numbers and names -----------------------------------------------------------------------


@dataclass(slots=True)
class Known:
    """The requests of one type byte in one ABI."""

    names: dict[int, str] = field(default_factory=dict)
    cases: dict[int, Case] = field(default_factory=dict)
    families: tuple[ModuleType, ...] = ()

    def find(self, request: int) -> Case | None:
        """What ``request`` takes; None when that is not known."""
        case = self.cases.get(request)
        for family in self.families if case is None else ():
            case = case or (family.find_case(request) if hasattr(family, "find_case") else None)
        return case

    def special_name(self, c: Call, request: int) -> tuple[str, bool]:
        """A name that a family makes of ``request``, and whether it is the only one; empty if none does."""
        for family in self.families:
            if hasattr(family, "name_request"):
                name: tuple[str, bool] = family.name_request(c, request)
                if name[0]:
                    return name
        return "", False


def join_names(found: list[str]) -> str:
    """The names of one number; of two that differ by a 32 alone, which are one request in 32-bit ABIs, that with it."""
    shorter = {name.replace("32", "", 1) for name in found if "32" in name}
    return " or ".join(sorted(name for name in found if name not in shorter))


@lru_cache(None)
def known_requests(kind: int, abi: Abi) -> Known:
    """The requests whose type byte is ``kind``."""
    from trapgate.catalog.constants import request_names

    modules = [*FAMILIES.get(kind, "").split(), *NAMED.get(kind, "").split()]
    known = Known(families=tuple(import_module(f"trapgate.calls.requests.{name}") for name in modules))
    declared: dict[str, Type | Case | None] = {}
    for family in known.families:
        declared |= getattr(family, "REQUESTS", {})
    names: dict[int, list[str]] = {}
    for name, number in request_names(kind, abi.name):
        names.setdefault(number, []).append(name)
        if name in declared:
            known.cases[number] = as_case(declared[name])
    known.names = {number: join_names(found) for number, found in names.items()}
    return known


def as_case(declared: Type | Case | None) -> Case:
    """What a family declares of a request, as a Case."""
    return declared if isinstance(declared, Case) else Case(declared)


def each(names: str, kind: Type | Case | None) -> dict[str, Type | Case | None]:
    """The same ``kind`` for all of ``names``."""
    return dict.fromkeys(names.split(), kind)
