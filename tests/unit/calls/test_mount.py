# SPDX-License-Identifier: BSD-2-Clause
"""trapgate.calls.mount, quota, xattr and aio"""
# ruff: noqa: E501 (a line of output is as long as it is)

import struct

import pytest

ATTR = struct.pack("<4Q", 0x100000 | 1, 0, 0, 3)
REQUEST = struct.pack("<IiQQ", 24, 0, 5, 1)
BLOCK = struct.pack("<8QI4x", 1, 2, 3, 4, 5, 6, 7, 8, 1)
XATTR = struct.pack("<QII", 0x100, 4, 1)
IOCB = struct.pack("<QIiHhIQQq2QII", 1, 0, 0, 1, 0, 3, 0x100, 4, 5, 0, 0, 0, 0)[:64]


@pytest.mark.parametrize(
    ("words", "options", "line"),
    [
        (("mount", b"a\0", b"b\0", b"ext4\0", 1, b"o\0"), {}, 'mount("a", "b", "ext4", MS_RDONLY, "o") = 0'),
        (("mount", b"a\0", b"b\0", b"ext4\0", 0x1000, b"o\0"), {}, 'mount("a", "b", 0x30000, MS_BIND, 0x50000) = 0'),
        (
            ("mount", b"a\0", b"b\0", b"ext4\0", 0xC0ED0020, b"o\0"),
            {},
            'mount("a", "b", 0x30000, MS_MGC_VAL|MS_REMOUNT, "o") = 0',
        ),
        (("swapon", b"d\0", 0x8005), {}, 'swapon("d", SWAP_FLAG_PREFER|5) = 0'),
        (
            ("mount_setattr", -100, b"d\0", 0, ATTR, 32),
            {"decode_fds": frozenset({"path"})},
            'mount_setattr(AT_FDCWD</home>, "d", 0, {attr_set=MOUNT_ATTR_RDONLY|MOUNT_ATTR_IDMAP, attr_clr=0, propagation=0 /* MS_??? */, '
            "userns_fd=3</tmp/file>}, 32) = 0",
        ),
        (("fsconfig", 3, 1, b"k\0", b"v\0", 0), {}, 'fsconfig(3, FSCONFIG_SET_STRING, "k", "v", 0) = 0'),
        (("fsconfig", 3, 2, b"k\0", b"\1\2", 2), {}, 'fsconfig(3, FSCONFIG_SET_BINARY, "k", "\\x01\\x02", 2) = 0'),
        (("fsconfig", 3, 6, 0, 0, 0), {}, "fsconfig(3, FSCONFIG_CMD_CREATE, NULL, NULL, 0) = 0"),
        (
            ("listmount", REQUEST, struct.pack("<2Q", 7, 8), 2, 0),
            {"result": 1},
            "listmount({size=24, mnt_ns_fd=0, mnt_id=0x5, param=0x1}, [0x7], 2, 0) = 1",
        ),
        (
            ("statmount", struct.pack("<I", 4), 0, 0, 0),
            {"result": -22},
            "statmount({size=4}, NULL, 0, 0) = -1 EINVAL (Invalid argument)",
        ),
        (
            ("quotactl", 0x800007 << 8, b"/d\0", 5, BLOCK),
            {},
            'quotactl(QCMD(Q_GETQUOTA, USRQUOTA), "/d", 5, {dqb_bhardlimit=1, dqb_bsoftlimit=2, dqb_curspace=3, '
            "dqb_ihardlimit=4, dqb_isoftlimit=5, dqb_curinodes=6, ...}) = 0",
        ),
        (("quotactl", 0x800001 << 8 & 0xFFFFFFFF, 0, 5, BLOCK), {}, "quotactl(QCMD(Q_SYNC, USRQUOTA), NULL) = 0"),
        (("setxattr", b"f\0", b"user.a\0", b"v\0", 2, 1), {}, 'setxattr("f", "user.a", "v", 2, XATTR_CREATE) = 0'),
        (("getxattr", b"f\0", b"user.a\0", b"val", 9), {"result": 3}, 'getxattr("f", "user.a", "val", 9) = 3'),
        (("getxattr", b"f\0", b"user.a\0", b"val", 0), {"result": 3}, 'getxattr("f", "user.a", 0x30000, 0) = 3'),
        (("listxattr", b"f\0", b"a\0b\0", 9), {"result": 4}, 'listxattr("f", "a\\0b\\0", 9) = 4'),
        (
            ("setxattrat", -100, b"f\0", 0, b"n\0", XATTR, 16),
            {"memory": {0x100: b"abcd"}},
            'setxattrat(AT_FDCWD, "f", 0, "n", {value="abcd", size=4, flags=XATTR_CREATE}, 16) = 0',
        ),
        (
            ("file_setattr", -100, b"f\0", struct.pack("<Q4I", 8, 1, 2, 3, 4), 24, 0),
            {},
            'file_setattr(AT_FDCWD, "f", {fa_xflags=FS_XFLAG_IMMUTABLE, fa_extsize=1, fa_projid=0x3, fa_cowextsize=4}, 24, 0) = 0',
        ),
        (("io_setup", 5, struct.pack("<Q", 0x7F00)), {}, "io_setup(5, [0x7f00]) = 0"),
        (
            ("io_submit", 0x7F00, 1, struct.pack("<Q", 0x200)),
            {"result": 1, "memory": {0x100: b"abcd", 0x200: IOCB}},
            'io_submit(0x7f00, 1, [{aio_data=0x1, aio_lio_opcode=IOCB_CMD_PWRITE, aio_fildes=3, aio_buf="abcd", aio_nbytes=4, '
            "aio_offset=5}]) = 1",
        ),
        (
            ("io_getevents", 0x7F00, 1, 1, 0, struct.pack("<2q", 1, 2)),
            {"result": -22},
            "io_getevents(0x7f00, 1, 1, NULL, {tv_sec=1, tv_nsec=2}) = -1 EINVAL (Invalid argument)",
        ),
    ],
)
def test_lines(shown, words, options, line):
    assert shown(*words, **options).text == line
