# SPDX-License-Identifier: BSD-2-Clause
"""Which calls exist: numbers, names, arguments, history and conventions of every system, offline.

>>> from trapgate import catalog
>>> catalog.names("x86_64")[0], catalog.names("i386")[1]
('read', 'exit')
>>> [entry.number for entry in catalog.find("openat", abi="x86_64")]
[257]

`names` and `signature` are what the tracer uses and load SQLite only; everything else is in
`trapgate.catalog.query` and is imported when first used. Facts come from the text files in `facts/`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trapgate.catalog.database import names, open_database, signature

if TYPE_CHECKING:
    from trapgate.catalog.query import (
        abis,
        conventions,
        describe,
        diff,
        errors,
        find,
        ioctls,
        nearest,
        releases,
        search,
        signals,
        sources,
        subcalls,
        systems,
        table,
    )

__all__ = (
    "abis",
    "conventions",
    "describe",
    "diff",
    "errors",
    "find",
    "ioctls",
    "names",
    "nearest",
    "open_database",
    "releases",
    "search",
    "signals",
    "signature",
    "sources",
    "subcalls",
    "systems",
    "table",
)


def __getattr__(name: str) -> object:
    """The public `name`, from `trapgate.catalog.query`."""
    if name not in __all__:
        raise AttributeError(f"module 'trapgate.catalog' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module("trapgate.catalog.query"), name)
