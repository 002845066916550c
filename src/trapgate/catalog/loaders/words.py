# SPDX-License-Identifier: BSD-2-Clause
"""The words that `search` looks through: names, argument names and types, standards, headers.

A name is there as it is and in its parts: `NtReadFile` is found by `read file`, `openat` by `open`.
"""

from __future__ import annotations

import re
import sqlite3
from collections import defaultdict

_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z][a-z]+|[a-z]+|\d+")


def load(database: sqlite3.Connection) -> None:
    """Fills `words`."""
    texts: dict[tuple[str, str], list[str]] = defaultdict(list)
    query = (
        "SELECT DISTINCT call.system, call.name, call.layer, arguments FROM call"
        " JOIN entry ON entry.call = call.id LEFT JOIN signature ON signature.id = signature"
    )
    for system, name, layer, arguments in database.execute(query):
        texts[system, name] += [layer, arguments or ""]
    for (system, name), found in sorted(texts.items()):
        # Types and names of arguments, each word once.
        known = dict.fromkeys(re.findall(r"\w+", " ".join(found)))
        _add(database, "call", system, name, " ".join(known))
    for name, argument, header in database.execute("SELECT name, argument, header FROM ioctl").fetchall():
        _add(database, "ioctl", "linux", name, f"{argument} {header}")
    for name, text in database.execute("SELECT name, max(text) FROM errno GROUP BY name").fetchall():
        _add(database, "errno", "", name, text)
    for name, text in database.execute("SELECT name, max(text) FROM signal GROUP BY name").fetchall():
        _add(database, "signal", "", name, text)
    for system, call, name in database.execute("SELECT system, call, name FROM subcall").fetchall():
        _add(database, "subcall", system, name, call)


def _add(database: sqlite3.Connection, kind: str, system: str, name: str, text: str) -> None:
    parts = " ".join(_PART.findall(name))
    words = text if parts == name else f"{parts} {text}"
    database.execute("INSERT INTO words VALUES (?, ?, ?, ?)", (name, words, kind, system))
