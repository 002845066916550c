# SPDX-License-Identifier: BSD-2-Clause
"""trapgate.calls.fcntl and ioprio: arguments and results that hang on the operation."""

import struct

import pytest

LOCK = struct.pack("<2h4x2qi4x", 1, 0, 2, 3, 99)


@pytest.mark.parametrize(
    ("words", "options", "line"),
    [
        (("fcntl", 3, 1), {"result": 1}, "fcntl(3, F_GETFD) = 0x1 (flags FD_CLOEXEC)"),
        (
            ("fcntl", 3, 1),
            {"result": 1, "style": "verbose"},
            "fcntl(3, 0x1 /* F_GETFD */) = 0x1 (flags 0x1 /* FD_CLOEXEC */)",
        ),
        (("fcntl", 3, 1), {"result": 0}, "fcntl(3, F_GETFD) = 0"),
        (("fcntl", 3, 3), {"result": 0o2001}, "fcntl(3, F_GETFL) = 0x401 (flags O_WRONLY|O_APPEND)"),
        (("fcntl", 3, 4, 0o2000), {}, "fcntl(3, F_SETFL, O_RDONLY|O_APPEND) = 0"),
        (("fcntl", 3, 0, 10), {"result": 10}, "fcntl(3, F_DUPFD, 10) = 10"),
        (("fcntl", 3, 6, LOCK), {}, "fcntl(3, F_SETLK, {l_type=F_WRLCK, l_whence=SEEK_SET, l_start=2, l_len=3}) = 0"),
        (
            ("fcntl", 3, 5, LOCK),
            {},
            "fcntl(3, F_GETLK, {l_type=F_WRLCK, l_whence=SEEK_SET, l_start=2, l_len=3, l_pid=99}) = 0",
        ),
        (("fcntl", 3, 5, LOCK), {"result": -9}, "fcntl(3, F_GETLK, 0x30000) = -1 EBADF (Bad file descriptor)"),
        (
            ("fcntl64", 3, 14, struct.pack("<2h2qi", 2, 1, 2, 3, 0)),
            {"abi": "i386"},
            "fcntl64(3, F_SETLKW64, {l_type=F_UNLCK, l_whence=SEEK_CUR, l_start=2, l_len=3}) = 0",
        ),
        (("fcntl", 3, 15, struct.pack("<2i", 2, 7)), {}, "fcntl(3, F_SETOWN_EX, {type=F_OWNER_PGRP, pid=7}) = 0"),
        (("fcntl", 3, 11), {"result": 10}, "fcntl(3, F_GETSIG) = 10 (SIGUSR1)"),
        (("fcntl", 3, 1025), {"result": 2}, "fcntl(3, F_GETLEASE) = 0x2 (F_UNLCK)"),
        (("fcntl", 3, 1034), {"result": 3}, "fcntl(3, F_GET_SEALS) = 0x3 (seals F_SEAL_SEAL|F_SEAL_SHRINK)"),
        (("fcntl", 3, 1036, struct.pack("<Q", 2)), {}, "fcntl(3, F_SET_RW_HINT, [RWH_WRITE_LIFE_SHORT]) = 0"),
        (("fcntl", 3, 77, 5), {"result": -22}, "fcntl(3, 0x4d /* F_??? */, 0x5) = -1 EINVAL (Invalid argument)"),
        (("flock", 3, 6), {}, "flock(3, LOCK_EX|LOCK_NB) = 0"),
        (
            ("ioprio_get", 1, 0),
            {"result": 0x4004},
            "ioprio_get(IOPRIO_WHO_PROCESS, 0) = 16388 (IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, 4))",
        ),
        (
            ("ioprio_set", 1, 5, 0x2001),
            {},
            "ioprio_set(IOPRIO_WHO_PROCESS, 5, IOPRIO_PRIO_VALUE(IOPRIO_CLASS_RT, 1)) = 0",
        ),
    ],
)
def test_lines(shown, words, options, line):
    assert shown(*words, **options).text == line


def test_a_lock_as_an_object(shown):
    assert shown("fcntl", 3, 6, LOCK).data["arg"] == {
        "l_type": "F_WRLCK",
        "l_whence": "SEEK_SET",
        "l_start": 2,
        "l_len": 3,
    }
