# SPDX-License-Identifier: BSD-2-Clause
"""Compare two tables of calls: versions, ABIs or systems; what was added, removed, renumbered, renamed.

A table is written SYSTEM/ABI@VERSION; the system may be left out for Linux, the version for the packaged one.

examples:
  trapgate diff i386@2.2.0 i386@2.4.0         two versions
  trapgate diff x86_64 aarch64                two ABIs, with their arguments
  trapgate diff windows/x64@22621 windows/x64@26200 --kind renumbered
"""

from __future__ import annotations

import argparse
from collections import Counter

from trapgate import catalog
from trapgate.cli.tables import add_format_options, print_table

KINDS = ("removed", "added", "renumbered", "renamed", "signature")


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `diff`."""
    parser.add_argument("before", metavar="A", help="a table: i386@2.4.0, linux/aarch64, windows/x64@22621, freebsd")
    parser.add_argument("after", metavar="B", help="another")
    parser.add_argument("--kind", choices=KINDS, help="only changes of this kind")
    add_format_options(parser)


def run(args: argparse.Namespace) -> int:
    """Prints the changes; 1 if there are any, 0 if the tables are the same."""
    changes = catalog.diff(args.before, args.after)
    shown = [change for change in changes if args.kind in (None, change.kind)]
    rows = [(change.kind, change.name, change.before, change.after) for change in shown]
    if args.format or rows:
        print_table(("change", "name", args.before, args.after) if not args.format else _PLAIN, rows, args.format)
    if not args.format:
        counts = Counter(change.kind for change in changes)
        print(", ".join(f"{counts[kind]} {kind}" for kind in KINDS if counts[kind]) or "no difference")
    return 1 if rows else 0


_PLAIN = ("change", "name", "before", "after")
