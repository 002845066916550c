# SPDX-License-Identifier: BSD-2-Clause
"""trapgate.decode.dump: the rows that -e read and -e write add."""

import struct

import pytest

from trapgate.calls.call import Call
from trapgate.decode.decoder import set_result
from trapgate.decode.dump import format_dump
from trapgate.model.abi import X86_64

HELLO = " | 00000  68 65 6c 6c 6f 20 77 6f  72 6c 64 0a              hello world.     |"


class Memory:
    def __init__(self, pieces):
        self.pieces = pieces

    def read(self, addr, size):
        for start, data in self.pieces.items():
            if start <= addr < start + len(data):
                return data[addr - start : addr - start + size]
        return b""


def dump(name, args, result, pieces, **fds):
    call = Call(X86_64, 0, name, (*args, 0, 0, 0), memory=Memory(pieces))
    set_result(call, result)
    return format_dump(call, fds.get("read"), fds.get("write"))


@pytest.mark.parametrize("fds", [{"read": {0}}, {"write": {0}}, {"read": {1}}, {}])
def test_only_the_descriptors_asked_for_and_their_direction(fds):
    shown = dump("read", (0, 0x100, 99), 12, {0x100: b"hello world\n"}, **fds)
    assert shown == ([HELLO] if fds.get("read") == {0} else [])


def test_a_failed_write_is_shown_and_a_failed_read_is_not():
    pieces = {0x100: b"hello world\n"}
    assert dump("write", (0, 0x100, 12), -9, pieces, write={0}) == [HELLO]
    assert dump("read", (0, 0x100, 12), -9, pieces, read={0}) == []


def test_vectors_end_where_the_result_does():
    pieces = {0x200: struct.pack("<4Q", 0x100, 12, 0x100, 5), 0x100: b"hello world\n"}
    assert dump("readv", (0, 0x200, 2), 13, pieces, read={0}) == [
        " * 12 bytes in buffer 0",
        HELLO,
        " * 1 bytes in buffer 1",
        " | 00000  68                                                h                |",
    ]


def test_rows_are_numbered_in_hexadecimal():
    shown = dump("write", (0, 0x100, 17), 17, {0x100: bytes(17)}, write={0})
    assert [row[:10] for row in shown] == [" | 00000  ", " | 00010  "]


def test_unreadable_memory_shows_nothing():
    assert dump("write", (0, 0x900, 17), 17, {}, write={0}) == []
