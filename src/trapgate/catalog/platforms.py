# SPDX-License-Identifier: BSD-2-Clause
"""The systems and ABIs that have a table, how calls are made on them, and how their versions are called."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache

from trapgate.catalog.database import open_database
from trapgate.catalog.values import Abi, Convention
from trapgate.catalog.versions import version_key
from trapgate.model.errors import UsageError

_DLL = "its numbers are in the DLL: trapgate catalog read ntdll.dll --add --as NAME"
_LEFT_OUT = {("windows", name): f"no source whose terms allow it has 32-bit x86; {_DLL}" for name in ("x86", "i386")}
"""Why an ABI that one would look for is not packaged."""


def systems() -> tuple[str, ...]:
    """The systems that have a table, Linux first."""
    return tuple(dict.fromkeys(abi.system for abi in abis()))


@lru_cache(maxsize=16)
def abis(system: str | None = None) -> tuple[Abi, ...]:
    """The ABIs that have a table of calls, of one system or of all."""
    aliases: dict[int, list[str]] = defaultdict(list)
    for name, abi in open_database().execute("SELECT name, abi FROM alias ORDER BY name"):
        aliases[abi].append(name)
    rows = open_database().execute(
        "SELECT id, system, name, arch, bits, layer, base, version, convention, source_path FROM abi ORDER BY id"
    )
    found = []
    for key, owner, name, *details, convention, path in rows:
        if system in (None, owner):
            others = tuple(alias for alias in aliases[key] if alias != name)
            arch, bits, layer, base, version = details
            found.append(Abi(owner, name, arch, bits, layer, base, version, others, convention, path))
    return tuple(found)


def find_abi(name: str | None, system: str = "linux") -> Abi:
    """The ABI of that name or alias; the system's first one for None. `UsageError` names the nearest."""
    known = abis(check_system(system))
    if name is None:
        return known[0]
    for abi in known:
        if name == abi.name or name in abi.aliases:
            return abi
    if reason := _LEFT_OUT.get((system, name)):
        raise UsageError("ABI", f"{system} has no ABI named {name!r}", reason)
    near = closest(name, [word for abi in known for word in (abi.name, *abi.aliases)])
    hint = (
        f"did you mean {near[0]!r}?" if near else f"'trapgate abi' lists them: {', '.join(a.name for a in known[:6])} …"
    )
    raise UsageError("ABI", f"{system} has no ABI named {name!r}", hint)


def check_system(name: str) -> str:
    """`name` if it is a system with a table; otherwise `UsageError` with the nearest."""
    if name in systems():
        return name
    near = closest(name, systems())
    raise UsageError(
        "system",
        f"no system is named {name!r}",
        f"did you mean {near[0]!r}?" if near else f"there are {', '.join(systems())}",
    )


def find_version(system: str, text: str, *, first: bool = False) -> int:
    """The key of version `text`: as the system writes it, or a public name (`10.6`, `25H2`, `Windows 7`).

    A name that several versions share (`10.6` is also that of 10.6.8) means the last of them, or the `first` one.
    """
    word = text.replace("%", "").replace("_", "")
    shapes = (text, f"% {word}", f"{word}.%", f"{word} %", f"% {word} %")
    query = f"SELECT {'min' if first else 'max'}(key) FROM release WHERE system = ? AND (label = ?"
    query += " OR label LIKE ?" * (len(shapes) - 1) + ")"
    row = open_database().execute(query, (system, *shapes)).fetchone()
    named = row[0] if row else None
    if named is not None and not (system == "windows" and text.isdigit() and len(text) > 4):
        return int(named)
    if not has_history(system):
        raise UsageError(
            "version", f"the table of {system} is of one version", "leave --version, --since and --before out"
        )
    return version_key(system, text)


def newest_version(system: str) -> tuple[str, int]:
    """The newest version that any fact of a system is of, and its key; ("", 0) for one without history."""
    row = (
        open_database()
        .execute(
            "SELECT version, version_key FROM abi WHERE system = ?1 UNION ALL SELECT since, since_key FROM entry"
            " JOIN call ON call.id = call WHERE system = ?1 ORDER BY 2 DESC LIMIT 1",
            (system,),
        )
        .fetchone()
    )
    return (row[0], row[1]) if row and row[1] else ("", 0)


def version_labels(system: str) -> dict[str, str]:
    """The public names of the versions that have one: `{"xnu-1504.15.3": "10.6.8", …}`; of several the first."""
    rows = open_database().execute("SELECT version, label FROM release WHERE system = ? ORDER BY rowid DESC", (system,))
    return dict(rows)


def conventions(kind: str | None = None, system: str | None = None) -> tuple[Convention, ...]:
    """How calls are made: registers, instruction, error rule; of one kind, one system, or all."""
    rows = open_database().execute("SELECT * FROM convention ORDER BY rowid")
    return tuple(Convention(*row) for row in rows if kind in (None, row[0]) and system in (None, row[1]))


def list_conventions(abi: Abi, arch: str | None = None) -> tuple[Convention, ...]:
    """How calls are made in an ABI; where several machines share its table, all of them, the usual one first.

    With `arch` (`arm64`, `hvm`; a name that `abi` goes by) only what is of that machine: nothing where the catalogue
    does not know how it makes calls.
    """
    kinds = ("hypercall", "sbi", "smccc") if abi.layer == "hypercall" else ("syscall",)
    every = [c for c in conventions() if c.kind in kinds]
    found = [c for c in every if c.arch == abi.convention]
    # DragonFly makes its calls as FreeBSD does; the hypervisors have other names there.
    own = [c for c in found if abi.system in c.system.replace("-", "").lower()]
    own = own or (found[:1] if abi.system not in ("linux", "macos", "windows") else [])
    if not own or abi.arch:
        return tuple(own)
    own += [c for c in every if c.system == own[0].system and c not in own]
    machine = next((names for names in _MACHINES if arch in names), None)
    wanted = set(machine or (arch,))
    matching = [c for c in own if wanted & set(re.split("[ /]", c.arch.lower()))]
    return tuple(matching if matching or machine else own)


_MACHINES = (("x86_64", "amd64"), ("aarch64", "arm64"), ("i386",), ("riscv64",))
"""The names that a machine goes by."""


def has_history(system: str) -> bool:
    """Whether the tables of a system say from when to when a call exists."""
    return system in ("linux", "macos", "windows")


def closest(name: str, candidates: Iterable[str], count: int = 3) -> list[str]:
    """The candidates most like `name`: the same but for case, with it at the start, or few letters away."""
    from difflib import get_close_matches

    by_lower: dict[str, str] = {}
    for candidate in candidates:
        by_lower.setdefault(candidate.lower(), candidate)
    near = get_close_matches(name.lower(), by_lower, n=count, cutoff=0.6)
    return [by_lower[match] for match in near]
