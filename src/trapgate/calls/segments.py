# SPDX-License-Identifier: BSD-2-Clause
"""What only x86 has: segment descriptors, I/O ports, shadow stacks.

Source: modify_ldt(2), set_thread_area(2), ioperm(2), iopl(2), map_shadow_stack(2).
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from trapgate.calls.call import Call, Options
from trapgate.calls.describe import EXIT, Yield, call, decoder
from trapgate.calls.errnames import error_name
from trapgate.calls.memory import In, InOut, View
from trapgate.calls.structs_segment import EntryNumber, UserDescriptor, show_descriptor
from trapgate.calls.types import Addr, Flags, HexKLong, Int, KULong, Scalar, truncate
from trapgate.model.values import MORE, AnyValue, Change, Number
from trapgate.model.values import Struct as StructValue

X86 = "x86_64 x32 i386"

# --- segment descriptors --------------------------------------------------------------------


class Descriptor(In):
    """A descriptor, if ``bytecount`` is the size of one."""

    def decode(self, c: Call, word: int) -> AnyValue | None:
        fits = truncate(c.word("bytecount"), c.abi.register, False) == UserDescriptor.size(c.abi)
        return super().decode(c, word) if fits else Addr.decode(c, word)


class IntResult(Scalar):
    """The result of a call that returns an int, of which 64-bit programs get no more than 32 bits."""

    def __init__(self) -> None:
        super().__init__("kernel", "d", True)

    def is_pure(self, options: Options) -> bool:
        return False

    def decode(self, c: Call, word: int) -> AnyValue | None:
        error = -truncate(word, 4, True)
        name = error_name(error) if 0 < error < 4096 and self.number(c, word) > 0 else None
        return super().decode(c, word) if name is None else Number(f"{word} {name} ({os.strerror(error)})", word)


call("modify_ldt", func=Int, ptr=Descriptor(UserDescriptor), bytecount=KULong, returns=IntResult(), abis=X86)


class EntryResult(Scalar):
    """A result, behind which the number of the entry that the call chose is told."""

    def __init__(self) -> None:
        super().__init__("kernel", "d", True)

    def is_pure(self, options: Options) -> bool:
        return False

    def decode(self, c: Call, word: int) -> AnyValue | None:
        data = c.fetch(truncate(c.args[0], c.abi.word, False), UserDescriptor.size(c.abi))
        c.note = None if data is None else f"entry_number={View(c, data, 0, UserDescriptor).entry_number}"
        return super().decode(c, word)


@decoder("set_thread_area", u_info=InOut(UserDescriptor), returns=EntryResult(), abis=X86, plannable=True)
def set_thread_area(c: Call) -> Iterator[Yield]:
    """What the kernel wrote back is told with the result, not with the argument."""
    yield "u_info", In(UserDescriptor).value(c, c.args[0])


@decoder("get_thread_area", u_info=InOut(UserDescriptor), abis=X86, plannable=True)
def get_thread_area(c: Call) -> Iterator[Yield]:
    """Only the number is there before the call, and only then the rest is."""
    addr = truncate(c.args[0], c.abi.word, False)
    asked = c.fetch_int(addr)
    if asked is None:
        yield "u_info", c.address(addr)
        return
    yield EXIT
    data = c.fetch(addr, UserDescriptor.size(c.abi))
    before = EntryNumber.value(c, asked)
    if data is None:
        yield "u_info", StructValue([("entry_number", before), (None, MORE)])
        return
    view = View(c, data, 0, UserDescriptor)
    fields = list(show_descriptor(view))
    if view.entry_number != asked:
        fields[0] = "entry_number", Change(before, EntryNumber.value(c, view.entry_number))
    yield "u_info", StructValue(fields)


# --- ports and stacks -----------------------------------------------------------------------

# from and num keep their names although one is a word of Python's
call("ioperm", from__=HexKLong, num=HexKLong, turn_on=Int, abis=X86)
call("iopl", level=Int, abis=X86)
call(
    "map_shadow_stack",
    addr=Addr,
    len=KULong,
    flags=Flags("shadow_stack_flags", unknown="SHADOW_STACK_???"),
    classes="memory",
)
