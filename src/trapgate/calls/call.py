# SPDX-License-Identifier: BSD-2-Clause
"""The call being decoded: what a type may ask while it makes values.

A ``Call`` joins the words of a record, a way to read the program's memory (live, or the
pieces a plan copied) and the options. Types never do I/O of their own.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from trapgate.calls.quote import Hex, quote
from trapgate.model.abi import Abi
from trapgate.model.values import NULL, Address, AnyValue, String

if TYPE_CHECKING:
    from trapgate.calls.describe import Description, Layout

PATH_MAX = 4096
IOV_MAX = 1024


class Memory(Protocol):
    """The program's memory as seen at one moment."""

    def read(self, addr: int, size: int) -> bytes:
        """``size`` bytes at ``addr``, fewer when only a first part is readable."""

    def read_string(self, addr: int, limit: int) -> tuple[bytes, bool] | None:
        """Bytes before the NUL and True; ``limit`` bytes and False; None if neither is readable."""


class NoMemory:
    """A memory of which nothing is known."""

    def read(self, addr: int, size: int) -> bytes:
        return b""

    def read_string(self, addr: int, limit: int) -> tuple[bytes, bool] | None:
        return None


class Process(Protocol):
    """What is known of the calling process beyond the record."""

    def fd_text(self, fd: int) -> str:
        """What ``-y``/``-yy`` print behind a descriptor, with its brackets; empty if nothing."""

    def fd_link(self, fd: int) -> str:
        """What /proc says a descriptor is: a path, ``anon_inode:bpf-map``; empty if nothing."""

    def fd_device(self, fd: int) -> tuple[str, int, int] | None:
        """``char`` or ``block``, major and minor number of the device a descriptor is open on; None if of none."""

    def vcpu(self, fd: int) -> tuple[int, int, int] | None:
        """Number of the virtual CPU a descriptor is of, and address and length of its state; None if of none."""

    def stack_pointer(self) -> int:
        """The stack pointer at the entry of the call, 0 if it is not known."""

    def pid_text(self, pid: int, kind: str) -> str:
        """What ``-Y`` and pid namespace translation print behind a pid; kind: tid, tgid, pgid, sid."""

    def socket_protocol(self, fd: int) -> str:
        """The kernel's name for the protocol of a socket: ``TCP``, ``NETLINK``; empty if it is none."""

    def netlink_protocol(self, fd: int) -> int:
        """The protocol (NETLINK_*) of a netlink socket, -1 if it cannot be told."""

    def netlink_families(self) -> dict[int, str]:
        """The names of generic netlink's families by their numbers, as far as they are known."""

    def pidfd_target(self, fd: int) -> int:
        """The process that a pidfd refers to, as our own namespace numbers it; 0 if that cannot be told."""

    def other_fd_text(self, pid: int, fd: int, ours: bool = False) -> str:
        """As ``fd_text``, of a descriptor of process ``pid``, a number of our own namespace if ``ours``."""

    def namespaces_text(self, pid: int, kinds: Sequence[str]) -> str:
        """``net:[4026531840], uts:[…]``: the namespaces of process ``pid`` (0: the caller), empty if it is gone."""


class UnknownProcess:
    """A process of which nothing is known."""

    def fd_text(self, fd: int) -> str:
        return ""

    def fd_link(self, fd: int) -> str:
        return ""

    def fd_device(self, fd: int) -> tuple[str, int, int] | None:
        return None

    def vcpu(self, fd: int) -> tuple[int, int, int] | None:
        return None

    def stack_pointer(self) -> int:
        return 0

    def pid_text(self, pid: int, kind: str) -> str:
        return ""

    def socket_protocol(self, fd: int) -> str:
        return ""

    def netlink_protocol(self, fd: int) -> int:
        return -1

    def netlink_families(self) -> dict[int, str]:
        return {}

    def pidfd_target(self, fd: int) -> int:
        return 0

    def other_fd_text(self, pid: int, fd: int, ours: bool = False) -> str:
        return ""

    def namespaces_text(self, pid: int, kinds: Sequence[str]) -> str:
        return ""


class Names:
    """A set of calls given on the command line (``-e abbrev=…``): all, none, or some."""

    __slots__ = ("_all", "_names")

    def __init__(self, everything: bool, names: frozenset[str] = frozenset()) -> None:
        self._all = everything
        self._names = names

    def __contains__(self, name: str) -> bool:
        return (name in self._names) != self._all

    def __bool__(self) -> bool:
        return self._all or bool(self._names)

    @property
    def key(self) -> tuple[bool, frozenset[str]]:
        """What tells two sets apart."""
        return self._all, self._names


@dataclass(slots=True)
class Options:
    """How values are printed; the comments name strace's option."""

    string_limit: int = 32
    """-s: bytes of a string, elements of an array."""
    hexadecimal: Hex = Hex.NONE
    """-x, -xx, --strings-in-hex."""
    style: str = "abbrev"
    """-X: abbrev, raw or verbose."""
    abbrev: Names = field(default_factory=lambda: Names(True))
    """-e abbrev=, -v (none)."""
    verbose: Names = field(default_factory=lambda: Names(True))
    """-e verbose=: calls whose pointers are followed."""
    raw: Names = field(default_factory=lambda: Names(False))
    """-e raw=: calls whose arguments are printed as hexadecimal words."""
    decode_fds: frozenset[str] = frozenset()
    """-y, -yy, --decode-fds: path, socket, dev, pidfd, eventfd, signalfd."""
    decode_pids: frozenset[str] = frozenset()
    """-Y (comm), --pidns-translation (pidns)."""
    arg_names: bool = False
    """-N."""
    namespaces: bool = False
    """-e namespace=new: what namespaces a process came to."""
    secontext: frozenset[str] = frozenset()
    """--secontext: full, mismatch."""
    vcpu: str | None = None
    """-e kvm: ``vcpu`` (why a virtual CPU stopped), ``vcpu+`` (its state too)."""


NO_MEMORY = NoMemory()
UNKNOWN_PROCESS = UnknownProcess()


class Call:
    """One call at entry or exit."""

    # defaults of the class: a call in flight sets only what differs
    result = 0
    error = 0
    """errno of a failed call, 0 otherwise; meaningful when ``exiting``."""
    fails: bool | None = None
    """Whether tampering made the call fail or succeed, whatever the result; None: the result says it."""
    exiting = False
    description: Description | None = None
    layout: Layout | None = None
    note: str | None = None
    """Printed in parentheses behind the result: ``= 1 (in [3])``."""
    shown_result: AnyValue | None = None
    """Printed in place of the result when a decoder says so."""
    indirect = False
    """Whether another call (ipc, socketcall) was made that stands for this one."""
    more_at_exit = False
    """Whether arguments are still to come when the call returns."""
    resumes = ""
    """restart_syscall: the name of the call that goes on, when it is known."""
    state: object = None
    """What a hand-written decoder keeps from entry to exit."""
    more_lines: Sequence[str] = ()
    """Lines that follow the call's own."""

    def __init__(
        self,
        abi: Abi,
        nr: int,
        name: str,
        args: tuple[int, ...],
        *,
        memory: Memory | None = None,
        options: Options | None = None,
        process: Process | None = None,
        tid: int = 0,
        pid: int = 0,
        traits: tuple[bool, bool] | None = None,
    ) -> None:
        """``traits``: whether the call is abbreviated and its pointers followed, when that is known already."""
        self.abi = abi
        self.nr = nr
        self.name = name
        self.args = args
        self.tid = tid
        self.pid = pid
        self.memory: Memory = memory or NO_MEMORY
        self.options = options or Options()
        self.process: Process = process or UNKNOWN_PROCESS
        self.style = self.options.style
        if traits is None:
            traits = name in self.options.abbrev, name in self.options.verbose
        self.abbrev, self.verbose = traits

    # --- words -----------------------------------------------------------------------------

    def word(self, name: str) -> int:
        """The raw word of the parameter called ``name``."""
        assert self.description is not None
        return self.description.word(self, name)

    def s32(self, index: int) -> int:
        """Argument ``index`` as a C int."""
        value = self.args[index] & 0xFFFFFFFF
        return value - (1 << 32) if value & 0x80000000 else value

    def u32(self, index: int) -> int:
        """Argument ``index`` as a C unsigned int."""
        return self.args[index] & 0xFFFFFFFF

    def u64_pair(self, index: int) -> int:
        """A 64-bit argument: one register, or two (low first) where registers have 32 bits."""
        if self.abi.register == 8:
            return self.args[index]
        return (self.args[index] & 0xFFFFFFFF) | (self.args[index + 1] & 0xFFFFFFFF) << 32

    def before(self, name: str) -> AnyValue | None:
        """What the InOut parameter ``name`` was when the call was entered."""
        return self.state[1].get(name) if isinstance(self.state, tuple) else None

    # --- memory ----------------------------------------------------------------------------

    @property
    def may_follow(self) -> bool:
        """Whether pointers are followed: not under -e verbose=none, not after a failed call."""
        return self.verbose and not (self.exiting and self.error)

    def fetch(self, addr: int, size: int) -> bytes | None:
        """``size`` bytes at ``addr``; None when addr is NULL, unreadable, or not to be followed."""
        if not addr or not self.may_follow:
            return None
        return self.peek(addr, size)

    def peek(self, addr: int, size: int) -> bytes | None:
        """As ``fetch``, but also after a failed call."""
        if not addr or not self.verbose:
            return None
        data = self.memory.read(addr, size)
        return data if len(data) == size else None

    def fetch_int(self, addr: int, size: int = 4, signed: bool = False) -> int | None:
        """The integer of ``size`` bytes at ``addr``, None when it cannot be had."""
        data = self.fetch(addr, size)
        return None if data is None else int.from_bytes(data, "little", signed=signed)

    def fetch_long(self, addr: int) -> int | None:
        """The unsigned ``long`` of this ABI at ``addr``."""
        return self.fetch_int(addr, self.abi.word)

    def unpack(self, fmt: str, addr: int) -> tuple[int, ...] | None:
        """``struct.unpack`` (little endian, no padding added) of the bytes at ``addr``."""
        return self.read_words(fmt, addr) if addr and self.may_follow else None

    def read_words(self, fmt: str, addr: int) -> tuple[int, ...] | None:
        """As ``unpack``, whatever -e verbose says: for words that are arguments themselves."""
        layout = struct.Struct("<" + fmt)
        data = self.memory.read(addr, layout.size)
        return layout.unpack(data) if len(data) == layout.size else None

    # --- common values ---------------------------------------------------------------------

    def address(self, addr: int) -> AnyValue:
        """A pointer printed as such: ``NULL`` or ``0x…``."""
        return Address(hex(addr), addr) if addr else NULL

    def path(self, addr: int, limit: int = PATH_MAX) -> AnyValue:
        """The NUL-terminated file name at ``addr``, up to ``limit`` bytes with the NUL."""
        if not addr:
            return NULL
        found = self.memory.read_string(addr, limit)
        if found is None:
            return self.address(addr)
        data, terminated = found
        if not terminated:
            data = data[: limit - 1]
        text = quote(data, self.options.hexadecimal)
        return String(text if terminated else text + "...", data, not terminated)

    def string(self, addr: int, size: int | None = None) -> AnyValue:
        """The NUL-terminated string at ``addr``, in ``size`` bytes if that is known, cut at ``-s``."""
        if not addr:
            return NULL
        limit = self.options.string_limit
        if size == 0:
            return self.quoted(b"")
        found = self.memory.read_string(addr, limit + 1 if size is None else min(size, limit + 1))
        if found is None:
            return self.address(addr)
        return self.quoted(found[0][:limit], truncated=not found[1])

    def buffer(self, addr: int, size: int, hexadecimal: Hex | None = None) -> AnyValue:
        """``size`` bytes at ``addr``, cut at ``-s``."""
        if not addr:
            return NULL
        if addr >> 8 * self.abi.word:  # of a 64-bit member in a 32-bit program
            return self.address(addr)
        limit = self.options.string_limit
        want = min(size, limit + 1)
        data = self.memory.read(addr, want) if want else b""
        if len(data) < want:
            return self.address(addr)
        return self.quoted(data[:limit], truncated=size > limit, hexadecimal=hexadecimal)

    def quoted(self, data: bytes, truncated: bool = False, hexadecimal: Hex | None = None) -> AnyValue:
        """``data`` in quotes, ``...`` behind it when it was cut; as the options say unless ``hexadecimal`` does."""
        text = quote(data, self.options.hexadecimal if hexadecimal is None else hexadecimal)
        return String(text + "..." if truncated else text, data, truncated)
