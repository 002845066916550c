# SPDX-License-Identifier: BSD-2-Clause
"""What look-ups in the catalogue cost: CPU time of whole commands, size of the database, time to build it.

The budgets are those of a look-up that feels instant; the interpreter's own start is shown beside them.

    python bench/catalog.py [--runs 20]
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

from startup import keep_bytecode, measure_ms

from trapgate.catalog.build import build
from trapgate.catalog.database import find_database

NAMES = "from trapgate import catalog; catalog.names('x86_64')"
SIGNATURE = "from trapgate import catalog; catalog.names('x86_64'); catalog.signature('openat', 'x86_64')"
COMMANDS: list[tuple[str, list[str], float | None]] = [
    ("python -c pass", ["-c", "pass"], None),
    ("import sqlite3", ["-c", "import sqlite3"], None),
    ("catalog.names, from nothing", ["-c", NAMES], None),
    ("catalog.signature, from nothing", ["-c", SIGNATURE], None),
    ("trapgate show openat", ["-m", "trapgate", "show", "openat"], 80),
    ("trapgate show NtReadFile", ["-m", "trapgate", "show", "NtReadFile"], 80),
    ("trapgate show 257 --json", ["-m", "trapgate", "show", "257", "--json"], 80),
    ("trapgate search clock", ["-m", "trapgate", "search", "clock"], 150),
    ("trapgate search read file", ["-m", "trapgate", "search", "read", "file"], 150),
    ("trapgate search s", ["-m", "trapgate", "search", "s"], 150),  # the letter that most words begin with
    ("trapgate list", ["-m", "trapgate", "list"], 150),
    ("trapgate diff x86_64 aarch64", ["-m", "trapgate", "diff", "x86_64", "aarch64"], None),
]
"""What is run, and the most CPU time it should take, in ms."""
MAX_BYTES = 15_000_000
MAX_BUILD_S = 60


def main() -> int:
    """Prints a line for each; the status is 1 when a budget is exceeded."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20)
    runs = parser.parse_args().runs
    exceeded = False
    path = find_database()
    print(f"{'':34}{'CPU ms':>8}{'budget':>8}")
    size = os.path.getsize(path)
    with tempfile.TemporaryDirectory() as folder:
        for name, words, budget in COMMANDS:
            spent = measure_ms([sys.executable, *words], keep_bytecode(folder), runs)
            exceeded |= budget is not None and spent > budget
            print(f"{name:34}{spent:8.1f}{budget or '':>8}")
        start = time.process_time()
        build(str(Path(folder, "catalog.sqlite")))
        spent = time.process_time() - start
    print(f"{'database, bytes':34}{size:8,}  budget {MAX_BYTES:,}")
    print(f"{'build, CPU seconds':34}{spent:8.1f}{MAX_BUILD_S:>8}")
    return int(exceeded or size > MAX_BYTES or spent > MAX_BUILD_S)


if __name__ == "__main__":
    sys.exit(main())
