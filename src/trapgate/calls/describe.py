# SPDX-License-Identifier: BSD-2-Clause
"""Descriptions: ``call("openat", dirfd=DirFd, pathname=Path, …, returns=Fd)``.

One declaration says what a call's arguments are, how they print, what must be copied when
it happens and what its reference page says. Where arguments decide about each other in ways
that types cannot say, a hand-written generator (``@decoder``) yields the arguments instead.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING

from trapgate.calls.memory import InOut
from trapgate.calls.types import Type
from trapgate.model.abi import Abi
from trapgate.model.values import AnyValue

if TYPE_CHECKING:
    from trapgate.calls.call import Call, Options


class _Exit:
    """What a hand-written decoder yields when the rest has to wait for the call's return."""

    def __repr__(self) -> str:
        return "EXIT"


EXIT = _Exit()
RETURN = _Exit()
"""As EXIT, when nothing but the result is still to come."""
Argument = tuple[str, AnyValue]
Yield = Argument | _Exit
DecoderFunction = Callable[["Call"], Iterator[Yield]]
Direct = Callable[["Call"], "tuple[str, tuple[int, ...]] | None"]
"""For a call that stands for others: the name and arguments of the one meant, None if none is."""


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter of a call."""

    name: str
    """As the man page names it."""
    type: Type


class Description:
    """What one call (in some ABIs) means."""

    __slots__ = (
        "names",
        "params",
        "returns",
        "classes",
        "abis",
        "function",
        "plan_flags",
        "plannable",
        "direct",
        "plain_split",
        "_indexes",
        "_layouts",
    )

    def __init__(
        self,
        names: tuple[str, ...],
        params: tuple[Param, ...],
        returns: Type | None,
        classes: frozenset[str],
        abis: frozenset[str],
        function: DecoderFunction | None = None,
        plan_flags: int = 0,
        plannable: bool = False,
        direct: Direct | None = None,
        plain_split: int | None = None,
    ) -> None:
        self.names = names
        self.params = params
        self.returns = returns
        self.classes = classes
        self.abis = abis
        self.function = function
        self.plan_flags = plan_flags
        self.plannable = (function is None or plannable) and direct is None
        self.direct = direct
        self.plain_split = plain_split
        self._indexes: dict[str, dict[str, int]] = {}
        self._layouts: dict[tuple[str, str, bool, bool], Layout] = {}

    def word_index(self, name: str, abi: Abi) -> int:
        """The register index of the parameter ``name``; KeyError if there is none."""
        known = self._indexes.get(abi.name)
        if known is None:
            known, index = {}, 0
            for param in self.params:
                known[param.name] = index
                index += param.type.words(abi)
            self._indexes[abi.name] = known
        return known[name]

    def word(self, c: Call, name: str) -> int:
        """The raw word of the parameter ``name`` in ``c``."""
        return c.args[self.word_index(name, c.abi)]

    def type_of(self, name: str) -> Type:
        """The type of the parameter ``name``."""
        return next(p.type for p in self.params if p.name == name)

    def layout(self, abi: Abi, options: Options) -> Layout:
        """The order of decoding in ``abi`` under ``options``; made once."""
        key = abi.name, options.style, bool(options.decode_fds), bool(options.decode_pids)
        known = self._layouts.get(key)
        if known is None:
            known = self._layouts[key] = Layout(self.params, abi, options)
        return known

    def enter(self, c: Call) -> list[Argument]:
        """The arguments that are known at entry: those before the first that is filled."""
        c.description = self
        if self.function is not None:
            c.state = generator = self.function(c)
            return _until_exit(c, generator)
        layout = c.layout
        if layout is None:
            layout = c.layout = self.layout(c.abi, c.options)
        split = layout.split if layout.split is not None else layout.find_split(c)
        c.more_at_exit = split < len(layout.steps)
        c.state = split
        if layout.rewritten:
            c.state = split, {name: kind.decode(c, c.args[index]) for name, kind, index in layout.rewritten}
        return _decode_steps(c, layout.steps[:split])

    def leave(self, c: Call) -> list[Argument]:
        """The arguments that had to wait for the exit."""
        c.exiting = True
        if self.function is not None:
            assert isinstance(c.state, Iterator)
            return _until_exit(c, c.state)
        assert c.layout is not None
        if not c.layout.rewritten:
            assert isinstance(c.state, int)
            return _decode_steps(c, c.layout.steps[c.state :])
        assert isinstance(c.state, tuple)
        before: dict[str, AnyValue | None]
        split, before = c.state
        shown = _decode_steps(c, c.layout.steps[split:])
        return [(name, self._join(c, name, before.get(name), value)) for name, value in shown]

    def _join(self, c: Call, name: str, before: AnyValue | None, after: AnyValue) -> AnyValue:
        """An argument as it was at entry and as the call left it."""
        if before is None:
            return after
        kind = self.type_of(name)
        assert isinstance(kind, InOut)
        return kind.join(before, None if c.error else after)


Step = tuple[str, Type, int, int, dict[int, Argument] | None]
"""Name, type, register index, registers; what is known already of arguments that depend on nothing else."""


class Layout:
    """In which order a call's arguments are decoded in one ABI, and which wait for its exit."""

    __slots__ = ("steps", "split", "rewritten")

    def __init__(self, params: Sequence[Param], abi: Abi, options: Options) -> None:
        self.steps: list[Step] = []
        index = 0
        for param in params:
            words = param.type.words(abi)
            memo: dict[int, Argument] | None = {} if words == 1 and param.type.is_pure(options) else None
            self.steps.append((param.name, param.type, index, words, memo))
            index += words
        self.rewritten = [(name, kind, at) for name, kind, at, _, _ in self.steps if isinstance(kind, InOut)]
        fixed = all(type(kind).is_out is Type.is_out for _, kind, _, _, _ in self.steps)
        self.split = self.find_split(None) if fixed else None
        """How many arguments are known at entry; None when that hangs on the call."""

    def find_split(self, c: Call | None) -> int:
        """The position of the first argument that the call fills."""
        for position, (_, kind, _, _, _) in enumerate(self.steps):
            if kind.out if c is None else kind.is_out(c):
                return position
        return len(self.steps)


def _decode_steps(c: Call, steps: Sequence[Step]) -> list[Argument]:
    shown: list[Argument] = []
    args = c.args
    for name, kind, index, words, memo in steps:
        if memo is not None:
            word = args[index]
            known = memo.get(word)
            if known is None:
                known = name, kind.value(c, word)
                if len(memo) < MOST_KNOWN:
                    memo[word] = known
            shown.append(known)
            continue
        value = kind.decode(c, args[index] if words == 1 else kind.joined(c, index))
        if value is not None:
            shown.append((name, value))
    return shown


MOST_KNOWN = 4096
"""Values of one parameter that are remembered."""


def _until_exit(c: Call, generator: Iterator[Yield]) -> list[Argument]:
    shown: list[Argument] = []
    for item in generator:
        if isinstance(item, _Exit):
            c.more_at_exit = item is EXIT
            break
        shown.append(item)
    return shown


ALL_ABIS = frozenset({"x86_64", "x32", "i386", "aarch64"})
_registry: dict[tuple[str, str], Description] = {}


def _register(description: Description) -> Description:
    for name in description.names:
        for abi in description.abis:
            _registry[name, abi] = description
    return description


def _set(words: str | Sequence[str] | None) -> frozenset[str]:
    return frozenset(words.split() if isinstance(words, str) else words or ())


def call(
    names: str,
    /,
    *,
    returns: Type | None = None,
    classes: str = "",
    abis: str | None = None,
    plan_flags: int = 0,
    direct: Direct | None = None,
    **params: Type,
) -> Description:
    """Describe the calls ``names`` (space-separated), parameters in the kernel's order.

    ``classes``: strace's ``%class`` names beyond ``file`` and ``desc``, which follow from the
    parameters' types (``-file``/``-desc`` takes one of these away). ``abis``: only these.
    ``direct``: finds the call that is meant, for those that stand for others (socketcall, ipc).
    A parameter whose name is a Python keyword is written with ``__`` behind it.
    """
    parameters = tuple(Param(name.removesuffix("__"), kind) for name, kind in params.items())
    return _register(
        Description(
            tuple(names.split()),
            parameters,
            returns,
            _classes(classes, parameters),
            _set(abis) or ALL_ABIS,
            None,
            plan_flags,
            direct=direct,
        )
    )


def _classes(given: str, params: tuple[Param, ...]) -> frozenset[str]:
    words = _set(given)
    derived = {"file"} if any(p.type.path_like for p in params) else set()
    if any(p.type.fd_like for p in params):
        derived.add("desc")
    return frozenset(w for w in (words | derived) if not w.startswith("-") and f"-{w}" not in words)


def decoder(
    names: str,
    /,
    *,
    returns: Type | None = None,
    classes: str = "",
    abis: str | None = None,
    plan_flags: int = 0,
    plannable: bool = False,
    plain_split: int | None = None,
    **params: Type,
) -> Callable[[DecoderFunction], DecoderFunction]:
    """Describe ``names`` by a generator of (name, value) that yields EXIT where it must wait.

    ``params`` are for everything but printing: names, classes, and the plan of what to copy;
    ``plannable``: that plan copies all that the generator reads. ``plain_split``: where every pointer to
    something rewritten is NULL the types say the same, and so many arguments are known at entry.
    """

    def register(function: DecoderFunction) -> DecoderFunction:
        parameters = tuple(Param(name.removesuffix("__"), kind) for name, kind in params.items())
        _register(
            Description(
                tuple(names.split()),
                parameters,
                returns,
                _classes(classes, parameters),
                _set(abis) or ALL_ABIS,
                function,
                plan_flags,
                plannable=plannable,
                plain_split=plain_split,
            )
        )
        return function

    return register


@dataclass(frozen=True, slots=True)
class IndexRow:
    """One line of ``index.tsv``: what is known of a call without importing its family."""

    name: str
    abis: frozenset[str]
    module: str
    classes: frozenset[str]
    has_fd_result: bool


@lru_cache(None)
def _index_lines() -> dict[str, list[str]]:
    """The lines of ``index.tsv`` (made by ``tools/call_index.py``) by name."""
    with open(os.path.join(os.path.dirname(__file__), "index.tsv"), encoding="utf-8") as file:
        lines = file.read().splitlines()
    found: dict[str, list[str]] = {}
    for line in lines:
        if line and not line.startswith("#"):
            found.setdefault(line[: line.index("\t")], []).append(line)
    return found


def _parse_row(line: str) -> IndexRow:
    name, abis, module, classes, fd = line.split("\t")
    return IndexRow(name, _set(abis.replace(",", " ")), module, _set(classes.replace(",", " ")), fd == "fd")


@lru_cache(None)
def index() -> dict[str, tuple[IndexRow, ...]]:
    """What is known of all described calls, by name."""
    return {name: tuple(map(_parse_row, lines)) for name, lines in _index_lines().items()}


@lru_cache(None)
def describe(name: str, abi: str) -> Description | None:
    """The description of ``name`` in ``abi``, None if nobody wrote one."""
    for row in map(_parse_row, _index_lines().get(name, ())):
        if abi in row.abis:
            import_module(f"trapgate.calls.{row.module}")
            return _registry.get((name, abi))
    return None


def registered() -> dict[tuple[str, str], Description]:
    """Everything registered so far by (name, abi): after importing all families, all."""
    return _registry
