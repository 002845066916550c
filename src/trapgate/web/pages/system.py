# SPDX-License-Identifier: BSD-2-Clause
"""The page of a system with several tables: all of them side by side; and the names that are gone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from trapgate import catalog
from trapgate.catalog.values import Abi, Entry
from trapgate.catalog.wording import format_number
from trapgate.web.facts import MAIN_ABIS, Facts
from trapgate.web.pages.abi import read_table
from trapgate.web.site import Page

_SHOWN = (*MAIN_ABIS, "x32", "loongarch64", "powerpc64", "s390x", "mips-o32", "mips-n64", "sparc64")
"""The columns of Linux that are shown at first."""


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """A name with its entry in each ABI, in the order of the columns."""

    name: str
    entries: tuple[Entry | None, ...]
    since: str
    """The first version that any of these ABIs had it in; empty where one is not known."""
    presence: str
    """`all` of the ABIs, `one` architecture, or `some`."""
    live: bool
    classes: tuple[str, ...]


def list_pages(facts: Facts) -> Iterator[Page]:
    """`SYSTEM/index.html`, and `SYSTEM/gone.html` where names are gone."""
    for system in facts.systems:
        abis = catalog.abis(system)
        if system == "windows":
            continue
        if len(abis) == 1:
            yield f"{system}/index.html", "abi.html", partial(read_table, facts, abis[0])
        else:
            yield f"{system}/index.html", "matrix.html", partial(_read_matrix, facts, system)
            yield f"{system}/gone.html", "gone.html", partial(_read_gone, facts, system)


def _living(facts: Facts, system: str) -> list[Abi]:
    """The ABIs that the newest version has."""
    return [abi for abi in catalog.abis(system) if any(r.current and r.entry.until is None for r in facts.rows(abi))]


def _read_matrix(facts: Facts, system: str) -> Mapping[str, object]:
    abis = _living(facts, system)
    shown = [abi.name in _SHOWN for abi in abis] if system == "linux" else [True] * len(abis)
    if system == "linux":  # those that are shown at first also come first
        abis.sort(key=lambda abi: _SHOWN.index(abi.name) if abi.name in _SHOWN else len(_SHOWN))
        shown.sort(reverse=True)
    name = facts.system_name(system)
    rows = _make_rows(facts, abis)
    return {
        "title": f"{name}: every call on every ABI",
        "system": system,
        "name": name,
        "abis": abis,
        "shown": shown,
        "widths": [_find_width(abi, rows, i) for i, abi in enumerate(abis)],
        "rows": rows,
        "classes": sorted({c for row in rows for c in row.classes}),
        "old_abis": [abi for abi in catalog.abis(system) if abi not in abis],
        "labels": facts.labels(system),
        "gone": len(facts.slugs(system)) - len(rows),
    }


def _find_width(abi: Abi, rows: list[MatrixRow], column: int) -> int:
    """How many characters a column needs, its head wrapped at hyphens."""
    numbers = (len(format_number(entry.number)) for row in rows if (entry := row.entries[column]))
    return max(4, *(len(word) + 1 for word in abi.name.split("-")), *numbers)


def _make_rows(facts: Facts, abis: list[Abi]) -> list[MatrixRow]:
    found: dict[str, dict[str, Entry]] = {}
    for abi in abis:
        for row in facts.rows(abi):
            if row.current and row.entry.until is None:
                found.setdefault(row.entry.name, {}).setdefault(abi.name, row.entry)
    # A table that no program is run against (the SPU's callbacks) has no convention and does not count.
    counted = [abi for abi in abis if abi.convention]
    rows = []
    for name in sorted(found):
        entries = found[name]
        live = [abi for abi in counted if abi.name in entries and entries[abi.name].live]
        arches = {abi.arch for abi in live}
        presence = "all" if len(live) == len(counted) else "one" if len(arches) == 1 else "some"
        classes = facts.classes.get(name, ()) if abis[0].system == "linux" else ()
        since = _find_first(list(entries.values()))
        rows.append(
            MatrixRow(name, tuple(entries.get(a.name) for a in abis), since, presence, bool(live), tuple(classes))
        )
    return rows


def _find_first(entries: list[Entry]) -> str:
    from trapgate.catalog.platforms import has_history
    from trapgate.catalog.versions import version_key

    system = entries[0].system
    known = [entry.since for entry in entries if entry.since]
    return min(known, key=lambda v: version_key(system, v)) if known and has_history(system) else ""


def _read_gone(facts: Facts, system: str) -> Mapping[str, object]:
    """Names that no ABI of the newest version has, with the tables they were in."""
    living = {
        row.entry.name
        for abi in _living(facts, system)
        for row in facts.rows(abi)
        if row.current and row.entry.until is None
    }
    rows = []
    for name in facts.slugs(system):
        if name not in living:
            entries = facts.card(system, name).entries
            rows.append((name, entries))
    return {
        "title": f"{facts.system_name(system)}: names that are gone",
        "system": system,
        "name": facts.system_name(system),
        "rows": rows,
        "labels": facts.labels(system),
    }
