# SPDX-License-Identifier: BSD-2-Clause
"""userfaultfd: agreeing on features, registering memory, resolving faults.

Source: ioctl_userfaultfd(2) and its sisters; include/uapi/linux/userfaultfd.h.
"""

from __future__ import annotations

from trapgate.calls.call import Call
from trapgate.calls.memory import In, Struct
from trapgate.calls.requests import EXIT, Case, Exchange, Staged, Stages, each, look
from trapgate.calls.types import U64, X64, Flags, Type
from trapgate.model import values
from trapgate.model.values import Joined

HEADERS = dict.fromkeys(
    [
        "struct uffdio_api",
        "struct uffdio_continue",
        "struct uffdio_copy",
        "struct uffdio_poison",
        "struct uffdio_range",
        "struct uffdio_register",
        "struct uffdio_writeprotect",
        "struct uffdio_zeropage",
    ],
    "linux/userfaultfd.h",
)


def wide(table: str) -> Flags:
    """64 bits of flags."""
    return Flags(table, size=8)


Api = Struct("struct uffdio_api", api=X64, features=wide("uffd_api_features"), ioctls=wide("uffd_api_flags"))
Range = Struct("struct uffdio_range", start=X64, len=X64)
Copy = Struct("struct uffdio_copy", dst=X64, src=X64, len=X64, mode=wide("uffd_copy_flags"), copy=X64)
Register = Struct(
    "struct uffdio_register",
    range=Range,
    mode=wide("uffd_register_mode_flags"),
    ioctls=wide("uffd_register_ioctl_flags"),
)
ZeroPage = Struct("struct uffdio_zeropage", range=Range, mode=wide("uffd_zeropage_flags"), zeropage=X64)
WriteProtect = Struct("struct uffdio_writeprotect", range=Range, mode=wide("uffd_writeprotect_mode_flags"))
Continue = Struct("struct uffdio_continue", range=Range, mode=wide("uffd_continue_mode_flags"), mapped=U64)
Poison = Struct("struct uffdio_poison", range=Range, mode=wide("uffd_poison_mode_flags"), updated=U64)


def tell_api(c: Call, addr: int) -> Stages:
    """The features wanted, those there are if others, and the requests there are."""
    asked = look(c, Api, addr)
    if asked is None:
        return c.address(addr)
    shown = asked.fields("api", "features")
    yield EXIT
    answer = look(c, Api, addr)
    if answer is None:
        return values.Struct(shown)
    if answer.features != asked.features:
        shown[1] = ("features", Joined(shown[1][1], " => features=", answer.show("features")))
    return values.Struct([*shown, *answer.fields("ioctls")])


REQUESTS: dict[str, Type | Case | None] = {
    "UFFDIO_API": Staged(Api, tell_api),
    "UFFDIO_COPY": Exchange(Copy, "dst src len mode", "copy"),
    "UFFDIO_REGISTER": Exchange(Register, "range mode", "ioctls"),
    **each("UFFDIO_UNREGISTER UFFDIO_WAKE", In(Range)),
    "UFFDIO_ZEROPAGE": Exchange(ZeroPage, "range mode", "zeropage"),
    "UFFDIO_WRITEPROTECT": In(WriteProtect),
    "UFFDIO_CONTINUE": Exchange(Continue, "range mode", "mapped"),
    "UFFDIO_POISON": Exchange(Poison, "range mode", "updated"),
}
