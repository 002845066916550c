# SPDX-License-Identifier: BSD-2-Clause
"""trapgate.calls.stat, statfs and dirent"""
# ruff: noqa: E501 (a line of output is as long as it is)

import struct

import pytest

STAT = struct.pack("<3Q3I4xQ3q6Q24x", 0x801, 7, 1, 0o100644, 1, 2, 0, 5, 4096, 8, 0, 0, 0, 0, 0, 0)
STAT32 = struct.pack("<2I4H10I8x", 0x801, 7, 0o020600, 1, 1, 2, 0x103, 5, 4096, 8, 0, 0, 0, 0, 0, 0)
STATX = struct.pack("<2IQ3I H2x 4Q", 0x7FF, 4096, 0x10, 1, 2, 3, 0o040755, 9, 4096, 8, 0x10).ljust(256, b"\0")
STATFS = struct.pack("<7Q2I7Q", 0xEF53, 4096, 1, 2, 3, 4, 5, 6, 7, 255, 4096, 0x1020, 0, 0, 0, 0)
ENTRIES = struct.pack("<2QHB", 5, 1, 24, 4) + b".\0\0\0\0" + struct.pack("<2QHB", 6, 2, 24, 8) + b"ab\0\0\0"


@pytest.mark.parametrize(
    ("words", "options", "line"),
    [
        (("stat", b"f\0", STAT), {}, 'stat("f", {st_mode=S_IFREG|0644, st_size=5, ...}) = 0'),
        (
            ("fstat", 3, STAT),
            {"full": True},
            "fstat(3, {st_dev=makedev(0x8, 0x1), st_ino=7, st_mode=S_IFREG|0644, st_nlink=1, st_uid=1, st_gid=2, "
            "st_blksize=4096, st_blocks=8, st_size=5, st_atime=0, st_atime_nsec=0, st_mtime=0, st_mtime_nsec=0, "
            "st_ctime=0, st_ctime_nsec=0}) = 0",
        ),
        (("fstat", 3, STAT[:-1]), {}, "fstat(3, 0x20000) = 0"),
        (("fstat", 3, STAT), {"result": -9}, "fstat(3, 0x20000) = -1 EBADF (Bad file descriptor)"),
        (("fstat", 3, STAT32), {"abi": "i386"}, "fstat(3, {st_mode=S_IFCHR|0600, st_rdev=makedev(0x1, 0x3), ...}) = 0"),
        (
            ("newfstatat", -100, b"f\0", STAT, 0x100),
            {},
            'newfstatat(AT_FDCWD, "f", {st_mode=S_IFREG|0644, st_size=5, ...}, AT_SYMLINK_NOFOLLOW) = 0',
        ),
        (
            ("statx", -100, b"f\0", 0x100, 0x7FF, STATX),
            {},
            'statx(AT_FDCWD, "f", AT_STATX_SYNC_AS_STAT|AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, '
            "{stx_mask=STATX_BASIC_STATS, stx_attributes=STATX_ATTR_IMMUTABLE, stx_mode=S_IFDIR|0755, stx_size=4096, ...}) = 0",
        ),
        (("statx", -100, b"f\0", 0x100, 0, 0), {"style": "raw"}, 'statx(-100, "f", |0x100, 0, NULL) = 0'),
        (
            ("fstatfs", 3, STATFS),
            {},
            "fstatfs(3, {f_type=EXT2_SUPER_MAGIC, f_bsize=4096, f_blocks=1, f_bfree=2, f_bavail=3, f_files=4, f_ffree=5, "
            "f_fsid={val=[0x6, 0x7]}, f_namelen=255, f_frsize=4096, f_flags=ST_VALID|ST_RELATIME}) = 0",
        ),
        (("fstatfs64", 3, 83, b"\0" * 84), {"abi": "i386"}, "fstatfs64(3, 83, 0x30000) = 0"),
        (("getdents64", 3, ENTRIES, 99), {"result": 48}, "getdents64(3, 0x20000 /* 2 entries */, 99) = 48"),
        (
            ("getdents64", 3, ENTRIES, 99),
            {"result": 48, "full": True},
            'getdents64(3, [{d_ino=5, d_off=1, d_reclen=24, d_type=DT_DIR, d_name="."}, '
            '{d_ino=6, d_off=2, d_reclen=24, d_type=DT_REG, d_name="ab"}], 99) = 48',
        ),
        (
            ("getdents64", 3, ENTRIES, 99),
            {"result": 44},
            "getdents64(3, 0x20000 /* d_reclen 4 bytes overflow */ /* 2 entries */, 99) = 44",
        ),
        (("getdents64", 3, b"", 99), {"result": 0, "full": True}, "getdents64(3, [], 99) = 0"),
        (
            ("getdents", 3, struct.pack("<2QH", 5, 1, 24) + b"f\0\0\0\0\10", 99),
            {"result": 24, "full": True},
            'getdents(3, [{d_ino=5, d_off=1, d_reclen=24, d_name="f", d_type=DT_REG}], 99) = 24',
        ),
    ],
)
def test_lines(shown, words, options, line):
    assert shown(*words, **options).text == line


def test_stat_as_an_object(shown):
    assert shown("fstat", 3, STAT).data["statbuf"] == {"st_mode": ["S_IFREG", 0o644], "st_size": 5}
