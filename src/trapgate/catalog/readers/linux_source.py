"""Kernel source: the prototypes of `SYSCALL_DEFINEn`, from one C file or a whole tree joined with its tables.

    >>> from trapgate.catalog.readers import Source, read_table
    >>> text = b"SYSCALL_DEFINE2(truncate, const char __user *, path, long, length)"
    >>> row = read_table(Source("fs/open.c", text)).rows[0]
    >>> row.entry, [(argument.type, argument.name) for argument in row.arguments]
    ('sys_truncate', [('const char *', 'path'), ('long', 'length')])

A C file has no numbers. A folder with `arch/` below it gives a row for each line of each `.tbl`, with the arguments
of the function that handles it. Macros are not expanded, and nothing is compiled.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from trapgate.catalog.argument import Argument
from trapgate.catalog.readers import (
    IMPLEMENTED,
    MAX_BYTES,
    MAX_ROWS,
    Location,
    ReadError,
    Row,
    Source,
    Table,
    linux_tbl,
    walk_files,
)
from trapgate.catalog.readers._c import Conditions, find_close, parse_parameter, split_list, strip_comments

KIND = "linux-source"

_DEFINE = re.compile(r"(?<!\w)(?:([A-Z][A-Z0-9]*)_)?SYSCALL(32)?_DEFINE([0-6])\s*\(")
_DEFINE_BYTES = re.compile(rb"SYSCALL(?:32)?_DEFINE[0-6]\s*\(")
_MACRO_LINE = re.compile(r"^[ \t]*#[ \t]*define\b(?:[^\n]*\\\n)*[^\n]*", re.MULTILINE)
_TWO_HALVES = re.compile(r"\w*u(?:64|32p)\w*\s*\(\s*(\w+)\s*\)")
_VERSION = re.compile(r"^(VERSION|PATCHLEVEL|SUBLEVEL|EXTRAVERSION)\s*=[ \t]*(.*)$", re.MULTILINE)
MAX_PROTOTYPE = 4096
"""The longest argument list of a SYSCALL_DEFINE, in characters."""


def detect(head: bytes, name: str) -> bool:
    """Whether it is a kernel's folder, or a C file that defines a call."""
    if name.endswith("/"):
        return Path(name, "arch").is_dir() and Path(name, "kernel").is_dir()
    return _DEFINE_BYTES.search(head) is not None


def read(source: Source) -> Table:
    """The calls that a C file or every C file of a tree defines; in a tree, the rows of its tables with arguments."""
    if not source.folder:
        return Table(KIND, source.name, tuple(_read_defines(source)), ("C source gives no numbers",))
    defines = list(_read_tree(source, source.folder))
    tables = list(_read_tables(source, source.folder))
    version = _read_version(source.folder)
    if not tables:
        return Table(KIND, source.name, tuple(defines), ("the folder holds no .tbl: there are no numbers",), version)
    by_entry: dict[str, list[Row]] = {}
    for row in defines:
        by_entry.setdefault(row.entry, []).append(row)
    rows = tuple(_join(row, by_entry.get(row.entry, [])) for row in tables)
    missing = sorted({row.entry for row in rows if row.arguments is None and row.status == IMPLEMENTED and row.entry})
    names = f"{', '.join(missing[:8])}{' …' if len(missing) > 8 else ''}"
    notes = (f"{len(missing)} entries have no SYSCALL_DEFINE, or several that differ: {names}",) if missing else ()
    return Table(KIND, source.name, rows, notes, version)


_ARCHITECTURES = {"aarch64": "arm64", "i386": "x86", "x32": "x86"}
"""The kernel's folder of an ABI whose name does not begin with the folder's."""


def _join(row: Row, defines: list[Row]) -> Row:
    """`row` with the arguments of the function that handles it, if the tree has one such for its architecture."""
    word = re.match(r"[a-z]+|x86|s390|m68k|ia64", row.abi)
    folder = _ARCHITECTURES.get(row.abi.split("-")[0], word[0] if word else "")
    own = [define for define in defines if re.search(rf"(?:^|/)arch/{folder}\w*/", define.location.file)]
    common = [define for define in defines if not re.search(r"(?:^|/)arch/\w+/", define.location.file)]
    found = own or common
    if not found or any(define.arguments != found[0].arguments for define in found):
        return row
    return replace(row, arguments=found[0].arguments, condition=found[0].condition, location=found[0].location)


def _read_tree(source: Source, folder: Path) -> Iterator[Row]:
    total = 0
    for path in walk_files(folder, (".c",)):
        try:
            data = path.read_bytes() if path.stat().st_size <= MAX_BYTES else b""
        except OSError:
            continue
        if _DEFINE_BYTES.search(data):
            for row in _read_defines(Source(str(path), data, abi=source.abi)):
                total += 1
                if total > MAX_ROWS:
                    raise ReadError(source.name, f"it defines more than {MAX_ROWS:,} calls")
                yield row


def _read_tables(source: Source, folder: Path) -> Iterator[Row]:
    for path in walk_files(folder, (".tbl",)):
        if not re.search(r"(?:^|/)(?:arch/.*/syscall[\w-]*|scripts/syscall)\.tbl$", str(path)) or "/tools/perf/" in str(
            path
        ):
            continue
        try:
            yield from linux_tbl.read(Source(str(path), path.read_bytes(), abi=source.abi)).rows
        except ReadError:
            # With --abi, the tables of the other architectures have no such rows.
            if not source.abi:
                raise


def _read_version(folder: Path) -> str:
    try:
        with open(folder / "Makefile", encoding="utf-8", errors="replace") as file:
            values = dict(_VERSION.findall(file.read(2000)))
    except OSError:
        return ""
    numbers = [values.get(word, "").strip() for word in ("VERSION", "PATCHLEVEL", "SUBLEVEL")]
    return ".".join(number for number in numbers if number) + str(values.get("EXTRAVERSION", "")).strip()


def _read_defines(source: Source) -> list[Row]:
    text = strip_comments("\n".join(source.read_lines()))
    text = _MACRO_LINE.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)
    lines = _ConditionsByLine(source, text)
    rows, at, line = list[Row](), 0, 1
    for match in _DEFINE.finditer(text):
        line += text.count("\n", at, match.start())
        at = match.start()
        if len(rows) > MAX_ROWS:
            raise ReadError(source.name, f"it defines more than {MAX_ROWS:,} calls", line=line)
        close = find_close(text, match.end() - 1, match.end() + MAX_PROTOTYPE)
        if close < 0:
            raise ReadError(source.name, f"{match[0]} is not closed", line=line)
        rows.append(_make_row(source, line, match, split_list(text[match.end() : close]), lines.at(line)))
    return rows


class _ConditionsByLine:
    """The condition at each line, asked for in order."""

    __slots__ = ("_conditions", "_directives", "_source")

    def __init__(self, source: Source, text: str) -> None:
        self._source = source
        self._conditions = Conditions()
        self._directives = iter(
            [(number, line) for number, line in enumerate(text.split("\n"), 1) if "#" in line] + [(1 << 60, "")]
        )

    def at(self, line: int) -> str:
        for number, directive in self._directives:
            if number > line:
                self._directives = iter([(number, directive), *self._directives])
                break
            try:
                self._conditions.feed(directive)
            except ValueError as error:
                raise ReadError(self._source.name, str(error), line=number) from None
        return self._conditions.text


def _make_row(source: Source, line: int, match: re.Match[str], parts: list[str], condition: str) -> Row:
    prefix, is_32, count = match[1] or "", match[2], int(match[3])
    name = parts[0] if parts else ""
    if not re.fullmatch(r"\w+", name, re.ASCII):
        raise ReadError(source.name, f"{match[0]} names no call", line=line)
    entry = {"": "sys_", "COMPAT": "compat_sys_"}.get(prefix, f"{prefix.lower()}_sys_") + name
    entry = f"sys32_{name}" if is_32 else f"compat_sys_ppc_{name}" if prefix == "PPC32" else entry
    arguments = _read_arguments(parts[1:])
    # Where the source hides arguments behind a macro that is not known here, none are better than wrong ones.
    known = arguments if len(arguments) == count else None
    return Row("linux", source.abi, None, name, entry, known, IMPLEMENTED, condition, Location(source.name, line))


def _read_arguments(parts: list[str]) -> tuple[Argument, ...]:
    """The arguments of `type, name` pairs; a 64-bit argument of a compat call is one macro and two registers."""
    arguments, at = list[Argument](), 0
    while at < len(parts):
        if match := _TWO_HALVES.fullmatch(parts[at]):
            arguments += [Argument(f"{match[1]}_lo", "u32", False), Argument(f"{match[1]}_hi", "u32", False)]
            at += 1
        else:
            pair = " ".join(parts[at : at + 2])
            arguments.append(parse_parameter(pair))
            at += 2
    return tuple(arguments)
