"""The calls of the running Linux kernel: what is compiled in, with which arguments, and what the catalogue lacks.

    >>> [call.status for call in read_running("x86_64").calls if call.name == "read"]  # doctest: +SKIP
    ['implemented']

Symbols (`/proc/kallsyms`) tell which calls there are, to any user; tracefs tells their arguments, to root where it is
mounted; BTF tells those of some. Nothing is mounted, changed or called: each source that cannot be read is a note.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator
from dataclasses import dataclass

from trapgate.catalog.argument import Argument
from trapgate.catalog.differences import read_kernel_names, read_known, read_names
from trapgate.catalog.query import find_signature
from trapgate.catalog.readers import ABSENT, IMPLEMENTED, RESERVED, ReadError, Row, Table, read_path
from trapgate.catalog.readers._linux import ABI_OF_MACHINE
from trapgate.catalog.values import Entry
from trapgate.model.errors import TrapgateError

__all__ = ("Running", "RunningCall", "read_running")

SYMBOLS = "/proc/kallsyms"
BTF = "/sys/kernel/btf/vmlinux"
TRACEFS = ("/sys/kernel/tracing", "/sys/kernel/debug/tracing")
UNKNOWN = "not in this kernel"
"""Status of a call of the packaged table without any symbol: another version's or architecture's."""
LACKING = "not in the catalogue"
"""Status of a call of the kernel that the packaged catalogue does not know."""


@dataclass(frozen=True, slots=True)
class RunningCall:
    """A call of the packaged table, or of this kernel."""

    number: int | None
    name: str
    entry: str
    """The symbol that handles it in this kernel."""
    arguments: tuple[Argument, ...] | None
    """As this kernel declares them, else as the catalogue does."""
    status: str
    note: str


@dataclass(frozen=True, slots=True)
class Running:
    """What the running kernel's sources say together."""

    abi: str
    release: str
    calls: tuple[RunningCall, ...]
    notes: tuple[str, ...]


def read_running(abi: str = "") -> Running:
    """The calls of one ABI of the running kernel, the native one unless named, by number.

    Raises `TrapgateError` when the kernel shows no symbols at all.
    """
    native = ABI_OF_MACHINE.get(platform.machine(), "")
    known = read_known("linux", abi or native)
    abi = known[0].abi if known else abi or native
    try:
        symbols = read_path(SYMBOLS, kind="linux-symbols", abi=abi)
    except ReadError as error:
        raise TrapgateError("catalog running", str(error), f"the kernel shows no symbols of {abi}") from None
    notes = [note for note in symbols.notes if "zero" in note]
    declared = _read_declared(notes) if abi == native else {}
    compiled = {row.name: row for row in symbols.rows}
    calls = [_judge(entry, compiled, declared) for entry in known if entry.status != "gone"]
    lacking = list(_find_lacking(symbols, known, declared))
    notes += _summarise(abi, calls, lacking)
    return Running(abi, platform.release(), (*calls, *lacking), tuple(notes))


def _read_declared(notes: list[str]) -> dict[str, tuple[Argument, ...]]:
    """The arguments by the kernel's name of the call; tracefs's win over BTF's, which has few."""
    declared: dict[str, tuple[Argument, ...]] = {}
    for table in _read_tables(notes):
        for row in table.rows:
            if row.arguments is not None and row.abi == ABI_OF_MACHINE.get(platform.machine(), ""):
                declared[row.name] = row.arguments
    return declared


def _read_tables(notes: list[str]) -> Iterator[Table]:
    try:
        yield read_path(BTF, kind="linux-btf")
    except ReadError as error:
        notes.append(f"BTF is not used: {error}")
    failure: ReadError | None = None
    for path in TRACEFS:
        try:
            yield read_path(path, kind="linux-tracefs")
            return
        except ReadError as error:
            failure = failure or error
    if failure:
        notes.append(f"tracefs is not used, so arguments are the catalogue's: {failure.why}; {failure.hint}")


def _judge(entry: Entry, compiled: dict[str, Row], declared: dict[str, tuple[Argument, ...]]) -> RunningCall:
    names = sorted(read_kernel_names(entry))
    row = next((compiled[name] for name in names if name in compiled and compiled[name].status == IMPLEMENTED), None)
    row = row or next((compiled[name] for name in names if name in compiled), None)
    here = next((declared[name] for name in names if name in declared), None)
    signature = find_signature(entry.name, entry.system, entry.abi)
    arguments = here if here is not None else signature.arguments if signature else None
    if entry.status in ("ni", "reserved") and row is None:
        return RunningCall(entry.number, entry.name, "", None, RESERVED, "")
    if row is None:
        return RunningCall(entry.number, entry.name, "", arguments, UNKNOWN, "")
    note = row.condition
    if here is not None and signature and len(here) != len(signature.arguments):
        note = f"the catalogue has {len(signature.arguments)} arguments"
    return RunningCall(entry.number, entry.name, row.entry, arguments, row.status, note)


def _find_lacking(
    symbols: Table, known: tuple[Entry, ...], declared: dict[str, tuple[Argument, ...]]
) -> Iterator[RunningCall]:
    """Calls of the kernel whose name the catalogue has for no ABI: every SYSCALL_DEFINE has a wrapper for each ABI."""
    names = read_names("linux") | {name for entry in known for name in read_kernel_names(entry)}
    for row in symbols.rows:
        if row.name not in names:
            yield RunningCall(None, row.name, row.entry, declared.get(row.name), LACKING, row.condition)


def _summarise(abi: str, calls: list[RunningCall], lacking: list[RunningCall]) -> Iterator[str]:
    kinds = (IMPLEMENTED, ABSENT, RESERVED, UNKNOWN)
    count = {status: sum(call.status == status for call in calls) for status in kinds}
    yield (
        f"Linux {platform.release()}, {abi}: {count[IMPLEMENTED]} calls compiled in, {count[ABSENT]} left out by the"
        f" configuration, {count[RESERVED]} numbers reserved, {count[UNKNOWN]} calls of the catalogue without a symbol"
    )
    if lacking:
        names = ", ".join(call.name for call in lacking[:10])
        yield f"{len(lacking)} calls of this kernel are not in the catalogue: {names}"
