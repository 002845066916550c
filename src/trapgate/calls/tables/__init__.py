# SPDX-License-Identifier: BSD-2-Clause
"""Tables of constants: ``load(name)`` reads ``NAME.txt`` beside this file, once.

A file's header lines (``# key: value``) name its source, kind (flags, enum, indexed), prefix,
completeness and the text for unknown values; then ``NAME value [abi,abi…]`` lines in output
order. Raises KeyError for a table that does not exist; a malformed line is a ValueError
with file and line.
"""

from __future__ import annotations

import os
from functools import lru_cache

_FOLDER = os.path.dirname(__file__)


class Table:
    """Names and values of one group of constants, for one ABI."""

    __slots__ = ("name", "kind", "unknown", "entries", "by_value", "by_name")

    def __init__(self, name: str, kind: str, unknown: str, entries: tuple[tuple[str, int], ...]) -> None:
        self.name = name
        self.kind = kind
        self.unknown = unknown
        self.entries = entries
        self.by_value: dict[int, str] = {}
        for entry, value in entries:
            self.by_value.setdefault(value, entry)
        self.by_name = dict(entries)


@lru_cache(None)
def load(name: str, abi: str = "x86_64") -> Table:
    """The table called ``name`` with the values of ``abi``."""
    path = f"{_FOLDER}/{name}.txt"
    try:
        with open(path, encoding="utf-8") as file:
            lines = file.read().splitlines()
    except FileNotFoundError:
        raise KeyError(f"no table of constants is called {name!r}") from None
    header: dict[str, str] = {}
    entries: list[tuple[str, int]] = []
    for number, line in enumerate(lines, 1):
        if line.startswith("#"):
            key, colon, value = line[1:].partition(":")
            if colon:
                header[key.strip()] = value.strip()
            continue
        fields = line.split()
        if not fields:
            continue
        try:
            if len(fields) < 3 or abi in fields[2].split(","):
                entries.append((fields[0], int(fields[1], 0)))
        except (IndexError, ValueError):
            raise ValueError(f"{path}:{number}: expected NAME VALUE [ABIS], found {line!r}") from None
    return Table(name, header.get("kind", "enum"), header.get("unknown", ""), tuple(entries))
