# SPDX-License-Identifier: BSD-2-Clause
"""trapgate.calls.obsolete"""

import pytest


@pytest.mark.parametrize(
    ("words", "abi", "line"),
    [
        (("sysfs", 3), "x86_64", "sysfs(0x3, 0, 0) = -1 ENOSYS (Function not implemented)"),
        (("olduname", 16), "i386", "olduname(0x10) = -1 ENOSYS (Function not implemented)"),
        (("break", 16), "i386", "break() = -1 ENOSYS (Function not implemented)"),
        (
            ("vserver", 1, 2, 3, 4, 5),
            "x86_64",
            "vserver(0x1, 0x2, 0x3, 0x4, 0x5) = -1 ENOSYS (Function not implemented)",
        ),
    ],
)
def test_words(shown, words, abi, line):
    assert shown(*words, abi=abi, result=-38).text == line
