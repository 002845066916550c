# SPDX-License-Identifier: BSD-2-Clause
"""From descriptions to plans: what a source must copy so that a call can be decoded later.

A type says what it needs through the ``Planner``; what the plan's few operations cannot
express is left out and prints as an address (bpf), or is read from the held program (ptrace).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from trapgate.model.abi import Abi
from trapgate.model.record import MOST_COPIED, NESTED, NO_SELECTOR, PLAN_OPS, Cond, From, Op, Phase, Plan, What

if TYPE_CHECKING:
    from trapgate.calls.describe import Description
    from trapgate.calls.memory import Length, Struct

EXACT_BYTES = 1 << 20
"""The most that one operation may copy where room is not scarce (ptrace)."""
MAX_BYTES = 4096
"""The most that one operation may copy which has no limit of its own."""
MAX_CONTENTS = 256 << 10
"""The most that one operation may copy of the buffers of an array (ptrace: core/plan.c)."""
PEEK_BYTES = 256
"""What is copied at both ends of a call behind each pointer that no operation says enough of."""


@dataclass
class _Target:
    """The operations gathered so far, shared by all views of one planner."""

    ops: list[Op] = field(default_factory=list)
    complete: bool = True


@dataclass(frozen=True)
class Planner:
    """Gathers the operations of one call; ``p.at_exit()`` and friends give views of it."""

    abi: Abi
    description: Description
    string_limit: int = 32
    base: int = 0
    base_off: int = 0
    phase: Phase = Phase.ENTRY
    depth: int = 0
    parent: Struct | None = None
    """The structure whose pointers are followed (its operation is ``base & ~NESTED``)."""
    always: bool = False
    """Whether what is copied at exit is copied after a failed call too."""
    selected: tuple[str, int] | None = None
    """A parameter and the value it is known to have: which case of a Switch applies."""
    exact: bool = False
    """Whether everything must be copied that would be read of a program that is held, and when it would be read."""
    late: bool = False
    """Whether what the call only reads is printed, and so read, when it has returned."""
    target: _Target = field(default_factory=_Target)

    @property
    def max_bytes(self) -> int:
        """The most that one operation may copy."""
        return EXACT_BYTES if self.exact else MOST_COPIED

    def for_argument(self, word_index: int, late: bool = False) -> Planner:
        """The planner for the argument in register ``word_index``."""
        return replace(self, base=word_index, late=late).at_entry()

    def at_entry(self) -> Planner:
        """The planner for what is copied when the call is entered, or what stands for that."""
        return self.at_exit(always=True) if self.late else replace(self, phase=Phase.ENTRY)

    def at_exit(self, always: bool | None = None) -> Planner:
        """The planner for what is copied when the call has succeeded, or ``always`` when it has returned.

        None: always if that may make a difference to what is printed.
        """
        return replace(self, phase=Phase.EXIT, always=self.exact if always is None else always)

    def _add(self, op: Op) -> int | None:
        if len(self.target.ops) >= PLAN_OPS:
            self.target.complete = False
            return None
        self.target.ops.append(op)
        return len(self.target.ops) - 1

    def _op(self, what: What, **more: int) -> int | None:
        cond = Cond.IF_SUCCESS if self.phase == Phase.EXIT and not self.always else Cond.ALWAYS
        return self._add(Op(self.phase, what, self.base, cond=cond, base_off=self.base_off, **more))  # type: ignore[arg-type]

    def _length(self, length: Length) -> dict[str, int] | None:
        """The fields of an operation that say where ``length`` comes from; None if none can."""
        from trapgate.calls.memory import Behind, Member, _Result

        if isinstance(length, _Result):
            return {"len_from": From.RESULT}
        if isinstance(length, str):
            return self._from_parameter(From.ARG, length)
        if isinstance(length, Behind):
            return self._from_parameter(From.DEREF32, length.name)
        if isinstance(length, Member) and self.parent is not None:
            offset, kind = self.parent.member(self.abi, length.name)
            wide = kind.size(self.abi) == self.abi.word
            return {"len_from": From.FIELD if wide else From.FIELD32, "len_arg": self.base & ~NESTED, "len_off": offset}
        self.target.complete = False
        return None

    def _from_parameter(self, how: From, name: str) -> dict[str, int] | None:
        """A length that a parameter holds; None (and incomplete) where no register is called ``name``."""
        try:
            return {"len_from": how, "len_arg": self.description.word_index(name, self.abi)}
        except KeyError:  # a member of a structure of the same name
            self.target.complete = False
            return None

    def bytes(self, length: Length, scale: int = 1, limit: int | None = None) -> int | None:
        """Copy ``length`` × ``scale`` bytes, at most ``limit``."""
        if limit is None:
            limit = EXACT_BYTES if self.exact else MAX_BYTES
        limit = min(limit, self.max_bytes)
        if isinstance(length, int):
            return self._op(What.BYTES, max=min(length * scale, limit))
        known = self._length(length)
        return None if known is None else self._op(What.BYTES, **known, scale=scale, max=limit)

    def string(self, limit: int) -> int | None:
        """Copy a NUL-terminated string of at most ``limit`` bytes."""
        return self._op(What.STRING, max=min(limit, self.max_bytes))

    def strings(self, count: int, limit: int) -> int | None:
        """Copy a NULL-terminated array of at most ``count`` strings of ``limit`` bytes."""
        return self._op(What.STRINGS, scale=count, max=limit)

    def iovec(self, count: Length, limit: int) -> int | None:
        """Copy ``count`` iovecs and at most ``limit`` bytes of what they point to."""
        from trapgate.calls.call import IOV_MAX

        if self.exact and limit * IOV_MAX > MAX_CONTENTS:  # which all share
            self.incomplete()
        if isinstance(count, int):
            return self._op(What.IOVEC, len_from=From.CONST, scale=count, max=limit)
        known = self._length(count)
        return None if known is None else self._op(What.IOVEC, **known, max=limit)

    def messages(self, count: Length, limit: int) -> int | None:
        """Copy ``count`` mmsghdrs: their names, control messages and ``limit`` bytes of their buffers."""
        if self.exact:
            self.incomplete()
        known = self._length(count)
        return None if known is None else self._op(What.MMSG, **known, max=limit)

    def bits(self, count: str, limit: int) -> int | None:
        """Copy as many bits as the parameter ``count`` says, in whole words of the ABI."""
        known = self._from_parameter(From.BITS, count)
        return None if known is None else self._op(What.BYTES, **known, max=min(limit, self.max_bytes))

    def deref(self, pointer: str, limit: int) -> int | None:
        """Copy as many bytes as the u32 behind the parameter ``pointer`` says."""
        known = self._from_parameter(From.DEREF32, pointer)
        return None if known is None else self._op(What.BYTES, **known, max=limit)

    def encoded(self, request: str, limit: int = MAX_BYTES) -> int | None:
        """Copy as many bytes as the parameter ``request``, one of ioctl, says."""
        known = self._from_parameter(From.IOC_SIZE, request)
        return None if known is None else self._op(What.BYTES, **known, max=limit)

    def roughly(self) -> None:
        """Say that what was copied is nearly always enough: for a source that can hold the program it is not."""
        if self.exact:
            self.incomplete()

    def incomplete(self) -> None:
        """Say that something needed cannot be expressed."""
        self.target.complete = False

    def nested(self, struct: Struct) -> None:
        """Copy what the pointers inside the structure just copied lead to."""
        from trapgate.calls.memory import In
        from trapgate.calls.types import Pointer

        by_hand = struct.show_fields is not None
        if self.exact and by_hand and any(isinstance(kind, (In, Pointer)) for kind in struct.members.values()):
            self.incomplete()  # who shows it may follow its pointers in ways of his own
        parent = len(self.target.ops) - 1
        if self.depth >= 2 or parent < 0:
            return
        for offset, kind in struct.layout(self.abi)[0].values():
            if isinstance(kind, In) and not kind.out:
                nested = replace(self, base=NESTED | parent, base_off=offset, depth=self.depth + 1, parent=struct)
                kind.inner.plan(nested)


def _find_split(p: Planner) -> int:
    """How many of the parameters are printed at entry; what cannot be foreseen makes the plan incomplete."""
    from trapgate.calls.types import Switch, Type

    params = p.description.params
    for position, param in enumerate(params):
        kind: Type | None = param.type
        if isinstance(kind, Switch) and p.selected is not None and p.selected[0] == kind.selector:
            kind = kind.case_for(p.abi, p.description.type_of(kind.selector), p.selected[1])
        if kind is None:
            continue
        if type(kind).is_out is not Type.is_out:
            p.incomplete()
        if kind.out:
            return position
    return len(params)


def make_plan(
    description: Description,
    abi: Abi,
    string_limit: int = 32,
    selected: tuple[str, int] | None = None,
    exact: bool = False,
) -> tuple[Plan, bool]:
    """The plan of one call, and whether it copies everything that its text needs.

    ``selected``: for when the parameter of that name has that value.
    """
    planner = Planner(abi, description, string_limit, selected=selected, exact=exact)
    split = _find_split(planner) if exact else len(description.params)
    index = 0
    for position, param in enumerate(description.params):
        if index < 6:
            late = position >= split and not param.type.out
            param.type.plan_argument(planner.for_argument(index, late))
        index += param.type.words(abi)
    complete = planner.target.complete and description.plannable
    if not complete:
        _peek(planner, index)
    name = selector_name(description)
    selector = description.word_index(name, abi) if name else NO_SELECTOR
    return Plan(tuple(planner.target.ops), selector, description.plan_flags, min(index, 6)), complete


def _peek(p: Planner, n_words: int) -> None:
    """Copy the beginning of what arguments point to, as far as the operations so far leave it out."""
    from trapgate.calls.memory import In
    from trapgate.calls.types import Pointer

    ops = p.target.ops
    pointers, index = [], 0
    for param in p.description.params:
        if isinstance(param.type, (In, Pointer)) and index < min(n_words, 6):
            pointers.append(index)
        index += param.type.words(p.abi)
    known = {(op.base, op.phase) for op in ops}
    for i, op in enumerate(ops):
        if op.base in pointers and op.what == What.BYTES:
            ops[i] = op._replace(max=max(op.max, PEEK_BYTES))
    for index in pointers:
        for view in (p.for_argument(index).at_entry(), p.for_argument(index).at_exit(always=True)):
            if (index, view.phase) not in known:
                view.bytes(PEEK_BYTES)


def selector_name(description: Description) -> str:
    """The parameter on whose value the types of others hang; empty if there is none."""
    from trapgate.calls.types import Switch

    return next((p.type.selector for p in reversed(description.params) if isinstance(p.type, Switch)), "")


def find_selector(description: Description, abi: Abi) -> tuple[str, frozenset[int]]:
    """That parameter, and the values for which the types are known."""
    from trapgate.calls.types import Switch

    name, values = selector_name(description), set[int]()
    for param in description.params:
        if isinstance(param.type, Switch):
            values |= param.type.words_of(abi, description.type_of(name))
    return name, frozenset(values)


def make_plans(string_limit: int, abis: tuple[Abi, ...], wanted: Callable[[str, str], bool]) -> Plans:
    """The plans of all described calls that are ``wanted(name, abi)``, in the ABIs given.

    Imports every family that describes a wanted call.
    """
    from trapgate import catalog
    from trapgate.calls.describe import describe

    plans = Plans({}, {}, set())
    for abi in abis:
        for nr, name in catalog.table_names(abi.name).items():
            description = describe(name, abi.name) if wanted(name, abi.name) else None
            if description is None:
                continue
            plan, complete = make_plan(description, abi, string_limit)
            if plan.ops or plan.n_args < 6 or plan.selector != NO_SELECTOR:
                plans.by_call[abi.index << 16 | nr] = plan.pack()
            if not complete:
                plans.incomplete.add((abi.index, nr))
            selector, values = find_selector(description, abi)
            for value in values:
                chosen, _ = make_plan(description, abi, string_limit, (selector, value))
                if chosen.ops != plan.ops:
                    plans.by_selector[(abi.index << 16 | nr) << 32 | value] = chosen.pack()
    return plans


@dataclass(frozen=True, slots=True)
class Plans:
    """What a source copies for every call."""

    by_call: dict[int, bytes]
    """``abi << 16 | number`` to packed ``struct tg_plan``."""
    by_selector: dict[int, bytes]
    """``key << 32 | selector's value`` to the packed plan that replaces the first."""
    incomplete: set[tuple[int, int]]
    """(abi, number) of calls of which a plan cannot copy everything."""
