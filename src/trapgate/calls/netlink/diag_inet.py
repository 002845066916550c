# SPDX-License-Identifier: BSD-2-Clause
"""Internet sockets of NETLINK_SOCK_DIAG. Source: include/uapi/linux/inet_diag.h, tcp.h, tls.h, mptcp.h."""

from __future__ import annotations

from functools import lru_cache

from trapgate.calls.extensible import PAGE, trailing_bytes
from trapgate.calls.memory import ByteArray, Fixed, Shown, Struct, View
from trapgate.calls.netlink.attributes import (
    Attributes,
    Choice,
    Decode,
    Elements,
    Scope,
    decode,
    hex_bytes,
    hexadecimal,
    ip_protocol,
    string,
)
from trapgate.calls.structs_net import Family8, Interface, Port, host_field, quoted_hex
from trapgate.calls.structs_sockaddr import SockAddr
from trapgate.calls.types import U8, U16, U32, U64, X32, Enum, ExplainedFlags, Flags, Type, format_int
from trapgate.model import values
from trapgate.model.values import AnyValue, Joined, Number, remark

Cookie = Fixed(U32, 2)
StateFlags = Flags("tcp_state_flags", unknown="1<<TCP_???")
State = Enum("tcp_states", unknown="TCP_???", size=1)
Extensions = Flags("inet_diag_extended_flags", unknown="1<<INET_DIAG_???-1", size=1)
MemoryUse = Elements(U32, "netlink_sk_meminfo_indices", "SK_MEMINFO_???")


@lru_cache(None)
def socket_id(family: int) -> Struct:
    """The ports and hosts of a socket of ``family``."""

    def show(view: View) -> Shown:
        c = view.call
        hosts = [host_field(c, name, family, view.bytes_of(name)) for name in ("idiag_src", "idiag_dst")]
        return [*view.fields("idiag_sport", "idiag_dport"), *hosts, *view.fields("idiag_if", "idiag_cookie")]

    return Struct(
        "struct inet_diag_sockid",
        show=show,
        idiag_sport=Port(),
        idiag_dport=Port(),
        idiag_src=AnyHost,
        idiag_dst=AnyHost,
        idiag_if=Interface,
        idiag_cookie=Cookie,
    )


class _AnyHost(ByteArray):
    """An address that its family makes four or sixteen bytes long."""

    def align(self, abi: object) -> int:
        return 4


AnyHost = _AnyHost(16)
SocketId = socket_id(0)

# --- requests -------------------------------------------------------------------------------

Operation = Struct(
    "struct inet_diag_bc_op",
    code=Enum("inet_diag_bytecodes", unknown="INET_DIAG_BC_???", size=1),
    yes=U8,
    no=U16,
)
HostCondition = Struct("struct inet_diag_hostcond", family=Family8, prefix_len=U8, port=U32)
MarkCondition = Struct("struct inet_diag_markcond", mark=U32, mask=U32)


def _host_condition(scope: Scope, addr: int, length: int) -> list[AnyValue] | None:
    c, size = scope.c, HostCondition.size(scope.c.abi)
    shown = decode(HostCondition, scope, addr, length)
    if shown is None or not isinstance(shown[0], values.Struct) or length <= size:
        return shown
    family = c.fetch_int(addr, 1) or 0
    room = {2: 4, 10: 16}.get(family, 0)
    addr, length = addr + size, length - size
    data = c.fetch(addr, room) if room and length >= room else None
    if data is not None:
        field = host_field(c, "addr", family, data)
    else:
        field = ("addr", c.address(addr) if room and length >= room else hex_bytes(c, addr, length))
    return [values.Struct([*shown[0].fields, field])]


OPERANDS: dict[int, Type | Decode] = {
    **dict.fromkeys((2, 3, 4, 5), Operation),
    7: _host_condition,
    8: _host_condition,
    9: Interface,
    10: MarkCondition,
}
"""What follows an operation: INET_DIAG_BC_S_GE … D_LE, S_COND, D_COND, DEV_COND, MARK_COND."""


def _program(scope: Scope, addr: int, length: int) -> list[AnyValue] | None:
    """The first operation of a filter, and its operand."""
    c, size = scope.c, Operation.size(scope.c.abi)
    shown = decode(Operation, scope, addr, length)
    if shown is not None and length > size and isinstance(shown[0], values.Struct):
        rest = addr + size, length - size
        shown += decode(OPERANDS.get(c.fetch_int(addr, 1) or 0), scope, *rest) or [hex_bytes(c, *rest)]
    return shown


RequestAttributes = Attributes(
    "inet_diag_req_attrs",
    "INET_DIAG_REQ_???",
    {"INET_DIAG_REQ_BYTECODE": _program, "INET_DIAG_REQ_PROTOCOL": ip_protocol},
)
OldRequest = Struct(
    "struct inet_diag_req",
    show=lambda view: [
        *view.fields("idiag_family", "idiag_src_len", "idiag_dst_len", "idiag_ext"),
        ("id", view.show("id", socket_id(view.idiag_family))),
        *view.fields("idiag_states", "idiag_dbs"),
    ],
    idiag_family=Family8,
    idiag_src_len=U8,
    idiag_dst_len=U8,
    idiag_ext=Extensions,
    id=SocketId,
    idiag_states=StateFlags,
    idiag_dbs=U32,
)
Request = Struct(
    "struct inet_diag_req_v2",
    show=lambda view: [
        *view.fields("sdiag_family", "sdiag_protocol", "idiag_ext", "idiag_states"),
        ("id", view.show("id", socket_id(view.sdiag_family))),
    ],
    sdiag_family=Family8,
    sdiag_protocol=Enum("inet_protocols", size=1),
    idiag_ext=Extensions,
    _pad=U8,
    idiag_states=StateFlags,
    id=SocketId,
)

# --- answers --------------------------------------------------------------------------------

SHUTDOWN = "sock_shutdown_flags", "???_SHUTDOWN"
Signature = Struct(
    "struct tcp_diag_md5sig",
    show=lambda view: [
        *view.fields("tcpm_family", "tcpm_prefixlen", "tcpm_keylen"),
        host_field(view.call, "tcpm_addr", view.tcpm_family, view.bytes_of("tcpm_addr")),
        ("tcpm_key", quoted_hex(view.call, view.bytes_of("tcpm_key")[: view.tcpm_keylen])),
    ],
    tcpm_family=Family8,
    tcpm_prefixlen=U8,
    tcpm_keylen=U16,
    tcpm_addr=AnyHost,
    tcpm_key=ByteArray(80),
)
TlsConfig = Choice(Enum("tls_info_configs", unknown="TLS_CONF_???"), 2)
Layer = Attributes(
    "inet_diag_ulp_info_attrs",
    "INET_ULP_INFO_???",
    {
        "INET_ULP_INFO_NAME": string,
        "INET_ULP_INFO_TLS": Attributes(
            "inet_diag_ulp_info_tls_attrs",
            "TLS_INFO_???",
            {
                "TLS_INFO_VERSION": Choice(Enum("tls_info_versions", unknown="TLS_???_VERSION"), 2),
                "TLS_INFO_CIPHER": Choice(Enum("tls_info_ciphers", unknown="TLS_CIPHER_???"), 2),
                "TLS_INFO_TXCONF": TlsConfig,
                "TLS_INFO_RXCONF": TlsConfig,
            },
        ),
        "INET_ULP_INFO_MPTCP": Attributes(
            "inet_diag_ulp_info_mptcp_attrs",
            "MPTCP_SUBFLOW_ATTR_???",
            {
                "MPTCP_SUBFLOW_ATTR_TOKEN_REM": X32,
                "MPTCP_SUBFLOW_ATTR_TOKEN_LOC": X32,
                "MPTCP_SUBFLOW_ATTR_RELWRITE_SEQ": U32,
                "MPTCP_SUBFLOW_ATTR_MAP_SEQ": U64,
                "MPTCP_SUBFLOW_ATTR_MAP_SFSEQ": U32,
                "MPTCP_SUBFLOW_ATTR_SSN_OFFSET": U32,
                "MPTCP_SUBFLOW_ATTR_MAP_DATALEN": U16,
                "MPTCP_SUBFLOW_ATTR_FLAGS": Choice(Flags("mptcp_subflow_flags", unknown="MPTCP_SUBFLOW_FLAG_???"), 4),
                "MPTCP_SUBFLOW_ATTR_ID_REM": U8,
                "MPTCP_SUBFLOW_ATTR_ID_LOC": U8,
            },
        ),
    },
)
Storages = Attributes(
    "inet_diag_bpf_storages_attrs",
    "SK_DIAG_BPF_STORAGE_???",
    {
        "SK_DIAG_BPF_STORAGE": Attributes(
            "inet_diag_bpf_storage_attrs",
            "SK_DIAG_BPF_STORAGE_???",
            {"SK_DIAG_BPF_STORAGE_MAP_ID": U32, "SK_DIAG_BPF_STORAGE_MAP_VALUE": hexadecimal},
        )
    },
)

OPTIONS = (
    *("recverr", "is_icsk", "freebind", "hdrincl", "mc_loop", "transparent", "mc_all", "nodefrag"),
    *("bind_address_no_port", "recverr_rfc4884", "defer_connect"),
)
"""The bits of ``struct inet_diag_sockopt``, from the lowest on."""


def _options(scope: Scope, addr: int, length: int) -> list[AnyValue] | None:
    """Options of one bit; those that are not set are left out of an abbreviated call."""
    c = scope.c
    bits = c.fetch_int(addr, 2) if length >= 2 else None
    if bits is None:
        return [c.address(addr)] if length >= 2 else None
    shown: list[tuple[str | None, AnyValue]] = []
    for i, name in enumerate(OPTIONS):
        bit = bits >> i & 1
        if bit or not c.abbrev:
            shown.append((name, Number(str(bit), bit)))
    unused = bits >> len(OPTIONS)
    if unused or not c.abbrev:
        shown.append(("unused", Joined(Number(format_int(unused, "x"), unused), remark("bits 3..8"))))
    return [values.Struct(shown), *[value for _, value in trailing_bytes(c, addr, 2, min(length, PAGE))]]


AnswerAttributes = Attributes(
    "inet_diag_attrs",
    "INET_DIAG_???",
    {
        "INET_DIAG_MEMINFO": Struct(
            "struct inet_diag_meminfo", idiag_rmem=U32, idiag_wmem=U32, idiag_fmem=U32, idiag_tmem=U32
        ),
        "INET_DIAG_VEGASINFO": Struct(
            "struct tcpvegas_info", tcpv_enabled=U32, tcpv_rttcnt=U32, tcpv_rtt=U32, tcpv_minrtt=U32
        ),
        "INET_DIAG_CONG": string,
        "INET_DIAG_TOS": U8,
        "INET_DIAG_TCLASS": U8,
        "INET_DIAG_SKMEMINFO": MemoryUse,
        "INET_DIAG_SHUTDOWN": Choice(ExplainedFlags(SHUTDOWN[0], unknown=SHUTDOWN[1]), 1),
        "INET_DIAG_DCTCPINFO": Struct(
            "struct tcp_dctcp_info",
            dctcp_enabled=U16,
            dctcp_ce_state=U16,
            dctcp_alpha=U32,
            dctcp_ab_ecn=U32,
            dctcp_ab_tot=U32,
        ),
        "INET_DIAG_PROTOCOL": ip_protocol,
        "INET_DIAG_SKV6ONLY": U8,
        "INET_DIAG_LOCALS": Elements(SockAddr()),
        "INET_DIAG_PEERS": Elements(SockAddr()),
        "INET_DIAG_MARK": U32,
        "INET_DIAG_BBRINFO": Struct(
            "struct tcp_bbr_info",
            bbr_bw_lo=X32,
            bbr_bw_hi=X32,
            bbr_min_rtt=U32,
            bbr_pacing_gain=U32,
            bbr_cwnd_gain=U32,
        ),
        "INET_DIAG_CLASS_ID": U32,
        "INET_DIAG_MD5SIG": Elements(Signature),
        "INET_DIAG_ULP_INFO": Layer,
        "INET_DIAG_SK_BPF_STORAGES": Storages,
        "INET_DIAG_CGROUP_ID": U64,
        "INET_DIAG_SOCKOPT": _options,
    },
)
Answer = Struct(
    "struct inet_diag_msg",
    show=lambda view: [
        *view.fields("idiag_family", "idiag_state", "idiag_timer", "idiag_retrans"),
        ("id", view.show("id", socket_id(view.idiag_family))),
        *view.fields("idiag_expires", "idiag_rqueue", "idiag_wqueue", "idiag_uid", "idiag_inode"),
    ],
    idiag_family=Family8,
    idiag_state=State,
    idiag_timer=U8,
    idiag_retrans=U8,
    id=SocketId,
    idiag_expires=U32,
    idiag_rqueue=U32,
    idiag_wqueue=U32,
    idiag_uid=U32,
    idiag_inode=U32,
)
HEADERS = {
    f"struct {name}": "linux/inet_diag.h"
    for name in (
        *("inet_diag_sockid", "inet_diag_bc_op", "inet_diag_hostcond", "inet_diag_markcond", "inet_diag_req"),
        *("inet_diag_req_v2", "inet_diag_meminfo", "tcpvegas_info", "tcp_dctcp_info", "tcp_bbr_info"),
        "inet_diag_msg",
    )
} | {"struct tcp_diag_md5sig": "linux/tcp.h"}
