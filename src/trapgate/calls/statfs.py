# SPDX-License-Identifier: BSD-2-Clause
"""What a file system is: statfs, fstatfs, their 64-bit forms of i386, and ustat.

Source: statfs(2), ustat(2); include/uapi/asm-generic/statfs.h.
"""

from __future__ import annotations

from trapgate.calls.call import Call
from trapgate.calls.describe import call
from trapgate.calls.memory import Fixed, Out, Path, Shown, Struct, View
from trapgate.calls.structs_file import Device
from trapgate.calls.types import (
    U32,
    U64,
    X32,
    Addr,
    Enum,
    Fd,
    Flags,
    KULong,
    Size,
    Type,
)
from trapgate.model.abi import Abi
from trapgate.model.values import AnyValue

HEADERS = {"struct statfs": "asm/statfs.h", "struct statfs64": "asm/statfs.h"}

ST_VALID = 0x20

FileSystemMagic = Enum("fsmagic", size="kernel", unknown="")
StatfsFlags = Flags("statfs_flags", size="kernel")
FsId = Struct("__kernel_fsid_t", val=Fixed(X32, 2))


def _show_statfs(view: View) -> Shown:
    names = [name for name in view.struct.members if not name.startswith("_") and name != "f_flags"]
    if view.f_flags & ST_VALID:
        names.append("f_flags")
    return view.fields(*names)


Statfs = Struct(
    "struct statfs",
    show=_show_statfs,
    f_type=FileSystemMagic,
    f_bsize=KULong,
    f_blocks=KULong,
    f_bfree=KULong,
    f_bavail=KULong,
    f_files=KULong,
    f_ffree=KULong,
    f_fsid=FsId,
    f_namelen=KULong,
    f_frsize=KULong,
    f_flags=StatfsFlags,
    _f_spare=Fixed(KULong, 4),
)

Statfs64 = Struct(
    "struct statfs64",
    show=_show_statfs,
    f_type=Enum("fsmagic", unknown=""),
    f_bsize=U32,
    f_blocks=U64,
    f_bfree=U64,
    f_bavail=U64,
    f_files=U64,
    f_ffree=U64,
    f_fsid=FsId,
    f_namelen=U32,
    f_frsize=U32,
    f_flags=Flags("statfs_flags"),
    _f_spare=Fixed(U32, 4),
)


class SizedStatfs(Type):
    """A statfs64, followed only if the caller gave its size."""

    def __init__(self, inner: Struct) -> None:
        self.inner = inner

    def at(self, c: Call, addr: int) -> AnyValue:
        return self.inner.at(c, addr) if c.word("size") == self.inner.size(c.abi) else c.address(addr)

    def size(self, abi: Abi) -> int:
        return self.inner.size(abi)


call("statfs", pathname=Path, buf=Out(Statfs), classes="statfs statfs_like")
call("fstatfs", fd=Fd, buf=Out(Statfs), classes="fstatfs statfs_like")
call("statfs64", pathname=Path, size=Size, buf=Out(SizedStatfs(Statfs64)), classes="statfs statfs_like", abis="i386")
call("fstatfs64", fd=Fd, size=Size, buf=Out(SizedStatfs(Statfs64)), classes="fstatfs statfs_like", abis="i386")

# strace follows ubuf only where its build found <ustat.h>, which the C library gave up in 2.28
call("ustat", dev=Device, ubuf=Addr, classes="statfs_like")
