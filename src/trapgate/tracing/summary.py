# SPDX-License-Identifier: BSD-2-Clause
"""The table of ``-c`` and ``-C``: calls, errors and times per call, one table per ABI.

Times are kept in integer nanoseconds; they become floating point only where they are printed, in
the order of strace's own arithmetic, so that the last digit agrees too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from trapgate.tracing.filters import NAMELESS
from trapgate.tracing.scan import Complaint

_ALIASES = {
    "time-percent": "time time_percent time-percent",
    "total-time": "time_total time-total total_time total-time",
    "min-time": "min_time min-time shortest time_min time-min",
    "max-time": "longest max_time max-time time_max time-max",
    "avg-time": "avg_time avg-time time_avg time-avg",
    "calls": "calls count",
    "errors": "error errors",
    "name": "name syscall syscall_name syscall-name",
    "wall-total": "wall_total wall-total total_wall total-wall",
    "wall-min": "wall_min wall-min min_wall min-wall",
    "wall-max": "wall_max wall-max max_wall max-wall",
    "wall-avg": "wall_avg wall-avg avg_wall avg-wall",
    "nothing": "none nothing",
}
_HEADINGS = {
    "time-percent": ("% time", 6),
    "total-time": ("seconds", 11),
    "min-time": ("shortest", 8),
    "max-time": ("longest", 7),
    "avg-time": ("usecs/call", 11),
    "calls": ("calls", 9),
    "errors": ("errors", 9),
    "name": ("syscall", 16),
    "wall-total": ("wall-total", 11),
    "wall-min": ("wall-min", 8),
    "wall-max": ("wall-max", 8),
    "wall-avg": ("wall-avg", 11),
}
"""What stands above a column, and its least width."""
DEFAULT_COLUMNS = ("time-percent", "total-time", "avg-time", "calls", "errors", "name")
SYSTEM_TIMES = frozenset({"time-percent", "total-time", "min-time", "max-time", "avg-time"})
"""Columns of system time, or with -w of wall-clock time."""
_MODES = {"x86_64": "", "aarch64": "", "i386": "32 bit", "x32": "x32"}
_SECOND_NS = 1_000_000_000


def find_column(word: str) -> str | None:
    """The column that ``word`` names.

    >>> find_column("count"), find_column("shortest"), find_column("nonsense")
    ('calls', 'min-time', None)
    """
    return next((column for column, words in _ALIASES.items() if word in words.split()), None)


def parse_sort(text: str) -> str:
    """The column to sort by (``-S``); raises ``Complaint``."""
    column = find_column(text)
    if column is None:
        raise Complaint(f"invalid sortby: '{text}'", see_help=True)
    return column


def parse_columns(text: str) -> tuple[str, ...]:
    """The columns to show (``-U``), the name always among them; raises ``Complaint``.

    >>> parse_columns("count,error")
    ('calls', 'errors', 'name')
    """
    chosen: list[str] = []
    words = text.split(",")
    for position, word in enumerate(words):
        column = find_column(word)
        if column is None or column == "nothing":
            raise Complaint(f"unknown column name: '{word}'", see_help=True)
        if column in chosen:
            residual = ",".join(words[position:])
            raise Complaint(
                f"call summary column has been provided more than once: '{word}' (-U option residual: '{residual}')",
                see_help=True,
            )
        chosen.append(column)
    return tuple(chosen) if "name" in chosen else (*chosen, "name")


@dataclass(slots=True)
class SummaryOptions:
    """How calls are summed up and shown."""

    columns: tuple[str, ...] = DEFAULT_COLUMNS
    """-U, --summary-columns."""
    sort: str = "total-time"
    """-S, --summary-sort-by."""
    wall_clock: bool = False
    """-w, --summary-wall-clock: the main time is wall-clock time, not system time."""
    overhead_ns: int = 0
    """-O, --summary-syscall-overhead: taken off every call's time."""

    @property
    def needs_system_time(self) -> bool:
        """Whether what is shown depends on the CPU time that calls took, which is not known of a program that runs."""
        return not self.wall_clock and not SYSTEM_TIMES.isdisjoint({*self.columns, self.sort})


@dataclass(slots=True)
class _Times:
    """Sum and extremes of one clock."""

    total: int = 0
    least: int | None = None
    most: int = 0

    def add(self, ns: int) -> None:
        self.total += ns
        self.most = max(self.most, ns)
        self.least = ns if self.least is None else min(self.least, ns)


@dataclass(slots=True)
class _Row:
    """What is known of one call of one ABI."""

    number: int
    name: str
    calls: int = 0
    errors: int = 0
    main: _Times = field(default_factory=_Times)
    """The time of the first columns: system time, or wall-clock time under -w."""
    wall: _Times = field(default_factory=_Times)


class Summary:
    """Counts calls as they end, and writes the table."""

    def __init__(self, options: SummaryOptions | None = None) -> None:
        self.options = options or SummaryOptions()
        self._tables: dict[str, dict[tuple[int, str], _Row]] = {}

    def add(self, name: str, abi: str, number: int, failed: bool, cpu_ns: int, wall_ns: int) -> None:
        """Counts one call: its system time and its wall-clock time, both in ns."""
        table = self._tables.setdefault(abi, {})
        row = table.get((number, name))
        if row is None:
            row = table[number, name] = _Row(number, name)
        row.calls += 1
        row.errors += failed
        row.main.add(max((wall_ns if self.options.wall_clock else cpu_ns) - self.options.overhead_ns, 0))
        row.wall.add(max(wall_ns - self.options.overhead_ns, 0))

    def render(self) -> str:
        """The tables of all ABIs that made calls; empty when none did."""
        return "".join(
            _render_mode(mode) + _Table(list(self._tables[abi].values()), self.options).render()
            for abi, mode in _MODES.items()
            if abi in self._tables
        )


def _render_mode(mode: str) -> str:
    return f"System call usage summary for {mode} mode:\n" if mode else ""


def _float(ns: int) -> float:
    """Seconds, computed as strace does: whole seconds plus the rest."""
    return ns // _SECOND_NS + (ns % _SECOND_NS) / 1e9


def _average(times: _Times, calls: int) -> int:
    """The mean in ns, halves rounded up."""
    seconds, rest = divmod(times.total, _SECOND_NS)
    return seconds // calls * _SECOND_NS + (seconds % calls * _SECOND_NS + rest + calls // 2) // calls


def _microseconds(seconds: float) -> str:
    return str(int(seconds * 1e6))


_SORT_KEYS: dict[str, Callable[[_Row], int]] = {
    "time-percent": lambda row: row.main.total,
    "total-time": lambda row: row.main.total,
    "min-time": lambda row: row.main.least or 0,
    "max-time": lambda row: row.main.most,
    "avg-time": lambda row: _average(row.main, row.calls),
    "calls": lambda row: row.calls,
    "errors": lambda row: row.errors,
    "wall-total": lambda row: row.wall.total,
    "wall-min": lambda row: row.wall.least or 0,
    "wall-max": lambda row: row.wall.most,
    "wall-avg": lambda row: _average(row.wall, row.calls),
}
_Cells = dict[str, str]


class _Table:
    """One ABI's table while it is written."""

    def __init__(self, rows: list[_Row], options: SummaryOptions) -> None:
        self.columns = options.columns
        self.rows = _sort(rows, options.sort)
        self.total = _float(sum(row.main.total for row in rows))
        self.wall_total = _float(sum(row.wall.total for row in rows))
        self.calls = sum(row.calls for row in rows)
        self.errors = sum(row.errors for row in rows)

    def render(self) -> str:
        """Heading, rows and totals."""
        widths = self._find_widths()
        rule = " ".join("-" * widths[column] for column in self.columns)
        lines = [
            self._format_line({column: _HEADINGS[column][0] for column in self.columns}, widths),
            rule,
            *(self._format_line(self._format_row(row), widths) for row in self.rows),
            rule,
            self._format_line(self._format_totals(), widths),
        ]
        return "".join(f"{line}\n" for line in lines)

    def _format_row(self, row: _Row) -> _Cells:
        share = 100.0 * _float(row.main.total)
        return {
            "time-percent": f"{share / self.total if share else share:.2f}",
            **_format_times("total-time", "min-time", "max-time", row.main),
            "avg-time": _microseconds(_float(_average(row.main, row.calls))),
            "calls": str(row.calls),
            "errors": str(row.errors or ""),
            "name": row.name,
            **_format_times("wall-total", "wall-min", "wall-max", row.wall),
            "wall-avg": _microseconds(_float(_average(row.wall, row.calls))),
        }

    def _format_totals(self) -> _Cells:
        return {
            "time-percent": "100.00",
            "total-time": f"{self.total:.6f}",
            "min-time": f"{_float(min(_least(row.main for row in self.rows))):.6f}",
            "max-time": f"{_float(max(row.main.most for row in self.rows)):.6f}",
            "avg-time": _microseconds(self.total / self.calls),
            "calls": str(self.calls),
            "errors": str(self.errors or ""),
            "name": "total",
            "wall-total": f"{self.wall_total:.6f}",
            "wall-min": f"{_float(min(_least(row.wall for row in self.rows))):.6f}",
            "wall-max": f"{_float(max(row.wall.most for row in self.rows)):.6f}",
            "wall-avg": _microseconds(self.wall_total / self.calls),
        }

    def _find_widths(self) -> dict[str, int]:
        """The width of each column: its least one, or what the longest possible cell needs."""
        needed = {column: len(cell) for column, cell in self._format_totals().items()}
        needed["name"] = max(len(row.name) for row in self.rows) + 1
        for column, times in (
            ("min-time", [row.main for row in self.rows]),
            ("wall-min", [row.wall for row in self.rows]),
        ):
            needed[column] = len(str(max(_least(times)) // _SECOND_NS)) + len(".000000")
        for column, key in (("avg-time", _SORT_KEYS["avg-time"]), ("wall-avg", _SORT_KEYS["wall-avg"])):
            needed[column] = len(_microseconds(_float(max(key(row) for row in self.rows))))
        return {column: max(needed[column], _HEADINGS[column][1]) for column in self.columns}

    def _format_line(self, cells: _Cells, widths: dict[str, int]) -> str:
        last = self.columns[-1]
        return " ".join(
            cells[column] if column == "name" == last
            else cells[column].ljust(widths[column]) if column == "name"
            else cells[column].rjust(widths[column])
            for column in self.columns
        )  # fmt: skip


def _format_times(total: str, least: str, most: str, times: _Times) -> _Cells:
    return {
        total: f"{_float(times.total):.6f}",
        least: f"{_float(times.least or 0):.6f}",
        most: f"{_float(times.most):.6f}",
    }


def _least(times: Iterable[_Times]) -> list[int]:
    return [each.least or 0 for each in times]


def _sort(rows: Sequence[_Row], column: str) -> list[_Row]:
    """By number, known calls before unknown ones; then by the column, largest first, names in order."""
    ordered = sorted(rows, key=lambda row: (row.name.startswith(NAMELESS), row.number))
    if column == "name":
        return sorted(ordered, key=lambda row: row.name)
    key = _SORT_KEYS.get(column)
    return sorted(ordered, key=key, reverse=True) if key else ordered
