# SPDX-License-Identifier: BSD-2-Clause
"""Finds what has given words in its name, arguments, header or message.

>>> search("openat")[0].name
'openat'
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from trapgate.catalog.database import open_database
from trapgate.model.errors import UsageError


@dataclass(frozen=True, slots=True)
class Found:
    """One answer of `search`: what it is, what it is called, and where `show` or another command finds it."""

    kind: str
    """call, ioctl, errno, signal or subcall."""
    system: str
    name: str
    text: str


def search(
    words: str, *, kind: str | None = None, system: str | None = None, limit: int = 50, some: bool = False
) -> tuple[Found, ...]:
    """What has all these words (or beginnings of words) in its name, arguments, types or header, best first.

    Args:
        some: what has some of the words is enough; what has more of them comes first.
    """
    terms = re.findall(r"\w+", words)
    if not terms:
        raise UsageError("search", "no word to look for", "trapgate search clock")
    # Quoted, so that none of them is an operator of FTS5.
    query = (" OR " if some else " ").join(f'"{term}"*' for term in terms)
    # One letter is in nearly everything and weighs the same everywhere: there weighing would take the most time.
    weight = "round(bm25(words, 20, 1))" if len(max(terms, key=len)) > 1 else "NULL"
    rows = open_database().execute(
        "SELECT kind, system, name, shown FROM words"
        " WHERE words MATCH ?2 AND (?3 IS NULL OR kind = ?3) AND (?4 IS NULL OR system = ?4)"
        # What is so called, then what has the words in its name, then the rest; what is gone comes last.
        " ORDER BY (name = ?1 COLLATE NOCASE) DESC, place = 4, name LIKE ?1 || '%' DESC,"
        f" place, {weight}, length(name), name LIMIT ?5",
        (words.strip().lower(), query, kind, system, limit),
    )
    return tuple(Found(*row) for row in rows)
