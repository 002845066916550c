# SPDX-License-Identifier: BSD-2-Clause
"""trapgate.calls.open"""
# ruff: noqa: E501 (a line of output is as long as it is)

import struct

import pytest

HOW = struct.pack("<QQQ", 0o100, 0o600, 8)
HANDLE = struct.pack("<Ii", 8, 1) + b"12345678"


@pytest.mark.parametrize(
    ("words", "options", "line"),
    [
        (("open", b"/etc\0", 0), {"result": 3}, 'open("/etc", O_RDONLY) = 3'),
        (("open", b"f\0", 0o101, 0o644), {"result": 3}, 'open("f", O_WRONLY|O_CREAT, 0644) = 3'),
        (("open", 0x20, 3 | 0x40000000), {"result": -14}, "open(0x20, O_ACCMODE|0x40000000) = -1 EFAULT (Bad address)"),
        (
            ("openat", -100, b"f\0", 0),
            {"result": -2, "style": "raw"},
            'openat(-100, "f", 0) = -1 ENOENT (No such file or directory)',
        ),
        (
            ("openat", -100, b"f\0", 2),
            {"result": 4, "style": "verbose"},
            'openat(-100 /* AT_FDCWD */, "f", 0x2 /* O_RDWR */) = 4',
        ),
        (
            ("openat", 3, b"f\0", 0),
            {"result": 3, "decode_fds": frozenset({"path"})},
            'openat(3</tmp/file>, "f", O_RDONLY) = 3</tmp/file>',
        ),
        (
            ("openat2", -100, b"f\0", HOW, 24),
            {"result": 5},
            'openat2(AT_FDCWD, "f", {flags=O_RDONLY|O_CREAT, mode=0600, resolve=RESOLVE_BENEATH}, 24) = 5',
        ),
        (
            ("openat2", -100, b"f\0", HOW + b"\0\1", 26),
            {"result": 5},
            'openat2(AT_FDCWD, "f", {flags=O_RDONLY|O_CREAT, mode=0600, resolve=RESOLVE_BENEATH, /* bytes 24..25 */ "\\x00\\x01"}, '
            "26) = 5",
        ),
        (
            ("openat2", -100, b"f\0", HOW, 23),
            {"result": -22},
            'openat2(AT_FDCWD, "f", 0x30000, 23) = -1 EINVAL (Invalid argument)',
        ),
        (
            ("name_to_handle_at", -100, b"f\0", HANDLE, struct.pack("<i", 7), 0),
            {},
            'name_to_handle_at(AT_FDCWD, "f", {handle_bytes=8, handle_type=1, '
            'f_handle="\\x31\\x32\\x33\\x34\\x35\\x36\\x37\\x38"}, [7], 0) = 0',
        ),
        (
            ("open_by_handle_at", 3, HANDLE[:8], 0),
            {"result": -9},
            "open_by_handle_at(3, {handle_bytes=8, handle_type=1, f_handle=???}, O_RDONLY) = -1 EBADF (Bad file descriptor)",
        ),
    ],
)
def test_lines(shown, words, options, line):
    assert shown(*words, **options).text == line


def test_json_has_names_and_numbers(shown):
    assert shown("openat", -100, b"/e\n\0", 0o2000101, 0o644, result=3).data == {
        "dirfd": "AT_FDCWD",
        "pathname": "/e\n",
        "flags": ["O_WRONLY", "O_CREAT", "O_CLOEXEC"],
        "mode": 0o644,
    }


def test_open_how_as_an_object(shown):
    assert shown("openat2", -100, b"f\0", HOW, 24).data["how"] == {
        "flags": ["O_RDONLY", "O_CREAT"],
        "mode": 0o600,
        "resolve": ["RESOLVE_BENEATH"],
    }
