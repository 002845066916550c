# SPDX-License-Identifier: BSD-2-Clause
"""Options that several commands of the catalogue share, and what they mean."""

from __future__ import annotations

import argparse
import os
import sys

from trapgate import catalog
from trapgate.catalog.platforms import find_version, newest_version
from trapgate.catalog.values import Abi
from trapgate.model.errors import UsageError


def add_place_options(parser: argparse.ArgumentParser) -> None:
    """Adds `--system`, `--abi` and `--version`: which table of calls is meant."""
    parser.add_argument(
        "--system", metavar="S", help="linux, macos, freebsd, openbsd, netbsd, illumos, windows, xen, …"
    )
    parser.add_argument("--abi", metavar="A", help="x86_64, i386, aarch64, …, or another name of one (amd64, arm64)")
    parser.add_argument("--version", metavar="V", help="as of that version: 2.4.0, 10.6, 22621, 25H2")


def native_abi() -> Abi:
    """The Linux ABI of this machine, x86_64 where the catalogue has no table for it."""
    try:
        return catalog.find_abi(os.uname().machine.replace("armv7l", "arm").replace("armv6l", "arm"))
    except UsageError:
        return catalog.find_abi("x86_64")


def choose_abi(args: argparse.Namespace) -> Abi:
    """The ABI that the options name; this machine's where they name neither system nor ABI."""
    if args.abi is None and args.system in (None, "linux"):
        return native_abi()
    return catalog.find_abi(args.abi, args.system or "linux")


def note_newer_version(abi: Abi, version: str | None) -> None:
    """Says on standard error that `version` is newer than all the catalogue knows, if it is."""
    if version and (newest := known_version(abi, version)) != version:
        print(f"trapgate: the catalogue knows {abi.system} up to {newest}; shown is that", file=sys.stderr)


def known_version(abi: Abi, version: str) -> str:
    """`version`, or the newest that the catalogue knows where that is newer."""
    newest, key = newest_version(abi.system)
    return newest if key and find_version(abi.system, version) > key else version


def note_older_version(abi: Abi, version: str | None) -> None:
    """Says on standard error that `version` is older than the first table of this ABI, if it is."""
    dated = [entry.since for entry in catalog.history(abi.system, abi.name) if entry.since] if version else []
    first = min(dated, key=lambda since: find_version(abi.system, since), default=None)
    if version and first and find_version(abi.system, version) < find_version(abi.system, first):
        print(f"trapgate: the first known table of {abi.system}/{abi.name} is that of {first}", file=sys.stderr)


def parse_number(text: str) -> int | None:
    """The value of `257` or `0x101`, None for what is no number."""
    try:
        return int(text, 16) if text[:2].lower() == "0x" else int(text, 10)
    except ValueError:
        return None
