# SPDX-License-Identifier: BSD-2-Clause
"""Leaders of lines."""

import pytest

from trapgate.tracing.options import TimeFormat
from trapgate.tracing.timestamps import Clock, format_seconds

NOON_NS = (12 * 3600 + 34 * 60 + 56) * 1_000_000_000 + 987_654_321


@pytest.fixture(autouse=True)
def _utc(monkeypatch):
    import time

    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        (TimeFormat(), ""),
        (TimeFormat("time"), "12:34:56 "),
        (TimeFormat("time", 3), "12:34:56.987 "),
        (TimeFormat("unix", 9), "45296.987654321 "),
        (TimeFormat("unix"), "45296 "),
    ],
)
def test_absolute(times, expected):
    assert Clock(times).format_leader(NOON_NS, 0) == expected
    assert Clock(times).is_silent == (not expected)


def test_relative_times_begin_at_zero_and_never_run_backwards():
    clock = Clock(TimeFormat(relative_digits=6))
    moments = (5_000_000_000, 5_000_001_999, 7_123_456_789, 7_000_000_000)
    assert [clock.format_leader(0, now) for now in moments] == [
        "     0.000000 ",
        "     0.000001 ",
        "     2.123454 ",
        "     0.000000 ",
    ]


def test_both():
    clock = Clock(TimeFormat("time", 0, relative_digits=0))
    assert clock.format_leader(NOON_NS, 0) == "12:34:56 (+     0) "
    assert clock.format_leader(NOON_NS + 10**9, 3 * 10**9) == "12:34:57 (+     3) "


def test_digits_are_cut_not_rounded():
    assert format_seconds(1_999_999_999, 6) == "1.999999" and format_seconds(999_999_999, 0) == "0"
