# SPDX-License-Identifier: BSD-2-Clause
"""`trapgate catalog site`: its options, and what it says while it writes."""

from __future__ import annotations

import argparse
import sys
import time

DESCRIPTION = """\
Write the catalogue as web pages into a folder: search, filters, a page for each call and table.

The pages need no server and no network: open OUT/index.html in a browser.

examples:
  trapgate catalog site pages/            a new folder, or one that holds an older site
  trapgate catalog site public/ --force   among other files, of which none but namesakes is replaced"""


def configure_site(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `catalog site`."""
    parser.add_argument("out", metavar="OUT", help="the folder to write into; it is made if need be")
    parser.add_argument("--force", action="store_true", help="also into a folder that holds other things")


def run_site(args: argparse.Namespace) -> int:
    """Writes the site, saying on standard error how far it is when that takes more than two seconds."""
    from trapgate.web.writer import write_site

    begin = time.monotonic()
    count, size = write_site(args.out, force=args.force, progress=_make_progress(begin))
    seconds = time.monotonic() - begin
    print(
        f"{count} files, {size / 1e6:.1f} MB in {seconds:.0f} s: open {args.out.rstrip('/')}/index.html",
        file=sys.stderr,
    )
    return 0


class _make_progress:
    """Prints how many pages are written, every two seconds; on a terminal over the line before."""

    def __init__(self, begin: float) -> None:
        self.next = begin + 2
        self.is_terminal = sys.stderr.isatty()

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if now >= self.next or (done == total and self.is_terminal):
            self.next = now + 2
            end = "\n" if not self.is_terminal or done == total else ""
            print(f"{chr(13) if self.is_terminal else ''}{done} of {total} pages", end=end, file=sys.stderr, flush=True)
