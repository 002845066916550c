"""The Mach traps of xnu: `MACH_TRAP(function, arguments, …)` of `osfmk/kern/syscall_sw.c`, in the order of the table.

    >>> from trapgate.catalog.readers import Source, read_table
    >>> text = b"mach_trap_table[] = {\\nMACH_TRAP(kern_invalid, 0, 0, NULL),\\nMACH_TRAP(swtch, 0, 0, NULL),\\n};"
    >>> [(row.number, row.name) for row in read_table(Source("syscall_sw.c", text)).rows]
    [(0, ''), (1, 'swtch')]

Numbers are positive here; a program on arm64 passes them negative in x16. The file gives how many arguments there are,
and not their names.
"""

import re

from trapgate.catalog.argument import Argument
from trapgate.catalog.readers import IMPLEMENTED, RESERVED, Location, ReadError, Row, Source, Table
from trapgate.catalog.readers._c import Conditions, split_list, strip_comments

KIND = "mach-traps"

_TRAP = re.compile(r"\bMACH_TRAP\s*\(([^()]*)\)")
_COMMENT = re.compile(r"/\*\s*(\d{1,4})\s*\*/\s*MACH_TRAP")
_DIRECTIVE = re.compile(r"\s*#\s*(\w+)")
MAX_TRAPS = 4096


def detect(head: bytes, name: str) -> bool:
    """Whether it is named `syscall_sw.c`, or holds the table's macro."""
    return name.endswith("syscall_sw.c") or re.search(rb"\*/\s*MACH_TRAP\s*\(", head) is not None


def read(source: Source) -> Table:
    """The traps; those that are not taken have no name. Both arms of an `#if` are given, with their condition."""
    raw = source.read_lines()
    clean = strip_comments("\n".join(raw)).split("\n")
    start = next((index for index, line in enumerate(clean) if "mach_trap_table" in line and "=" in line), 0)
    conditions, places, number = Conditions(), list[int](), 0
    rows, notes = list[Row](), list[str]()
    for index in range(start, len(clean)):
        line = clean[index]
        try:
            is_directive = conditions.feed(line)
        except ValueError as error:
            raise ReadError(source.name, str(error), line=index + 1) from None
        if is_directive:
            number = _place_of_arm(line, places, number)
            continue
        for match in _TRAP.finditer(line):
            said = _COMMENT.search(raw[index])
            if said and int(said[1]) != number:
                notes.append(f"line {index + 1}: the comment says {said[1]}, the place in the table is {number}")
            rows.append(_make_row(source, index + 1, number, match[1], conditions.text))
            number += 1
            if number > MAX_TRAPS:
                raise ReadError(source.name, f"it has more than {MAX_TRAPS:,} traps", line=index + 1)
        if "}" in line and rows:
            break
    return Table(KIND, source.name, tuple(rows), tuple(notes[:50]))


def _place_of_arm(line: str, places: list[int], number: int) -> int:
    """The place after a directive: only one arm of an `#if` is in the table."""
    match = _DIRECTIVE.match(line)
    word = match[1] if match else ""
    if word.startswith("if"):
        places.append(number)
    elif word in ("else", "elif"):
        return places[-1]
    elif places:
        places.pop()
    return number


def _make_row(source: Source, line: int, number: int, text: str, condition: str) -> Row:
    parts = split_list(text)
    if (
        len(parts) < 2
        or not re.fullmatch(r"\w+", parts[0], re.ASCII)
        or not re.fullmatch(r"\d{1,2}", parts[1], re.ASCII)
    ):
        raise ReadError(
            source.name, f"MACH_TRAP({text.strip()[:60]}) is no function and number of arguments", line=line
        )
    location = Location(source.name, line)
    if parts[0] == "kern_invalid":
        return Row("macos", source.abi or "mach", number, "", parts[0], None, RESERVED, condition, location)
    arguments = tuple(Argument("", "", False) for _ in range(int(parts[1])))
    return Row("macos", source.abi or "mach", number, parts[0], parts[0], arguments, IMPLEMENTED, condition, location)
