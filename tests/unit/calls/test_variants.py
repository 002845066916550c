# SPDX-License-Identifier: BSD-2-Clause
"""trapgate.calls.variants: what is copied hangs on the operation."""

import pytest

from trapgate.calls.describe import Description, describe
from trapgate.calls.plan import find_selector, make_plan
from trapgate.model.abi import I386, X86_64
from trapgate.model.record import From, What


def described(name: str) -> Description:
    found = describe(name, "x86_64")
    assert found is not None
    return found


def operations(name: str, value: int) -> list[tuple[What, int]]:
    call = described(name)
    selector, values = find_selector(call, X86_64)
    assert value in values
    plan, _ = make_plan(call, X86_64, 32, (selector, value))
    return [(op.what, op.base) for op in plan.ops]


@pytest.mark.parametrize(
    ("name", "value", "copied"),
    [
        ("prctl", 15, [(What.STRING, 1)]),
        ("prctl", 0x53564D41, [(What.STRING, 4)]),
        ("prctl", 1, []),
        ("keyctl", 10, [(What.STRING, 2), (What.STRING, 3)]),
        ("keyctl", 2, [(What.BYTES, 2)]),
        ("ptrace", 1, [(What.BYTES, 3)]),
        ("ptrace", 0x4209, [(What.BYTES, 2), (What.BYTES, 3)]),
    ],
)
def test_what_is_copied(name, value, copied):
    assert operations(name, value) == copied


def test_nothing_is_copied_for_an_unknown_operation():
    plan, _ = make_plan(described("prctl"), X86_64)
    assert plan.ops == () and plan.selector == 0


def test_a_length_may_be_another_argument():
    call = described("keyctl")
    plan, _ = make_plan(call, X86_64, 32, ("operation", 2))
    assert plan.ops[0].len_from == From.ARG and plan.ops[0].len_arg == 3


@pytest.mark.parametrize("abi", [X86_64, I386])
def test_what_clone3_fills_is_followed(abi):
    found = describe("clone3", abi.name)
    assert found is not None
    plan, _ = make_plan(found, abi)
    assert {op.base_off for op in plan.ops} == {0, 8, 24, 64}
    assert len(plan.ops) == 8
