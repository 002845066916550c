# SPDX-License-Identifier: BSD-2-Clause
"""Which calls exist: numbers, names, arguments, history and conventions of every system, offline.

>>> from trapgate import catalog
>>> catalog.names("x86_64")[0], catalog.names("i386")[1]
('read', 'exit')
>>> [entry.number for entry in catalog.find("openat", abi="x86_64")]
[257]

`names` and `signature` are what the tracer uses and load SQLite only; everything else is in
other modules, imported when first used. Facts come from the text files in `facts/`.
"""

from __future__ import annotations

from trapgate.catalog.database import has_name, names, open_database, signature, table_names

TYPE_CHECKING = False  # not typing's: a tracer that only wants names waits for this import
if TYPE_CHECKING:
    from trapgate.catalog.card import conflicts, describe
    from trapgate.catalog.compare import diff
    from trapgate.catalog.constants import errors, ioctls, signals
    from trapgate.catalog.fulltext import search
    from trapgate.catalog.identify import find_nearest, read_entries
    from trapgate.catalog.platforms import abis, conventions, find_abi, systems
    from trapgate.catalog.provenance import releases, sources
    from trapgate.catalog.query import find, find_signature, history, nearest, subcalls, table
    from trapgate.catalog.readers import read_path
    from trapgate.catalog.running import read_running

_HOMES = {
    "abis": "platforms",
    "conventions": "platforms",
    "find_abi": "platforms",
    "releases": "provenance",
    "sources": "provenance",
    "systems": "platforms",
    "errors": "constants",
    "ioctls": "constants",
    "signals": "constants",
    "subcalls": "query",
    "conflicts": "card",
    "describe": "card",
    "diff": "compare",
    "find": "query",
    "find_nearest": "identify",
    "find_signature": "query",
    "history": "query",
    "nearest": "query",
    "read_entries": "identify",
    "read_path": "readers",
    "read_running": "running",
    "search": "fulltext",
    "table": "query",
}
"""Where each public name is defined, but for those of `database`."""

__all__ = (
    "abis",
    "conflicts",
    "conventions",
    "describe",
    "diff",
    "errors",
    "find",
    "find_abi",
    "find_nearest",
    "find_signature",
    "has_name",
    "history",
    "ioctls",
    "names",
    "nearest",
    "open_database",
    "read_entries",
    "read_path",
    "read_running",
    "releases",
    "search",
    "signals",
    "signature",
    "sources",
    "subcalls",
    "systems",
    "table",
    "table_names",
)


def __getattr__(name: str) -> object:
    """The public `name`, from the module that defines it."""
    if name not in _HOMES:
        raise AttributeError(f"module 'trapgate.catalog' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"trapgate.catalog.{_HOMES[name]}"), name)
