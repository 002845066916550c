# SPDX-License-Identifier: BSD-2-Clause
"""trapgate.calls.numa"""

import struct

import pytest

MASK = struct.pack("<2Q", 5, 0)


@pytest.mark.parametrize(
    ("words", "options", "line"),
    [
        (
            ("mbind", 0x1000, 4096, 2, MASK, 64, 3),
            {},
            "mbind(0x1000, 4096, MPOL_BIND, [0x00000000000005], 64, MPOL_MF_STRICT|MPOL_MF_MOVE) = 0",
        ),
        (
            ("mbind", 0x1000, 4096, 2, MASK, 66, 0),
            {},
            "mbind(0x1000, 4096, MPOL_BIND, [0x00000000000005, 0000000000000000], 66, 0) = 0",
        ),
        (("mbind", 0x1000, 4096, 2, MASK, 0, 0), {}, "mbind(0x1000, 4096, MPOL_BIND, [], 0, 0) = 0"),
        (
            ("set_mempolicy", 0x8002, MASK, 32),
            {"abi": "i386"},
            "set_mempolicy(MPOL_BIND|MPOL_F_STATIC_NODES, [0x000005], 32) = 0",
        ),
        (
            ("set_mempolicy", 0x8002, 0, 0),
            {"style": "verbose"},
            "set_mempolicy(0x8002 /* MPOL_BIND|MPOL_F_STATIC_NODES */, NULL, 0) = 0",
        ),
        (("set_mempolicy", 0x80FF, 0, 0), {}, "set_mempolicy(MPOL_F_STATIC_NODES|0xff, NULL, 0) = 0"),
        (
            ("set_mempolicy", 0x55, 0x99, 1 << 63),
            {"result": -22},
            "set_mempolicy(0x55 /* MPOL_??? */, 0x99, 9223372036854775808) = -1 EINVAL (Invalid argument)",
        ),
        (
            ("get_mempolicy", struct.pack("<i", 1), MASK, 64, 0x2000, 3),
            {},
            "get_mempolicy([MPOL_PREFERRED], [0x00000000000005], 64, 0x2000, MPOL_F_NODE|MPOL_F_ADDR) = 0",
        ),
        (
            ("get_mempolicy", 0x10, 0x20, 64, 0, 0),
            {"result": -14},
            "get_mempolicy(0x10, 0x20, 64, NULL, 0) = -1 EFAULT (Bad address)",
        ),
        (
            ("migrate_pages", 1, 64, MASK, 0x33),
            {"result": -14},
            "migrate_pages(1, 64, [0x00000000000005], 0x33) = -1 EFAULT (Bad address)",
        ),
        (
            ("move_pages", 0, 2, struct.pack("<2Q", 0x1000, 0x2000), 0, struct.pack("<2i", 0, -14), 2),
            {},
            "move_pages(0, 2, [0x1000, 0x2000], NULL, [0, -EFAULT], MPOL_MF_MOVE) = 0",
        ),
        (
            ("move_pages", 0, 1, struct.pack("<I", 0x1000), struct.pack("<i", 1), 0x50, 2),
            {"abi": "i386", "result": -1},
            "move_pages(0, 1, [0x1000], [1], 0x50, MPOL_MF_MOVE) = -1 EPERM (Operation not permitted)",
        ),
        (
            ("move_pages", 0, 0, 0, 0, 0x50, 2),
            {"result": -1},
            "move_pages(0, 0, NULL, NULL, [], MPOL_MF_MOVE) = -1 EPERM (Operation not permitted)",
        ),
        (("set_mempolicy_home_node", 0x1000, 4096, 1, 0), {}, "set_mempolicy_home_node(0x1000, 4096, 1, 0) = 0"),
    ],
)
def test_lines(shown, words, options, line):
    assert shown(*words, **options).text == line


def test_masks_are_numbers(shown):
    assert shown("mbind", 0x1000, 4096, 2, MASK, 66, 0).data["nodemask"] == [5, 0]
