# SPDX-License-Identifier: BSD-2-Clause
"""The base of all types, and the scalars: numbers, enumerations, flags, descriptors, ids.

A type turns a raw word (an argument register) or bytes of memory into a value. It knows its
size and alignment in each ABI, when it can be decoded (entry or exit) and what a source has
to copy for it (``plan``, see plan.py). Types hold no state of a call.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from trapgate.calls import tables
from trapgate.calls.quote import unescape
from trapgate.model.abi import Abi
from trapgate.model.values import AnyValue, FlagSet, Joined, Json, Number, String, Symbol, Value, remark

if TYPE_CHECKING:
    from trapgate.calls.call import Call, Options
    from trapgate.calls.plan import Planner

Pieces = Mapping[int, tuple[int, bytes]]
"""What was copied of a program's memory, by address: flags and bytes."""
QuickText = Callable[[int, Pieces, Sequence[int], int], str | None]
"""The text of what is at an address, from it, what was copied, the call's words and result; None: unknown."""
NO_PIECE = (0, b"")
U64_MASK = (1 << 64) - 1
NOTHING = Value("")


def truncate(word: int, size: int, signed: bool) -> int:
    """The low ``size`` bytes of ``word`` as C would convert it."""
    bits = size * 8
    word &= (1 << bits) - 1
    return word - (1 << bits) if signed and word >> (bits - 1) else word


def format_int(value: int, base: str) -> str:
    """``value`` as C's %d, %#x or %#o would print it (which have no prefix on zero).

    >>> format_int(0, "x"), format_int(255, "x"), format_int(8, "o")
    ('0', '0xff', '010')
    """
    if base == "x":
        return hex(value) if value else "0"
    if base == "o":
        return f"0{value:o}" if value else "0"
    return str(value)


class Type:
    """What an argument or a member of a structure is."""

    out = False
    """Whether it can be decoded only when the call has returned."""
    path_like = False
    """Whether it names a file; makes the call one of %file."""
    fd_like = False
    """Whether it is a file descriptor; makes the call one of %desc."""

    def words(self, abi: Abi) -> int:
        """How many argument registers it takes."""
        return 1

    def named_fds(self, c: Call, word: int) -> Sequence[int]:
        """The descriptors by which -P and -e trace-fds choose calls."""
        return ()

    def named_path(self, c: Call, word: int) -> int:
        """The address of a path by which -P chooses calls; 0 if it names none."""
        return word if self.path_like else 0

    def is_pure(self, options: Options) -> bool:
        """Whether its value follows from the register alone: neither memory nor /proc is asked."""
        return False

    def joined(self, c: Call, index: int) -> int:
        """The word of an argument that takes two registers, of which ``index`` is the first."""
        return c.u64_pair(index)

    def size(self, abi: Abi) -> int:
        """Bytes in memory."""
        raise TypeError(f"{self!r} has no fixed size")

    def align(self, abi: Abi) -> int:
        """Alignment in memory, bytes."""
        return self.size(abi)

    def is_out(self, c: Call) -> bool:
        """Whether, in this call, it waits for the exit."""
        return self.out

    def decode(self, c: Call, word: int) -> AnyValue | None:
        """The value of an argument register; None when it is not an argument of this call."""
        raise NotImplementedError

    def value(self, c: Call, word: int) -> AnyValue:
        """As ``decode``, for hand-written decoders, where the argument is known to exist."""
        value = self.decode(c, word)
        assert value is not None
        return value

    def load(self, c: Call, data: bytes, offset: int) -> AnyValue:
        """The value of ``size()`` bytes of memory at ``offset`` of ``data``."""
        return self.decode(c, self.raw(c, data, offset)) or Value("")

    def raw(self, c: Call, data: bytes, offset: int) -> int:
        """The integer at ``offset`` of ``data``."""
        return int.from_bytes(data[offset : offset + self.size(c.abi)], "little")

    def at(self, c: Call, addr: int) -> AnyValue:
        """The value in the program's memory at ``addr``, or the address if it cannot be read."""
        data = c.fetch(addr, self.size(c.abi))
        return c.address(addr) if data is None else self.load(c, data, 0)

    def quick(self, c: Call) -> QuickText | None:
        """What makes the text of ``at`` from copied bytes alone in calls like ``c``; None: only ``at`` can."""
        return None

    def plan(self, p: Planner) -> None:
        """Tell the planner what to copy so that ``at`` can work; default: ``size()`` bytes."""
        p.bytes(self.size(p.abi))

    def plan_argument(self, p: Planner) -> None:
        """Tell the planner what to copy for an argument of this type; default: nothing."""


class Scalar(Type):
    """A number of ``size`` bytes ('long': a C long of the ABI), printed in ``base`` d, u, x or o."""

    def __init__(self, size: int | str, base: str = "d", signed: bool = False, big_endian: bool = False) -> None:
        self._size = size
        self.base = base
        self.signed = signed
        self.big_endian = big_endian
        self._cache: dict[int, AnyValue] = {}

    def size(self, abi: Abi) -> int:
        if isinstance(self._size, int):
            return self._size
        return abi.time_t if self._size == "time" else abi.word if self._size == "long" else abi.register

    def is_pure(self, options: Options) -> bool:
        return True

    def align(self, abi: Abi) -> int:
        size = self.size(abi)
        return min(size, abi.align64) if size == 8 else size

    def number(self, c: Call, word: int) -> int:
        """``word`` truncated and signed as the kernel takes it."""
        size = self._size
        bits = 8 * size if isinstance(size, int) else 8 * self.size(c.abi)
        word &= (1 << bits) - 1
        return word - (1 << bits) if self.signed and word >> (bits - 1) else word

    def raw(self, c: Call, data: bytes, offset: int) -> int:
        size = self._size
        end = offset + (size if isinstance(size, int) else self.size(c.abi))
        return int.from_bytes(data[offset:end], "big" if self.big_endian else "little")

    def load(self, c: Call, data: bytes, offset: int) -> AnyValue:
        return self.decode(c, self.raw(c, data, offset)) or NOTHING

    def decode(self, c: Call, word: int) -> AnyValue | None:
        value = self.number(c, word)
        known = self._cache.get(value)
        if known is None:
            known = Number(format_int(value, self.base), value)
            if len(self._cache) < 4096:
                self._cache[value] = known
        return known


class Wide(Scalar):
    """A 64-bit argument: one register, or two (low word first) where registers have 32 bits."""

    def words(self, abi: Abi) -> int:
        return 2 if abi.register == 4 else 1


class HighFirst(Wide):
    """A 64-bit argument in two registers, high word first: ``_llseek``."""

    def words(self, abi: Abi) -> int:
        return 2

    def joined(self, c: Call, index: int) -> int:
        return c.u32(index) << 32 | c.u32(index + 1)


class _Unused(Type):
    """A register that the call takes and ignores."""

    def decode(self, c: Call, word: int) -> AnyValue | None:
        return None


Unused = _Unused()
Int = Scalar(4, "d", True)
UInt = Scalar(4, "u")
Long = Scalar("long", "d", True)
ULong = Scalar("long", "u")
KLong = Scalar("kernel", "d", True)
KULong = Scalar("kernel", "u")
Size = Scalar("long", "u")
SSize = Scalar("long", "d", True)
S8, S16, S32, S64 = (Scalar(n, "d", True) for n in (1, 2, 4, 8))
U8, U16, U32, U64 = (Scalar(n, "u") for n in (1, 2, 4, 8))
X8, X16, X32, X64 = (Scalar(n, "x") for n in (1, 2, 4, 8))
Hex32 = X32
HexLong = Scalar("long", "x")
HexKLong = Scalar("kernel", "x")
Octal32 = Scalar(4, "o")
BE16 = Scalar(2, "u", big_endian=True)
BE32 = Scalar(4, "u", big_endian=True)
BE64 = Scalar(8, "u", big_endian=True)
BEX16 = Scalar(2, "x", big_endian=True)
BEX32 = Scalar(4, "x", big_endian=True)
Offset64 = Wide(8, "d", True)
Unsigned64 = Wide(8, "u")
HexWide = Wide(8, "x")
TimeT = Scalar("time", "d", True)


class Pointer(Scalar):
    """An address that is printed, not followed: ``NULL`` or ``0x…``."""

    def __init__(self, size: int | str = "long") -> None:
        super().__init__(size, "x")

    def decode(self, c: Call, word: int) -> AnyValue | None:
        return c.address(self.number(c, word))


Addr = Pointer()


class Pointer64(Scalar):
    """An address in 64 bits, whatever the ABI: ``NULL`` or ``0x…``."""

    def __init__(self) -> None:
        super().__init__(8, "x")

    def decode(self, c: Call, word: int) -> AnyValue | None:
        return c.address(self.number(c, word))


Addr64 = Pointer64()


class Aligned(Type):
    """A member aligned to its own size in every ABI (``__aligned_u64``)."""

    def __init__(self, inner: Type) -> None:
        self.inner = inner

    def size(self, abi: Abi) -> int:
        return self.inner.size(abi)

    def load(self, c: Call, data: bytes, offset: int) -> AnyValue:
        return self.inner.load(c, data, offset)

    def raw(self, c: Call, data: bytes, offset: int) -> int:
        return self.inner.raw(c, data, offset)


class PaddedHex(Scalar):
    """A hexadecimal number as wide as its type: ``0x00001f``; zero is all zeros."""

    def __init__(self, size: int | str) -> None:
        super().__init__(size, "x")

    def decode(self, c: Call, word: int) -> AnyValue | None:
        value, width = self.number(c, word), 2 * self.size(c.abi)
        return Number(f"{value:#0{width}x}" if value else "0" * width, value)


class Named(Scalar):
    """Base of enumerations and flags: values of one or more tables, cached per style and ABI."""

    def __init__(
        self,
        *names: str,
        unknown: str | None = None,
        size: int | str = 4,
        base: str = "x",
        signed: bool = False,
        big_endian: bool = False,
    ) -> None:
        super().__init__(size, base, signed, big_endian)
        self.names = names
        self._unknown = unknown
        self._known: dict[tuple[int, str, str], AnyValue] = {}

    def tables(self, abi: Abi) -> list[tables.Table]:
        """The tables with the values of ``abi``."""
        return [tables.load(name, abi.name) for name in self.names]

    def unknown(self, abi: Abi) -> str:
        """The remark printed for a value without a name."""
        return self._unknown if self._unknown is not None else self.tables(abi)[0].unknown

    def lookup(self, value: int, abi: Abi) -> str | None:
        """The name of ``value``, None if it has none."""
        for table in self.tables(abi):
            name = table.by_value.get(value)
            if name is not None:
                return name
        if not self.signed and isinstance(self._size, int) and value >> 8 * self._size - 1 == 1:
            return self.lookup(value - (1 << 8 * self._size), abi)  # the tables have negative numbers as such
        return None

    def decode(self, c: Call, word: int) -> AnyValue | None:
        value = self.number(c, word)
        key = (value, c.style, c.abi.name)
        known = self._known.get(key)
        if known is None:
            known = self.show(value, c.style, c.abi)
            if len(self._known) < 4096:
                self._known[key] = known
        return known

    def show(self, value: int, style: str, abi: Abi) -> AnyValue:
        """The value in ``style``: abbrev ``NAME``, raw ``0x1``, verbose ``0x1 /* NAME */``."""
        raise NotImplementedError

    def value_of(self, name: str, abi: Abi) -> int:
        """The number behind ``name``; KeyError if no table has it."""
        for table in self.tables(abi):
            if name in table.by_name:
                return table.by_name[name]
        raise KeyError(f"{name} is in none of the tables {', '.join(self.names)}")


def with_remark(number: str, name: str, data: object) -> AnyValue:
    """``number /* name */``; only the number when name is empty."""
    return Joined(Number(number, data), remark(name)) if name else Number(number, data)


class Enum(Named):
    """One of the constants of ``names``: ``SEEK_SET``, unknown ``0x7 /* SEEK_??? */``."""

    def show(self, value: int, style: str, abi: Abi) -> AnyValue:
        number = format_int(value, self.base)
        if style == "raw":
            return Number(number, value)
        name = self.lookup(value, abi)
        if name is None:
            return with_remark(number, self.unknown(abi), value)
        return Symbol(name, name) if style == "abbrev" else with_remark(number, name, name)


def styled(style: str, number: str, name: str, data: object) -> AnyValue:
    """``name`` in place of ``number``, the number alone under -X raw, both under -X verbose."""
    if style == "raw":
        return Number(number, data)
    return Symbol(name, data) if style == "abbrev" else with_remark(number, name, data)


class ExplainedEnum(Enum):
    """Constants of which programs have no header: the number, with the name as a remark."""

    def show(self, value: int, style: str, abi: Abi) -> AnyValue:
        return super().show(value, "raw" if style == "raw" else "verbose", abi)


def split_flags(value: int, found: list[tables.Table]) -> tuple[list[str], int]:
    """The names of the bits of ``value`` in table order, and the bits without a name."""
    names: list[str] = []
    for table in found:
        for name, bits in table.entries:
            if (value == bits and (value or not names)) or (bits and value & bits == bits):
                names.append(name)
                value &= ~bits
            if not value and names:
                return names, 0
    return names, value


def show_flags(value: int, style: str, found: list[tables.Table], unknown: str, base: str = "x") -> AnyValue:
    """``A|B|0x100``; all unknown ``0x100 /* X_??? */``; verbose ``0x3 /* A|B */``; zero ``0``."""
    number = format_int(value, base)
    if style == "raw":
        return Number(number, value)
    names, rest = split_flags(value, found)
    if not names:
        return with_remark(number, unknown, value) if value else Number("0", [])
    shown = names + ([format_int(rest, base)] if rest else [])
    data: list[str | int] = [*names, *([rest] if rest else [])]
    if style == "abbrev":
        return FlagSet("|".join(shown), data)
    return with_remark(number, "|".join(shown), data)


def format_noted_flags(value: int, style: str, found: list[tables.Table]) -> str:
    """The flags in a result, as the remark behind it has them: no ``/* X_??? */``, raw ``0x1``."""
    number = hex(value)
    if style == "raw":
        return number
    names, rest = split_flags(value, found)
    if not names:
        return number
    text = "|".join(names + ([hex(rest)] if rest else []))
    return text if style == "abbrev" else f"{number} /* {text} */"


class Flags(Named):
    """A set of bits out of the tables ``names``: ``O_CREAT|O_EXCL``."""

    def show(self, value: int, style: str, abi: Abi) -> AnyValue:
        return show_flags(value, style, self.tables(abi), self.unknown(abi), self.base)


class ExplainedFlags(Flags):
    """Bits of which programs have no header: the number, with the names as a remark."""

    def show(self, value: int, style: str, abi: Abi) -> AnyValue:
        return super().show(value, "raw" if style == "raw" else "verbose", abi)


class WideFlags(Flags):
    """A set of 64 bits as an argument: two registers where they have 32."""

    def __init__(self, *names: str) -> None:
        super().__init__(*names, size=8)

    def words(self, abi: Abi) -> int:
        return 2 if abi.register == 4 else 1


class EnumFlags(Named):
    """An enumeration in the low bits (``mask``) and flags above it: ``SOCK_STREAM|SOCK_CLOEXEC``."""

    def __init__(self, enum: Enum, flags: Flags, mask: int, size: int | str = 4) -> None:
        super().__init__(*enum.names, size=size)
        self.enum = enum
        self.flags = flags
        self.mask = mask

    def show(self, value: int, style: str, abi: Abi) -> AnyValue:
        low = self.enum.show(value & self.mask, style, abi)
        if not value & ~self.mask:
            return low
        return join_flags(low, self.flags.show(value & ~self.mask, style, abi))


def join_flags(*parts: AnyValue) -> AnyValue:
    """Values with ``|`` between them, as one set of flags."""
    data: list[object] = []
    for part in parts:
        data.extend(part.data if isinstance(part.data, list) else [part.data])
    return FlagSet("|".join([p.text for p in parts]), data)


def describe_fd(fd: int, shown: str) -> AnyValue:
    """A descriptor with what ``-y`` shows behind it: ``</path>``, ``</path>(deleted)``, ``<TCP:[…]>``."""
    inner, _, behind = shown[1:].rpartition(">")
    data: dict[str, Json] = {"fd": fd, "path": String("", unescape(inner)).data}
    if behind:
        data["deleted"] = True
    return Number(f"{fd}{shown}", data)


class FileDescriptor(Scalar):
    """A descriptor of the calling process; ``-y`` prints what it is behind it."""

    fd_like = True

    def __init__(self) -> None:
        super().__init__(4, "d", True)

    def is_pure(self, options: Options) -> bool:
        return not options.decode_fds

    def named_fds(self, c: Call, word: int) -> Sequence[int]:
        return (self.number(c, word),)

    def decode(self, c: Call, word: int) -> AnyValue | None:
        plain = super().decode(c, word)
        if not c.options.decode_fds:
            return plain
        fd = self.number(c, word)
        more = c.process.fd_text(fd) if fd >= 0 else ""
        return describe_fd(fd, more) if more else plain


class DirectoryFd(FileDescriptor):
    """A descriptor that may be AT_FDCWD."""

    CWD = -100

    def decode(self, c: Call, word: int) -> AnyValue | None:
        if self.number(c, word) != self.CWD:
            return super().decode(c, word)
        text = {"raw": "-100", "verbose": "-100 /* AT_FDCWD */"}.get(c.style, "AT_FDCWD")
        more = c.process.fd_text(self.CWD) if c.options.decode_fds else ""
        return Symbol(text + more, "AT_FDCWD")


class _Instrument(FileDescriptor):
    """A descriptor through which a call works on another: by it no call is chosen."""

    def named_fds(self, c: Call, word: int) -> Sequence[int]:
        return ()


Fd = FileDescriptor()
DirFd = DirectoryFd()
InstrumentFd = _Instrument()


class UserId(Scalar):
    """A user or group id; (id)-1, which leaves an id as it is, prints as -1."""

    def __init__(self, size: int = 4) -> None:
        super().__init__(size, "u")

    def decode(self, c: Call, word: int) -> AnyValue | None:
        value = self.number(c, word)
        return Number("-1", -1) if value == (1 << self.size(c.abi) * 8) - 1 else super().decode(c, value)


Uid = Gid = UserId()
Uid16 = Gid16 = UserId(2)


class ProcessId(Scalar):
    """A process id; kind: tid, tgid, pgid or sid, for pid namespace translation."""

    def __init__(self, kind: str) -> None:
        super().__init__(4, "d", True)
        self.kind = kind

    def is_pure(self, options: Options) -> bool:
        return not options.decode_pids

    def decode(self, c: Call, word: int) -> AnyValue | None:
        plain = super().decode(c, word)
        if not c.options.decode_pids:
            return plain
        pid = self.number(c, word)
        return Number(f"{pid}{c.process.pid_text(pid, self.kind)}", pid)


Tid, Tgid, Pgid, Sid = (ProcessId(kind) for kind in ("tid", "tgid", "pgid", "sid"))


class _ProcessOrGroup(ProcessId):
    """A process, or with a minus sign before it a process group; -1 and 0 mean others."""

    def decode(self, c: Call, word: int) -> AnyValue | None:
        number = self.number(c, word)
        if number >= -1 or not c.options.decode_pids:
            return super().decode(c, word)
        return Number(f"{number}{c.process.pid_text(-number, 'pgid')}", number)


ProcessOrGroup = _ProcessOrGroup("tgid")


class FileMode(Scalar):
    """Permission bits in octal, three digits at least: ``0644``, ``000``."""

    def __init__(self, size: int = 2) -> None:
        super().__init__(size, "o")

    def decode(self, c: Call, word: int) -> AnyValue | None:
        value = self.number(c, word)
        return Number(f"0{value:o}" if value >= 8 else f"{value:03o}", value)


Mode = FileMode()


class OnlyIf(Type):
    """An argument that exists only if ``condition(call)`` holds: openat's mode."""

    def __init__(self, condition: object, inner: Type) -> None:
        self.condition = condition
        self.inner = inner
        self.out = inner.out

    def words(self, abi: Abi) -> int:
        return self.inner.words(abi)

    def decode(self, c: Call, word: int) -> AnyValue | None:
        return self.inner.decode(c, word) if self.condition(c) else None  # type: ignore[operator]

    def plan_argument(self, p: Planner) -> None:
        self.inner.plan_argument(p)


class Either(Type):
    """An argument of type ``first`` if ``condition(call)`` holds, else of type ``second``."""

    def __init__(self, condition: Callable[[Call], bool], first: Type, second: Type) -> None:
        self.condition = condition
        self.first = first
        self.second = second
        self.path_like = first.path_like or second.path_like

    def is_out(self, c: Call) -> bool:
        return (self.first if self.condition(c) else self.second).is_out(c)

    def decode(self, c: Call, word: int) -> AnyValue | None:
        return (self.first if self.condition(c) else self.second).decode(c, word)

    def named_path(self, c: Call, word: int) -> int:
        return (self.first if self.condition(c) else self.second).named_path(c, word)

    def plan_argument(self, p: Planner) -> None:
        self.first.plan_argument(p)
        self.second.plan_argument(p)


class Switch(Type):
    """An argument whose type hangs on another's value: fcntl's arg on its cmd.

    ``cases`` maps names of constants (of the selector's table) or numbers to types; a type of
    None means that the call has no such argument then.
    """

    def __init__(self, selector: str, cases: dict[str | int, Type | None], default: Type | None = Addr) -> None:
        self.selector = selector
        self.cases = cases
        self.default = default
        self._numbers: dict[str, dict[int, Type | None]] = {}

    def numbers(self, abi: Abi, selector: Type) -> dict[int, Type | None]:
        """The cases by number, for ``abi``."""
        known = self._numbers.get(abi.name)
        if known is None:
            known = {}
            for key, case in self.cases.items():
                if isinstance(key, str):
                    assert isinstance(selector, Named), "cases by name need an Enum as selector"
                    key = selector.value_of(key, abi)
                known[key] = case
            self._numbers[abi.name] = known
        return known

    def key(self, word: int) -> int:
        """The number of a case in the selector's word."""
        return truncate(word, 4, False)

    def words_of(self, abi: Abi, selector: Type) -> set[int]:
        """The selector's words for which there is a case."""
        return set(self.numbers(abi, selector))

    def chosen(self, c: Call) -> Type | None:
        """The type that applies in this call."""
        assert c.description is not None
        return self.case_for(c.abi, c.description.type_of(self.selector), c.word(self.selector))

    def case_for(self, abi: Abi, selector: Type, word: int) -> Type | None:
        """The type that applies where the selector's word is ``word``."""
        return self.numbers(abi, selector).get(self.key(word), self.default)

    def plan_argument(self, p: Planner) -> None:
        case = self.default
        if p.selected is not None and p.selected[0] == self.selector:
            case = self.case_for(p.abi, p.description.type_of(self.selector), p.selected[1])
        if case is not None:
            case.plan_argument(p)

    def named_fds(self, c: Call, word: int) -> Sequence[int]:
        case = self.chosen(c)
        return () if case is None else case.named_fds(c, word)

    def named_path(self, c: Call, word: int) -> int:
        case = self.chosen(c)
        return 0 if case is None else case.named_path(c, word)

    def is_out(self, c: Call) -> bool:
        case = self.chosen(c)
        return case is not None and case.is_out(c)

    def decode(self, c: Call, word: int) -> AnyValue | None:
        case = self.chosen(c)
        return None if case is None else case.decode(c, word)
