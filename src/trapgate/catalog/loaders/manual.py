# SPDX-License-Identifier: BSD-2-Clause
"""What the manual pages and POSIX say: C library functions, headers, errors, standards, editions."""

from __future__ import annotations

import sqlite3

from trapgate.catalog.factfile import read_facts


def load(database: sqlite3.Connection) -> None:
    """Fills `wrapper`, `page`, `page_name`, `manual` and `posix`."""
    for row in read_facts("linux_wrappers").rows():
        page = f"{row['page']}({row['section']})"
        values = (row["function"], row["prototype"], page, row["header"], row["library"], row["via"])
        database.execute("INSERT INTO wrapper VALUES (?, ?, ?, ?, ?, ?)", values)
    for row in read_facts("linux_pages").rows():
        name = f"{row['page']}({row['section']})"
        standards = ",".join(part for part in (row["standards"], row["history"]) if part)
        database.execute("INSERT INTO page VALUES (?, ?, ?, ?)", (name, standards, row["glibc_since"], row["errors"]))
    for row in read_facts("linux_page_names").rows():
        database.execute("INSERT INTO page_name VALUES (?, ?)", (row["name"], row["page"] + "(2)"))
    for row in read_facts("linux_manual_history").rows():
        database.execute("INSERT OR REPLACE INTO manual VALUES (?, ?, ?)", tuple(row.values()))
    for row in read_facts("posix").rows():
        database.execute("INSERT OR IGNORE INTO posix VALUES (?, ?, ?, ?)", tuple(row.values()))
