# SPDX-License-Identifier: BSD-2-Clause
"""trapgate.calls.ptrace"""
# ruff: noqa: E501 (a line of output is as long as it is)

import struct

import pytest

ENTRY = struct.pack("<BBHIQQQ6Q", 1, 0, 0, 0xC000003E, 0x401000, 0x7FFE0000, 59, 1, 2, 3, 4, 5, 6)
EXIT = struct.pack("<BBHIQQqB", 2, 0, 0, 0xC000003E, 0x401000, 0x7FFE0000, -2, 1)
WIDE = struct.pack("<27Q", *range(27))
NARROW = struct.pack("<17I", *range(17))


def vector(base, length):
    return struct.pack("<QQ", base, length)


@pytest.mark.parametrize(
    ("words", "options", "line"),
    [
        (("ptrace", 0, 1, 2, 3), {}, "ptrace(PTRACE_TRACEME) = 0"),
        (("ptrace", 16, 9, 1, 2), {}, "ptrace(PTRACE_ATTACH, 9) = 0"),
        (
            ("ptrace", 0x4206, 9, 0, 0x100001),
            {},
            "ptrace(PTRACE_SEIZE, 9, NULL, PTRACE_O_TRACESYSGOOD|PTRACE_O_EXITKILL) = 0",
        ),
        (("ptrace", 7, 9, 1, 15), {}, "ptrace(PTRACE_CONT, 9, 0x1, SIGTERM) = 0"),
        (("ptrace", 1, 9, 0x400000, struct.pack("<Q", 0xCC)), {}, "ptrace(PTRACE_PEEKTEXT, 9, 0x400000, [0xcc]) = 0"),
        (
            ("ptrace", 1, 9, 0x400000, 0x50),
            {"result": -3},
            "ptrace(PTRACE_PEEKTEXT, 9, 0x400000, 0x50) = -1 ESRCH (No such process)",
        ),
        (("ptrace", 3, 9, 128, struct.pack("<Q", 5)), {}, "ptrace(PTRACE_PEEKUSER, 9, 8*RIP, [0x5]) = 0"),
        (("ptrace", 6, 9, 129, 5), {}, "ptrace(PTRACE_POKEUSER, 9, 8*RIP+1, 0x5) = 0"),
        (
            ("ptrace", 6, 9, 848, 5),
            {"style": "verbose"},
            "ptrace(0x6 /* PTRACE_POKEUSER */, 9, 0x350 /* offsetof(struct user, u_debugreg) */, 0x5) = 0",
        ),
        (
            ("ptrace", 6, 9, 913, 5),
            {"result": -5},
            "ptrace(PTRACE_POKEUSER, 9, 0x391, 0x5) = -1 EIO (Input/output error)",
        ),
        (("ptrace", 6, 9, 48, 5), {"abi": "i386"}, "ptrace(PTRACE_POKEUSER, 9, 4*EIP, 0x5) = 0"),
        (("ptrace", 0x4201, 9, 0, struct.pack("<Q", 77)), {}, "ptrace(PTRACE_GETEVENTMSG, 9, NULL, [77]) = 0"),
        (("ptrace", 0x420A, 9, 8, struct.pack("<Q", 0x200)), {}, "ptrace(PTRACE_GETSIGMASK, 9, 8, [USR1]) = 0"),
        (
            ("ptrace", 0x4202, 9, 0, struct.pack("<iii4xii", 10, 0, 0, 1, 0).ljust(128, b"\0")),
            {},
            "ptrace(PTRACE_GETSIGINFO, 9, NULL, {si_signo=SIGUSR1, si_code=SI_USER, si_pid=1, si_uid=0}) = 0",
        ),
        (
            ("ptrace", 0x4209, 9, struct.pack("<QII", 1, 1, 2), 0x50),
            {},
            "ptrace(PTRACE_PEEKSIGINFO, 9, {off=1, flags=PTRACE_PEEKSIGINFO_SHARED, nr=2}, []) = 0",
        ),
        (
            ("ptrace", 0x420E, 9, 88, ENTRY),
            {"result": 80},
            "ptrace(PTRACE_GET_SYSCALL_INFO, 9, 88, {op=PTRACE_SYSCALL_INFO_ENTRY, arch=AUDIT_ARCH_X86_64, instruction_pointer=0x401000, stack_pointer=0x7ffe0000, entry={nr=__NR_execve, args=[0x1, 0x2, 0x3, 0x4, 0x5, 0x6]}}) = 80",
        ),
        (
            ("ptrace", 0x420E, 9, 88, EXIT),
            {"result": 33},
            "ptrace(PTRACE_GET_SYSCALL_INFO, 9, 88, {op=PTRACE_SYSCALL_INFO_EXIT, arch=AUDIT_ARCH_X86_64, instruction_pointer=0x401000, stack_pointer=0x7ffe0000, exit={rval=-ENOENT, is_error=1}}) = 33",
        ),
        (
            ("ptrace", 0x420E, 9, 3, ENTRY),
            {"result": 80},
            "ptrace(PTRACE_GET_SYSCALL_INFO, 9, 3, {op=PTRACE_SYSCALL_INFO_ENTRY}) = 80",
        ),
        (
            ("ptrace", 0x420D, 9, 16, struct.pack("<QQ", 1, 1)),
            {"result": 16},
            "ptrace(PTRACE_SECCOMP_GET_METADATA, 9, 16, {filter_off=1, flags=SECCOMP_FILTER_FLAG_TSYNC}) = 16",
        ),
        (
            ("ptrace", 0x420D, 9, 16, struct.pack("<QQ", 1, 1)),
            {"result": -2},
            "ptrace(PTRACE_SECCOMP_GET_METADATA, 9, 16, {filter_off=1}) = -1 ENOENT (No such file or directory)",
        ),
        (
            ("ptrace", 0x4204, 9, 1, vector(0x50000, 24)),
            {"memory": {0x50000: WIDE}},
            "ptrace(PTRACE_GETREGSET, 9, NT_PRSTATUS, {iov_base={r15=0, r14=0x1, r13=0x2}, iov_len=24}) = 0",
        ),
        (
            ("ptrace", 0x4205, 9, 0x202, vector(0x50000, 24)),
            {"result": -22},
            "ptrace(PTRACE_SETREGSET, 9, NT_X86_XSTATE, {iov_base=0x50000, iov_len=24}) = -1 EINVAL (Invalid argument)",
        ),
        (
            ("ptrace", 0xC, 9, 0, NARROW),
            {"abi": "i386"},
            "ptrace(PTRACE_GETREGS, 9, {ebx=0, ecx=0x1, edx=0x2, esi=0x3, edi=0x4, ebp=0x5, eax=0x6, xds=0x7, xes=0x8, xfs=0x9, xgs=0xa, orig_eax=0xb, eip=0xc, xcs=0xd, eflags=0xe, esp=0xf, xss=0x10}) = 0",
        ),
        (
            ("ptrace", 0xC, 9, 0, WIDE),
            {"result": -3},
            "ptrace(PTRACE_GETREGS, 9, 0x40000) = -1 ESRCH (No such process)",
        ),
        (
            ("ptrace", 0x999, 9, 1, 2),
            {"result": -5},
            "ptrace(0x999 /* PTRACE_??? */, 9, 0x1, 0x2) = -1 EIO (Input/output error)",
        ),
    ],
)
def test_lines(shown, words, options, line):
    assert shown(*words, **options).text == line


def test_all_registers(shown):
    data = shown("ptrace", 0xC, 9, 0, WIDE).data["addr"]
    assert data["r15"] == 0 and data["rip"] == 16 and data["gs"] == 26 and len(data) == 27


def test_numbers_of_another_abi_are_numbers(shown):
    entry = ENTRY[:4] + struct.pack("<I", 0x40000003) + ENTRY[8:]
    assert "entry={nr=59 /* oldolduname */, args" in shown("ptrace", 0x420E, 9, 88, entry, result=80).text
