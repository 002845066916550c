# SPDX-License-Identifier: BSD-2-Clause
"""trapgate.calls.clone"""
# ruff: noqa: E501 (a line of output is as long as it is)

import struct

import pytest

THREAD = 0x3D0F00


def clone_args(flags=0, pidfd=0, child=0, parent=0, signal=0, stack=0, size=0, tls=0, set_tid=0, count=0, cgroup=0):
    return struct.pack("<11Q", flags, pidfd, child, parent, signal, stack, size, tls, set_tid, count, cgroup)


@pytest.mark.parametrize(
    ("words", "options", "line"),
    [
        (("clone", 17, 0), {"result": 9}, "clone(child_stack=NULL, flags=SIGCHLD) = 9"),
        (
            ("clone", 0x01200011, 0, 0, 0x7F10),
            {"result": 9},
            "clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD, child_tidptr=0x7f10) = 9",
        ),
        (
            ("clone", 0x180000, 0x7F00, struct.pack("<i", 9), 0, 0x60),
            {"result": 9},
            "clone(child_stack=0x7f00, flags=CLONE_SETTLS|CLONE_PARENT_SETTID, parent_tid=[9], tls=0x60) = 9",
        ),
        (
            ("clone", 0x200000 | 0x80000, 0, 0, struct.pack("<IIII", 6, 0, 0, 1), 0x77),
            {"result": 9, "abi": "i386"},
            "clone(child_stack=NULL, flags=CLONE_SETTLS|CLONE_CHILD_CLEARTID, tls={entry_number=6, base_addr=00000000, limit=00000000, seg_32bit=1, contents=0, read_exec_only=0, limit_in_pages=0, seg_not_present=0, useable=0}, child_tidptr=0x77) = 9",
        ),
        (
            ("clone", 0x1000 | 17, 0, struct.pack("<i", 3)),
            {"result": 9, "decode_fds": frozenset({"path"})},
            "clone(child_stack=NULL, flags=CLONE_PIDFD|SIGCHLD, parent_tid=[3</tmp/file>]) = 9",
        ),
        (
            ("clone", 0x100000, 0, 0x50),
            {"result": -11},
            "clone(child_stack=NULL, flags=CLONE_PARENT_SETTID, parent_tid=0x50) = -1 EAGAIN (Resource temporarily unavailable)",
        ),
        (
            ("clone", 0x20000, 0),
            {"result": 9, "namespaces": True},
            "clone(child_stack=NULL, flags=CLONE_NEWNS) = 9 (mnt:[9])",
        ),
        (("fork",), {"result": 9, "decode_pids": frozenset({"comm"})}, "fork() = 9<tgid>"),
        (("vfork",), {"result": 9}, "vfork() = 9"),
        (
            ("clone3", clone_args(signal=17), 64),
            {"result": 9},
            "clone3({flags=0, exit_signal=SIGCHLD, stack=NULL, stack_size=0}, 64) = 9",
        ),
        (("clone3", clone_args(), 63), {"result": -22}, "clone3(0x10000, 63) = -1 EINVAL (Invalid argument)"),
        (
            ("clone3", clone_args(flags=0x101000, pidfd=0x50000, parent=0x50000, stack=0x7000, size=0x100), 88),
            {"result": 9, "memory": {0x50000: struct.pack("<i", 9)}},
            "clone3({flags=CLONE_PIDFD|CLONE_PARENT_SETTID, pidfd=0x50000, parent_tid=0x50000, exit_signal=0, stack=0x7000, stack_size=0x100} => {pidfd=[9], parent_tid=[9]}, 88) = 9",
        ),
        (
            ("clone3", clone_args(flags=0x101000, pidfd=0x50000, parent=0x50000), 88),
            {"result": -1},
            "clone3({flags=CLONE_PIDFD|CLONE_PARENT_SETTID, pidfd=0x50000, parent_tid=0x50000, exit_signal=0, stack=NULL, stack_size=0}, 88) = -1 EPERM (Operation not permitted)",
        ),
        (
            ("clone3", clone_args(set_tid=0x50000, count=2, cgroup=4), 88),
            {"result": 9, "memory": {0x50000: struct.pack("<2i", 7, 8)}},
            "clone3({flags=0, exit_signal=0, stack=NULL, stack_size=0, set_tid=[7, 8], set_tid_size=2, cgroup=4}, 88) = 9",
        ),
        (
            ("clone3", clone_args() + b"\0\0\0\1", 92),
            {"result": -7},
            r'clone3({flags=0, exit_signal=0, stack=NULL, stack_size=0, /* bytes 88..91 */ "\x00\x00\x00\x01"}, 92) = -1 E2BIG (Argument list too long)',
        ),
        (("unshare", 0x10000200), {}, "unshare(CLONE_FS|CLONE_NEWUSER) = 0"),
        (("unshare", 0x44000000), {"namespaces": True}, "unshare(CLONE_NEWUTS|CLONE_NEWNET) = 0 (net:[0], uts:[0])"),
        (("setns", 3, 0x40000000), {"decode_fds": frozenset({"path"})}, "setns(3</tmp/file>, CLONE_NEWNET) = 0"),
        (
            ("setns", 3, 0x40000000),
            {"namespaces": True, "result": -1},
            "setns(3, CLONE_NEWNET) = -1 EPERM (Operation not permitted)",
        ),
    ],
)
def test_lines(shown, words, options, line):
    assert shown(*words, **options).text == line


def test_labels_are_not_data(shown):
    assert shown("clone", 0x111, 0, result=9).data == {"child_stack": None, "flags": ["CLONE_VM", "SIGCHLD"]}
