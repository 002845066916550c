# SPDX-License-Identifier: BSD-2-Clause
"""NETLINK_SOCK_DIAG: what sockets there are, asked and answered by address family.

Source: sock_diag(7); include/uapi/linux/{sock_diag,unix_diag,packet_diag,netlink_diag,smc_diag}.h.
"""

from __future__ import annotations

from trapgate.calls.call import Call
from trapgate.calls.memory import ByteArray, CharArray, Fixed, Shown, Struct, View
from trapgate.calls.netlink import diag_inet
from trapgate.calls.netlink.attributes import Attributes, Choice, Elements, Scope, show_header, show_unknown, string
from trapgate.calls.netlink.diag_inet import SHUTDOWN, Cookie, MemoryUse, State, StateFlags, socket_id
from trapgate.calls.netlink.message import REQUEST
from trapgate.calls.structs_file import Device
from trapgate.calls.structs_filter import Program, show_socket_operand
from trapgate.calls.structs_net import AF_INET, AF_INET6, AF_NETLINK, AF_PACKET, AF_UNIX, Family8, Interface, quoted_hex
from trapgate.calls.types import (
    U8,
    U16,
    U32,
    U64,
    X8,
    X64,
    Aligned,
    Enum,
    ExplainedEnum,
    Flags,
    PaddedHex,
    Uid,
    styled,
)
from trapgate.model import values
from trapgate.model.values import AnyValue

AF_SMC = 43
OLD_REQUESTS = (18, 19)
"""TCPDIAG_GETSOCK, DCCPDIAG_GETSOCK."""
ALL_PROTOCOLS = 0xFF
MOST_INSTRUCTIONS = 0xFFFF

Message = tuple[Struct, Attributes | None]
SocketType = Enum("socktypes", size=1)

# --- Unix sockets ---------------------------------------------------------------------------

UnixRequest = Struct(
    "struct unix_diag_req",
    sdiag_family=Family8,
    sdiag_protocol=U8,
    _pad=U16,
    udiag_states=StateFlags,
    udiag_ino=U32,
    udiag_show=Flags("unix_diag_show", unknown="UDIAG_SHOW_???"),
    udiag_cookie=Cookie,
)
UnixAnswer = Struct(
    "struct unix_diag_msg",
    udiag_family=Family8,
    udiag_type=SocketType,
    udiag_state=State,
    _pad=U8,
    udiag_ino=U32,
    udiag_cookie=Cookie,
)
UnixAttributes = Attributes(
    "unix_diag_attrs",
    "UNIX_DIAG_???",
    {
        "UNIX_DIAG_NAME": string,
        "UNIX_DIAG_VFS": Struct(
            "struct unix_diag_vfs",
            show=lambda view: view.fields("udiag_vfs_dev", "udiag_vfs_ino"),
            udiag_vfs_ino=U32,
            udiag_vfs_dev=Device,
        ),
        "UNIX_DIAG_PEER": U32,
        "UNIX_DIAG_ICONS": Elements(U32),
        "UNIX_DIAG_RQLEN": Struct("struct unix_diag_rqlen", udiag_rqueue=U32, udiag_wqueue=U32),
        "UNIX_DIAG_MEMINFO": MemoryUse,
        "UNIX_DIAG_SHUTDOWN": U8,
        "UNIX_DIAG_UID": Uid,
    },
)

# --- packet sockets -------------------------------------------------------------------------


def _filter(scope: Scope, addr: int, length: int) -> list[AnyValue] | None:
    count = length // 8
    if not 0 < count <= MOST_INSTRUCTIONS:
        return None
    return [Program(0, show_socket_operand).elements(scope.c, addr, count)]


def _show_group(view: View) -> Shown:
    address = quoted_hex(view.call, view.bytes_of("pdmc_addr")[: view.pdmc_alen])
    return [*view.fields("pdmc_index", "pdmc_count", "pdmc_type", "pdmc_alen"), ("pdmc_addr", address)]


PacketRequest = Struct(
    "struct packet_diag_req",
    sdiag_family=Family8,
    sdiag_protocol=X8,
    _pad=U16,
    pdiag_ino=U32,
    pdiag_show=Flags("packet_diag_show", unknown="PACKET_SHOW_???"),
    pdiag_cookie=Cookie,
)
PacketAnswer = Struct(
    "struct packet_diag_msg",
    pdiag_family=Family8,
    pdiag_type=SocketType,
    pdiag_num=Enum("ethernet_protocols", unknown="ETH_P_???", size=2),
    pdiag_ino=U32,
    pdiag_cookie=Cookie,
)
Group = Struct(
    "struct packet_diag_mclist",
    show=_show_group,
    pdmc_index=Interface,
    pdmc_count=U32,
    pdmc_type=U16,
    pdmc_alen=U16,
    pdmc_addr=ByteArray(32),
)
Ring = Struct(
    "struct packet_diag_ring",
    pdr_block_size=U32,
    pdr_block_nr=U32,
    pdr_frame_size=U32,
    pdr_frame_nr=U32,
    pdr_retire_tmo=U32,
    pdr_sizeof_priv=U32,
    pdr_features=U32,
)
PacketAttributes = Attributes(
    "packet_diag_attrs",
    "PACKET_DIAG_???",
    {
        "PACKET_DIAG_INFO": Struct(
            "struct packet_diag_info",
            pdi_index=Interface,
            pdi_version=Enum("af_packet_versions", unknown="TPACKET_???"),
            pdi_reserve=U32,
            pdi_copy_thresh=U32,
            pdi_tstamp=U32,
            pdi_flags=Flags("packet_diag_info_flags", unknown="PDI_???"),
        ),
        "PACKET_DIAG_MCLIST": Elements(Group),
        "PACKET_DIAG_RX_RING": Ring,
        "PACKET_DIAG_TX_RING": Ring,
        "PACKET_DIAG_FANOUT": U32,
        "PACKET_DIAG_UID": Uid,
        "PACKET_DIAG_MEMINFO": MemoryUse,
        "PACKET_DIAG_FILTER": _filter,
    },
)

# --- netlink sockets ------------------------------------------------------------------------

Protocol = Enum("netlink_protocols", unknown="NETLINK_???", size=1)


def _show_netlink_request(view: View) -> Shown:
    c, protocol = view.call, view.show("sdiag_protocol")
    if view.sdiag_protocol == ALL_PROTOCOLS:
        protocol = styled(c.style, hex(ALL_PROTOCOLS), "NDIAG_PROTO_ALL", "NDIAG_PROTO_ALL")
    rest = view.fields("ndiag_ino", "ndiag_show", "ndiag_cookie")
    return [*view.fields("sdiag_family"), ("sdiag_protocol", protocol), *rest]


def _groups(scope: Scope, addr: int, length: int) -> list[AnyValue] | None:
    return Elements(PaddedHex(scope.c.abi.word))(scope, addr, length)


NetlinkRequest = Struct(
    "struct netlink_diag_req",
    show=_show_netlink_request,
    sdiag_family=Family8,
    sdiag_protocol=Protocol,
    _pad=U16,
    ndiag_ino=U32,
    ndiag_show=Flags("netlink_diag_show", unknown="NDIAG_SHOW_???"),
    ndiag_cookie=Cookie,
)
NetlinkAnswer = Struct(
    "struct netlink_diag_msg",
    ndiag_family=Family8,
    ndiag_type=SocketType,
    ndiag_protocol=Protocol,
    ndiag_state=Enum("netlink_states", unknown="NETLINK_???", size=1),
    ndiag_portid=U32,
    ndiag_dst_portid=U32,
    ndiag_dst_group=U32,
    ndiag_ino=U32,
    ndiag_cookie=Cookie,
)
NetlinkRing = Struct(
    "struct netlink_diag_ring", ndr_block_size=U32, ndr_block_nr=U32, ndr_frame_size=U32, ndr_frame_nr=U32
)
NetlinkAttributes = Attributes(
    "netlink_diag_attrs",
    "NETLINK_DIAG_???",
    {
        "NETLINK_DIAG_MEMINFO": MemoryUse,
        "NETLINK_DIAG_GROUPS": _groups,
        "NETLINK_DIAG_RX_RING": NetlinkRing,
        "NETLINK_DIAG_TX_RING": NetlinkRing,
        "NETLINK_DIAG_FLAGS": Flags("netlink_socket_flags", unknown="NDIAG_FLAG_???"),
    },
)

# --- SMC sockets ----------------------------------------------------------------------------

SmcId = socket_id(AF_INET)
SmcRequest = Struct(
    "struct smc_diag_req",
    diag_family=Family8,
    _pad=Fixed(U8, 2),
    diag_ext=Flags("smc_diag_extended_flags", unknown="1<<SMC_DIAG_???-1", size=1),
    id=SmcId,
)
SmcAnswer = Struct(
    "struct smc_diag_msg",
    diag_family=Family8,
    diag_state=Enum("smc_states", unknown="SMC_???", size=1),
    diag_fallback=Enum("smc_diag_mode", unknown="SMC_DIAG_MODE_???", size=1),
    diag_shutdown=U8,
    id=SmcId,
    diag_uid=U32,
    diag_inode=Aligned(U64),
)
Cursor = Struct("struct smc_diag_cursor", reserved=U16, wrap=U16, count=U32)
SmcLink = Struct(
    "struct smc_diag_linkinfo",
    link_id=U8,
    ibname=CharArray(64),
    ibport=U8,
    gid=CharArray(40),
    peer_gid=CharArray(40),
)
Declined = ExplainedEnum("smc_decl_codes", unknown="SMC_CLC_DECL_???")
Buffer = Struct(
    "struct smcd_diag_dmbinfo",
    linkid=U32,
    peer_gid=Aligned(X64),
    my_gid=Aligned(X64),
    token=Aligned(X64),
    peer_token=Aligned(X64),
    peer_gid_ext=Aligned(X64),
    my_gid_ext=Aligned(X64),
)
OLD_BUFFER = ("linkid", "peer_gid", "my_gid", "token", "peer_token")
OLD_BUFFER_BYTES = 40


def _buffer(scope: Scope, addr: int, length: int) -> list[AnyValue] | None:
    """The buffer, without the members that were added if there is no room for them."""
    c, whole = scope.c, Buffer.size(scope.c.abi)
    if length < OLD_BUFFER_BYTES:
        return None
    data = c.fetch(addr, min(length, whole))
    if data is None:
        return [c.address(addr)]
    names = OLD_BUFFER if length == OLD_BUFFER_BYTES else list(Buffer.members)
    return [values.Struct(View(c, data.ljust(whole, b"\0"), 0, Buffer).fields(*names))]


SmcAttributes = Attributes(
    "smc_diag_attrs",
    "SMC_DIAG_???",
    {
        "SMC_DIAG_CONNINFO": Struct(
            "struct smc_diag_conninfo",
            token=U32,
            sndbuf_size=U32,
            rmbe_size=U32,
            peer_rmbe_size=U32,
            rx_prod=Cursor,
            rx_cons=Cursor,
            tx_prod=Cursor,
            tx_cons=Cursor,
            rx_prod_flags=PaddedHex(1),
            rx_conn_state_flags=PaddedHex(1),
            tx_prod_flags=PaddedHex(1),
            tx_conn_state_flags=PaddedHex(1),
            tx_prep=Cursor,
            tx_sent=Cursor,
            tx_fin=Cursor,
        ),
        "SMC_DIAG_LGRINFO": Struct(
            "struct smc_diag_lgrinfo",
            lnk=Fixed(SmcLink, 1),
            role=Enum("smc_link_group_roles", unknown="SMC_???", size=1),
        ),
        "SMC_DIAG_SHUTDOWN": Choice(Flags(SHUTDOWN[0], unknown=SHUTDOWN[1]), 1),
        "SMC_DIAG_DMBINFO": _buffer,
        "SMC_DIAG_FALLBACK": Struct("struct smc_diag_fallback", reason=Declined, peer_diagnosis=Declined),
    },
)

# --- messages -------------------------------------------------------------------------------

INET = (diag_inet.Request, diag_inet.RequestAttributes), (diag_inet.Answer, diag_inet.AnswerAttributes)
FAMILIES: dict[int, tuple[Message, Message]] = {
    AF_UNIX: ((UnixRequest, None), (UnixAnswer, UnixAttributes)),
    AF_INET: INET,
    AF_INET6: INET,
    AF_NETLINK: ((NetlinkRequest, None), (NetlinkAnswer, NetlinkAttributes)),
    AF_PACKET: ((PacketRequest, None), (PacketAnswer, PacketAttributes)),
    AF_SMC: ((SmcRequest, None), (SmcAnswer, SmcAttributes)),
}
"""By address family: what is asked, and what is answered."""
HEADERS = {
    **{f"struct unix_diag_{name}": "linux/unix_diag.h" for name in ("req", "msg", "vfs", "rqlen")},
    **{f"struct packet_diag_{name}": "linux/packet_diag.h" for name in ("req", "msg", "mclist", "ring", "info")},
    **{f"struct netlink_diag_{name}": "linux/netlink_diag.h" for name in ("req", "msg", "ring")},
    **{
        f"struct smc_diag_{name}": "linux/smc_diag.h"
        for name in ("req", "msg", "cursor", "linkinfo", "conninfo", "lgrinfo", "fallback")
    },
    "struct smcd_diag_dmbinfo": "linux/smc_diag.h",
}


def show_payload(c: Call, header: View, addr: int, length: int) -> list[AnyValue] | None:
    """The payload."""
    family = c.fetch_int(addr, 1)
    if family is None:
        return [c.address(addr)]
    if family not in FAMILIES or length <= 1:
        return [show_unknown(c, family, addr, length)]
    asked, answered = FAMILIES[family]
    asks = bool(header.nlmsg_flags & REQUEST)
    struct, attributes = asked if asks else answered
    if asks and struct is diag_inet.Request and header.nlmsg_type in OLD_REQUESTS:
        struct = diag_inet.OldRequest
    return show_header(Scope(c, family), struct, attributes, addr, length)
