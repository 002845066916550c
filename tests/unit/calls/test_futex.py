# SPDX-License-Identifier: BSD-2-Clause
"""trapgate.calls.futex"""
# ruff: noqa: E501 (a line of output is as long as it is)

import struct

import pytest

WAITER = struct.pack("<QQII", 7, 0x1000, 0x82, 0)


@pytest.mark.parametrize(
    ("words", "options", "line"),
    [
        (("futex", 0x10, 128, 1, 0), {}, "futex(0x10, FUTEX_WAIT_PRIVATE, 1, NULL) = 0"),
        (
            ("futex", 0x10, 0, 1, struct.pack("<QQ", 5, 6)),
            {"result": -110},
            "futex(0x10, FUTEX_WAIT, 1, {tv_sec=5, tv_nsec=6}) = -1 ETIMEDOUT (Connection timed out)",
        ),
        (
            ("futex", 0x10, 0, 1, struct.pack("<II", 5, 6)),
            {"abi": "i386"},
            "futex(0x10, FUTEX_WAIT, 1, {tv_sec=5, tv_nsec=6}) = 0",
        ),
        (
            ("futex_time64", 0x10, 0, 1, struct.pack("<QQ", 5, 6)),
            {"abi": "i386"},
            "futex_time64(0x10, FUTEX_WAIT, 1, {tv_sec=5, tv_nsec=6}) = 0",
        ),
        (("futex", 0x10, 129, 0x7FFFFFFF), {"result": 3}, "futex(0x10, FUTEX_WAKE_PRIVATE, 2147483647) = 3"),
        (
            ("futex", 0x10, 9, 1, 0, 0, 0xFFFFFFFF),
            {},
            "futex(0x10, FUTEX_WAIT_BITSET, 1, NULL, FUTEX_BITSET_MATCH_ANY) = 0",
        ),
        (("futex", 0x10, 3, 1, 2, 0x20), {}, "futex(0x10, FUTEX_REQUEUE, 1, 2, 0x20) = 0"),
        (("futex", 0x10, 4, 1, 2, 0x20, 9), {}, "futex(0x10, FUTEX_CMP_REQUEUE, 1, 2, 0x20, 9) = 0"),
        (
            ("futex", 0x10, 5, 1, 2, 0x20, 0x9A003005),
            {},
            "futex(0x10, FUTEX_WAKE_OP, 1, 2, 0x20, FUTEX_OP_OPARG_SHIFT<<28|FUTEX_OP_ADD<<28|0x3<<12|0xa<<24 /* FUTEX_OP_CMP_??? */|0x5) = 0",
        ),
        (("futex", 0x10, 7), {}, "futex(0x10, FUTEX_UNLOCK_PI) = 0"),
        (("futex", 0x10, 100, 1, 2, 3, 4), {}, "futex(0x10, 0x64 /* FUTEX_??? */, 1, 0x2, 0x3, 0x4) = 0"),
        (
            ("futex_waitv", WAITER, 1, 0, 0, 1),
            {},
            "futex_waitv([{val=0x7, uaddr=0x1000, flags=FUTEX2_SIZE_U32|FUTEX2_PRIVATE}], 1, 0, NULL, CLOCK_MONOTONIC) = 0",
        ),
        (
            ("futex_wake", 0x10, 0xFFFFFFFF, 1, 3),
            {"style": "verbose"},
            "futex_wake(0x10, 0xffffffff /* FUTEX_BITSET_MATCH_ANY */, 1, 0x3 /* FUTEX2_SIZE_U64 */) = 0",
        ),
        (
            ("futex_requeue", WAITER * 2, 0, 1, 2),
            {"style": "raw"},
            "futex_requeue([{val=0x7, uaddr=0x1000, flags=0x82}, {val=0x7, uaddr=0x1000, flags=0x82}], 0, 1, 2) = 0",
        ),
        (("set_robust_list", 0x7F00, 24), {}, "set_robust_list(0x7f00, 24) = 0"),
        (
            ("get_robust_list", 0, struct.pack("<Q", 0x7F00), struct.pack("<Q", 24)),
            {},
            "get_robust_list(0, [0x7f00], [24]) = 0",
        ),
        (
            ("get_robust_list", 0, struct.pack("<I", 0x7F00), struct.pack("<I", 12)),
            {"abi": "i386"},
            "get_robust_list(0, [0x7f00], [12]) = 0",
        ),
        (
            ("membarrier", 0, 0),
            {"result": 9},
            "membarrier(MEMBARRIER_CMD_QUERY, 0) = 0x9 (MEMBARRIER_CMD_GLOBAL|MEMBARRIER_CMD_PRIVATE_EXPEDITED)",
        ),
        (
            ("membarrier", 128, 1, 2),
            {"result": -22},
            "membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ, MEMBARRIER_CMD_FLAG_CPU, 2) = -1 EINVAL (Invalid argument)",
        ),
        (("rseq", 0x1001, 32, 0, 0x53053053), {}, "rseq(0x1001, 32, 0, 0x53053053) = 0"),
        (("rseq_slice_yield",), {}, "rseq_slice_yield() = 0"),
    ],
)
def test_lines(shown, words, options, line):
    assert shown(*words, **options).text == line


def test_a_critical_section_is_followed(shown):
    section = struct.pack("<IIQQQ", 0, 1, 0x400000, 0x10, 0x400100)
    area = struct.pack("<IIQIIIBBHB", 0xFFFFFFFF, 2, 0x50000, 0, 4, 5, 0, 0, 0, 0)
    line = shown("rseq", area, 33, 1, 0x53, memory={0x50000: section}).text
    assert line == (
        "rseq({cpu_id_start=RSEQ_CPU_ID_UNINITIALIZED, cpu_id=2, rseq_cs={version=0, "
        "flags=RSEQ_CS_FLAG_NO_RESTART_ON_PREEMPT, start_ip=0x400000, post_commit_offset=0x10, abort_ip=0x400100}"
        " /* 0x50000 */, flags=0, node_id=4, mm_cid=5, slice_ctrl={request=0, granted=0, __reserved=0}, __reserved=0}"
        ", 33, RSEQ_FLAG_UNREGISTER, 0x53) = 0"
    )


def test_more_waiters_than_the_kernel_looks_at_are_left_out(shown):
    assert shown("futex_waitv", WAITER * 130, 130, 0, 0, 0, full=True).text.endswith(
        "}, ...], 130, 0, NULL, CLOCK_REALTIME) = 0"
    )


def test_names_and_numbers(shown):
    data = shown("futex", 0x10, 9, 1, 0, 0, 0xFFFFFFFF).data
    assert data["futex_op"] == "FUTEX_WAIT_BITSET" and data["val"] == 1 and data["timeout"] is None
