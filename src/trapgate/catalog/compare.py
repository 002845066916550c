# SPDX-License-Identifier: BSD-2-Clause
"""What differs between two tables of calls: versions, ABIs or systems.

>>> [change.name for change in diff("linux/i386@2.1.57", "linux/i386@2.1.68")][:3]
['rt_sigreturn', 'rt_sigaction', 'rt_sigprocmask']
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from trapgate.catalog.platforms import systems
from trapgate.catalog.query import find_signature, table
from trapgate.catalog.values import Entry
from trapgate.model.errors import UsageError

_SPEC = re.compile(r"(?:(?P<system>[a-z]+)/)?(?P<abi>[^@/]+)?(?:@(?P<version>.+))?")
_KINDS = ("removed", "added", "renumbered", "renamed", "signature")
"""In the order they are told."""


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between two tables."""

    kind: str
    """added, removed, renumbered, renamed or signature."""
    name: str
    before: str
    after: str


def diff(before: str | Sequence[Entry], after: str | Sequence[Entry]) -> tuple[Change, ...]:
    """What differs between two tables: removed, added, renumbered, renamed, and (between ABIs) other arguments.

    Args:
        before, after: entries, or `[SYSTEM/]ABI[@VERSION]`: `i386@2.2.0`, `linux/aarch64`, `windows/x64@22621`.

    Within one ABI a number whose old name is nowhere in the new table, and whose new name is nowhere in the
    old one, is `renamed`. In the order of these kinds, then of the numbers.
    """
    old, new = (parse_spec(side) if isinstance(side, str) else side for side in (before, after))
    olds, news = _by_name(old), _by_name(new)
    one_abi = {(e.system, e.abi) for e in old} == {(e.system, e.abi) for e in new}
    came = {entry.number: name for name, entry in news.items() if name not in olds}
    renamed = {n: came[e.number] for n, e in olds.items() if one_abi and n not in news and e.number in came}
    rows: list[tuple[int, Change]] = []
    for name, a in olds.items():
        if name in renamed:
            rows.append((a.number, Change("renamed", name, f"{a.number} {name}", f"{a.number} {renamed[name]}")))
        elif name not in news:
            rows.append((a.number, Change("removed", name, str(a.number), "")))
        else:
            rows += [(a.number, change) for change in _compare(a, news[name], one_abi)]
    for name, b in news.items():
        if name not in olds and name not in renamed.values():
            rows.append((b.number, Change("added", name, "", str(b.number))))
    return tuple(change for _, change in sorted(rows, key=lambda row: (_KINDS.index(row[1].kind), row[0], row[1].name)))


def parse_spec(text: str) -> tuple[Entry, ...]:
    """The table that `[SYSTEM/]ABI[@VERSION]` or `SYSTEM[@VERSION]` names."""
    match = _SPEC.fullmatch(text)
    if not match:
        raise UsageError("table", f"{text!r} names no table", "write SYSTEM/ABI@VERSION, as in linux/i386@2.4.0")
    system, abi, version = match["system"], match["abi"], match["version"]
    if system is None and abi in systems():
        system, abi = abi, None
    return table(system or "linux", abi, version)


def _compare(a: Entry, b: Entry, one_abi: bool) -> list[Change]:
    """The changes of one call that both tables have. Declarations are known of the current version only."""
    changes = []
    if a.number != b.number:
        changes.append(Change("renumbered", a.name, str(a.number), str(b.number)))
    if not one_abi:
        left, right = (find_signature(entry.name, entry.system, entry.abi) for entry in (a, b))
        if left and right and [p.type for p in left.arguments] != [p.type for p in right.arguments]:
            changes.append(Change("signature", a.name, left.format(a.name), right.format(b.name)))
    return changes


def _by_name(entries: Iterable[Entry]) -> dict[str, Entry]:
    """The entries by name; of a name with two numbers the one that is no older form counts, else the lower."""
    found: dict[str, Entry] = {}
    for entry in entries:
        if entry.name not in found or (entry.status == "yes" and found[entry.name].status != "yes"):
            found[entry.name] = entry
    return found
