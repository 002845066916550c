# SPDX-License-Identifier: BSD-2-Clause
"""No command line is a traceback, and a set of calls means what set theory says."""

from hypothesis import given
from hypothesis import strategies as st

from trapgate.cli.strace_options import LONG, QUALIFIERS, SHORT, Finished, StraceUsageError, parse
from trapgate.model.errors import UsageError
from trapgate.tracing.filters import call_names, parse_calls
from trapgate.tracing.scan import parse_duration, parse_uint

NAMES = st.sampled_from(sorted(set(call_names("x86_64").values())))
TEXT = st.text(alphabet=st.sampled_from("aeE019,=:!?@/%+-.x ünr\udc80"), max_size=8)
WORDS = st.one_of(
    TEXT,
    st.sampled_from([f"-{letter}" for letter in SHORT] + [f"--{name}" for name in LONG] + ["1", "all", "read", "none"]),
    st.builds("--{}={}".format, st.sampled_from(sorted(LONG)), TEXT),
    st.builds("-e{}={}".format, st.sampled_from(sorted(QUALIFIERS)), TEXT),
)


@given(st.lists(WORDS, max_size=6), st.sampled_from(["strace", "trapgate trace"]))
def test_every_command_line_is_understood_or_refused_in_words(words, program):
    try:
        parse(words, program)
    except StraceUsageError as error:
        assert error.lines and all(line.startswith((f"{program}: ", "Try '")) for line in error.lines)
    except (Finished, UsageError):
        pass


@given(st.sets(NAMES, min_size=1, max_size=5), NAMES)
def test_a_set_and_its_opposite_share_no_call(names, name):
    text = ",".join(names)
    assert parse_calls(text).matches(name, "x86_64") == (name in names)
    assert parse_calls(f"!{text}").matches(name, "x86_64") == (name not in names)


@given(st.sets(NAMES, min_size=1, max_size=5))
def test_the_bitmap_agrees_with_matches(names):
    calls = parse_calls(f"!{','.join(names)}")
    bitmap = calls.bitmap("x86_64")
    assert bitmap is not None
    for number, name in call_names("x86_64").items():
        assert bool(bitmap[number // 8] >> number % 8 & 1) == calls.matches(name, "x86_64", number)


@given(st.integers(0, 2**31 - 1))
def test_numbers_come_back(number):
    assert parse_uint(str(number)) == number and parse_duration(f"{number}ns") == number
