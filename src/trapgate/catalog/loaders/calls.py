# SPDX-License-Identifier: BSD-2-Clause
"""The tables of calls of every system, with what each call takes.

A file `SYSTEM_calls.tsv` has the entries, `SYSTEM_signatures.tsv` the declarations. Linux has many
declarations of one name; `linux.choose_signature` says which belongs to an entry.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict

from trapgate.catalog.factfile import read_facts
from trapgate.catalog.loaders.abis import WITH_HISTORY
from trapgate.catalog.loaders.linux import SignatureChooser
from trapgate.catalog.versions import version_key
from trapgate.model.errors import TrapgateError

SYSTEMS = ("linux", "macos", "freebsd", "openbsd", "netbsd", "dragonfly", "illumos", "windows", "xen")
FOREVER = 1 << 62
"""`until_key` of an entry that is still there."""


class _Writer:
    """Inserts entries, and each call and signature they share once."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self._abis = {(row[0], row[1]): row[2:] for row in database.execute("SELECT system, name, id, layer FROM abi")}
        self._calls: dict[tuple[str, str, str], int] = {}
        self._signatures: dict[tuple[str, str, str, str], int] = {}

    def add_entry(self, system: str, row: dict[str, str], signature: dict[str, str] | None) -> None:
        """Inserts the entry `row` of `SYSTEM_calls.tsv`, with its declaration."""
        try:
            abi, layer = self._abis[system, row["abi"]]
        except KeyError:
            raise TrapgateError(f"{system}_calls.tsv", f"abis.tsv has no {row['abi']!r} of {system}") from None
        since, after, until = (row.get(key, "") for key in ("since", "after", "until"))
        dated = system in WITH_HISTORY
        self._database.execute(
            f"INSERT INTO entry VALUES ({','.join('?' * 14)})",
            (
                self._call(system, layer, row["name"]),
                abi,
                int(row["number"]),
                since or None,
                version_key(system, since) if dated and since else 0,
                after or None,
                until or None,
                version_key(system, until) if dated and until else FOREVER,
                row.get("status", "yes"),
                row.get("entry", ""),
                row.get("compat_entry", ""),
                row.get("tag", ""),
                row.get("evidence", ""),
                self._signature(signature) if signature else None,
            ),
        )

    def _call(self, system: str, layer: str, name: str) -> int:
        key = (system, layer, name)
        if key not in self._calls:
            self._calls[key] = _insert(self._database, "INSERT INTO call VALUES (NULL, ?, ?, ?)", key)
        return self._calls[key]

    def _signature(self, row: dict[str, str]) -> int:
        key = (row["arguments"], row["returns"], row["location"], row["guard"])
        if key not in self._signatures:
            self._signatures[key] = _insert(self._database, "INSERT INTO signature VALUES (NULL, ?, ?, ?, ?)", key)
        return self._signatures[key]


def _insert(database: sqlite3.Connection, statement: str, values: tuple[str, ...]) -> int:
    """The id of the row that `statement` inserts."""
    row = database.execute(statement, values).lastrowid
    assert row is not None
    return row


def load(database: sqlite3.Connection) -> None:
    """Fills `call`, `entry` and `signature`."""
    writer = _Writer(database)
    linux = SignatureChooser(database)
    for system in SYSTEMS:
        declared: dict[str, list[dict[str, str]]] = defaultdict(list)
        if system != "linux":
            for row in read_facts(f"{system}_signatures").rows():
                declared[row["name"]].append(row)
        rows = list(read_facts(f"{system}_calls").rows())
        current = {row["name"] for row in rows if row["status"] == "yes"}
        for row in rows:
            if system == "linux":
                writer.add_entry(system, row, linux.choose(row))
            elif row["status"] != "yes" and row["name"] in current:
                writer.add_entry(system, row, None)  # an older form of a call: its arguments were others
            else:
                writer.add_entry(system, row, _choose(declared[row["name"]], row["abi"]))
    for row in read_facts("hypervisor_calls").rows():
        writer.add_entry(row["system"], {**row, "tag": row["header"]}, None)


def _choose(declared: list[dict[str, str]], abi: str) -> dict[str, str] | None:
    """The declaration for one ABI: its own if there is one, else the one for all."""
    own = [row for row in declared if row["kind"] == abi]
    general = [row for row in declared if not row["kind"]]
    return next(iter(own or general), None)
