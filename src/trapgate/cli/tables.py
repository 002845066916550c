# SPDX-License-Identifier: BSD-2-Clause
"""Prints a table: aligned for a person, or as JSON, CSV or TSV for a program.

In JSON a cell keeps its type; a cell that is None is `null` there and empty elsewhere.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence

TYPE_CHECKING = False  # not typing's: its import costs more than most tables
if TYPE_CHECKING:
    from typing import TextIO

Cell = str | int | bool | None

_TSV_ESCAPES = str.maketrans({"\t": "\\t", "\n": "\\n", "\r": "\\r", "\\": "\\\\"})


def add_format_options(parser: argparse.ArgumentParser) -> argparse._MutuallyExclusiveGroup:
    """Adds `--json`, `--csv` and `--tsv`, of which one may be given; `args.format` is its name or None."""
    group = parser.add_mutually_exclusive_group()
    for name, text in (("json", "JSON"), ("csv", "CSV (RFC 4180)"), ("tsv", "lines of tab-separated cells")):
        group.add_argument(f"--{name}", dest="format", action="store_const", const=name, help=f"print {text}")
    return group


def add_definition_options(group: argparse._MutuallyExclusiveGroup, python: str) -> None:
    """Adds `--c-header` and `--python` to the formats; `python` says what the latter prints."""
    for name, text in (("c-header", "#define lines"), ("python", python)):
        group.add_argument(f"--{name}", dest="format", action="store_const", const=name, help=f"print {text}")


def format_definitions(values: Iterable[tuple[str, int]], style: str, title: str) -> list[str]:
    """Lines of C or Python that give each name its value; of one name with several values the first.

    >>> format_definitions([("EPERM", 1)], "python", "linux")
    ['\"\"\"linux\"\"\"', '', 'EPERM = 1']
    """
    named: dict[str, int] = {}
    for name, value in values:
        named.setdefault(name, value)
    if style == "python":
        return [f'"""{title}"""', "", *(f"{name} = {value}" for name, value in named.items())]
    return [f"/* {title} */", *(f"#define {name} {value:#x}" for name, value in named.items())]


def print_table(columns: Sequence[str], rows: Iterable[Sequence[Cell]], style: str | None) -> None:
    """Prints `rows` to standard output as `style` says: json, csv, tsv, or None for a person."""
    write_table(columns, list(rows), style, sys.stdout)


def write_table(columns: Sequence[str], rows: Sequence[Sequence[Cell]], style: str | None, file: TextIO) -> None:
    """Writes `rows` to `file`; each row has a cell for each column."""
    if style == "json":
        import json

        json.dump([dict(zip(columns, row, strict=True)) for row in rows], file, indent=1, ensure_ascii=False)
        file.write("\n")
    elif style == "csv":
        for row in (columns, *rows):
            file.write(",".join(_quote(_text(cell)) for cell in row) + "\n")
    elif style == "tsv":
        for row in (columns, *rows):
            file.write("\t".join(_text(cell).translate(_TSV_ESCAPES) for cell in row) + "\n")
    else:
        file.writelines(line + "\n" for line in format_table(columns, rows))


def format_table(columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> list[str]:
    """The lines of a table for a person: a head, columns aligned, numbers to the right.

    >>> format_table(["number", "name"], [(0, "read"), (257, "openat")])
    ['number  name', '     0  read', '   257  openat']
    """
    texts = [[_text(cell) for cell in row] for row in (columns, *rows)]
    widths = [max(len(row[i]) for row in texts) for i in range(len(columns))]
    right = [bool(rows) and all(isinstance(row[i], int | None) for row in rows) for i in range(len(columns))]
    return ["  ".join(map(_align, row, widths, right)).rstrip() for row in texts]


def shorten(text: str, width: int = 72) -> str:
    """`text`, or what fits of it with a mark that there is more: a cell for a person."""
    return text if len(text) <= width else text[: width - 1].rstrip() + "…"


def _quote(text: str) -> str:
    """A cell of CSV, in quotes where it must be; the csv module leaves a lone carriage return bare."""
    return '"' + text.replace('"', '""') + '"' if set(text) & set(',"\r\n') else text


def _align(text: str, width: int, right: bool) -> str:
    return text.rjust(width) if right else text.ljust(width)


def _text(cell: Cell) -> str:
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    return "" if cell is None else str(cell)
