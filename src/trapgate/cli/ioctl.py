# SPDX-License-Identifier: BSD-2-Clause
"""Look up an ioctl request by name or number, or take a number apart.

examples:
  trapgate ioctl TIOCGWINSZ            its number, what it points to, its header
  trapgate ioctl 0x5413                what has that number
  trapgate ioctl --decode 0x80045430   direction, type, number and size that it encodes
"""

from __future__ import annotations

import argparse

from trapgate import catalog
from trapgate.catalog.constants import Ioctl
from trapgate.catalog.platforms import closest
from trapgate.cli.options import parse_number
from trapgate.cli.tables import Cell, add_definition_options, add_format_options, format_definitions, print_table
from trapgate.model.errors import UsageError

COLUMNS = ("request", "name", "direction", "type", "number", "size", "argument", "header")
DIRECTIONS = ("none", "write", "read", "readwrite")
"""What the two highest bits of a request say, seen from the program."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `ioctl`."""
    parser.add_argument("what", nargs="?", metavar="NAME|NUMBER", help="a request: TIOCGWINSZ, 0x5413, 21523")
    parser.add_argument("--decode", metavar="N", help="show the fields that the number N encodes")
    add_definition_options(add_format_options(parser), "constants of Python")


def run(args: argparse.Namespace) -> int:
    """Prints requests, or the fields of one."""
    if args.decode is not None:
        if args.format in ("c-header", "python"):
            raise UsageError("ioctl --decode", f"--{args.format} is for requests", "--json, --csv and --tsv work here")
        number = parse_number(args.decode)
        if number is None or not 0 <= number < 1 << 32:
            raise UsageError("ioctl --decode", f"{args.decode!r} is no 32-bit number", "trapgate ioctl --decode 0x5413")
        names = " ".join(request.name for request in catalog.ioctls(number))
        rows: list[tuple[Cell, ...]] = [(*decode_request(number), names)]
        print_table(("request", "direction", "type", "number", "size", "names"), rows, args.format)
        return 0
    number = parse_number(args.what) if args.what else None
    found = catalog.ioctls(args.what if number is None else number)
    if not found:
        _fail(args.what, number)
    if args.format in ("c-header", "python"):
        values = ((request.name, request.value) for request in found)
        print("\n".join(format_definitions(values, args.format, "ioctl requests of Linux on x86_64")))
        return 0
    print_table(COLUMNS, [_row(request) for request in found], args.format)
    return 0


def decode_request(request: int) -> tuple[str, str, str, int, int]:
    """Request, direction, type, number and size that a request encodes (asm-generic/ioctl.h).

    >>> decode_request(0x80045430)
    ('0x80045430', 'read', "'T'", 48, 4)
    """
    kind = request >> 8 & 0xFF
    shown = f"'{chr(kind)}'" if 0x20 < kind < 0x7F else f"{kind:#x}"
    return f"{request:#x}", DIRECTIONS[request >> 30], shown, request & 0xFF, request >> 16 & 0x3FFF


def _row(request: Ioctl) -> tuple[Cell, ...]:
    encoded = request.encoding == "encoded"
    size = request.size if encoded else None
    value = f"{request.value:#x}"
    return (
        value,
        request.name,
        request.direction,
        request.type,
        request.number,
        size,
        request.argument,
        request.header,
    )


def _fail(text: str, number: int | None) -> None:
    if number is not None and 0 <= number < 1 << 32:
        direction, kind, nr, size = decode_request(number)[1:]
        raise UsageError(
            "ioctl",
            f"no request has the number {text}",
            f"as an encoded one it is: {direction}, type {kind}, number {nr}, size {size}",
        )
    near = closest(text, [request.name for request in catalog.ioctls()])
    raise UsageError("ioctl", f"no request is named {text!r}", f"nearest: {', '.join(near)}" if near else "")
