"""Old kernels' tables of handlers: `entry.S`, `syscall_table_32.S`, `calls.S`, or `sys.h` of the first kernels.

    >>> from trapgate.catalog.readers import Source, read_table
    >>> text = b"ENTRY(sys_call_table)\\n .long sys_restart_syscall /* 0 */\\n .long sys_exit\\n .long old_mmap\\n"
    >>> [(row.number, row.name, row.entry) for row in read_table(Source("arch/i386/kernel/entry.S", text)).rows]
    [(0, 'restart_syscall', 'sys_restart_syscall'), (1, 'exit', 'sys_exit'), (2, 'mmap', 'old_mmap')]

A number is a handler's place in the table. A comment that gives another number is noted, never believed. Names of
numbers without a handler are taken from the comment beside them, where one says which call it was.
"""

import re
from collections.abc import Iterator

from trapgate.catalog.readers import IMPLEMENTED, MAX_ROWS, REMOVED, RESERVED, Location, ReadError, Row, Source, Table
from trapgate.catalog.readers._c import Conditions, strip_comments
from trapgate.catalog.readers._linux import strip_entry

KIND = "linux-entry"

_TABLE_NAME = r"(_?(?:ia32_)?sys(?:32)?_call_table\w*|_?sys_table)"
_LABEL = re.compile(
    rf"(?:ENTRY|SYMBOL_NAME_LABEL|_GLOBAL|EXPORT)\s*\(\s*{_TABLE_NAME}\s*\)|^\s*{_TABLE_NAME}\s*:|\b{_TABLE_NAME}\s*\[[^\]]*\]\s*="
)
_ENTRY = re.compile(
    r"\s*(?:\.(?:long|quad|word|dword|8byte|4byte)\s|data[48]\s|PTR(?:_WD)?\s|sys\s|(?:CALL|SYS|SYSCALL|ENTRY_(?:SAME|COMP|DIFF|UHOH|OURS))\s*\()"
    r"(.*)"
)
_SYMBOL = re.compile(r"\s*(?:(?:SYMBOL_NAME|ABI|OBSOLETE|CALL)\s*\(\s*)?([A-Za-z_]\w*|0)(?=[\s,;)]|$)")
_C_SYMBOL = re.compile(r"\b(\w+)\b")
_END = re.compile(
    r"\s*(?:\.(?:rept|space|endm|macro|section|text|previous|org|end|size)\b|END\s*\(|\w*(?:syscall_table_size|NR_syscalls)\w*\s*=|\}\s*;)"
)
_COMMENT = re.compile(r"/\*(.*?)\*/|//(.*)|;(.*)|@(.*)")
_NUMBER = re.compile(r"\s*(\d{1,4})\b")
_WAS = re.compile(r"\b(?:old|was|for|reserved for)\s+\"?(?:sys_)?([a-z_]\w+)")
_NONE = re.compile(r"0|(?:\w+_)?(?:ni|nis|n_i)(?:32)?_syscall\w*|sys_ni|sys_n_i|sys_nis")
_EXTRA_PREFIX = re.compile(r"(?:old_|do_|sys32_|ia32_|compat_|_)(\w+)")


def detect(head: bytes, name: str) -> bool:
    """Whether it is named as the kernel names such a file, or a table's label is near its start."""
    if re.search(
        r"(?:entry|systbls|syscalls|scall\d+-\w+|syscall_table\w*|sys_call_table\w*|calls|sys_call|system_call)\.[Ss]$",
        name,
    ):
        return True
    return name.endswith("sys.h") or re.search(rb"sys_call_table\s*(?:\)|:|\[\])", head) is not None


def read(source: Source) -> Table:
    """The handlers in the order of the table, the first table of the file."""
    raw = source.read_lines()
    clean = strip_comments("\n".join(raw), slashes=source.name.endswith(".h")).split("\n")
    labels = [index for index, line in enumerate(clean) if _LABEL.search(line)]
    entries = list(_walk(clean, labels[0])) if labels else []
    # Some files hold the entries in a macro, before the label or without one.
    entries = entries or list(_walk(clean, _find_run(clean)))
    if len(entries) < 3:
        raise ReadError(source.name, "it holds no sys_call_table")
    notes, rows = list[str](), list[Row]()
    if len(labels) > 1:
        others = ", ".join(str(index + 1) for index in labels[1:6])
        notes.append(f"it holds {len(labels)} tables: the first is read, others begin at line {others}")
    abi = source.abi or _tell_abi(source.name)
    base = {"mips-o32": 4000, "mips-n64": 5000, "mips-n32": 6000, "ia64": 1024}.get(abi, 0)
    for line, number, symbol, condition in entries:
        comment = _comment_of(raw[line - 1], symbol)
        said = _NUMBER.match(comment)
        if said and int(said[1]) not in (number, number + base):
            notes.append(f"line {line}: the comment says {said[1]}, the place in the table is {number}")
        rows.append(_make_row(source, abi, line, base + number, symbol, condition, comment))
        if len(rows) > MAX_ROWS:
            raise ReadError(source.name, f"it has more than {MAX_ROWS:,} rows", line=line)
    if not abi:
        notes.append("the file does not say which ABI it is for: --abi names it")
    return Table(KIND, source.name, tuple(rows), tuple(notes[:50]))


def _walk(lines: list[str], start: int) -> Iterator[tuple[int, int, str, str]]:
    """Line, place, symbol and condition of each entry of the table."""
    conditions, places, number = Conditions(), list[int](), 0
    in_c = "=" in lines[start]
    for index in range(start, len(lines)):
        line = lines[index]
        try:
            is_directive = conditions.feed(line)
        except ValueError:
            # The table may stand inside an #if that began above it.
            is_directive = True
        if is_directive:
            number = _place_of_arm(line, places, number)
            continue
        symbols = _symbols_of_c(line) if in_c else _symbols_of_assembler(line)
        for symbol in symbols:
            yield index + 1, number, symbol, conditions.text
            number += 1
        if number > MAX_ROWS:
            return
        if number and ("}" in line if in_c else not symbols and _is_end(line)):
            return


def _find_run(lines: list[str]) -> int:
    """Where four of five lines are entries, 0 if that is nowhere."""
    is_entry = [bool(_symbols_of_assembler(line)) for line in lines]
    return next((at for at in range(len(lines)) if is_entry[at] and sum(is_entry[at : at + 5]) > 3), 0)


def _symbols_of_c(line: str) -> list[str]:
    return [symbol for symbol in _C_SYMBOL.findall(line.split("=")[-1].split("}")[0]) if not symbol.isdecimal()]


def _symbols_of_assembler(line: str) -> list[str]:
    """The handlers of one line: one, or on sparc several between commas."""
    if line.startswith("NI_SYSCALL"):
        return ["sys_ni_syscall"]
    match = _ENTRY.match(line)
    if not match:
        return []
    # A macro's further arguments are other forms of the same handler.
    parts = match[1].split(",") if line.lstrip().startswith((".", "data")) else [match[1]]
    return [symbol[1] for part in parts if (symbol := _SYMBOL.match(part))]


def _is_end(line: str) -> bool:
    return _END.match(line) is not None or re.match(r"\s*(?:ENTRY\s*\()?\w+(?:\)|\s*:)", line) is not None


def _place_of_arm(line: str, places: list[int], number: int) -> int:
    """The place after a directive: `#else` takes up again where its `#if` stood, for one arm holds."""
    word = re.match(r"\s*#\s*(\w+)", line)
    if word and word[1].startswith("if"):
        places.append(number)
    elif word and places and word[1] in ("else", "elif"):
        return places[-1]
    elif word and places:
        places.pop()
    return number


def _comment_of(line: str, symbol: str) -> str:
    # A line that holds hundreds of handlers has no comment for each.
    match = _COMMENT.search(line[max(line.find(symbol), 0) :]) if len(line) < 500 else None
    return next((group for group in match.groups() if group), "") if match else ""


def _make_row(source: Source, abi: str, line: int, number: int, symbol: str, condition: str, comment: str) -> Row:
    location = Location(source.name, line)
    if _NONE.fullmatch(symbol):
        was = _WAS.search(comment)
        status = REMOVED if was and "old" in comment else RESERVED
        return Row("linux", abi, number, was[1] if was else "", symbol, None, status, condition, location)
    name = strip_entry(symbol)
    if not name and (match := _EXTRA_PREFIX.fullmatch(symbol)):
        name = match[1]
    return Row("linux", abi, number, name or symbol, symbol, None, IMPLEMENTED, condition, location)


def _tell_abi(name: str) -> str:
    if re.search(r"syscall_table_32\.S$|arch/i386/|arch/x86/.*_32", name):
        return "i386"
    if match := re.search(r"scall\d+-(o32|n32|64)\.S$", name):
        return f"mips-{match[1].replace('64', 'n64')}"
    match = re.search(r"arch/(\w+)/", name)
    known = {
        "x86_64": "x86_64",
        "ia64": "ia64",
        "alpha": "alpha",
        "m68k": "m68k",
        "mips": "mips-o32",
        "sh": "sh",
        "arm": "arm-oabi",
    }
    return known.get(match[1], "") if match else ""
