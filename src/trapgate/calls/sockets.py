# SPDX-License-Identifier: BSD-2-Clause
"""Sockets: making, naming and joining them, sending and receiving.

Options are in sockopt.py. Addresses that the kernel fills print with the room given and the
length it has: ``[128 => 16]``. Source: socket(7), accept(2), send(2), recv(2), recvmmsg(2).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from trapgate.calls.call import IOV_MAX, Call
from trapgate.calls.describe import EXIT, RETURN, Argument, DecoderFunction, Yield, call, decoder
from trapgate.calls.memory import (
    RESULT,
    Array,
    Behind,
    Bytes,
    In,
    InOut,
    Length,
    Out,
    QuickSize,
    View,
    length_of,
    show_room,
)
from trapgate.calls.netlink_buffer import show_socket_buffer
from trapgate.calls.structs_msghdr import Messages, MMsgHdr, MsgFlags, MsgHdr, show_message
from trapgate.calls.structs_net import EtherProtocol
from trapgate.calls.structs_sockaddr import SockAddr
from trapgate.calls.structs_time import Timespec, Timespec64
from trapgate.calls.types import (
    Addr,
    Enum,
    Fd,
    Flags,
    Int,
    KULong,
    Named,
    QuickText,
    Size,
    Switch,
    Type,
    UInt,
    join_flags,
    truncate,
)
from trapgate.model import values
from trapgate.model.abi import Abi
from trapgate.model.values import AnyValue, Number

if TYPE_CHECKING:
    from trapgate.calls.plan import Planner

# --- kinds of sockets -----------------------------------------------------------------------

Family = Enum("addrfams")
TypeFlags = Flags("sock_type_flags", unknown="SOCK_???")
TYPE_MASK = 0xF


class SocketType(Named):
    """``SOCK_STREAM|SOCK_CLOEXEC``; a type without a name counts as a flag."""

    def __init__(self) -> None:
        super().__init__("socktypes")

    def show(self, value: int, style: str, abi: Abi) -> AnyValue:
        name = self.lookup(value & TYPE_MASK, abi)
        if name is None:
            return TypeFlags.show(value, style, abi)
        low = Enum("socktypes").show(value & TYPE_MASK, style, abi)
        rest = value & ~TYPE_MASK
        return join_flags(low, TypeFlags.show(rest, style, abi)) if rest else low


class _AlwaysExplained(Enum):
    """The number with its name as a remark, whatever -X says."""

    def show(self, value: int, style: str, abi: Abi) -> AnyValue:
        return super().show(value, "verbose", abi)


def _protocol(table: str, unknown: str) -> Enum:
    return Enum(table, unknown=unknown)


Protocol = Switch(
    "domain",
    {
        "AF_INET": Enum("inet_protocols"),
        "AF_INET6": Enum("inet_protocols"),
        "AF_AX25": _AlwaysExplained("ax25_protocols", unknown="AX25_P_???", size="kernel"),
        "AF_NETLINK": Enum("netlink_protocols", unknown="NETLINK_???"),
        "AF_PACKET": EtherProtocol("kernel", unknown="ETH_P_???"),
        "AF_IRDA": _protocol("can_protocols", "IRDAPROTO_???"),
        "AF_CAN": _protocol("can_protocols", "CAN_???"),
        "AF_BLUETOOTH": _protocol("bt_protocols", "BTPROTO_???"),
        "AF_RXRPC": _protocol("addrfams", "AF_???"),
        "AF_ISDN": _protocol("isdn_protocols", "ISDN_P_???"),
        "AF_PHONET": _protocol("phonet_protocols", "PN_PROTO_???"),
        "AF_CAIF": _protocol("caif_protocols", "CAIFPROTO_???"),
        "AF_NFC": _protocol("nfc_protocols", "NFC_SOCKPROTO_???"),
        "AF_KCM": _protocol("kcm_protocols", "KCMPROTO_???"),
        "AF_SMC": _protocol("smc_protocols", "SMCPROTO_???"),
    },
    KULong,
)

call("socket", domain=Family, type=SocketType(), protocol=Protocol, returns=Fd, classes="network -desc")
call("socketpair", domain=Family, type=SocketType(), protocol=KULong, sv=Out(Array(Fd, 2)), classes="network -desc")

# --- names ----------------------------------------------------------------------------------

call("bind connect", sockfd=Fd, addr=In(SockAddr("addrlen")), addrlen=Int, classes="network -desc")
call("listen", sockfd=Fd, backlog=Int, classes="network -desc")
call("shutdown", sockfd=Fd, how=Enum("shutdown_modes"), classes="network -desc")


def read_room(c: Call, addr: int, length: int) -> int | None:
    """The length at ``length`` of the address at ``addr``; None if either is missing or unreadable."""
    data = c.peek(length, 4) if addr else None
    return None if data is None else int.from_bytes(data, "little", signed=True)


def filled_name(c: Call, names: tuple[str, str], addr: int, length: int, given: int) -> Iterator[Yield]:
    """An address that the call has filled, and its length, with ``given`` bytes of room."""
    used = None if c.error else read_room(c, addr, length)
    if used is None:
        yield names[0], c.address(addr)
        yield names[1], show_room(given)
    else:
        yield names[0], SockAddr().of_length(c, addr, min(given, used))
        yield names[1], show_room(given, used)


def _pointer(c: Call, index: int) -> int:
    return truncate(c.args[index], c.abi.word, False)


def _named(c: Call) -> Iterator[Yield]:
    """By hand because what is printed when depends on memory that the call rewrites."""
    yield "sockfd", Fd.value(c, c.args[0])
    addr, length = _pointer(c, 1), _pointer(c, 2)
    given = read_room(c, addr, length)
    if given is None:
        yield "addr", c.address(addr)
        yield "addrlen", c.address(length)
    else:
        yield EXIT
        yield from filled_name(c, ("addr", "addrlen"), addr, length, given)
    if c.name == "accept4":
        yield "flags", TypeFlags.value(c, c.args[3])


FilledName = Out(SockAddr(Behind("addrlen")))
NameLength = InOut(Int)

decoder(
    "getsockname getpeername", sockfd=Fd, addr=FilledName, addrlen=NameLength, classes="network -desc", plannable=True
)(_named)
decoder("accept", sockfd=Fd, addr=FilledName, addrlen=NameLength, returns=Fd, classes="network -desc", plannable=True)(
    _named
)
decoder(
    "accept4",
    sockfd=Fd,
    addr=FilledName,
    addrlen=NameLength,
    flags=TypeFlags,
    returns=Fd,
    classes="network -desc",
    plannable=True,
)(_named)

# --- sending and receiving ------------------------------------------------------------------


class SocketBytes(Bytes):
    """What went through a socket: netlink messages where it is one of netlink, else bytes.

    A source that does not hold the program has copied the bytes alone.
    """

    def at(self, c: Call, addr: int) -> AnyValue:
        return show_socket_buffer(c, addr, length_of(c, self.length))

    def quick(self, c: Call) -> QuickText | None:
        return self.quick_bytes(c)


def _received(c: Call) -> int:
    """How many bytes of the buffer hold something: with MSG_TRUNC the result may be larger than it."""
    return min(truncate(c.result, c.abi.register, False), truncate(c.args[2], c.abi.word, False))


class ReceivedBytes(SocketBytes):
    """The bytes that a call has received."""

    def __init__(self) -> None:
        super().__init__(_received)

    def quick_size(self, c: Call) -> QuickSize | None:
        mask = (1 << 8 * c.abi.word) - 1
        return lambda words, result: min(max(result, 0), words[2] & mask)

    def plan(self, p: Planner) -> None:
        p.bytes(RESULT, limit=p.string_limit + 1)


Sent = In(SocketBytes("len"))
Received = Out(ReceivedBytes())

call("send", sockfd=Fd, buf=Sent, len=Size, flags=MsgFlags, classes="network -desc", abis="i386")
call(
    "sendto",
    sockfd=Fd,
    buf=Sent,
    len=Size,
    flags=MsgFlags,
    dest_addr=In(SockAddr("addrlen")),
    addrlen=Int,
    classes="network -desc",
)
call("recv", sockfd=Fd, buf=Received, len=Size, flags=MsgFlags, classes="network -desc", abis="i386")


@decoder(
    "recvfrom",
    sockfd=Fd,
    buf=Received,
    len=Size,
    flags=MsgFlags,
    src_addr=Out(SockAddr(Behind("addrlen"))),
    addrlen=NameLength,
    classes="network -desc",
    plannable=True,
    plain_split=1,
)
def recvfrom(c: Call) -> Iterator[Yield]:
    """By hand because the length of the address is read before and behind the call."""
    yield "sockfd", Fd.value(c, c.args[0])
    addr, length = _pointer(c, 4), _pointer(c, 5)
    given = read_room(c, addr, length) or 0
    yield EXIT
    yield "buf", Received.value(c, c.args[1])
    yield "len", Size.value(c, c.args[2])
    yield "flags", MsgFlags.value(c, c.args[3])
    if read_room(c, addr, length) is None:
        yield "src_addr", c.address(addr)
        yield "addrlen", c.address(length)
    else:
        yield from filled_name(c, ("src_addr", "addrlen"), addr, length, given)


call("sendmsg", sockfd=Fd, msg=In(MsgHdr), flags=MsgFlags, classes="network -desc")


@decoder("recvmsg", sockfd=Fd, msg=InOut(MsgHdr), flags=MsgFlags, classes="network -desc", plannable=True)
def recvmsg(c: Call) -> Iterator[Yield]:
    """By hand because the room for the name is read before the call and the rest behind it."""
    yield "sockfd", Fd.value(c, c.args[0])
    addr = _pointer(c, 1)
    data = c.fetch(addr, MsgHdr.size(c.abi))
    if data is None:
        yield "msg", c.address(addr)
    else:
        given = View(c, data, 0, MsgHdr).msg_namelen
        yield EXIT
        yield "msg", _received_message(c, addr, given)
    yield "flags", MsgFlags.value(c, c.args[2])


def _received_message(c: Call, addr: int, given: int) -> AnyValue:
    if c.error:
        return values.Struct([("msg_namelen", Number(str(given), given))])
    data = c.fetch(addr, MsgHdr.size(c.abi))
    return c.address(addr) if data is None else show_message(View(c, data, 0, MsgHdr, addr), given, c.result)


# --- several messages -----------------------------------------------------------------------


class MessageArray(Type):
    """``count`` mmsghdrs, for the plan: what shows them knows more."""

    def __init__(self, count: Length) -> None:
        self.count = count

    def plan(self, p: Planner) -> None:
        p.messages(self.count, limit=p.string_limit + 1)


@decoder(
    "sendmmsg",
    sockfd=Fd,
    msgvec=InOut(MessageArray("vlen")),
    vlen=UInt,
    flags=MsgFlags,
    classes="network -desc",
    plannable=True,
)
def sendmmsg(c: Call) -> Iterator[Yield]:
    """By hand because the messages show how much of each was sent, also when the call failed."""
    yield "sockfd", Fd.value(c, c.args[0])
    addr, count = _pointer(c, 1), c.u32(2)
    if c.verbose:
        yield EXIT
        error, c.error = c.error, 0
        shown = Messages(0 if error else c.result).show(c, addr, count)
        c.error = error
        yield "msgvec", shown
    else:
        yield "msgvec", c.address(addr)
    yield "vlen", UInt.value(c, count)
    yield "flags", MsgFlags.value(c, c.args[3])


def _rooms(c: Call, addr: int, count: int) -> list[int]:
    """The rooms for names in the mmsghdrs at ``addr``, as far as they can be read."""
    rooms: list[int] = []
    size = MMsgHdr.size(c.abi)
    for i in range(min(count, IOV_MAX)):
        data = c.fetch(addr + i * size, size)
        if data is None:
            break
        rooms.append(View(c, data, 0, MsgHdr).msg_namelen)
    return rooms


def _recvmmsg(time: Type) -> DecoderFunction:
    timeout = In(time)

    def recvmmsg(c: Call) -> Iterator[Yield]:
        """By hand because rooms and timeout are read before the call and shown behind it."""
        yield "sockfd", Fd.value(c, c.args[0])
        addr, count = _pointer(c, 1), c.u32(2)
        before = timeout.value(c, c.args[4])
        arguments: list[Argument] = [
            ("vlen", UInt.value(c, count)),
            ("flags", MsgFlags.value(c, c.args[3])),
            ("timeout", before),
        ]
        if c.verbose:
            rooms = _rooms(c, addr, count)
            yield EXIT
            done = truncate(c.result, 4, False)
            yield "msgvec", c.address(addr) if c.error else Messages(done, rooms, True).show(c, addr, done)
            yield from arguments
        else:
            yield "msgvec", c.address(addr)
            yield from arguments
            yield RETURN
        if not c.error and not c.result:
            c.note = "Timeout"
        elif not c.error and c.verbose and _pointer(c, 4):
            c.note = f"left {timeout.value(c, c.args[4]).text}"

    return recvmmsg


for _time, _names, _abis in ((Timespec, "recvmmsg", ""), (Timespec64, "recvmmsg_time64", "i386")):
    decoder(
        _names,
        sockfd=Fd,
        msgvec=InOut(MessageArray("vlen")),
        vlen=UInt,
        flags=MsgFlags,
        timeout=InOut(_time),
        classes="network -desc",
        abis=_abis or None,
        plannable=True,
    )(_recvmmsg(_time))


# --- all in one -----------------------------------------------------------------------------

DIRECT = {
    1: ("socket", 3),
    2: ("bind", 3),
    3: ("connect", 3),
    4: ("listen", 2),
    5: ("accept", 3),
    6: ("getsockname", 3),
    7: ("getpeername", 3),
    8: ("socketpair", 4),
    9: ("send", 4),
    10: ("recv", 4),
    11: ("sendto", 6),
    12: ("recvfrom", 6),
    13: ("shutdown", 2),
    14: ("setsockopt", 5),
    15: ("getsockopt", 5),
    16: ("sendmsg", 3),
    17: ("recvmsg", 3),
    18: ("accept4", 4),
    19: ("recvmmsg", 5),
    20: ("sendmmsg", 4),
}
"""What ``socketcall`` calls by its first argument, and how many words it passes."""


def direct_call(c: Call) -> tuple[str, tuple[int, ...]] | None:
    """The call that ``socketcall`` stands for; its arguments lie in memory."""
    name, count = DIRECT.get(c.u32(0), ("", 0))
    words = c.read_words(f"{count}I", _pointer(c, 1)) if count else None
    return None if words is None else (name, words)


call(
    "socketcall",
    call=Enum("socketcalls", unknown="", base="d", signed=True),
    args=Addr,
    classes="desc",
    abis="i386",
    direct=direct_call,
)
