"""BTF, the kernel's description of its own types: structures with offsets, and the prototypes of functions.

>>> btf = Btf.read("/sys/kernel/btf/vmlinux")  # doctest: +SKIP
>>> btf.struct("timespec64")  # doctest: +SKIP
(Member(name='tv_sec', type='time64_t', bit_offset=0, bit_size=64), Member(name='tv_nsec', type='long', …))

Layout (Documentation/bpf/btf.rst): a header of 24 bytes, then types, then strings. A type is 12 bytes (name offset;
info = vlen:16, kind:5 at bit 24, kind_flag at bit 31; size or type) and what its kind adds. Input is hostile: every
offset, type number and chain of types is bounded, and `BtfError` says what is wrong at which offset.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ("Btf", "BtfError", "Function", "Member", "Parameter")

_MAGIC = 0xEB9F
MAX_BYTES = 64 << 20
MAX_TYPES = 1 << 21
MAX_DEPTH = 64
"""How many types may be chained: pointers to arrays of typedefs …"""
MAX_PARAMETERS = 64
"""The most that a function of the kernel takes is fewer than 20."""

_INT, _PTR, _ARRAY, _STRUCT, _UNION, _ENUM, _FWD, _TYPEDEF = range(1, 9)
_VOLATILE, _CONST, _RESTRICT, _FUNC, _FUNC_PROTO, _VAR, _DATASEC, _FLOAT, _DECL_TAG, _TYPE_TAG, _ENUM64 = range(9, 20)
_EXTRA = {_INT: (4, 0), _ARRAY: (12, 0), _STRUCT: (0, 12), _UNION: (0, 12), _ENUM: (0, 8), _FUNC_PROTO: (0, 8)} | {
    _VAR: (4, 0), _DATASEC: (0, 12), _DECL_TAG: (4, 0), _ENUM64: (0, 12)
}  # fmt: skip
"""The bytes that follow a type's 12: fixed, and for each of its `vlen` members."""
_QUALIFIERS = {_VOLATILE: "volatile", _CONST: "const", _RESTRICT: ""}
_TRANSPARENT = (_TYPEDEF, _VOLATILE, _CONST, _RESTRICT, _TYPE_TAG)


class BtfError(ValueError):
    """BTF that is torn: why, and the offset in bytes."""

    def __init__(self, why: str, offset: int) -> None:
        super().__init__(why)
        self.offset = offset


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a structure or union."""

    name: str
    """Empty for a structure or union without a name, whose members count as those of the outer one in C."""
    type: str
    """Its C type, as declared."""
    bit_offset: int
    bit_size: int

    @property
    def offset(self) -> int:
        """In bytes; a bit field's byte."""
        return self.bit_offset // 8

    @property
    def size(self) -> int:
        """In bytes, rounded up."""
        return (self.bit_size + 7) // 8


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a function."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Function:
    """A function's prototype."""

    name: str
    parameters: tuple[Parameter, ...]
    returns: str


class Btf:
    """The types of one BTF blob: `/sys/kernel/btf/vmlinux`, a module's, or the `.BTF` section of an object."""

    __slots__ = ("_data", "_formatted", "_names", "_offsets", "_order", "_strings")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._order = self._read_byte_order()
        start, type_size, string_start, string_size = self._read_header()
        self._strings = (string_start, string_start + string_size)
        self._offsets = self._index_types(start, type_size)
        self._formatted: dict[int, str] = {}
        self._names: dict[tuple[int, str], int] | None = None

    @classmethod
    def read(cls, path: str) -> "Btf":
        """The types in the file `path`. Raises `OSError` when it cannot be read, `BtfError` when it is torn."""
        with open(path, "rb") as file:
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise BtfError(f"it is larger than {MAX_BYTES >> 20} MiB", MAX_BYTES)
        return cls(data)

    def _read_byte_order(self) -> str:
        for order in "<>":
            if self._data[:2] == struct.pack(f"{order}H", _MAGIC):
                return order
        raise BtfError("it does not begin with BTF's magic number eb9f", 0)

    def _unpack(self, layout: str, offset: int) -> tuple[int, ...]:
        size = struct.calcsize(self._order + layout)
        if not 0 <= offset <= len(self._data) - size:
            raise BtfError(f"it ends before the {size} bytes that are read at {offset:#x}", offset)
        return struct.unpack_from(self._order + layout, self._data, offset)

    def _read_header(self) -> tuple[int, int, int, int]:
        header, types, type_size, strings, string_size = self._unpack("IIIII", 4)
        if header + types + type_size > len(self._data) or header + strings + string_size > len(self._data):
            raise BtfError("its header speaks of more bytes than there are", 4)
        return header + types, type_size, header + strings, string_size

    def _index_types(self, start: int, size: int) -> list[int]:
        """The offset of each type by its number; number 0 is void and has none."""
        offsets, at, end = [0], start, start + size
        info_at = struct.Struct(f"{self._order}4xI")
        while at < end:
            if at + 12 > end:
                raise BtfError("the types end within one", at)
            (info,) = info_at.unpack_from(self._data, at)
            kind, count = info >> 24 & 0x1F, info & 0xFFFF
            if not 0 < kind <= _ENUM64:
                raise BtfError(f"a type of the unknown kind {kind}", at)
            offsets.append(at)
            fixed, each = _EXTRA.get(kind, (0, 0))
            at += 12 + fixed + each * count
            if len(offsets) > MAX_TYPES or at > end:
                raise BtfError("more types than fit", at)
        return offsets

    def _head(self, number: int) -> tuple[int, int, int, int, int]:
        """Offset, name, kind, info and size-or-type of a type."""
        if not 0 < number < len(self._offsets):
            raise BtfError(f"type {number} of {len(self._offsets) - 1} is spoken of", 0)
        at = self._offsets[number]
        name, info, size = self._unpack("III", at)
        return at, name, info >> 24 & 0x1F, info, size

    def _string(self, offset: int) -> str:
        start, end = self._strings
        at = start + offset
        stop = self._data.find(b"\0", at, min(end, at + 512))
        if not start <= at < end or stop < 0:
            raise BtfError(f"the name at {offset:#x} is outside the strings", at)
        return self._data[at:stop].decode("ascii", "replace")

    def _find(self, kind: int, name: str) -> int | None:
        if self._names is None:
            self._names = {}
            for number in range(1, len(self._offsets)):
                _, label, found, _, _ = self._head(number)
                if label and found in (_STRUCT, _UNION, _FUNC, _TYPEDEF, _ENUM, _ENUM64):
                    self._names.setdefault((found, self._string(label)), number)
        return self._names.get((kind, name))

    def struct(self, name: str) -> tuple[Member, ...]:
        """The members of `struct name`, `union name` or of what the typedef `name` stands for.

        Raises `KeyError` when there is none, or only a declaration.
        """
        return self._members(self._find_aggregate(name))

    def size(self, name: str) -> int:
        """The size in bytes of a structure, union, enumeration or typedef. Raises `KeyError` when there is none."""
        for kind in (_STRUCT, _UNION, _ENUM, _ENUM64, _TYPEDEF):
            if (number := self._find(kind, name)) is not None:
                return self._size(number)
        raise KeyError(name)

    def _find_aggregate(self, name: str) -> int:
        for kind in (_STRUCT, _UNION):
            if (number := self._find(kind, name)) is not None:
                return number
        number = self._find(_TYPEDEF, name)
        if number is not None:
            number = self._skip(number)
            if number and self._head(number)[2] in (_STRUCT, _UNION):
                return number
        raise KeyError(name)

    def _skip(self, number: int) -> int:
        """The type behind typedefs and qualifiers; 0 is void."""
        for _ in range(MAX_DEPTH):
            if number == 0:
                return 0
            at, _, kind, _, target = self._head(number)
            if kind not in _TRANSPARENT:
                return number
            number = target
        raise BtfError("types that refer to each other in a circle", at)

    def _members(self, number: int) -> tuple[Member, ...]:
        at, _, _, info, _ = self._head(number)
        members = []
        for index in range(info & 0xFFFF):
            name, kind, offset = self._unpack("III", at + 12 + 12 * index)
            # With the kind flag, the offset's upper byte is the width of a bit field.
            width = offset >> 24 if info >> 31 else 0
            where = offset & 0xFFFFFF if info >> 31 else offset
            members.append(Member(self._string(name), self.format_type(kind), where, width or 8 * self._size(kind)))
        return tuple(members)

    def _size(self, number: int) -> int:
        """In bytes; 0 for void, functions and declarations."""
        count = 1
        for _ in range(MAX_DEPTH):
            number = self._skip(number)
            if number == 0:
                return 0
            at, _, kind, _, size = self._head(number)
            if kind == _ARRAY:
                number, _, elements = self._unpack("III", at + 12)
                count = min(count * elements, 1 << 62)
            elif kind == _PTR:
                return count * self._pointer_size()
            else:
                return count * size if kind in (_INT, _STRUCT, _UNION, _ENUM, _ENUM64, _FLOAT) else 0
        raise BtfError("arrays nest too deep", 0)

    def _pointer_size(self) -> int:
        # BTF does not say: a `long` is as wide on every Linux.
        for name in ("long unsigned int", "unsigned long"):
            for number in range(1, min(len(self._offsets), 2000)):
                _, label, kind, _, size = self._head(number)
                if kind == _INT and label and self._string(label) == name:
                    return size
        return 8

    def format_type(self, number: int) -> str:
        """The type as C writes it, without a name: `const char *`, `struct iovec *`, `long[4]`."""
        # Many functions share few types; in a hostile file very many share one.
        if number not in self._formatted:
            self._formatted[number] = self._format_type(number)
        return self._formatted[number]

    def _format_type(self, number: int) -> str:
        before, after = "", ""
        for _ in range(MAX_DEPTH):
            if number == 0:
                return _join("void", before, after)
            at, label, kind, info, target = self._head(number)
            name = self._string(label)
            if kind == _PTR:
                before = f"*{before}"
            elif kind in _QUALIFIERS:
                word = _QUALIFIERS[kind]
                before = f"{word} {before}" if word else before
            elif kind == _ARRAY:
                target, _, elements = self._unpack("III", at + 12)
                after = f"{after}[{elements}]"
            elif kind == _FUNC_PROTO:
                before, after = f"({before})", f"(…){after}"
            elif kind != _TYPE_TAG:
                return _join(_spell(kind, name, info), before, after)
            number = target
        raise BtfError("types that refer to each other in a circle", at)

    def function_names(self) -> Iterator[str]:
        """The names of the functions that BTF describes, in its order."""
        for number in range(1, len(self._offsets)):
            _, label, kind, _, _ = self._head(number)
            if kind == _FUNC:
                yield self._string(label)

    def functions(self) -> Iterator[Function]:
        """Every function that BTF describes, in its order; inlined ones are not there."""
        for number in range(1, len(self._offsets)):
            _, label, kind, _, prototype = self._head(number)
            if kind == _FUNC:
                yield self._function(self._string(label), prototype)

    def function(self, name: str) -> Function | None:
        """The prototype of the function `name`, None when BTF has none."""
        number = self._find(_FUNC, name)
        return None if number is None else self._function(name, self._head(number)[4])

    def _function(self, name: str, prototype: int) -> Function:
        at, _, kind, info, returns = self._head(prototype)
        if kind != _FUNC_PROTO:
            raise BtfError(f"the function {name} has no prototype", at)
        if info & 0xFFFF > MAX_PARAMETERS:
            raise BtfError(f"the function {name} has {info & 0xFFFF} parameters", at)
        parameters = [self._unpack("II", at + 12 + 8 * index) for index in range(info & 0xFFFF)]
        return Function(
            name,
            tuple(
                Parameter(self._string(label), self.format_type(kind) if kind else "...") for label, kind in parameters
            ),
            self.format_type(returns),
        )


def _spell(kind: int, name: str, info: int) -> str:
    if kind in (_STRUCT, _UNION, _FWD):
        word = "union" if kind == _UNION or (kind == _FWD and info >> 31) else "struct"
        return f"{word} {name or '{…}'}"
    if kind in (_ENUM, _ENUM64):
        return f"enum {name or '{…}'}"
    return {"long unsigned int": "unsigned long", "long int": "long", "long long int": "long long"}.get(
        name, {"long long unsigned int": "unsigned long long", "short unsigned int": "unsigned short"}.get(name, name)
    )


def _join(word: str, before: str, after: str) -> str:
    """`word` with what stands before and after the name: a qualifier next to the word goes in front of it."""
    qualifiers = []
    while before.startswith(("const ", "volatile ")):
        qualifier, _, before = before.partition(" ")
        qualifiers.append(qualifier)
    text = " ".join([*qualifiers, word])
    return f"{text} {before.rstrip()}{after}" if before else f"{text}{after}"
