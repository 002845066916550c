# SPDX-License-Identifier: BSD-2-Clause
"""What the pages ask of the catalogue, each answer kept: cards, tables, conventions, addresses of pages."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache

from trapgate import catalog
from trapgate.catalog.constants import Constant
from trapgate.catalog.platforms import has_history, list_conventions, version_labels
from trapgate.catalog.query import call_names
from trapgate.catalog.values import Abi, Card, Entry, Signature
from trapgate.catalog.wording import SYSTEMS
from trapgate.cli.classes import read_classes

MAIN_ABIS = ("x86_64", "i386", "aarch64", "arm-eabi", "riscv64")
"""The ABIs of Linux whose registers are shown with each call's arguments, where they have the call."""


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a table of calls: the entry, and whether the table of today has it."""

    entry: Entry
    current: bool


class Facts:
    """The catalogue for one set of pages: every look-up is made once."""

    def __init__(self) -> None:
        self.systems = catalog.systems()
        self.card = lru_cache(maxsize=None)(self._read_card)
        self.signatures = lru_cache(maxsize=None)(self._read_signatures)
        self.rows = lru_cache(maxsize=None)(self._read_rows)
        self.labels = lru_cache(maxsize=None)(version_labels)
        self.slugs = lru_cache(maxsize=None)(self._make_slugs)
        self.conventions = catalog.conventions()
        self.own_conventions = lru_cache(maxsize=None)(list_conventions)
        self.classes = read_classes()

    @cached_property
    def version(self) -> str:
        """The Linux version of the packaged tables."""
        return catalog.find_abi("x86_64").version

    @cached_property
    def messages(self) -> dict[str, str]:
        """The message of each errno of Linux, where its header tells one."""
        found: dict[str, str] = {}
        for error in self.errors:
            if error.text and error.system not in self.systems:
                found.setdefault(error.name, error.text)
        return found

    @cached_property
    def error_names(self) -> frozenset[str]:
        """The names that the page of errno has: a manual page may name one of the kernel's own besides."""
        return frozenset(error.name for error in self.errors)

    @cached_property
    def errors(self) -> tuple[Constant, ...]:
        return catalog.errors()

    @staticmethod
    def _make_slugs(system: str) -> dict[str, str]:
        """The file name, without its extension, of each call of a system; no two differ by case alone."""
        found: dict[str, str] = {}
        taken = {"index", "gone"}
        for name in call_names(system):
            slug = re.sub(r"[^\w.-]", "_", name)
            while slug.lower() in taken:
                slug += "_"
            taken.add(slug.lower())
            found[name] = slug
        return found

    def call_path(self, system: str, name: str) -> str | None:
        """The page of a call, None if there is no such call."""
        slug = self.slugs(system).get(name) if system in self.systems else None
        return f"{system}/{slug}.html" if slug else None

    def abi_path(self, abi: Abi) -> str:
        """The page of an ABI's table; a system with one ABI has it on its own page."""
        if len(catalog.abis(abi.system)) == 1:
            return f"{abi.system}/index.html"
        return f"{abi.system}/abi/{abi.name}.html"

    def _read_card(self, system: str, name: str) -> Card:
        return catalog.describe(name, system)

    def _read_rows(self, abi: Abi) -> tuple[Row, ...]:
        """Every line that an ABI's table ever had, in order of the numbers and versions."""
        current = {(e.number, e.name, e.since) for e in catalog.table(abi.system, abi.name)}
        return tuple(Row(e, (e.number, e.name, e.since) in current) for e in catalog.history(abi.system, abi.name))

    def find_signature(self, entry: Entry) -> Signature | None:
        """What a call takes in the ABI of an entry, where that is known."""
        declared = self.signatures(entry.system, entry.name)
        if entry.system == "windows":  # its calls are declared alike for all ABIs
            return next(iter(declared.values()), None)
        return declared.get(entry.abi)

    def _read_signatures(self, system: str, name: str) -> dict[str, Signature]:
        return dict(self.card(system, name).signatures)  # of an ABI's several the last, which is the newest

    def releases(self, abi: Abi) -> list[tuple[str, str]]:
        """The versions that a table can be shown as of: (version, its public name or nothing), oldest first.

        Those with a public name where the system has such names, else those where the table changed.
        """
        if not has_history(abi.system):
            return []
        named = [(r.version, r.label) for r in catalog.releases(abi.system) if r.abi == abi.name]
        if abi.system == "macos":
            named = [(r.version, r.label) for r in catalog.releases("macos")]
        if named:
            return list(dict.fromkeys(named))
        from trapgate.catalog.versions import version_key

        versions = {v for row in self.rows(abi) for v in (row.entry.since, row.entry.until) if v}
        versions |= {abi.version} if abi.version else set()
        return [(v, "") for v in sorted(versions, key=lambda v: version_key(abi.system, v))]

    def system_name(self, system: str) -> str:
        return SYSTEMS.get(system, system)
