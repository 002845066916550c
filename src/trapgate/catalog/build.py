# SPDX-License-Identifier: BSD-2-Clause
"""Compiles the fact files into the catalogue's database: `python -m trapgate.catalog.build OUT`.

The result depends on nothing but the facts: the same facts give the same tables. It is written beside
OUT and renamed, so that a reader never sees half a database.
"""

from __future__ import annotations

import os
import sqlite3
import sys
import tempfile

from trapgate.catalog import loaders
from trapgate.catalog.factfile import list_facts, read_facts
from trapgate.catalog.schema import INDEXES, TABLES
from trapgate.catalog.versions import version_key
from trapgate.model.errors import TrapgateError, format_error

FORMAT = "1"
"""Changes when the tables do."""


def build(output: str) -> None:
    """Writes the database to the path `output`. `TrapgateError` names a wrong fact's file and line."""
    folder = os.path.dirname(os.path.abspath(output))
    handle, temporary = tempfile.mkstemp(prefix=".catalog-", suffix=".sqlite", dir=folder)
    os.close(handle)
    try:
        database = sqlite3.connect(temporary)
        try:
            compile_facts(database)
        finally:
            database.close()
        os.chmod(temporary, 0o644)
        os.replace(temporary, output)
    except BaseException:
        os.unlink(temporary)
        raise


def compile_facts(database: sqlite3.Connection) -> None:
    """Fills an empty `database` with every fact file there is."""
    database.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA page_size = 4096;" + TABLES)
    # `names` compares with it without knowing how a key is made.
    meta = {"format": FORMAT, "linux 3.0": version_key("linux", "3.0")}
    database.executemany("INSERT INTO meta VALUES (?, ?)", meta.items())
    for name in list_facts():
        header = read_facts(name).header
        row = (name, *(header.get(key, "") for key in ("source", "version", "licence", "note")))
        database.execute("INSERT INTO source VALUES (?, ?, ?, ?, ?)", row)
    loaders.load_all(database)
    database.executescript(INDEXES)
    database.execute("INSERT INTO words (words) VALUES ('optimize')")
    database.commit()
    database.execute("VACUUM")


def main() -> int:
    """Builds the file that the command line names."""
    if len(sys.argv) != 2:
        print("usage: python -m trapgate.catalog.build OUT", file=sys.stderr)
        return 2
    try:
        build(sys.argv[1])
    except TrapgateError as error:
        print(format_error(error), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
