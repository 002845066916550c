# SPDX-License-Identifier: BSD-2-Clause
"""Sets of calls, descriptors, signals and words."""

import pytest

from trapgate.tracing.filters import NumberSet, parse_calls, parse_fds, parse_signal, parse_signals, parse_statuses
from trapgate.tracing.scan import Complaint


def complaint(text: str) -> str:
    with pytest.raises(Complaint) as error:
        parse_calls(text)
    return error.value.text


def test_names_are_looked_up_in_every_abi():
    calls = parse_calls("openat,waitpid")
    assert calls.matches("openat", "x86_64") and calls.matches("waitpid", "i386") and calls.matches("openat", "x32")
    assert not calls.matches("read", "x86_64")
    assert calls.numbers("x86_64") == {257} and calls.numbers("i386") == {295, 7}


def test_a_designator_chooses_an_abi():
    assert parse_calls("read@32").numbers("x86_64") == frozenset() and parse_calls("read@32").numbers("i386") == {3}
    assert parse_calls("1@32").matches("exit", "i386") and not parse_calls("1@32").matches("write", "x86_64")
    assert complaint("read@arm") == "incorrect personality designator 'arm' in qualification 'read@arm'"


def test_all_none_and_their_opposites():
    assert (
        parse_calls("all").is_everything and parse_calls("!none").is_everything and parse_calls("!!all").is_everything
    )
    assert parse_calls("none").is_nothing and parse_calls("!all").is_nothing
    assert parse_calls("all").numbers("x86_64") is None and parse_calls("none").numbers("x86_64") == frozenset()


def test_exceptions():
    calls = parse_calls("!read,/^sched_")
    assert calls.matches("write", "x86_64") and not calls.matches("sched_yield", "x86_64")
    assert calls.numbers("x86_64").isdisjoint({0, 24})
    assert parse_calls("!read@32").numbers("x86_64") is None


@pytest.mark.parametrize(
    "text", ["", ",", "!", "nonsense", "9999", "%nonsense", "/^nonsense$", "read,all,nonsense", "-1"]
)
def test_what_means_no_call_is_refused(text):
    assert complaint(text).startswith("invalid system call '")


def test_a_question_mark_forgives():
    assert parse_calls("?nonsense").is_nothing
    assert parse_calls("?nonsense,read").numbers("x86_64") == {0}
    assert complaint("?nonsense,nonsense") == "invalid system call 'nonsense'"


def test_expressions_are_posix():
    assert parse_calls("/^[[:alpha:]]{4}$").matches("read", "x86_64")
    assert not parse_calls("/^(read|rea)$").matches("readv", "x86_64")
    assert complaint("/(").startswith("regcomp: (: ")


def test_classes_follow_from_the_descriptions():
    assert parse_calls("%file").matches("openat", "x86_64") and not parse_calls("%file").matches("close", "x86_64")
    assert parse_calls("%net") == parse_calls("%network") == parse_calls("network")
    assert parse_calls("desc") == parse_calls("%desc")


def test_a_number_without_a_name_is_always_let_through():
    assert parse_calls("none").matches("syscall_0x1d9", "x86_64", 0x1D9)
    bitmap = parse_calls("read").bitmap("x86_64")
    seen = {n for n in range(1024) if bitmap[n // 8] >> n % 8 & 1}
    assert 0 in seen and 1 not in seen and 1023 in seen


def test_calls_that_another_call_carries():
    calls = parse_calls("accept@32,shmat@32")
    assert calls.matches("accept", "i386", 102)
    assert calls.numbers("i386") == {102, 117, 397}
    assert parse_calls("socketcall@32").numbers("i386") == {102}


def test_signals_have_names_in_any_case():
    assert parse_signals("CHLD,sigterm,SIGRT_1,9") == NumberSet(False, frozenset({17, 15, 33, 9}))
    assert 17 not in parse_signals("!chld") and 16 in parse_signals("!chld")
    assert parse_signal("RTMIN") == 32 and parse_signal("NOSUCH") is None and parse_signal("256") is None


def test_descriptors_are_numbers():
    assert 3 in parse_fds("0,3") and 4 not in parse_fds("0,3") and 4 in parse_fds("!0,3") and not parse_fds("none")
    with pytest.raises(Complaint, match="invalid descriptor '-1'"):
        parse_fds("1,-1")


def test_statuses_can_be_inverted():
    assert parse_statuses("!failed,Unfinished") == {"successful", "unavailable", "detached"}
