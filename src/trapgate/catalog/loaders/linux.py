# SPDX-License-Identifier: BSD-2-Clause
"""Which of the kernel's declarations belongs to an entry of a Linux table, and what its pointers are for.

One entry point can be defined several times: per architecture, and per configuration. An architecture's
own definition comes first; among those left, the configuration of `linux_options.tsv` decides.
"""

from __future__ import annotations

import re
import sqlite3
from collections import defaultdict

from trapgate.catalog.factfile import read_facts

_WRAPPER = re.compile(r"^__sys_|^(alpha|ia64|parisc|sunos|sparc|xtensa)_|_wrapper$")
"""Entry points written in assembly around the usual one have names made from its name."""
_OFF = ("!CONFIG_POSIX_TIMERS", "!CONFIG_MMU")
"""Guards of definitions for kernels without what every usual kernel has."""


def load(database: sqlite3.Connection) -> None:
    """Fills `conditional`."""
    calls = {(row["name"],) for row in read_facts("linux_conditional").rows()}
    database.executemany("INSERT INTO conditional VALUES (?)", sorted(calls))


class SignatureChooser:
    """Chooses a declaration of `linux_signatures.tsv` for each entry."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._archs: dict[str, str] = dict(database.execute("SELECT name, arch FROM abi WHERE system = 'linux'"))
        self._declared: dict[str, list[dict[str, str]]] = defaultdict(list)
        for row in read_facts("linux_signatures").rows():
            self._declared[row["entry"]].append(row)
        self._options: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for row in read_facts("linux_options").rows():
            self._options[row["arch"]].append((row["option"], row["condition"]))
        self._directions: dict[str, dict[int, str]] = defaultdict(dict)
        for row in read_facts("linux_directions").rows():
            self._directions[row["name"]][int(row["position"])] = row["direction"]

    def choose(self, row: dict[str, str]) -> dict[str, str] | None:
        """The declaration for the entry `row` with the directions of its pointers, None if none is known."""
        arch = self._archs[row["abi"]]
        for symbol in _candidates(row):
            usable = [d for d in self._declared.get(symbol, ()) if d["arch"] in ("", arch)]
            own = [d for d in usable if d["arch"] == arch]
            # A bare prototype names no arguments; it is the last resort.
            ranked = sorted(own or usable, key=lambda d: (d["kind"] == "proto", self._excluded(d["guard"], row["abi"])))
            if ranked:
                return {**ranked[0], "arguments": self._with_directions(row["name"], ranked[0]["arguments"])}
        return None

    def _excluded(self, guard: str, abi: str) -> bool:
        """Whether the configuration of this ABI leaves the definition out."""
        chosen = {option for option, condition in self._options[self._archs[abi]] if _holds(condition, abi)}
        if any(off in guard for off in _OFF):
            return True
        if "CONFIG_ARCH_SPLIT_ARG64" in guard:
            return ("!CONFIG_ARCH_SPLIT_ARG64" in guard) == ("ARCH_SPLIT_ARG64" in chosen)
        if "CONFIG_OLD_SIGSUSPEND" in guard:
            return guard.removeprefix("CONFIG_") not in chosen
        if "CONFIG_CLONE_BACKWARDS" in guard:
            wanted = next((option for option in chosen if option.startswith("CLONE_BACKWARDS")), "")
            return _clone_order(guard) != wanted
        return False

    def _with_directions(self, name: str, arguments: str) -> str:
        """`arguments` with what is known of each pointer into the program's memory."""
        known = self._directions.get(name, {})
        parts = arguments.split("; ") if arguments else []
        for position, part in enumerate(parts, 1):
            argument = part.partition(":")[0]
            if "__user" not in part:
                continue
            if ":const " in part:
                parts[position - 1] += ":in"
            elif direction := known.get(self._reference(name, argument) or position, ""):
                parts[position - 1] += ":" + direction
        return "; ".join(parts)

    def _reference(self, name: str, argument: str) -> int | None:
        """The position of `argument` on x86_64, whose order the directions have."""
        declared = [d for d in self._declared.get(f"sys_{name}", ()) if d["arch"] in ("", "x86")]
        for row in declared:
            names = [part.partition(":")[0] for part in row["arguments"].split("; ")]
            if argument in names and not self._excluded(row["guard"], "x86_64"):
                return names.index(argument) + 1
        return None


def _candidates(row: dict[str, str]) -> list[str]:
    """The entry points under which the declaration may be found, best first."""
    names = [row["entry"], row["compat_entry"]]
    bare = [_WRAPPER.sub("", name).removeprefix("sys_") for name in (row["entry"], row["name"])]
    return [name for name in (*names, *(f"sys_{name}" for name in bare)) if name not in ("", "sys_")]


def _holds(condition: str, abi: str) -> bool:
    """Whether a condition of Kconfig holds for an ABI. x32 is served by a 64-bit kernel."""
    only = {"X86_32": "i386", "PPC32": "powerpc32", "COMPAT": "aarch64-compat32", "!64BIT": "parisc32"}
    return only.get(condition, abi) == abi


def _clone_order(guard: str) -> str:
    """The option that a definition of clone() is for; the last option named without `!` before it."""
    plain = re.sub(r"!\((?:[^()]|\([^()]*\)|\((?:[^()]|\([^()]*\))*\))*\)", "", guard)
    found = re.findall(r"CONFIG_(CLONE_BACKWARDS\d?)", plain)
    return found[-1] if found else ""
