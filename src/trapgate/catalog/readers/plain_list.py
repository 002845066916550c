"""A plain list of numbers and names, as handouts, web pages and `ausyscall --dump` have it: one call a line.

    >>> from trapgate.catalog.readers import Source, read_table
    >>> table = read_table(Source("handout.txt", b"eax | name\\n1 | sys_exit\\n2 | sys_fork\\n"), "plain-list", "i386")
    >>> [(row.abi, row.number, row.name) for row in table.rows]
    [('i386', 1, 'exit'), ('i386', 2, 'fork')]

Blanks, tabs, `,` `;` `|` `:` or `=` part the cells, number or name comes first, and what follows is ignored. Lines
before the first row are a title; `#` begins a comment. The list is one of Linux, and does not say of which ABI.
"""

import re

from trapgate.catalog.readers import HEAD_BYTES, IMPLEMENTED, MAX_ROWS, Location, ReadError, Row, Source, Table

KIND = "plain-list"

_NUMBER = r"(0[xX][0-9a-fA-F]{1,15}|[0-9]{1,18})"
_NAME = r"[\"'`]?(?:sys_|__NR_|SYS_)?([A-Za-z_][A-Za-z0-9_]{0,63})[\"'`]?"
_GAP = r"(?:[ \t]*[,;|=:][ \t]*|[ \t]+)"
_NUMBER_FIRST = re.compile(rf"[ \t|]*{_NUMBER}{_GAP}{_NAME}(?:[\s,;|(].*)?", re.ASCII)
_NAME_FIRST = re.compile(rf"[ \t|]*{_NAME}{_GAP}{_NUMBER}(?:[\s,;|].*)?", re.ASCII)


def detect(head: bytes, name: str) -> bool:
    """Whether all lines but a title and comments are such rows, three at least."""
    if name.endswith("/") or b"\0" in head:
        return False
    lines = [line for line in head.decode("utf-8", "replace").splitlines()[:2000] if line.split("#", 1)[0].strip()]
    rows = [_match(line) is not None for line in (lines[:-1] if len(head) == HEAD_BYTES else lines)]
    first = rows.index(True) if True in rows else len(rows)
    return first <= 3 and len(rows) - first >= 3 and all(rows[first:])


def read(source: Source) -> Table:
    """The rows, of the ABI the user named."""
    rows = list[Row]()
    for number, line in enumerate(source.read_lines(), 1):
        if not line.split("#", 1)[0].strip():
            continue
        found = _match(line)
        if found is None:
            if rows:
                raise ReadError(source.name, "no number and name in it", line=number)
            continue
        if len(rows) == MAX_ROWS:
            raise ReadError(source.name, f"it has more than {MAX_ROWS:,} rows")
        rows.append(
            Row("linux", source.abi, *found, "", None, IMPLEMENTED, "", Location(source.name, number)),
        )
    notes = () if source.abi else ("the list does not say which ABI it is for: --abi names it",)
    return Table(KIND, source.name, tuple(rows), notes)


def _match(line: str) -> tuple[int, str] | None:
    """Number and name in a line, None if there are none."""
    line = line.split("#", 1)[0]
    if match := _NUMBER_FIRST.fullmatch(line):
        number, name = match.groups()
    elif match := _NAME_FIRST.fullmatch(line):
        name, number = match.groups()
    else:
        return None
    return int(number, 16 if number[:2].lower() == "0x" else 10), name
