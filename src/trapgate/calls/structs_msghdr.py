# SPDX-License-Identifier: BSD-2-Clause
"""``struct msghdr`` and ``mmsghdr``: name, buffers and control messages of a socket message.

Declares no calls. Source: sendmsg(2), recvmsg(2), cmsg(3), unix(7), ip(7);
include/linux/socket.h (control messages are aligned to words of the ABI).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from trapgate.calls.call import IOV_MAX, Call
from trapgate.calls.extensible import UNAVAILABLE
from trapgate.calls.memory import Array, In, Length, Member, Shown, Struct, View, is_cut, length_of
from trapgate.calls.netlink_buffer import is_netlink, show_buffer
from trapgate.calls.structs_iovec import Iovecs
from trapgate.calls.structs_net import AF_NETLINK, Host, Interface, quoted_hex
from trapgate.calls.structs_sockaddr import STORAGE, SockAddr, show_sockaddr
from trapgate.calls.structs_time import Timespec, Timespec64, Timeval
from trapgate.calls.types import S64, U8, U32, X8, Enum, Fd, Flags, Gid, Int, Size, Tgid, Type, Uid
from trapgate.model import values
from trapgate.model.abi import Abi
from trapgate.model.values import MORE, AnyValue, Change, Joined, List, Number, remark

if TYPE_CHECKING:
    from trapgate.calls.plan import Planner

MsgFlags = Flags("msg_flags", unknown="MSG_???")
SOL_IP, SOL_SOCKET = 0, 1
CONTROL_COPIED = 1024
"""Bytes of control messages that a plan copies."""

# --- control messages -----------------------------------------------------------------------

Credentials = Struct("struct ucred", pid=Tgid, uid=Uid, gid=Gid)
PacketInfo = Struct("struct in_pktinfo", ipi_ifindex=Interface, ipi_spec_dst=Host(), ipi_addr=Host())
Timeval64 = Struct("struct __kernel_sock_timeval", tv_sec=S64, tv_usec=S64)
HEADERS = {
    "struct user_msghdr": "",
    "struct mmsghdr": "",
    "struct sock_extended_err and sockaddr_in": "",
    "struct ucred": "sys/socket.h",
    "struct in_pktinfo": "linux/in.h",
    "struct __kernel_sock_timeval": "linux/time_types.h",
}

Show = Callable[[Call, bytes], AnyValue]


def _show_each(kind: Type) -> Show:
    """As many of ``kind`` as there is room for."""

    def show(c: Call, data: bytes) -> AnyValue:
        step = kind.size(c.abi)
        count = len(data) // step
        shown = c.options.string_limit if is_cut(c, count) else count
        items = [kind.load(c, data, i * step) for i in range(shown)]
        return List([*items, MORE] if shown < count else items)

    return show


def _show_one(kind: Type) -> Show:
    """One ``kind``; ``???`` if there are fewer bytes than it has."""

    def show(c: Call, data: bytes) -> AnyValue:
        return kind.load(c, data, 0) if len(data) >= kind.size(c.abi) else UNAVAILABLE

    return show


def _show_three(kind: Type) -> Show:
    """The three times of SCM_TIMESTAMPING."""

    def show(c: Call, data: bytes) -> AnyValue:
        step = kind.size(c.abi)
        if len(data) < 3 * step:
            return UNAVAILABLE
        return List([kind.load(c, data, i * step) for i in range(3)])

    return show


def _show_string(c: Call, data: bytes) -> AnyValue:
    return c.quoted(data)


def _show_name(c: Call, data: bytes) -> AnyValue:
    return show_sockaddr(c, data[:STORAGE])


def _show_protocol(c: Call, data: bytes) -> AnyValue:
    return Joined("[", Enum("inet_protocols", unknown="IP_???").load(c, data, 0), "]")


def _show_error(view: View) -> Shown:
    fields = view.fields("ee_errno", "ee_origin", "ee_type", "ee_code", "ee_info", "ee_data")
    return [*fields, ("offender", show_sockaddr(view.call, view.data[view.offset + 16 : view.offset + 32]))]


ExtendedError = Struct(
    "struct sock_extended_err and sockaddr_in",
    show=_show_error,
    size_of=32,
    ee_errno=U32,
    ee_origin=U8,
    ee_type=U8,
    ee_code=U8,
    _ee_pad=U8,
    ee_info=U32,
    ee_data=U32,
)

SOCKET_CONTROL: dict[int, tuple[int, Show]] = {
    1: (4, _show_each(Fd)),
    2: (12, _show_one(Credentials)),
    3: (1, _show_string),
    4: (4, _show_one(Fd)),
    29: (1, _show_one(Timeval)),
    35: (1, _show_one(Timespec)),
    37: (1, _show_three(Timespec)),
    63: (1, _show_one(Timeval64)),
    64: (1, _show_one(Timespec64)),
    65: (1, _show_three(Timespec64)),
}
"""SCM_*: the least length at which the data is decoded, and how."""

IP_CONTROL: dict[int, tuple[int, Show]] = {
    1: (1, _show_each(X8)),
    2: (4, _show_each(U32)),
    3: (1, _show_string),
    6: (1, _show_each(X8)),
    7: (1, _show_each(X8)),
    8: (12, _show_one(PacketInfo)),
    11: (32, _show_one(ExtendedError)),
    20: (16, _show_name),
    23: (4, _show_each(U32)),
    52: (4, _show_protocol),
}
"""IP_*: as SOCKET_CONTROL."""

LEVELS = {
    SOL_SOCKET: (Enum("scmvals", unknown="SCM_???"), SOCKET_CONTROL),
    SOL_IP: (Enum("ip_cmsg_types", unknown="IP_???"), IP_CONTROL),
}
Level = Enum("socketlayers", unknown="SOL_???")


def _show_control_message(c: Call, length: int, level: int, kind: int, data: bytes) -> AnyValue:
    fields: list[tuple[str | None, AnyValue]] = [
        ("cmsg_len", Number(str(length), length)),
        ("cmsg_level", Level.value(c, level)),
    ]
    names, known = LEVELS.get(level, (None, {}))
    if names is None:
        fields.append(("cmsg_type", Number(hex(kind) if kind else "0", kind)))
    else:
        fields.append(("cmsg_type", names.value(c, kind)))
    least, show = known.get(kind, (1, quoted_hex))
    if data:
        fields.append(("cmsg_data", show(c, data) if len(data) >= least else quoted_hex(c, data)))
    return values.Struct(fields)


@lru_cache(None)
def _most_control() -> int:
    """The most bytes of control messages the kernel takes, rounded up to 8."""
    try:
        most = int(Path("/proc/sys/net/core/optmem_max").read_text("ascii"))
    except (OSError, ValueError):
        most = 0
    return (most + 7) // 8 * 8 if most > 0 else 8 * (2 * IOV_MAX + 512)


def show_control(c: Call, addr: int, given: int) -> AnyValue:
    """The control messages in ``given`` bytes at ``addr``."""
    word = c.abi.word
    header = word + 8
    room = min(given, _most_control()) & 0xFFFFFFFF
    data = c.fetch(addr, room) if room >= header else None
    if data is None:
        return c.address(addr)
    items: list[AnyValue] = []
    at = 0
    while room - at >= header:
        length = int.from_bytes(data[at : at + word], "little")
        level = int.from_bytes(data[at + word : at + word + 4], "little")
        kind = int.from_bytes(data[at + word + 4 : at + header], "little")
        items.append(_show_control_message(c, length, level, kind, data[at + header : at + min(length, room - at)]))
        if length < header:
            at += header
            break
        at = min(at + (length + word - 1) // word * word, room)
    if at < room:
        items.append(Joined(MORE, remark(hex(addr + at))))
    elif room < given:
        items.append(MORE)
    return List(items)


class Control(Type):
    """Control messages behind a pointer, ``length`` bytes."""

    def __init__(self, length: Length) -> None:
        self.length = length

    def at(self, c: Call, addr: int) -> AnyValue:
        return show_control(c, addr, length_of(c, self.length))

    def plan(self, p: Planner) -> None:
        p.bytes(self.length, limit=CONTROL_COPIED)


# --- messages -------------------------------------------------------------------------------

MsgHdr = Struct(
    "struct user_msghdr",
    show=lambda view: show_message(view),
    msg_name=In(SockAddr(Member("msg_namelen"))),
    msg_namelen=Int,
    msg_iov=In(Iovecs(Member("msg_iovlen"))),
    msg_iovlen=Size,
    msg_control=In(Control(Member("msg_controllen"))),
    msg_controllen=Size,
    msg_flags=MsgFlags,
)


def show_message(view: View, given: int | None = None, upto: int | None = None) -> values.Struct:
    """A msghdr. ``given``: the room for the name before the call; ``upto``: bytes in the buffers."""
    c = view.call
    room = view.msg_namelen if given is None else min(given, view.msg_namelen)
    name = SockAddr().of_length(c, view.msg_name, room)
    family = int.from_bytes(c.fetch(view.msg_name, 2) or b"", "little") if isinstance(name, values.Struct) else None
    plain = not (family == AF_NETLINK or (family is None and is_netlink(c, c.s32(0))))
    buffers = Iovecs(view.msg_iovlen, upto, show=None if plain else show_buffer)
    length = view.show("msg_namelen")
    if given is not None and given != view.msg_namelen:
        length = Change(Int.value(c, given), length)
    fields: list[tuple[str | None, AnyValue]] = [
        ("msg_name", name),
        ("msg_namelen", length),
        ("msg_iov", buffers.at(c, view.msg_iov)),
        *view.fields("msg_iovlen"),
    ]
    if view.msg_controllen:
        fields.append(("msg_control", show_control(c, view.msg_control, view.msg_controllen)))
    return values.Struct([*fields, *view.fields("msg_controllen", "msg_flags")])


MMsgHdr = Struct("struct mmsghdr", msg_hdr=MsgHdr, msg_len=U32)


class _Message(Type):
    """One mmsghdr of an array; ``sent`` of them have their msg_len."""

    def __init__(self, owner: Messages, index: int = 0) -> None:
        self.owner = owner
        self.index = index

    def size(self, abi: Abi) -> int:
        return MMsgHdr.size(abi)

    def load(self, c: Call, data: bytes, offset: int) -> AnyValue:
        index, self.index = self.index, self.index + 1
        owner = self.owner
        view = View(c, data, offset, MMsgHdr)
        given = owner.given[index] if owner.given is not None else None
        upto = view.msg_len if owner.partial else None
        fields: list[tuple[str | None, AnyValue]] = [
            ("msg_hdr", show_message(View(c, data, offset, MsgHdr), given, upto))
        ]
        if index < owner.done:
            fields += view.fields("msg_len")
        return values.Struct(fields)


class Messages:
    """What is known of an array of mmsghdr when it is shown.

    ``done``: how many were sent or received; ``given``: the rooms for names before the call;
    ``partial``: buffers hold msg_len bytes.
    """

    __slots__ = ("done", "given", "partial")

    def __init__(self, done: int, given: list[int] | None = None, partial: bool = False) -> None:
        self.done = done
        self.given = given
        self.partial = partial

    def show(self, c: Call, addr: int, count: int) -> AnyValue:
        """``count`` of them at ``addr``, IOV_MAX at most; the one behind those is looked at too, as strace does."""
        most = IOV_MAX if self.given is None else min(IOV_MAX, len(self.given))
        shown = Array(_Message(self), min(count, most)).at(c, addr)
        if count <= most or not isinstance(shown, List) or len(shown.items) < most:
            return shown
        after = addr + most * MMsgHdr.size(c.abi)
        if c.fetch(after, MMsgHdr.size(c.abi)) is not None:
            return List([*shown.items, MORE])
        return List([*shown.items, Joined(MORE, remark(hex(after)))]) if most else c.address(addr)
