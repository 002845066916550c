# SPDX-License-Identifier: BSD-2-Clause
"""Which calls belong together, the same idea on other systems, and where sources disagree.

Families come from `families.tsv`, and from the names themselves: `dup`, `dup2` and `dup3` are one.
"""

from __future__ import annotations

import re
import sqlite3

from trapgate.catalog.factfile import read_facts

_DECORATION = re.compile(
    r"^(?:sys_|rt_|old(?:old)?_?|new_?|_new|_+|osf_|arm_|sparc_|s390_|riscv_)|"
    r"(?:_time64|_time32|64_64|at2?|64|32|16|[2-6])$"
)
"""What variants of one call add to its name."""


def load(database: sqlite3.Connection) -> None:
    """Fills `related`, `equivalent` and `conflict`."""
    for row in read_facts("families").rows():
        for position, name in enumerate(row["calls"].split()):
            database.execute("INSERT OR IGNORE INTO related VALUES (?, ?, ?)", (name, row["family"], position))
    linux = [row[0] for row in database.execute("SELECT DISTINCT name FROM call WHERE system = 'linux'")]
    known = set(linux)
    for name in linux:
        stem = find_stem(name, known)
        if stem:
            # After the families that a person made.
            members = [(stem, stem, 100), (name, stem, 101)]
            database.executemany("INSERT OR IGNORE INTO related VALUES (?, ?, ?)", members)
    for row in read_facts("equivalents").rows():
        for name in row["calls"].split():
            database.execute("INSERT INTO equivalent VALUES (?, ?, ?)", (row["idea"], row["system"], name))
    for line in read_facts("conflicts").lines:
        database.execute("INSERT INTO conflict VALUES (?, ?, ?, ?, ?, ?, ?)", line)


def find_stem(name: str, known: set[str]) -> str:
    """The call that `name` is a variant of, judged by the name alone; empty if there is none.

    >>> find_stem("rt_sigqueueinfo", {"sigqueueinfo"}), find_stem("fstatat64", {"fstat"})
    ('sigqueueinfo', 'fstat')
    """
    stem = name
    for _ in range(4):
        shorter = _DECORATION.sub("", stem, count=1)
        if shorter == stem or len(shorter) < 3:
            return ""
        stem = shorter
        if stem in known:
            return stem
    return ""
