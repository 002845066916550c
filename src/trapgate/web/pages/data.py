# SPDX-License-Identifier: BSD-2-Clause
"""The index that the search looks through, as a script: a page opened from a file may load nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial

from trapgate import catalog
from trapgate.catalog.constants import Constant
from trapgate.catalog.query import first_signatures
from trapgate.catalog.values import Entry
from trapgate.web.facts import Facts
from trapgate.web.pages.call import _OPERATIONS_OF
from trapgate.web.pages.compare import to_json
from trapgate.web.site import Page


def list_pages(facts: Facts) -> Iterator[Page]:
    """`data/search.js`."""
    yield "data/search.js", "data.js", partial(_read_index, facts)


def _read_index(facts: Facts) -> Mapping[str, object]:
    """The systems, then a row for each thing: kind, system, name, address, weight, numbers, other words.

    A weight of 1 is for what is gone. An empty address is that of the kind's page at the name.
    """
    systems = list(facts.systems)
    rows: list[list[object]] = []
    for number, system in enumerate(systems):
        now = _list_current(facts, system)
        signatures = first_signatures(system)
        for name, slug in facts.slugs(system).items():
            entries = now.get(name, [])
            words = ", ".join(map(str, signatures[name].arguments)) if name in signatures else ""
            gone = int(not any(entry.live for entry in entries))
            rows.append(["c", number, name, "" if slug == name else slug, gone, _format_numbers(entries), words])
    rows += [["i", 0, r.name, "", 0, f"{r.value:#x}", r.argument] for r in catalog.ioctls()]
    rows += [["e", 0, name, "", 0, numbers, text] for name, numbers, text in _collect(facts.errors)]
    signals = [signal for signal in catalog.signals() if signal.kind != "limit"]
    rows += [["s", 0, name, "", 0, numbers, text] for name, numbers, text in _collect(signals)]
    owners = {words: call for call, words in _OPERATIONS_OF.items()}
    for sub in catalog.subcalls():
        call = owners.get(sub.call, sub.call)
        if page := facts.slugs(sub.system).get(call):
            address = f"{page}.html#{sub.name.replace(' ', '_')}"
            rows.append(["o", systems.index(sub.system), sub.name, address, 0, sub.value, call])
    for abi in catalog.abis():
        rows.append(["a", systems.index(abi.system), abi.name, facts.abi_path(abi), 0, "", " ".join(abi.aliases)])
    value = {"systems": [[system, facts.system_name(system)] for system in systems], "rows": rows}
    return {"call": "trapgate.addIndex", "key": "search", "json": to_json(value)}


def _collect(constants: Iterable[Constant]) -> Iterator[tuple[str, str, str]]:
    """Each name once: its numbers on all systems, and its text."""
    found: dict[str, list[Constant]] = {}
    for constant in constants:
        found.setdefault(constant.name, []).append(constant)
    for name, several in found.items():
        numbers = dict.fromkeys(str(constant.number) for constant in several)
        yield name, ",".join(numbers), next((constant.text for constant in several if constant.text), "")


def _list_current(facts: Facts, system: str) -> dict[str, list[Entry]]:
    """The entries of each name that are still there, in the order of the ABIs."""
    found: dict[str, list[Entry]] = {}
    for abi in catalog.abis(system):
        for row in facts.rows(abi):
            if row.entry.until is None:
                found.setdefault(row.entry.name, []).append(row.entry)
    return found


def _format_numbers(entries: Iterable[Entry]) -> str:
    """The numbers of a call with their ABIs: `257:x86_64,295:i386+sh`, those of the first ABIs first."""
    by_number: dict[int, list[str]] = {}
    for entry in entries:
        by_number.setdefault(entry.number, []).append(entry.abi)
    return ",".join(f"{number}:{'+'.join(dict.fromkeys(abis))}" for number, abis in by_number.items())
