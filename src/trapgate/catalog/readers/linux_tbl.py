"""A kernel's `.tbl` of call numbers: `NUMBER TAG NAME [ENTRY [COMPAT-ENTRY [noreturn]]]`, one call a line.

    >>> from trapgate.catalog.readers import Source, read_table
    >>> text = b"# a comment\\n0 common read sys_read\\n512 x32 ioctl\\n"
    >>> table = read_table(Source("arch/x86/entry/syscalls/syscall_64.tbl", text))
    >>> [(row.abi, row.number, row.name) for row in table.rows]
    [('x86_64', 0, 'read'), ('x32', 1073741824, 'read'), ('x32', 1073742336, 'ioctl')]

The tags say which ABIs a row is for; which ABIs there are is told by the file's place in the kernel, or by its tags.
"""

import re

from trapgate.catalog.readers import IMPLEMENTED, MAX_ROWS, RESERVED, Location, ReadError, Row, Source, Table
from trapgate.catalog.readers._linux import AbiRule, find_rules

KIND = "linux-tbl"

_LINE = re.compile(rb"^\d+[ \t]+(\w+)[ \t]+(\w+)([ \t]+(\w+|-)){0,3}[ \t]*(#.*)?\r?$", re.MULTILINE)
_NO_CODE = frozenset(("", "-", "sys_ni_syscall", "sys_nis_syscall"))


def detect(head: bytes, name: str) -> bool:
    """Whether it is named `.tbl`, or its first lines are rows of such a table."""
    if name.endswith("/"):
        return False
    return name.endswith(".tbl") or len(_LINE.findall(head)) > 5


def read(source: Source) -> Table:
    """The table of every ABI the file is for, or of the one the user named."""
    lines = [
        (number, words)
        for number, line in enumerate(source.read_lines(), 1)
        if (words := line.split("#", 1)[0].split())
    ]
    for number, words in lines:
        _check(source, number, words)
    rules = find_rules(source.name, frozenset(words[1] for _, words in lines), source.abi)
    rows = [
        _make_row(source, number, words, rule) for number, words in lines for rule in rules if _belongs(words[1], rule)
    ]
    if len(rows) > MAX_ROWS:
        raise ReadError(source.name, f"it has more than {MAX_ROWS:,} rows")
    notes = () if rules[0].abi else ("the file does not say which ABI it is for: --abi names it",)
    return Table(KIND, source.name, tuple(rows), notes)


def _check(source: Source, line: int, words: list[str]) -> None:
    if not words[0].isascii() or not words[0].isdecimal() or len(words[0]) > 9:
        raise ReadError(source.name, f"{words[0][:40]!r} is no call number", line=line)
    if not 3 <= len(words) <= 6:
        raise ReadError(
            source.name, f"{len(words)} words where 3 to 6 are expected: number, ABI, name, entries", line=line
        )
    for word in words[1:]:
        if not re.fullmatch(r"[\w-]+", word, re.ASCII):
            raise ReadError(source.name, f"{word[:40]!r} is no name", line=line)


def _belongs(tag: str, rule: AbiRule) -> bool:
    return not rule.tags or tag in rule.tags


def _make_row(source: Source, line: int, words: list[str], rule: AbiRule) -> Row:
    entries = [word for word in words[3:] if word != "noreturn"]
    entry = entries[1] if rule.is_compat and len(entries) > 1 else entries[0] if entries else ""
    entry = "" if entry == "-" else entry
    status = RESERVED if entry in _NO_CODE else IMPLEMENTED
    return Row(
        "linux", rule.abi, rule.base + int(words[0]), words[2], entry, None, status, "", Location(source.name, line)
    )
