# SPDX-License-Identifier: BSD-2-Clause
"""What `errno` and `signal` share: the same number has other names elsewhere, and the same name other numbers."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterable, Sequence

from trapgate.catalog.constants import Constant
from trapgate.catalog.platforms import abis, closest
from trapgate.cli.options import parse_number
from trapgate.cli.tables import add_definition_options, add_format_options, format_definitions, print_table
from trapgate.model.errors import UsageError

_ARCHS = {"x86_64": "x86", "i686": "x86", "aarch64": "arm64", "armv7l": "arm", "ppc64le": "powerpc", "s390x": "s390"}
"""The kernel's name of an architecture for that of `uname -m`."""


def add_constant_options(parser: argparse.ArgumentParser, what: str) -> None:
    """Adds the name or number, `--system` and the formats."""
    parser.add_argument("what", nargs="?", metavar="NAME|NUMBER", help=what)
    parser.add_argument("--system", metavar="S", help="an architecture of Linux (x86, mips, …), or macos, freebsd, …")
    add_definition_options(add_format_options(parser), "constants of Python")


def print_constants(
    kind: str, look_up: Callable[..., tuple[Constant, ...]], text: str, args: argparse.Namespace
) -> int:
    """Prints the answer to `trapgate KIND`: grouped for a person, a row for each system for a program."""
    number = parse_number(args.what) if args.what else None
    # What a call gives back is a negative errno.
    what = args.what if number is None else abs(number)
    everything = look_up()
    systems = list(dict.fromkeys(constant.system for constant in everything))
    one_system = what is None or args.format in ("c-header", "python")
    system = _find_system(kind, args.system, systems) or (_native(systems) if one_system else None)
    found = look_up(what, system)
    if not found:
        near = closest(str(args.what), {constant.name for constant in everything})
        raise UsageError(kind, f"there is no {args.what}", f"nearest: {', '.join(near)}" if near else "")
    if args.format in ("c-header", "python"):
        values = ((constant.name, constant.number) for constant in found)
        print("\n".join(format_definitions(values, args.format, f"{kind} of {system}")))
    elif args.format or what is None:
        rows = [(c.system, c.number, c.name, c.text, c.kind) for c in found]
        print_table(("system", "number", "name", text, "kind"), rows, args.format)
    else:
        print_table(("number", "name", text, "where"), _group(found, systems), None)
    return 0


def _find_system(kind: str, name: str | None, systems: Sequence[str]) -> str | None:
    """The system that `name` means: one of `systems`, this machine for `linux`, or the architecture of an ABI."""
    if name is None or name in systems:
        return name
    if name == "linux":
        return _native(systems)
    arch = next((abi.arch for abi in abis("linux") if name in (abi.name, *abi.aliases)), "")
    if arch not in systems:
        raise UsageError(kind, f"nothing is known of {name!r}", f"there are {', '.join(systems)}")
    return arch


def _native(systems: Sequence[str]) -> str:
    machine = os.uname().machine
    arch = _ARCHS.get(machine, machine.rstrip("0123456789"))
    return arch if arch in systems else "x86"


def _group(found: Iterable[Constant], systems: Sequence[str]) -> list[tuple[int, str, str, str]]:
    """One row for each meaning, with the systems it has it on; this machine's meaning first."""
    groups: dict[tuple[int, str], list[Constant]] = {}
    for constant in found:
        groups.setdefault((constant.number, constant.name), []).append(constant)
    native = _native(systems)
    ranked = sorted(
        groups.items(), key=lambda item: (native not in (c.system for c in item[1]), -len(item[1]), item[0])
    )
    rows = []
    for (number, name), constants in ranked:
        text = next((c.text for c in constants if c.text), "")
        places = sorted(dict.fromkeys(c.system for c in constants), key=lambda place: place != native)
        rows.append((number, name, text, " ".join(places)))
    return rows
