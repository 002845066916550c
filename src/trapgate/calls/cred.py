# SPDX-License-Identifier: BSD-2-Clause
"""Who a process is: its ids, users and groups, capabilities.

Source: credentials(7), setuid(2) and its relatives, capget(2). On i386 the calls without 32 in
their names take ids of 16 bits.
"""

from __future__ import annotations

from trapgate.calls import tables
from trapgate.calls.call import Call
from trapgate.calls.describe import call
from trapgate.calls.memory import RESULT, Array, In, Indirect, Out, Struct
from trapgate.calls.types import (
    Enum,
    Gid,
    Gid16,
    Int,
    Pgid,
    Sid,
    Tgid,
    Tid,
    Type,
    Uid,
    Uid16,
    UInt,
    ULong,
    join_flags,
    show_flags,
)
from trapgate.model.abi import Abi
from trapgate.model.values import AnyValue
from trapgate.model.values import Struct as StructValue

CREDS = "creds"
WIDE = "x86_64 x32 aarch64"
NGROUPS_MAX = 65536

# --- ids of processes -----------------------------------------------------------------------

call("getpid getppid", returns=Tgid, classes="pure")
call("gettid", returns=Tid, classes="pure")
call("getpgrp", returns=Pgid, classes="pure")
call("getpgid", pid=Tgid, returns=Pgid)
call("getsid", pid=Tgid, returns=Sid)
call("setpgid", pid=Tgid, pgid=Pgid)
call("setsid", returns=Sid)

# --- users and groups -----------------------------------------------------------------------


class Groups(Array):
    """A list of groups; an impossible length prints as the pointer."""

    def elements(self, c: Call, addr: int, count: int) -> AnyValue:
        return c.address(addr) if count > NGROUPS_MAX else super().elements(c, addr, count)


def _describe(suffix: str, uid: Type, gid: Type, abis: str) -> None:
    """The calls of users and groups with ids of one width."""
    get = "creds pure" if suffix == "" or abis == "i386" else CREDS
    call(
        f"getuid{suffix} geteuid{suffix} getgid{suffix} getegid{suffix}",
        returns=ULong,
        classes=get,
        abis=abis,
    )
    call(f"setuid{suffix}", uid=uid, classes=CREDS, abis=abis)
    call(f"setgid{suffix}", gid=gid, classes=CREDS, abis=abis)
    call(f"setfsuid{suffix}", fsuid=uid, returns=UInt, classes=CREDS, abis=abis)
    call(f"setfsgid{suffix}", fsgid=gid, returns=UInt, classes=CREDS, abis=abis)
    call(f"setreuid{suffix}", ruid=uid, euid=uid, classes=CREDS, abis=abis)
    call(f"setregid{suffix}", rgid=gid, egid=gid, classes=CREDS, abis=abis)
    call(f"setresuid{suffix}", ruid=uid, euid=uid, suid=uid, classes=CREDS, abis=abis)
    call(f"setresgid{suffix}", rgid=gid, egid=gid, sgid=gid, classes=CREDS, abis=abis)
    one = Out(Indirect(uid))
    call(f"getresuid{suffix}", ruid=one, euid=one, suid=one, classes=CREDS, abis=abis)
    call(f"getresgid{suffix}", rgid=one, egid=one, sgid=one, classes=CREDS, abis=abis)
    call(f"setgroups{suffix}", size=Int, list=In(Groups(gid, lambda c: c.u32(0))), classes=CREDS, abis=abis)
    call(f"getgroups{suffix}", size=Int, list=Out(Groups(gid, RESULT)), classes=CREDS, abis=abis)


_describe("", Uid, Gid, WIDE)
_describe("", Uid16, Gid16, "i386")
_describe("32", Uid, Gid, "i386")

# --- capabilities ---------------------------------------------------------------------------

TWO_WORDS = (0x20071026, 0x20080522)
"""Versions of the interface whose data has two structures (include/uapi/linux/capability.h)."""

CapHeader = Struct("struct __user_cap_header_struct", version=Enum("cap_version"), pid=Tgid)
HEADERS = {"struct __user_cap_header_struct": "linux/capability.h"}


def _show_capabilities(c: Call, low: int, high: int) -> AnyValue:
    parts = []
    if low or not high:
        parts.append(show_flags(low, c.style, [tables.load("cap_mask0")], "CAP_???"))
    if high:
        parts.append(show_flags(high, c.style, [tables.load("cap_mask1")], "CAP_???"))
    return parts[0] if len(parts) == 1 else join_flags(*parts)


class CapabilityData(Type):
    """One or two structures of three words each, as the header's version says."""

    def at(self, c: Call, addr: int) -> AnyValue:
        header = c.memory.read(c.args[0] & (1 << 8 * c.abi.word) - 1, 4) if c.args[0] and c.verbose else b""
        if len(header) < 4:
            return c.address(addr)
        count = 2 if int.from_bytes(header, "little") in TWO_WORDS else 1
        words = c.unpack("3I" * count, addr)
        if words is None:
            return c.address(addr)
        names = ("effective", "permitted", "inheritable")
        high = words[3:] if count == 2 else (0, 0, 0)
        return StructValue([(n, _show_capabilities(c, words[i], high[i])) for i, n in enumerate(names)])

    def size(self, abi: Abi) -> int:
        return 24


call("capget", hdrp=In(CapHeader), datap=Out(CapabilityData()), classes=CREDS)
call("capset", hdrp=In(CapHeader), datap=In(CapabilityData()), classes=CREDS)
