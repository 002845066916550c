# SPDX-License-Identifier: BSD-2-Clause
"""The first page, the page of all conventions, and the page of sources."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from trapgate import catalog
from trapgate.catalog.platforms import has_history
from trapgate.catalog.values import Convention
from trapgate.web.facts import Facts
from trapgate.web.picture import draw_convention
from trapgate.web.site import Page


def list_pages(facts: Facts) -> Iterator[Page]:
    """`index.html`, `conventions.html`, `sources.html` and `404.html`."""
    yield "index.html", "home.html", partial(_read_home, facts)
    yield "conventions.html", "conventions.html", partial(_read_conventions, facts)
    yield "sources.html", "sources.html", _read_sources
    yield "404.html", "missing.html", lambda: {"title": "Nothing here"}


def _read_home(facts: Facts) -> Mapping[str, object]:
    rows = []
    for system in facts.systems:
        abis = catalog.abis(system)
        now = {
            row.entry.name
            for abi in abis
            for row in facts.rows(abi)
            if row.current and row.entry.live and row.entry.until is None
        }
        ever = len(facts.slugs(system))
        rows.append((system, facts.system_name(system), len(abis), len(now), ever, _describe_versions(facts, system)))
    return {"title": "System calls of every system", "systems": rows, "linux_abis": catalog.abis("linux")}


def _describe_versions(facts: Facts, system: str) -> str:
    """Which versions a system's tables are of."""
    abi = catalog.abis(system)[0]
    newest, labels = abi.version, facts.labels(system)
    if not has_history(system):
        return newest
    if system == "linux":
        return f"0.01 to {newest}"
    return f"{facts.releases(abi)[0][1]} to {labels.get(newest, newest)}"


def _read_conventions(facts: Facts) -> Mapping[str, object]:
    groups: dict[str, list[tuple[Convention, str]]] = {}
    usual = ("x86-64", "i386", "arm64", "arm/EABI", "riscv")
    for convention in sorted(facts.conventions, key=lambda c: c.system != "linux" or c.arch not in usual):
        groups.setdefault(convention.kind, []).append((convention, draw_convention(convention)))
    paths: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for abi in catalog.abis():
        if abi.convention:
            title = abi.system if abi.name == "all" else abi.name
            paths.setdefault((abi.system, abi.convention), []).append((title, facts.abi_path(abi)))
    return {"title": "How a call is made", "groups": groups, "paths": paths}


def _read_sources() -> Mapping[str, object]:
    return {
        "title": "Sources and disagreements",
        "sources": catalog.sources(),
        "conflicts": [conflict for conflict in catalog.conflicts() if conflict.system != "windows"],
        "hidden": sum(conflict.system == "windows" for conflict in catalog.conflicts()),
    }
