"""What plans copy."""

from trapgate.calls.describe import describe
from trapgate.calls.plan import PEEK_BYTES, make_plan
from trapgate.model.abi import X86_64
from trapgate.model.record import Cond, Op, Phase, What


def operations(name: str) -> tuple[Op, ...]:
    description = describe(name, "x86_64")
    assert description is not None
    return make_plan(description, X86_64)[0].ops


def test_what_is_complete_is_copied_exactly() -> None:
    assert operations("stat")[1] == Op(Phase.EXIT, What.BYTES, 1, cond=Cond.IF_SUCCESS, max=144)


def test_a_decoder_that_no_operation_serves_finds_the_beginning_of_what_pointers_lead_to() -> None:
    behind = [(op.phase, op.max) for op in operations("sched_setattr") if op.base == 1]
    assert behind == [(Phase.ENTRY, PEEK_BYTES), (Phase.EXIT, PEEK_BYTES)]
    assert all(op.cond == Cond.ALWAYS for op in operations("sched_setattr"))


def test_the_time_left_is_copied_from_a_sleep_that_failed() -> None:
    (asked, left) = operations("nanosleep")
    assert (asked.phase, left.phase, left.cond) == (Phase.ENTRY, Phase.EXIT, Cond.ALWAYS)


def test_an_option_s_length_is_copied_from_a_call_that_failed() -> None:
    assert [op.cond for op in operations("getsockopt") if op.base == 4] == [Cond.ALWAYS, Cond.ALWAYS]
