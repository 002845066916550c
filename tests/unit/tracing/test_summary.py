# SPDX-License-Identifier: BSD-2-Clause
"""The table of -c, byte by byte."""

import os
from pathlib import Path

import pytest

from trapgate.tracing.scan import Complaint
from trapgate.tracing.summary import Summary, SummaryOptions, parse_columns, parse_sort

GOLDEN = Path(__file__).parents[2] / "golden" / "summary"
WALL = ("time-percent", "total-time", "min-time", "max-time", "wall-total", "wall-min", "wall-max", "wall-avg", "name")
TABLES = {
    "default": SummaryOptions(),
    "by-calls": SummaryOptions(sort="calls"),
    "by-name": SummaryOptions(sort="name"),
    "unsorted": SummaryOptions(sort="nothing"),
    "wall-columns": SummaryOptions(columns=WALL, sort="wall-max"),
    "wall-clock": SummaryOptions(wall_clock=True),
    "overhead": SummaryOptions(overhead_ns=10_000),
    "name-first": SummaryOptions(columns=("name", "calls", "errors")),
}


def fill(summary: Summary) -> Summary:
    """Calls whose order, averages and widths differ under every option."""
    for n in range(7):
        summary.add("read", "x86_64", 0, False, 1_500 + n, 20_000 + n)
    summary.add("openat", "x86_64", 257, True, 123_456_789, 323_456_789)
    summary.add("openat", "x86_64", 257, False, 999, 1_999)
    summary.add("a_call_with_a_long_name", "x86_64", 300, False, 5_000, 12_000_000_000)
    summary.add("syscall_0x1ff", "x86_64", 0x1FF, True, 5_000, 6_000)
    summary.add("write", "x86_64", 1, False, 0, 0)
    summary.add("getpid", "i386", 20, False, 2_500, 3_500)
    return summary


@pytest.mark.parametrize("name", TABLES)
def test_table(name):
    """UPDATE_GOLDEN=1 writes the files anew; the reviewer reads the difference."""
    text = fill(Summary(TABLES[name])).render()
    file = GOLDEN / f"{name}.txt"
    if os.environ.get("UPDATE_GOLDEN") == "1":
        file.write_text(text)
    assert text == file.read_text()


def test_nothing_counted_is_nothing_shown():
    assert Summary().render() == ""


def test_averages_round_halves_up_and_times_of_nothing_are_zero():
    summary = Summary()
    summary.add("a", "x86_64", 0, False, 1_500, 0)
    summary.add("a", "x86_64", 0, False, 1_501, 0)
    assert "  0.000003           1         2           a\n" in summary.render()
    quiet = Summary(SummaryOptions(overhead_ns=9_000))
    quiet.add("a", "x86_64", 0, True, 5, 5)
    assert quiet.render().splitlines()[2] == "  0.00    0.000000           0         1         1 a"


def test_columns_and_orders_are_checked():
    assert parse_sort("longest") == "max-time" and parse_columns("wall_avg") == ("wall-avg", "name")
    for parse, text, message in (
        (parse_sort, "calls,time", "invalid sortby: 'calls,time'"),
        (parse_columns, "calls,,name", "unknown column name: ''"),
        (parse_columns, "calls,count,name", "provided more than once: 'count' (-U option residual: 'count,name')"),
    ):
        with pytest.raises(Complaint) as error:
            parse(text)
        assert error.value.text.endswith(message) and error.value.see_help
