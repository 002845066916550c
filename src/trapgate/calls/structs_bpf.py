# SPDX-License-Identifier: BSD-2-Clause
"""Forms: what a command of bpf(2) finds in ``union bpf_attr``, member by member, as far as the caller filled it in.

The caller gives a size; a member that a later kernel added prints when it begins within it, and what lies behind
the last known one prints as bytes. Declares no calls. Source: include/uapi/linux/bpf.h, kernel/bpf/syscall.c.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from trapgate.calls.call import Call
from trapgate.calls.memory import CharArray, Struct, View
from trapgate.calls.quote import Hex
from trapgate.calls.structs_filter import Program, format_code
from trapgate.calls.types import U64, X64, Aligned, Enum, Pointer64, Scalar, Type, styled
from trapgate.model import values
from trapgate.model.values import MORE, AnyValue, Change, Joined, Number, Symbol, remark

NAME_BYTES = 16
PAGE = 4096

Address = Aligned(Pointer64())
A64, AX64 = Aligned(U64), Aligned(X64)
Name = CharArray(NAME_BYTES)

Field = tuple[str | None, AnyValue]


@dataclass(frozen=True, slots=True)
class Filled:
    """A form with ``length`` bytes filled in, now and when the call was entered."""

    view: View
    length: int
    before: Filled | None = None
    told: Filled | None = None
    """The structure that the kernel fills, as it was when the call was entered."""
    early: tuple[Field, ...] = ()
    """The members that were shown when the call was entered."""

    @property
    def call(self) -> Call:
        """The call."""
        return self.view.call

    def offset(self, name: str) -> int:
        """Where a member begins."""
        return self.view.struct.member(self.call.abi, name)[0]

    def has(self, name: str) -> bool:
        """Whether a member begins within the bytes filled in."""
        return self.length > self.offset(name)

    def number(self, name: str) -> int:
        """A member as a number."""
        found = getattr(self.view, name)
        assert isinstance(found, int)
        return found

    def show(self, name: str, kind: Type | None = None) -> AnyValue:
        """A member's value."""
        return self.view.show(name, kind)


Special = Callable[[Filled, str], "list[Field]"]
"""Shows one member in a way of its own, or not at all: the form, the member's name."""


class Form:
    """A structure within ``union bpf_attr``.

    ``since``: members that began a new version of it. ``late``: the first member that is known only when the call
    has returned. ``within``: the name of the union's member around it, if C names that. Keywords: members that are
    shown in a way of their own.
    """

    def __init__(
        self, struct: Struct, since: str = "", /, *, late: str = "", within: str = "", **special: Special
    ) -> None:
        self.struct = struct
        self.late = late
        self.within = within
        self.special = special
        self.names = [name for name in struct.members if not name.startswith("_")]
        self._version: dict[str, str] = {}
        newest = ""
        for name in self.names:
            newest = name if name in since.split() else newest
            self._version[name] = newest

    def known(self, filled: Filled) -> int:
        """How many bytes are described."""
        offset, kind = list(self.struct.layout(filled.call.abi)[0].values())[-1]
        return offset + kind.size(filled.call.abi)

    def fill_in(self, c: Call, data: bytes, before: Filled | None = None) -> Filled:
        """The form with ``data``, zero where that ends early."""
        return Filled(View(c, data.ljust(self.struct.size(c.abi), b"\0"), 0, self.struct), len(data), before)

    def is_late(self, filled: Filled) -> bool:
        """Whether anything is known only when the call has returned."""
        return bool(self.late) and self.is_shown(filled, self.late)

    def is_shown(self, filled: Filled, name: str) -> bool:
        """Whether the version of the form that has a member was used."""
        version = self._version[name]
        return not version or filled.has(version)

    def enter(self, filled: Filled) -> Filled:
        """The form with the members that are shown when the call is entered."""
        until = self.names.index(self.late) if self.late else 0
        return replace(filled, early=tuple(self._show_members(filled, self.names[:until])))

    def fields(self, filled: Filled) -> list[Field]:
        """All members that are shown."""
        if filled.before is None:
            return self._show_members(filled, self.names)
        since = self.names.index(self.late) if self.late else 0
        return [*filled.before.early, *self._show_members(filled, self.names[since:])]

    def _show_members(self, filled: Filled, names: Sequence[str]) -> list[Field]:
        shown: list[Field] = []
        for name in names:
            if self.is_shown(filled, name):
                special = self.special.get(name)
                shown += [(name, filled.show(name))] if special is None else special(filled, name)
        return shown

    def show(self, filled: Filled) -> AnyValue:
        """The form as a value."""
        shown, known = self.fields(filled), self.known(filled)
        if self.within:
            shown = [(self.within, values.Struct(shown))]
        return values.Struct([*shown, *show_extra(filled, known)])


def show_extra(filled: Filled, known: int) -> list[Field]:
    """The bytes behind the ``known`` ones, if any is set."""
    rest = filled.view.data[known : filled.length]
    if not any(rest):
        return []
    if filled.call.abbrev:
        return [(None, MORE)]
    shown = filled.call.quoted(rest, hexadecimal=Hex.ALL)
    return [("extra_data", Joined(shown, remark(f"bytes {known}..{filled.length - 1}")))]


# --- ways of members ------------------------------------------------------------------------


def changed(filled: Filled, name: str) -> list[Field]:
    """A number that the kernel may have rewritten."""
    now = filled.show(name)
    before = now if filled.before is None else filled.before.show(name)
    return [(name, now if before.text == now.text else Change(before, now))]


def cut_name(filled: Filled, name: str) -> list[Field]:
    """A name that may be cut by the form's end."""
    return [(name, filled.show(name, CharArray(min(NAME_BYTES, filled.length - filled.offset(name)))))]


def path(filled: Filled, name: str) -> list[Field]:
    """A file's name."""
    return [(name, filled.call.path(filled.number(name)))]


def string(filled: Filled, name: str) -> list[Field]:
    """A string."""
    return [(name, filled.call.string(filled.number(name)))]


def text_of(size: str | int) -> Special:
    """A string in the room that another member tells."""

    def show(filled: Filled, name: str) -> list[Field]:
        room = size if isinstance(size, int) else filled.number(size)
        return [(name, filled.call.string(filled.number(name), room))]

    return show


def bytes_of(size: str, hexadecimal: Hex | None = None) -> Special:
    """Bytes as many as another member tells."""

    def show(filled: Filled, name: str) -> list[Field]:
        return [(name, filled.call.buffer(filled.number(name), filled.number(size), hexadecimal))]

    return show


def if_set(member: str, bits: int, kind: Type | None = None) -> Special:
    """Only if another member has one of ``bits``."""

    def show(filled: Filled, name: str) -> list[Field]:
        return [(name, filled.show(name, kind))] if filled.number(member) & bits else []

    return show


def if_has(member: str) -> Special:
    """Only if the form goes on to another member."""

    def show(filled: Filled, name: str) -> list[Field]:
        return [(name, filled.show(name))] if filled.has(member) else []

    return show


def smaller(filled: Filled, name: str) -> int:
    """The lesser of what there was room for and what there is."""
    now = filled.number(name)
    return now if filled.before is None else min(now, filled.before.number(name))


# --- programs -------------------------------------------------------------------------------

Register = Enum("ebpf_regs", unknown="BPF_REG_???")
S16 = Scalar(2, "d", True)


class _Code(Scalar):
    """The operation of an instruction of eBPF."""

    def __init__(self) -> None:
        super().__init__(1, "x")

    def decode(self, c: Call, word: int) -> AnyValue | None:
        return Symbol(format_code(word, c.style, c.abi, extended=True), word)


def _show_instruction(view: View) -> list[Field]:
    c, registers = view.call, view._registers
    return [
        *view.fields("code"),
        ("dst_reg", Register.value(c, registers & 15)),
        ("src_reg", Register.value(c, registers >> 4)),
        *view.fields("off", "imm"),
    ]


Instruction = Struct(
    "struct bpf_insn", show=_show_instruction, code=_Code(), _registers=Scalar(1, "x"), off=S16, imm=Scalar(4, "x")
)
HEADERS = {"struct bpf_insn": "linux/bpf.h"}


def show_program(c: Call, addr: int, count: int) -> AnyValue:
    """``count`` instructions of eBPF; their address when the call is abbreviated."""
    return Program(0, instruction=Instruction).elements(c, addr, count) if addr else c.address(addr)


class KernelVersion(Scalar):
    """``KERNEL_VERSION(6, 1, 2)``."""

    def __init__(self) -> None:
        super().__init__(4, "x")

    def decode(self, c: Call, word: int) -> AnyValue | None:
        text = f"KERNEL_VERSION({word >> 16}, {word >> 8 & 255}, {word & 255})"
        return styled(c.style, hex(word) if word else "0", text, word)


class NumaNode(Scalar):
    """A node, or none: ``4294967295 /* NUMA_NO_NODE */``."""

    def __init__(self) -> None:
        super().__init__(4, "u")

    def decode(self, c: Call, word: int) -> AnyValue | None:
        number = Number(str(word), word)
        return Joined(number, remark("NUMA_NO_NODE")) if word == 0xFFFFFFFF and c.style != "raw" else number
