# SPDX-License-Identifier: BSD-2-Clause
"""Which calls the ptrace source copies by a plan and lets go on, and which it holds for the decoder.

A call is held until its plan has been proved: its first occurrences are copied *and* held, and
only when decoding asked for nothing that was not copied are the next ones not held. One that
lacks something later is held again from then on. So plans are made for calls that are made, and
what cannot be told from copies (a socket's protocol, a stack pointer) is asked of a held program.
"""

from __future__ import annotations

import time
from typing import Any

from trapgate.calls.plan import find_selector, make_plan
from trapgate.decode.decoder import Decoder
from trapgate.model.abi import BY_INDEX
from trapgate.model.record import NO_SELECTOR, PLAN_HOLD, Plan, Record

PROOFS = 16
"""How much proof a plan needs before its call is no longer held."""
BY_SUCCESS, BY_FAILURE = 8, 1
"""What it proves that a plan sufficed for a call: less if that failed, as then less is looked at."""
MOST_KEYS = 4096
"""Calls and values of selectors that are remembered; what comes later is held."""

Key = tuple[int, int, int]
"""ABI, number, and the value of the argument on which the plan hangs (0 if none)."""


class PlanBook:
    """The plans of one source. ``always_held``: names of calls that are held whatever their plan."""

    def __init__(self, source: Any, decoder: Decoder, always_held: frozenset[str] = frozenset()) -> None:
        self.source = source
        self.decoder = decoder
        self.always_held = always_held
        self._selectors: dict[tuple[int, int], int] = {}
        self._plans: dict[Key, Plan | None] = {}
        self._proofs: dict[Key, int] = {}
        self._since_ns: dict[Key, int] = {}
        """When a plan was made: calls that were entered before went without."""

    def note(self, record: Record, entered_ns: int, lacked: bool) -> None:
        """A held or copied call has been decoded; ``lacked``: more was asked for than its plan had copied."""
        key = self._key(record)
        if entered_ns <= self._since_ns.get(key, -1):
            return
        plan = self._plans.get(key)
        if plan is None:
            if key not in self._plans and len(self._plans) < MOST_KEYS:
                self._begin(key)
        elif lacked:
            self._plans[key] = None
            self._register(key, Plan(selector=plan.selector, flags=plan.flags | PLAN_HOLD))
        elif self._proofs[key] < PROOFS:
            self._proofs[key] += BY_FAILURE if record.result < 0 else BY_SUCCESS
            if self._proofs[key] >= PROOFS:
                self._register(key, plan)

    def doubt(self) -> None:
        """What proved plans may not hold any more: all have to be proved again."""
        for key, plan in self._plans.items():
            if plan is not None:
                self._begin_proof(key, plan)

    def _key(self, record: Record) -> Key:
        selector = self._selectors.get((record.abi, record.nr), NO_SELECTOR)
        value = 0 if selector == NO_SELECTOR else record.args[selector] & 0xFFFFFFFF
        return record.abi, record.nr, value

    def _begin(self, key: Key) -> None:
        """Have the source copy what the plan of a new call says, and hold it still."""
        index, nr, value = key
        abi = BY_INDEX[index]
        name, description, _, _ = self.decoder.find(abi, nr)
        self._plans[key] = None
        if nr >> 16 or nr < 0 or name in self.always_held:
            return
        limit = self.decoder.options.string_limit
        plan, complete = make_plan(description, abi, limit, None, True)
        if plan.selector != NO_SELECTOR and (index, nr) not in self._selectors:
            self._selectors[index, nr] = plan.selector
            self.source.add_plan(index << 16 | nr, Plan(selector=plan.selector, flags=PLAN_HOLD).pack())
            del self._plans[key]  # from now on there is a key for each value
            return
        if plan.selector != NO_SELECTOR:
            selector, _ = find_selector(description, abi)
            plan, complete = make_plan(description, abi, limit, (selector, value), True)
        if complete:
            self._plans[key] = plan
            self._begin_proof(key, plan)

    def _begin_proof(self, key: Key, plan: Plan) -> None:
        """Have what the plan says copied, and the call held all the same."""
        self._proofs[key] = 0
        self._since_ns[key] = time.monotonic_ns()
        self._register(key, plan._replace(flags=plan.flags | PLAN_HOLD))

    def _register(self, key: Key, plan: Plan) -> None:
        index, nr, value = key
        call = index << 16 | nr
        if plan.selector == NO_SELECTOR:
            self.source.add_plan(call, plan.pack())
        else:
            self.source.add_subplan(call << 32 | value, plan.pack())
