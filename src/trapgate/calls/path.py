# SPDX-License-Identifier: BSD-2-Clause
"""Names and rights of files: access, chmod, chown, link, rename, unlink, mkdir, mknod, readlink,
times, and where a process is: chdir, getcwd, chroot, pivot_root.

Source: the page of each in section 2 of the manual. i386's first chown family takes 16-bit ids;
the 32-bit ones have 32 in their names.
"""

from __future__ import annotations

from trapgate.calls.call import Call
from trapgate.calls.describe import call
from trapgate.calls.memory import RESULT, Bytes, Fixed, In, Out, Path, PathStr, Struct, View
from trapgate.calls.plan import Planner
from trapgate.calls.structs_file import S_IFBLK, S_IFCHR, S_IFMT, Device, FileTypeMode
from trapgate.calls.structs_time import Dated, Timespec, Timespec64, Timeval, with_time
from trapgate.calls.types import DirFd, Fd, Flags, Gid, Gid16, Mode, OnlyIf, Size, TimeT, Type, Uid, Uid16
from trapgate.model.values import AnyValue

HEADERS = {"struct utimbuf": "linux/utime.h"}

WIDE = "x86_64 x32 aarch64"
AtFlags = Flags("at_flags")
AccessMode = Flags("access_modes", unknown="?_OK")

call("access", pathname=Path, mode=AccessMode)
call("faccessat", dirfd=DirFd, pathname=Path, mode=AccessMode)
call("faccessat2", dirfd=DirFd, pathname=Path, mode=AccessMode, flags=Flags("faccessat_flags"))

call("chmod", pathname=Path, mode=Mode)
call("fchmod", fd=Fd, mode=Mode)
call("fchmodat", dirfd=DirFd, pathname=Path, mode=Mode)
call("fchmodat2", dirfd=DirFd, pathname=Path, mode=Mode, flags=Flags("fchmodat_flags"))

call("chown lchown", pathname=Path, owner=Uid, group=Gid, abis=WIDE)
call("fchown", fd=Fd, owner=Uid, group=Gid, abis=WIDE)
call("chown lchown", pathname=Path, owner=Uid16, group=Gid16, abis="i386")
call("fchown", fd=Fd, owner=Uid16, group=Gid16, abis="i386")
call("chown32 lchown32", pathname=Path, owner=Uid, group=Gid, abis="i386")
call("fchown32", fd=Fd, owner=Uid, group=Gid, abis="i386")
call("fchownat", dirfd=DirFd, pathname=Path, owner=Uid, group=Gid, flags=AtFlags)


class LinkTarget(In):
    """What a symbolic link says: a path, by which no call is chosen."""

    def named_path(self, c: Call, word: int) -> int:
        return 0


Target = LinkTarget(PathStr())

call("link rename pivot_root", oldpath=Path, newpath=Path)
call("symlink", oldpath=Target, newpath=Path)
call("linkat", olddirfd=DirFd, oldpath=Path, newdirfd=DirFd, newpath=Path, flags=AtFlags)
call("symlinkat", target=Target, newdirfd=DirFd, linkpath=Path)
call("renameat", olddirfd=DirFd, oldpath=Path, newdirfd=DirFd, newpath=Path)
call("renameat2", olddirfd=DirFd, oldpath=Path, newdirfd=DirFd, newpath=Path, flags=Flags("rename_flags"))
call("unlink rmdir chdir chroot acct uselib", path=Path)
call("unlinkat", dirfd=DirFd, pathname=Path, flags=AtFlags)
call("fchdir", fd=Fd)
call("mkdir", pathname=Path, mode=Mode)
call("mkdirat", dirfd=DirFd, pathname=Path, mode=Mode)


def makes_device(c: Call) -> bool:
    """Whether mknod's mode is that of a device, which has a number."""
    return c.word("mode") & S_IFMT in (S_IFCHR, S_IFBLK)


call("mknod", pathname=Path, mode=FileTypeMode, dev=OnlyIf(makes_device, Device))
call("mknodat", dirfd=DirFd, pathname=Path, mode=FileTypeMode, dev=OnlyIf(makes_device, Device))

call("readlink", pathname=Path, buf=Out(Bytes(RESULT)), bufsiz=Size)
call("readlinkat", dirfd=DirFd, pathname=Path, buf=Out(Bytes(RESULT)), bufsiz=Size)


class CurrentDirectory(Type):
    """The path that getcwd wrote; the result counts its bytes and the NUL."""

    def at(self, c: Call, addr: int) -> AnyValue:
        return c.path(addr, min(c.result, 4096))

    def plan(self, p: Planner) -> None:
        p.bytes(RESULT)


call("getcwd", buf=Out(CurrentDirectory()), size=Size, classes="file")


# --- times ------------------------------------------------------------------------------


def _show_utimbuf(view: View) -> list[tuple[str | None, AnyValue]]:
    return [(name, with_time(view.show(name), getattr(view, name))) for name in view.struct.members]


Utimbuf = Struct("struct utimbuf", show=_show_utimbuf, actime=TimeT, modtime=TimeT)
TimevalPair = In(Fixed(Dated(Timeval, 6), 2))
TimespecPair = In(Fixed(Dated(Timespec, 9, special=True), 2))
Timespec64Pair = In(Fixed(Dated(Timespec64, 9, special=True), 2))

call("utime", filename=Path, times=In(Utimbuf))
call("utimes", pathname=Path, times=TimevalPair)
call("futimesat", dirfd=DirFd, pathname=Path, times=TimevalPair)
call("utimensat", dirfd=DirFd, pathname=Path, times=TimespecPair, flags=AtFlags)
call("utimensat_time64", dirfd=DirFd, pathname=Path, times=Timespec64Pair, flags=AtFlags, abis="i386")
