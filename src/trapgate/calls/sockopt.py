# SPDX-License-Identifier: BSD-2-Clause
"""Socket options: getsockopt and setsockopt of every level.

An option's value is what GET or SET say for its level and name; an option that they do not
list is an int if it has 4 bytes, else a string. Source: socket(7), ip(7), ipv6(7), tcp(7),
packet(7), netlink(7); include/uapi/asm-generic/socket.h, linux/{tcp,tipc,if_packet,icmp}.h.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from trapgate.calls.call import Call
from trapgate.calls.describe import EXIT, Yield, call, decoder
from trapgate.calls.errnames import ErrorNumber
from trapgate.calls.extensible import show_prefix
from trapgate.calls.memory import Array, Behind, Bytes, CharArray, Indirect, InOut, Out, Shown, Struct, View, show_room
from trapgate.calls.quote import Hex
from trapgate.calls.structs_filter import Program, SocketProgram, show_socket_operand
from trapgate.calls.structs_msghdr import Credentials
from trapgate.calls.structs_net import AF_INET6, Host, Interface, host_field, quoted_hex, show_hardware
from trapgate.calls.structs_sockaddr import SockAddr, show_sockaddr
from trapgate.calls.types import U8, U16, U32, Enum, Fd, Flags, Int, Switch, Type, UInt, truncate
from trapgate.model.abi import Abi
from trapgate.model.values import AnyValue, Joined, List, Number, remark

if TYPE_CHECKING:
    from trapgate.calls.plan import Planner

Option = Callable[[Call, int, int], AnyValue]
"""Shows an option's value: call, address, length."""

MOST_COPIED = 288
SOL_NETLINK = 270

# --- names ----------------------------------------------------------------------------------

Level = Enum("socketlayers", unknown="SOL_??")


def _names(kind: str) -> Switch:
    """The type of optname by level; ``kind`` is get or set."""
    tables = {
        "SOL_SOCKET": Enum("sock_options", f"{kind}sock_options", unknown="SO_???"),
        "SOL_IP": Enum("sock_ip_options", f"{kind}sock_ip_options", unknown="IP_???"),
        "SOL_IPV6": Enum("sock_ipv6_options", f"{kind}sock_ipv6_options", unknown="IPV6_???"),
    }
    for level, table, unknown in (
        ("AF_VSOCK", "vsock", "SO_VM_SOCKETS_???"),
        ("SOL_IPX", "ipx", "IPX_???"),
        ("SOL_AX25", "ax25", "AX25_???"),
        ("SOL_PACKET", "packet", "PACKET_???"),
        ("SOL_TCP", "tcp", "TCP_???"),
        ("SOL_CAN_RAW", "can_raw", "CAN_RAW_???"),
        ("SOL_SCTP", "sctp", "SCTP_???"),
        ("SOL_RAW", "raw", "RAW_???"),
        ("SOL_NETLINK", "netlink", "NETLINK_???"),
        ("SOL_UDP", "udp", "UDP_???"),
        ("SOL_IRDA", "irda", "IRLMP_???"),
        ("SOL_LLC", "llc", "LLC_OPT_???"),
        ("SOL_DCCP", "dccp", "DCCP_SOCKOPT_???"),
        ("SOL_TIPC", "tipc", "TIPC_???"),
        ("SOL_RXRPC", "rxrpc", "RXRPC_???"),
        ("SOL_PPPOL2TP", "pppol2tp", "PPPOL2TP_SO_???"),
        ("SOL_BLUETOOTH", "bluetooth", "BT_???"),
        ("SOL_PNPIPE", "pnp", "PNPIPE_???"),
        ("SOL_RDS", "rds", "RDS_???"),
        ("SOL_IUCV", "iucv", "SO_???"),
        ("SOL_CAIF", "caif", "CAIFSO_???"),
        ("SOL_ALG", "alg", "ALG_SET_???"),
        ("SOL_NFC", "nfcllcp", "NFC_LLCP_???"),
        ("SOL_KCM", "kcm", "KCM_???"),
        ("SOL_TLS", "tls", "TLS_???"),
        ("SOL_XDP", "xdp", "XDP_???"),
    ):
        tables[level] = Enum(f"sock_{table}_options", unknown=unknown)
    cases: dict[str | int, Type | None] = dict(tables.items())
    return Switch("level", cases, UInt)


GetName, SetName = _names("get"), _names("set")

# --- shapes of values -----------------------------------------------------------------------


def show_int(c: Call, addr: int, length: int) -> AnyValue:
    """``[1]``."""
    return Indirect(Int).at(c, addr)


def show_bytes(c: Call, addr: int, length: int) -> AnyValue:
    """The value of an option nothing is known of."""
    return show_int(c, addr, length) if length == 4 else c.buffer(addr, truncate(length, c.abi.register, False))


def hexadecimal(c: Call, addr: int, length: int) -> AnyValue:
    """The bytes, all in hexadecimal."""
    return c.buffer(addr, truncate(length, c.abi.register, False), Hex.ALL)


def pointer_only(c: Call, addr: int, length: int) -> AnyValue:
    """The address: the length tells that nothing can be there."""
    return c.address(addr)


def _one(kind: Type, otherwise: Option, exactly: bool = False) -> Option:
    """One ``kind`` in brackets when the length has room for it."""
    inner = Indirect(kind)

    def show(c: Call, addr: int, length: int) -> AnyValue:
        size = kind.size(c.abi)
        fits = truncate(length, 4, False) == size if exactly else length >= size
        return inner.at(c, addr) if fits else otherwise(c, addr, length)

    return show


def _struct(kind: Type, exactly: bool = False) -> Option:
    """A structure that the caller passes whole, or its address."""

    def show(c: Call, addr: int, length: int) -> AnyValue:
        size = kind.size(c.abi)
        return kind.at(c, addr) if length == size or (length > size and not exactly) else c.address(addr)

    return show


def _prefix(kind: Struct) -> Option:
    """As much of a structure as the kernel gave."""

    def show(c: Call, addr: int, length: int) -> AnyValue:
        data = c.fetch(addr, min(length, kind.size(c.abi)))
        return c.address(addr) if data is None else show_prefix(c, kind, data)

    return show


# --- SOL_SOCKET -----------------------------------------------------------------------------

Linger = Struct("struct linger", l_onoff=Int, l_linger=Int)
TxRehash = Enum("sockopt_txrehash_vals", base="d", signed=True)

INT_OPTIONS = [
    "SO_DEBUG",
    "SO_REUSEADDR",
    "SO_DONTROUTE",
    "SO_BROADCAST",
    "SO_SNDBUF",
    "SO_RCVBUF",
    "SO_KEEPALIVE",
    "SO_OOBINLINE",
    "SO_NO_CHECK",
    "SO_PRIORITY",
    "SO_BSDCOMPAT",
    "SO_REUSEPORT",
    "SO_PASSCRED",
    "SO_RCVLOWAT",
    "SO_SNDLOWAT",
    "SO_DETACH_FILTER",
    "SO_TIMESTAMP_OLD",
    "SO_ACCEPTCONN",
    "SO_SNDBUFFORCE",
    "SO_RCVBUFFORCE",
    "SO_PASSSEC",
    "SO_TIMESTAMPNS_OLD",
    "SO_MARK",
    "SO_TIMESTAMPING_OLD",
    "SO_RXQ_OVFL",
    "SO_WIFI_STATUS",
    "SO_PEEK_OFF",
    "SO_NOFCS",
    "SO_LOCK_FILTER",
    "SO_SELECT_ERR_QUEUE",
    "SO_BUSY_POLL",
    "SO_INCOMING_CPU",
    "SO_CNX_ADVICE",
    "SO_INCOMING_NAPI_ID",
    "SO_ZEROCOPY",
    "SO_TIMESTAMP_NEW",
    "SO_TIMESTAMPNS_NEW",
    "SO_TIMESTAMPING_NEW",
    "SO_DETACH_REUSEPORT_BPF",
    "SO_PREFER_BUSY_POLL",
    "SO_BUSY_POLL_BUDGET",
    "SO_RESERVE_MEM",
    "SO_RCVMARK",
    "SO_PASSPIDFD",
    "SO_RCVPRIORITY",
    "SO_PASSRIGHTS",
    "SO_INQ",
]


def _show_program(c: Call, addr: int, length: int) -> AnyValue:
    """SO_ATTACH_FILTER takes a structure …"""
    return SocketProgram.at(c, addr) if length == SocketProgram.size(c.abi) else c.address(addr)


def _show_instructions(c: Call, addr: int, length: int) -> AnyValue:
    """… and SO_GET_FILTER gives the instructions, counted instead of measured."""
    return Program(length, show_socket_operand).at(c, addr) if length < 1 << 16 else c.address(addr)


# --- IP -------------------------------------------------------------------------------------


def _show_mreq6(view: View) -> Shown:
    host = host_field(view.call, "ipv6mr_multiaddr", AF_INET6, view.bytes_of("ipv6mr_multiaddr"))
    return [host, *view.fields("ipv6mr_interface")]


Mreq = Struct("struct ip_mreq", imr_multiaddr=Host(), imr_interface=Host())
Mreq6 = Struct("struct ipv6_mreq", show=_show_mreq6, ipv6mr_multiaddr=Host(AF_INET6), ipv6mr_interface=Interface)


class _Storage(SockAddr):
    """A sockaddr_storage inside a structure; aligned to words."""

    def align(self, abi: object) -> int:
        return abi.word if isinstance(abi, Abi) else 8


GroupReq = Struct("struct group_req", gr_interface=Interface, gr_group=_Storage())
HEADERS = {
    "struct tcp_ao_add": "",
    "struct tpacket_stats_v3": "linux/if_packet.h",
    "struct linger": "sys/socket.h",
    "struct ip_mreq": "netinet/in.h",
    "struct ipv6_mreq": "netinet/in.h",
    "struct group_req": "netinet/in.h",
    "struct tpacket_req": "linux/if_packet.h",
    "struct packet_mreq": "linux/if_packet.h",
    "struct tipc_group_req": "linux/tipc.h",
}


def _show_port_range(c: Call, addr: int, length: int) -> AnyValue:
    """Lowest and highest port in the halves of a word: ``[0x1f401f40 /* 8000..8000 */]``."""
    if length != 4:
        return hexadecimal(c, addr, truncate(length, 4, False))
    ports = c.fetch_int(addr)
    if ports is None:
        return c.address(addr)
    low, high = ports & 0xFFFF, ports >> 16
    shown: AnyValue = Number(hex(ports) if ports else "0", ports)
    if c.style != "raw" and ports and (not low or not high or low <= high):
        shown = Joined(shown, remark(f"{low or ''}..{high or ''}"))
    return Joined("[", shown, "]")


def _hexadecimal32(c: Call, addr: int, length: int) -> AnyValue:
    return hexadecimal(c, addr, truncate(length, 4, False))


IcmpType = Enum("icmp_filter_flags", unknown="ICMP_???")


def _show_icmp_filter(c: Call, addr: int, length: int) -> AnyValue:
    """The types that are held back; when these are most, those that are not: ``~[ICMP_ECHO]``."""
    if length <= 0:
        return c.address(addr)
    data = c.fetch(addr, min(length, 4))
    if data is None:
        return c.address(addr)
    bits = int.from_bytes(data.ljust(4, b"\xff"), "little")
    inverted = bits.bit_count() > 16
    if inverted:
        bits ^= 0xFFFFFFFF
    shown = [IcmpType.value(c, i) for i in range(32) if bits >> i & 1]
    return List(shown, ("~[" if inverted else "[", "]"), " ")


# --- TCP, packets, TIPC ---------------------------------------------------------------------


def _show_key(view: View) -> Shown:
    c = view.call
    flags = view.bits
    return [
        ("addr", show_sockaddr(c, view.bytes_of("addr"))),
        *view.fields("prefix", "alg_name", "ifindex"),
        ("set_current", Number(str(flags & 1), flags & 1)),
        ("set_rnext", Number(str(flags >> 1 & 1), flags >> 1 & 1)),
        *view.fields("sndid", "rcvid", "maclen", "keyflags"),
        ("key", quoted_hex(c, view.data[view.offset + KEY_AT : view.offset + KEY_AT + min(view.keylen, KEY_BYTES)])),
        *view.fields("keylen"),
    ]


KEY_AT, KEY_BYTES = 208, 80
AoKey = Struct(
    "struct tcp_ao_add",
    show=_show_key,
    size_of=288,
    addr=SockAddr(),
    alg_name=CharArray(64),
    ifindex=Interface,
    bits=U32,
    _reserved2=U16,
    prefix=U8,
    sndid=U8,
    rcvid=U8,
    maclen=U8,
    keyflags=Flags("tcp_ao_keyf_flags", size=1),
    keylen=U8,
)


def _show_key_of(c: Call, addr: int, length: int) -> AnyValue:
    data = c.fetch(addr, min(length, AoKey.size(c.abi))) if length > 0 else None
    return c.address(addr) if data is None else AoKey.load(c, data.ljust(AoKey.size(c.abi), b"\0"), 0)


def _show_packet_mreq(view: View) -> Shown:
    address = view.data[view.offset + 8 : view.offset + 8 + min(view.mr_alen, 8)]
    return [*view.fields("mr_ifindex", "mr_type", "mr_alen"), ("mr_address", show_hardware(view.call, address))]


PacketStats = Struct("struct tpacket_stats_v3", tp_packets=U32, tp_drops=U32, tp_freeze_q_cnt=U32)
PacketRing = Struct("struct tpacket_req", tp_block_size=U32, tp_block_nr=U32, tp_frame_size=U32, tp_frame_nr=U32)
PacketMreq = Struct(
    "struct packet_mreq",
    show=_show_packet_mreq,
    size_of=16,
    mr_ifindex=Interface,
    mr_type=Enum("packet_mreq_type", size=2, unknown="PACKET_MR_???"),
    mr_alen=U16,
)
Importance = Enum("af_tipc_importance")
TipcGroup = Struct(
    "struct tipc_group_req",
    type=U32,
    instance=U32,
    scope=Enum("af_tipc_scope", unknown="TIPC_???_SCOPE"),
    flags=Flags("af_tipc_flags", unknown="TIPC_GROUP_???"),
)


def _show_memberships(c: Call, addr: int, length: int) -> AnyValue:
    """The groups of a netlink socket, a bit each, in words of 32."""
    return Array(U32, length // 4).at(c, addr)


# --- all of them ----------------------------------------------------------------------------

_int_or_hex, _int_or_pointer = _one(Int, hexadecimal), _one(Int, pointer_only)

GET: dict[str, dict[str, Option]] = {
    "SOL_SOCKET": {
        **dict.fromkeys(INT_OPTIONS, _int_or_hex),
        "SO_LINGER": _prefix(Linger),
        "SO_PEERCRED": _prefix(Credentials),
        "SO_GET_FILTER": _show_instructions,
        "SO_ERROR": _one(ErrorNumber(), hexadecimal),
        "SO_TXREHASH": _one(TxRehash, hexadecimal),
        "SO_PEERPIDFD": _one(Fd, hexadecimal),
    },
    "SOL_IP": {
        "IP_LOCAL_PORT_RANGE": _show_port_range,
        "IP_PROTOCOL": _one(Enum("inet_protocols"), _hexadecimal32, exactly=True),
    },
    "SOL_PACKET": {"PACKET_STATISTICS": _prefix(PacketStats)},
    "SOL_RAW": {"ICMP_FILTER": _show_icmp_filter},
    "SOL_NETLINK": {"NETLINK_LIST_MEMBERSHIPS": _show_memberships, "": show_int},
    "SOL_TIPC": {
        "TIPC_IMPORTANCE": _one(Importance, pointer_only),
        "TIPC_GROUP_JOIN": _struct(TipcGroup),
        "": show_int,
    },
}
"""What getsockopt's values are, by level and option; "" stands for all other options of the level."""

SET: dict[str, dict[str, Option]] = {
    "SOL_SOCKET": {
        **dict.fromkeys(INT_OPTIONS, _int_or_pointer),
        "SO_LINGER": _struct(Linger),
        "SO_ATTACH_FILTER": _show_program,
        "SO_ATTACH_REUSEPORT_CBPF": _show_program,
        "SO_TXREHASH": _one(TxRehash, pointer_only),
    },
    "SOL_IP": {
        **dict.fromkeys(("IP_ADD_MEMBERSHIP", "IP_DROP_MEMBERSHIP"), _struct(Mreq)),
        **dict.fromkeys(("MCAST_JOIN_GROUP", "MCAST_LEAVE_GROUP"), _struct(GroupReq)),
        "IP_LOCAL_PORT_RANGE": _show_port_range,
    },
    "SOL_IPV6": {
        **dict.fromkeys(
            ("IPV6_ADD_MEMBERSHIP", "IPV6_DROP_MEMBERSHIP", "IPV6_JOIN_ANYCAST", "IPV6_LEAVE_ANYCAST"), _struct(Mreq6)
        ),
        **dict.fromkeys(("MCAST_JOIN_GROUP", "MCAST_LEAVE_GROUP"), _struct(GroupReq)),
    },
    "SOL_PACKET": {
        **dict.fromkeys(("PACKET_RX_RING", "PACKET_TX_RING"), _struct(PacketRing, exactly=True)),
        **dict.fromkeys(("PACKET_ADD_MEMBERSHIP", "PACKET_DROP_MEMBERSHIP"), _struct(PacketMreq, exactly=True)),
    },
    "SOL_RAW": {"ICMP_FILTER": _show_icmp_filter},
    "SOL_NETLINK": {"": _int_or_pointer},
    "SOL_TCP": {"TCP_AO_ADD_KEY": _show_key_of},
    "SOL_TIPC": {
        "TIPC_IMPORTANCE": _one(Importance, pointer_only),
        "TIPC_GROUP_JOIN": _struct(TipcGroup),
        "": show_int,
    },
}
"""As GET, for setsockopt."""


class Options:
    """Looks up options by the numbers of their level and name."""

    def __init__(self, options: dict[str, dict[str, Option]], names: Switch) -> None:
        self.options = options
        self.names = names
        self._by_number: dict[str, dict[int, dict[int, Option]]] = {}

    def find(self, abi: Abi, level: int, name: int) -> Option | None:
        """What shows the value of option ``name`` of ``level``; None if nothing is known."""
        known = self._by_number.get(abi.name)
        if known is None:
            known = self._by_number[abi.name] = self._number(abi)
        options = known.get(level, {})
        return options.get(name) or options.get(-1)

    def _number(self, abi: Abi) -> dict[int, dict[int, Option]]:
        numbered: dict[int, dict[int, Option]] = {}
        for level, options in self.options.items():
            names = self.names.cases[level]
            assert isinstance(names, Enum)
            by_name = {names.value_of(name, abi) if name else -1: option for name, option in options.items()}
            numbered[Level.value_of(level, abi)] = by_name
        return numbered


GET_OPTIONS, SET_OPTIONS = Options(GET, GetName), Options(SET, SetName)


def _show_option(c: Call, options: Options, addr: int, length: int) -> AnyValue:
    if not c.verbose:
        return c.address(addr)
    option = options.find(c.abi, c.u32(1), c.u32(2)) if addr else None
    return (option or show_bytes)(c, addr, length)


class SetValue(Type):
    """The value that setsockopt passes."""

    def decode(self, c: Call, word: int) -> AnyValue | None:
        return _show_option(c, SET_OPTIONS, truncate(word, c.abi.word, False), c.s32(4))

    def plan_argument(self, p: Planner) -> None:
        p.at_entry().bytes("optlen", limit=MOST_COPIED)


call("setsockopt", sockfd=Fd, level=Level, optname=SetName, optval=SetValue(), optlen=Int, classes="network -desc")


@decoder(
    "getsockopt",
    sockfd=Fd,
    level=Level,
    optname=GetName,
    optval=Out(Bytes(Behind("optlen"))),
    optlen=InOut(Int, anyway=True),
    classes="network -desc",
    plannable=True,
)
def getsockopt(c: Call) -> Iterator[Yield]:
    """By hand because the value's length is read before and behind the call."""
    yield "sockfd", Fd.value(c, c.args[0])
    yield "level", Level.value(c, c.args[1])
    yield "optname", GetName.value(c, c.args[2])
    addr, length = truncate(c.args[3], c.abi.word, False), truncate(c.args[4], c.abi.word, False)
    data = c.peek(length, 4)
    if data is None:
        yield "optval", c.address(addr)
        yield "optlen", c.address(length)
        return
    given = int.from_bytes(data, "little", signed=True)
    yield EXIT
    data = c.peek(length, 4)
    used = given if data is None else int.from_bytes(data, "little", signed=True)
    if data is None or c.error or given <= 0 or used <= 0:
        yield "optval", c.address(addr)
    else:
        limit = min(given, used) if c.u32(1) == SOL_NETLINK else used
        yield "optval", _show_option(c, GET_OPTIONS, addr, limit)
    yield "optlen", show_room(given, used)
