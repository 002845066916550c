# SPDX-License-Identifier: BSD-2-Clause
"""How often each call was made, how often it failed, and how long it took.

Takes rows of counts (`model.counts`), however they came about; gives a table to read or a value for JSON.
Nothing here reads the system; names of groups are the caller's.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from trapgate.model.counts import CallCount, bucket_bounds
from trapgate.model.errors import escape_controls

__all__ = ("SORTS", "Count", "describe", "format_ns", "name_rows", "render", "sort_rows")


@dataclass(frozen=True, slots=True)
class Count:
    """A row with its names."""

    name: str
    """The call's, `syscall_0x…` if it has none."""
    abi: str
    group: str
    """Empty without groups."""
    count: CallCount


SORTS: Mapping[str, Callable[[Count], tuple[float | str, ...]]] = {
    "time": lambda row: (-row.count.total_ns, row.name),
    "calls": lambda row: (-row.count.calls, row.name),
    "errors": lambda row: (-row.count.errors, -row.count.calls, row.name),
    "mean": lambda row: (-row.count.mean_ns, row.name),
    "p50": lambda row: (-row.count.percentile(0.5), row.name),
    "p99": lambda row: (-row.count.percentile(0.99), row.name),
    "max": lambda row: (-row.count.max_ns, row.name),
    "name": lambda row: (row.name, row.group),
}
"""What a table can be sorted by, the largest first but for names."""

BARS = " ▁▂▃▄▅▆▇█"
ASCII_BARS = " .:-=+*#@"
HISTOGRAM_WIDTH = 16
BOLD, DIM, RED, CYAN, PLAIN = "\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[36m", "\x1b[0m"


def name_rows(
    rows: Iterable[CallCount],
    names: Callable[[int], tuple[str, Mapping[int, str]]],
    groups: Callable[[int | str | None], str],
) -> list[Count]:
    """Rows with names: `names(abi)` is an ABI's name and its calls by number, `groups(group)` names a group."""
    named = []
    for row in rows:
        abi, calls = names(row.abi)
        named.append(Count(calls.get(row.nr) or f"syscall_{row.nr:#x}", abi, groups(row.group), row))
    return named


def sort_rows(rows: Sequence[Count], by: str) -> list[Count]:
    """The rows in the order that `by`, a key of SORTS, names."""
    return sorted(rows, key=SORTS[by])


def format_ns(ns: float) -> str:
    """A duration in three digits.

    >>> [format_ns(ns) for ns in (0, 7, 999.6, 1234, 56_700_000, 3.5e9, 7.2e12)]
    ['0 ns', '7 ns', '1.00 µs', '1.23 µs', '56.7 ms', '3.50 s', '7200 s']
    """
    for factor, unit in ((1.0, "ns"), (1e3, "µs"), (1e6, "ms")):
        value = ns / factor
        if value < 999.5:
            return f"{value:.0f} {unit}" if factor == 1.0 or value >= 99.95 else _three_digits(value, unit)
    return _three_digits(ns / 1e9, "s") if ns < 99.95e9 else f"{ns / 1e9:.0f} s"


def _three_digits(value: float, unit: str) -> str:
    return f"{value:.2f} {unit}" if value < 9.995 else f"{value:.1f} {unit}"


def describe(rows: Sequence[Count], by: str, source: str, seconds: float, lost: int) -> dict[str, object]:
    """The whole as a value for JSON (schema 1): times are integers in ns, no histogram bucket is empty."""
    return {
        "schema": 1,
        "source": source,
        "seconds": round(seconds, 6),
        "by": by,
        "lost": lost,
        "rows": [_describe_row(row, by) for row in rows],
    }


def _describe_row(row: Count, by: str) -> dict[str, object]:
    count = row.count
    group = {} if by == "call" else {by: row.count.group, "group": row.group}
    return {
        "call": row.name,
        "abi": row.abi,
        "number": count.nr,
        **group,
        "calls": count.calls,
        "errors": count.errors,
        "unfinished": count.unfinished,
        "total_ns": count.total_ns,
        "mean_ns": round(count.mean_ns),
        "p50_ns": round(count.percentile(0.5)),
        "p99_ns": round(count.percentile(0.99)),
        "max_ns": count.max_ns,
        "histogram": [
            {"from_ns": bucket_bounds(index)[0], "to_ns": bucket_bounds(index)[1], "calls": n}
            for index, n in count.filled()
        ],
    }


def render(
    rows: Sequence[Count],
    by: str,
    *,
    total_ns: int | None = None,
    width: int = 0,
    color: bool = False,
    ascii_only: bool = False,
) -> str:
    """The table.

    `total_ns` is what shares of the time are of, when the rows are not all that was counted; `width` the
    terminal's, 0 if it has none: what does not fit is left out, the histogram first.
    """
    total = sum(row.count.total_ns for row in rows) if total_ns is None else total_ns
    span = find_span(rows)
    several = len({row.abi for row in rows}) > 1
    columns = [("call", "<", [_label(row, several) for row in rows])]
    if by != "call":
        columns.insert(0, (by, "<", [escape_controls(row.group) for row in rows]))  # a program chooses its own comm
    counts = [row.count for row in rows]
    columns += [
        ("calls", ">", [f"{c.calls + c.unfinished:,}" for c in counts]),
        ("errors", ">", [f"{c.errors:,}" if c.errors else "" for c in counts]),
        ("time", ">", [f"{100 * c.total_ns / total:.1f}%" if total else "" for c in counts]),
        ("total", ">", [format_ns(c.total_ns) for c in counts]),
        ("mean", ">", [_time(c, c.mean_ns) for c in counts]),
        ("p50", ">", [_time(c, c.percentile(0.5)) for c in counts]),
        ("p99", ">", [_time(c, c.percentile(0.99)) for c in counts]),
        ("max", ">", [_time(c, c.max_ns) for c in counts]),
    ]
    histogram = (_span_title(span), "<", [draw(c, span, ASCII_BARS if ascii_only else BARS) for c in counts])
    if not width or _table_width([*columns, histogram]) <= width:
        columns.append(histogram)
    lines = _lay_out(columns)
    if ascii_only:
        lines = [line.replace("µ", "u").replace("…", "..") for line in lines]
    return "\n".join(_paint(lines, columns) if color else lines)


Column = tuple[str, str, list[str]]
"""Title, alignment, cells."""


def _label(row: Count, several: bool) -> str:
    return f"{row.name} ({row.abi})" if several and row.abi != "x86_64" else row.name


def _time(count: CallCount, ns: float) -> str:
    return format_ns(ns) if count.calls else "-"


def _width_of(column: Column) -> int:
    return max(len(column[0]), *(len(cell) for cell in column[2])) if column[2] else len(column[0])


def _table_width(columns: Sequence[Column]) -> int:
    return sum(_width_of(column) + 2 for column in columns) - 2


def _lay_out(columns: Sequence[Column]) -> list[str]:
    """The lines, the titles first."""
    widths = [_width_of(column) for column in columns]
    rows = [[column[0] for column in columns], *map(list, zip(*(column[2] for column in columns), strict=True))]
    lines = []
    for cells in rows:
        parts = [f"{cell:{column[1]}{width}}" for cell, column, width in zip(cells, columns, widths, strict=True)]
        lines.append("  ".join(parts).rstrip())
    return lines


def _paint(lines: Sequence[str], columns: Sequence[Column]) -> list[str]:
    """Titles bold, the first column cyan, errors red."""
    first = _width_of(columns[0])
    titles = [column[0] for column in columns]
    errors_at = sum(_width_of(column) + 2 for column in columns[: titles.index("errors")])
    errors_end = errors_at + _width_of(columns[titles.index("errors")])
    painted = [f"{BOLD}{lines[0]}{PLAIN}"]
    for line in lines[1:]:
        painted.append(
            f"{CYAN}{line[:first]}{PLAIN}{line[first:errors_at]}{RED}{line[errors_at:errors_end]}{PLAIN}{line[errors_end:]}"
        )
    return painted


def find_span(rows: Iterable[Count]) -> tuple[int, int]:
    """The powers of two [first, last] that the durations of all rows lie in."""
    powers = [_power(index) for row in rows for index, _ in row.count.filled()]
    return (min(powers), max(powers)) if powers else (0, 0)


def _power(bucket: int) -> int:
    return bucket // 4 + 1 if bucket >= 4 else max(bucket.bit_length() - 1, 0)


def draw(count: CallCount, span: tuple[int, int], bars: str = BARS) -> str:
    """The distribution of durations, a bar for each power of two of `span` or, if they are many, for several.

    >>> row = CallCount(1, 0); [row.add(0, ns) for ns in (1000, 1000, 1000, 3000)] and draw(row, (8, 13))
    ' █ ▃  '
    """
    first, last = span
    step = math.ceil((last - first + 1) / HISTOGRAM_WIDTH)
    cells = [0] * math.ceil((last - first + 1) / step)
    for index, n in count.filled():
        cells[(_power(index) - first) // step] += n
    most = max(cells)
    if not most:
        return ""
    return "".join(bars[math.ceil(n * (len(bars) - 1) / most)] for n in cells)


def _span_title(span: tuple[int, int]) -> str:
    return f"{format_ns(1 << span[0])} … {format_ns(2 << span[1])}"
