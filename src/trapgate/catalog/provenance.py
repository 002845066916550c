# SPDX-License-Identifier: BSD-2-Clause
"""Where the facts come from, and which versions of which systems they are of."""

from __future__ import annotations

from dataclasses import dataclass

from trapgate.catalog.database import open_database


@dataclass(frozen=True, slots=True)
class Source:
    """Where the rows of one fact file come from."""

    file: str
    source: str
    version: str
    licence: str
    note: str


@dataclass(frozen=True, slots=True)
class Release:
    """A version of a system that the catalogue has a table of, with its public name."""

    system: str
    abi: str
    version: str
    label: str


def sources() -> tuple[Source, ...]:
    """Where every fact comes from: one for each fact file."""
    return tuple(Source(*row) for row in open_database().execute("SELECT * FROM source ORDER BY file"))


def releases(system: str | None = None) -> tuple[Release, ...]:
    """The versions with a public name, oldest first: xnu tags of macOS, builds of Windows."""
    rows = open_database().execute("SELECT system, abi, version, label FROM release ORDER BY system, key, abi")
    return tuple(Release(*row) for row in rows if system in (None, row[0]))
