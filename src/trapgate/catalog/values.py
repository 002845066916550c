# SPDX-License-Identifier: BSD-2-Clause
"""The values the catalogue gives: arguments, calls, ABIs and the like, immutable and typed.

Nothing here reads the database. A version is the text its system uses (`2.6.16`, `xnu-792`, `19041`);
`since` is the first version that has the call, `until` the first that has it no more (None: still there).
"""

from __future__ import annotations

from dataclasses import dataclass

from trapgate.catalog.argument import Argument


@dataclass(frozen=True, slots=True)
class Entry:
    """A call in one ABI: one row of a table of calls, with the versions it is valid for."""

    system: str
    abi: str
    layer: str
    """syscall, mach-trap, machdep, native-api, secure-kernel or hypercall."""
    number: int
    name: str
    since: str | None
    """The first version known to have it; None where no source tells."""
    after: str | None
    """When `since` is not exact: the newest version known not to have it."""
    until: str | None
    status: str
    """yes, ni (in the table, answers ENOSYS), no-impl, reserved, gone, compat, … as its source says."""
    symbol: str
    """The kernel's entry point."""
    compat_symbol: str
    """The entry point when a 64-bit kernel serves this 32-bit ABI, if it is another."""
    tag: str
    """What the source says besides: ABI tag, audit event, pledge promise, guest types, table."""
    evidence: str
    """Which source tells the versions."""

    @property
    def id(self) -> str:
        """The stable identifier: `linux/x86_64/openat`."""
        return f"{self.system}/{self.abi}/{self.name}"

    @property
    def live(self) -> bool:
        """Whether the call does something in the versions of this row."""
        return self.status not in ("ni", "no-impl", "reserved", "gone", "ignored", "excluded")


@dataclass(frozen=True, slots=True)
class Signature:
    """What a call takes, as one source declares it."""

    arguments: tuple[Argument, ...]
    returns: str
    location: str
    """File (and line, for Linux) of the declaration."""
    guard: str
    """The configuration it depends on, as in the source."""

    def format(self, name: str) -> str:
        """The declaration in C: `long openat(int dfd, const char *filename, int flags, umode_t mode)`."""
        space = "" if self.returns.endswith("*") else " "
        return f"{self.returns or 'int'}{space}{name}({', '.join(map(str, self.arguments)) or 'void'})"


@dataclass(frozen=True, slots=True)
class Abi:
    """One calling convention of a system that has a table of calls."""

    system: str
    name: str
    arch: str
    bits: int
    layer: str
    base: int
    """What a number carries besides the index in its table: 0x40000000 in x32, 4000 in mips-o32."""
    version: str
    """The version its current table is of."""
    aliases: tuple[str, ...]
    convention: str
    """The `arch` of its row in `conventions()`."""
    source_path: str
    """The file that holds its table in the system's source."""


@dataclass(frozen=True, slots=True)
class Convention:
    """How a call is made: instruction, registers, result. Empty where the source says nothing."""

    kind: str
    """syscall, hypercall, sbi, smccc, bios or function."""
    system: str
    arch: str
    instruction: str
    number_in: str
    arguments: str
    result: str
    error: str
    clobbers: str
    audit_arch: str
    vdso: str
    note: str
    source: str


@dataclass(frozen=True, slots=True)
class Wrapper:
    """A C library function for a call."""

    function: str
    prototype: str
    page: str
    """Manual page, with its section: `open(2)`."""
    header: str
    library: str
    via: str
    """`wrapper`, or `syscall(2)` where the C library has none."""


@dataclass(frozen=True, slots=True)
class Subcall:
    """One operation of a call that multiplexes several: socketcall, ioctl-like commands, sub-operations."""

    system: str
    call: str
    value: str
    name: str
    header: str
    kind: str


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two sources that disagree about one fact."""

    system: str
    subject: str
    field: str
    value: str
    source: str
    other_value: str
    other_source: str


@dataclass(frozen=True, slots=True)
class Card:
    """Everything the catalogue knows of one named call of one system."""

    system: str
    layer: str
    name: str
    entries: tuple[Entry, ...]
    """Its rows in every ABI, newest last within an ABI."""
    signatures: tuple[tuple[str, Signature], ...]
    """(ABI, signature) pairs."""
    wrappers: tuple[Wrapper, ...]
    errors: tuple[str, ...]
    standards: tuple[str, ...]
    option_1003_1b: str
    glibc_since: str
    conditional: bool
    """Whether a kernel can be built without it."""
    manual_since: str
    manual_removed: str
    related: tuple[str, ...]
    elsewhere: tuple[tuple[str, tuple[str, ...]], ...]
    """The same idea on other systems: (system, names)."""
    subcalls: tuple[Subcall, ...]
    conflicts: tuple[Conflict, ...]
