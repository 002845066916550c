#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Write ``calls/index.tsv``: which family describes which call, found by importing all families.

Usage: python tools/call_index.py [--check]
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

from trapgate.calls import describe

FOLDER = Path(describe.__file__).parent
FRAME = {"__init__", "call", "describe", "memory", "plan", "quote", "types"}
HEADER = "# Which family of calls describes what. Made by tools/call_index.py from the declarations.\n"


def families() -> list[str]:
    """The modules that declare calls."""
    return sorted(p.stem for p in FOLDER.glob("*.py") if p.stem not in FRAME)


def rows() -> list[str]:
    """The lines of the index."""
    found: dict[tuple[str, str, frozenset[str], bool], set[str]] = {}
    for family in families():
        before = dict(describe.registered())
        import_module(f"trapgate.calls.{family}")
        for (name, abi), described in describe.registered().items():
            if before.get((name, abi)) is not described:
                fd = described.returns is not None and described.returns.fd_like
                found.setdefault((name, family, described.classes, fd), set()).add(abi)
    return sorted(
        "\t".join([name, ",".join(sorted(abis)), family, ",".join(sorted(classes)), "fd" if fd else "-"])
        for (name, family, classes, fd), abis in found.items()
    )


def main() -> int:
    text = HEADER + "\n".join(rows()) + "\n"
    path = FOLDER / "index.tsv"
    if "--check" in sys.argv:
        return 0 if path.read_text("utf-8") == text else 1
    path.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
