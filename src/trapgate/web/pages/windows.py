# SPDX-License-Identifier: BSD-2-Clause
"""The pages of Windows: tables with the releases as columns, for ntoskrnl and win32k are renumbered by most."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from trapgate import catalog
from trapgate.catalog.values import Abi, Entry
from trapgate.catalog.versions import version_key
from trapgate.web.facts import Facts
from trapgate.web.picture import draw_convention
from trapgate.web.site import Page

_PARTS = {"nt": "ntoskrnl", "win32k": "win32k", "": "secure kernel"}
_STUBS = {"nt": "ntdll.dll", "win32k": "win32u.dll"}


@dataclass(frozen=True, slots=True)
class ReleaseRow:
    """A call with its number in each release, None where the release lacks it."""

    name: str
    numbers: tuple[int | None, ...]
    arguments: int | None
    """How many, None where no declaration is known."""


def list_pages(facts: Facts) -> Iterator[Page]:
    """`windows/index.html`, and a page for each ABI: its part of ntoskrnl, and apart from it that of win32k."""
    if "windows" not in facts.systems:
        return
    yield "windows/index.html", "windows.html", partial(_read_index, facts)
    for abi in catalog.abis("windows"):
        for part, path in list_parts(facts, abi):
            yield path, "releases.html", partial(_read_releases, facts, abi, part, path)


def list_parts(facts: Facts, abi: Abi) -> list[tuple[str, str]]:
    """The parts of an ABI's table (nt, win32k, or the one it has), each with its page."""
    parts = sorted({row.entry.tag for row in facts.rows(abi)} & set(_STUBS))
    if not parts:
        return [("", facts.abi_path(abi))]
    base = facts.abi_path(abi).removesuffix(".html")
    return [(part, f"{base}.html" if part == "nt" else f"{base}-{part}.html") for part in parts]


def _read_index(facts: Facts) -> Mapping[str, object]:
    tables = []
    for abi in catalog.abis("windows"):
        for part, path in list_parts(facts, abi):
            rows = [row for row in facts.rows(abi) if part in ("", row.entry.tag)]
            names = {row.entry.name for row in rows}
            current = sum(row.current for row in rows)
            tables.append((abi, _PARTS[part], path, current, len(names), len(_columns(facts, abi))))
    conventions = [c for c in facts.conventions if c.system == "windows"]
    return {
        "title": "Windows: the Native API by release",
        "tables": tables,
        "conventions": [(convention, draw_convention(convention)) for convention in conventions],
    }


def _columns(facts: Facts, abi: Abi) -> list[tuple[str, str]]:
    """The releases that a table has columns for, newest first: build and public name."""
    named = facts.releases(abi)
    if named:
        return named[::-1]
    return [(abi.version, facts.labels("windows").get(abi.version, ""))]


def _read_releases(facts: Facts, abi: Abi, part: str, path: str) -> Mapping[str, object]:
    columns = _columns(facts, abi)
    keys = [version_key("windows", version) for version, _ in columns]
    by_name: dict[str, list[Entry]] = {}
    for row in facts.rows(abi):
        if part in ("", row.entry.tag):
            by_name.setdefault(row.entry.name, []).append(row.entry)
    rows = []
    for name, entries in by_name.items():
        signature = facts.find_signature(entries[0])
        count = len(signature.arguments) if signature else None
        rows.append(ReleaseRow(name, tuple(_number_at(entries, key) for key in keys), count))
    order = next((i for i, (version, _) in enumerate(columns) if version == abi.version), 0)
    rows.sort(key=lambda row: (row.numbers[order] is None, row.numbers[order] or 0, row.name))
    title = _PARTS[part]
    return {
        "title": f"Windows {title} on {abi.name}, by release",
        "heading": f"{title} on {abi.name}",
        "abi": abi,
        "part": title,
        "stub": _STUBS.get(part, ""),
        "columns": columns,
        "rows": rows,
        "siblings": [
            (f"{_PARTS[p]} {other.name}", link, link == path)
            for other in catalog.abis("windows")
            for p, link in list_parts(facts, other)
        ],
        "conflicts": sum(conflict.system == "windows" for conflict in catalog.conflicts()),
    }


def _number_at(entries: list[Entry], key: int) -> int | None:
    for entry in entries:
        since = version_key("windows", entry.since) if entry.since else 0
        if since <= key and (entry.until is None or key < version_key("windows", entry.until)):
            return entry.number
    return None
