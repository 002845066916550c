# SPDX-License-Identifier: BSD-2-Clause
"""The catalogue's database: where it is, a connection to it, and the two look-ups a tracer needs.

The database is built with the package. A checkout without it, or with newer facts, gets one in the
user's cache (`$XDG_CACHE_HOME/trapgate/`). It is opened read-only and never changed.
"""

from __future__ import annotations

import os
import sqlite3
from functools import lru_cache

TYPE_CHECKING = False  # typing costs as much as SQLite
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from trapgate.catalog.argument import Argument

FOLDER = os.path.dirname(__file__)
FACTS = os.path.join(FOLDER, "facts")
PACKAGED = os.path.join(FOLDER, "catalog.sqlite")


@lru_cache(maxsize=1)
def open_database() -> sqlite3.Connection:
    """A read-only connection to the catalogue and the user's own tables, shared by the process's threads."""
    path = find_database()
    # immutable: no locks and no -wal file, so that a package folder nobody may write serves as well.
    uri = f"file:{_quote(path)}?mode=ro&immutable=1"
    return sqlite3.connect(uri, uri=True, check_same_thread=False, factory=_Connection)


class _Connection(sqlite3.Connection):
    """A connection that can be asked for anything a user may type."""

    def execute(self, sql: str, values: Sequence[object] = ()) -> sqlite3.Cursor:  # type: ignore[override]
        """The answer; no row for a number of more than 64 bits or text that is not Unicode, which no row holds."""
        try:
            return super().execute(sql, values)
        except (OverflowError, UnicodeEncodeError):
            return super().execute("SELECT 1 WHERE 0")


def find_database() -> str:
    """The path of the database to read: the packaged one, with the user's own tables where there are any."""
    packaged = find_packaged()
    if not os.path.isdir(user_folder()):
        return packaged
    from trapgate.catalog.user import find_merged

    return find_merged(packaged)


def user_folder() -> str:
    """The folder of the tables that `trapgate catalog read --add` wrote; it may not exist."""
    return os.path.join(xdg_folder("DATA", ".local/share"), "catalog")


def find_packaged() -> str:
    """The path of the database that matches the facts; it is built first where there is none."""
    if os.path.exists(PACKAGED) and not _is_stale():
        return PACKAGED
    path = _cached_path()
    if not os.path.exists(path):
        from trapgate.catalog.build import build

        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        build(path)
        _remove_old(os.path.dirname(path))
    return path


def _remove_old(folder: str) -> None:
    """Removes the databases of earlier facts that nobody has built for a day; another checkout may use a newer one."""
    import time

    with os.scandir(folder) as files:
        for file in files:
            if file.name.startswith("catalog-") and file.stat().st_mtime < time.time() - 86400:
                os.unlink(file.path)


_MAY_BE_MADE = (
    "status <> 'reserved' AND coalesce(since, '') NOT LIKE '%-rc%'"
    " AND until_key > (SELECT value FROM meta WHERE key = 'linux 3.0')"
)
"""The entries that `names` is about."""


@lru_cache(maxsize=8)
def names(abi: str) -> Mapping[int, str]:
    """The call names of a Linux ABI by number, as the tables of the kernel (and strace) have them.

    Args:
        abi: `x86_64`, `i386`, `x32`, `aarch64`, … or an alias such as `amd64`.

    A number is what the register holds: x32's carry 0x40000000. A number whose call was taken away after
    Linux 3.0 keeps that name, for a program may still make it. A call that only a release candidate has
    is left out: its number is not settled. An unknown ABI gives an empty mapping.
    Source: `facts/linux_calls.tsv`.

    >>> names("x86_64")[257]
    'openat'
    """
    rows = open_database().execute(
        "SELECT number, call.name FROM entry JOIN call ON call.id = call WHERE entry.abi ="
        f" (SELECT abi FROM alias WHERE system = 'linux' AND alias.name = ?) AND {_MAY_BE_MADE}"
        " ORDER BY number, until_key",
        (abi,),
    )
    return dict(rows.fetchall())


@lru_cache(maxsize=1024)
def has_name(abi: str, name: str) -> bool:
    """Whether `names(abi)` holds `name`: cheaper where nothing else is asked.

    >>> has_name("i386", "waitpid"), has_name("x86_64", "waitpid")
    (True, False)
    """
    rows = open_database().execute(
        "SELECT 1 FROM entry WHERE call IN (SELECT id FROM call WHERE name = ? AND system = 'linux')"
        f" AND +abi = (SELECT abi FROM alias WHERE system = 'linux' AND alias.name = ?) AND {_MAY_BE_MADE} LIMIT 1",
        (name, abi),
    )
    return rows.fetchone() is not None


X32_BIT = 0x40000000


@lru_cache(maxsize=8)
def table_names(abi: str) -> Mapping[int, str]:
    """As `names`, by the index in the ABI's table, which is how records number calls: x32's without 0x40000000."""
    return {number & ~X32_BIT: name for number, name in names(abi).items()} if abi == "x32" else names(abi)


@lru_cache(maxsize=1024)
def signature(name: str, abi: str) -> tuple[Argument, ...]:
    """The arguments of a Linux call in one ABI, as the kernel's entry point declares them.

    Empty for a call without arguments and for one whose declaration is unknown.
    Source: `facts/linux_signatures.tsv`.

    >>> [a.name for a in signature("openat", "x86_64")]
    ['dfd', 'filename', 'flags', 'mode']
    """
    row = (
        open_database()
        .execute(
            "SELECT arguments FROM entry JOIN call ON call.id = call JOIN signature ON signature.id = signature"
            " WHERE call.system = 'linux' AND call.name = ?"
            " AND entry.abi = (SELECT abi FROM alias WHERE system = 'linux' AND alias.name = ?)"
            " ORDER BY until_key DESC LIMIT 1",
            (name, abi),
        )
        .fetchone()
    )
    return parse_arguments(row[0]) if row else ()


@lru_cache(maxsize=256)
def parse_arguments(text: str) -> tuple[Argument, ...]:
    """The arguments written as in the fact files: `fd:int; buf:char __user *:out?; …`.

    >>> [str(a) for a in parse_arguments("fd:int; buf:char __user *:out?")]
    ['int fd', 'char *buf']
    """
    from trapgate.catalog.argument import Argument

    arguments = []
    for part in text.split("; ") if text else ():
        name, kind, *rest = part.split(":")
        direction = rest[0] if rest else ""
        user = "__user" in kind or bool(direction)
        c_type = " ".join(kind.replace("__user", "").split())
        arguments.append(Argument(name, c_type, user, direction.rstrip("?"), direction.endswith("?")))
    return tuple(arguments)


def _is_stale() -> bool:
    """Whether a fact of this checkout is newer than its database; an installed package never is."""
    if not os.path.exists(os.path.join(FOLDER, "..", "..", "..", "pyproject.toml")):
        return False
    return _newest_fact() > os.stat(PACKAGED).st_mtime_ns


def _newest_fact() -> int:
    """The time of the last change to a fact file or to what compiles them, in ns since the epoch."""
    newest = 0
    for folder in (FACTS, os.path.join(FOLDER, "loaders"), FOLDER):
        with os.scandir(folder) as files:
            times = [file.stat().st_mtime_ns for file in files if file.name.endswith((".tsv", ".py"))]
        newest = max(newest, *times)
    return newest


def _cached_path() -> str:
    """The file in the user's cache for the facts as they are now."""
    return os.path.join(xdg_folder("CACHE", ".cache"), f"catalog-{_newest_fact():x}.sqlite")


def xdg_folder(kind: str, default: str) -> str:
    """trapgate's folder in the user's data or cache; it may not exist."""
    return os.path.join(os.environ.get(f"XDG_{kind}_HOME") or os.path.expanduser(f"~/{default}"), "trapgate")


def _quote(path: str) -> str:
    """`path` for a file: URI of SQLite, where only these three mean something else."""
    return path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")
