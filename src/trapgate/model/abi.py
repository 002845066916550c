# SPDX-License-Identifier: BSD-2-Clause
"""The calling conventions a record can come from: word sizes and how memory is laid out."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Abi:
    """One calling convention of a system, as the decoder needs it."""

    name: str
    """The kernel's name: x86_64, i386, x32, aarch64."""
    index: int
    """``enum tg_abi`` of core/record.h."""
    word: int
    """Bytes of a pointer and of a C ``long`` in the program's memory."""
    register: int
    """Bytes of an argument register."""
    align64: int
    """Alignment of a 64-bit member of a structure: 4 on i386, 8 elsewhere."""
    time_t: int
    """Bytes of the ``time_t`` in structures of calls without 64 in their name."""
    audit_arch: int
    """AUDIT_ARCH_* as PTRACE_GET_SYSCALL_INFO and seccomp report it."""


X86_64 = Abi("x86_64", 1, 8, 8, 8, 8, 0xC000003E)
I386 = Abi("i386", 2, 4, 4, 4, 4, 0x40000003)
X32 = Abi("x32", 3, 4, 8, 8, 8, 0xC000003E)
AARCH64 = Abi("aarch64", 4, 8, 8, 8, 8, 0xC00000B7)

LIVE_ABIS = (X86_64, I386, X32)
"""The ABIs a program on this kind of machine can call through."""
BY_INDEX = {abi.index: abi for abi in (X86_64, I386, X32, AARCH64)}
BY_NAME = {abi.name: abi for abi in BY_INDEX.values()}
