# SPDX-License-Identifier: BSD-2-Clause
"""Attributes of files: extended ones by path, descriptor and *at, and file_getattr's.

Source: xattr(7), setxattr(2), getxattr(2), listxattr(2); include/uapi/linux/xattr.h,
include/uapi/linux/fs.h.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from trapgate.calls.call import Call
from trapgate.calls.describe import call
from trapgate.calls.extensible import Extensible
from trapgate.calls.memory import RESULT, Bytes, In, Length, Out, Path, Shown, String_, Struct, View, length_of
from trapgate.calls.quote import Hex
from trapgate.calls.types import U32, X32, Addr64, Aligned, DirFd, Fd, Flags, Size, Type
from trapgate.model.values import AnyValue

if TYPE_CHECKING:
    from trapgate.calls.plan import Planner

HEADERS = {"struct xattr_args": "linux/xattr.h", "struct file_attr": "linux/fs.h"}

XATTR_SIZE_MAX = 65536
PAGE = 4096


def show_attribute(c: Call, addr: int, size: int) -> AnyValue:
    """An attribute's value: bytes, of which a NUL at the end is not shown."""
    if size > XATTR_SIZE_MAX or not addr or addr >> 8 * c.abi.word:
        return c.address(addr)
    limit = c.options.string_limit
    want = min(size, limit + 1)
    data = c.memory.read(addr, want) if want else b""
    if len(data) < want:
        return c.address(addr)
    shown = data[:limit]
    if shown.endswith(b"\0") and c.options.hexadecimal not in (Hex.ALL, Hex.NON_ASCII):
        return c.quoted(shown[:-1])
    return c.quoted(shown, truncated=size > limit)


class AttributeValue(Type):
    """The value of an attribute, ``length`` bytes."""

    def __init__(self, length: Length) -> None:
        self.length = length

    def at(self, c: Call, addr: int) -> AnyValue:
        return show_attribute(c, addr, length_of(c, self.length))

    def plan(self, p: Planner) -> None:
        p.bytes(self.length, limit=p.string_limit + 1)


class Asked(Type):
    """What a call wrote, unless the caller gave no room and only asked for the size."""

    def __init__(self, inner: Type) -> None:
        self.inner = inner

    def at(self, c: Call, addr: int) -> AnyValue:
        return self.inner.at(c, addr) if c.word("size") else c.address(addr)

    def plan(self, p: Planner) -> None:
        self.inner.plan(p)


SetFlags = Flags("xattrflags")
GivenValue = In(AttributeValue("size"))
FoundValue = Out(Asked(AttributeValue(RESULT)))
FoundNames = Out(Asked(Bytes(RESULT)))

call("setxattr lsetxattr", pathname=Path, name=String_, value=GivenValue, size=Size, flags=SetFlags)
call("fsetxattr", fd=Fd, name=String_, value=GivenValue, size=Size, flags=SetFlags)
call("getxattr lgetxattr", pathname=Path, name=String_, value=FoundValue, size=Size)
call("fgetxattr", fd=Fd, name=String_, value=FoundValue, size=Size)
call("listxattr llistxattr", pathname=Path, list=FoundNames, size=Size)
call("flistxattr", fd=Fd, list=FoundNames, size=Size)
call("removexattr lremovexattr", pathname=Path, name=String_)
call("fremovexattr", fd=Fd, name=String_)


# --- the forms with a directory and a structure --------------------------------------------


def _show_given(view: View) -> Shown:
    return [("value", show_attribute(view.call, view.value, view.size)), *view.fields("size", "flags")]


def _show_found(view: View) -> Shown:
    """As it was given, with the value that was written where there was room for one."""
    c = view.call
    if not view.size:
        return view.fields("value", "size", "flags")
    value = c.address(view.value) if c.error else show_attribute(c, view.value, c.result)
    return [("value", value), *view.fields("size", "flags")]


Address64 = Aligned(Addr64)
GivenArgs = Struct("struct xattr_args", show=_show_given, value=Address64, size=U32, flags=SetFlags)
FoundArgs = Struct("struct xattr_args", show=_show_found, value=Address64, size=U32, flags=SetFlags)
AtFlags = Flags("xattrat_flags")

call(
    "setxattrat",
    dirfd=DirFd,
    pathname=Path,
    flags=AtFlags,
    name=String_,
    args=In(Extensible(GivenArgs, "size", 16)),
    size=Size,
)
call(
    "getxattrat",
    dirfd=DirFd,
    pathname=Path,
    flags=AtFlags,
    name=String_,
    args=Out(Extensible(FoundArgs, "size", 16, anyway=True), anyway=True),
    size=Size,
)
call("listxattrat", dirfd=DirFd, pathname=Path, flags=AtFlags, list=FoundNames, size=Size)
call("removexattrat", dirfd=DirFd, pathname=Path, flags=AtFlags, name=String_)


def _show_set_attr(view: View) -> Shown:
    return view.fields("fa_xflags", "fa_extsize", "fa_projid", "fa_cowextsize")


def _file_attr(show: Callable[[View], Shown] | None) -> Type:
    attr = Struct(
        "struct file_attr",
        show=show,
        fa_xflags=Flags("fs_xflags", size=8),
        fa_extsize=U32,
        fa_nextents=U32,
        fa_projid=X32,
        fa_cowextsize=U32,
    )
    return Extensible(attr, "size", 24, PAGE)


FileAttrFlags = Flags("file_attr_flags")
call("file_getattr", dirfd=DirFd, pathname=Path, attr=Out(_file_attr(None)), size=Size, flags=FileAttrFlags)
call("file_setattr", dirfd=DirFd, pathname=Path, attr=In(_file_attr(_show_set_attr)), size=Size, flags=FileAttrFlags)
