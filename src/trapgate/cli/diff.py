# SPDX-License-Identifier: BSD-2-Clause
"""Compare two tables of calls: versions, ABIs, systems, files; what was added, removed, renumbered, renamed.

A table is written SYSTEM/ABI@VERSION; the system may be left out for Linux, the version for the packaged one.
A file alone is compared with the version that it is most like.

examples:
  trapgate diff i386@2.2.0 i386@2.4.0         two versions
  trapgate diff x86_64 aarch64                two ABIs, with their arguments
  trapgate diff windows/x64@22621 windows/x64@26200 --kind renumbered
  trapgate diff handout.txt                   which kernel's table that is, and what is wrong in it
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import Sequence

from trapgate import catalog
from trapgate.catalog.compare import Change, parse_spec
from trapgate.catalog.values import Entry
from trapgate.cli.tables import add_format_options, print_table
from trapgate.model.errors import UsageError

KINDS = ("removed", "added", "renumbered", "renamed", "signature")
_PLAIN = ("change", "name", "before", "after")


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `diff`."""
    table = "a table (i386@2.4.0, linux/aarch64, windows/x64@22621, freebsd) or a file with one"
    parser.add_argument("before", metavar="A", help=table)
    parser.add_argument("after", metavar="B", nargs="?", help="another; for a file A the nearest version if left out")
    parser.add_argument("--abi", metavar="ABI", default="", help="the ABI of a file (default: the one it is most like)")
    parser.add_argument("--kind", choices=KINDS, help="only changes of this kind")
    add_format_options(parser)


def run(args: argparse.Namespace) -> int:
    """Prints the changes; 1 if there are any, 0 if the tables are the same."""
    before = read_side(args.before, args.abi)
    if args.after is None:
        args.after = _name_nearest(args.before, before)
    changes = catalog.diff(before, read_side(args.after, args.abi))
    shown = [change for change in changes if args.kind in (None, change.kind)]
    rows = [(change.kind, change.name, change.before, change.after) for change in shown]
    if args.format:
        print_table(_PLAIN, rows, args.format)
    else:
        _print_lines(args.before, args.after, shown)
        counts = Counter(change.kind for change in changes)
        print(", ".join(f"{counts[kind]} {kind}" for kind in KINDS if counts[kind]) or "no difference")
    return 1 if rows else 0


def _print_lines(before: str, after: str, changes: Sequence[Change]) -> None:
    """Prints a line for each change, and declarations, which are long, one above the other below them."""
    brief = [change for change in changes if change.kind != "signature"]
    if brief:
        rows = [(change.kind, change.name, change.before, change.after) for change in brief]
        print_table(("change", "name", before, after), rows, None)
    width = max(len(before), len(after))
    for change in changes[len(brief) :]:
        print(f"{change.kind}  {change.name}")
        print(f"    {before:<{width}}  {change.before}")
        print(f"    {after:<{width}}  {change.after}")


def read_side(text: str, abi: str) -> Sequence[Entry]:
    """The table that a word of the command line names: a packaged one, or one in a file."""
    if not _is_file(text):
        return parse_spec(text)
    from trapgate.catalog.identify import read_entries

    return read_entries(text, abi)


def _is_file(text: str) -> bool:
    """Whether it names a file; a packaged table of the same name comes first, and ./NAME is always a file."""
    if not os.path.exists(text):
        return False
    owner = text.partition("/")[0] if "/" in text else "linux"
    packaged = {name for one in catalog.abis() if one.system == owner for name in (one.name, *one.aliases)}
    return text.rpartition("/")[2] not in packaged and text not in catalog.systems()


def _name_nearest(path: str, entries: Sequence[Entry]) -> str:
    """The packaged table that the file's is most like; a line on standard error tells how like it is."""
    from trapgate.catalog.identify import find_nearest

    if not _is_file(path):
        raise UsageError("diff", "one table is no comparison", f"trapgate diff {path} {path}@VERSION")
    nearest = find_nearest(entries)
    rows = f"{nearest.same} of {len(entries)} rows are the same"
    more = f"; it has {nearest.missing} call{'s' * (nearest.missing > 1)} more" if nearest.missing else ""
    print(f"trapgate: {path} is most like {nearest.spec}: {rows}{more}", file=sys.stderr)
    if nearest.same < len(entries) // 2 and nearest.is_in_order:
        print("trapgate: its calls are in that order, but numbered anew", file=sys.stderr)
    return nearest.spec
