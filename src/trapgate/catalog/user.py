"""The user's own tables of calls: what `trapgate catalog read --add` wrote, seen by every other command.

A table is a fact file below `$XDG_DATA_HOME/trapgate/catalog/` (`~/.local/share` by default); its name is that of an
ABI of its own, beside the packaged ones. When there is one, the catalogue is the packaged database with these tables
added, kept in the user's cache. A file of the user's that is wrong is named in an error, and never changes the package.
"""

from __future__ import annotations

import glob
import os
import re
import shutil
import sqlite3
import tempfile
import zlib

from trapgate.catalog.argument import Argument
from trapgate.catalog.database import open_database, user_folder, xdg_folder
from trapgate.catalog.factfile import list_facts, read_facts
from trapgate.catalog.readers import ABSENT, COMPAT, DECLARED, IMPLEMENTED, REMOVED, RESERVED, Table
from trapgate.model.errors import TrapgateError, UsageError

__all__ = ("add_table", "find_merged")

_FOREVER = 1 << 62
_STATUS = {IMPLEMENTED: "yes", DECLARED: "yes", COMPAT: "compat", RESERVED: "ni", ABSENT: "no-impl", REMOVED: "gone"}
"""The catalogue's word for each status of a row that was read."""
_COLUMNS = ("number", "name", "status", "entry", "guard", "arguments")
_LAYERS = {("macos", "mach"): "mach-trap", ("windows", ""): "native-api", ("xen", ""): "hypercall"}
_LABEL = re.compile(r"[A-Za-z0-9][\w.+-]{0,63}", re.ASCII)


def add_table(table: Table, label: str) -> tuple[str, int]:
    """The file that the table was written to, and how many rows it got; one of the same label is replaced.

    Rows without a number or a name are left out. Raises `UsageError` for a table of several ABIs, one without
    numbers, and a label that is no name; `TrapgateError` when the file cannot be written.
    """
    if not _LABEL.fullmatch(label):
        raise UsageError("catalog read --add", f"{label!r} is no name for a table", "--as NAME gives one")
    kept = [row for row in table.rows if row.number is not None and row.name]
    abis = sorted({row.abi for row in kept})
    if not kept:
        raise UsageError(
            "catalog read --add", "the table has no numbers", "add a source that has: a .tbl, unistd.h, a PE file"
        )
    if len(abis) > 1:
        raise UsageError(
            "catalog read --add", f"the table is of {len(abis)} ABIs", f"--abi names one of {', '.join(abis)}"
        )
    system = kept[0].system
    path = os.path.join(user_folder(), f"{label}.tsv")
    if not os.path.exists(path) and _is_taken(system, label):
        raise UsageError("catalog read --add", f"{label} is an ABI of the catalogue already", "--as gives another name")
    header = {
        "source": os.path.abspath(table.source),
        "version": table.version or "not stated",
        "licence": "the user's own table",
        "system": system,
        "abi": abis[0],
        "layer": _LAYERS.get((system, abis[0]), _LAYERS.get((system, ""), "syscall")),
    }
    lines = [f"# {key}: {_one_line(value)}" for key, value in header.items()]
    lines.append("\t".join(_COLUMNS))
    for row in kept:
        cells = (
            str(row.number),
            row.name,
            _STATUS[row.status],
            row.entry,
            row.condition,
            _format_arguments(row.arguments),
        )
        lines.append("\t".join(_one_line(cell) for cell in cells))
    _write(path, "\n".join(lines) + "\n")
    return path, len(kept)


def _is_taken(system: str, label: str) -> bool:
    query = "SELECT 1 FROM alias WHERE system = ? AND name = ?"
    return open_database().execute(query, (system, label)).fetchone() is not None


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _format_arguments(arguments: tuple[Argument, ...] | None) -> str:
    """As in the fact files; `?` for arguments that are not known."""
    if arguments is None:
        return "?"
    return "; ".join(_format_argument(argument) for argument in arguments)


def _format_argument(argument: Argument) -> str:
    c_type = argument.type.replace(";", ",").replace(":", " ")
    if argument.user and not argument.direction:
        c_type = c_type.replace("*", "__user *", 1) if "*" in c_type else f"{c_type} __user"
    direction = f":{argument.direction}{'?' if argument.optional else ''}" if argument.direction else ""
    return f"{argument.name}:{c_type}{direction}"


def _write(path: str, text: str) -> None:
    """Writes beside the file and renames, so that another command never reads half a table."""
    folder = os.path.dirname(path)
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=".table-", dir=folder)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(temporary, path)
    except OSError as error:
        raise TrapgateError(path, error.strerror or str(error)) from None


def find_merged(packaged: str) -> str:
    """The database of the packaged catalogue with the user's tables; `packaged` itself when there are none."""
    folder = user_folder()
    names = list_facts(folder)
    if not names:
        return packaged
    # The name changes with each file, so that a cache is never older than what it was made of.
    files = [packaged, *(os.path.join(folder, f"{name}.tsv") for name in names)]
    stamp = zlib.crc32(repr([(file, os.stat(file).st_mtime_ns, os.stat(file).st_size) for file in files]).encode())
    path = os.path.join(xdg_folder("CACHE", ".cache"), f"catalog-user-{stamp:08x}.sqlite")
    if not os.path.exists(path):
        _merge(packaged, folder, path)
    return path


def _merge(packaged: str, folder: str, path: str) -> None:
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix=".catalog-", dir=os.path.dirname(path))
    os.close(handle)
    try:
        shutil.copyfile(packaged, temporary)
        database = sqlite3.connect(temporary)
        try:
            for name in list_facts(folder):
                _load(database, name, folder)
            database.commit()
        finally:
            database.close()
        for older in glob.glob(os.path.join(os.path.dirname(path), "catalog-user-*.sqlite")):
            os.unlink(older)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def _load(database: sqlite3.Connection, name: str, folder: str) -> None:
    """Adds one table of the user's as an ABI of that name."""
    facts = read_facts(name, folder)
    system, layer = facts.header.get("system", ""), facts.header.get("layer", "syscall")
    if facts.columns != _COLUMNS or not system:
        raise TrapgateError(
            os.path.join(folder, name + ".tsv"), "it is no table that 'trapgate catalog read --add' wrote", "remove it"
        )
    # What the table does not say of itself is as with the packaged ABI it is like, or the system's first one.
    arch, bits, version, key, convention = database.execute(
        "SELECT arch, bits, version, version_key, convention FROM abi WHERE system = ?"
        " ORDER BY id IN (SELECT abi FROM alias WHERE system = ? AND name = ?) DESC, id LIMIT 1",
        (system, system, facts.header.get("abi", "")),
    ).fetchone() or ("", 64, "", 0, "")
    machine = facts.header.get("abi", "")
    own = (
        "SELECT 1 FROM convention WHERE system = ?1 AND arch = ?2 AND NOT EXISTS (SELECT 1 FROM alias WHERE system = ?1"
    )
    if database.execute(own + " AND name = ?2)", (system, machine)).fetchone():
        arch, bits, convention = machine, 32, machine  # 32-bit Windows: no packaged table is of it, a convention is
    abi = database.execute(
        "INSERT INTO abi VALUES (NULL, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?)",
        (system, name, arch, bits, layer, version, key, convention, facts.header["source"]),
    ).lastrowid
    database.execute("INSERT OR REPLACE INTO alias VALUES (?, ?, ?)", (system, name, abi))
    for line, row in enumerate(facts.rows(), len(facts.header) + 2):
        if not re.fullmatch(r"\d{1,18}", row["number"], re.ASCII):
            raise TrapgateError(
                f"{os.path.join(folder, name)}.tsv:{line}", f"{row['number']!r} is no number", "remove the file"
            )
        _load_row(database, system, layer, abi, row)


def _load_row(database: sqlite3.Connection, system: str, layer: str, abi: int | None, row: dict[str, str]) -> None:
    key = (system, layer, row["name"])
    database.execute("INSERT OR IGNORE INTO call VALUES (NULL, ?, ?, ?)", key)
    (call,) = database.execute("SELECT id FROM call WHERE system = ? AND layer = ? AND name = ?", key).fetchone()
    signature = None
    if row["arguments"] != "?":
        values = (row["arguments"], "", "", row["guard"])
        signature = database.execute("INSERT INTO signature VALUES (NULL, ?, ?, ?, ?)", values).lastrowid
    database.execute(
        "INSERT INTO entry VALUES (?, ?, ?, NULL, 0, NULL, NULL, ?, ?, ?, '', '', ?, ?)",
        (call, abi, int(row["number"]), _FOREVER, row["status"], row["entry"], "the user's own table", signature),
    )
