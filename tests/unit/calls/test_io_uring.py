# SPDX-License-Identifier: BSD-2-Clause
"""trapgate.calls.io_uring"""
# ruff: noqa: E501 (a line of output is as long as it is)

import struct

import pytest


def params(flags: int) -> bytes:
    return struct.pack("<7I", 4, 8, flags, 0, 1000, 1, 3).ljust(120, b"\0")


OFFSETS = "{head=0, tail=0, ring_mask=0, ring_entries=0, %s, user_addr=0}"


@pytest.mark.parametrize(
    ("words", "options", "line"),
    [
        (
            ("io_uring_setup", 4, params(0x20)),
            {"result": 5},
            "io_uring_setup(4, {flags=IORING_SETUP_ATTACH_WQ, sq_thread_cpu=0, sq_thread_idle=1000, wq_fd=3, sq_entries=4, cq_entries=8, "
            f"features=IORING_FEAT_SINGLE_MMAP, sq_off={OFFSETS % 'flags=0, dropped=0, array=0'}, cq_off={OFFSETS % 'overflow=0, cqes=0, flags=0'}}}) = 5",
        ),
        (
            ("io_uring_setup", 4, params(0)),
            {"result": -12},
            "io_uring_setup(4, {flags=0, sq_thread_cpu=0, sq_thread_idle=1000}) = -1 ENOMEM (Cannot allocate memory)",
        ),
        (
            ("io_uring_enter", 3, 1, 2, 1, 0, 8),
            {},
            "io_uring_enter(3, 1, 2, IORING_ENTER_GETEVENTS, NULL, 8) = 0",
        ),
        (
            ("io_uring_enter", 3, 1, 2, 9, struct.pack("<QIIQ", 0, 8, 1, 0x8000), 24),
            {"memory": {0x8000: struct.pack("<QQ", 1, 2)}},
            "io_uring_enter(3, 1, 2, IORING_ENTER_GETEVENTS|IORING_ENTER_EXT_ARG, {sigmask=NULL, sigmask_sz=8, min_wait_usec=1, "
            "ts={tv_sec=1, tv_nsec=2}}, 24) = 0",
        ),
        (
            ("io_uring_register", 3, 2, struct.pack("<2i", 3, -1), 2),
            {"decode_fds": frozenset({"path"})},
            "io_uring_register(3</tmp/file>, IORING_REGISTER_FILES, [3</tmp/file>, -1], 2) = 0",
        ),
        (
            ("io_uring_register", 3, 0x80000006, struct.pack("<IIQ", 1, 0, 0x8000), 2),
            {"memory": {0x8000: struct.pack("<2i", -2, 4)}},
            "io_uring_register(3, IORING_REGISTER_FILES_UPDATE|IORING_REGISTER_USE_REGISTERED_RING, {offset=1, fds=[IORING_REGISTER_FILES_SKIP, 4]}, 2) = 0",
        ),
        (
            ("io_uring_register", 3, 19, struct.pack("<2I", 4, 5), 2),
            {},
            "io_uring_register(3, IORING_REGISTER_IOWQ_MAX_WORKERS, [[IO_WQ_BOUND]=4, [IO_WQ_UNBOUND]=5] => [[IO_WQ_BOUND]=4, [IO_WQ_UNBOUND]=5], 2) = 0",
        ),
        (
            ("io_uring_register", 3, 11, struct.pack("<HBB3IHBB3I", 1, 9, 0, 0, 0, 0, 9, 2, 1, 0, 0, 0), 2),
            {},
            "io_uring_register(3, IORING_REGISTER_RESTRICTIONS, [{opcode=IORING_RESTRICTION_SQE_OP, sqe_op=IORING_OP_SENDMSG}, "
            "{opcode=0x9 /* IORING_RESTRICTION_??? */ /* op: 0x2 */, resv=0x1}], 2) = 0",
        ),
        (
            ("io_uring_register", 3, 22, struct.pack("<QIHHI5I", 0x1000, 8, 1, 0, 0, *[0] * 5), 2),
            {},
            "io_uring_register(3, IORING_REGISTER_PBUF_RING, 0x30000, 2) = 0",
        ),
        (
            ("io_uring_register", 3, 22, struct.pack("<QIHHI5I", 0x1000, 8, 1, 0, 0, *[0] * 5), 1),
            {},
            "io_uring_register(3, IORING_REGISTER_PBUF_RING, {ring_addr=0x1000, ring_entries=8, bgid=1, flags=0, min_left=0}, 1) = 0",
        ),
        (
            ("io_uring_register", 3, 36, struct.pack("<IIQQI", 1, 1, 0, 0, 7).ljust(72, b"\0"), 1),
            {},
            "io_uring_register(3, IORING_REGISTER_ZCRX_CTRL, {zcrx_id=1, op=ZCRX_CTRL_EXPORT, zc_export={zcrx_fd=7}}, 1) = 0",
        ),
        (("io_uring_register", 3, 1, 0, 0), {}, "io_uring_register(3, IORING_UNREGISTER_BUFFERS, NULL, 0) = 0"),
    ],
)
def test_lines(shown, words, options, line):
    assert shown(*words, **options).text == line


def test_a_chain_of_questions_that_leads_back_to_itself_ends(shown):
    question = struct.pack("<QQIIi3I", 0x30000, 0, 0, 0, 0, 0, 0, 0)
    short = shown("io_uring_register", 3, 35, question, 0, string_limit=2)
    assert short.text.count("query_op") == 2 and "next_entry=0x30000 /* ... */}}" in short.text
    assert shown("io_uring_register", 3, 35, question, 0, full=True).text.count("query_op") == 100


def test_what_was_probed_is_an_object(shown):
    probed = struct.pack("<BBH3I", 1, 1, 0, 0, 0, 0) + struct.pack("<BBHI", 1, 0, 1, 0)
    data = shown("io_uring_register", 3, 8, probed, 1).data
    assert data["arg"]["after"] == {
        "last_op": "IORING_OP_READV",
        "ops_len": 1,
        "ops": [{"op": "IORING_OP_READV", "flags": ["IO_URING_OP_SUPPORTED"]}],
    }
