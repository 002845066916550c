# SPDX-License-Identifier: BSD-2-Clause
"""Everything known of one call, gathered from all tables of the catalogue."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence

from trapgate.catalog.database import open_database, parse_arguments
from trapgate.catalog.platforms import check_system, systems
from trapgate.catalog.query import find, subcalls, unknown_name
from trapgate.catalog.values import Card, Conflict, Entry, Signature, Wrapper


def describe(name: str, system: str = "linux") -> Card:
    """All that is known of the call `name` of one system; `UsageError` with the nearest names if there is none."""
    entries = find(name, system=check_system(system))
    if not entries:
        raise unknown_name(name, system)
    name = entries[0].name
    pages = _pages(name, entries) if system == "linux" else []
    standards, glibc, errno = _page_facts(pages)
    manual = _one("SELECT since, removed FROM manual WHERE name = ?", name) or ("", "")
    posix = _one("SELECT editions, option FROM posix WHERE function = ?", _plain(name)) or ("", "")
    return Card(
        system=system,
        layer=entries[0].layer,
        name=name,
        entries=entries,
        signatures=_signatures(name, system),
        wrappers=_wrappers(name, pages) if system == "linux" else (),
        errors=errno,
        standards=tuple(dict.fromkeys((*standards, *_words(posix[0])))) if system == "linux" else (),
        option_1003_1b=posix[1] if system == "linux" else "",
        glibc_since=glibc.get(name, glibc.get("", "")),
        conditional=system == "linux" and bool(_one("SELECT 1 FROM conditional WHERE name = ?", name)),
        manual_since=manual[0] if system == "linux" else "",
        manual_removed=manual[1] if system == "linux" else "",
        related=_related(name) if system == "linux" else (),
        elsewhere=_elsewhere(name, system),
        subcalls=subcalls(name, system),
        conflicts=conflicts(name, system),
    )


def conflicts(subject: str | None = None, system: str | None = None) -> tuple[Conflict, ...]:
    """Where two sources disagree; of one call, or all."""
    query = "SELECT * FROM conflict WHERE (?1 IS NULL OR subject = ?1) AND (?2 IS NULL OR system = ?2) ORDER BY rowid"
    return tuple(Conflict(*row) for row in open_database().execute(query, (subject, system)))


def _signatures(name: str, system: str) -> tuple[tuple[str, Signature], ...]:
    rows = open_database().execute(
        "SELECT abi.name, arguments, returns, location, guard FROM entry JOIN call ON call.id = call JOIN abi ON"
        " abi.id = entry.abi JOIN signature ON signature.id = signature WHERE call.system = ? AND call.name = ?"
        " ORDER BY entry.abi, until_key",
        (system, name),
    )
    return tuple((row[0], Signature(parse_arguments(row[1]), *row[2:])) for row in rows)


def _plain(name: str) -> str:
    """The name of the C library's function for a call whose own name says how wide its types are."""
    if name in ("newfstatat", "fstatat64"):
        return "fstatat"
    return re.sub(r"^_new|^_llseek$|(?<=[a-z])(_time64|64)$", lambda m: "lseek" if m[0] == "_llseek" else "", name)


def _pages(name: str, entries: Iterable[Entry]) -> list[str]:
    """The manual pages that describe a call, by any name it has."""
    names = dict.fromkeys([name, _plain(name), *(entry.symbol.removeprefix("sys_") for entry in entries)])
    pages: list[str] = []
    for one in names:
        for row in open_database().execute("SELECT page FROM page_name WHERE name = ?", (one,)):
            pages.append(row[0])
        if _one("SELECT 1 FROM page WHERE name = ?", f"{one}(2)"):
            pages.append(f"{one}(2)")
        if pages:
            break
    return list(dict.fromkeys(pages))


def _page_facts(pages: Iterable[str]) -> tuple[list[str], dict[str, str], tuple[str, ...]]:
    """Standards, first glibc by function ('' for all of the page), and errors of these pages."""
    standards: list[str] = []
    glibc: dict[str, str] = {}
    errno: list[str] = []
    for page in pages:
        row = _one("SELECT standards, glibc_since, errors FROM page WHERE name = ?", page)
        if row:
            standards += _words(row[0])
            errno += _words(row[2])
            for part in filter(None, row[1].split(";")):
                function, _, version = part.rpartition(":")
                glibc[function] = version
    return standards, glibc, tuple(dict.fromkeys(errno))


def _wrappers(name: str, pages: Sequence[str]) -> tuple[Wrapper, ...]:
    """The C functions for a call: those of its name, else those of its pages."""
    query = "SELECT function, prototype, page, header, library, via FROM wrapper WHERE function = ? ORDER BY rowid"
    for function in dict.fromkeys((name, _plain(name))):
        found = tuple(Wrapper(*row) for row in open_database().execute(query, (function,)))
        own = tuple(w for w in found if w.page in pages)
        if own or found:
            return own or found
    return ()


def _related(name: str) -> tuple[str, ...]:
    rows = open_database().execute(
        "SELECT other.name FROM related JOIN related AS other USING (family) WHERE related.name = ?"
        " AND other.name <> ? AND EXISTS (SELECT 1 FROM call WHERE call.name = other.name AND system = 'linux')"
        " GROUP BY other.name ORDER BY min(other.position)",
        (name, name),
    )
    return tuple(row[0] for row in rows)


def _elsewhere(name: str, system: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The calls of the other systems with the same idea; of a system where none is noted, the call of that name."""
    rows = open_database().execute(
        "SELECT other.system, other.name FROM equivalent JOIN equivalent AS other USING (idea)"
        " WHERE equivalent.system = ? AND equivalent.name = ? AND other.system <> ? ORDER BY other.rowid",
        (system, name, system),
    )
    found: dict[str, list[str]] = defaultdict(list)
    for other, call in rows:
        if call not in found[other]:
            found[other].append(call)
    namesakes = open_database().execute(
        "SELECT DISTINCT call.system FROM call JOIN entry ON entry.call = call.id JOIN abi ON abi.id = entry.abi"
        " WHERE call.name = ? AND call.layer = 'syscall' AND call.system <> ? AND status = 'yes' AND until IS NULL"
        " AND EXISTS (SELECT 1 FROM call WHERE name = ?1 AND system = ?2 AND layer = 'syscall')",
        (name, system),
    )
    for (other,) in namesakes:
        found.setdefault(other, [name])
    return tuple((other, tuple(found[other])) for other in systems() if other in found)


def _one(query: str, value: str) -> tuple[str, ...] | None:
    row: tuple[str, ...] | None = open_database().execute(query, (value,)).fetchone()
    return row


def _words(text: str) -> list[str]:
    return [word for word in text.split(",") if word]
