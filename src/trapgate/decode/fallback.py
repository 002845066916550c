# SPDX-License-Identifier: BSD-2-Clause
"""Descriptions for calls that nobody described: from the kernel's own signatures.

Names and C types of the arguments are known for every call in the catalogue, so a call is
never ``syscall_0x123(…)`` when the kernel has a name for it.
"""

from __future__ import annotations

from functools import lru_cache

from trapgate import catalog
from trapgate.calls import types
from trapgate.calls.describe import Description, Param
from trapgate.calls.memory import Path, String_
from trapgate.calls.types import Type

_BY_TYPE: dict[str, Type] = {
    "int": types.Int,
    "unsigned int": types.UInt,
    "long": types.Long,
    "unsigned long": types.ULong,
    "size_t": types.Size,
    "pid_t": types.Tid,
    "uid_t": types.Uid,
    "gid_t": types.Gid,
    "umode_t": types.Mode,
    "loff_t": types.Long,
    "off_t": types.Long,
    "key_t": types.Hex32,
    "u32": types.UInt,
    "u64": types.U64,
    "__u32": types.UInt,
    "__u64": types.U64,
    "__s32": types.Int,
    "qid_t": types.UInt,
    "aio_context_t": types.HexLong,
    "clockid_t": types.Int,
    "timer_t": types.Int,
    "mqd_t": types.Fd,
    "old_uid_t": types.Uid16,
    "old_gid_t": types.Gid16,
}
_FD_NAMES = {"fd", "dfd", "fildes", "fd_in", "fd_out", "epfd", "dirfd", "newdfd", "olddfd", "sockfd", "pidfd", "fs_fd"}
_FLAG_WORDS = ("flags", "mask", "flag")


def type_for(name: str, c_type: str, user_pointer: bool) -> Type:
    """The type to show an argument of ``c_type`` called ``name`` with."""
    if user_pointer or "*" in c_type:
        if "char" in c_type and ("const" in c_type or "name" in name):
            return Path if "name" in name or "path" in name else String_
        return types.Addr
    if name in _FD_NAMES:
        return types.DirFd if name in ("dfd", "dirfd", "olddfd", "newdfd") else types.Fd
    if any(word in name for word in _FLAG_WORDS):
        return types.HexLong
    return _BY_TYPE.get(c_type, types.HexLong)


@lru_cache(None)
def describe_from_signature(name: str, abi: str) -> Description | None:
    """A description made of the catalogue's signature; None if it has none."""
    signature = catalog.signature(name, abi)
    if not signature:
        return None
    params = tuple(Param(a.name or f"arg{i}", type_for(a.name, a.type, a.user)) for i, a in enumerate(signature[:6]))
    return Description((name,), params, None, frozenset(), frozenset({abi}))


@lru_cache(None)
def describe_raw(name: str, abi: str) -> Description:
    """Six words in hexadecimal, for a number that has no name."""
    params = tuple(Param(f"arg{i}", types.HexKLong) for i in range(6))
    return Description((name,), params, None, frozenset(), frozenset({abi}))
