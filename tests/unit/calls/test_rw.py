# SPDX-License-Identifier: BSD-2-Clause
"""trapgate.calls.rw and trapgate.calls.file: bytes, vectors, split offsets."""

import struct

import pytest

MEMORY = {0x100: b"hello world", 0x200: b"second"}
VECTORS = struct.pack("<4Q", 0x100, 5, 0x200, 6)
VECTORS32 = struct.pack("<4I", 0x100, 5, 0x200, 6)


@pytest.mark.parametrize(
    ("words", "options", "line"),
    [
        (("read", 0, b"abc\n", 100), {"result": 4}, 'read(0, "abc\\n", 100) = 4'),
        (("read", 0, b"abc\n", 100), {"result": 4, "string_limit": 2}, 'read(0, "ab"..., 100) = 4'),
        (("read", 0, b"abc\n", 100), {"result": -4}, "read(0, 0x20000, 100) = -1 EINTR (Interrupted system call)"),
        (("write", 1, 0x9999, 5), {"result": 5}, "write(1, 0x9999, 5) = 5"),
        (("pread64", 3, b"ab", 2, -1), {"result": 2}, 'pread64(3, "ab", 2, -1) = 2'),
        (("pread64", 3, b"ab", 2, 5, 1), {"result": 2, "abi": "i386"}, 'pread64(3, "ab", 2, 4294967301) = 2'),
        (
            ("readv", 0, VECTORS, 2),
            {"result": 7, "memory": MEMORY},
            'readv(0, [{iov_base="hello", iov_len=5}, {iov_base="se", iov_len=6}], 2) = 7',
        ),
        (
            ("readv", 0, VECTORS, 2),
            {"result": -9, "memory": MEMORY},
            "readv(0, [{iov_base=0x100, iov_len=5}, {iov_base=0x200, iov_len=6}], 2) = -1 EBADF (Bad file descriptor)",
        ),
        (
            ("writev", 1, VECTORS32, 2),
            {"result": 11, "memory": MEMORY, "abi": "i386"},
            'writev(1, [{iov_base="hello", iov_len=5}, {iov_base="second", iov_len=6}], 2) = 11',
        ),
        (
            ("writev", 1, VECTORS[:16], 2),
            {"result": 5, "memory": MEMORY},
            'writev(1, [{iov_base="hello", iov_len=5}, ... /* 0x20010 */], 2) = 5',
        ),
        (
            ("preadv2", 0, VECTORS[:16], 1, 7, 99, 1),
            {"result": 5, "memory": MEMORY},
            'preadv2(0, [{iov_base="hello", iov_len=5}], 1, 7, RWF_HIPRI) = 5',
        ),
        (
            ("process_vm_writev", 1, VECTORS[:16], 1, VECTORS[16:], 1, 0),
            {"result": 5, "memory": MEMORY},
            'process_vm_writev(1, [{iov_base="hello", iov_len=5}], 1, [{iov_base=0x200, iov_len=6}], 1, 0) = 5',
        ),
        (("lseek", 0, -5, 1), {"result": 0}, "lseek(0, -5, SEEK_CUR) = 0"),
        (("_llseek", 0, 1, 2, struct.pack("<Q", 9), 0), {"abi": "i386"}, "_llseek(0, 4294967298, [9], SEEK_SET) = 0"),
        (("fallocate", 1, 1, 2, 0, 3, 0), {"abi": "i386"}, "fallocate(1, FALLOC_FL_KEEP_SIZE, 2, 3) = 0"),
        (("truncate64", b"f\0", 0, 1), {"abi": "i386"}, 'truncate64("f", 4294967296) = 0'),
        (("sendfile", 1, 0, struct.pack("<Q", 4), 9), {"result": 0}, "sendfile(1, 0, [4], 9) = 0"),
        (("sendfile", 1, 0, struct.pack("<Q", 4), 9), {"result": 9}, "sendfile(1, 0, [4 => 4], 9) = 9"),
        (("sendfile", 1, 0, 0, 9), {"result": 9}, "sendfile(1, 0, NULL, 9) = 9"),
        (
            ("cachestat", 3, struct.pack("<2Q", 4096, 1), 0, 0),
            {"result": -14},
            "cachestat(3, {off=0x1000, len=1}, NULL, 0) = -1 EFAULT (Bad address)",
        ),
    ],
)
def test_lines(shown, words, options, line):
    assert shown(*words, **options).text == line


def test_bytes_that_are_not_text_come_as_hexadecimal(shown):
    assert shown("write", 1, b"\xff\0", 2, result=2).data == {"fd": 1, "buf": {"hex": "ff00"}, "count": 2}


def test_vectors_as_objects(shown):
    assert shown("writev", 1, VECTORS, 1, result=5, memory=MEMORY).data["iov"] == [{"iov_base": "hello", "iov_len": 5}]
