# SPDX-License-Identifier: BSD-2-Clause
"""Numbers that are not calls: errno, signals, ioctl requests, and the operations of calls that have several."""

from __future__ import annotations

import sqlite3

from trapgate.catalog.factfile import read_facts


def load(database: sqlite3.Connection) -> None:
    """Fills `errno`, `signal`, `ioctl` and `subcall`."""
    for table in ("errno", "signal"):
        for line in read_facts("signals" if table == "signal" else table).lines:
            database.execute(f"INSERT INTO {table} VALUES (?, ?, ?, ?, ?)", line)
    for row in read_facts("ioctls").rows():
        database.execute(
            "INSERT OR REPLACE INTO ioctl VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(row["name"], int(row["value"], 16), row["direction"], row["type"], int(row["number"] or 0)),
                *(int(row["size"] or 0), row["argument"], row["encoding"], row["header"]),
            ),
        )
    for row in read_facts("ioctls_abi").rows():
        values = (row["name"], row["abi"], int(row["value"], 16))
        database.execute("INSERT INTO ioctl_abi VALUES (?, ?, ?)", values)
    for owner in ("linux", "xen", "illumos", "hypervisor"):
        for row in read_facts(f"{owner}_subcalls").rows():
            operation = (
                row.get("system", owner),
                row["call"],
                row["value"],
                row["name"],
                row.get("header", ""),
                row.get("kind", ""),
            )
            database.execute("INSERT INTO subcall VALUES (?, ?, ?, ?, ?, ?)", operation)
