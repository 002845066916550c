# SPDX-License-Identifier: BSD-2-Clause
"""The plans of all calls, made when the package is built: making them takes half a second.

``load_plans`` gives them if they are those of the descriptions that are installed, for the usual
length of strings; else they are to be made. As a program, `python -m trapgate.calls.plan_file OUT`
writes the file.
"""

from __future__ import annotations

import hashlib
import marshal
import os
import sys
from pathlib import Path

from trapgate.calls.plan import Plans, make_plans
from trapgate.model.abi import LIVE_ABIS

STRING_LIMIT = 32
"""The default of -s, for which the file is made."""

CALLS = Path(__file__).parent
FILE = CALLS / "plans.bin"


def stamp() -> bytes:
    """What the plans are made from: equal stamps, equal plans."""
    found = hashlib.blake2b(sys.version.encode(), digest_size=16)  # marshal's format is Python's own
    for folder, folders, names in os.walk(CALLS):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        for name in sorted(names):
            path = os.path.join(folder, name)
            if name.endswith(".py"):
                with open(path, "rb") as file:
                    found.update(file.read())
            elif name.endswith(".txt"):
                found.update(f"{name} {os.stat(path).st_size}\n".encode())
    return found.digest()


def load_plans(string_limit: int) -> Plans | None:
    """The plans of every call, or None if the file has none of that kind."""
    if string_limit != STRING_LIMIT:
        return None
    try:
        made_from, *plans = marshal.loads(FILE.read_bytes())
    except (OSError, ValueError, EOFError, TypeError):
        return None
    return Plans(*plans) if made_from == stamp() else None


def write_plans(path: Path) -> None:
    """Make the plans of every call and write them to ``path``."""
    plans = make_plans(STRING_LIMIT, LIVE_ABIS, lambda name, abi: True)
    same: dict[bytes, bytes] = {}
    by_call = {key: same.setdefault(plan, plan) for key, plan in plans.by_call.items()}
    by_selector = {key: same.setdefault(plan, plan) for key, plan in plans.by_selector.items()}
    path.write_bytes(marshal.dumps((stamp(), by_call, by_selector, plans.incomplete)))


if __name__ == "__main__":
    write_plans(Path(sys.argv[1]))
