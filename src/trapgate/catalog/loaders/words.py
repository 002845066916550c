# SPDX-License-Identifier: BSD-2-Clause
"""The words that `search` looks through: names, argument names and types, headers, messages, kinds and ideas.

A name is there as it is and in its parts: `NtReadFile` is found by `read file`, `clock_gettime` by `gettime`.
"""

from __future__ import annotations

import re
import sqlite3

_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z][a-z]+|[a-z]+|\d+")


def load(database: sqlite3.Connection) -> None:
    """Fills `words`."""
    calls: dict[tuple[str, str], dict[str, None]] = {}
    ideas = _read_ideas(database)
    query = (
        "SELECT call.system, call.name, layer, arguments, until FROM call JOIN entry ON entry.call = call.id"
        " LEFT JOIN signature ON signature.id = signature ORDER BY call.system, call.name, entry.abi"
    )
    living = set()
    layers = {}
    for system, name, layer, arguments, until in database.execute(query):
        calls.setdefault((system, name), {}).setdefault(_plain(arguments or ""))
        layers[system, name] = layer
        if until is None:
            living.add((system, name))
    for (system, name), variants in calls.items():
        rank = (0 if system == "linux" else 1) if (system, name) in living else 4
        # What is shown is the first declaration; what is looked through is all of them.
        shown = next(filter(None, variants), "")
        kinds = f"{layers[system, name]} {ideas.get((system, name), '')}"
        _add(database, rank, "call", system, name, shown, f"{' '.join(variants)} {kinds}")
    for name, argument, header in database.execute("SELECT name, argument, header FROM ioctl").fetchall():
        _add(database, 2, "ioctl", "linux", name, ", ".join(filter(None, (argument, header))))
    for kind in ("errno", "signal"):
        for name, text in database.execute(f"SELECT name, max(text) FROM {kind} GROUP BY name").fetchall():
            _add(database, 2, kind, "", name, text)
    for system, call, name in database.execute("SELECT system, call, name FROM subcall").fetchall():
        _add(database, 3, "subcall", system, name, f"of {call}")


def _read_ideas(database: sqlite3.Connection) -> dict[tuple[str, str], str]:
    """What calls are for, in a word or two, by system and name."""
    found: dict[tuple[str, str], list[str]] = {}
    for idea, system, name in database.execute("SELECT idea, system, name FROM equivalent"):
        found.setdefault((system, name), []).append(idea)
    return {key: " ".join(words) for key, words in found.items()}


def _plain(arguments: str) -> str:
    """The arguments as C writes them, without the kernel's marks."""
    shown = []
    for part in filter(None, arguments.split("; ")):
        name, kind = part.split(":")[:2]
        shown.append(f"{' '.join(kind.replace('__user', '').split())} {name}".replace("* ", "*").strip())
    return ", ".join(shown)


def _add(
    database: sqlite3.Connection, rank: int, kind: str, system: str, name: str, shown: str, text: str = ""
) -> None:
    """One row; of equally good answers those of the lower rank come first."""
    names = f"{name} {' '.join(_PART.findall(name))}"
    text = f"{text or shown} {system} {kind}"
    database.execute("INSERT INTO words VALUES (?, ?, ?, ?, ?, ?, ?)", (names, text, rank, kind, system, name, shown))
