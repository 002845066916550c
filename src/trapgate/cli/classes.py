# SPDX-License-Identifier: BSD-2-Clause
"""Which calls are in a class (`%file`, `%desc` …): read from the index that the descriptions are made into.

Nothing of `trapgate.calls` is imported: the index is a text file, and look-ups must be quick.
"""

from __future__ import annotations

import os
from functools import lru_cache

import trapgate

INDEX = os.path.join(os.path.dirname(trapgate.__file__), "calls", "index.tsv")


@lru_cache(maxsize=1)
def read_classes() -> dict[str, tuple[str, ...]]:
    """The classes of each described call of Linux, in order; empty when nothing is described yet.

    The lines of the index are name, ABIs, module and classes (separated by commas), and may go on.
    """
    try:
        with open(INDEX, encoding="utf-8") as file:
            lines = [line.rstrip("\n").split("\t") for line in file if not line.startswith("#")]
    except FileNotFoundError:
        return {}
    found: dict[str, set[str]] = {}
    for line in lines:
        if len(line) >= 4:
            found.setdefault(line[0], set()).update(filter(None, line[3].split(",")))
    return {name: tuple(sorted(classes)) for name, classes in found.items()}
