#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
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
import importlib.util
import os
import re
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path

HERE = Path(__file__).resolve().parent
SPEC = HERE / "tables.spec"
TABLES = HERE.parent / "src" / "trapgate" / "calls" / "tables"

ABIS = {"x86_64": "-m64", "i386": "-m32"}
"""The compiler's option for each ABI that is compiled for."""

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
    prefix: str = ""
    unknown: str = ""
    shape: str = "{}"
    """How a label is made of a name: a C expression, such as `1<<{}`."""
    value: str = ""
    """The C expression for the value of a name, where it is not the label itself."""
    order: str = ""
    line: int = 0


SECTION_LINE = re.compile(r"\[(\S+(?: \S+)*)\]")
TABLE_LINE = re.compile(r"(\w+) (enum|flags|indexed):(.*)")
DETAIL_LINE = re.compile(r"(drop|prefix|unknown|shape|value|order): *(.*)")


def parse_spec(text: str) -> list[Spec]:
    """The tables that `text` declares, in its order; the head of tables.spec has the grammar.

    Raises: TablesError with the line's number for a line that is none of the known forms.
    """
    specs: list[Spec] = []
    headers: list[str] = []
    seen: set[str] = set()
    for number, line in enumerate(text.splitlines(), 1):
        line = line.rstrip()
        if not line or line.startswith("#"):
            continue
        section, table = SECTION_LINE.fullmatch(line), TABLE_LINE.fullmatch(line)
        if section:
            headers = section[1].split()
        elif table:
            if table[1] in seen:
                raise TablesError(f"line {number}: table {table[1]} is declared twice")
            seen.add(table[1])
            specs.append(Spec(table[1], table[2], headers, table[3].split(), line=number))
        elif line[0].isspace() and specs:
            add_detail(specs[-1], line.strip())
        else:
            raise TablesError(f"line {number}: not a section, a table or a detail of one: {line}")
    return specs


def add_detail(spec: Spec, line: str) -> None:
    """Add one indented line to `spec`: a detail with its keyword, or else more items."""
    found = DETAIL_LINE.fullmatch(line)
    if not found:
        spec.take += line.split()
    elif found[1] == "drop":
        spec.drop += found[2].split()
    else:
        setattr(spec, found[1], found[2])


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


def own_text(preprocessed: str, header: str, parts: str) -> str:
    """The lines of `gcc -E -dD` output that come from the file `header` itself.

    Files whose path contains `parts` (if not empty) count as the header's own.
    """
    own: list[str] = []
    inside = False
    for line in preprocessed.splitlines():
        marker = MARKER.match(line)
        if marker:
            inside = marker[1].endswith("/" + header) or bool(parts and parts in marker[1])
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
        self._includes: dict[tuple[str, str], str] = {}
        self._definitions: dict[tuple[str, str], list[Definition]] = {}

    def holds(self, header: str) -> bool:
        """Whether `header` is in these folders, rather than among the C library's."""
        return any((folder / header).exists() for folder in self.folders)

    def version(self) -> str:
        """The kernel release the headers are of, such as `7.2`; empty if they do not say."""
        for folder in self.folders:
            path = folder / "linux" / "version.h"
            found = re.search(r"VERSION_CODE (\d+)", path.read_text()) if path.exists() else None
            if found:
                return f"{int(found[1]) >> 16}.{int(found[1]) >> 8 & 0xFF}"
        return ""

    def compile(self, source: str, abi: str, *options: str) -> subprocess.CompletedProcess[str]:
        """Run the compiler on `source` (C) with these headers before the system's."""
        command = [CC, ABIS[abi], "-D_GNU_SOURCE", "-x", "c", "-"]
        for folder in self.folders:
            command += ["-isystem", str(folder)]
        return subprocess.run([*command, *options], input=source, capture_output=True, text=True, check=False)

    def include(self, header: str, abi: str) -> str:
        """C that includes `header`, and before it what makes it compile.

        Raises: TablesError when nothing does.
        """
        if not is_readable(header):
            return PRELUDES[0]
        key = header, abi
        for prelude in () if key in self._includes else PRELUDES:
            source = f"{prelude}#include <{header}>\n"
            ran = self.compile(source, abi, "-fsyntax-only")
            if ran.returncode == 0:
                self._includes[key] = source
                break
        if key not in self._includes:
            raise TablesError(f"{header}: {first_error(ran.stderr)}")
        return self._includes[key]

    def definitions(self, header: str, abi: str) -> list[Definition]:
        """What `header` (such as `linux/fs.h`) defines in `abi`.

        Raises: TablesError when it cannot be preprocessed.
        """
        key = header, abi
        if key not in self._definitions:
            ran = self.compile(self.include(header, abi), abi, "-E", "-dD")
            # The C library keeps most of a header's constants in files under bits/.
            parts = "" if self.holds(header) else "/bits/"
            self._definitions[key] = parse_definitions(own_text(ran.stdout, header, parts))
        return self._definitions[key]


PRELUDES = (
    "#include <stddef.h>\n#include <stdint.h>\n#include <linux/types.h>\n",
    "#include <stddef.h>\n#include <stdint.h>\n#include <sys/socket.h>\n",
    "#include <stddef.h>\n#include <stdint.h>\n#include <signal.h>\n#include <sys/time.h>\n",
)
"""What a header may need first and not include; no one of these suits them all."""


def first_error(text: str) -> str:
    """The first error that the compiler printed, or all it printed."""
    found = re.search(r"(?:fatal )?error: .*", text)
    return found.group(0) if found else text.strip()


# --- which names a table takes --------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Wanted:
    """One entry to be: what is printed, and the C expression and header that give its value."""

    label: str
    expression: str
    header: str
    text: str = ""
    """The right side of its definition, which tells the base people write it in."""


def select(spec: Spec, headers: Headers, abi: str) -> list[Wanted]:
    """The entries of `spec` in `abi`, in the order they print."""
    defined = list(defined_by(spec, headers, abi).values())
    taken: dict[str, Wanted] = {}
    for item in spec.take:
        if is_stated(item):
            name, value = item.split("=", 1)
            worth = expression_of(spec, f"({value})")
            taken[name] = Wanted(spec.shape.format(name), worth, spec.headers[0], value)
            continue
        for name, header, text in expand(item, defined):
            if name not in taken and name not in spec.drop:
                worth = expression_of(spec, name)
                taken[name] = Wanted(spec.shape.format(name), worth, header, text)
    return list(taken.values())


def expression_of(spec: Spec, name: str) -> str:
    """The C expression for the value of `name` in the table `spec`."""
    return (spec.value or spec.shape).format(name)


def defined_by(spec: Spec, headers: Headers, abi: str) -> dict[str, tuple[Definition, str]]:
    """What the headers of `spec` define, by name, with the header that does."""
    found: dict[str, tuple[Definition, str]] = {}
    for header in spec.headers:
        if is_readable(header):
            for definition in headers.definitions(header, abi):
                found.setdefault(definition.name, (definition, header))
    return found


def is_stated(item: str) -> bool:
    """Whether `item` is NAME=VALUE."""
    return re.fullmatch(r"[^=]+=[^=]+", item) is not None


def is_readable(header: str) -> bool:
    """Whether a section's header is one user space has, rather than the kernel's own file."""
    return not header.startswith(("include/", "arch/", "fs/", "net/", "drivers/", "kernel/"))


def expand(item: str, defined: list[tuple[Definition, str]]) -> Iterator[tuple[str, str, str]]:
    """The (name, header, text) that `item` stands for, in the order of the headers."""
    plain = [pair for pair in defined if not SENTINEL.match(pair[0].name)]
    names = [pair[0].name for pair in plain]
    if item.endswith("*"):
        chosen = [pair for pair in plain if pair[0].name.startswith(item[:-1])]
    elif ".." in item:
        first, last = item.split("..")
        if first not in names or last not in names:
            return
        chosen = plain[names.index(first) : names.index(last) + 1]
    elif item.startswith("{"):
        owner = [pair for pair in plain if pair[0].name == item[1:-1]]
        chosen = [pair for pair in plain if owner and (pair[0].enum, pair[1]) == (owner[0][0].enum, owner[0][1])]
    else:
        word = re.search(r"[A-Za-z_]\w*", item)
        chosen = [pair for pair in defined if word and pair[0].name == word[0]]
        if chosen:
            yield item, chosen[0][1], chosen[0][0].text
        return
    for definition, header in chosen:
        yield definition.name, header, definition.text


# --- what the names are worth ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Value:
    """The value of an expression in one ABI, and the C type it has there."""

    bits: int
    """As the compiler stores it, extended to 64 bits."""
    size: int
    is_signed: bool

    def number(self, kind: str) -> int:
        """The value to write: signed for an enum of a signed type, unsigned for flags."""
        bits = self.bits & ((1 << (8 * self.size)) - 1)
        if kind != "flags" and self.is_signed and bits >> (8 * self.size - 1):
            return bits - (1 << (8 * self.size))
        return bits


def evaluate(headers: Headers, header: str, expressions: Sequence[str], abi: str) -> dict[str, Value]:
    """The values in `abi` of those `expressions` that are integer constants after `header`.

    The compiler names the lines it cannot accept; they are left out and the rest is tried
    again, so one macro that is no constant does not hide the others.
    """
    left = list(dict.fromkeys(expressions))
    while left:
        start = headers.include(header, abi) + (
            '__attribute__((section("tables"))) const unsigned long long values[][2] = {\n'
        )
        lines = "".join(f"{value_line(widen(expression))}\n" for expression in left)
        with tempfile.TemporaryDirectory() as folder:
            output = Path(folder) / "values.o"
            ran = headers.compile(start + lines + "};\n", abi, "-Werror=int-conversion", "-c", "-o", str(output))
            if ran.returncode == 0:
                return dict(zip(left, read_values(output), strict=True))
        bad = error_lines(ran.stderr, start.count("\n"))
        if not bad:
            raise TablesError(f"{header}: {first_error(ran.stderr)}")
        left = [expression for number, expression in enumerate(left) if number not in bad]
    return {}


def value_line(expression: str) -> str:
    """The C initialiser of an expression's value, and of its size and signedness.

    Spelt out, because the compiler would place an error inside a macro at the macro's line.
    """
    typed = f"(({expression}) + 0)"
    return f"{{({expression}), sizeof{typed} | ((__typeof__{typed})-1 < 0) << 8}},"


def widen(expression: str) -> str:
    """`expression` with a shifted 1 made 64 bits wide: a label's `1<<40` means just that."""
    return re.sub(r"^1<<", "1ULL<<", expression)


def error_lines(errors: str, before: int) -> set[int]:
    """Which lines after the first `before` ones of standard input the compiler refused."""
    numbers = (int(number) for number in re.findall(r"<stdin>:(\d+):\d+: error", errors))
    return {number - before - 1 for number in numbers if number > before}


def read_values(path: Path) -> list[Value]:
    """The values in the section `tables` of the object file `path`."""
    raw = path.with_suffix(".raw")
    command = ["objcopy", "-O", "binary", "-j", "tables", str(path), str(raw)]
    subprocess.run(command, check=True)
    return [Value(bits, kind & 0xFF, bool(kind >> 8)) for bits, kind in struct.iter_unpack("<QQ", raw.read_bytes())]


# --- a table ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a table. `abis` is empty when the line holds for every ABI."""

    label: str
    value: int
    abis: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table as it is written, and the specification it follows."""

    spec: Spec
    entries: list[Entry]
    is_complete: bool


SAME_AS = {"x86_64": ("x86_64", "x32"), "i386": ("i386",)}
"""The ABIs that share each compiled one's constants: x32 uses the 64-bit headers' values."""


def make_tables(specs: Sequence[Spec], headers: Headers) -> Iterator[Table]:
    """Each table of `specs`, its values compiled with `headers`.

    Raises: TablesError for a header that cannot be read or an item that gives nothing.
    """
    wanted = {abi: {spec.name: select(spec, headers, abi) for spec in specs} for abi in ABIS}
    jobs: dict[tuple[str, str], list[str]] = {}
    for abi, tables in wanted.items():
        for entries in tables.values():
            for entry in entries:
                jobs.setdefault((entry.header, abi), []).append(entry.expression)

    def run(job: tuple[str, str]) -> dict[str, Value]:
        return evaluate(headers, job[0], jobs[job], job[1])

    with ThreadPoolExecutor(2) as pool:
        values = dict(zip(jobs, pool.map(run, jobs), strict=True))
    wrong: list[str] = []
    for spec in specs:
        per_abi = {abi: tables[spec.name] for abi, tables in wanted.items()}
        try:
            yield make_table(spec, per_abi, values, headers)
        except TablesError as error:
            wrong.append(str(error))
    if wrong:
        raise TablesError("\n".join(wrong))


def make_table(
    spec: Spec,
    wanted: dict[str, list[Wanted]],
    values: dict[tuple[str, str], dict[str, Value]],
    headers: Headers,
) -> Table:
    """The table of `spec` from what each ABI takes and what that is worth there."""
    worth: dict[str, dict[str, int]] = {}
    texts: dict[str, str] = {}
    for abi, entries in wanted.items():
        for entry in entries:
            value = values[entry.header, abi].get(entry.expression)
            if value is not None:
                worth.setdefault(entry.label, {})[abi] = value.number(spec.kind)
                texts.setdefault(entry.label, entry.text)
            elif entry.label in (spec.shape.format(item) for item in spec.take):
                raise TablesError(f"{spec.name}: {entry.label} is no constant in {entry.header}")
    check_items(spec, headers)
    if not worth:
        raise TablesError(f"line {spec.line}: {spec.name} is empty")
    made = [
        Entry(label, value, abis, texts[label])
        for label, by_abi in worth.items()
        for value, abis in split_by_value(by_abi)
    ]
    if spec.order == "value":
        made.sort(key=lambda entry: entry.value)
    return Table(spec, made, is_complete(spec, worth, headers))


def check_items(spec: Spec, headers: Headers) -> None:
    """Refuse an item that takes nothing in any ABI: a misspelt or a removed name."""
    for item in spec.take:
        if is_stated(item):
            continue
        found = (expand(item, list(defined_by(spec, headers, abi).values())) for abi in ABIS)
        if not any(True for names in found for _ in names):
            raise TablesError(f"line {spec.line}: {spec.name}: no header defines {item}")


def split_by_value(by_abi: dict[str, int]) -> Iterator[tuple[int, tuple[str, ...]]]:
    """The values in `by_abi`, each with the ABIs that have it: none when all have the same."""
    if len(by_abi) == len(ABIS) and len(set(by_abi.values())) == 1:
        yield next(iter(by_abi.values())), ()
        return
    for value in dict.fromkeys(by_abi.values()):
        having = [abi for abi, own in by_abi.items() if own == value]
        yield value, tuple(name for abi in having for name in SAME_AS[abi])


def is_complete(spec: Spec, worth: dict[str, dict[str, int]], headers: Headers) -> bool:
    """Whether no name with the table's prefix in its headers is left out, except on purpose."""
    prefix = prefix_of(spec, list(worth))
    if not prefix:
        return False
    taken = {word for label in worth for word in re.findall(r"[A-Za-z_]\w*", label)}
    defined = defined_by(spec, headers, "x86_64")
    return bool(defined) and all(
        name in taken or name in spec.drop or SENTINEL.match(name) for name in defined if name.startswith(prefix)
    )


def prefix_of(spec: Spec, labels: Sequence[str]) -> str:
    """What the names of the table begin with, up to an underscore; empty if nothing."""
    if spec.prefix:
        return spec.prefix
    words = [word[0] for label in labels if (word := re.search(r"[A-Za-z_]\w*", label))]
    same = takewhile(lambda pair: pair[0] == pair[1], zip(min(words), max(words), strict=False))
    common = "".join(letter for letter, _ in same)
    return common[: common.rfind("_") + 1]


# --- the files -------------------------------------------------------------------------------


def render_table(table: Table, headers: Headers) -> str:
    """The text of a table file: the header lines, then a line for every entry."""
    spec = table.spec
    prefix = prefix_of(spec, [entry.label for entry in table.entries])
    unknown = spec.unknown or (f"{prefix}???" if prefix else "")
    lines = [f"# source: {', '.join(source_of(header, headers) for header in spec.headers)}"]
    lines.append(f"# kind: {spec.kind}")
    if prefix:
        lines.append(f"# prefix: {prefix}")
    lines.append(f"# complete: {'yes' if table.is_complete else 'no'}")
    if unknown and unknown != "none":
        lines.append(f"# unknown: {unknown}")
    write = number_format(table)
    for entry in table.entries:
        abis = f" {','.join(entry.abis)}" if entry.abis else ""
        lines.append(f"{entry.label} {write(entry.value)}{abis}")
    return "\n".join(lines) + "\n"


def source_of(header: str, headers: Headers) -> str:
    """Where the kernel or the C library keeps `header`."""
    if is_readable(header) and not headers.holds(header):
        return f"{header} (C library)"
    if is_readable(header):
        top = "arch/x86/include/uapi" if header.startswith("asm/") else "include/uapi"
        header = f"{top}/{header}"
    return f"{header} (Linux {headers.version()})"


def number_format(table: Table) -> Callable[[int], str]:
    """How the table writes numbers: in the base in which its headers write most of them."""
    literals = [
        literal for entry in table.entries for literal in re.findall(r"(?<![\w.])0[xX]?[0-9a-fA-F]+", entry.text)
    ]
    hexes = sum(literal[1] in "xX" for literal in literals)
    octals = len(literals) - hexes
    if octals > hexes and 2 * octals >= len(table.entries):
        return lambda value: f"{value:#o}" if value >= 0 else str(value)
    if table.spec.kind == "flags" or 2 * hexes >= len(table.entries):
        return lambda value: f"{value:#x}" if value >= 0 else str(value)
    return str


def default_folders() -> list[Path]:
    """The UAPI headers to use when none are named: $TRAPGATE_UAPI, or those of `ziglang`."""
    named = os.environ.get("TRAPGATE_UAPI")
    if named:
        return [Path(part) for part in named.split(os.pathsep)]
    found = importlib.util.find_spec("ziglang")
    if found is None or found.origin is None:
        return []
    folder = Path(found.origin).parent / "lib" / "libc" / "include"
    return [folder / "x86-linux-any", folder / "any-linux-any"]


def generate(specs: Sequence[Spec], headers: Headers, folder: Path) -> list[Path]:
    """Write the tables of `specs` into `folder`; the paths of those whose text changed."""
    changed: list[Path] = []
    for table in make_tables(specs, headers):
        path = folder / f"{table.spec.name}.txt"
        text = render_table(table, headers)
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
            changed.append(path)
    return changed


def check(specs: Sequence[Spec], headers: Headers, folder: Path) -> list[str]:
    """What is wrong with the tables in `folder`: one line for each that is not as made."""
    wrong: list[str] = []
    for table in make_tables(specs, headers):
        path = folder / f"{table.spec.name}.txt"
        if not path.exists():
            wrong.append(f"{path.name}: missing")
        elif path.read_text() != render_table(table, headers):
            wrong.append(f"{path.name}: not what the headers of Linux {headers.version()} give")
    return wrong


# --- comparing with strace -------------------------------------------------------------------


def read_table(path: Path) -> list[Entry]:
    """The entries of a table file."""
    entries: list[Entry] = []
    for line in path.read_text().splitlines():
        if line and not line.startswith("#"):
            label, value, *abis = line.split()
            entries.append(Entry(label, int(value, 0), tuple(abis[0].split(",")) if abis else (), ""))
    return entries


class Elf:
    """As much of a position-independent x86-64 ELF file as its constant tables need."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        (table,) = struct.unpack_from("<Q", data, 40)
        size, count, names = struct.unpack_from("<HHH", data, 58)
        fields = [struct.unpack_from("<IIQQQQIIQQ", data, table + number * size) for number in range(count)]
        self.sections = fields
        self.by_name = {self.text(fields[names][4] + section[0]): section for section in fields}

    def text(self, offset: int) -> str:
        """The NUL-terminated string at a file offset."""
        return self.data[offset : self.data.index(b"\0", offset)].decode()

    def offset(self, address: int) -> int:
        """The file offset of a loaded address."""
        for section in self.sections:
            start, place, size = section[3], section[4], section[5]
            if start and section[1] != 8 and start <= address < start + size:
                return int(place + address - start)
        raise TablesError(f"no section holds address {address:#x}")

    def relocations(self) -> dict[int, int]:
        """Where the loader writes an address of the file itself, and which."""
        section = self.by_name[".rela.dyn"]
        raw = self.data[section[4] : section[4] + section[5]]
        return {
            place: addend
            for place, info, addend in struct.iter_unpack("<QQq", raw)
            if info & 0xFFFFFFFF == 8  # R_X86_64_RELATIVE
        }

    def symbols(self) -> Iterator[tuple[str, int, int]]:
        """Every symbol's (name, address, size)."""
        section = self.by_name[".symtab"]
        strings = self.sections[section[6]][4]
        raw = self.data[section[4] : section[4] + section[5]]
        for name, _, _, _, address, size in struct.iter_unpack("<IBBHQQ", raw):
            yield self.text(strings + name), address, size


def read_strace(path: Path) -> dict[str, list[tuple[str, int]]]:
    """The (label, value) pairs of each constant table in a built, unstripped strace."""
    elf = Elf(path.read_bytes())
    pointers = elf.relocations()
    tables: dict[str, list[tuple[str, int]]] = {}
    for symbol, address, size in elf.symbols():
        if not symbol.endswith("_xdata") or not size:
            continue
        pairs = tables.setdefault(symbol.removesuffix("_xdata"), [])
        for place in range(address, address + size, 16):
            if place + 8 in pointers:
                (value,) = struct.unpack_from("<Q", elf.data, elf.offset(place))
                pairs.append((elf.text(elf.offset(pointers[place + 8])), value))
    return tables


def same_text(ours: list[tuple[str, int]], theirs: list[tuple[str, int]], kind: str) -> bool:
    """Whether both tables print every value they know, and every set of flags, alike."""

    def first_labels(pairs: list[tuple[str, int]]) -> dict[int, str]:
        found: dict[int, str] = {}
        for label, value in pairs:
            found.setdefault(value & 0xFFFFFFFFFFFFFFFF if value >= 0 else value, label)
        return found

    mine, other = first_labels(ours), first_labels(theirs)
    if kind != "flags":
        return mine == other
    return list(mine.items()) == list(other.items())


def coverage(specs: Sequence[Spec], strace: Path, folder: Path) -> Iterator[str]:
    """A line for each table of `strace`: how many of its constants ours has, and if it prints alike."""
    kinds = {spec.name: spec.kind for spec in specs}
    total = have = alike = 0
    tables = read_strace(strace)
    for name, theirs in sorted(tables.items()):
        path = folder / f"{name}.txt"
        mine = (
            [(entry.label, entry.value) for entry in read_table(path) if not entry.abis or "x86_64" in entry.abis]
            if path.exists()
            else []
        )
        signed = {value for _, value in mine if value < 0}
        pairs = [(label, as_signed(value, signed)) for label, value in theirs]
        common = len(set(mine) & set(pairs))
        same = same_text(mine, pairs, kinds.get(name, "enum"))
        total, have, alike = total + len(set(pairs)), have + common, alike + same
        yield f"{name}\t{common}/{len(set(pairs))}\t{'same' if same else 'differs'}"
    yield f"# constants {have}/{total}, tables that print alike {alike}/{len(tables)}"


def as_signed(value: int, signed: set[int]) -> int:
    """`value`, as a negative one if our table has that: strace stores 32 or 64 unsigned bits."""
    for bits in (32, 64):
        if value - (1 << bits) in signed:
            return value - (1 << bits)
    return value


# --- the command -----------------------------------------------------------------------------


def parse_arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line as a namespace."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    verbs = parser.add_subparsers(dest="verb", required=True)
    for verb in ("generate", "check"):
        made = verbs.add_parser(verb)
        made.add_argument("--headers", action="append", type=Path, metavar="DIR")
        made.add_argument("--folder", type=Path, default=TABLES)
        made.add_argument("names", nargs="*", metavar="TABLE")
    compared = verbs.add_parser("coverage")
    compared.add_argument("--strace", type=Path, required=True, metavar="DIR")
    compared.add_argument("--folder", type=Path, default=TABLES)
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line asks; the exit status."""
    options = parse_arguments(arguments)
    specs = parse_spec(SPEC.read_text())
    if options.verb == "coverage":
        print("\n".join(coverage(specs, options.strace / "src" / "strace", options.folder)))
        return 0
    headers = Headers(options.headers or default_folders())
    if not headers.version():
        raise TablesError("no UAPI headers: name a folder with --headers, or install ziglang")
    if options.names:
        specs = [spec for spec in specs if spec.name in options.names]
    if options.verb == "generate":
        for path in generate(specs, headers, options.folder):
            print(path.name)
        return 0
    wrong = check(specs, headers, options.folder)
    print("\n".join(wrong) or f"{len(specs)} tables are what the headers give")
    return 1 if wrong else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (TablesError, OSError) as error:
        print(f"tables: error: {error}", file=sys.stderr)
        sys.exit(1)
