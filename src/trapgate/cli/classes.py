# SPDX-License-Identifier: BSD-2-Clause
"""Which calls are in a class (`%file`, `%desc` …): read from the index that the descriptions are made into.

Nothing of `trapgate.calls` is imported: the index is a text file, and look-ups must be quick.
"""

from __future__ import annotations

import os
from functools import lru_cache

import trapgate

INDEX = os.path.join(os.path.dirname(trapgate.__file__), "calls", "index.tsv")


def read_call_classes(name: str) -> tuple[str, ...]:
    """The classes of one call, in order: cheaper than `read_classes` where nothing else is asked."""
    return _parse(name + "\t").get(name, ())


@lru_cache(maxsize=1)
def read_classes() -> dict[str, tuple[str, ...]]:
    """The classes of each described call of Linux, in order; empty when nothing is described yet."""
    return _parse("")


def _parse(start: str) -> dict[str, tuple[str, ...]]:
    """What the lines of the index say that begin with `start`: name, ABIs, module, classes with commas, and more."""
    try:
        with open(INDEX, encoding="utf-8") as file:
            lines = [line.rstrip("\n").split("\t") for line in file if line.startswith(start) and line[0] != "#"]
    except FileNotFoundError:
        return {}
    found: dict[str, set[str]] = {}
    for line in lines:
        if len(line) >= 4:
            found.setdefault(line[0], set()).update(filter(None, line[3].split(",")))
    return {name: tuple(sorted(classes)) for name, classes in found.items()}
