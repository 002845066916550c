# SPDX-License-Identifier: BSD-2-Clause
"""The words that `search` looks through: names, argument names and types, headers, messages.

A name is there as it is and in its parts: `NtReadFile` is found by `read file`, `clock_gettime` by `gettime`.
"""

from __future__ import annotations

import re
import sqlite3

_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z][a-z]+|[a-z]+|\d+")


def load(database: sqlite3.Connection) -> None:
    """Fills `words`."""
    calls: dict[tuple[str, str], dict[str, None]] = {}
    query = (
        "SELECT call.system, call.name, arguments, until FROM call JOIN entry ON entry.call = call.id"
        " LEFT JOIN signature ON signature.id = signature ORDER BY call.system, call.name, entry.abi"
    )
    living = set()
    for system, name, arguments, until in database.execute(query):
        calls.setdefault((system, name), {}).setdefault(_plain(arguments or ""))
        if until is None:
            living.add((system, name))
    for (system, name), variants in calls.items():
        rank = (0 if system == "linux" else 1) if (system, name) in living else 4
        # What is shown is the first declaration; what is looked through is all of them.
        shown = next(filter(None, variants), "")
        _add(database, rank, "call", system, name, shown, " ".join(variants))
    for name, argument, header in database.execute("SELECT name, argument, header FROM ioctl").fetchall():
        _add(database, 2, "ioctl", "linux", name, ", ".join(filter(None, (argument, header))))
    for kind in ("errno", "signal"):
        for name, text in database.execute(f"SELECT name, max(text) FROM {kind} GROUP BY name").fetchall():
            _add(database, 2, kind, "", name, text)
    for system, call, name in database.execute("SELECT system, call, name FROM subcall").fetchall():
        _add(database, 3, "subcall", system, name, f"of {call}")


def _plain(arguments: str) -> str:
    """The arguments as C writes them, without the kernel's marks."""
    shown = []
    for part in filter(None, arguments.split("; ")):
        name, kind = part.split(":")[:2]
        shown.append(f"{' '.join(kind.replace('__user', '').split())} {name}".replace("* ", "*"))
    return ", ".join(shown)


def _add(
    database: sqlite3.Connection, rank: int, kind: str, system: str, name: str, shown: str, text: str = ""
) -> None:
    """One row; of equally good answers those of the lower rank come first."""
    names = f"{name} {' '.join(_PART.findall(name))}"
    database.execute(
        "INSERT INTO words VALUES (?, ?, ?, ?, ?, ?, ?)", (names, text or shown, rank, kind, system, name, shown)
    )
