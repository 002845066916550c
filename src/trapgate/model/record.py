# SPDX-License-Identifier: BSD-2-Clause
"""The record and the plan: the one contract between sources and the decoder.

Mirrors ``core/record.h`` (a test compiles that header and compares sizes and offsets). A
source fills records and never interprets them; the decoder interprets them and does no I/O.
"""

from __future__ import annotations

import struct
from enum import IntEnum, IntFlag
from typing import NamedTuple


class Kind(IntEnum):
    """What a record tells; the comments in ``core/record.h`` say which words it uses."""

    CALL = 1
    ENTER = 2
    EXIT = 3
    SIGNAL = 4
    FORK = 5
    EXEC = 6
    TASK_EXIT = 7
    STOP = 8
    ATTACH = 9
    DETACH = 10
    LOST = 11
    STACK = 12
    EXITING = 13


class Phase(IntEnum):
    """When a piece of memory was copied."""

    ENTRY = 1
    EXIT = 2


class PieceFlag(IntFlag):
    """What is special about a copied piece."""

    TRUNCATED = 1
    UNREADABLE = 2
    TERMINATED = 4


class What(IntEnum):
    """What a copy operation copies."""

    BYTES = 1
    STRING = 2
    STRINGS = 3
    IOVEC = 4
    MMSG = 5


class From(IntEnum):
    """Where a copy operation's length comes from."""

    CONST = 0
    ARG = 1
    RESULT = 2
    DEREF32 = 3
    FIELD = 4
    FIELD32 = 5
    IOC_SIZE = 6
    BITS = 7
    ARG_RESULT_MIN = 8


class Cond(IntEnum):
    """When a copy operation applies."""

    ALWAYS = 0
    IF_SUCCESS = 1
    IF_POSITIVE = 2
    IF_ARG_EQ = 3
    IF_ARG_BITS = 4
    IF_ERROR = 5


MOST_COPIED = 32767
"""The most bytes of a piece that the BPF program copies (a byte less than its PIECE_MAX)."""
NESTED = 0x80
PLAN_OPS = 10
NO_SELECTOR = 0xFF
PLAN_UFFD = 1
PLAN_NO_RETURN = 2
PLAN_HOLD = 4

HEADER = struct.Struct("=IBBHQQIIQQq6Qq")
"""size, kind, abi, pieces, time_ns, duration_ns, pid, tid, ip, cgroup, nr, arg0…arg5, result."""

PIECE = struct.Struct("=IBBHQ")
"""len, op, phase, flags, addr; the bytes follow, padded to 8."""

OP = struct.Struct("=8B2H3I")
PLAN = struct.Struct("=4BI")

SAME_CALL_FROM = 48
"""Records with equal kind, abi and bytes from here on decode to equal text."""


class Op(NamedTuple):
    """One copy operation of a plan (``struct tg_op``)."""

    phase: Phase
    what: What
    base: int
    len_from: From = From.CONST
    len_arg: int = 0
    cond: Cond = Cond.ALWAYS
    cond_arg: int = 0
    flags: int = 0
    base_off: int = 0
    len_off: int = 0
    scale: int = 0
    max: int = 0
    cond_value: int = 0


class Plan(NamedTuple):
    """What to copy for one call of one ABI (``struct tg_plan``)."""

    ops: tuple[Op, ...] = ()
    selector: int = NO_SELECTOR
    flags: int = 0
    n_args: int = 6

    def pack(self) -> bytes:
        """The bytes of ``struct tg_plan``; raises ValueError beyond PLAN_OPS operations."""
        if len(self.ops) > PLAN_OPS:
            raise ValueError(f"a plan has at most {PLAN_OPS} operations, not {len(self.ops)}")
        head = PLAN.pack(len(self.ops), self.selector, self.flags, self.n_args, 0)
        body = b"".join(OP.pack(*op) for op in self.ops)
        return (head + body).ljust(PLAN.size + PLAN_OPS * OP.size, b"\0")


class Piece(NamedTuple):
    """Bytes copied from the tracee."""

    op: int
    phase: int
    flags: int
    addr: int
    data: bytes


class Record(NamedTuple):
    """One thing that happened, not yet interpreted."""

    kind: int
    abi: int
    time_ns: int
    duration_ns: int
    pid: int
    tid: int
    ip: int
    cgroup: int
    nr: int
    args: tuple[int, int, int, int, int, int]
    result: int
    pieces: tuple[Piece, ...]


def parse_pieces(buffer: bytes | memoryview, offset: int, count: int, end: int) -> tuple[Piece, ...]:
    """The ``count`` pieces from ``offset``; raises ValueError when they run past ``end``."""
    pieces = []
    for _ in range(count):
        if offset + PIECE.size > end:
            raise ValueError("record ends inside a piece header")
        length, op, phase, flags, addr = PIECE.unpack_from(buffer, offset)
        offset += PIECE.size
        if offset + length > end:
            raise ValueError("record ends inside a piece")
        pieces.append(Piece(op, phase, flags, addr, bytes(buffer[offset : offset + length])))
        offset += (length + 7) & ~7
    return tuple(pieces)


def parse_record(buffer: bytes | memoryview, offset: int = 0) -> tuple[Record, int]:
    """The record at ``offset`` and the offset of the next one.

    Raises:
        ValueError: the buffer ends before the record does, or a length contradicts another.
    """
    if offset + HEADER.size > len(buffer):
        raise ValueError("buffer ends inside a record header")
    size, kind, abi, count, time, duration, pid, tid, ip, cgroup, nr, a0, a1, a2, a3, a4, a5, result = (
        HEADER.unpack_from(buffer, offset)
    )
    end = offset + size
    if size < HEADER.size or size % 8 or end > len(buffer):
        raise ValueError(f"record size {size} is impossible here")
    pieces = parse_pieces(buffer, offset + HEADER.size, count, end) if count else ()
    return Record(kind, abi, time, duration, pid, tid, ip, cgroup, nr, (a0, a1, a2, a3, a4, a5), result, pieces), end
