# SPDX-License-Identifier: BSD-2-Clause
"""List the calls of a table: one ABI of a system, as of any version, filtered.

examples:
  trapgate list                            the calls of Linux on this machine
  trapgate list --abi i386 --version 2.4.0 --c-header
  trapgate list --since 6.0                what is new since then
  trapgate list --everywhere --class file  calls of a class that every ABI has
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Sequence

from trapgate import catalog
from trapgate.catalog.platforms import find_version, version_labels
from trapgate.catalog.query import find_signature
from trapgate.catalog.values import Abi, Entry
from trapgate.catalog.wording import format_number
from trapgate.cli.classes import read_classes
from trapgate.cli.options import add_place_options, choose_abi, note_newer_version, note_older_version
from trapgate.cli.tables import Cell, add_definition_options, add_format_options, print_table, shorten
from trapgate.model.errors import UsageError

COLUMNS = ("number", "name", "status", "since", "until", "symbol", "arguments", "id")


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `list`."""
    parser.add_argument("pattern", nargs="?", metavar="PATTERN", help="only names with this in them (* and ? are wild)")
    add_place_options(parser)
    parser.add_argument("--class", dest="class_", metavar="C", help="only calls of this class: file, desc, network, …")
    parser.add_argument("--since", metavar="V", help="only calls that came in this version or later")
    parser.add_argument("--before", metavar="V", help="only calls that were there before this version")
    parser.add_argument("--everywhere", action="store_true", help="only calls that every living ABI of the system has")
    parser.add_argument("--arch-only", action="store_true", help="only calls that one architecture alone has")
    parser.add_argument("--removed", action="store_true", help="only calls that the packaged version has no more")
    parser.add_argument("--live", action="store_true", help="leave out what only answers ENOSYS")
    add_definition_options(add_format_options(parser), "a dictionary of Python")


def run(args: argparse.Namespace) -> int:
    """Prints the table."""
    abi = choose_abi(args)
    note_newer_version(abi, args.version)
    entries = _choose_entries(abi, args)
    if not entries:
        note_older_version(abi, args.version)
    if args.format == "c-header":
        print("\n".join(format_c_header(abi, entries, args.version or abi.version)))
    elif args.format == "python":
        print("\n".join(format_python(abi, entries, args.version or abi.version)))
    elif args.format:
        print_table(COLUMNS, [_row(entry) for entry in entries], args.format)
    else:
        _print_lines(abi, entries, args)
    return 0 if entries else 1


def _print_lines(abi: Abi, entries: Sequence[Entry], args: argparse.Namespace) -> None:
    """Prints a line for each entry, without the columns that would be empty or all the same.

    Arguments are those of the packaged version, so a table as of another one is without them.
    """
    labels = version_labels(abi.system) if abi.system == "macos" else {}
    columns: dict[str, list[str | None]] = {
        "number": [format_number(entry.number).rjust(6) for entry in entries],
        "name": [entry.name for entry in entries],
        "status": [entry.status for entry in entries],
        "since": [labels.get(entry.since or "", entry.since) for entry in entries],
        "until": [labels.get(entry.until or "", entry.until) for entry in entries],
        "arguments": ["" if args.version else shorten(_arguments(entry)) for entry in entries],
    }
    dull = [name for name in ("status", "since", "until", "arguments") if set(columns[name]) <= {"", None, "yes"}]
    shown = [name for name in columns if name not in dull]
    heads = [name.rjust(6) if name == "number" else name for name in shown]
    if entries:
        print_table(heads, list(zip(*(columns[name] for name in shown), strict=True)), None)
    else:
        print("trapgate: no call of the table is like that", file=sys.stderr)


def format_c_header(abi: Abi, entries: Sequence[Entry], version: str) -> list[str]:
    """Lines of C that define a number for each name, `__NR_` before it on Linux.

    Of a name that older forms of the call have as well, the others are `SYS_freebsd4_getfsstat` and the like.
    """
    prefix = "__NR_" if abi.system == "linux" else "SYS_"
    guard = re.sub(r"\W", "_", f"TRAPGATE_{abi.system}_{abi.name}").upper()
    lines = [f"/* {abi.system}/{abi.name} {version} */", f"#ifndef {guard}", f"#define {guard}"]
    defined = {entry.name: entry.number for entry in sorted(entries, key=lambda entry: entry.status == "yes")}
    for entry in entries:
        old = "" if defined[entry.name] == entry.number else f"{entry.status}_"
        lines.append(f"#define {prefix}{old}{_word(entry.name)} {entry.number}")
    return [*lines, "#endif"]


def format_python(abi: Abi, entries: Sequence[Entry], version: str) -> list[str]:
    """Lines of Python: a dictionary from number to name; of several names for a number, the others are comments."""
    lines = [f'"""{abi.system}/{abi.name} {version}"""', "", "CALLS = {"]
    seen: set[int] = set()
    for entry in entries:
        lines.append(f'    {"# " if entry.number in seen else ""}{entry.number}: "{entry.name}",')
        seen.add(entry.number)
    return [*lines, "}"]


def _choose_entries(abi: Abi, args: argparse.Namespace) -> list[Entry]:
    if args.removed:
        current = {entry.name for entry in catalog.table(abi.system, abi.name)}
        past = (entry for entry in catalog.history(abi.system, abi.name) if entry.until)
        entries = [entry for entry in past if entry.name not in current]
    else:
        entries = list(catalog.table(abi.system, abi.name, args.version))
    tests = _filters(abi, args)
    return [entry for entry in entries if all(test(entry) for test in tests)]


def _filters(abi: Abi, args: argparse.Namespace) -> list[Callable[[Entry], bool]]:
    """What the options ask of an entry."""
    tests: list[Callable[[Entry], bool]] = []
    if args.pattern:
        shape = args.pattern if set("*?") & set(args.pattern) else f"*{args.pattern}*"
        match = re.compile(re.escape(shape).replace(r"\*", ".*").replace(r"\?", "."), re.IGNORECASE).fullmatch
        tests.append(lambda entry: bool(match(entry.name)))
    if args.class_:
        members = _class_members(args.class_.lstrip("%"))
        tests.append(lambda entry: entry.name in members)
    if args.since:
        first = find_version(abi.system, args.since, first=True)
        tests.append(lambda entry: _key(entry) >= first)
    if args.before:
        limit = find_version(abi.system, args.before, first=True)
        tests.append(lambda entry: _key(entry) < limit)
    if args.live:
        tests.append(lambda entry: entry.live)
    if args.everywhere or args.arch_only:
        places = _places_by_name(abi)
        alive = set().union(*places.values())
        if args.everywhere:
            tests.append(lambda entry: places.get(entry.name) == alive)
        if args.arch_only:
            # A table without an architecture is that of several.
            single = {
                name for name, where in places.items() if len(archs := {arch for _, arch in where}) == 1 and all(archs)
            }
            tests.append(lambda entry: entry.name in single)
    return tests


def _key(entry: Entry) -> int:
    return find_version(entry.system, entry.since) if entry.since else 0


def _places_by_name(like: Abi) -> dict[str, set[tuple[str, str]]]:
    """The living ABIs of this system and layer, with their architectures, that have each name today.

    A table that no program is run against (the SPU's callbacks) has no convention and does not count.
    """
    found: dict[str, set[tuple[str, str]]] = {}
    for abi in catalog.abis(like.system):
        if abi.convention and abi.layer == like.layer:
            for entry in catalog.table(abi.system, abi.name):
                if entry.until is None and entry.live:
                    found.setdefault(entry.name, set()).add((abi.name, abi.arch))
    return found


def _class_members(name: str) -> set[str]:
    classes = read_classes()
    known = sorted({one for several in classes.values() for one in several})
    if name not in known:
        why = f"no class is named {name!r}" if known else "the descriptions of calls are not installed"
        raise UsageError("class", why, f"the classes are {', '.join(known)}" if known else "")
    return {call for call, several in classes.items() if name in several}


def _row(entry: Entry) -> tuple[Cell, ...]:
    where = (entry.since, entry.until, entry.symbol)
    return (entry.number, entry.name, entry.status, *where, _arguments(entry), entry.id)


def _arguments(entry: Entry) -> str:
    signature = find_signature(entry.name, entry.system, entry.abi)
    return ", ".join(str(argument) or "?" for argument in signature.arguments) if signature else ""


def _word(name: str) -> str:
    return re.sub(r"\W", "_", name)
