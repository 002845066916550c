# SPDX-License-Identifier: BSD-2-Clause
"""Reads a fact file: lines `# key: value` about its source, one line of column names, rows; tab-separated.

A file without source, version and licence is refused: no fact is packaged whose origin is unknown.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

from trapgate.catalog.database import FACTS
from trapgate.model.errors import TrapgateError

REQUIRED = ("source", "version", "licence")


@dataclass(frozen=True, slots=True)
class FactFile:
    """A fact file in memory."""

    name: str
    header: dict[str, str]
    columns: tuple[str, ...]
    lines: tuple[tuple[str, ...], ...]

    def rows(self) -> Iterator[dict[str, str]]:
        """Each line as a mapping from column to text."""
        for line in self.lines:
            yield dict(zip(self.columns, line, strict=True))


def read_facts(name: str, folder: str = FACTS) -> FactFile:
    """The fact file `name` (without `.tsv`); `TrapgateError` names the line that is wrong."""
    path = os.path.join(folder, name + ".tsv")
    with open(path, encoding="utf-8") as file:
        return parse_facts(name, file.read(), path)


def parse_facts(name: str, text: str, path: str) -> FactFile:
    """The facts in `text`; `path` is what an error names."""
    header: dict[str, str] = {}
    lines = text.splitlines()
    position = 0
    while position < len(lines) and lines[position].startswith("# "):
        key, _, value = lines[position][2:].partition(": ")
        header[key] = value
        position += 1
    for key in REQUIRED:
        if not header.get(key):
            raise TrapgateError(f"{path}:1", f"no '# {key}:' line")
    if position == len(lines):
        raise TrapgateError(f"{path}:{position + 1}", "no line of column names")
    columns = tuple(lines[position].split("\t"))
    rows = tuple(tuple(line.split("\t")) for line in lines[position + 1 :])
    for number, row in enumerate(rows, position + 2):
        if len(row) != len(columns):
            raise TrapgateError(f"{path}:{number}", f"{len(row)} columns where the header has {len(columns)}")
    return FactFile(name, header, columns, rows)


def list_facts(folder: str = FACTS) -> list[str]:
    """The names of all fact files, in order."""
    return sorted(file.removesuffix(".tsv") for file in os.listdir(folder) if file.endswith(".tsv"))
