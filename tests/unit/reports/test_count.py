"""The table of counts."""

import json

import pytest

from trapgate.model.counts import CallCount
from trapgate.reports.count import SORTS, Count, describe, draw, find_span, format_ns, name_rows, render, sort_rows


def make_rows() -> list[Count]:
    reads, opens, exits = CallCount(1, 0), CallCount(1, 257), CallCount(1, 231, unfinished=1)
    for ns in (400, 420, 450, 30_000):
        reads.add(1, ns)
    for result, ns in ((3, 5_000), (-2, 2_000)):
        opens.add(result, ns)
    names = {0: "read", 257: "openat"}
    return name_rows([reads, opens, exits], lambda abi: ("x86_64", names), lambda group: "")


TABLE = """\
call          calls  errors   time    total     mean      p50      p99      max  256 ns … 32.8 µs
read              4          81.7%  31.3 µs  7.82 µs   448 ns  30.0 µs  30.0 µs  █     ▃
openat            2       1  18.3%  7.00 µs  3.50 µs  2.05 µs  5.00 µs  5.00 µs    █ █
syscall_0xe7      1           0.0%     0 ns        -        -        -        -"""


def test_the_table() -> None:
    assert render(sort_rows(make_rows(), "time"), "call") == TABLE


def test_shares_are_of_all_the_time_when_rows_are_left_out() -> None:
    rows = sort_rows(make_rows(), "time")
    total_ns = sum(row.count.total_ns for row in rows)
    shown = render(rows[:1], "call", total_ns=total_ns).splitlines()[1]
    assert "81.7%" in shown and "81.7%" in TABLE.splitlines()[1]


def test_no_wider_than_the_terminal() -> None:
    lines = render(make_rows(), "call", width=80).splitlines()
    assert all(len(line) <= 80 for line in lines) and "…" not in lines[0]


def test_ascii() -> None:
    assert render(make_rows(), "call", ascii_only=True).isascii()


def test_color_only_when_asked() -> None:
    assert "\x1b" not in render(make_rows(), "call")
    painted = render(make_rows(), "call", color=True)
    plain = painted
    for code in ("\x1b[0m", "\x1b[1m", "\x1b[31m", "\x1b[36m"):
        plain = plain.replace(code, "")
    assert plain == render(make_rows(), "call") and painted != plain


def test_a_hostile_name_cannot_move_the_cursor() -> None:
    row = CallCount(1, 0, "x")
    row.add(0, 10)
    rows = [Count("read", "x86_64", "\x1b[2J\u202egnp", row)]
    assert "\x1b" not in render(rows, "comm") and "\u202e" not in render(rows, "comm")


@pytest.mark.parametrize("by", SORTS)
def test_every_sort_gives_every_row(by: str) -> None:
    assert sorted(row.name for row in sort_rows(make_rows(), by)) == ["openat", "read", "syscall_0xe7"]


def test_sorts() -> None:
    assert sort_rows(make_rows(), "errors")[0].name == "openat"
    assert [row.name for row in sort_rows(make_rows(), "name")] == ["openat", "read", "syscall_0xe7"]


def test_nothing_counted() -> None:
    assert render([], "call").startswith("call")


def test_json_is_complete() -> None:
    value = json.loads(json.dumps(describe(make_rows(), "call", "bpf", 1.5, 0)))
    assert value["schema"] == 1 and [row["call"] for row in value["rows"]] == ["read", "openat", "syscall_0xe7"]
    read = value["rows"][0]
    assert (read["calls"], read["errors"], read["total_ns"], read["max_ns"]) == (4, 0, 31270, 30000)
    assert sum(bucket["calls"] for bucket in read["histogram"]) == 4
    assert all(bucket["from_ns"] < bucket["to_ns"] for bucket in read["histogram"])


@pytest.mark.parametrize("ns", [0, 1, 999, 1000, 9_994, 9_995, 99_949, 99_950, 999_499, 999_500, 10**9, 10**13])
def test_durations_are_short(ns: int) -> None:
    assert len(format_ns(ns)) <= 8


def test_the_drawing_covers_the_span() -> None:
    rows = make_rows()
    first, last = find_span(rows)
    assert all(len(draw(row.count, (first, last))) in (0, last - first + 1) for row in rows)


@pytest.mark.parametrize("share", [0.0, 0.5, 0.99, 1.0])
def test_percentiles_are_within_a_quarter(share: float) -> None:
    row, durations = CallCount(1, 0), [17 * i * i + 3 for i in range(1, 500)]
    for ns in durations:
        row.add(0, ns)
    exact = durations[max(0, round(share * len(durations)) - 1)]
    assert row.percentile(share) == pytest.approx(exact, rel=0.26, abs=8)


def test_merging_is_counting_both() -> None:
    both, one, two = CallCount(1, 0), CallCount(1, 0), CallCount(1, 0, unfinished=2)
    for row, ns in ((one, 5), (two, 500), (two, 7)):
        row.add(-1, ns)
        both.add(-1, ns)
    one.merge(two)
    both.unfinished = 2
    assert one == both
