# SPDX-License-Identifier: BSD-2-Clause
"""Search the catalogue: names, argument names and types, headers, messages; calls, ioctls, errno, signals.

examples:
  trapgate search clock                   everything with a word that starts so
  trapgate search read file --kind call   calls with both words: NtReadFile among them
  trapgate search winsize --json
"""

from __future__ import annotations

import argparse
import sys

from trapgate import catalog
from trapgate.cli.options import parse_number
from trapgate.cli.tables import add_format_options, print_table, shorten
from trapgate.model.errors import UsageError

KINDS = ("call", "ioctl", "errno", "signal", "subcall")


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `search`."""
    parser.add_argument("words", nargs="+", metavar="WORD", help="a word, or the beginning of one")
    parser.add_argument("--kind", choices=KINDS, help="only things of this kind")
    parser.add_argument("--system", metavar="S", help="only this system")
    parser.add_argument("--limit", type=int, default=50, metavar="N", help="at most N answers (50)")
    add_format_options(parser)


def run(args: argparse.Namespace) -> int:
    """Prints what has all the words, best first, else what has some; 1 if nothing has."""
    if args.limit < 1:
        raise UsageError("search", "--limit must be at least 1")
    if args.system:
        from trapgate.catalog.platforms import check_system

        check_system(args.system)
    words = " ".join(args.words)
    found = catalog.search(words, kind=args.kind, system=args.system, limit=args.limit)
    if not found and len(args.words) > 1 and not args.format:
        found = catalog.search(words, kind=args.kind, system=args.system, limit=args.limit, some=True)
        if found:
            print(f"trapgate: nothing has all of {words!r} in it; this has some of the words", file=sys.stderr)
    if not found and not args.format:
        raise UsageError("search", f"nothing has {words!r} in it", _suggest(words, args.system), exit_code=1)
    rows = [(hit.kind, hit.system or "all", hit.name, hit.text if args.format else shorten(hit.text)) for hit in found]
    print_table(("kind", "system", "name", "text"), rows, args.format)
    return 0 if found else 1


def _suggest(words: str, system: str | None) -> str:
    """The hint where nothing is found: what tells of a number, or the nearest names."""
    if parse_number(words) is not None:
        return f"of a number tell: trapgate show {words}, trapgate ioctl {words}, trapgate errno {words}"
    near = catalog.nearest(words, system)
    return f"nearest names: {', '.join(near)}" if near else ""
