# SPDX-License-Identifier: BSD-2-Clause
"""Socket addresses of every family: ``SockAddr(length)`` behind a pointer, ``show_sockaddr`` of bytes.

A family adds a ``Struct`` and a line in FAMILIES: the least length at which its members are
shown; shorter addresses, and families not listed, show their bytes. Declares no calls. Source:
socket(7) and the pages of the families; include/uapi/linux/{un,in,in6,if_packet,vm_sockets,…}.h.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from trapgate.calls.call import Call
from trapgate.calls.memory import ByteArray, CharArray, Fixed, Length, Struct, View, length_of
from trapgate.calls.structs_net import (
    AF_AX25,
    AF_INET,
    AF_INET6,
    AF_IPX,
    AF_NETLINK,
    AF_PACKET,
    AF_UNIX,
    AF_X25,
    BigEndian,
    EtherProtocol,
    Family,
    Host,
    Interface,
    Port,
    SocketKind,
    bytes_or,
    cut_string,
    host_field,
    quoted_hex,
    show_hardware,
)
from trapgate.calls.types import (
    S8,
    S32,
    U8,
    U16,
    U32,
    X8,
    X16,
    X32,
    Enum,
    ExplainedEnum,
    ExplainedFlags,
    Fd,
    Flags,
    PaddedHex,
    Tgid,
    Type,
    format_int,
    styled,
    with_remark,
)
from trapgate.model import values
from trapgate.model.values import MORE, AnyValue, Joined, List, Number, String, Symbol

if TYPE_CHECKING:
    from trapgate.calls.plan import Planner

AF_TIPC, AF_BLUETOOTH, AF_RXRPC, AF_IEEE802154, AF_ALG, AF_NFC, AF_VSOCK, AF_QIPCRTR, AF_XDP, AF_MCTP = (
    30,
    31,
    33,
    36,
    38,
    39,
    40,
    42,
    44,
    45,
)

STORAGE = 128
"""sizeof(struct sockaddr_storage): more of an address is never looked at."""

FAMILY_BYTES = 2
PATH_BYTES = 108


Fields = list[tuple["str | None", AnyValue]]


# --- unix -----------------------------------------------------------------------------------


def _show_unix(v: View, length: int) -> Fields:
    c, size = v.call, min(length - FAMILY_BYTES, PATH_BYTES)
    path = v.data[FAMILY_BYTES : FAMILY_BYTES + size]
    if path[:1] == b"\0":
        return [("sun_path", Joined("@", String(c.quoted(path[1:]).text, path)))]
    return [("sun_path", c.quoted(path.partition(b"\0")[0]))]


Unix = Struct("struct sockaddr_un", sun_family=Family, sun_path=ByteArray(PATH_BYTES))

# --- internet -------------------------------------------------------------------------------


class FlowInfo(Type):
    """The flow information of an IPv6 address: ``htonl(0)``."""

    def size(self, abi: object) -> int:
        return 4

    def load(self, c: Call, data: bytes, offset: int) -> AnyValue:
        raw = data[offset : offset + 4]
        number = int.from_bytes(raw, "big")
        return bytes_or(c, raw, f"htonl({number})", number)


Inet = Struct("struct sockaddr_in", size_of=16, sin_family=Family, sin_port=Port(), sin_addr=Host())
Inet6 = Struct(
    "struct sockaddr_in6",
    sin6_family=Family,
    sin6_port=Port(),
    sin6_flowinfo=FlowInfo(),
    sin6_addr=Host(AF_INET6),
    sin6_scope_id=U32,
)
INET6_LEAST = 24
"""Without sin6_scope_id, which RFC 2133 did not have."""


def _show_inet(v: View, length: int) -> Fields:
    return v.fields("sin_port", "sin_addr")


def _show_inet6(v: View, length: int) -> Fields:
    host = v.bytes_of("sin6_addr")
    shown = [*v.fields("sin6_port", "sin6_flowinfo"), host_field(v.call, "sin6_addr", AF_INET6, host)]
    if length <= INET6_LEAST:
        return shown
    local = (host[0] == 0xFE and host[1] & 0xC0 == 0x80) or (host[0] == 0xFF and host[1] & 0xF == 2)
    return [*shown, ("sin6_scope_id", v.show("sin6_scope_id", Interface if local else U32))]


# --- amateur radio, IPX, X.25 ---------------------------------------------------------------

CALL_BYTES = 7
MOST_DIGIPEATERS = 8
Ax25 = Struct("struct sockaddr_ax25", sax25_family=Family, sax25_call=ByteArray(CALL_BYTES), sax25_ndigis=S32)


def _ax25_style(call: bytes, style: str) -> str:
    """``style``, or one that shows the bytes too when they are no proper call sign."""
    letters = [byte >> 1 for byte in call[:6]]
    if any(not 0x20 <= letter <= 0x7E or letter in b"*/" for letter in letters):
        return "raw"
    text = bytes(letters).decode("ascii")
    word = text.rstrip(" ")
    proper = (
        not any(byte & 1 for byte in call[:6])
        and not call[6] & ~0x1E
        and " " not in word
        and all(ch.isdigit() or ch.isupper() for ch in word)
        and (word or not call[6])
    )
    return style if proper else "verbose"


def show_ax25(c: Call, call: bytes) -> AnyValue:
    """A call sign and its number: ``K1ABC-3``, ``*`` for the null address."""
    style = _ax25_style(call, c.style)
    raw = values.Struct([("ax25_call", quoted_hex(c, call))])
    if style == "raw":
        return raw
    word = bytes(byte >> 1 for byte in call[:6]).decode("ascii").rstrip(" ")
    text = f"{word}-{call[6] >> 1 & 0xF}"
    text = "*" if text.startswith("-0") else text
    return Symbol(text, text) if style == "abbrev" else Joined(raw, values.remark(text))


def _show_ax25(v: View, length: int) -> Fields:
    c = v.call
    inner: Fields = [("sax25_call", show_ax25(c, v.bytes_of("sax25_call"))), *v.fields("sax25_ndigis")]
    size = Ax25.size(c.abi)
    if not v.sax25_ndigis and length <= size:
        return inner
    shown: Fields = [("fsa_ax25", values.Struct(inner))]
    has = min((length - size) // CALL_BYTES, MOST_DIGIPEATERS)
    wanted = min(max(v.sax25_ndigis, 0), MOST_DIGIPEATERS)
    if wanted:
        calls = [v.data[size + i * CALL_BYTES : size + (i + 1) * CALL_BYTES] for i in range(min(has, wanted))]
        items: list[AnyValue] = [show_ax25(c, call) for call in calls]
        shown.append(("fsa_digipeater", List([*items, MORE] if wanted > has else items)))
    if length > has * CALL_BYTES + size:
        shown.append((None, MORE))
    return shown


Ipx = Struct(
    "struct sockaddr_ipx",
    sipx_family=Family,
    sipx_port=Port(),
    sipx_network=BigEndian(4, "x"),
    sipx_node=Fixed(PaddedHex(1), 6, whole=True),
    sipx_type=PaddedHex(1),
    sipx_zero=X8,
)


def _show_ipx(v: View, length: int) -> Fields:
    zero = ["sipx_zero"] if v.sipx_zero else []
    return v.fields("sipx_port", "sipx_network", "sipx_node", "sipx_type", *zero)


X25Address = Struct("struct x25_address", x25_addr=CharArray(16))
X25 = Struct("struct sockaddr_x25", sx25_family=Family, sx25_addr=X25Address)


def _show_x25(v: View, length: int) -> Fields:
    return v.fields("sx25_addr")


# --- netlink, packets, Bluetooth ------------------------------------------------------------

Netlink = Struct("struct sockaddr_nl", nl_family=Family, nl_pad=X16, nl_pid=Tgid, nl_groups=PaddedHex(4))


def _show_netlink(v: View, length: int) -> Fields:
    return v.fields(*(["nl_pad"] if v.nl_pad else []), "nl_pid", "nl_groups")


Packet = Struct(
    "struct sockaddr_ll",
    sll_family=Family,
    sll_protocol=EtherProtocol(),
    sll_ifindex=Interface,
    sll_hatype=Enum("arp_hardware_types", size=2, unknown="ARPHRD_???"),
    sll_pkttype=Enum("af_packet_types", size=1, unknown="PACKET_???"),
    sll_halen=U8,
    sll_addr=ByteArray(8),
)


def _show_packet(v: View, length: int) -> Fields:
    c = v.call
    raw = v.bytes_of("sll_protocol")
    name = Enum("ethernet_protocols", size=2).show(int.from_bytes(raw, "big"), "abbrev", c.abi)
    shown: Fields = [("sll_protocol", bytes_or(c, raw, f"htons({name.text})", name.data))]
    shown += v.fields("sll_ifindex", "sll_hatype", "sll_pkttype", "sll_halen")
    if v.sll_halen:
        start = 12
        there = v.data[start : start + min(v.sll_halen, length - start)]
        items: list[AnyValue] = [PaddedHex(1).value(c, byte) for byte in there]
        shown.append(("sll_addr", List([*items, MORE] if v.sll_halen > length - start else items)))
    return shown


Hci = Struct(
    "struct sockaddr_hci",
    hci_family=Family,
    hci_dev=U16,
    hci_channel=Enum("hci_channels", size=2, unknown="HCI_CHANNEL_???"),
)
Sco = Struct("struct sockaddr_sco", sco_family=Family, sco_bdaddr=ByteArray(6))
Rc = Struct("struct sockaddr_rc", rc_family=Family, rc_bdaddr=ByteArray(6), rc_channel=U8)
L2 = Struct(
    "struct sockaddr_l2",
    l2_family=Family,
    l2_psm=U16,
    l2_bdaddr=ByteArray(6),
    l2_cid=U16,
    l2_bdaddr_type=Enum("bdaddr_types", size=1, unknown="BDADDR_???"),
)


def _show_l2_number(c: Call, table: str, number: int, starts: tuple[tuple[int, int, str], ...]) -> AnyValue:
    """``htobs(NAME)``; in the range of dynamic numbers ``htobs(NAME_DYN_START+5)``."""
    kind = Enum(table, size=2)
    name = kind.lookup(number, c.abi)
    for low, high, start in starts if name is None else ():
        if low <= number <= high:
            name = f"{styled(c.style, format_int(low, 'x'), start, low).text}+{number - low}"
            break
    if name is None and c.style != "raw":
        return Joined("htobs(", with_remark(format_int(number, "x"), kind.unknown(c.abi), number), ")")
    return Joined("htobs(", styled(c.style, format_int(number, "x"), name or "", name or number), ")")


PSM_STARTS = ((0x80, 0xFF, "L2CAP_PSM_LE_DYN_START"), (0x1001, 0xFFFF, "L2CAP_PSM_DYN_START"))
CID_STARTS = ((0x40, 0xFFFF, "L2CAP_CID_DYN_START"),)


def _show_bluetooth(v: View, length: int) -> Fields:
    c, data = v.call, v.data
    if length in (4, 6):
        hci = View(c, data, 0, Hci)
        shown: Fields = [("hci_dev", Symbol(f"htobs({hci.hci_dev})", hci.hci_dev))]
        return shown + (hci.fields("hci_channel") if length == 6 else [])
    if length == Sco.size(c.abi):
        return [("sco_bdaddr", show_hardware(c, data[2:8]))]
    if length == Rc.size(c.abi):
        return [("rc_bdaddr", show_hardware(c, data[2:8])), *View(c, data, 0, Rc).fields("rc_channel")]
    if length not in (12, L2.size(c.abi)):
        return _show_bytes(v, length)
    l2 = View(c, data, 0, L2)
    shown = [
        ("l2_psm", _show_l2_number(c, "bluetooth_l2_psm", l2.l2_psm, PSM_STARTS)),
        ("l2_bdaddr", show_hardware(c, l2.bytes_of("l2_bdaddr"))),
        ("l2_cid", _show_l2_number(c, "bluetooth_l2_cid", l2.l2_cid, CID_STARTS)),
    ]
    return shown + (l2.fields("l2_bdaddr_type") if length == L2.size(c.abi) else [])


# --- TIPC, RxRPC, IEEE 802.15.4 -------------------------------------------------------------

TipcRange = Struct("struct tipc_service_range", type=U32, lower=U32, upper=U32)
TipcService = Struct("struct tipc_service_addr", type=U32, instance=U32)
TipcName = Struct("struct tipc_service_addr and domain", name=TipcService, domain=X32)
TipcId = Struct("struct tipc_socket_addr", ref=U32, node=X32)
TipcScope = Enum("af_tipc_scope", size=1, unknown="TIPC_???_SCOPE")
Tipc = Struct(
    "struct sockaddr_tipc",
    tipc_family=Family,
    addrtype=Enum("af_tipc_types", size=1, unknown="TIPC_???"),
    scope=S8,
    addr=TipcRange,
)
TIPC_ARMS = {1: ("nameseq", TipcRange), 2: ("name", TipcName), 3: ("id", TipcId)}


def _show_tipc(v: View, length: int) -> Fields:
    c, scope = v.call, v.scope
    shown = v.fields("addrtype")
    named = TipcScope.value(c, abs(scope))
    shown.append(("scope", Joined("-", named) if scope < 0 else named))
    arm = TIPC_ARMS.get(v.addrtype)
    value = c.quoted(v.bytes_of("addr")) if arm is None else values.Struct([(arm[0], v.show("addr", arm[1]))])
    return [*shown, ("addr", value)]


RxRpc = Struct(
    "struct sockaddr_rxrpc",
    srx_family=Family,
    srx_service=ExplainedEnum("rxrpc_services", size=2, unknown="???_SERVICE"),
    transport_type=SocketKind,
    transport_len=U16,
    transport=Inet6,
)
TRANSPORTS = {AF_INET: ("sin", Inet, 16, _show_inet), AF_INET6: ("sin6", Inet6, INET6_LEAST, _show_inet6)}


def _show_rxrpc(v: View, length: int) -> Fields:
    c, start, given = v.call, 8, v.transport_len
    size = min(given, length - start)
    family = int.from_bytes(v.data[start : start + 2], "little")
    rest = v.data[start + FAMILY_BYTES : start + max(size, 0)]
    more: Fields = [(None, c.quoted(rest))] if rest else []
    known = TRANSPORTS.get(family)
    if known is None:
        inner: Fields = [("family", Family.value(c, family)), *more]
    else:
        name, kind, least, show = known
        if given >= least:
            more = show(View(c, v.data[start:], 0, kind), size)
        inner = [(name, values.Struct([(f"{name}_family", Family.value(c, family)), *more]))]
    shown = v.fields("srx_service", "transport_type", "transport_len")
    return [*shown, ("transport", values.Struct(inner))]


Ieee802154Address = Struct(
    "struct ieee802154_addr_sa",
    addr_type=ExplainedEnum("ieee802154_addr_types", unknown="IEEE802154_ADDR_???"),
    pan_id=ExplainedEnum("ieee802154_pan_ids", size=2, unknown=""),
    hwaddr=ByteArray(8),
)
Ieee802154 = Struct("struct sockaddr_ieee802154", family=Family, addr=Ieee802154Address)
IEEE802154_NONE, IEEE802154_SHORT = 0, 2
ARPHRD_IEEE802154 = 804


def _show_ieee802154(v: View, length: int) -> Fields:
    address = View(v.call, v.data, Ieee802154.member(v.call.abi, "addr")[0], Ieee802154Address)
    shown = address.fields("addr_type", "pan_id")
    if address.addr_type == IEEE802154_SHORT:
        kind = ExplainedEnum("ieee802154_addrs", size=2, unknown="")
        shown.append(("short_addr", address.show("hwaddr", kind)))
    elif address.addr_type != IEEE802154_NONE:
        shown.append(("hwaddr", show_hardware(v.call, address.bytes_of("hwaddr"), ARPHRD_IEEE802154)))
    return [("addr", values.Struct(shown))]


# --- algorithms, NFC, virtual machines, routers, XDP, MCTP ----------------------------------

AlgFlags = ExplainedFlags("alg_sockaddr_flags", unknown="CRYPTO_ALG_???")
Alg = Struct(
    "struct sockaddr_alg_new",
    salg_family=Family,
    salg_type=ByteArray(14),
    salg_feat=AlgFlags,
    salg_mask=AlgFlags,
)
ALG_NAME = 24


def _show_alg(v: View, length: int) -> Fields:
    c = v.call
    return [
        ("salg_type", cut_string(c, v.bytes_of("salg_type"))),
        *v.fields("salg_feat", "salg_mask"),
        ("salg_name", cut_string(c, v.data[ALG_NAME:length])),
    ]


Nfc = Struct(
    "struct sockaddr_nfc",
    sa_family=Family,
    dev_idx=Interface,
    target_idx=X32,
    nfc_protocol=Enum("nfc_sockaddr_protocols", unknown="NFC_PROTO_???"),
)
NfcSap = ExplainedEnum("nfc_saps", size=1, unknown="")
NFC_NAME, NFC_NAME_BYTES = 18, 63


def _show_nfc(v: View, length: int) -> Fields:
    c = v.call
    shown = v.fields("dev_idx", "target_idx", "nfc_protocol")
    word = c.abi.word
    at = (NFC_NAME + NFC_NAME_BYTES + word - 1) // word * word
    if length < at + word:
        return [*shown, (None, MORE)] if length > Nfc.size(c.abi) else shown
    size = int.from_bytes(v.data[at : at + word], "little")
    name = v.data[NFC_NAME : NFC_NAME + min(size, NFC_NAME_BYTES)]
    return [
        *shown,
        ("dsap", NfcSap.load(c, v.data, 16)),
        ("ssap", NfcSap.load(c, v.data, 17)),
        ("service_name", c.quoted(name)),
        ("service_name_len", Number(str(size), size)),
    ]


Vsock = Struct(
    "struct sockaddr_vm",
    svm_family=Family,
    svm_reserved1=X16,
    svm_port=Enum("vsock_ports", unknown=""),
    svm_cid=Enum("vsock_cids", unknown=""),
    svm_flags=Flags("vsock_flags", size=1, unknown="VMADDR_FLAG_???"),
    svm_zero=ByteArray(3),
)


def _show_vsock(v: View, length: int) -> Fields:
    shown = v.fields(*(["svm_reserved1"] if v.svm_reserved1 else []), "svm_cid", "svm_port", "svm_flags")
    zero = v.bytes_of("svm_zero")
    return [*shown, ("svm_zero", quoted_hex(v.call, zero))] if any(zero) else shown


Qrtr = Struct(
    "struct sockaddr_qrtr",
    sq_family=Family,
    sq_node=Enum("qipcrtr_nodes", unknown=""),
    sq_port=Enum("qipcrtr_ports", unknown=""),
)


def _show_qrtr(v: View, length: int) -> Fields:
    return v.fields("sq_node", "sq_port")


Xdp = Struct(
    "struct sockaddr_xdp",
    sxdp_family=Family,
    sxdp_flags=Flags("xdp_sockaddr_flags", size=2, unknown="XDP_???"),
    sxdp_ifindex=Interface,
    sxdp_queue_id=U32,
    sxdp_shared_umem_fd=U32,
)
XDP_SHARED_UMEM = 1


def _show_xdp(v: View, length: int) -> Fields:
    shown = v.fields("sxdp_flags", "sxdp_ifindex", "sxdp_queue_id")
    if v.sxdp_flags & XDP_SHARED_UMEM:
        shown.append(("sxdp_shared_umem_fd", v.show("sxdp_shared_umem_fd", Fd)))
    elif v.sxdp_shared_umem_fd:
        shown.append(("sxdp_shared_umem_fd", v.show("sxdp_shared_umem_fd", X32)))
    return shown


MctpAddress = Struct("struct mctp_addr", s_addr=Enum("mctp_addrs", size=1, unknown=""))
Mctp = Struct(
    "struct sockaddr_mctp",
    smctp_family=Family,
    _smctp_pad0=X16,
    smctp_network=Enum("mctp_nets", unknown=""),
    smctp_addr=MctpAddress,
    smctp_type=X8,
    smctp_tag=X8,
    _smctp_pad1=X8,
)


def _show_mctp(v: View, length: int) -> Fields:
    before: Fields = [("__smctp_pad0", v.show("_smctp_pad0"))] if v.show("_smctp_pad0").data else []
    after: Fields = [("__smctp_pad1", v.show("_smctp_pad1"))] if v.show("_smctp_pad1").data else []
    return [*before, *v.fields("smctp_network", "smctp_addr", "smctp_type", "smctp_tag"), *after]


# --- all of them ----------------------------------------------------------------------------


def _show_bytes(v: View, length: int) -> Fields:
    return [("sa_data", v.call.quoted(v.data[FAMILY_BYTES:length]))]


FAMILIES: dict[int, tuple[Struct, int, Callable[[View, int], Fields]]] = {
    AF_UNIX: (Unix, FAMILY_BYTES + 1, _show_unix),
    AF_INET: (Inet, 16, _show_inet),
    AF_AX25: (Ax25, 16, _show_ax25),
    AF_IPX: (Ipx, 16, _show_ipx),
    AF_X25: (X25, 18, _show_x25),
    AF_INET6: (Inet6, INET6_LEAST, _show_inet6),
    AF_NETLINK: (Netlink, 12, _show_netlink),
    AF_PACKET: (Packet, 20, _show_packet),
    AF_TIPC: (Tipc, 16, _show_tipc),
    AF_BLUETOOTH: (Hci, FAMILY_BYTES + 1, _show_bluetooth),
    AF_RXRPC: (RxRpc, 36, _show_rxrpc),
    AF_IEEE802154: (Ieee802154, 20, _show_ieee802154),
    AF_ALG: (Alg, ALG_NAME + 1, _show_alg),
    AF_NFC: (Nfc, 16, _show_nfc),
    AF_VSOCK: (Vsock, 16, _show_vsock),
    AF_QIPCRTR: (Qrtr, 12, _show_qrtr),
    AF_XDP: (Xdp, 16, _show_xdp),
    AF_MCTP: (Mctp, 12, _show_mctp),
}
"""By address family: structure, least length, and what shows its members behind the family."""


def show_sockaddr(c: Call, data: bytes) -> AnyValue:
    """An address of ``len(data)`` bytes, two at least."""
    length = len(data)
    family = int.from_bytes(data[:FAMILY_BYTES], "little")
    fields: Fields = [("sa_family", Family.value(c, family))]
    if length > FAMILY_BYTES:
        struct, least, show = FAMILIES.get(family, (Inet, STORAGE + 1, _show_bytes))
        view = View(c, data.ljust(STORAGE + 1, b"\0"), 0, struct)
        fields += show(view, length) if length >= least else _show_bytes(view, length)
    return values.Struct(fields)


class SockAddr(Type):
    """A socket address of ``length`` bytes behind a pointer."""

    def __init__(self, length: Length = STORAGE) -> None:
        self.length = length

    def size(self, abi: object) -> int:
        return STORAGE

    def align(self, abi: object) -> int:
        return 8

    def load(self, c: Call, data: bytes, offset: int) -> AnyValue:
        return show_sockaddr(c, data[offset : offset + STORAGE])

    def at(self, c: Call, addr: int) -> AnyValue:
        return self.of_length(c, addr, length_of(c, self.length))

    def of_length(self, c: Call, addr: int, length: int) -> AnyValue:
        """The address of ``length`` bytes at ``addr``."""
        data = c.fetch(addr, min(length, STORAGE)) if length >= FAMILY_BYTES else None
        return c.address(addr) if data is None else show_sockaddr(c, data)

    def plan(self, p: Planner) -> None:
        p.bytes(self.length, limit=STORAGE)


HEADERS = {
    "struct ieee802154_addr_sa": "",
    "struct mctp_addr": "linux/mctp.h",
    "struct sockaddr_alg_new": "linux/if_alg.h",
    "struct sockaddr_ax25": "linux/ax25.h",
    "struct sockaddr_hci": "",
    "struct sockaddr_ieee802154": "",
    "struct sockaddr_in": "linux/in.h",
    "struct sockaddr_in6": "linux/in6.h",
    "struct sockaddr_ipx": "",
    "struct sockaddr_l2": "",
    "struct sockaddr_ll": "linux/if_packet.h",
    "struct sockaddr_mctp": "linux/mctp.h",
    "struct sockaddr_nfc": "linux/nfc.h",
    "struct sockaddr_nl": "linux/netlink.h",
    "struct sockaddr_qrtr": "linux/qrtr.h",
    "struct sockaddr_rc": "",
    "struct sockaddr_rxrpc": "linux/rxrpc.h",
    "struct sockaddr_sco": "",
    "struct sockaddr_tipc": "",
    "struct sockaddr_un": "linux/un.h",
    "struct sockaddr_vm": "linux/vm_sockets.h",
    "struct sockaddr_x25": "linux/x25.h",
    "struct sockaddr_xdp": "linux/if_xdp.h",
    "struct tipc_service_addr": "linux/tipc.h",
    "struct tipc_service_addr and domain": "",
    "struct tipc_service_range": "linux/tipc.h",
    "struct tipc_socket_addr": "linux/tipc.h",
    "struct x25_address": "linux/x25.h",
}
"""Where C declares each; empty for what only the kernel's own headers do."""
