# SPDX-License-Identifier: BSD-2-Clause
"""Links of NETLINK_ROUTE: interfaces, their statistics, virtual functions, bridges, tunnels.

Source: rtnetlink(7); include/uapi/linux/if_link.h, if_bridge.h, if_tun.h.
"""

from __future__ import annotations

from trapgate.calls.memory import ByteArray, Fixed, Shown, Struct, View
from trapgate.calls.netlink.attributes import (
    Attributes,
    ByFamily,
    Choice,
    Elements,
    First,
    Followed,
    HardwareAddress,
    Prefix,
    Scope,
    decode,
    ether_protocol,
    hardware,
    string,
    terminated,
    ticks,
)
from trapgate.calls.netlink.route import Message
from trapgate.calls.structs_net import AF_INET, AF_INET6, EtherProtocol, Family8, Host, Interface, quoted_hex
from trapgate.calls.types import S32, U8, U16, U32, U64, X8, X16, X32, X64, Aligned, Enum, Fd, Flags, Gid, Uid
from trapgate.model.values import AnyValue

AF_BRIDGE, AF_MCTP = 7, 45
ALT_IFNAME = 53
KIND_BYTES = 16
IF_LINK, IF_BRIDGE = "linux/if_link.h", "linux/if_bridge.h"

# --- statistics -----------------------------------------------------------------------------

COUNTERS = (
    *("rx_packets", "tx_packets", "rx_bytes", "tx_bytes", "rx_errors", "tx_errors", "rx_dropped", "tx_dropped"),
    *("multicast", "collisions", "rx_length_errors", "rx_over_errors", "rx_crc_errors", "rx_frame_errors"),
    *("rx_fifo_errors", "rx_missed_errors", "tx_aborted_errors", "tx_carrier_errors", "tx_fifo_errors"),
    *("tx_heartbeat_errors", "tx_window_errors", "rx_compressed", "tx_compressed"),
)
Stats = Struct("struct rtnl_link_stats", **dict.fromkeys(COUNTERS, U32), rx_nohandler=U32)  # type: ignore[arg-type]
Stats64 = Struct(
    "struct rtnl_link_stats64",
    **dict.fromkeys(COUNTERS, Aligned(U64)),  # type: ignore[arg-type]
    rx_nohandler=Aligned(U64),
    rx_otherhost_dropped=Aligned(U64),
)
link_stats = Prefix(Stats, 4 * len(COUNTERS))
link_stats64 = Prefix(Stats64, 8 * len(COUNTERS), 8 * (len(COUNTERS) + 1))

# --- bridges --------------------------------------------------------------------------------

BridgeId = Struct("struct ifla_bridge_id", prio=Fixed(U8, 2), addr=HardwareAddress(6))
BridgePort = Attributes(
    "rtnl_ifla_brport_attrs",
    "IFLA_BRPORT_???",
    {
        "IFLA_BRPORT_STATE": U8,
        "IFLA_BRPORT_PRIORITY": U16,
        "IFLA_BRPORT_COST": U32,
        "IFLA_BRPORT_MODE": U8,
        "IFLA_BRPORT_GUARD": U8,
        "IFLA_BRPORT_PROTECT": U8,
        "IFLA_BRPORT_FAST_LEAVE": U8,
        "IFLA_BRPORT_LEARNING": U8,
        "IFLA_BRPORT_UNICAST_FLOOD": U8,
        "IFLA_BRPORT_PROXYARP": U8,
        "IFLA_BRPORT_LEARNING_SYNC": U8,
        "IFLA_BRPORT_PROXYARP_WIFI": U8,
        "IFLA_BRPORT_ROOT_ID": BridgeId,
        "IFLA_BRPORT_BRIDGE_ID": BridgeId,
        "IFLA_BRPORT_DESIGNATED_PORT": U16,
        "IFLA_BRPORT_DESIGNATED_COST": U16,
        "IFLA_BRPORT_ID": U16,
        "IFLA_BRPORT_NO": U16,
        "IFLA_BRPORT_TOPOLOGY_CHANGE_ACK": U8,
        "IFLA_BRPORT_CONFIG_PENDING": U8,
        "IFLA_BRPORT_MESSAGE_AGE_TIMER": ticks,
        "IFLA_BRPORT_FORWARD_DELAY_TIMER": ticks,
        "IFLA_BRPORT_HOLD_TIMER": ticks,
        "IFLA_BRPORT_MULTICAST_ROUTER": U8,
        "IFLA_BRPORT_MCAST_FLOOD": U8,
        "IFLA_BRPORT_MCAST_TO_UCAST": U8,
        "IFLA_BRPORT_VLAN_TUNNEL": U8,
        "IFLA_BRPORT_BCAST_FLOOD": U8,
        "IFLA_BRPORT_GROUP_FWD_MASK": X16,
        "IFLA_BRPORT_NEIGH_SUPPRESS": U8,
        "IFLA_BRPORT_ISOLATED": U8,
        "IFLA_BRPORT_BACKUP_PORT": Interface,
        "IFLA_BRPORT_MRP_RING_OPEN": U8,
        "IFLA_BRPORT_MRP_IN_OPEN": U8,
        "IFLA_BRPORT_MCAST_EHT_HOSTS_LIMIT": U32,
        "IFLA_BRPORT_MCAST_EHT_HOSTS_CNT": U32,
        "IFLA_BRPORT_LOCKED": U8,
        "IFLA_BRPORT_MAB": U8,
        "IFLA_BRPORT_MCAST_N_GROUPS": U32,
        "IFLA_BRPORT_MCAST_MAX_GROUPS": U32,
        "IFLA_BRPORT_NEIGH_VLAN_SUPPRESS": U8,
        "IFLA_BRPORT_BACKUP_NHID": U32,
        "IFLA_BRPORT_NEIGH_FORWARD_GRAT": U8,
    },
)

BoolOptions = Flags("rtnl_ifla_br_boolopt_flags", unknown="1<<BR_BOOLOPT_???")
Querier = Attributes(
    "rtnl_ifla_br_mcast_querier_attrs",
    "BRIDGE_QUERIER_???",
    {
        "BRIDGE_QUERIER_IP_ADDRESS": Host(AF_INET),
        "BRIDGE_QUERIER_IP_PORT": Interface,
        "BRIDGE_QUERIER_IP_OTHER_TIMER": ticks,
        "BRIDGE_QUERIER_IPV6_ADDRESS": Host(AF_INET6),
        "BRIDGE_QUERIER_IPV6_PORT": Interface,
        "BRIDGE_QUERIER_IPV6_OTHER_TIMER": ticks,
    },
)
Bridge = Attributes(
    "rtnl_ifla_info_data_bridge_attrs",
    "IFLA_BR_???",
    {
        "IFLA_BR_FORWARD_DELAY": ticks,
        "IFLA_BR_HELLO_TIME": ticks,
        "IFLA_BR_MAX_AGE": ticks,
        "IFLA_BR_AGEING_TIME": ticks,
        "IFLA_BR_STP_STATE": U32,
        "IFLA_BR_PRIORITY": U16,
        "IFLA_BR_VLAN_FILTERING": U8,
        "IFLA_BR_VLAN_PROTOCOL": ether_protocol,
        "IFLA_BR_GROUP_FWD_MASK": X16,
        "IFLA_BR_ROOT_ID": BridgeId,
        "IFLA_BR_BRIDGE_ID": BridgeId,
        "IFLA_BR_ROOT_PORT": U16,
        "IFLA_BR_ROOT_PATH_COST": U32,
        "IFLA_BR_TOPOLOGY_CHANGE": U8,
        "IFLA_BR_TOPOLOGY_CHANGE_DETECTED": U8,
        "IFLA_BR_HELLO_TIMER": ticks,
        "IFLA_BR_TCN_TIMER": ticks,
        "IFLA_BR_TOPOLOGY_CHANGE_TIMER": ticks,
        "IFLA_BR_GC_TIMER": ticks,
        "IFLA_BR_GROUP_ADDR": hardware,
        "IFLA_BR_MCAST_ROUTER": U8,
        "IFLA_BR_MCAST_SNOOPING": U8,
        "IFLA_BR_MCAST_QUERY_USE_IFADDR": U8,
        "IFLA_BR_MCAST_QUERIER": U8,
        "IFLA_BR_MCAST_HASH_ELASTICITY": U32,
        "IFLA_BR_MCAST_HASH_MAX": U32,
        "IFLA_BR_MCAST_LAST_MEMBER_CNT": U32,
        "IFLA_BR_MCAST_STARTUP_QUERY_CNT": U32,
        "IFLA_BR_MCAST_LAST_MEMBER_INTVL": ticks,
        "IFLA_BR_MCAST_MEMBERSHIP_INTVL": ticks,
        "IFLA_BR_MCAST_QUERIER_INTVL": ticks,
        "IFLA_BR_MCAST_QUERY_INTVL": ticks,
        "IFLA_BR_MCAST_QUERY_RESPONSE_INTVL": ticks,
        "IFLA_BR_MCAST_STARTUP_QUERY_INTVL": ticks,
        "IFLA_BR_NF_CALL_IPTABLES": U8,
        "IFLA_BR_NF_CALL_IP6TABLES": U8,
        "IFLA_BR_NF_CALL_ARPTABLES": U8,
        "IFLA_BR_VLAN_DEFAULT_PVID": U16,
        "IFLA_BR_VLAN_STATS_ENABLED": U8,
        "IFLA_BR_MCAST_STATS_ENABLED": U8,
        "IFLA_BR_MCAST_IGMP_VERSION": U8,
        "IFLA_BR_MCAST_MLD_VERSION": U8,
        "IFLA_BR_VLAN_STATS_PER_PORT": U8,
        "IFLA_BR_MULTI_BOOLOPT": Struct("struct br_boolopt_multi", optval=BoolOptions, optmask=BoolOptions),
        "IFLA_BR_MCAST_QUERIER_STATE": Querier,
        "IFLA_BR_FDB_N_LEARNED": U32,
        "IFLA_BR_FDB_MAX_LEARNED": U32,
        "IFLA_BR_STP_MODE": Choice(Enum("rtnl_br_stp_mode", unknown="BR_STP_MODE_???"), 4),
    },
)
VlanFlags = Flags("nl_bridge_vlan_flags", unknown="BRIDGE_VLAN_INFO_???", size=2)
BridgeSpec = Attributes(
    "rtnl_ifla_af_spec_bridge_attrs",
    "IFLA_BRIDGE_???",
    {
        "IFLA_BRIDGE_FLAGS": Choice(Flags("rtnl_ifla_bridge_flags", unknown="BRIDGE_FLAGS_???"), 2),
        "IFLA_BRIDGE_MODE": Choice(Enum("rtnl_ifla_bridge_modes", unknown="BRIDGE_MODE_???"), 2),
        "IFLA_BRIDGE_VLAN_INFO": Followed(Struct("struct bridge_vlan_info", flags=VlanFlags, vid=U16)),
        "IFLA_BRIDGE_VLAN_TUNNEL_INFO": Attributes(
            "rtnl_ifla_af_spec_bridge_vlan_tunnel_info_attrs",
            "IFLA_BRIDGE_VLAN_TUNNEL_???",
            {
                "IFLA_BRIDGE_VLAN_TUNNEL_ID": U32,
                "IFLA_BRIDGE_VLAN_TUNNEL_VID": U16,
                "IFLA_BRIDGE_VLAN_TUNNEL_FLAGS": Choice(VlanFlags, 2),
            },
        ),
    },
)

# --- what kind of link ----------------------------------------------------------------------

Tunnel = Attributes(
    "rtnl_ifla_info_data_tun_attrs",
    "IFLA_TUN_???",
    {
        "IFLA_TUN_OWNER": Uid,
        "IFLA_TUN_GROUP": Gid,
        "IFLA_TUN_TYPE": Choice(Enum("tun_device_types", unknown="IFF_???"), 1),
        "IFLA_TUN_PI": U8,
        "IFLA_TUN_VNET_HDR": U8,
        "IFLA_TUN_PERSIST": U8,
        "IFLA_TUN_MULTI_QUEUE": U8,
        "IFLA_TUN_NUM_QUEUES": U32,
        "IFLA_TUN_NUM_DISABLED_QUEUES": U32,
    },
)
CanStats = Struct(
    "struct can_device_stats",
    bus_error=U32,
    error_warning=U32,
    error_passive=U32,
    bus_off=U32,
    arbitration_lost=U32,
    restarts=U32,
)


class _Name:
    """A string that tells what another attribute is."""

    def __init__(self, key: str) -> None:
        self.key = key

    def __call__(self, scope: Scope, addr: int, length: int) -> list[AnyValue] | None:
        data = scope.c.fetch(addr, length) if length < KIND_BYTES else None
        scope.seen[self.key] = (data or b"").partition(b"\0")[0].decode("latin-1")
        return terminated(scope, addr, length)


class _OfKind:
    """An attribute whose type hangs on a name told before it."""

    def __init__(self, key: str, **kinds: Attributes | Struct) -> None:
        self.key = key
        self.kinds = kinds

    def __call__(self, scope: Scope, addr: int, length: int) -> list[AnyValue] | None:
        return decode(self.kinds.get(scope.seen.get(self.key, "")), scope, addr, length)


Information = Attributes(
    "rtnl_ifla_info_attrs",
    "IFLA_INFO_???",
    {
        "IFLA_INFO_KIND": _Name("kind"),
        "IFLA_INFO_DATA": _OfKind("kind", bridge=Bridge, tun=Tunnel),
        "IFLA_INFO_XSTATS": _OfKind("kind", can=CanStats),
        "IFLA_INFO_SLAVE_KIND": _Name("slave"),
        "IFLA_INFO_SLAVE_DATA": _OfKind("slave", bridge=BridgePort),
    },
)

# --- virtual functions ----------------------------------------------------------------------


def _guid(scope: Scope, addr: int, length: int) -> list[AnyValue] | None:
    """A guid, which on some architectures is aligned."""
    kind = {12: Guid, 16: GuidAligned}.get(length)
    return decode(kind, scope, addr, length)


Guid = Struct("vf_guid", packed=True, vf=U32, guid=X64)
GuidAligned = Struct("vf_guid_aligned", vf=U32, guid=Aligned(X64))


def _setting(c_name: str) -> Struct:
    return Struct(c_name, vf=U32, setting=U32)


FunctionStats = Attributes(
    "rtnl_ifla_vf_stats_attrs",
    "IFLA_VF_STATS_???",
    dict.fromkeys(
        (
            *("IFLA_VF_STATS_RX_PACKETS", "IFLA_VF_STATS_TX_PACKETS", "IFLA_VF_STATS_RX_BYTES"),
            *("IFLA_VF_STATS_TX_BYTES", "IFLA_VF_STATS_BROADCAST", "IFLA_VF_STATS_MULTICAST"),
            *("IFLA_VF_STATS_RX_DROPPED", "IFLA_VF_STATS_TX_DROPPED"),
        ),
        U64,
    ),
)
LinkState = Enum("rtnl_ifla_vf_link_states", unknown="IFLA_VF_LINK_STATE_???")
VlanProtocol = EtherProtocol(2, unknown="ETH_P_???")
Function = Attributes(
    "rtnl_ifla_vf_info_attrs",
    "IFLA_VF_???",
    {
        "IFLA_VF_MAC": Struct("struct ifla_vf_mac", vf=U32, mac=HardwareAddress(32)),
        "IFLA_VF_VLAN": Struct("struct ifla_vf_vlan", vf=U32, vlan=U32, qos=U32),
        "IFLA_VF_TX_RATE": Struct("struct ifla_vf_tx_rate", vf=U32, rate=U32),
        "IFLA_VF_SPOOFCHK": _setting("struct ifla_vf_spoofchk"),
        "IFLA_VF_LINK_STATE": Struct("struct ifla_vf_link_state", vf=U32, link_state=LinkState),
        "IFLA_VF_RATE": Struct("struct ifla_vf_rate", vf=U32, min_tx_rate=U32, max_tx_rate=U32),
        "IFLA_VF_RSS_QUERY_EN": _setting("struct ifla_vf_rss_query_en"),
        "IFLA_VF_STATS": FunctionStats,
        "IFLA_VF_TRUST": _setting("struct ifla_vf_trust"),
        "IFLA_VF_IB_NODE_GUID": _guid,
        "IFLA_VF_IB_PORT_GUID": _guid,
        "IFLA_VF_VLAN_LIST": Attributes(
            "rtnl_ifla_vf_vlan_list_attrs",
            "IFLA_VF_VLAN_INFO_???",
            {
                "IFLA_VF_VLAN_INFO": Struct(
                    "struct ifla_vf_vlan_info", vf=U32, vlan=U32, qos=U32, vlan_proto=VlanProtocol
                )
            },
        ),
        "IFLA_VF_BROADCAST": Struct("struct ifla_vf_broadcast", broadcast=HardwareAddress(32)),
    },
)
Functions = Attributes("rtnl_ifla_vfinfo_list_attrs", "IFLA_VF_INFO_???", {"IFLA_VF_INFO": Function})


def _show_station(view: View) -> Shown:
    shown = [
        *view.fields("vsi_mgr_id"),
        ("vsi_type_id", quoted_hex(view.call, view.bytes_of("vsi_type_id"))),
        *view.fields("vsi_type_version"),
    ]
    pad = view.bytes_of("pad")
    return [*shown, ("pad", quoted_hex(view.call, pad))] if any(pad) else shown


Port = Attributes(
    "rtnl_ifla_port_attrs",
    "IFLA_PORT_???",
    {
        "IFLA_PORT_VF": U32,
        "IFLA_PORT_PROFILE": string,
        "IFLA_PORT_VSI_TYPE": Struct(
            "struct ifla_port_vsi",
            show=_show_station,
            vsi_mgr_id=U8,
            vsi_type_id=ByteArray(3),
            vsi_type_version=U8,
            pad=ByteArray(3),
        ),
        "IFLA_PORT_REQUEST": U8,
        "IFLA_PORT_RESPONSE": U16,
    },
)
Ports = Attributes("rtnl_ifla_vf_port_attrs", "IFLA_VF_PORT_???", {"IFLA_VF_PORT": Port})

# --- address families -----------------------------------------------------------------------

Inet = Attributes(
    "rtnl_ifla_af_spec_inet_attrs",
    "IFLA_INET_???",
    {"IFLA_INET_CONF": Elements(S32, "inet_devconf_indices", "IPV4_DEVCONF_???", "d")},
)
Inet6 = Attributes(
    "rtnl_ifla_af_spec_inet6_attrs",
    "IFLA_INET6_???",
    {
        "IFLA_INET6_FLAGS": Choice(Flags("inet6_if_flags", unknown="IF_???"), 4),
        "IFLA_INET6_CONF": Elements(S32, "inet6_devconf_indices", "DEVCONF_???", "d"),
        "IFLA_INET6_STATS": Elements(U64, "snmp_ip_stats", "IPSTATS_MIB_???"),
        "IFLA_INET6_CACHEINFO": Struct(
            "struct ifla_cacheinfo", max_reasm_len=U32, tstamp=U32, reachable_time=U32, retrans_time=U32
        ),
        "IFLA_INET6_ICMP6STATS": Elements(U64, "snmp_icmp6_stats", "ICMP6_MIB_???"),
        "IFLA_INET6_TOKEN": Host(AF_INET6),
        "IFLA_INET6_ADDR_GEN_MODE": Choice(Enum("in6_addr_gen_mode", unknown="IN6_ADDR_GEN_MODE_???"), 1),
        "IFLA_INET6_RA_MTU": U32,
    },
)
Mctp = Attributes("rtnl_ifla_af_spec_mctp_attrs", "IFLA_MCTP_???", {"IFLA_MCTP_NET": U32, "IFLA_MCTP_PHYS_BINDING": X8})
OtherSpec = Attributes("addrfams", "AF_???", each=ByFamily({AF_INET: Inet, AF_INET6: Inet6, AF_MCTP: Mctp}, own=True))


def _specific(scope: Scope, addr: int, length: int) -> list[AnyValue] | None:
    """What hangs on the family: bridges have attributes of their own, others one for each family."""
    return [(BridgeSpec if scope.family == AF_BRIDGE else OtherSpec).show(scope, addr, length)]


# --- links ----------------------------------------------------------------------------------


def _hardware(scope: Scope, addr: int, length: int) -> list[AnyValue] | None:
    return hardware(scope, addr, length, scope.family)


ProgramOfInterface = Attributes(
    "rtnl_ifla_xdp_attrs",
    "IFLA_XDP_???",
    {
        "IFLA_XDP_FD": Fd,
        "IFLA_XDP_ATTACHED": Choice(Enum("rtnl_ifla_xdp_attached_mode", unknown="XDP_ATTACHED_???"), 1),
        "IFLA_XDP_FLAGS": Flags("xdp_flags", unknown="XDP_FLAGS_???"),
        "IFLA_XDP_PROG_ID": U32,
        "IFLA_XDP_DRV_PROG_ID": U32,
        "IFLA_XDP_SKB_PROG_ID": U32,
        "IFLA_XDP_HW_PROG_ID": U32,
        "IFLA_XDP_EXPECTED_FD": Fd,
    },
)
Map = Struct(
    "struct rtnl_link_ifmap",
    mem_start=X64,
    mem_end=X64,
    base_addr=X64,
    irq=U16,
    dma=U8,
    port=U8,
)
LinkAttributes = Attributes(
    "rtnl_link_attrs",
    "IFLA_???",
    {
        "IFLA_ADDRESS": _hardware,
        "IFLA_BROADCAST": _hardware,
        "IFLA_IFNAME": string,
        "IFLA_MTU": U32,
        "IFLA_LINK": U32,
        "IFLA_QDISC": string,
        "IFLA_STATS": link_stats,
        "IFLA_MASTER": U32,
        "IFLA_PROTINFO": ByFamily({AF_BRIDGE: BridgePort, AF_INET6: Inet6}),
        "IFLA_TXQLEN": U32,
        "IFLA_MAP": First(Map, 28),
        "IFLA_WEIGHT": U32,
        "IFLA_OPERSTATE": U8,
        "IFLA_LINKMODE": U8,
        "IFLA_LINKINFO": Information,
        "IFLA_NET_NS_PID": U32,
        "IFLA_IFALIAS": string,
        "IFLA_NUM_VF": U32,
        "IFLA_VFINFO_LIST": Functions,
        "IFLA_STATS64": link_stats64,
        "IFLA_VF_PORTS": Ports,
        "IFLA_PORT_SELF": Port,
        "IFLA_AF_SPEC": _specific,
        "IFLA_GROUP": U32,
        "IFLA_NET_NS_FD": Fd,
        "IFLA_EXT_MASK": Choice(Flags("rtnl_ifla_ext_filter_flags", unknown="RTEXT_FILTER_???"), 4),
        "IFLA_PROMISCUITY": U32,
        "IFLA_NUM_TX_QUEUES": U32,
        "IFLA_NUM_RX_QUEUES": U32,
        "IFLA_CARRIER": U8,
        "IFLA_CARRIER_CHANGES": U32,
        "IFLA_LINK_NETNSID": S32,
        "IFLA_PHYS_PORT_NAME": string,
        "IFLA_PROTO_DOWN": U8,
        "IFLA_GSO_MAX_SEGS": U32,
        "IFLA_GSO_MAX_SIZE": U32,
        "IFLA_XDP": ProgramOfInterface,
        "IFLA_EVENT": Enum("rtnl_ifla_events", unknown="IFLA_EVENT_???"),
        "IFLA_NEW_NETNSID": S32,
        "IFLA_IF_NETNSID": S32,
        "IFLA_CARRIER_UP_COUNT": U32,
        "IFLA_CARRIER_DOWN_COUNT": U32,
        "IFLA_NEW_IFINDEX": Interface,
        "IFLA_MIN_MTU": U32,
        "IFLA_MAX_MTU": U32,
        "IFLA_PROP_LIST": Attributes("rtnl_link_attrs", "IFLA_???", {"IFLA_ALT_IFNAME": string}),
        "IFLA_ALT_IFNAME": string,
        "IFLA_PERM_ADDRESS": _hardware,
        "IFLA_PROTO_DOWN_REASON": Attributes(
            "rtnl_ifla_proto_down_reason_attrs",
            "IFLA_PROTO_DOWN_REASON_???",
            {"IFLA_PROTO_DOWN_REASON_MASK": X32, "IFLA_PROTO_DOWN_REASON_VALUE": X32},
        ),
        "IFLA_PARENT_DEV_NAME": string,
        "IFLA_PARENT_DEV_BUS_NAME": string,
        "IFLA_GRO_MAX_SIZE": U32,
        "IFLA_TSO_MAX_SIZE": U32,
        "IFLA_TSO_MAX_SEGS": U32,
        "IFLA_ALLMULTI": U32,
        "IFLA_DEVLINK_PORT": U32,
        "IFLA_GSO_IPV4_MAX_SIZE": U32,
        "IFLA_GRO_IPV4_MAX_SIZE": U32,
        "IFLA_MAX_PACING_OFFLOAD_HORIZON": U64,
        "IFLA_NETNS_IMMUTABLE": U8,
        "IFLA_HEADROOM": U16,
        "IFLA_TAILROOM": U16,
    },
)
LinkHeader = Struct(
    "struct ifinfomsg",
    ifi_family=Family8,
    _pad=U8,
    ifi_type=Enum("arp_hardware_types", unknown="ARPHRD_???", size=2),
    ifi_index=Interface,
    ifi_flags=Flags("iffflags", unknown="IFF_???"),
    ifi_change=X32,
)

MESSAGES = {"LINK": Message(LinkHeader, LinkAttributes)}
HEADERS = {
    "struct ifinfomsg": "linux/rtnetlink.h",
    "struct can_device_stats": "linux/can/netlink.h",
    **dict.fromkeys(("struct bridge_vlan_info", "struct br_boolopt_multi"), IF_BRIDGE),
    **dict.fromkeys(
        (
            *("struct rtnl_link_stats", "struct rtnl_link_stats64", "struct ifla_bridge_id", "struct ifla_vf_mac"),
            *("struct ifla_vf_vlan", "struct ifla_vf_tx_rate", "struct ifla_vf_spoofchk", "struct ifla_vf_rate"),
            *("struct ifla_vf_link_state", "struct ifla_vf_rss_query_en", "struct ifla_vf_trust"),
            *("struct ifla_vf_vlan_info", "struct ifla_vf_broadcast", "struct ifla_port_vsi"),
            *("struct ifla_cacheinfo", "struct rtnl_link_ifmap"),
        ),
        IF_LINK,
    ),
}
