# SPDX-License-Identifier: BSD-2-Clause
"""trapgate.calls.ioctl: names of requests, and the arguments of common ones."""

import struct

import pytest

WINSIZE = struct.pack("<4H", 24, 80, 0, 0)


@pytest.mark.parametrize(
    ("words", "options", "line"),
    [
        ((0x5413, WINSIZE), {}, "ioctl(1, TIOCGWINSZ, {ws_row=24, ws_col=80, ws_xpixel=0, ws_ypixel=0}) = 0"),
        (
            (0x5413, 0x1000),
            {"result": -25},
            "ioctl(1, TIOCGWINSZ, 0x1000) = -1 ENOTTY (Inappropriate ioctl for device)",
        ),
        ((0x5421, struct.pack("<i", 1)), {"abi": "i386"}, "ioctl(1, FIONBIO, [1]) = 0"),
        ((0x5451,), {}, "ioctl(1, FIOCLEX) = 0"),
        ((0x5413, 0), {"style": "raw"}, "ioctl(1, 0x5413, NULL) = 0"),
        ((0x5413, 0), {"style": "verbose"}, "ioctl(1, 0x5413 /* TIOCGWINSZ */, NULL) = 0"),
        ((0xC123EE77, 5), {}, "ioctl(1, _IOC(_IOC_READ|_IOC_WRITE, 0xee, 0x77, 0x123), 0x5) = 0"),
    ],
)
def test_lines(shown, words, options, line):
    assert shown("ioctl", 1, *words, **options).text == line
