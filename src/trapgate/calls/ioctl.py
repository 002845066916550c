# SPDX-License-Identifier: BSD-2-Clause
"""ioctl: the request by its names, the argument as the request's family in ``requests`` says.

What is not described there prints as a number, and under -v as its bytes if the request
encodes their count. Source: ioctl(2); include/uapi/asm-generic/ioctl.h.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from trapgate.calls.call import Call
from trapgate.calls.describe import EXIT, RETURN, Yield, decoder
from trapgate.calls.memory import Bytes, In, Str, Struct
from trapgate.calls.plan import Planner
from trapgate.calls.requests import FAMILIES, Case, Followed, Known, Staged, Stages, known_requests, tell
from trapgate.calls.types import Either, Fd, HexKLong, Scalar, Switch, Type, styled, truncate
from trapgate.model.abi import Abi
from trapgate.model.values import AnyValue, Change

FLAT = frozenset({0x15, 0xAA, 0xAE, 0xB4, *map(ord, "!=>EIWXip")})
"""Type bytes of requests that encode all that is to be copied: the plan of any request serves them."""

DIRECTIONS = ("_IOC_NONE", "_IOC_WRITE", "_IOC_READ", "_IOC_READ|_IOC_WRITE")
NONE, WRITE, READ = 0, 1, 2


def format_request(c: Call, request: int, known: Known) -> str:
    """The names of ``request`` joined by `` or ``; what it encodes when it has none."""
    special, alone = known.special_name(c, request)
    found = [] if alone else [known.names.get(request, "")]
    names = [name for name in (special, *found) if name]
    return " or ".join(names) if names else format_fields(request)


@lru_cache(1024)
def format_fields(request: int) -> str:
    """What a request without a name encodes.

    >>> format_fields(0x80085401)
    '_IOC(_IOC_READ, 0x54, 0x1, 0x8)'
    """
    kind, number, size = request >> 8 & 0xFF, request & 0xFF, request >> 16 & 0x3FFF
    fields = ", ".join(hex(field) if field else "0" for field in (kind, number, size))
    return f"_IOC({DIRECTIONS[request >> 30]}, {fields})"


class Request(Scalar):
    """A request of ioctl: ``TIOCGWINSZ``, unknown ``_IOC(_IOC_READ, 0x54, 0x1, 0x8)``."""

    def __init__(self) -> None:
        super().__init__(4, "x")

    def decode(self, c: Call, word: int) -> AnyValue | None:
        request = self.number(c, word)
        text = "" if c.style == "raw" else format_request(c, request, known_requests(request >> 8 & 0xFF, c.abi))
        return styled(
            c.style, hex(request) if request else "0", text, request if text.startswith("_IOC(") else text or request
        )


def needs_plan(request: int, kind: Type | None, abi: Abi) -> bool:
    """Whether more is to be copied than the request encodes."""
    size = request >> 16 & 0x3FFF
    if not size:
        return isinstance(kind, (In, Either))
    inner = kind.inner if isinstance(kind, In) else None
    if isinstance(inner, Struct):
        return inner.size(abi) > size or any(isinstance(member, In) for member in inner.members.values())
    return isinstance(inner, (Followed, Str))


class Argument(Switch):
    """The third argument; for plans alone, as ``decode_ioctl`` prints it."""

    def __init__(self) -> None:
        super().__init__("op", {}, HexKLong)

    def numbers(self, abi: Abi, selector: Type) -> dict[int, Type | None]:
        """The types of the requests that need a plan of their own."""
        found = self._numbers.get(abi.name)
        if found is None:
            found = self._numbers[abi.name] = {}
            for kind in FAMILIES.keys() - FLAT:
                cases = known_requests(kind, abi).cases
                found.update({n: case.kind for n, case in cases.items() if needs_plan(n, case.kind, abi)})
        return found

    def plan_argument(self, p: Planner) -> None:
        if p.selected is not None:
            super().plan_argument(p)
        else:
            p.at_entry().encoded(self.selector)
            p.at_exit().encoded(self.selector)


def dump(c: Call, addr: int) -> Stages:
    """The bytes that a request of no family passes and gets, by the direction and size it encodes."""
    request = c.u32(1)
    direction, buffer = request >> 30, Bytes(request >> 16 & 0x3FFF, hexadecimal=True)
    before = buffer.at(c, addr) if direction != READ else None
    if direction == WRITE or (before is not None and before.text == hex(addr)):
        return before or c.address(addr)
    yield EXIT
    after = buffer.at(c, addr)
    return after if before is None else Change(before, after)


Dumped = Case(Staged(Bytes(0), dump))
Unknown = Case(HexKLong)


NUMBERS = frozenset(map(ord, "=V"))
"""Type bytes of requests whose argument prints as a number where pointers are not followed."""


def find_case(c: Call, request: int) -> Case:
    """What ``request`` takes, as far as it is known."""
    kind = request >> 8 & 0xFF
    known = known_requests(kind, c.abi).find(request)
    if known is not None and (c.verbose or kind not in NUMBERS):
        return known
    is_sized = request >> 16 & 0x3FFF and truncate(c.args[2], c.abi.word, False)
    return Dumped if kind not in FAMILIES and is_sized and not c.abbrev else Unknown


@decoder("ioctl", plannable=True, fd=Fd, op=Request(), argp=Argument())
def decode_ioctl(c: Call) -> Iterator[Yield]:
    """By hand, as the request decides about the argument's type and moment, its name, and the result."""
    assert c.description is not None
    request = c.u32(1)
    yield "fd", Fd.value(c, c.args[0])
    yield "op", c.description.type_of("op").value(c, request)
    case = find_case(c, request)
    if case.kind is not None:
        word = c.args[2] if isinstance(case.kind, Scalar) else truncate(c.args[2], c.abi.word, False)
        yield case.name, (yield from tell(c, case.kind, word))
    if case.returns is None and case.note is None:
        return
    if not c.exiting:
        yield RETURN
    if c.error:
        return
    if case.returns is not None:
        c.shown_result = case.returns.value(c, c.result & (1 << 64) - 1)
    if case.note is not None:
        c.note = case.note(c)
