# SPDX-License-Identifier: BSD-2-Clause
"""trapgate.calls.perf"""
# ruff: noqa: E501 (a line of output is as long as it is)

import struct

import pytest


def attr(kind: int, size: int, config: int, bits: int = 0, tail: bytes = b"", room: int = 144) -> bytes:
    return (struct.pack("<IIQQQQQ", kind, size, config, 1, 0, 0, bits) + tail).ljust(room, b"\0")


HARDWARE = "type=PERF_TYPE_HARDWARE, size=PERF_ATTR_SIZE_VER0, config=PERF_COUNT_HW_INSTRUCTIONS"
HEAD = f"perf_event_open({{{HARDWARE}, sample_period=1, sample_type=0, read_format=0"


@pytest.mark.parametrize(
    ("words", "options", "line"),
    [
        (
            ("perf_event_open", attr(0, 64, 1, 1 | 2 << 15), 0, -1, -1, 8),
            {"result": 3},
            f"{HEAD}, disabled=1, precise_ip=2 /* requested to have 0 skid */, ...}}, 0, -1, -1, PERF_FLAG_FD_CLOEXEC) = 3",
        ),
        (
            ("perf_event_open", attr(3, 0, 1 << 16 | 2 << 8 | 3), 0, -1, -1, 0),
            {"result": 3},
            "perf_event_open({type=PERF_TYPE_HW_CACHE, size=0 /* PERF_ATTR_SIZE_??? */, "
            "config=PERF_COUNT_HW_CACHE_RESULT_MISS<<16|PERF_COUNT_HW_CACHE_OP_PREFETCH<<8|PERF_COUNT_HW_CACHE_DTLB, "
            "sample_period=1, sample_type=0, read_format=0, precise_ip=0 /* arbitrary skid */, ...}, 0, -1, -1, 0) = 3",
        ),
        (
            ("perf_event_open", struct.pack("<II", 0, 32), 0, 0, -1, 0),
            {"result": -7},
            "perf_event_open(0x10000, 0, 0, -1, 0) = -1 E2BIG (Argument list too long)",
        ),
        (
            ("perf_event_open", attr(0, 64, 1, 0, room=64), 0, 0, -1, 0),
            {"result": -7},
            HEAD.replace("SIZE_VER0", "SIZE_VER0 => PERF_ATTR_SIZE_VER0")
            + ", precise_ip=0 /* arbitrary skid */, ...}, 0, 0, -1, 0) = -1 E2BIG (Argument list too long)",
        ),
    ],
)
def test_lines(shown, words, options, line):
    assert shown(*words, **options).text == line


def test_everything_is_shown_when_not_abbreviated(shown):
    point = struct.pack("<IIQQ", 0, 3, 0x1234, 8)
    text = shown("perf_event_open", attr(5, 80, 0, tail=point, room=80), 0, 0, -1, 0, full=True).text
    assert "sigtrap=0, wakeup_events=0, bp_type=HW_BREAKPOINT_RW, bp_addr=0x1234, bp_len=8}" in text


def test_the_same_in_i386(shown):
    words = "perf_event_open", attr(0, 64, 1), 0, 0, -1, 0
    assert shown(*words).text == shown(*words, abi="i386").text


def test_json_has_bits_as_numbers(shown):
    assert shown("perf_event_open", attr(0, 64, 1, 1), 0, 0, -1, 0).data["attr"]["disabled"] == 1
