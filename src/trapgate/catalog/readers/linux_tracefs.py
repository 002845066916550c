"""tracefs' `events/syscalls`: the names and arguments of the calls that the running kernel can trace.

    >>> from trapgate.catalog.readers import Source, read_table
    >>> text = b"name: sys_enter_close\\nformat:\\n\\tfield:int __syscall_nr;\\n\\n\\tfield:unsigned int fd;\\n"
    >>> row = read_table(Source("sys_enter_close/format", text)).rows[0]
    >>> row.name, row.arguments[0].type
    ('close', 'unsigned int')

Name the folder `events/syscalls`, tracefs itself, or one `format` file. The kernel's names are its own (`newstat` for
the call `stat`), and a format has no number.
"""

import os
import platform
import re
from pathlib import Path

from trapgate.catalog.argument import Argument
from trapgate.catalog.readers import IMPLEMENTED, MAX_ROWS, Location, ReadError, Row, Source, Table
from trapgate.catalog.readers._c import parse_parameter
from trapgate.catalog.readers._linux import ABI_OF_MACHINE

KIND = "linux-tracefs"

_FIELD = re.compile(r"\s*field:([^;]{1,300});")
_NAME = re.compile(r"name:\s*sys_enter_(\w{1,100})\s*$")
MAX_FORMAT = 1 << 16
"""The longest format file, in bytes."""


def detect(head: bytes, name: str) -> bool:
    """Whether it is a folder of tracefs that holds the calls' events, or the format of one."""
    if name.endswith("/"):
        return _find_events(Path(name)) is not None or Path(name).name in ("tracing", "syscalls")
    return head.startswith(b"name: sys_enter_")


def read(source: Source) -> Table:
    """The calls, with the arguments as the kernel declares them, in the order of their names."""
    abi = source.abi or ABI_OF_MACHINE.get(platform.machine(), "")
    if not source.folder:
        if len(source.data) > MAX_FORMAT:
            raise ReadError(source.name, f"it is longer than the {MAX_FORMAT >> 10} KiB of any format")
        return Table(KIND, source.name, (_read_format(source.name, source.read_lines(), abi),))
    events = _find_events(source.folder)
    if events is None:
        raise ReadError(source.name, "it holds no events of system calls", _hint(source.folder))
    rows = list[Row]()
    for name in sorted(os.listdir(events)):
        path = events / name / "format"
        if name.startswith("sys_enter_") and (data := _read_file(path)) is not None:
            rows.append(_read_format(str(path), data.decode("utf-8", "replace").split("\n"), abi))
        if len(rows) > MAX_ROWS:
            raise ReadError(source.name, f"it has more than {MAX_ROWS:,} rows")
    if not rows:
        raise ReadError(source.name, "its formats cannot be read", "tracefs is for root alone: run this as root")
    return Table(
        KIND, source.name, tuple(rows), ("formats have no numbers: --diff finds them by name",), platform.release()
    )


def _find_events(folder: Path) -> Path | None:
    """The folder that holds `sys_enter_*` folders: this one, or its `events/syscalls`."""
    for candidate in (folder, folder / "syscalls", folder / "events" / "syscalls"):
        try:
            if any(name.startswith("sys_enter_") for name in os.listdir(candidate)):
                return candidate
        except OSError:
            continue
    return None


def _hint(folder: Path) -> str:
    if not os.access(folder, os.R_OK | os.X_OK):
        return "tracefs is for root alone: run this as root"
    if folder.name == "tracing" and not os.listdir(folder):
        return f"mount it first: mount -t tracefs tracefs {folder}"
    return "a kernel without CONFIG_FTRACE_SYSCALLS has none; kallsyms and BTF tell its calls"


def _read_file(path: Path) -> bytes | None:
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_FORMAT + 1)
    except OSError:
        return None
    return data if len(data) <= MAX_FORMAT else None


def _read_format(file: str, lines: list[str], abi: str) -> Row:
    match = _NAME.match(lines[0])
    if not match:
        raise ReadError(file, "it does not begin with the name of an event sys_enter_…", line=1)
    arguments = list[Argument]()
    after_number = False
    for line in lines[1:]:
        if line.startswith("print fmt"):
            break
        if field := _FIELD.match(line):
            # The fields before the number are those of every event.
            if after_number:
                arguments.append(parse_parameter(field[1]))
            after_number = after_number or field[1].endswith((" __syscall_nr", " nr"))
    return Row("linux", abi, None, match[1], f"sys_{match[1]}", tuple(arguments), IMPLEMENTED, "", Location(file, 1))
