# SPDX-License-Identifier: BSD-2-Clause
"""Calls whose arguments hang on an operation: prctl, keyctl, futex, ptrace, syslog.

``variants("prctl", op=Enum(…), cases={"PR_SET_NAME": case(name=In(Str(15))), …})``: which
arguments there are, in which registers, and what the result means, per value of the first
argument. Declares no calls itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from trapgate.calls.call import Call, Options
from trapgate.calls.describe import EXIT, Yield, decoder
from trapgate.calls.tables import load
from trapgate.calls.types import HexKLong, Named, Scalar, Switch, Type, split_flags, truncate
from trapgate.model.abi import Abi
from trapgate.model.values import AnyValue, Number


class At(Type):
    """An argument that is not in the register behind the one before it, but in ``register``."""

    def __init__(self, register: int, inner: Type) -> None:
        self.register = register
        self.inner = inner


@dataclass(frozen=True, slots=True)
class Case:
    """The arguments behind the operation, and the result."""

    args: tuple[tuple[str, Type, int], ...]
    """Name, type, register."""
    rest: int
    """The first of the registers that are printed in hexadecimal behind ``args``; 0: none."""
    returns: Type | None
    second: Mapping[int, Case]
    """What follows for some values of the second argument, in place of ``rest``."""


def case(
    *,
    rest: int = 0,
    returns: Type | None = None,
    second: Mapping[int, Case] | None = None,
    first: int = 1,
    **args: Type,
) -> Case:
    """Arguments in consecutive registers from ``first`` on, save those that say where they are ``At``."""
    placed = []
    register = first
    for name, kind in args.items():
        if isinstance(kind, At):
            register, kind = kind.register, kind.inner
        placed.append((name.removesuffix("__"), kind, register))
        register += 1
    return Case(tuple(placed), rest, returns, second or {})


class CaseResult(Type):
    """The result as the case of the call's operation has it; a decimal number if that says nothing."""

    def __init__(self, choice: Choice) -> None:
        self.choice = choice

    def decode(self, c: Call, word: int) -> AnyValue | None:
        returns = self.choice.of(c).returns
        if returns is not None:
            return returns.decode(c, word)
        value = truncate(word, c.abi.register, True)
        return Number(str(value), value)


class Choice:
    """Finds the case of a call by its first argument."""

    def __init__(self, selector: Named, cases: Mapping[str, Case], default: Case) -> None:
        self.selector = selector
        self.cases = cases
        self.default = default
        self._by_number: dict[str, dict[int, Case]] = {}

    def of(self, c: Call) -> Case:
        """The case that applies."""
        known = self._by_number.get(c.abi.name)
        if known is None:
            known = self._by_number[c.abi.name] = {
                self.selector.value_of(name, c.abi): found
                for names, found in self.cases.items()
                for name in names.split()
            }
        return known.get(self.key(c), self.default)

    def key(self, c: Call) -> int:
        """The operation as a number."""
        return self.selector.number(c, c.args[0])


def decode_case(c: Call, chosen: Case, registers: int) -> Iterator[Yield]:
    """The arguments of one case, of a call that has ``registers`` of them."""
    waited = False
    for name, kind, register in chosen.args:
        if not waited and kind.is_out(c):
            yield EXIT
            waited = True
        words = kind.words(c.abi)
        value = kind.decode(c, c.args[register] if words == 1 else kind.joined(c, register))
        if value is not None:
            yield name, value
    more = chosen.second.get(truncate(c.args[1], c.abi.register, False)) if chosen.second else None
    if more is not None:
        yield from decode_case(c, more, registers)
    elif chosen.rest:
        for register in range(chosen.rest, registers):
            yield f"arg{register + 1}", HexKLong.value(c, c.args[register])


def case_words(names: Sequence[str], selector: Named, cases: Mapping[str, Case], default: Case) -> dict[str, Type]:
    """The parameters of such a call, as plans are made of: what to copy hangs on the operation.

    ``names``: those of the parameters, the selector's first.
    """
    kinds: list[dict[str | int, Type | None]] = [{} for _ in names]
    for operations, found in cases.items():
        arms = [found, *found.second.values()]
        placed = {register: kind for arm in reversed(arms) for _, kind, register in arm.args}
        for register, kind in placed.items():
            kinds[register].update(dict.fromkeys(operations.split(), kind))
    others = {register: kind for _, kind, register in default.args}
    words: dict[str, Type] = {names[0]: selector}
    for register, name in enumerate(names[1:], 1):
        words[name] = Switch(names[0], kinds[register], others.get(register, HexKLong))
    return words


def variants(
    name: str,
    selector_name: str,
    selector: Named,
    cases: Mapping[str, Case],
    default: Case,
    *,
    registers: int,
    classes: str = "",
    abis: str | None = None,
    choice: Choice | None = None,
) -> None:
    """Describe ``name``, a call of ``registers`` arguments, the first of which decides about the others.

    ``cases``: by the constants' names, several in one string if they share a case.
    """
    found = choice or Choice(selector, cases, default)
    names = [selector_name, *(f"arg{i}" for i in range(2, registers + 1))]
    words = case_words(names, selector, cases, default)

    @decoder(name, returns=CaseResult(found), classes=classes, abis=abis, plannable=True, **words)  # type: ignore[arg-type]
    def decode(c: Call) -> Iterator[Yield]:
        """Operations decide about the rest, which types of single arguments cannot say."""
        yield selector_name, selector.value(c, c.args[0])
        yield from decode_case(c, found.of(c), registers)


# --- results that tell more -----------------------------------------------------------------


def flags_note(value: int, style: str, *names: str) -> str | None:
    """The names of the bits of a result, for the remark behind it; None when none is known."""
    found = [load(name) for name in names]
    if style == "raw":
        return None
    if not value:
        first = found[0].entries[0]
        return first[0] if first[1] == 0 else None
    known, rest = split_flags(value, found)
    return "|".join(known + ([hex(rest)] if rest else [])) if known else None


class Explained(Scalar):
    """Base of results with a remark behind them."""

    def __init__(self, base: str = "x") -> None:
        super().__init__("kernel", base, base == "d")

    def is_pure(self, options: Options) -> bool:
        return False

    def note(self, value: int, style: str, abi: Abi) -> str | None:
        """The remark behind ``value``."""
        raise NotImplementedError

    def decode(self, c: Call, word: int) -> AnyValue | None:
        value = self.number(c, word)
        c.note = self.note(value, c.style, c.abi)
        return super().decode(c, word)


class NotedFlags(Explained):
    """A result of bits: hexadecimal, with their names behind it; nothing but 0 if none is set."""

    def __init__(self, *names: str, zero: bool = False) -> None:
        super().__init__()
        self.names = names
        self.zero = zero

    def note(self, value: int, style: str, abi: Abi) -> str | None:
        return flags_note(value, style, *self.names) if value or self.zero else None


class NotedEnum(Explained):
    """A result that is one of the constants of a table: decimal, with its name behind it."""

    def __init__(self, name: str) -> None:
        super().__init__("d")
        self.name = name

    def note(self, value: int, style: str, abi: Abi) -> str | None:
        return load(self.name).by_value.get(value)
