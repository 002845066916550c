# SPDX-License-Identifier: BSD-2-Clause
"""trapgate.calls.path"""
# ruff: noqa: E501 (a line of output is as long as it is)

import struct
import time

import pytest


@pytest.fixture(autouse=True)
def _in_utc(monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


NOW_AND_OMIT = struct.pack("<4q", 1, (1 << 30) - 1, 2, (1 << 30) - 2)


@pytest.mark.parametrize(
    ("words", "options", "line"),
    [
        (("access", b"f\0", 0), {}, 'access("f", F_OK) = 0'),
        (("access", b"f\0", 8), {}, 'access("f", 0x8 /* ?_OK */) = 0'),
        (("faccessat2", -100, b"f\0", 6, 0x200), {}, 'faccessat2(AT_FDCWD, "f", R_OK|W_OK, AT_EACCESS) = 0'),
        (("chmod", b"f\0", 7), {}, 'chmod("f", 007) = 0'),
        (("chown", b"f\0", -1, 5), {}, 'chown("f", -1, 5) = 0'),
        (("chown", b"f\0", 0xFFFF, 0x10005), {"abi": "i386"}, 'chown("f", -1, 5) = 0'),
        (("chown32", b"f\0", 0xFFFF, 0x10005), {"abi": "i386"}, 'chown32("f", 65535, 65541) = 0'),
        (("renameat2", -100, b"a\0", 3, b"b\0", 1), {}, 'renameat2(AT_FDCWD, "a", 3, "b", RENAME_NOREPLACE) = 0'),
        (("mknod", b"f\0", 0o020644, 0x103), {}, 'mknod("f", S_IFCHR|0644, makedev(0x1, 0x3)) = 0'),
        (("mknod", b"f\0", 0o010644, 0x103), {}, 'mknod("f", S_IFIFO|0644) = 0'),
        (
            ("mknod", b"f\0", 0o024000, 0x103),
            {"style": "verbose"},
            'mknod("f", 024000 /* S_IFCHR|S_ISUID|000 */, 0x103 /* makedev(0x1, 0x3) */) = 0',
        ),
        (("readlink", b"l\0", b"target", 99), {"result": 6}, 'readlink("l", "target", 99) = 6'),
        (("getcwd", b"/tmp\0", 99), {"result": 5}, 'getcwd("/tmp", 99) = 5'),
        (("getcwd", b"/tmp\0", 1), {"result": -34}, "getcwd(0x10000, 1) = -1 ERANGE (Numerical result out of range)"),
        (
            ("utime", b"f\0", struct.pack("<2q", 1, 0)),
            {},
            'utime("f", {actime=1 /* 1970-01-01T00:00:01+0000 */, modtime=0}) = 0',
        ),
        (
            ("utimes", b"f\0", struct.pack("<4i", 1, 5, 0, 1000000)),
            {"abi": "i386"},
            'utimes("f", [{tv_sec=1, tv_usec=5} /* 1970-01-01T00:00:01.000005+0000 */, {tv_sec=0, tv_usec=1000000}]) = 0',
        ),
        (("utimensat", -100, b"f\0", NOW_AND_OMIT, 0), {}, 'utimensat(AT_FDCWD, "f", [UTIME_NOW, UTIME_OMIT], 0) = 0'),
        (
            ("utimensat", -100, b"f\0", NOW_AND_OMIT, 0),
            {"style": "raw"},
            'utimensat(-100, "f", [{tv_sec=1, tv_nsec=1073741823}, {tv_sec=2, tv_nsec=1073741822}], 0) = 0',
        ),
    ],
)
def test_lines(shown, words, options, line):
    assert shown(*words, **options).text == line


def test_device_numbers_as_an_object(shown):
    data = shown("mknod", b"f\0", 0o020644, 0x103).data
    assert data["dev"] == {"major": 1, "minor": 3}
    assert data["mode"] == ["S_IFCHR", 0o644]
