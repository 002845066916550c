# SPDX-License-Identifier: BSD-2-Clause
"""Sockets and network interfaces: addresses, flags, names, queues, bridges.

Source: netdevice(7), socket(7); include/uapi/linux/sockios.h, if.h, if_bridge.h.
"""

from __future__ import annotations

from trapgate.calls.call import Call
from trapgate.calls.memory import Array, ByteArray, CharArray, In, Indirect, Out, Shown, Str, Struct, View
from trapgate.calls.requests import EXIT, Case, Exchange, Led, Staged, Stages, UnionOf, each, look
from trapgate.calls.structs_net import Interface, show_hardware
from trapgate.calls.structs_sockaddr import show_sockaddr
from trapgate.calls.types import S32, U64_MASK, X8, X16, Addr, Enum, Flags, HexLong, Int, Type
from trapgate.model import values
from trapgate.model.abi import Abi
from trapgate.model.values import AnyValue, Change, Joined, Number, remark

HEADERS = {"struct ifreq": "linux/if.h", "struct ifconf": "linux/if.h", "struct ifmap": "linux/if.h"}
NAME = 16


class Address(Type):
    """struct sockaddr inside a structure."""

    def size(self, abi: Abi) -> int:
        return 16

    def align(self, abi: Abi) -> int:
        return 2

    def load(self, c: Call, data: bytes, offset: int) -> AnyValue:
        return show_sockaddr(c, data[offset : offset + 16])


def show_hwaddr(view: View) -> Shown:
    """The kind of hardware and its address."""
    data = view.bytes_of("sa_data")
    return [*view.fields("sa_family"), ("sa_data", show_hardware(view.call, data, view.sa_family))]


Hardware = Struct(
    "sockaddr of hardware", show=show_hwaddr, sa_family=Enum("arp_hardware_types", size=2), sa_data=ByteArray(14)
)
Map = Struct("struct ifmap", mem_start=HexLong, mem_end=HexLong, base_addr=X16, irq=X8, dma=X8, port=X8)
Named = Struct("struct ifreq", ifr_name=CharArray(NAME), _u=UnionOf(Map, Address(), CharArray(NAME)))

MEMBERS: dict[str, tuple[str, Type]] = {
    "ADDR": ("ifr_addr", Address()),
    "DSTADDR": ("ifr_dstaddr", Address()),
    "BRDADDR": ("ifr_broadaddr", Address()),
    "NETMASK": ("ifr_netmask", Address()),
    "HWADDR": ("ifr_hwaddr", Hardware),
    "HWBROADCAST": ("ifr_hwaddr", Hardware),
    "FLAGS": ("ifr_flags", Flags("iffflags", size=2)),
    "INDEX": ("ifr_ifindex", S32),
    "METRIC": ("ifr_metric", S32),
    "MTU": ("ifr_mtu", S32),
    "SLAVE": ("ifr_slave", CharArray(NAME)),
    "NAME": ("ifr_newname", CharArray(NAME)),
    "TXQLEN": ("ifr_qlen", S32),
    "MAP": ("ifr_map", Map),
}
"""What is behind the name in the request SIOCGIF*, SIOCSIF* so called."""


def setter(name: str, kind: Type) -> In:
    """A request that passes the interface's name and a member."""
    return In(
        Struct(
            "struct ifreq",
            show=lambda view: [*view.fields("ifr_name"), (name, view.show("_u", kind))],
            ifr_name=CharArray(NAME),
            _u=UnionOf(Map, Address(), CharArray(NAME)),
        )
    )


def getter(name: str, kind: Type) -> Exchange:
    """A request that passes the interface's name and gets a member."""
    return Exchange(Named, "ifr_name", lambda view: [(name, view.show("_u", kind))])


def show_index(view: View) -> Shown:
    """The interface by its number."""
    return [("ifr_ifindex", view.show("_u", Interface))]


Bridge = Struct("struct ifreq", show=show_index, ifr_name=CharArray(NAME), _u=UnionOf(Map, Address()))
Found = Struct(
    "struct ifreq",
    show=lambda view: [*view.fields("ifr_name"), ("ifr_addr", view.show("_u", Address()))],
    ifr_name=CharArray(NAME),
    _u=UnionOf(Map, Address()),
)
Config = Struct("struct ifconf", ifc_len=S32, ifc_buf=Led(Array(Found, 1 << 10)))


def show_length(c: Call, length: int) -> AnyValue:
    """Bytes, and how many interfaces that is if it is a round number."""
    shown, size = Number(str(length), length), Found.size(c.abi)
    if length > 0 and length % size == 0:
        return Joined(shown, remark(f"{length // size} * sizeof(struct ifreq)"))
    return shown


def tell_config(c: Call, addr: int) -> Stages:
    """The room there is, then the room that is needed or filled, and the interfaces."""
    asked = look(c, Config, addr)
    if asked is None:
        return c.address(addr)
    before = show_length(c, asked.ifc_len)
    yield EXIT
    answer = look(c, Config, addr, anyway=True)
    if answer is None:
        return values.Struct([("ifc_len", before), *asked.fields("ifc_buf")])
    after = show_length(c, answer.ifc_len)
    if not asked.ifc_buf:
        before = after
    elif asked.ifc_len != answer.ifc_len:
        before = Change(before, after)
    buffer: AnyValue = asked.show("ifc_buf")
    if asked.ifc_buf and not c.error:
        buffer = Array(Found, (answer.ifc_len & U64_MASK) // Found.size(c.abi)).at(c, answer.ifc_buf)
    elif asked.ifc_buf != answer.ifc_buf:
        buffer = Change(buffer, answer.show("ifc_buf"))
    return values.Struct([("ifc_len", before), ("ifc_buf", buffer)])


Number32 = Indirect(Int)

REQUESTS: dict[str, Type | Case | None] = {
    "SIOCGIFCONF": Staged(Config, tell_config),
    **each("SIOCBRADDBR SIOCBRDELBR", In(Str(NAME))),
    **each("FIOGETOWN SIOCATMARK SIOCGIFENCAP SIOCGPGRP SIOCOUTQNSD", Out(Number32)),
    **each("FIOSETOWN SIOCSIFENCAP SIOCSPGRP", In(Number32)),
    **each("SIOCBRADDIF SIOCBRDELIF", In(Bridge)),
    **each("SIOCADDMULTI SIOCDELMULTI", setter("ifr_hwaddr", Hardware)),
    **{f"SIOCSIF{name}": setter(*member) for name, member in MEMBERS.items() if name != "INDEX"},
    **{f"SIOCGIF{name}": getter(*member) for name, member in MEMBERS.items() if name not in ("NAME", "HWBROADCAST")},
    "SIOCGIFNAME": Exchange(
        Named, lambda view: [("ifr_ifindex", view.show("_u", S32))], lambda view: view.fields("ifr_name")
    ),
    **each(
        "SIOCADDDLCI SIOCADDRT SIOCBONDCHANGEACTIVE SIOCBONDENSLAVE SIOCBONDINFOQUERY SIOCBONDRELEASE"
        " SIOCBONDSETHWADDR SIOCBONDSLAVEINFOQUERY SIOCDARP SIOCDELDLCI SIOCDELRT SIOCDIFADDR SIOCDRARP"
        " SIOCETHTOOL SIOCGARP SIOCGHWTSTAMP SIOCGIFBR SIOCGIFCOUNT SIOCGIFMEM SIOCGIFPFLAGS SIOCGIFVLAN"
        " SIOCGMIIPHY SIOCGMIIREG SIOCGRARP SIOCGSKNS SIOCGSTAMP_OLD SIOCGSTAMP_NEW SIOCGSTAMPNS_OLD"
        " SIOCGSTAMPNS_NEW SIOCRTMSG SIOCSARP SIOCSHWTSTAMP SIOCSIFBR SIOCSIFLINK SIOCSIFMEM SIOCSIFPFLAGS"
        " SIOCSIFVLAN SIOCSMIIREG SIOCSRARP SIOCWANDEV",
        Addr,
    ),
}
