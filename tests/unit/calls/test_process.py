# SPDX-License-Identifier: BSD-2-Clause
"""trapgate.calls.process"""
# ruff: noqa: E501 (a line of output is as long as it is)

import struct

import pytest

DECODED = {"decode_fds": frozenset({"path"})}


@pytest.mark.parametrize(
    ("words", "options", "line"),
    [
        (("umask", 0o177022), {"result": 0o22}, "umask(0177022) = 022"),
        (("umask", 0), {"result": 0}, "umask(000) = 000"),
        (("set_tid_address", 0x7F10), {"result": 9}, "set_tid_address(0x7f10) = 9"),
        (("personality", 0xFFFFFFFF), {"result": 0}, "personality(0xffffffff) = 0 (PER_LINUX)"),
        (
            ("personality", 0x40008),
            {"result": 0x40000},
            "personality(PER_LINUX32|ADDR_NO_RANDOMIZE) = 0x40000 (PER_LINUX|ADDR_NO_RANDOMIZE)",
        ),
        (
            ("personality", 0x40008),
            {"result": 0x40000, "style": "raw"},
            "personality(0x8|0x40000) = 0x40000 (0|0x40000)",
        ),
        (("kcmp", 1, 2, 0, 5, 6), {"result": 1}, "kcmp(1, 2, KCMP_FILE, 5, 6) = 1"),
        (("kcmp", 1, 2, 0, 5, 6), DECODED, "kcmp(1, 2, KCMP_FILE, 5</of/1>, 6</of/2>) = 0"),
        (("kcmp", 1, 2, 1, 5, 6), {}, "kcmp(1, 2, KCMP_VM) = 0"),
        (
            ("kcmp", 1, 2, 7, 5, struct.pack("<III", 3, 4, 5)),
            {},
            "kcmp(1, 2, KCMP_EPOLL_TFD, 5, {efd=3, tfd=4, toff=5}) = 0",
        ),
        (
            ("kcmp", 1, 2, 99, 5, 0),
            {"result": -22},
            "kcmp(1, 2, 0x63 /* KCMP_??? */, 0x5, 0) = -1 EINVAL (Invalid argument)",
        ),
        (("pidfd_open", 1, 0x800), {"result": 3, **DECODED}, "pidfd_open(1, PIDFD_NONBLOCK) = 3</tmp/file>"),
        (("pidfd_getfd", 9, 1, 0), {"result": 3}, "pidfd_getfd(9, 1, 0) = 3"),
        (
            ("pidfd_getfd", 9, 1, 0),
            {"result": -1, **DECODED},
            "pidfd_getfd(9, 1</of/42/ours>, 0) = -1 EPERM (Operation not permitted)",
        ),
        (
            ("execveat", -100, b"/x\0", 0, 0, 0x10100),
            {"result": -2},
            'execveat(AT_FDCWD, "/x", NULL, NULL, AT_SYMLINK_NOFOLLOW|AT_EXECVE_CHECK) = -1 ENOENT (No such file or directory)',
        ),
    ],
)
def test_lines(shown, words, options, line):
    assert shown(*words, **options).text == line
