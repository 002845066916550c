# SPDX-License-Identifier: BSD-2-Clause
"""Netlink attributes: ``[{nla_len=8, nla_type=IFLA_MTU}, 1500]``, one after the other and nested.

``Attributes("rtnl_link_attrs", "IFLA_???", {"IFLA_MTU": U32, "IFLA_XDP": Attributes(…), …})``: the
type of each attribute's value. A value that is shorter than its type, or of which nothing is
known, prints as bytes. Source: netlink(7), libnetlink(3); include/uapi/linux/netlink.h.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from trapgate.calls.call import Call
from trapgate.calls.memory import Array, Fixed, IndexedArray, Struct, View, with_indices
from trapgate.calls.quote import Hex
from trapgate.calls.structs_net import EtherProtocol, Family8, InternetProtocol, show_hardware, show_host
from trapgate.calls.types import Enum, Named, Scalar, Type, format_int, styled
from trapgate.model import values
from trapgate.model.abi import Abi
from trapgate.model.values import MORE, AnyValue, Joined, Json, List, Number, remark

HEADER_BYTES = 4
MOST_LEVELS = 64
"""How deep attributes within attributes are followed; what lies deeper prints as bytes."""
NESTED, BIG_ENDIAN = 0x8000, 0x4000


@dataclass(frozen=True, slots=True)
class Scope:
    """What the decoder of an attribute knows besides its bytes."""

    c: Call
    family: int = 0
    """The address family in the message's own header."""
    number: int = 0
    """The attribute's number."""
    level: int = 0
    """How many attributes are around it."""
    seen: dict[str, str] = field(default_factory=dict)
    """What attributes before this one, beside it or around it, say about its type."""


Decode = Callable[[Scope, int, int], "list[AnyValue] | None"]
"""Decodes ``length`` bytes at an address to the values that stand behind the attribute's header; None: as bytes."""


class Headed(List):
    """A header and what stands behind it: ``[{nla_len=8, …}, 1500]``; one object in JSON."""

    __slots__ = ("names",)

    def __init__(self, header: AnyValue, rest: Sequence[AnyValue], *names: str) -> None:
        """``names``: what the values behind the header are called in JSON, beside its own members."""
        super().__init__([header, *rest])
        self.names = names

    @property
    def data(self) -> Json:
        header = self.items[0].data
        found: dict[str, Json] = dict(header) if isinstance(header, dict) else {"header": header}
        for name, item in zip(self.names, self.items[1:], strict=False):
            found[name] = item.data
        return found


def align4(size: int) -> int:
    """``size`` rounded up to a multiple of four."""
    return (size + 3) & ~3


def hex_bytes(c: Call, addr: int, length: int) -> AnyValue:
    """``length`` bytes as ``"\\x…"``, cut at -s."""
    return c.buffer(addr, length, Hex.ALL)


class Attributes:
    """A set of attributes: the table of their names, and what their values are."""

    __slots__ = ("names", "kinds", "_numbers", "repeated")

    def __init__(
        self,
        table: str | None = None,
        unknown: str | None = None,
        kinds: Mapping[str, Type | Attributes | Decode] | None = None,
        each: Type | Attributes | Decode | None = None,
    ) -> None:
        """``each``: what all of them are, whatever their number."""
        self.names = None if table is None else Enum(table, unknown=unknown, size=2)
        self.kinds = kinds or {}
        self.repeated = each
        self._numbers: dict[int, Type | Attributes | Decode] | None = None

    def kind(self, abi: Abi, number: int) -> Type | Attributes | Decode | None:
        """What the value of attribute ``number`` is, None if that is not known."""
        if self.repeated is not None:
            return self.repeated
        if self._numbers is None:
            assert self.names is not None or not self.kinds
            self._numbers = (
                {self.names.value_of(name, abi): kind for name, kind in self.kinds.items()} if self.names else {}
            )
        return self._numbers.get(number)

    def show(self, scope: Scope, addr: int, length: int) -> AnyValue:
        """The attributes in ``length`` bytes at ``addr``: the one there is, or a list."""
        c = scope.c
        if scope.level >= MOST_LEVELS:
            return hex_bytes(c, addr, length)
        scope = replace(scope, level=scope.level + 1, seen=dict(scope.seen))
        items: list[AnyValue] = []
        several = False
        while True:
            if length < HEADER_BYTES:
                items.append(hex_bytes(c, addr, length))
                break
            head = c.fetch(addr, HEADER_BYTES)
            if head is None:
                items.append(Joined(MORE, remark(hex(addr))) if several else c.address(addr))
                break
            if c.abbrev and len(items) >= c.options.string_limit:
                items.append(MORE)
                break
            size, number = int.from_bytes(head[:2], "little"), int.from_bytes(head[2:], "little")
            step = align4(size)
            left = length - step if size >= HEADER_BYTES else 0
            items.append(self._show_one(scope, number, size, addr, length))
            if left <= 0:
                break
            several = True
            addr, length = addr + step, left
        return List(items) if several else items[0]

    def _show_one(self, scope: Scope, number: int, size: int, addr: int, length: int) -> AnyValue:
        c = scope.c
        header = values.Struct([("nla_len", Number(str(size), size)), ("nla_type", self._show_type(c, number))])
        inside = min(size, length) - HEADER_BYTES
        if inside <= 0:
            return header
        number &= ~(NESTED | BIG_ENDIAN)
        kind = self.kind(c.abi, number)
        shown = decode(kind, replace(scope, number=number), addr + HEADER_BYTES, inside)
        if shown is None:
            shown = [hex_bytes(c, addr + HEADER_BYTES, inside)]
        return Headed(header, shown, "value", "more")

    def _show_type(self, c: Call, number: int) -> AnyValue:
        plain = number & ~(NESTED | BIG_ENDIAN)
        if self.names is None:
            name: AnyValue = Number(format_int(plain, "x"), plain)
        else:
            name = self.names.value(c, plain)
        flags = [
            styled(c.style, hex(bit), text, text)
            for bit, text in ((NESTED, "NLA_F_NESTED"), (BIG_ENDIAN, "NLA_F_NET_BYTEORDER"))
            if number & bit
        ]
        parts: list[AnyValue | str] = []
        for flag in flags:
            parts += [flag, "|"]
        return Joined(*parts, name) if flags else name


def decode(kind: Type | Attributes | Decode | None, scope: Scope, addr: int, length: int) -> list[AnyValue] | None:
    """The values of an attribute of ``kind``, None to show its bytes."""
    if kind is None:
        return None
    if isinstance(kind, Attributes):
        return [kind.show(scope, addr, length)]
    if isinstance(kind, Type):
        return [kind.at(scope.c, addr)] if length >= kind.size(scope.c.abi) else None
    return kind(scope, addr, length)


# --- kinds of values ------------------------------------------------------------------------


def string(scope: Scope, addr: int, length: int) -> list[AnyValue] | None:
    """A string that should end with a NUL, which is left out."""
    c = scope.c
    size = min(c.options.string_limit + 1, length)
    data = c.memory.read(addr, size)
    if len(data) < size:
        return [c.address(addr)]
    shown = data[: c.options.string_limit]
    ended = shown.endswith(b"\0") and c.options.hexadecimal != Hex.ALL
    return [c.quoted(shown[:-1] if ended else shown, truncated=not ended and bool(length))]


def terminated(scope: Scope, addr: int, length: int) -> list[AnyValue] | None:
    """A string up to its NUL."""
    return [scope.c.string(addr, length)]


def raw_string(scope: Scope, addr: int, length: int) -> list[AnyValue] | None:
    """The bytes as a string."""
    return [scope.c.buffer(addr, length)]


def number_of(scope: Scope, addr: int, length: int) -> int | None:
    """The number in ``length`` bytes, eight at most."""
    data = scope.c.fetch(addr, length)
    return None if data is None else int.from_bytes(data, "little")


class Choice:
    """An enumeration or flags of ``least`` bytes or more, but not more than eight."""

    def __init__(self, kind: Named, least: int = 0) -> None:
        self.kind = kind
        self.least = least

    def __call__(self, scope: Scope, addr: int, length: int) -> list[AnyValue] | None:
        if length > 8 or length < self.least:
            return None
        value = number_of(scope, addr, min(length, self.least) if self.least else length)
        return [scope.c.address(addr) if value is None else self.kind.show(value, scope.c.style, scope.c.abi)]


ip_protocol = Choice(InternetProtocol)


def ether_protocol(scope: Scope, addr: int, length: int) -> list[AnyValue] | None:
    """``htons(ETH_P_8021Q)``."""
    if not 2 <= length <= 8:
        return None
    return [EtherProtocol(2, unknown="ETHER_P_???").at(scope.c, addr)]


class Ticks:
    """A time of 1 to 8 bytes in units of which there are ``frequency`` in a second."""

    def __init__(self, frequency: int, digits: int) -> None:
        self.frequency = frequency
        self.digits = digits

    def __call__(self, scope: Scope, addr: int, length: int) -> list[AnyValue] | None:
        if length > 8:
            return None
        value = number_of(scope, addr, length)
        if value is None:
            return [scope.c.address(addr)]
        shown: AnyValue = Number(str(value), value)
        if value and scope.c.style != "raw":
            rest = f"{value % self.frequency:0{self.digits}}"
            shown = Joined(shown, remark(f"{value // self.frequency}.{rest} s"))
        return [shown]


ticks, milliseconds = Ticks(100, 2), Ticks(1000, 3)


def host(scope: Scope, addr: int, length: int) -> list[AnyValue] | None:
    """An address of the message's family."""
    return [show_host_at(scope.c, scope.family, addr, length)]


def show_host_at(c: Call, family: int, addr: int, length: int) -> AnyValue:
    """The address of ``family`` at ``addr``, as bytes when there are too few."""
    size = {2: 4, 10: 16}.get(family, 0)
    if not size or length < size:
        return hex_bytes(c, addr, length)
    data = c.fetch(addr, size)
    return c.address(addr) if data is None else show_host(c, family, data)


def hardware(scope: Scope, addr: int, length: int, kind: int | None = None) -> list[AnyValue] | None:
    """A hardware address."""
    if length > 32:
        return None
    data = scope.c.fetch(addr, length)
    return [scope.c.address(addr) if data is None else show_hardware(scope.c, data, kind)]


def hexadecimal(scope: Scope, addr: int, length: int) -> list[AnyValue] | None:
    """A number of 1, 2, 4 or 8 bytes in hexadecimal."""
    return decode(Scalar(length, "x"), scope, addr, length) if length in (1, 2, 4, 8) else None


class FixedIndexed(Fixed):
    """``T name[n]`` inside a structure, its elements with the names of their indices."""

    def __init__(self, inner: Type, n: int, names: str) -> None:
        super().__init__(inner, n)
        self.names = Enum(names, unknown="", base="u")

    def load(self, c: Call, data: bytes, offset: int) -> AnyValue:
        shown = super().load(c, data, offset)
        return with_indices(c, shown, self.names) if isinstance(shown, List) else shown


class HardwareAddress(Type):
    """A hardware address of ``n`` bytes inside a structure."""

    def __init__(self, n: int) -> None:
        self.n = n

    def size(self, abi: Abi) -> int:
        return self.n

    def align(self, abi: Abi) -> int:
        return 1

    def load(self, c: Call, data: bytes, offset: int) -> AnyValue:
        return show_hardware(c, data[offset : offset + self.n])


class Elements:
    """As many of ``inner`` as there is room for, one at least; ``names``: the table of their indices."""

    def __init__(self, inner: Type, names: str | None = None, unknown: str = "", base: str = "u") -> None:
        self.inner = inner
        self.names = None if names is None else Enum(names, unknown=unknown, base=base)

    def __call__(self, scope: Scope, addr: int, length: int) -> list[AnyValue] | None:
        count = length // self.inner.size(scope.c.abi)
        if not count:
            return None
        array = Array(self.inner, count) if self.names is None else IndexedArray(self.inner, count, self.names)
        return [array.at(scope.c, addr)]


class Prefix:
    """A structure that has grown: members from ``sizes`` on are shown when the length is one of these, or more."""

    def __init__(self, struct: Struct, *sizes: int) -> None:
        self.struct = struct
        self.sizes = sizes

    def __call__(self, scope: Scope, addr: int, length: int) -> list[AnyValue] | None:
        whole = self.struct.size(scope.c.abi)
        size = whole if length >= whole else length if length in self.sizes else 0
        if not size:
            return None
        data = scope.c.fetch(addr, size)
        if data is None:
            return [scope.c.address(addr)]
        placed = self.struct.layout(scope.c.abi)[0]
        names = [name for name, (offset, _) in placed.items() if offset < size]
        return [values.Struct(View(scope.c, data, 0, self.struct).fields(*names))]


class First:
    """The first ``size`` bytes of a structure, whose end is padding that may be missing."""

    def __init__(self, struct: Struct, size: int) -> None:
        self.struct = struct
        self.size = size

    def __call__(self, scope: Scope, addr: int, length: int) -> list[AnyValue] | None:
        if length < self.size:
            return None
        data = scope.c.fetch(addr, self.size)
        if data is None:
            return [scope.c.address(addr)]
        return [self.struct.load(scope.c, data.ljust(self.struct.size(scope.c.abi), b"\0"), 0)]


class Followed:
    """A structure, and the bytes behind it."""

    def __init__(self, struct: Struct) -> None:
        self.struct = struct

    def __call__(self, scope: Scope, addr: int, length: int) -> list[AnyValue] | None:
        size = self.struct.size(scope.c.abi)
        shown = decode(self.struct, scope, addr, length)
        if shown is not None and length > size and isinstance(shown[0], values.Struct):
            shown.append(hex_bytes(scope.c, addr + size, length - size))
        return shown


class ByFamily:
    """Attributes that hang on an address family: the message's, or the attribute's own number."""

    def __init__(self, families: Mapping[int, Attributes], own: bool = False) -> None:
        self.families = families
        self.own = own

    def __call__(self, scope: Scope, addr: int, length: int) -> list[AnyValue] | None:
        found = self.families.get(scope.number & 0xFF if self.own else scope.family)
        return None if found is None else [found.show(scope, addr, length)]


def show_unknown(c: Call, family: int, addr: int, length: int) -> AnyValue:
    """A message of which only the family is known: ``{family=AF_UNSPEC, data="…"}``."""
    fields: list[tuple[str | None, AnyValue]] = [("family", Family8.value(c, family))]
    if length > 1:
        fields.append(("data", hex_bytes(c, addr + 1, length - 1)))
    return values.Struct(fields)


# --- messages -------------------------------------------------------------------------------


def show_header(
    scope: Scope, struct: Struct, attributes: Attributes | Decode | None, addr: int, length: int
) -> list[AnyValue]:
    """A message that begins with ``struct``, whose first byte, the family, is ``scope.family``.

    ``...`` stands for the other members if the message is too short, an address if they cannot
    be read; the attributes follow.
    """
    c = scope.c
    placed = struct.layout(c.abi)[0]
    (first, (_, kind)), *others = placed.items()
    size = struct.size(c.abi)
    fields: list[tuple[str | None, AnyValue]] = [(first, kind.value(c, scope.family))]
    whole = True
    if others:
        data = c.fetch(addr + 1, size - 1) if length >= size else None
        if data is None:
            whole = False
            fields.append((None, c.address(addr + 1) if length >= size else MORE))
        else:
            view = View(c, bytes([scope.family]) + data, 0, struct)
            shown = struct.view_value(view)
            assert isinstance(shown, values.Struct)
            fields = list(shown.fields)
    out: list[AnyValue] = [values.Struct(fields)]
    offset = align4(size)
    if whole and attributes is not None and length > offset:
        rest = addr + offset, length - offset
        out += decode(attributes, scope, *rest) or [hex_bytes(c, *rest)]
    return out
