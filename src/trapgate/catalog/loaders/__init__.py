# SPDX-License-Identifier: BSD-2-Clause
"""From fact files to tables: one module per kind of fact, each with `load(database)`.

The order matters only in that calls come after the ABIs they belong to, and what is searched comes last.
"""

from __future__ import annotations

import sqlite3

from trapgate.catalog.loaders import abis, calls, constants, linux, manual, relations, words


def load_all(database: sqlite3.Connection) -> None:
    """Fills the tables of `database` from all fact files."""
    for module in (abis, calls, linux, manual, constants, relations, words):
        module.load(database)
