# SPDX-License-Identifier: BSD-2-Clause
"""The page of an ABI: how a call is made, the table of calls as of any version, programs that make one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from trapgate import catalog
from trapgate.catalog.platforms import has_history
from trapgate.catalog.values import Abi, Convention
from trapgate.catalog.wording import LAYERS
from trapgate.cli.abi_example import format_assembly, format_c, list_examples
from trapgate.cli.registers import split_registers
from trapgate.web.facts import Facts
from trapgate.web.picture import draw_convention
from trapgate.web.site import Page


def list_pages(facts: Facts) -> Iterator[Page]:
    """The page of each ABI whose table is not that of its system's page; Windows' tables are in `windows`."""
    for system in facts.systems:
        abis = catalog.abis(system)
        if len(abis) > 1:
            for abi in abis:
                if system != "windows":
                    yield facts.abi_path(abi), "abi.html", partial(read_table, facts, abi)


def read_table(facts: Facts, abi: Abi) -> Mapping[str, object]:
    """The values of one ABI's page."""
    rows = facts.rows(abi)
    conventions = facts.own_conventions(abi)
    registers = split_registers(conventions[0].arguments) if conventions else []
    signatures = [facts.find_signature(row.entry) for row in rows]
    most = max((len(signature.arguments) for signature in signatures if signature), default=0)
    name = facts.system_name(abi.system)
    title = name if abi.name == "all" else f"{name} {abi.name}"
    return {
        "title": f"{title}: table of {LAYERS.get(abi.layer, abi.layer)}s",
        "heading": title,
        "system": abi.system,
        "system_title": name,
        "abi": abi,
        "layer": LAYERS.get(abi.layer, abi.layer),
        "rows": list(zip(rows, signatures, strict=True)),
        "columns": [registers[i] if i < len(registers) else f"arg {i + 1}" for i in range(most)],
        "conventions": [(convention, draw_convention(convention)) for convention in conventions],
        "examples": _list_examples(abi, conventions),
        "releases": facts.releases(abi),
        "labels": facts.labels(abi.system),
        "has_history": has_history(abi.system),
        "classes": facts.classes if abi.system == "linux" else {},
        "class_names": _list_classes(facts, abi),
        "current": sum(row.current for row in rows),
        "single": abi.name == "all" or len(catalog.abis(abi.system)) == 1,
    }


def _list_classes(facts: Facts, abi: Abi) -> list[str]:
    """The classes that any call of the table is in."""
    if abi.system != "linux":
        return []
    return sorted({c for row in facts.rows(abi) for c in facts.classes.get(row.entry.name, ())})


def _list_examples(abi: Abi, conventions: Sequence[Convention]) -> list[tuple[str, str, str]]:
    """Language, command and text of the programs for an ABI, none where there are none."""
    if abi.system != "linux" or abi.name not in list_examples() or not conventions:
        return []
    return [
        ("C", "cc example.c && ./a.out", format_c(abi, conventions[0])),
        ("Assembly", "cc -nostdlib -static example.S && ./a.out", format_assembly(abi, conventions[0])),
    ]
