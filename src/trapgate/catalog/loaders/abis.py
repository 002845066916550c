# SPDX-License-Identifier: BSD-2-Clause
"""The ABIs that have a table of calls, their other names, their conventions, and the versions with a name."""

from __future__ import annotations

import sqlite3

from trapgate.catalog.factfile import read_facts
from trapgate.catalog.versions import version_key

WITH_HISTORY = ("linux", "macos", "windows")
"""Systems whose tables say from when to when a call exists."""


def load(database: sqlite3.Connection) -> None:
    """Fills `abi`, `alias`, `convention` and `release`."""
    for row in read_facts("abis").rows():
        system, name = row["system"], row["name"]
        key = version_key(system, row["version"]) if system in WITH_HISTORY and row["version"] else None
        cursor = database.execute(
            "INSERT INTO abi VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(system, name, row["arch"], int(row["bits"]), row["layer"], int(row["base"])),
                *(row["version"], key, row["convention"], row["source_path"]),
            ),
        )
        for alias in (name, *row["aliases"].split()):
            # An alias that is another ABI's own name would hide it.
            database.execute("INSERT INTO alias VALUES (?, ?, ?)", (system, alias, cursor.lastrowid))
    for line in read_facts("conventions").lines:
        database.execute(f"INSERT INTO convention VALUES ({','.join('?' * 13)})", line)
    for row in read_facts("macos_releases").rows():
        key = version_key("macos", row["xnu"])
        database.execute("INSERT INTO release VALUES ('macos', 'unix', ?, ?, ?)", (key, row["xnu"], row["macos"]))
    for row in read_facts("windows_releases").rows():
        values = (row["abi"], int(row["build"]), row["build"], row["name"])
        database.execute("INSERT INTO release VALUES ('windows', ?, ?, ?, ?)", values)
