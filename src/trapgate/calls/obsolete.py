# SPDX-License-Identifier: BSD-2-Clause
"""Calls that have a number and no more: never there, gone, or not for programs to make.

Their arguments, which nobody says the meaning of any more, print as words in hexadecimal.
Source: the table of calls of each ABI, ``kernel/sys_ni.c``; syscalls(2), unimplemented(2).
"""

from __future__ import annotations

from trapgate.calls.describe import call
from trapgate.calls.types import HexKLong, Type

OLD = "x86_64 i386"


def _words(count: int) -> dict[str, Type]:
    return {f"arg{i}": HexKLong for i in range(1, count + 1)}


def _describe(names: str, count: int, abis: str, classes: str = "") -> None:
    call(names, abis=abis, classes=classes, returns=None, **_words(count))  # type: ignore[arg-type]


# of the first kernels
_describe("ftime prof lock mpx idle", 0, "i386")
_describe("break", 0, "i386", "memory")
_describe("oldolduname olduname vm86old", 1, "i386")
_describe("stty gtty ulimit bdflush", 2, "i386")
_describe("profil", 4, "i386")
_describe("vm86", 5, "i386")
_describe("get_kernel_syms", 1, OLD)
_describe("create_module", 2, OLD)
_describe("nfsservctl", 3, "x86_64 i386 aarch64")
_describe("query_module", 5, OLD)

# reserved for others
_describe("tuxcall security", 3, "x86_64 x32")
_describe("epoll_ctl_old epoll_wait_old", 4, "x86_64")
_describe("vserver", 5, OLD)
_describe("afs_syscall", 5, "x86_64 x32 i386")
_describe("getpmsg putpmsg", 5, "x86_64 x32 i386", "network")

# made by the kernel's own code, or by nobody
_describe("uretprobe uprobe", 0, "x86_64 x32")
_describe("sysfs", 3, "x86_64 x32 i386")
