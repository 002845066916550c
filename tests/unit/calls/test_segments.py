# SPDX-License-Identifier: BSD-2-Clause
"""trapgate.calls.segments"""
# ruff: noqa: E501 (a line of output is as long as it is)

import struct

import pytest

AREA = struct.pack("<IIII", 12, 0x1000, 0xFFFFF, 0x51)
FIELDS = "base_addr=0x001000, limit=0x0fffff, seg_32bit=1, contents=0, read_exec_only=0, limit_in_pages=1, seg_not_present=0, useable=1"


@pytest.mark.parametrize(
    ("words", "options", "line"),
    [
        (("modify_ldt", 1, AREA, 16), {"abi": "i386"}, f"modify_ldt(1, {{entry_number=12, {FIELDS}}}, 16) = 0"),
        (("modify_ldt", 1, AREA, 16), {}, f"modify_ldt(1, {{entry_number=12, {FIELDS}, lm=0}}, 16) = 0"),
        (
            ("modify_ldt", 1, AREA, 15),
            {"result": 0xFFFFFFEA},
            "modify_ldt(1, 0x20000, 15) = 4294967274 EINVAL (Invalid argument)",
        ),
        (
            ("set_thread_area", AREA),
            {"abi": "i386"},
            f"set_thread_area({{entry_number=12, {FIELDS}}}) = 0 (entry_number=12)",
        ),
        (("set_thread_area", 0x10), {"abi": "i386", "result": -14}, "set_thread_area(0x10) = -1 EFAULT (Bad address)"),
        (("get_thread_area", AREA), {"abi": "i386"}, f"get_thread_area({{entry_number=12, {FIELDS}}}) = 0"),
        (
            ("get_thread_area", AREA),
            {"abi": "i386", "result": -22},
            "get_thread_area({entry_number=12, ...}) = -1 EINVAL (Invalid argument)",
        ),
        (("get_thread_area", 0), {"abi": "i386", "result": -14}, "get_thread_area(NULL) = -1 EFAULT (Bad address)"),
        (("ioperm", 0x3C0, 4, 1), {}, "ioperm(0x3c0, 0x4, 1) = 0"),
        (("iopl", 3), {"result": -1}, "iopl(3) = -1 EPERM (Operation not permitted)"),
        (
            ("map_shadow_stack", 0, 4096, 1),
            {},
            "map_shadow_stack(NULL, 4096, SHADOW_STACK_SET_TOKEN) = 0",
        ),
    ],
)
def test_lines(shown, words, options, line):
    assert shown(*words, **options).text == line


def test_a_free_entry_is_asked_for_by_minus_one(shown):
    area = struct.pack("<I", 0xFFFFFFFF) + AREA[4:]
    assert "entry_number=-1," in shown("set_thread_area", area, abi="i386", result=-3).text
