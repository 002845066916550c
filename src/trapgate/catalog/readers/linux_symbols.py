"""A kernel's symbols, `System.map` or `/proc/kallsyms`: which calls were compiled into it.

    >>> from trapgate.catalog.readers import Source, read_table
    >>> text = b"ff000000 T __x64_sys_read\\nff000010 W __x64_sys_uselib\\nff000020 D sys_call_table\\n"
    >>> [(row.name, row.status) for row in read_table(Source("System.map", text)).rows]
    [('read', 'implemented'), ('uselib', 'absent')]

A call that the configuration left out is a weak symbol, which stands for `sys_ni_syscall`. Symbols have no numbers.
Addresses are not needed: an ordinary user, to whom the kernel shows zeros, reads the same table.
"""

import re

from trapgate.catalog.readers import ABSENT, IMPLEMENTED, Location, ReadError, Row, Source, Table
from trapgate.catalog.readers._linux import WRAPPER_ABIS

KIND = "linux-symbols"

_LINE = re.compile(r"([0-9a-fA-F]{1,16}|\(null\))\s+([A-Za-z?])\s+(\S+)")
_LINE_BYTES = re.compile(rb"^(?:[0-9a-f]{8}|[0-9a-f]{16}|\s*\(null\)) [A-Za-z?] \S+", re.MULTILINE)
_WRAPPER = re.compile("(" + "|".join(sorted(WRAPPER_ABIS, key=len, reverse=True)) + r")([a-z_0-9]+)")
_BARE = re.compile(r"\.?((?:compat_)?sys_|sys32_)([a-z_0-9]+)")
_NO_CALLS = frozenset(("call_table", "ni_syscall", "ni_posix_timers", "copyarea", "fillrect", "imageblit"))
"""Symbols that begin with `sys_` and are no calls: the last three draw on frame buffers."""
SYMBOL_TYPES = frozenset("TtWw")


def detect(head: bytes, name: str) -> bool:
    """Whether its lines are an address, a letter and a name."""
    return len(_LINE_BYTES.findall(head, 0, 8192)) > 2


def read(source: Source) -> Table:
    """The calls by the names of the functions that handle them, in the order of the symbols."""
    wrappers, bare = list[Row](), list[Row]()
    seen_address, lines = False, source.read_lines()
    faults = 0
    for number, line in enumerate(lines, 1):
        match = _LINE.match(line)
        if not match:
            if line.strip():
                faults += 1
                if faults > len(lines) // 10 + 1:
                    raise ReadError(
                        source.name, f"{line[:40]!r} is no symbol: an address, a letter, a name", line=number
                    )
            continue
        address, letter, symbol = match.groups()
        seen_address = seen_address or address.strip("0") not in ("", "(null)")
        if letter in SYMBOL_TYPES and (row := _make_row(source, number, letter, symbol)):
            (wrappers if _WRAPPER.fullmatch(symbol) else bare).append(row)
    rows = wrappers or bare
    return Table(KIND, source.name, tuple(_drop_doubles(rows)), tuple(_make_notes(rows, bool(wrappers), seen_address)))


def _make_row(source: Source, line: int, letter: str, symbol: str) -> Row | None:
    match = _WRAPPER.fullmatch(symbol) or _BARE.fullmatch(symbol)
    if not match or match[2] in _NO_CALLS:
        return None
    abi = WRAPPER_ABIS.get(match[1], source.abi)
    if source.abi and abi != source.abi:
        return None
    status = ABSENT if letter in "Ww" else IMPLEMENTED
    condition = "left out by the configuration" if status == ABSENT else ""
    return Row("linux", abi, None, match[2], symbol, None, status, condition, Location(source.name, line))


def _drop_doubles(rows: list[Row]) -> list[Row]:
    """One row for each handler; where a name has a weak symbol and another, the other is the one that runs."""
    by_entry: dict[str, Row] = {}
    for row in rows:
        kept = by_entry.get(row.entry)
        if kept is None or (kept.status == ABSENT and row.status == IMPLEMENTED):
            by_entry[row.entry] = row
    return list(by_entry.values())


def _make_notes(rows: list[Row], has_wrappers: bool, seen_address: bool) -> list[str]:
    notes = ["symbols have no numbers: --diff finds them by name"]
    if not seen_address:
        notes.append(
            "all addresses are zero: the kernel hides them (sysctl kernel.kptr_restrict) from a reader without"
            " CAP_SYSLOG; names and letters are enough here. Root sees them; `sysctl kernel.kptr_restrict=0` may too"
        )
    if rows and not has_wrappers:
        notes.append("this kernel has no wrappers: a function named sys_… that is no call may be among the rows")
    return notes
