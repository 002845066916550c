# SPDX-License-Identifier: BSD-2-Clause
"""trapgate.calls.fd"""
# ruff: noqa: E501 (a line of output is as long as it is)

import struct

import pytest


@pytest.mark.parametrize(
    ("words", "options", "line"),
    [
        (("close", -1), {"result": -9}, "close(-1) = -1 EBADF (Bad file descriptor)"),
        (("dup", 3), {"result": 4, "decode_fds": frozenset({"path"})}, "dup(3</tmp/file>) = 4"),
        (("pipe2", struct.pack("<2i", 5, 6), 0o2000000), {}, "pipe2([5, 6], O_CLOEXEC) = 0"),
        (("pipe", struct.pack("<i", 5)), {}, "pipe([5, ... /* 0x10004 */]) = 0"),
        (("eventfd2", 7, 0o2000000), {"result": 3}, "eventfd2(7, EFD_CLOEXEC) = 3"),
        (("signalfd4", -1, struct.pack("<Q", 0x10100), 8, 0), {"result": 3}, "signalfd4(-1, [KILL CHLD], 8, 0) = 3"),
        (("signalfd4", -1, struct.pack("<Q", 2**64 - 2), 8, 0), {"result": 3}, "signalfd4(-1, ~[HUP], 8, 0) = 3"),
        (
            ("timerfd_settime", 3, 1, struct.pack("<4Q", 0, 0, 1, 2), 0),
            {},
            "timerfd_settime(3, TFD_TIMER_ABSTIME, {it_interval={tv_sec=0, tv_nsec=0}, it_value={tv_sec=1, tv_nsec=2}}, NULL) = 0",
        ),
        (
            ("timerfd_gettime", 3, struct.pack("<4I", 0, 0, 1, 2)),
            {"abi": "i386"},
            "timerfd_gettime(3, {it_interval={tv_sec=0, tv_nsec=0}, it_value={tv_sec=1, tv_nsec=2}}) = 0",
        ),
        (
            ("memfd_create", b"x\0", 21 << 26 | 5),
            {"result": 3},
            'memfd_create("x", MFD_CLOEXEC|MFD_HUGETLB|21<<MFD_HUGE_SHIFT) = 3',
        ),
        (
            ("memfd_create", b"x" * 250 + b"\0", 0),
            {"result": 3, "string_limit": 300},
            f'memfd_create("{"x" * 250}"..., 0) = 3',
        ),
        (("fanotify_init", 4 | 1, 0), {"result": 3}, "fanotify_init(FAN_CLASS_CONTENT|FAN_CLOEXEC, O_RDONLY) = 3"),
        (("fanotify_mark", 3, 1, 2, -1, 0), {}, "fanotify_mark(3, FAN_MARK_ADD, FAN_MODIFY, FAN_NOFD, NULL) = 0"),
        (
            ("fanotify_mark", 3, 1, 2, 1, -100, 0),
            {"abi": "i386"},
            "fanotify_mark(3, FAN_MARK_ADD, FAN_MODIFY|0x100000000, AT_FDCWD, NULL) = 0",
        ),
    ],
)
def test_lines(shown, words, options, line):
    assert shown(*words, **options).text == line


def test_a_signal_set_is_a_list(shown):
    assert shown("signalfd", -1, struct.pack("<Q", 0x10100), 8).data["mask"] == ["SIGKILL", "SIGCHLD"]
