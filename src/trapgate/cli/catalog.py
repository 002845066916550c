"""Read a table of calls from your own kernel, source or DLL; write the catalogue as web pages.

examples:
  trapgate catalog read arch/x86/entry/syscalls/syscall_64.tbl --abi x86_64 --diff
  trapgate catalog read /proc/kallsyms --abi x86_64
  trapgate catalog read ntdll.dll --add --as win11-home
  trapgate catalog running
  trapgate catalog site pages/
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from trapgate.cli import catalog_site
from trapgate.cli.tables import shorten
from trapgate.model.errors import UsageError

if TYPE_CHECKING:
    from trapgate.catalog.argument import Argument
    from trapgate.catalog.readers import Source, Table

COLUMNS = ("system", "abi", "number", "name", "entry", "arguments", "status", "condition", "location")
RUNNING_COLUMNS = ("number", "name", "entry", "arguments", "status", "note")
DIFFERENCE_COLUMNS = ("kind", "abi", "number", "name", "here", "packaged")

_READ = """\
Print the table of calls in a file or folder, whose kind is detected; or compare it, or keep it.

examples:
  trapgate catalog read /proc/kallsyms --abi x86_64    which calls this kernel was built with
  trapgate catalog read unistd.h --cpp --diff          what the packaged table says differently
  trapgate catalog read ntdll.dll --add --as win11     keep it, as the ABI win11 of windows"""
_RUNNING = """\
Print which calls of the packaged table the running kernel has, and what that table lacks.

Symbols tell what is compiled in; BTF and, for root, tracefs tell the arguments.

examples:
  trapgate catalog running                     the native ABI
  trapgate catalog running --abi i386 --json   what 32-bit programs may call, for a program"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the actions and their options."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    read = actions.add_parser(
        "read",
        help="read a table of calls from a file or folder",
        description=_READ,
        formatter_class=parser.formatter_class,
    )
    read.add_argument(
        "path",
        metavar="PATH",
        help="a .tbl, unistd.h, kernel source, entry.S, System.map, /proc/kallsyms, tracefs, BTF, syscalls.master,"
        " syscall_sw.c, ntdll.dll, win32u.dll, NtTrace.cfg or xen.h; - is standard input",
    )
    read.add_argument("--kind", metavar="KIND", default="", help="what PATH is, where that cannot be detected")
    read.add_argument("--abi", metavar="ABI", default="", help="the ABI the table is for, or the one wanted of several")
    defines = read.add_argument("--define", metavar="NAME=VALUE", action="append", default=[])
    defines.help = "the value of a macro that PATH uses and does not define"
    cpp = read.add_argument("--cpp", metavar="COMPILER", nargs="?", const="cc")
    cpp.help = "run the C preprocessor over a header first (the compiler is cc unless named)"
    read.add_argument(
        "--diff", action="store_true", help="print what the packaged table says differently; status 1 if anything"
    )
    read.add_argument(
        "--add", action="store_true", help="keep the table as an ABI of your own, seen by all other commands"
    )
    read.add_argument(
        "--as", metavar="NAME", dest="label", default="", help="the name of that ABI (default: the file's)"
    )
    _add_formats(read)
    site = actions.add_parser(
        "site",
        help="write the catalogue as web pages",
        description=catalog_site.DESCRIPTION,
        formatter_class=parser.formatter_class,
    )
    catalog_site.configure_site(site)
    running = actions.add_parser(
        "running",
        help="the calls of the running kernel",
        description=_RUNNING,
        formatter_class=parser.formatter_class,
    )
    running.add_argument("--abi", metavar="ABI", default="", help="one of the kernel's ABIs (default: the native one)")
    _add_formats(running)


def _add_formats(parser: argparse.ArgumentParser) -> None:
    formats = parser.add_mutually_exclusive_group()
    for name in ("json", "csv", "tsv"):
        formats.add_argument(f"--{name}", action="store_const", const=name, dest="format", help=f"print {name.upper()}")


def run(args: argparse.Namespace) -> int:
    """The status of the action: 1 if `--diff` found something."""
    return {"read": run_read, "running": run_running, "site": catalog_site.run_site}[args.action](args)


def run_read(args: argparse.Namespace) -> int:
    """Reads, then adds, compares or prints."""
    from trapgate.catalog.readers import open_source, read_table

    source = replace(open_source(args.path), abi=args.abi, defines=_parse_defines(args.define))
    table = read_table(_preprocess(source, args.cpp), kind=args.kind)
    if args.add:
        _add(table, args.label)
    if args.diff:
        return _print_differences(table, args.format)
    if not args.add:
        _print_table(table, args.format)
    _print_notes(table.notes)
    return 0


def _parse_defines(words: Sequence[str]) -> dict[str, int]:
    defines = {}
    for word in words:
        name, _, value = word.partition("=")
        try:
            defines[name] = int(value, 0)
        except ValueError:
            raise UsageError(
                "catalog read --define", f"{word!r} is not NAME=VALUE", "--define __NR_Linux=4000"
            ) from None
    return defines


def _preprocess(source: Source, compiler: str | None) -> Source:
    if compiler is None:
        return source
    from trapgate.catalog.readers.linux_unistd import preprocess

    return preprocess(source, compiler)


def _add(table: Table, label: str) -> None:
    from trapgate.catalog.user import add_table

    name = label or re.sub(r"\.[^.]*$", "", os.path.basename(table.source))
    path, count = add_table(table, name)
    print(f"{count} calls added as the ABI {name}: {path}", file=sys.stderr)


def _print_differences(table: Table, form: str | None) -> int:
    from trapgate.catalog.differences import find_differences

    differences = find_differences(table)
    rows = [(d.kind, d.abi, d.number, d.name, d.here, d.packaged) for d in differences]
    _print_rows(DIFFERENCE_COLUMNS, rows, form)
    count = f"{len(rows)} difference{'s' * (len(rows) > 1)} from the packaged table" if rows else "no differences"
    _print_notes([*table.notes, count])
    return 1 if rows else 0


def _print_table(table: Table, form: str | None) -> None:
    rows = [
        (
            row.system,
            row.abi,
            row.number,
            row.name,
            row.entry,
            _format_arguments(row.arguments),
            row.status,
            row.condition,
            str(row.location),
        )
        for row in table.rows
    ]
    _print_rows(COLUMNS, rows, form)


def _format_arguments(arguments: tuple[Argument, ...] | None) -> str | None:
    """The parameters as C declares them; None where they are not known."""
    return None if arguments is None else ", ".join(str(argument) or "?" for argument in arguments) or "void"


def run_running(args: argparse.Namespace) -> int:
    """Prints the running kernel's calls; status 0."""
    from trapgate.catalog.running import read_running

    running = read_running(args.abi)
    rows = [(c.number, c.name, c.entry, _format_arguments(c.arguments), c.status, c.note) for c in running.calls]
    _print_rows(RUNNING_COLUMNS, rows, args.format)
    _print_notes(running.notes)
    return 0


Cell = str | int | None


def _print_rows(columns: Sequence[str], rows: Sequence[Sequence[Cell]], form: str | None) -> None:
    """Prints rows in a format for programs, or aligned for people, without the columns that are empty."""
    if form == "json":
        import json

        print(json.dumps([dict(zip(columns, row, strict=True)) for row in rows], indent=1, ensure_ascii=False))
    elif form == "csv":
        import csv

        csv.writer(sys.stdout, lineterminator="\n").writerows([columns, *rows])
    elif form == "tsv":
        print("\n".join("\t".join("" if cell is None else str(cell) for cell in row) for row in [columns, *rows]))
    elif rows:
        _print_aligned(columns, rows)


def _print_aligned(columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> None:
    used = [index for index in range(len(columns)) if any(row[index] not in (None, "") for row in rows)]
    cells = [[columns[index] for index in used]]
    cells += [[_text(columns[index], row[index]) for index in used] for row in rows]
    # A long cell would push all others off the screen: it only pushes its own line.
    widths = [min(max(len(line[at]) for line in cells), 40) for at in range(len(used))]
    for line in cells:
        print("  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)).rstrip())


def _text(column: str, cell: Cell) -> str:
    text = "" if cell is None else str(cell)
    return shorten(text) if column == "arguments" else text


def _print_notes(notes: Iterable[str]) -> None:
    for note in notes:
        print(f"note: {note}", file=sys.stderr)
