"""Prototypes of Windows' native API as NtTrace's `.cfg` writes them: SAL annotations, a category in brackets.

    >>> from trapgate.catalog.readers import Source, read_table
    >>> text = b"//[Object]\\nNTSTATUS\\nNTAPI\\nNtClose(\\n    _In_ HANDLE Handle\\n    );\\n"
    >>> row = read_table(Source("NtTrace.cfg", text)).rows[0]
    >>> row.name, row.arguments[0].direction, row.arguments[0].type
    ('NtClose', 'in', 'HANDLE')

There are no numbers: those change with each build of Windows. `using` and `typedef` lines are read over.
"""

import re

from trapgate.catalog.readers import DECLARED, MAX_ROWS, Location, ReadError, Row, Source, Table
from trapgate.catalog.readers._c import find_close, parse_parameters, strip_comments

KIND = "windows-prototypes"

_PROTOTYPE = re.compile(r"(?<![\w(])((?:Nt|Zw)[A-Z]\w*)\s*\(")
MAX_PROTOTYPE = 8192
"""The longest argument list, in characters."""


def detect(head: bytes, name: str) -> bool:
    """Whether it is NtTrace's configuration by name, or holds native prototypes with annotations."""
    if name.endswith("/"):
        return False
    return name.endswith("Trace.cfg") or re.search(rb"\bNt[A-Z]\w*\s*\(\s*_(?:In|Out|Inout)_", head) is not None


def read(source: Source) -> Table:
    """The prototypes in the order of the file."""
    text = strip_comments("\n".join(source.read_lines()))
    rows, at, line = list[Row](), 0, 1
    for match in _PROTOTYPE.finditer(text):
        line += text.count("\n", at, match.start())
        at = match.start()
        close = find_close(text, match.end() - 1, match.end() + MAX_PROTOTYPE)
        if close < 0:
            raise ReadError(source.name, f"the prototype of {match[1]} is not closed", line=line)
        arguments = parse_parameters(text[match.end() : close])
        rows.append(
            Row("windows", source.abi, None, match[1], match[1], arguments, DECLARED, "", Location(source.name, line))
        )
        if len(rows) > MAX_ROWS:
            raise ReadError(source.name, f"it has more than {MAX_ROWS:,} rows", line=line)
    return Table(KIND, source.name, tuple(rows), ("prototypes have no numbers: a PE file's stubs give them",))
