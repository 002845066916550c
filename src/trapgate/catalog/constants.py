# SPDX-License-Identifier: BSD-2-Clause
"""Numbers that are not calls: ioctl requests, errno, signals."""

from __future__ import annotations

from dataclasses import dataclass

from trapgate.catalog.database import open_database


@dataclass(frozen=True, slots=True)
class Ioctl:
    """A request of ioctl(2), with the value it has on x86_64."""

    name: str
    value: int
    direction: str
    """read, write, readwrite, none; empty for old-style numbers, which encode nothing."""
    type: str
    number: int
    size: int
    argument: str
    """The C type its third argument points to, where the header tells."""
    encoding: str
    """encoded, old-style; alias, elsewhere, obsolete: names that a trace does not print."""
    header: str


@dataclass(frozen=True, slots=True)
class Constant:
    """An errno or a signal of one system or Linux architecture."""

    system: str
    number: int
    name: str
    text: str
    """The message of an errno; the default action of a signal on Linux."""
    kind: str


def ioctls(what: str | int | None = None) -> tuple[Ioctl, ...]:
    """The requests of that name or value (several share a value); all if None."""
    column = "value" if isinstance(what, int) else "name"
    value = what.upper() if isinstance(what, str) else what
    query = f"SELECT * FROM ioctl WHERE ? IS NULL OR {column} = ? ORDER BY value, name"
    return tuple(Ioctl(*row) for row in open_database().execute(query, (value, value)))


def request_names(kind: int, abi: str) -> list[tuple[str, int]]:
    """(name, number in ``abi``) of the requests whose type byte is ``kind``.

    Left out: other names of the same request, and what has that number on another architecture, for one protocol
    alone, or no longer.
    """
    query = (
        "SELECT name, COALESCE((SELECT own.value FROM ioctl_abi AS own WHERE own.name = ioctl.name AND abi = ?), value)"
        " FROM ioctl WHERE (value >> 8) & 255 = ? AND encoding IN ('encoded', 'old-style') ORDER BY value, name"
    )
    return open_database().execute(query, (abi, kind)).fetchall()


def errors(what: str | int | None = None, system: str | None = None) -> tuple[Constant, ...]:
    """The errno of that name or number, in all systems and Linux architectures or in one."""
    return _constants("errno", what, system)


def signals(what: str | int | None = None, system: str | None = None) -> tuple[Constant, ...]:
    """The signal of that name (with or without SIG) or number, in all systems and Linux architectures or in one."""
    if isinstance(what, str) and not what.upper().startswith("SIG"):
        what = "SIG" + what
    return _constants("signal", what, system)


def _constants(kind: str, what: str | int | None, system: str | None) -> tuple[Constant, ...]:
    column = "number" if isinstance(what, int) else "name"
    value = what.upper() if isinstance(what, str) else what
    rows = open_database().execute(
        f"SELECT * FROM {kind} WHERE ? IS NULL OR {column} = ? ORDER BY rowid", (value, value)
    )
    return tuple(Constant(*row) for row in rows if system in (None, row[0]))
