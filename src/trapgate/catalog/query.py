# SPDX-License-Identifier: BSD-2-Clause
"""Finds calls: by name or number, as tables.

Every function gives values of `trapgate.catalog.values`, read from the packaged database, and does nothing
else. An unknown system, ABI or version is a `UsageError` with the nearest ones; no call is an empty answer.

>>> find("openat", abi="x86_64")[0].id
'linux/x86_64/openat'
"""

from __future__ import annotations

import re
from dataclasses import replace

from trapgate.catalog.database import open_database, parse_arguments
from trapgate.catalog.platforms import check_system, closest, find_abi, find_version
from trapgate.catalog.values import Entry, Signature, Subcall
from trapgate.model.errors import UsageError

_ENTRY = (
    "SELECT call.system, abi.name, call.layer, number, call.name, since, after, until, status, symbol, compat_symbol,"
    " tag, evidence FROM entry JOIN call ON call.id = entry.call JOIN abi ON abi.id = entry.abi"
)
_AS_OF = (
    " AND since_key <= ? AND until_key > ?"
    # Where it is not known since when an ABI has a call, it cannot be earlier than in all the others.
    " AND (since_key > 0 OR coalesce((SELECT min(other.since_key) FROM entry AS other"
    " WHERE other.call = entry.call AND other.since_key > 0), 0) <= ?)"
)
_NUMBER = re.compile(r"0[xX][0-9a-fA-F]+|[0-9]+")


def find(
    what: str | int, *, system: str | None = None, abi: str | None = None, version: str | None = None
) -> tuple[Entry, ...]:
    """The entries of a call by name or number (`257`, `0x101`), in all ABIs unless one is given.

    Args:
        what: a name as its system writes it (case does not matter), a number as the register holds it, or an
            identifier (`linux/x86_64/openat`), which names system and ABI.
        system: one of `systems()`; all of them if None.
        abi: a name or alias, such as `amd64`; it implies Linux when no system is given.
        version: only what that version of the system has; None gives what any version had.

    Entries are in the order of their ABIs, older versions first. Empty if there is none.
    """
    if isinstance(what, str) and what.count("/") == 2:
        system, abi, what = split_id(what, system, abi)
    system = check_system(system) if system else ("linux" if abi or version else None)
    if isinstance(what, str) and _NUMBER.fullmatch(what):
        what = int(what, 0 if what[:2].lower() == "0x" else 10)
    where, values = (" WHERE number = ?", [what]) if isinstance(what, int) else (" WHERE call.name = ?", [what])
    if system:
        where, values = where + " AND call.system = ?", [*values, system]
    if abi:
        where, values = where + " AND abi.name = ?", [*values, find_abi(abi, system or "linux").name]
    if version:
        key = find_version(system or "linux", version)
        where, values = where + _AS_OF, [*values, key, key, key]
    order = " ORDER BY entry.abi, since_key, until_key, number"
    rows = open_database().execute(_ENTRY + where + order, values).fetchall()
    if not rows and isinstance(what, str):
        # The index on names knows one case; look through all only when that fails.
        lower = where.replace("call.name = ?", "call.name = ? COLLATE NOCASE")
        rows = open_database().execute(_ENTRY + lower + order, values).fetchall()
    entries = tuple(Entry(*row) for row in rows)
    return _with_old_status(entries, find_version("linux", version)) if version and system == "linux" else entries


def _with_old_status(entries: tuple[Entry, ...], key: int) -> tuple[Entry, ...]:
    """The entries as they were then: a call that answers ENOSYS since it was removed still did its work before.

    Source: syscalls(2), which tells when the code of such a call went.
    """
    removed = open_database().execute("SELECT name, removed FROM manual WHERE removed <> ''")
    working = {name for name, version in removed if find_version("linux", version) > key}
    return tuple(replace(e, status="yes") if e.status == "ni" and e.name in working else e for e in entries)


def split_id(text: str, system: str | None = None, abi: str | None = None) -> tuple[str, str, str]:
    """System, ABI and name of the identifier `text`; `UsageError` if it is not of the system and the ABI given.

    >>> split_id("linux/amd64/openat")
    ('linux', 'x86_64', 'openat')
    """
    owner, place, name = text.split("/")
    found = find_abi(place, owner)
    if system not in (None, owner) or (abi is not None and find_abi(abi, owner) != found):
        place = "/".join(filter(None, (system, abi)))
        raise UsageError("call", f"{text} is not of {place}", "leave --system and --abi out")
    return owner, found.name, name


def table(system: str = "linux", abi: str | None = None, version: str | None = None) -> tuple[Entry, ...]:
    """The table of calls of one ABI as of a version (the packaged one if None), in order of the numbers."""
    known = find_abi(abi, system)
    where = " WHERE call.system = ? AND abi.name = ?"
    # A table of the user's own has no version, and neither have its entries.
    as_of = _AS_OF.replace("?", str(find_version(system, version)) if version else "coalesce(abi.version_key, 0)")
    rows = open_database().execute(_ENTRY + where + as_of + " ORDER BY number, call.name", (system, known.name))
    entries = tuple(Entry(*row) for row in rows)
    return _with_old_status(entries, find_version(system, version)) if version and system == "linux" else entries


def history(system: str, abi: str) -> tuple[Entry, ...]:
    """Every entry an ABI ever had, in order of the numbers and then of the versions."""
    values = (system, find_abi(abi, system).name)
    rows = open_database().execute(
        _ENTRY + " WHERE call.system = ? AND abi.name = ? ORDER BY number, until_key", values
    )
    return tuple(Entry(*row) for row in rows)


def find_signature(name: str, system: str = "linux", abi: str | None = None) -> Signature | None:
    """The newest declaration of a call in one ABI, None if none is known."""
    row = (
        open_database()
        .execute(
            "SELECT arguments, returns, location, guard FROM entry JOIN call ON call.id = call JOIN abi ON"
            " abi.id = entry.abi JOIN signature ON signature.id = signature"
            " WHERE call.system = ? AND call.name = ? AND abi.name = ? ORDER BY until_key DESC LIMIT 1",
            (system, name, find_abi(abi, system).name),
        )
        .fetchone()
    )
    return Signature(parse_arguments(row[0]), *row[1:]) if row else None


def first_signatures(system: str) -> dict[str, Signature]:
    """What each call of a system takes, by its name: in the first ABI that a declaration is known for."""
    rows = open_database().execute(
        "SELECT call.name, arguments, returns, location, guard, min(entry.abi) FROM call JOIN entry ON call = call.id"
        " JOIN signature ON signature.id = signature WHERE call.system = ? GROUP BY call.name",
        (system,),
    )
    return {name: Signature(parse_arguments(text), *rest) for name, text, *rest, _ in rows}


def subcalls(call: str | None = None, system: str | None = None) -> tuple[Subcall, ...]:
    """The operations of a call that has several; of all such calls if None."""
    rows = open_database().execute("SELECT * FROM subcall WHERE ? IN ('', call) ORDER BY rowid", (call or "",))
    return tuple(Subcall(*row) for row in rows if system in (None, row[0]))


def call_names(system: str) -> tuple[str, ...]:
    """The names of all calls that any version of a system has or had, in order."""
    rows = open_database().execute("SELECT DISTINCT name FROM call WHERE system = ? ORDER BY name", (system,))
    return tuple(row[0] for row in rows)


def nearest(name: str, system: str | None = None, count: int = 5) -> tuple[str, ...]:
    """The call names most like `name`, best first; of one system, or of all."""
    rows = open_database().execute("SELECT DISTINCT name FROM call WHERE ? IN ('', system)", (system or "",))
    return tuple(closest(name, [row[0] for row in rows], count))


def names_by_entry(text: str, abi: str | None = None) -> tuple[str, ...]:
    """The Linux calls that the kernel's source knows as `text`, those of `abi` first; none for a call's own name.

    `text` is an entry point (`newstat`, `sys_newstat`, `__x64_sys_newstat`) or the macro of a number (`__NR_openat`).
    """
    plain = re.sub(r"^(__NR_|SYS_|(__\w+?_)?(compat_)?sys_)(?=\w)", "", text)
    rows = open_database().execute(
        "SELECT call.name FROM entry JOIN call ON call.id = call JOIN abi ON abi.id = entry.abi"
        " WHERE call.system = 'linux' AND call.name <> ?1 AND entry.status <> 'ni'"
        " AND (call.name = ?2 OR symbol IN (?3, ?4) OR compat_symbol IN (?3, ?4))"
        " GROUP BY call.name ORDER BY call.name <> ?2, max(abi.name = ?5) DESC, min(entry.abi)",
        (text, plain, f"sys_{plain}", f"compat_sys_{plain}", abi or ""),
    )
    return tuple(row[0] for row in rows)


def unknown_name(name: str, system: str | None = None) -> UsageError:
    """The error for a call that does not exist, with the nearest names as its hint."""
    where = f"{system} has" if system else "there is"
    return UsageError("call", f"{where} no call named {name!r}", _find_meant(name, system))


def _find_meant(name: str, system: str | None) -> str:
    """The hint for a name that no call has: what else is called so, else the nearest names of calls."""
    rows = open_database().execute("SELECT kind, shown FROM words WHERE upper(name) = ?", (name.upper(),)).fetchall()
    for kind, shown in rows:
        if kind == "subcall":
            return f"it is an operation {shown}: trapgate show {shown.removeprefix('of ')}"
        if kind != "call":
            return f"trapgate {kind} {name}"
    plain = re.sub(r"^(__NR_|SYS_|sys_|__\w+_sys_)(?=\w)", "", name)
    near = nearest(plain, system)
    return f"nearest: {', '.join(near)}" if near else f"'trapgate search {name}' looks through arguments and types too"
