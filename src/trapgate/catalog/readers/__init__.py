"""Tables of calls read from a file or folder: one module of this folder is one kind of source.

>>> table = read_table(Source("syscall_64.tbl", b"0 common read sys_read\\n"), kind="linux-tbl", abi="x86_64")
>>> table.rows[0].name, table.rows[0].number
('read', 0)

A reader defines `KIND`, `detect(head, name) -> bool` and `read(source) -> Table`; a name that starts with `_`
is shared by readers. Input is hostile: sizes are bounded, and a reader raises `ReadError` and nothing else.
Readers know nothing of the packaged catalogue, and never run what they read.
"""

import os
import stat
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from trapgate.catalog.argument import Argument
from trapgate.model.errors import TrapgateError, UsageError

__all__ = (
    "Argument",
    "Location",
    "ReadError",
    "Row",
    "Source",
    "Table",
    "find_kinds",
    "open_source",
    "read_path",
    "read_table",
)

MAX_BYTES = 64 << 20
"""The largest input that is read: the symbols of a large kernel are 20 MB, its BTF 10 MB."""
MAX_ROWS = 1 << 17
"""The most rows of one table: all ABIs of Linux together have 14,000."""
MAX_LINES = 1 << 21
"""The most lines of a text: the symbols of a kernel with all its modules are half a million."""
MAX_LINE = 1 << 15
"""The longest line, in characters."""
HEAD_BYTES = 1 << 20
"""How much of a file `detect` may look at."""

IMPLEMENTED = "implemented"
"""Status: the source has code for the call."""
DECLARED = "declared"
"""Status: the source gives the call's prototype, and does not say whether there is code."""
RESERVED = "reserved"
"""Status: the number is kept for a call, and answers ENOSYS."""
REMOVED = "removed"
"""Status: the number was that of a call which is gone."""
COMPAT = "compat"
"""Status: an older form of a call, kept for old programs and often a matter of configuration."""
ABSENT = "absent"
"""Status: known to this kernel, and left out when it was configured."""


@dataclass(frozen=True, slots=True)
class Location:
    """Where a row was read: a line of a text, or a byte offset of a binary."""

    file: str
    line: int | None = None
    """Counted from 1."""
    offset: int | None = None
    """In bytes from the start of the file."""

    def __str__(self) -> str:
        if self.line is not None:
            return f"{self.file}:{self.line}"
        return self.file if self.offset is None else f"{self.file}+{self.offset:#x}"


@dataclass(frozen=True, slots=True)
class Row:
    """One call, as one source gives it."""

    system: str
    abi: str
    """The catalogue's word for the ABI; empty when the source does not say."""
    number: int | None
    """What the program puts into the register; None where the source has no numbers."""
    name: str
    """Empty for a number that has no call."""
    entry: str
    """The symbol that handles the call, empty when unknown."""
    arguments: tuple[Argument, ...] | None
    """None where the source gives no arguments."""
    status: str
    condition: str
    """The preprocessor's condition or configuration under which the row holds; empty for always."""
    location: Location


@dataclass(frozen=True, slots=True)
class Table:
    """What a reader gives back: rows in the order of the source, and what a person should know of them."""

    kind: str
    source: str
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    version: str = ""
    """The version the source states of itself, empty if it does not."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file's name and bytes, or a folder, with what the user said about it."""

    name: str
    """The path as the user wrote it; it is printed in errors and used to tell the ABI."""
    data: bytes = b""
    folder: Path | None = None
    abi: str = ""
    """The ABI the user named."""
    defines: Mapping[str, int] = field(default_factory=dict)
    """Values of macros that the file uses and does not define."""

    def read_lines(self) -> list[str]:
        """The lines of the text; bytes that are no UTF-8 become U+FFFD, and `\\r\\n` is one line end.

        Raises `ReadError` for a line or a count of lines that no such file has.
        """
        if self.folder:
            raise ReadError(self.name, "it is a folder", "name a file in it")
        if self.data.count(b"\n") > MAX_LINES:
            raise ReadError(self.name, f"it has more than {MAX_LINES:,} lines")
        lines = self.data.decode("utf-8", "replace").replace("\r\n", "\n").split("\n")
        for number, line in enumerate(lines, 1):
            if len(line) > MAX_LINE:
                raise ReadError(self.name, f"a line longer than {MAX_LINE:,} characters", line=number)
        return lines


class ReadError(TrapgateError):
    """An input that cannot be read, with the file and the line or byte offset of the fault."""

    def __init__(
        self, file: str, why: str, hint: str = "", *, line: int | None = None, offset: int | None = None
    ) -> None:
        self.location = Location(file, line, offset)
        super().__init__(f"cannot read {self.location}", why, hint)


class Reader(Protocol):
    """What a module of this folder provides."""

    KIND: str

    def detect(self, head: bytes, name: str) -> bool:
        """Whether a file of this name that starts with `head` is of this kind; a folder's name ends in `/`."""

    def read(self, source: Source) -> Table:
        """The table; `ReadError` when the input is not of this kind or is torn."""


def find_kinds() -> list[str]:
    """The kinds of source that can be read, in the order they are tried."""
    names = sorted(file[:-3] for file in os.listdir(os.path.dirname(__file__)) if file.endswith(".py"))
    return [name.replace("_", "-") for name in names if not name.startswith("_")]


def load_reader(kind: str) -> Reader:
    """The reader of `kind`; `UsageError` that lists the kinds when there is none."""
    if kind not in find_kinds():
        raise UsageError(
            "catalog read", f"no kind of source is named {kind!r}", f"the kinds are {', '.join(find_kinds())}"
        )
    return cast(Reader, import_module(f"{__name__}.{kind.replace('-', '_')}"))


def read_path(path: str, kind: str = "", abi: str = "", defines: Mapping[str, int] | None = None) -> Table:
    """The table in the file or folder `path`, whose kind is detected unless it is given.

    Raises `ReadError` when the path cannot be opened, is of no known kind, or is torn.
    """
    source = replace(open_source(path), abi=abi, defines=dict(defines or {}))
    return read_table(source, kind=kind)


def read_table(source: Source, kind: str = "", abi: str = "") -> Table:
    """The table in `source`; its kind is detected unless it is given."""
    if abi:
        source = replace(source, abi=abi)
    reader = load_reader(kind) if kind else detect_reader(source)
    table = reader.read(source)
    if not table.rows:
        raise ReadError(source.name, f"no call found in it as {reader.KIND}", "--kind names another kind of source")
    for row in table.rows:
        _check_text(source, row)
    return table


def _check_text(source: Source, row: Row) -> None:
    """Raises `ReadError` for a control character: what is printed here must not drive a terminal."""
    texts = [row.abi, row.name, row.entry, row.condition]
    texts += [text for argument in row.arguments or () for text in (argument.name, argument.type)]
    for text in texts:
        if not text.isprintable():
            at = row.location
            raise ReadError(source.name, f"a control character in {text[:60]!r}", line=at.line, offset=at.offset)


def detect_reader(source: Source) -> Reader:
    """The first reader that knows this source; `ReadError` if none does."""
    name = source.name + "/" if source.folder else source.name
    head = source.data[:HEAD_BYTES]
    for kind in find_kinds():
        reader = load_reader(kind)
        if reader.detect(head, name):
            return reader
    raise ReadError(source.name, "its kind is not known", f"say what it is with --kind: {', '.join(find_kinds())}")


def open_source(path: str) -> Source:
    """The bytes of the regular file `path` (`-` is standard input), or the folder.

    Raises `ReadError`: missing, no permission, no regular file, or larger than `MAX_BYTES`.
    """
    if path == "-":
        return Source("-", _limit(path, sys.stdin.buffer.read(MAX_BYTES + 1)))
    if os.path.isdir(path):
        return Source(path.rstrip("/") or "/", folder=Path(path))
    try:
        # A FIFO would make a plain open() wait for a writer.
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(fd, "rb") as file:
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                raise ReadError(path, "it is neither a regular file nor a folder")
            return Source(path, _limit(path, file.read(MAX_BYTES + 1)))
    except (OSError, ValueError) as error:
        raise _open_error(path, error) from None


def _limit(path: str, data: bytes) -> bytes:
    if len(data) > MAX_BYTES:
        raise ReadError(path, f"it is larger than {MAX_BYTES >> 20} MiB")
    return data


def _open_error(path: str, error: Exception) -> ReadError:
    if isinstance(error, PermissionError):
        return ReadError(path, "permission denied", "read it as root, or copy it to where you may read it")
    why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return ReadError(path, why[:1].lower() + why[1:])


def walk_files(folder: Path, suffixes: tuple[str, ...], limit: int = 200_000) -> Iterator[Path]:
    """The regular files below `folder` that end in one of `suffixes`, in order; links are not followed.

    Raises `ReadError` after `limit` names, so that a wrong folder cannot take for ever.
    """
    seen = 0
    for root, folders, files in os.walk(folder):
        folders.sort()
        for file in sorted(files):
            seen += 1
            if seen > limit:
                raise ReadError(str(folder), f"it holds more than {limit:,} files", "name a smaller folder")
            path = Path(root, file)
            if file.endswith(suffixes) and path.is_file() and not path.is_symlink():
                yield path
