"""What a table that was read and the packaged catalogue say differently, row by row.

>>> from trapgate.catalog.readers import Source, read_table
>>> table = read_table(Source("syscall_64.tbl", b"0 common read sys_read\\n1 common wrote sys_wrote\\n"), abi="x86_64")
>>> [(d.kind, d.number, d.here, d.packaged) for d in find_differences(table)][:1]
[('renamed', 1, 'wrote', 'write')]

The packaged table is taken as of the version the read one states, or as it is now. Sources without numbers are
compared by the names of the functions that handle the calls.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from trapgate.catalog.argument import Argument
from trapgate.catalog.database import open_database
from trapgate.catalog.query import find_signature, table
from trapgate.catalog.readers import REMOVED, RESERVED, Row, Table
from trapgate.catalog.readers._linux import strip_entry
from trapgate.catalog.values import Entry
from trapgate.model.errors import UsageError

__all__ = ("Difference", "find_differences", "read_kernel_names", "read_known", "read_names")

_NOT_THERE = frozenset(("gone", "reserved", "excluded"))
"""Statuses of the packaged catalogue for numbers that have no call."""
_PARTIAL_KINDS = frozenset(("linux-source", "windows-prototypes"))
"""Sources that may hold only some of the calls of a system."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that two tables say differently."""

    kind: str
    """added, missing, renamed, renumbered or signature."""
    abi: str
    number: int | None
    name: str
    here: str
    """What the table that was read says."""
    packaged: str
    """What the packaged one says."""


def find_differences(read: Table) -> list[Difference]:
    """The differences, ABI by ABI in the order of the numbers.

    Raises `UsageError` when the table's ABI is unknown to the catalogue.
    """
    by_abi: dict[tuple[str, str], list[Row]] = {}
    for row in read.rows:
        by_abi.setdefault((row.system, row.abi), []).append(row)
    differences = list[Difference]()
    for (system, abi), rows in by_abi.items():
        known = read_known(system, abi, read.version)
        if all(row.number is None for row in rows):
            differences += _compare_names(rows, known, is_partial=read.kind in _PARTIAL_KINDS)
        else:
            differences += _compare_numbers(rows, _in_range(rows, known))
    return differences


def read_known(system: str, abi: str, version: str = "") -> tuple[Entry, ...]:
    """The packaged table of an ABI as of `version`, or as it is now where the catalogue does not know that version."""
    if not abi:
        raise UsageError("catalogue", "the ABI of the table is not known", "--abi names it")
    # A PE file states 10.0.26100.1742, of which the catalogue's version is the build.
    text = version.split(".")[2] if system == "windows" and version.count(".") == 3 else version
    try:
        return table(system, abi, text or None)
    except UsageError:
        return table(system, abi)


def read_kernel_names(entry: Entry) -> set[str]:
    """How the kernel names what handles a call, without prefixes: `newstat` for the call `stat`."""
    names = {strip_entry(symbol) or symbol for symbol in (entry.symbol, entry.compat_symbol) if symbol}
    return names - {"ni_syscall"} or {entry.name}


def read_names(system: str) -> frozenset[str]:
    """Every name and every kernel's name of a call that the catalogue has for any ABI of a system."""
    rows = open_database().execute(
        "SELECT DISTINCT call.name, symbol, compat_symbol FROM call JOIN entry ON call.id = call WHERE system = ?",
        (system,),
    )
    return frozenset(part for row in rows for text in row if text for part in (text, strip_entry(text)))


def _in_range(rows: list[Row], known: Iterable[Entry]) -> list[Entry]:
    """The packaged rows of the table that was read: win32u's numbers begin at 0x1000, ntdll's at 0."""
    if rows[0].system != "windows":
        return list(known)
    tables = {row.number >> 12 for row in rows if row.number is not None}
    return [entry for entry in known if entry.number >> 12 in tables]


def _compare_numbers(rows: list[Row], known: list[Entry]) -> Iterator[Difference]:
    there = _group((entry.number, entry.name) for entry in known if entry.status not in _NOT_THERE)
    named = [
        row for row in rows if row.name and row.status != REMOVED and (row.status != RESERVED or row.number in there)
    ]
    here = _group((row.number, row.name) for row in named if row.number is not None)
    reserved = _group((entry.number, entry.name) for entry in known)
    number_of = {entry.name: entry.number for entry in known if entry.status not in _NOT_THERE}
    handlers = _group((entry.number, name) for entry in known for name in read_kernel_names(entry))
    dead = {entry.number for entry in known if not entry.live} & {row.number for row in rows}
    abi = rows[0].abi
    for number in sorted(here.keys() | there.keys()):
        mine, theirs = here.get(number, []), there.get(number, [])
        # An old table has the names of the handlers, not those of the calls.
        if set(mine) & {*(theirs or reserved.get(number, [])), *handlers.get(number, [])} or (
            not mine and number in dead
        ):
            continue
        if not mine:
            yield Difference("missing", abi, number, ", ".join(theirs), "", ", ".join(theirs))
        elif mine[0] in number_of:
            yield Difference("renumbered", abi, number, mine[0], str(number), str(number_of[mine[0]]))
        else:
            kind = "renamed" if theirs else "added"
            yield Difference(kind, abi, number, mine[0], ", ".join(mine), ", ".join(theirs))
    entries = {(entry.number, entry.name): entry for entry in known}
    for row in rows:
        if row.arguments is not None and (entry := entries.get((row.number or 0, row.name))):
            yield from _compare_signature(row, entry)


def _group(pairs: Iterable[tuple[int, str]]) -> dict[int, list[str]]:
    groups: dict[int, list[str]] = {}
    for number, name in pairs:
        groups.setdefault(number, []).append(name)
    return groups


def _compare_names(rows: list[Row], known: Iterable[Entry], *, is_partial: bool) -> Iterator[Difference]:
    by_name = {name: entry for entry in known for name in read_kernel_names(entry)}
    by_symbol = {entry.symbol: entry for entry in known}
    elsewhere = read_names(rows[0].system)
    seen = set()
    for row in rows:
        # A symbol without the ABI's prefix is that of every ABI: only the very one is this call's.
        is_plain = row.entry.startswith(("sys_", "compat_sys_", "sys32_"))
        if entry := by_symbol.get(row.entry) if is_plain else by_name.get(row.name):
            seen.add(entry.number)
            yield from _compare_signature(row, entry)
        elif row.name not in elsewhere:
            yield Difference("added", row.abi, None, row.name, row.name, "")
    for entry in () if is_partial else known:
        if entry.number not in seen and entry.live:
            yield Difference("missing", entry.abi, entry.number, entry.name, "", entry.name)


def _compare_signature(row: Row, entry: Entry) -> Iterator[Difference]:
    """A difference if both know the arguments, and their number or a type is another."""
    if row.arguments is None or any(not argument.type for argument in row.arguments):
        return
    signature = find_signature(entry.name, entry.system, entry.abi)
    if signature and _plain_types(row.arguments) != _plain_types(signature.arguments):
        here, there = (", ".join(map(str, arguments)) or "void" for arguments in (row.arguments, signature.arguments))
        yield Difference("signature", row.abi, entry.number, entry.name, here, there)


def _plain_types(arguments: Iterable[Argument]) -> list[str]:
    """The types as they compare: without blanks, and words that C lets one leave out."""
    texts = (argument.type.replace("long int", "long").replace("unsigned int", "unsigned") for argument in arguments)
    return ["".join(text.split()) for text in texts]
