#!/usr/bin/env python3
"""Makes and checks the tables of constants in src/trapgate/calls/tables.

`tables.spec` says what a table holds: its kind, the headers, and which of their names, in
which order. Names come from the preprocessor and values from the compiler, once for every
ABI; nothing is computed here. The tables are committed, and `check` makes them again.

    tables.py generate [--headers DIR]... [TABLE]...    write the tables
    tables.py check [--headers DIR]... [TABLE]...       exit 1 if one would change
    tables.py coverage --strace DIR                     compare with a built strace

DIR holds UAPI headers as `make headers_install` writes them (`linux/`, `asm/`). The default
is $TRAPGATE_UAPI, or else the headers inside PyPI's `ziglang`. C-library names (`sys/...`)
come from the system's own headers. Must never read strace's tables to make ours.
"""

from __future__ import annotations

import argparse
import fnmatch
import importlib.util
import os
import re
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
SPEC = HERE / "tables.spec"
TABLES = HERE.parent / "src" / "trapgate" / "calls" / "tables"

ABIS = {"x86_64": "-m64", "i386": "-m32", "x32": "-mx32"}
"""The compiler's option for each ABI, the one with most names first."""

KINDS = ("enum", "flags", "indexed")

SENTINEL = re.compile(r"__|.*_MAX$")
"""Names that bound a list in a header, and are not values: a pattern never takes them."""

CC = os.environ.get("CC", "gcc")


class TablesError(Exception):
    """A line of the specification, or a header, that cannot be used; the text says which."""


# --- the specification -------------------------------------------------------------------


@dataclass(slots=True)
class Spec:
    """One table as `tables.spec` declares it."""

    name: str
    kind: str
    headers: list[str]
    take: list[str] = field(default_factory=list)
    drop: list[str] = field(default_factory=list)
    unknown: str = ""
    prefix: str = ""
    options: set[str] = field(default_factory=set)
    line: int = 0


TABLE_LINE = re.compile(r"(\w+) (enum|flags|indexed) (\S+):(.*)")
DETAIL_LINE = re.compile(r"(drop|unknown|prefix|option):(.*)")


def parse_spec(text: str) -> list[Spec]:
    """The tables that `text` declares, in its order; see the head of tables.spec.

    Raises: TablesError with the line's number for a line that is none of the known forms.
    """
    specs: list[Spec] = []
    seen: set[str] = set()
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        if line[0].isspace():
            if not specs:
                raise TablesError(f"line {number}: a continuation before any table")
            add_detail(specs[-1], line.strip())
            continue
        found = TABLE_LINE.fullmatch(line.rstrip())
        if not found:
            raise TablesError(f"line {number}: expected 'NAME KIND HEADER[,HEADER]: ITEM...'")
        name, kind, headers, items = found.groups()
        if name in seen:
            raise TablesError(f"line {number}: table {name} is declared twice")
        seen.add(name)
        specs.append(Spec(name, kind, headers.split(","), items.split(), line=number))
    return specs


def add_detail(spec: Spec, line: str) -> None:
    """Add one indented line to `spec`: a detail with its keyword, or else more items."""
    found = DETAIL_LINE.fullmatch(line)
    if not found:
        spec.take += line.split()
        return
    keyword, value = found.group(1), found.group(2).strip()
    if keyword == "drop":
        spec.drop += value.split()
    elif keyword == "option":
        spec.options |= set(value.split())
    else:
        setattr(spec, keyword, value)


# --- what headers define ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Definition:
    """A name that a header gives a value: a macro without parameters or an enumerator."""

    name: str
    text: str
    enum: int
    """Which `enum` of the header it belongs to, counted from 1; 0 for a macro."""


MARKER = re.compile(r'# \d+ "([^"]*)"')
TOKEN = re.compile(
    r"^#define (?P<macro>\w+) (?P<text>.+)$|^#.*$"
    r"|(?P<open>\benum\b[^;{}()]*\{)|(?P<name>[A-Za-z_]\w*)|(?P<mark>[{},()])",
    re.MULTILINE,
)
VALUE = re.compile(r"\s*=\s*([^,}]*)")


def own_text(preprocessed: str, header: str) -> str:
    """The lines of `gcc -E -dD` output that come from the file `header` itself.

    The C library keeps most of its constants in `bits/`: those count as the header's own.
    """
    own: list[str] = []
    inside = False
    for line in preprocessed.splitlines():
        marker = MARKER.match(line)
        if marker:
            inside = marker[1].endswith("/" + header) or "/bits/" in marker[1]
        elif inside:
            own.append(line)
    return "\n".join(own)


def parse_definitions(text: str) -> list[Definition]:
    """The macros and enumerators in the preprocessed `text` of a header, in its order."""
    found: dict[str, Definition] = {}
    enums = depth = 0
    inside = expecting = False
    for token in TOKEN.finditer(text):
        if token["macro"]:
            found.setdefault(token["macro"], Definition(token["macro"], token["text"], 0))
        elif token["open"]:
            inside = expecting = True
            enums += 1
            depth = 0
        elif token["name"]:
            if inside and expecting and not depth:
                value = VALUE.match(text, token.end())
                name = token["name"]
                found[name] = Definition(name, value[1].strip() if value else "", enums)
            expecting = False
        elif token["mark"] == "}":
            inside = False
        elif token["mark"] == ",":
            expecting = True
        elif token["mark"]:
            depth += {"(": 1, ")": -1}.get(token["mark"], 0)
    return list(found.values())


class Headers:
    """The header files: which names each defines, and what they are worth in an ABI."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self.folders = list(folders)
        self._definitions: dict[tuple[str, str], list[Definition]] = {}

    def compile(self, source: str, abi: str, *options: str) -> subprocess.CompletedProcess[str]:
        """Run the compiler on `source` (C) with these headers before the system's."""
        command = [CC, ABIS[abi], "-D_GNU_SOURCE", "-w", "-x", "c", "-"]
        for folder in self.folders:
            command += ["-isystem", str(folder)]
        return subprocess.run(
            [*command, *options], input=source, capture_output=True, text=True, check=False
        )

    def definitions(self, header: str, abi: str) -> list[Definition]:
        """What `header` (such as `linux/fs.h`) defines in `abi`.

        Raises: TablesError when it cannot be preprocessed.
        """
        key = header, abi
        if key not in self._definitions:
            ran = self.compile(include([header]), abi, "-E", "-dD")
            if ran.returncode:
                raise TablesError(f"{header}: {first_error(ran.stderr)}")
            self._definitions[key] = parse_definitions(own_text(ran.stdout, header))
        return self._definitions[key]


def include(headers: Iterable[str]) -> str:
    """C that includes `headers`, after what several of them need and do not include."""
    return "".join(f"#include <{header}>\n" for header in (*NEEDED, *headers))


NEEDED = ("stddef.h", "stdint.h", "linux/types.h")


def first_error(text: str) -> str:
    """The first error that the compiler printed, or all it printed."""
    found = re.search(r"(?:fatal )?error: .*", text)
    return found.group(0) if found else text.strip()
