# SPDX-License-Identifier: BSD-2-Clause
"""The page that compares any two tables, and the tables as data that it loads."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import partial

from trapgate import catalog
from trapgate.catalog.platforms import has_history
from trapgate.catalog.values import Abi
from trapgate.web.facts import Facts
from trapgate.web.site import Page

_EXAMPLES = (
    ("i386 from 2.2 to 2.4", "linux/i386", "2.2.0", "linux/i386", "2.4.0"),
    ("What Linux 6.x brought to x86_64", "linux/x86_64", "6.0", "linux/x86_64", ""),
    ("x86_64 beside aarch64", "linux/x86_64", "", "linux/aarch64", ""),
    ("FreeBSD beside OpenBSD", "freebsd/all", "", "openbsd/all", ""),
    ("macOS 10.6 to now", "macos/unix", "xnu-1504.15.3", "macos/unix", ""),
    ("Windows 10 22H2 to 11 25H2", "windows/x64", "19041", "windows/x64", "26200"),
)


def list_pages(facts: Facts) -> Iterator[Page]:
    """`compare.html`, and `data/tables/SYSTEM-ABI.js` for each table."""
    yield "compare.html", "compare.html", partial(_read_page, facts)
    for abi in catalog.abis():
        yield f"data/tables/{abi.system}-{abi.name}.js", "data.js", partial(_read_data, facts, abi)


def _read_page(facts: Facts) -> Mapping[str, object]:
    known = {f"{abi.system}/{abi.name}" for abi in catalog.abis()}
    return {
        "title": "Compare two tables",
        "systems": [(facts.system_name(system), catalog.abis(system)) for system in facts.systems],
        "examples": [example for example in _EXAMPLES if {example[1], example[3]} <= known],
    }


def _read_data(facts: Facts, abi: Abi) -> Mapping[str, object]:
    """A table as data: rows of number, name, since, until, flags (1 current, 2 no older form), and the signature."""
    signatures: dict[tuple[str, ...], int] = {}
    texts: list[list[str]] = []
    rows = []
    for row in facts.rows(abi):
        index = -1
        if signature := facts.find_signature(row.entry):
            key = tuple(argument.type for argument in signature.arguments)
            text = signature.format(row.entry.name)
            index = signatures.setdefault((row.entry.name, *key), len(texts))
            if index == len(texts):
                texts.append([text, ",".join(key)])
        entry = row.entry
        flags = row.current + 2 * (entry.status == "yes")
        rows.append([entry.number, entry.name, entry.since or "", entry.until or "", flags, index])
    value = {
        "system": abi.system,
        "version": abi.version,
        "versions": [[version, label] for version, label in facts.releases(abi)],
        "history": int(has_history(abi.system)),
        "rows": rows,
        "signatures": texts,
    }
    return {"call": "trapgate.addTable", "key": f"{abi.system}/{abi.name}", "json": to_json(value)}


def to_json(value: object) -> str:
    """JSON without blanks, in ASCII, so that it is the same in any encoding."""
    return json.dumps(value, separators=(",", ":"))
