"""A BSD kernel's `syscalls.master`: xnu, FreeBSD (both formats), NetBSD, OpenBSD, DragonFly.

    >>> from trapgate.catalog.readers import Source, read_table
    >>> text = b"3 AUE_READ STD|CAPENABLED {\\n  ssize_t read(\\n    int fd,\\n    size_t n\\n  );\\n }\\n"
    >>> row = read_table(Source("syscalls.master", text)).rows[0]
    >>> row.system, row.number, row.name, row.status, [argument.name for argument in row.arguments]
    ('freebsd', 3, 'read', 'implemented', ['fd', 'n'])

An entry is `NUMBER WORDS { PROTOTYPE } [NAME …]` or `NUMBER WORDS [NAME or comment]`; the words say what kind of entry
it is. Which system it is, the file's own identification or the words tell.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from trapgate.catalog.argument import Argument
from trapgate.catalog.readers import (
    COMPAT,
    IMPLEMENTED,
    MAX_ROWS,
    REMOVED,
    RESERVED,
    Location,
    ReadError,
    Row,
    Source,
    Table,
)
from trapgate.catalog.readers._c import Conditions, find_close, parse_parameters, strip_comments

KIND = "bsd-master"

_ENTRY = re.compile(r"(\d+)(?:-(\d+))?\s+([A-Za-z].*)", re.DOTALL)
_BINARY_ENTRY = re.compile(
    rb"^\d+(?:-\d+)?[ \t]+(?:AUE_\w+|M?(?:STD|NOSTD|INDIR|OBSOL|UNIMPL)\b|NONE\b|PRE\b|KERN\b)", re.MULTILINE
)
_WORD = re.compile(r"\s*(AUE_\w+|[A-Z][A-Z0-9_]*(?:\|[A-Z0-9_]+)*)(?=\s|\{|$)")
_PROTOTYPE = re.compile(r"\s*(.*?[\s*|])(\w+)\s*\(", re.DOTALL)
_TAGS = (
    ("$OpenBSD", "openbsd"),
    ("$NetBSD", "netbsd"),
    ("$DragonFly", "dragonfly"),
    ("DragonFly", "dragonfly"),
    ("xnu", "macos"),
)
_ABIS = {"macos": "unix"}
"""The catalogue's word for the ABI where it is not `all`."""
_COMPAT = re.compile(r"COMPAT(?:[7-9]|\d\d)")
MAX_ENTRY = 8192
"""The longest entry, in characters."""


def detect(head: bytes, name: str) -> bool:
    """Whether it is named `syscalls.master`, or begins like one."""
    return not name.endswith("/") and (name.endswith("syscalls.master") or len(_BINARY_ENTRY.findall(head)) > 2)


@dataclass(frozen=True, slots=True)
class _Entry:
    """One entry of the file, its lines joined."""

    line: int
    text: str
    condition: str


def read(source: Source) -> Table:
    """The calls of the file in its order; two for a number that has two arms of an `#if`."""
    lines = source.read_lines()
    system = _tell_system("\n".join(lines[:80]), lines)
    rows = list[Row]()
    for entry in _split_entries(source, lines):
        rows.extend(_read_entry(source, system, entry))
        if len(rows) > MAX_ROWS:
            raise ReadError(source.name, f"it has more than {MAX_ROWS:,} rows", line=entry.line)
    return Table(KIND, source.name, tuple(rows), (), _read_version(lines))


def _tell_system(head: str, lines: list[str]) -> str:
    for tag, system in _TAGS:
        if tag in head:
            return system
    body = "\n".join(line for line in lines if line[:1].isdigit())
    if "|sys|" in body:
        return "netbsd"
    if re.search(r"^\d+\s+(?:AUE_\w+|\w+\s+\w+)\s+(?:U?ALL|[TNHP]{1,4})\s", body, re.MULTILINE):
        return "macos"
    return "freebsd" if "AUE_" in body or "$FreeBSD" in head else "openbsd" if "{ int sys_" in body else "freebsd"


def _read_version(lines: list[str]) -> str:
    match = re.search(r"\$(?:FreeBSD|NetBSD|OpenBSD|DragonFly): ([^$\n]*?)(?: Exp)? ?\$", "\n".join(lines[:20]))
    return match[1].strip() if match else ""


def _split_entries(source: Source, lines: list[str]) -> Iterator[_Entry]:
    """The entries: a line that begins with a number, with all that belong to it by `\\` or an open brace."""
    conditions, at = Conditions(), 0
    while at < len(lines):
        line, number = lines[at], at + 1
        at += 1
        if line.startswith("#"):
            try:
                conditions.feed(line)
            except ValueError as error:
                raise ReadError(source.name, str(error), line=number) from None
        if not line[:1].isdigit():
            continue
        parts, depth, size = [line], line.count("{") - line.count("}"), len(line)
        while at < len(lines) and (parts[-1].rstrip().endswith("\\") or depth > 0):
            parts.append(lines[at])
            depth += lines[at].count("{") - lines[at].count("}")
            size += len(lines[at])
            at += 1
            if size > MAX_ENTRY:
                break
        if depth > 0:
            raise ReadError(source.name, "a brace is not closed", line=number)
        text = " ".join(part.rstrip().removesuffix("\\") for part in parts)
        yield _Entry(number, strip_comments(text, slashes=False), conditions.text)


def _read_entry(source: Source, system: str, entry: _Entry) -> Iterator[Row]:
    match = _ENTRY.fullmatch(entry.text)
    if not match or max(len(match[1]), len(match[2] or "")) > 5:
        raise ReadError(source.name, f"{entry.text[:40]!r} is no entry: a number, then its kind", line=entry.line)
    first, last = int(match[1]), int(match[2] or match[1])
    words, rest = _take_words(match[3])
    if not words:
        raise ReadError(source.name, f"{match[3][:40]!r} does not begin with a kind of entry", line=entry.line)
    call = _read_call(source, system, entry.line, words, rest)
    for number in range(first, last + 1):
        location = Location(source.name, entry.line)
        yield Row(
            system,
            source.abi or _ABIS.get(system, "all"),
            number,
            call.name,
            call.entry,
            call.arguments,
            call.status,
            entry.condition,
            location,
        )


def _take_words(text: str) -> tuple[list[str], str]:
    """The words before the prototype, split at `|`, and what comes after them."""
    words = list[str]()
    while match := _WORD.match(text):
        # A name in capitals would be the comment of an entry without prototype: there is none.
        words += match[1].split("|")
        text = text[match.end() :]
    # NetBSD names the module that holds the call before the prototype.
    return words, re.sub(r"^\w+\s*(?=\{)", "", text.strip())


@dataclass(frozen=True, slots=True)
class _Call:
    name: str
    entry: str
    arguments: tuple[Argument, ...] | None
    status: str


def _read_call(source: Source, system: str, line: int, words: list[str], rest: str) -> _Call:
    if not rest.startswith("{"):
        name = rest.split(" ", 1)[0] if re.fullmatch(r"\w+", rest.split(" ", 1)[0] or " ") else ""
        name = "" if name == "nosys" else name
        status = REMOVED if "OBSOL" in words else RESERVED
        return _Call(name if rest == name or status == REMOVED else "", "", None, status)
    close = find_close(rest, 0)
    body, after = rest[1:close], rest[close + 1 :].strip()
    match = _PROTOTYPE.match(body)
    end = find_close(body, match.end() - 1) if match else -1
    if not match or end < 0:
        raise ReadError(source.name, f"{body.strip()[:40]!r} is no prototype", line=line)
    arguments = parse_parameters(body[match.end() : end])
    function = match[2]
    if system == "macos":
        return _read_xnu_call(function, arguments, after)
    name = _name_of(system, match[1], function, after)
    # As the system's own <sys/syscall.h> names them.
    if system == "netbsd" and (version := next((word[7:] for word in words if word.startswith("COMPAT_")), "")):
        name = f"compat_{version}_{name}"
    if system == "freebsd" and (version := next((word[6:] for word in words if _COMPAT.fullmatch(word)), "")):
        name = f"freebsd{version}_{name}"
    return _Call(name, _entry_of(system, match[1], function), arguments, _status_of(words))


def _read_xnu_call(function: str, arguments: tuple[Argument, ...], after: str) -> _Call:
    """xnu keeps the number of a call that is gone with the handler `nosys`, and says what it was in a comment."""
    if function not in ("nosys", "enosys"):
        return _Call(function.removeprefix("sys_"), function, arguments, IMPLEMENTED)
    was = re.fullmatch(r"\{\s*old (\w+)\s*\}", after)
    return _Call(was[1] if was else "", function, None, REMOVED if was else RESERVED)


def _name_of(system: str, before: str, function: str, after: str) -> str:
    alias = after.split(" ")[0] if after and re.fullmatch(r"\w+", after.split(" ")[0]) else ""
    if alias:
        return alias
    if system == "netbsd":
        # `int|sys|50|wait4(…)`: the third part is the version that the compiler-visible name carries.
        parts = [part.strip() for part in before.split("|")]
        version = parts[2] if len(parts) > 2 else ""
        return f"__{function}{version}" if version else function
    return function.removeprefix("sys_")


def _entry_of(system: str, before: str, function: str) -> str:
    if system == "netbsd":
        parts = [part.strip() for part in before.split("|")]
        version = parts[2] if len(parts) > 2 else ""
        return f"sys___{function}{version}" if version else f"sys_{function}"
    return function if function.startswith("sys_") or system == "openbsd" else f"sys_{function}"


def _status_of(words: list[str]) -> str:
    if any(word.startswith(("COMPAT", "MCOMPAT", "CPT_")) for word in words):
        return COMPAT
    if {"UNIMPL", "RESERVED", "EXCL"} & set(words):
        return RESERVED
    return REMOVED if "OBSOL" in words else IMPLEMENTED
