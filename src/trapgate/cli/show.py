# SPDX-License-Identifier: BSD-2-Clause
"""Show all that is known of a call: number on every ABI, arguments, errors, history, relatives.

examples:
  trapgate show openat                    the call of Linux, with the registers of this machine
  trapgate show 0x101 --abi x86_64        the call with that number
  trapgate show linux/aarch64/openat      by identifier, as --json and --tsv print it
  trapgate show NtReadFile                a call of another system
  trapgate show fork --system macos --json    everything, as one object; --tsv: a row for each table
"""

from __future__ import annotations

import argparse
import os
import re
import sys

from trapgate import catalog
from trapgate.catalog.platforms import list_conventions, version_labels
from trapgate.catalog.query import names_by_entry, split_id, unknown_name
from trapgate.catalog.values import Abi, Card, Entry
from trapgate.catalog.wording import split_register_number
from trapgate.cli.classes import read_call_classes
from trapgate.cli.options import add_place_options, choose_abi, known_version, note_newer_version, parse_number
from trapgate.cli.tables import Cell, add_format_options, print_table
from trapgate.model.errors import UsageError

COLUMNS = ("id", "number", "name", "status", "since", "until", "symbol", "evidence")
"""With --csv and --tsv: a row for each table that has the call."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `show`."""
    parser.add_argument("name", metavar="NAME|NUMBER", help="a call's name, its number (257, 0x101), or its identifier")
    add_place_options(parser)
    parser.add_argument("--all", action="store_true", help="also the tables that are gone")
    add_format_options(parser)


def run(args: argparse.Namespace) -> int:
    """Prints the screen of one call."""
    if args.name.count("/") == 2:
        args.system, args.abi, args.name = split_id(args.name, args.system, args.abi)
    abi, name = find_call(args)
    card = catalog.describe(name, abi.system)
    if args.version:
        note_newer_version(abi, args.version)
        card = _at_version(card, abi, args.version, only=bool(args.abi))
    classes = read_call_classes(card.name) if card.system == "linux" else ()
    if args.format == "json":
        _print_json(card, classes)
    elif args.format:
        print_table(COLUMNS, [_row(entry) for entry in card.entries], args.format)
    else:
        from trapgate.cli.show_text import render_card

        text = render_card(
            card,
            abi,
            list_conventions(abi, args.abi),
            classes=classes,
            labels=version_labels(card.system),
            source_version=catalog.find_abi("x86_64").version,
            asked_version=known_version(abi, args.version) if args.version else None,
            everywhere=args.all,
        )
        print(_embolden(text) if sys.stdout.isatty() and not os.environ.get("NO_COLOR") else text)
    return 0


def _row(entry: Entry) -> tuple[Cell, ...]:
    return (entry.id, entry.number, entry.name, entry.status, entry.since, entry.until, entry.symbol, entry.evidence)


def _embolden(text: str) -> str:
    """The text with the words at the start of its lines in bold."""
    return re.sub(r"^\S+", "\x1b[1m\\g<0>\x1b[0m", text, flags=re.MULTILINE)


def find_call(args: argparse.Namespace) -> tuple[Abi, str]:
    """The ABI and the name of the call that the words mean; `UsageError` with the nearest names if there is none."""
    number = parse_number(args.name)
    if number is not None:
        return _find_numbered(args, number)
    found = catalog.find(args.name, system=args.system, version=args.version if args.system else None)
    if not found and args.system in (None, "linux"):
        found = _find_by_entry(args)
    if args.abi or args.system == "linux" or not found or found[0].system == "linux":
        abi = choose_abi(args)
        own = [entry for entry in found if entry.system == abi.system]
        if not own:
            raise unknown_name(args.name, args.system)
        # A name that this machine's ABI lacks is shown from an ABI that has it.
        if not args.abi and all(entry.abi != abi.name for entry in own):
            abi = catalog.find_abi(own[0].abi)
        return abi, own[-1].name
    return catalog.find_abi(found[0].abi, found[0].system), found[0].name


def _find_numbered(args: argparse.Namespace, number: int) -> tuple[Abi, str]:
    abi = choose_abi(args)
    found = catalog.find(number, system=abi.system, abi=abi.name, version=args.version)
    if not found and abi.system == "macos" and (held := split_register_number(number)):
        found = catalog.find(held[1], system="macos", abi=held[0], version=args.version)
    if not found:
        raise UsageError("call", f"{abi.system}/{abi.name} has no call with number {number}", _other_places(number))
    return (abi if found[-1].abi == abi.name else catalog.find_abi(found[-1].abi, abi.system)), found[-1].name


def _find_by_entry(args: argparse.Namespace) -> tuple[Entry, ...]:
    """The entries of the call that the kernel's source knows by this name, which is said on standard error."""
    names = names_by_entry(args.name, choose_abi(args).name)
    if not names:
        return ()
    others = f" (and of {', '.join(names[1:5])})" if names[1:] else ""
    print(f"trapgate: {args.name} is the kernel's name of {names[0]}{others}", file=sys.stderr)
    return catalog.find(names[0], system="linux")


def _other_places(number: int) -> str:
    entries = [entry for entry in catalog.find(number) if entry.until is None][:4]
    if not entries:
        return "'trapgate list' prints the table"
    return "it is " + ", ".join(f"{entry.name} of {entry.system}/{entry.abi}" for entry in entries)


def _at_version(card: Card, abi: Abi, version: str, *, only: bool) -> Card:
    """The card with what that version has, all of it with a word about it if that is nothing; `only` in this ABI."""
    from dataclasses import replace

    entries = catalog.find(card.name, system=card.system, version=version)
    if not entries or (only and all(entry.abi != abi.name for entry in entries)):
        place = f"{card.system}/{abi.name}" if only else card.system
        print(f"trapgate: {place} {version} has no {card.name}; all versions are shown", file=sys.stderr)
        return card
    return replace(card, entries=entries)


def _print_json(card: Card, classes: tuple[str, ...]) -> None:
    import json
    from dataclasses import asdict

    data = {**asdict(card), "classes": classes}
    data["entries"] = [{"id": entry.id, **asdict(entry)} for entry in card.entries]
    print(json.dumps(data, indent=1, ensure_ascii=False))
