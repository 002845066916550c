# SPDX-License-Identifier: BSD-2-Clause
"""Which ABI and version a table from a file is, or almost is: for handouts, web pages and old headers.

>>> from trapgate.catalog import table
>>> find_nearest(table("linux", "i386", "2.2.0")).spec
'linux/i386@2.2.0'
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from trapgate.catalog.database import open_database
from trapgate.catalog.differences import read_kernel_names
from trapgate.catalog.platforms import find_abi, has_history
from trapgate.catalog.query import history
from trapgate.catalog.readers import REMOVED, RESERVED, read_path
from trapgate.catalog.values import Entry
from trapgate.catalog.versions import version_key
from trapgate.model.errors import UsageError

__all__ = ("Nearest", "find_nearest", "read_entries")

_FOREVER = 1 << 62


@dataclass(frozen=True, slots=True)
class Nearest:
    """The version of an ABI's table that another table of that ABI is most like."""

    spec: str
    """As `diff` takes it: `linux/i386@2.2.0`."""
    same: int
    """How many rows have the name that this version has at their number."""
    foreign: int
    """How many names are not in this version at all."""
    missing: int
    """How many calls of this version are not in the table, neither by name nor under another one."""
    is_in_order: bool
    """Whether all the names come in the order of this version, whatever their numbers."""


def find_nearest(entries: Sequence[Entry]) -> Nearest:
    """The version whose table `entries`, all of one ABI, are most like, the oldest of several.

    A wrong number and a missing call weigh one each, a name that the version does not have weighs three: tables are
    cut short more often than names are invented. `UsageError` for a system whose packaged table is of one version.
    """
    system, abi = entries[0].system, entries[0].abi
    if not has_history(system):
        raise UsageError("diff", f"the table of {system} is of one version", f"trapgate diff FILE {system} takes it")
    known = [(entry, _key(entry, entry.since, 0), _key(entry, entry.until, _FOREVER)) for entry in history(system, abi)]
    keys = {text: _key(entry, text, 0) for entry, _, _ in known for text in (entry.since, entry.until) if text}
    rows, names = {(entry.number, entry.name) for entry in entries}, {entry.name for entry in entries}
    found = []
    for version, key in sorted(keys.items(), key=lambda item: item[1]):
        then = [entry for entry, since, until in known if since <= key < until]
        there = {entry.name: entry.number for entry in then}
        same = len(rows & {(entry.number, entry.name) for entry in then})
        order = [there[entry.name] for entry in entries if entry.name in there]
        foreign = {number for number, name in rows if name not in there}
        missing = [name for name, number in there.items() if name not in names and number not in foreign]
        spec = f"{system}/{abi}@{version}"
        found.append(Nearest(spec, same, len(foreign), len(missing), order == sorted(order)))
    return min(found, key=lambda one: 3 * one.foreign + one.missing + len(rows) - one.same)


def read_entries(path: str, abi: str = "") -> tuple[Entry, ...]:
    """The table in a file of any kind that can be read, as entries without versions, by number.

    `abi` is the ABI where the file does not say it, or the one that is taken where it has several. Without it a table
    of Linux is taken for the ABI with which most rows agree. A row that has the name of a function of the kernel
    (`newstat`) gets the name of the call.
    """
    rows = [row for row in read_path(path, abi=abi).rows if row.name and row.status not in (REMOVED, RESERVED)]
    numbered = {(row.number, row.name): row for row in rows if row.number is not None}
    places = sorted({(row.system, row.abi) for row in numbered.values()})
    if not numbered:
        raise UsageError("diff", f"{path} has no numbers", "a .tbl, a unistd.h or a list of numbers and names has")
    if len(places) > 1:
        names = ", ".join(place for _, place in places)
        raise UsageError("diff", f"{path} is of {len(places)} ABIs", f"--abi names one: {names}")
    system, place = places[0]
    known = find_abi(place or (_guess_abi(numbered) if system == "linux" else None), system)
    past = history(system, known.name)
    called = {(entry.number, name): entry.name for entry in past for name in read_kernel_names(entry)}
    called |= {(entry.number, entry.name): entry.name for entry in past}
    entries = []
    for (number, name), row in numbered.items():
        called_so = called.get((number, name), name)
        values = (None, None, None, "yes", row.entry, "", "", str(row.location))
        entries.append(Entry(system, known.name, known.layer, number, called_so, *values))
    return tuple(sorted(entries, key=lambda entry: (entry.number, entry.name)))


def _guess_abi(rows: Iterable[tuple[int, str]]) -> str:
    """The Linux ABI that has or had most of these names, best with these numbers."""
    wanted = set(rows)
    names = {name for _, name in wanted}
    query = (
        "SELECT abi.name, number, call.name FROM entry JOIN call ON call.id = call JOIN abi ON abi.id = entry.abi"
        " WHERE call.system = 'linux' ORDER BY abi.id"
    )
    agreeing: dict[str, set[str | tuple[int, str]]] = {}
    for abi, number, name in open_database().execute(query):
        found = agreeing.setdefault(abi, set())
        if name in names:
            found.add(name)
        if (number, name) in wanted:
            found.add((number, name))
    return max(agreeing, key=lambda abi: len(agreeing[abi]))


def _key(entry: Entry, version: str | None, default: int) -> int:
    return version_key(entry.system, version) if version else default
