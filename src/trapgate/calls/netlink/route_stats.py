# SPDX-License-Identifier: BSD-2-Clause
"""Statistics of NETLINK_ROUTE: of links, bridges, bonds and MPLS.

Source: include/uapi/linux/if_link.h, if_bridge.h, if_bonding.h, mpls.h.
"""

from __future__ import annotations

from trapgate.calls.memory import Shown, Struct, View
from trapgate.calls.netlink.attributes import Attributes, ByFamily, FixedIndexed, Followed
from trapgate.calls.netlink.route import Message
from trapgate.calls.netlink.route_link import VlanFlags, link_stats64
from trapgate.calls.structs_net import Family8, Interface
from trapgate.calls.types import U16, U64, X8, X16, X32, Aligned, Flags

AF_MPLS = 28
A64 = Aligned(U64)
Directions = FixedIndexed(A64, 2, "ifstats_xstats_bridge_mcast_indices")


def _show_vlan(view: View) -> Shown:
    shown = view.fields("rx_bytes", "rx_packets", "tx_bytes", "tx_packets", "vid", "flags")
    return [*shown, *view.fields("pad2")] if view.pad2 else shown


VlanStats = Struct(
    "struct bridge_vlan_xstats",
    show=_show_vlan,
    rx_bytes=A64,
    rx_packets=A64,
    tx_bytes=A64,
    tx_packets=A64,
    vid=U16,
    flags=VlanFlags,
    pad2=X32,
)
MulticastStats = Struct(
    "struct br_mcast_stats",
    igmp_v1queries=Directions,
    igmp_v2queries=Directions,
    igmp_v3queries=Directions,
    igmp_leaves=Directions,
    igmp_v1reports=Directions,
    igmp_v2reports=Directions,
    igmp_v3reports=Directions,
    igmp_parse_errors=A64,
    mld_v1queries=Directions,
    mld_v2queries=Directions,
    mld_leaves=Directions,
    mld_v1reports=Directions,
    mld_v2reports=Directions,
    mld_parse_errors=A64,
    mcast_bytes=Directions,
    mcast_packets=Directions,
)
TreeStats = Struct(
    "struct bridge_stp_xstats",
    transition_blk=A64,
    transition_fwd=A64,
    rx_bpdu=A64,
    tx_bpdu=A64,
    rx_tcn=A64,
    tx_tcn=A64,
)
Bridge = Attributes(
    "ifstats_xstats_bridge_attrs",
    "BRIDGE_XSTATS_???",
    {
        "BRIDGE_XSTATS_VLAN": Followed(VlanStats),
        "BRIDGE_XSTATS_MCAST": Followed(MulticastStats),
        "BRIDGE_XSTATS_STP": Followed(TreeStats),
    },
)
Bond = Attributes(
    "ifstats_xstats_bond_attrs",
    "BOND_XSTATS_???",
    {
        "BOND_XSTATS_3AD": Attributes(
            "ifstats_xstats_bond_3ad_attrs",
            "BOND_3AD_STAT_???",
            dict.fromkeys(
                (
                    *("BOND_3AD_STAT_LACPDU_RX", "BOND_3AD_STAT_LACPDU_TX", "BOND_3AD_STAT_LACPDU_UNKNOWN_RX"),
                    *("BOND_3AD_STAT_LACPDU_ILLEGAL_RX", "BOND_3AD_STAT_MARKER_RX", "BOND_3AD_STAT_MARKER_TX"),
                    *("BOND_3AD_STAT_MARKER_RESP_RX", "BOND_3AD_STAT_MARKER_RESP_TX"),
                    "BOND_3AD_STAT_MARKER_UNKNOWN_RX",
                ),
                U64,
            ),
        )
    },
)
More = Attributes(
    "ifstats_xstats_type_attrs",
    "LINK_XSTATS_TYPE_???",
    {"LINK_XSTATS_TYPE_BRIDGE": Bridge, "LINK_XSTATS_TYPE_BOND": Bond},
)
MplsStats = Struct(
    "struct mpls_link_stats",
    rx_packets=A64,
    tx_packets=A64,
    rx_bytes=A64,
    tx_bytes=A64,
    rx_errors=A64,
    tx_errors=A64,
    rx_dropped=A64,
    tx_dropped=A64,
    rx_noroute=A64,
)
Mpls = Attributes("ifstats_af_spec_mpls_attrs", "MPLS_STATS_???", {"MPLS_STATS_LINK": Followed(MplsStats)})
StatsAttributes = Attributes(
    "ifstats_attrs",
    "IFLA_STATS_???",
    {
        "IFLA_STATS_LINK_64": link_stats64,
        "IFLA_STATS_LINK_XSTATS": More,
        "IFLA_STATS_LINK_XSTATS_SLAVE": More,
        "IFLA_STATS_LINK_OFFLOAD_XSTATS": Attributes(
            "ifstats_offload_attrs", "IFLA_OFFLOAD_XSTATS_???", {"IFLA_OFFLOAD_XSTATS_CPU_HIT": link_stats64}
        ),
        "IFLA_STATS_AF_SPEC": Attributes("addrfams", "AF_???", each=ByFamily({AF_MPLS: Mpls}, own=True)),
    },
)


def _show_header(view: View) -> Shown:
    pads = [name for name in ("pad1", "pad2") if getattr(view, name)]
    return view.fields("family", *pads, "ifindex", "filter_mask")


StatsHeader = Struct(
    "struct if_stats_msg",
    show=_show_header,
    family=Family8,
    pad1=X8,
    pad2=X16,
    ifindex=Interface,
    filter_mask=Flags("ifstats_attr_flags", unknown="1<<IFLA_STATS_???"),
)

MESSAGES = {"STATS": Message(StatsHeader, StatsAttributes)}
HEADERS = {
    "struct if_stats_msg": "linux/if_link.h",
    "struct mpls_link_stats": "linux/mpls.h",
    **dict.fromkeys(
        ("struct bridge_vlan_xstats", "struct br_mcast_stats", "struct bridge_stp_xstats"), "linux/if_bridge.h"
    ),
}
