# SPDX-License-Identifier: BSD-2-Clause
"""What a call moved through a descriptor, byte by byte: the lines that -e read and -e write add.

It reads the program's memory, and so needs a program that is held (ptrace).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import Protocol

from trapgate.calls.call import IOV_MAX, Call

WIDTH = 16
MOST_FETCHED = 1 << 16
EVERYTHING = (1 << 64) - 1
SHOWN = bytes(byte if 0x20 <= byte < 0x7F else ord(".") for byte in range(256))
"""What stands for each byte."""


class Descriptors(Protocol):
    """A set of descriptors."""

    def __contains__(self, fd: int, /) -> bool: ...


def format_dump(c: Call, read_fds: Descriptors | None, write_fds: Descriptors | None) -> list[str]:
    """The lines that follow the line of ``c``; none if it moved nothing through these descriptors."""
    fd = c.s32(0)
    if fd < 0:
        return []
    name = c.name.removesuffix("_time64")
    for wanted, kinds, failed in ((write_fds, WRITERS, False), (read_fds, READERS, bool(c.error))):
        if wanted is not None and not failed and name in kinds and fd in wanted:
            return list(kinds[name](c))
    return []


def dump_bytes(c: Call, addr: int, size: int) -> Iterator[str]:
    """``size`` bytes at ``addr`` in rows of 16, hexadecimal and ASCII."""
    digits = 1 + ((size - 1).bit_length() - 1) // 4 if size > 1 << 20 else 5
    for start in range(0, size, MOST_FETCHED):
        want = min(size - start, MOST_FETCHED)
        data = c.memory.read(addr + start, want)
        if len(data) < want:
            if start:
                plural = "" if want == 1 else "s"
                yield f" | <Cannot fetch {want} byte{plural} from pid {c.tid} @{addr + start:#x}>"
            return
        for at in range(0, want, WIDTH):
            yield f" | {start + at:0{digits}x}  {format_row(data[at : at + WIDTH])} |"


def format_row(row: bytes) -> str:
    """Up to 16 bytes: two groups of eight in hexadecimal, and the characters.

    >>> format_row(b"ab\\\\n")
    '61 62 0a                                          ab.             '
    """
    first, second = row[:8].hex(" ").ljust(24), row[8:].hex(" ").ljust(24)
    return f"{first} {second} {row.translate(SHOWN).decode('ascii'):16}"


def dump_vectors(c: Call, addr: int, count: int, size: int) -> Iterator[str]:
    """The buffers of ``count`` iovecs, ``size`` bytes in all."""
    word = c.abi.word
    if count > 16 * IOV_MAX:
        return
    data = c.memory.read(addr, 2 * word * count)
    if len(data) < 2 * word * count:
        return
    for i, (base, length) in enumerate(struct.iter_unpack("<2Q" if word == 8 else "<2I", data)):
        length = min(length, size)
        if not length:
            break
        size -= length
        yield f" * {length} bytes in buffer {i}"
        yield from dump_bytes(c, base, length)


def read_message(c: Call, addr: int) -> tuple[int, int, int] | None:
    """Address and number of the iovecs of a msghdr, and the msg_len of the mmsghdr that holds it."""
    word = c.abi.word
    data = c.memory.read(addr, 8 * word)
    if len(data) < 7 * word:
        return None
    numbers = [int.from_bytes(data[i * word : (i + 1) * word], "little") for i in range(8)]
    return numbers[2], numbers[3], numbers[7] & 0xFFFFFFFF


def _message(c: Call, size: int) -> Iterator[str]:
    found = read_message(c, c.args[1])
    if found is not None:
        yield from dump_vectors(c, found[0], found[1], size)


def _messages(c: Call) -> Iterator[str]:
    addr = c.args[1]
    for i in range(max(c.result, 0)):
        found = read_message(c, addr)
        if found is None:
            return
        yield f" = {found[1]} buffers in vector {i}"
        yield from dump_vectors(c, *found)
        addr += 8 * c.abi.word


Dumper = Callable[[Call], Iterator[str]]


def _written(c: Call) -> Iterator[str]:
    return dump_bytes(c, c.args[1], c.args[2])


def _written_vectors(c: Call) -> Iterator[str]:
    return dump_vectors(c, c.args[1], c.args[2], EVERYTHING)


def _read(c: Call) -> Iterator[str]:
    return dump_bytes(c, c.args[1], c.result)


def _read_vectors(c: Call) -> Iterator[str]:
    return dump_vectors(c, c.args[1], c.args[2], c.result)


WRITERS: dict[str, Dumper] = {
    **dict.fromkeys(("write", "pwrite64", "send", "sendto", "mq_timedsend"), _written),
    **dict.fromkeys(("writev", "pwritev", "pwritev2", "vmsplice"), _written_vectors),
    "sendmsg": lambda c: _message(c, EVERYTHING),
    "sendmmsg": _messages,
}
"""What a call writes, by name."""

READERS: dict[str, Dumper] = {
    **dict.fromkeys(("read", "pread64", "recv", "recvfrom", "mq_timedreceive"), _read),
    **dict.fromkeys(("readv", "preadv", "preadv2"), _read_vectors),
    "recvmsg": lambda c: _message(c, c.result),
    "recvmmsg": _messages,
}
"""What a call has read, by name."""
