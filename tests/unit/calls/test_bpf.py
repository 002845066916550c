# SPDX-License-Identifier: BSD-2-Clause
"""trapgate.calls.bpf"""
# ruff: noqa: E501 (a line of output is as long as it is)

import struct

import pytest

EXIT_INSTRUCTION = struct.pack("<BBhi", 0x95, 0, 0, 0)
GPL = b"GPL\0"


def program(size: int = 48) -> bytes:
    head = struct.pack("<IIQQIIQII", 1, 1, 0x7000, 0x8000, 0, 0, 0, 6 << 16 | 1 << 8 | 2, 0)
    return head.ljust(size, b"\0")[:size]


MEMORY = {0x7000: EXIT_INSTRUCTION, 0x8000: GPL}


@pytest.mark.parametrize(
    ("words", "options", "line"),
    [
        (
            ("bpf", 0, struct.pack("<4I", 1, 4, 8, 256), 16),
            {"result": 3},
            "bpf(BPF_MAP_CREATE, {map_type=BPF_MAP_TYPE_HASH, key_size=4, value_size=8, max_entries=256}, 16) = 3",
        ),
        (
            ("bpf", 0, struct.pack("<7I8s", 1, 4, 8, 256, 4, 0, 0xFFFFFFFF, b"abcdefgh"), 36),
            {"result": 3, "decode_fds": frozenset({"path"})},
            "bpf(BPF_MAP_CREATE, {map_type=BPF_MAP_TYPE_HASH, key_size=4, value_size=8, max_entries=256, map_flags=BPF_F_NUMA_NODE, inner_map_fd=0, "
            'numa_node=4294967295 /* NUMA_NO_NODE */, map_name="abcdefg"...}, 36) = 3</tmp/file>',
        ),
        (
            ("bpf", 2, struct.pack("<IIQQQ", 3, 0, 1, 2, 0), 32),
            {},
            "bpf(BPF_MAP_UPDATE_ELEM, {map_fd=3, key=0x1, value=0x2, flags=BPF_ANY}, 32) = 0",
        ),
        (
            ("bpf", 3, struct.pack("<IIQI", 3, 0, 1, 7), 20),
            {},
            "bpf(BPF_MAP_DELETE_ELEM, {map_fd=3, key=0x1, ...}, 20) = 0",
        ),
        (
            ("bpf", 3, struct.pack("<IIQI", 3, 0, 1, 7), 20),
            {"full": True},
            'bpf(BPF_MAP_DELETE_ELEM, {map_fd=3, key=0x1, extra_data="\\x07\\x00\\x00\\x00" /* bytes 16..19 */}, 20) = 0',
        ),
        (
            ("bpf", 5, program(), 48),
            {"memory": MEMORY, "result": 4},
            'bpf(BPF_PROG_LOAD, {prog_type=BPF_PROG_TYPE_SOCKET_FILTER, insn_cnt=1, insns=0x7000, license="GPL", log_level=0, log_size=0, '
            "log_buf=NULL, kern_version=KERNEL_VERSION(6, 1, 2), prog_flags=0}, 48) = 4",
        ),
        (
            ("bpf", 5, program(), 24),
            {"memory": MEMORY, "result": -13, "full": True},
            "bpf(BPF_PROG_LOAD, {prog_type=BPF_PROG_TYPE_SOCKET_FILTER, insn_cnt=1, insns=[{code=BPF_JMP|BPF_K|BPF_EXIT, "
            'dst_reg=BPF_REG_0, src_reg=BPF_REG_0, off=0, imm=0}], license="GPL"}, 24) = -1 EACCES (Permission denied)',
        ),
        (
            ("bpf", 11, struct.pack("<II", 1, 7), 8),
            {},
            "bpf(BPF_PROG_GET_NEXT_ID, {start_id=1, next_id=7}, 8) = 0",
        ),
        (
            ("bpf", 15, struct.pack("<IIQ", 4, 88, 0x7000), 16),
            {"memory": {0x7000: struct.pack("<6I", 1, 2, 3, 4, 5, 0).ljust(88, b"\0")}, "full": True},
            "bpf(BPF_OBJ_GET_INFO_BY_FD, {info={bpf_fd=4, info_len=88, info={type=BPF_MAP_TYPE_HASH, id=2, key_size=3, value_size=4, "
            'max_entries=5, map_flags=0, name="", ifindex=0, btf_vmlinux_value_type_id=0, netns_dev=makedev(0, 0), netns_ino=0, '
            "btf_id=0, btf_key_type_id=0, btf_value_type_id=0, btf_vmlinux_id=0, map_extra=0}}}, 16) = 0",
        ),
        (
            ("bpf", 28, struct.pack("<IIIIIIQ", 3, 1, 46, 0x20, 9, 0, 5), 32),
            {"result": 4},
            'bpf(BPF_LINK_CREATE, {link_create={prog_fd=3, target_ifindex=if_nametoindex("lo"), attach_type=BPF_TCX_INGRESS, flags=BPF_F_ID, '
            "tcx={relative_id=9, expected_revision=0x5}}}, 32) = 4",
        ),
        (("bpf", 0, 0, 16), {"result": -14}, "bpf(BPF_MAP_CREATE, NULL, 16) = -1 EFAULT (Bad address)"),
        (
            ("bpf", 99, 0x1234, 16),
            {"result": -22},
            "bpf(0x63 /* BPF_??? */, 0x1234, 16) = -1 EINVAL (Invalid argument)",
        ),
    ],
)
def test_lines(shown, words, options, line):
    assert shown(*words, **options).text == line


def test_members_are_aligned_to_eight_bytes_in_every_abi(shown):
    words = "bpf", 1, struct.pack("<IIQQ", 3, 0, 1, 2), 24
    assert shown(*words).text == shown(*words, abi="i386").text


def test_json_has_members(shown):
    data = shown("bpf", 2, struct.pack("<IIQQQ", 3, 0, 1, 2, 1), 32).data
    assert data["attr"] == {"map_fd": 3, "key": {"address": 1}, "value": {"address": 2}, "flags": ["BPF_NOEXIST"]}
