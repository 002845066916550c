# SPDX-License-Identifier: BSD-2-Clause
"""Routes of NETLINK_ROUTE: next hops, the rules that choose tables, multicast packets without a route.

Source: rtnetlink(7); include/uapi/linux/rtnetlink.h, nexthop.h, fib_rules.h, mroute.h, mroute6.h.
"""

from __future__ import annotations

from trapgate.calls.memory import Shown, Struct, View
from trapgate.calls.netlink.attributes import (
    Attributes,
    ByFamily,
    Choice,
    Elements,
    Headed,
    Scope,
    align4,
    hex_bytes,
    host,
    ip_protocol,
    string,
    ticks,
)
from trapgate.calls.netlink.route import Message
from trapgate.calls.structs_net import AF_INET, AF_INET6, BigEndian, Family, Family8, Host, Interface, host_field
from trapgate.calls.types import U8, U16, U32, U64, X8, X16, X32, Aligned, Enum, Flags
from trapgate.model import values
from trapgate.model.values import AnyValue, List

TypeOfService = Flags("ip_type_of_services", unknown="IPTOS_???", size=1)
HopFlags = Flags("route_nexthop_flags", unknown="RTNH_F_???", size=1)
Protocol = Enum("routing_protocols", unknown="RTPROT_???", size=1)
RouteScope = Enum("routing_scopes", unknown="", size=1)
Table = Enum("routing_table_ids", unknown="")
Encapsulation = Enum("lwtunnel_encap_types", unknown="LWTUNNEL_ENCAP_???", size=2)

RouteHeader = Struct(
    "struct rtmsg",
    rtm_family=Family8,
    rtm_dst_len=U8,
    rtm_src_len=U8,
    rtm_tos=TypeOfService,
    rtm_table=Enum("routing_table_ids", unknown="", size=1),
    rtm_protocol=Protocol,
    rtm_scope=RouteScope,
    rtm_type=Enum("routing_types", unknown="RTN_???", size=1),
    rtm_flags=Flags("routing_flags", unknown="RTM_F_???"),
)
Metrics = Attributes(
    "rtnl_rta_metrics_attrs",
    "RTAX_???",
    {
        **dict.fromkeys(
            (
                *("RTAX_LOCK", "RTAX_MTU", "RTAX_WINDOW", "RTAX_RTT", "RTAX_RTTVAR", "RTAX_SSTHRESH", "RTAX_CWND"),
                *("RTAX_ADVMSS", "RTAX_REORDERING", "RTAX_HOPLIMIT", "RTAX_INITCWND", "RTAX_FEATURES"),
                *("RTAX_RTO_MIN", "RTAX_INITRWND", "RTAX_QUICKACK"),
            ),
            U32,
        ),
        "RTAX_CC_ALGO": string,
    },
)
NextHop = Struct("struct rtnexthop", rtnh_len=U16, rtnh_flags=HopFlags, rtnh_hops=U8, rtnh_ifindex=Interface)


def _next_hops(scope: Scope, addr: int, length: int) -> list[AnyValue] | None:
    """Next hops, each with a length, a header and attributes of routes."""
    c, size = scope.c, NextHop.size(scope.c.abi)
    if length < size:
        return None
    items: list[AnyValue] = []
    several = False
    while True:
        data = c.fetch(addr, size)
        if data is None:
            items.append(c.address(addr))
            break
        view = View(c, data, 0, NextHop)
        used = min(length, view.rtnh_len)
        several = several or view.rtnh_len < length
        header = NextHop.view_value(view)
        if used > size:
            header = Headed(header, [RouteAttributes.show(scope, addr + size, used - size)], "attributes")
        items.append(header)
        step = align4(used)
        if not 0 < step < length:
            break
        addr, length = addr + step, length - step
    return [List(items)] if several else [items[0]]


def _via(scope: Scope, addr: int, length: int) -> list[AnyValue] | None:
    """A gateway of another family."""
    c, offset = scope.c, 2
    data = c.fetch(addr, offset) if length >= offset else None
    if data is None:
        return [c.address(addr)] if length >= offset else None
    family = int.from_bytes(data, "little")
    fields: list[tuple[str | None, AnyValue]] = [("rtvia_family", Family.value(c, family))]
    if length > offset:
        fields.append(_via_host(scope, family, addr + offset, length - offset))
    return [values.Struct(fields)]


def _via_host(scope: Scope, family: int, addr: int, length: int) -> tuple[str | None, AnyValue]:
    c, size = scope.c, {AF_INET: 4, AF_INET6: 16}.get(family, 0)
    if not size or length < size:
        return "rtvia_addr", hex_bytes(c, addr, length)
    data = c.fetch(addr, size)
    return ("rtvia_addr", c.address(addr)) if data is None else host_field(c, "rtvia_addr", family, data)


RouteAttributes = Attributes(
    "rtnl_route_attrs",
    "RTA_???",
    {
        "RTA_DST": host,
        "RTA_SRC": host,
        "RTA_IIF": Interface,
        "RTA_OIF": Interface,
        "RTA_GATEWAY": host,
        "RTA_PRIORITY": U32,
        "RTA_PREFSRC": host,
        "RTA_METRICS": Metrics,
        "RTA_MULTIPATH": _next_hops,
        "RTA_PROTOINFO": U32,
        "RTA_FLOW": U32,
        "RTA_CACHEINFO": Struct(
            "struct rta_cacheinfo",
            rta_clntref=U32,
            rta_lastuse=U32,
            rta_expires=U32,
            rta_error=U32,
            rta_used=U32,
            rta_id=X32,
            rta_ts=U32,
            rta_tsage=U32,
        ),
        "RTA_MP_ALGO": U32,
        "RTA_TABLE": Table,
        "RTA_MARK": U32,
        "RTA_MFC_STATS": Struct(
            "struct rta_mfc_stats", mfcs_packets=Aligned(U64), mfcs_bytes=Aligned(U64), mfcs_wrong_if=Aligned(U64)
        ),
        "RTA_VIA": _via,
        "RTA_NEWDST": host,
        "RTA_PREF": U8,
        "RTA_ENCAP_TYPE": Encapsulation,
        "RTA_EXPIRES": U64,
        "RTA_UID": U32,
        "RTA_TTL_PROPAGATE": U8,
        "RTA_IP_PROTO": U8,
        "RTA_SPORT": U16,
        "RTA_DPORT": U16,
        "RTA_NH_ID": U32,
        "RTA_FLOWLABEL": BigEndian(4),
    },
)

# --- next hops of their own -----------------------------------------------------------------


def _show_hop_header(view: View) -> Shown:
    reserved = view.fields("resvd") if view.resvd else []
    return [*view.fields("nh_family", "nh_scope", "nh_protocol"), *reserved, *view.fields("nh_flags")]


HopHeader = Struct(
    "struct nhmsg",
    show=_show_hop_header,
    nh_family=Family8,
    nh_scope=RouteScope,
    nh_protocol=Protocol,
    resvd=X8,
    nh_flags=Flags("route_nexthop_flags", unknown="RTNH_F_???"),
)


def _show_member(view: View) -> Shown:
    shown = view.fields("id", "weight", "weight_high")
    return [*shown, *view.fields("resvd2")] if view.resvd2 else shown


GroupMember = Struct("struct nexthop_grp", show=_show_member, id=U32, weight=U8, weight_high=U8, resvd2=X16)
HopAttributes = Attributes(
    "rtnl_nexthop_attrs",
    "NHA_???",
    {
        "NHA_ID": U32,
        "NHA_GROUP": Elements(GroupMember),
        "NHA_GROUP_TYPE": Choice(Enum("rtnl_nexthop_grp_types", unknown="NEXTHOP_GRP_TYPE_???"), 2),
        "NHA_BLACKHOLE": U32,
        "NHA_OIF": Interface,
        "NHA_GATEWAY": host,
        "NHA_ENCAP_TYPE": Encapsulation,
        "NHA_GROUPS": U32,
        "NHA_MASTER": Interface,
        "NHA_FDB": U32,
        "NHA_RES_GROUP": Attributes(
            "rtnl_nha_res_group_attrs",
            "NHA_RES_GROUP_???",
            {
                "NHA_RES_GROUP_BUCKETS": U16,
                "NHA_RES_GROUP_IDLE_TIMER": ticks,
                "NHA_RES_GROUP_UNBALANCED_TIMER": ticks,
                "NHA_RES_GROUP_UNBALANCED_TIME": ticks,
            },
        ),
        "NHA_RES_BUCKET": Attributes(
            "rtnl_nha_res_bucket_attrs",
            "NHA_RES_BUCKET_???",
            {"NHA_RES_BUCKET_INDEX": U16, "NHA_RES_BUCKET_IDLE_TIME": ticks, "NHA_RES_BUCKET_NH_ID": U32},
        ),
    },
)

# --- rules ----------------------------------------------------------------------------------

RuleHeader = Struct(
    "struct fib_rule_hdr",
    family=Family8,
    dst_len=U8,
    src_len=U8,
    tos=TypeOfService,
    table=Enum("routing_table_ids", unknown="RT_TABLE_???", size=1),
    _res1=U8,
    _res2=U8,
    action=Enum("fib_rule_actions", unknown="FR_ACT_???", size=1),
    flags=Flags("fib_rule_flags", unknown="FIB_RULE_???"),
)
PortRange = Struct("struct fib_rule_port_range", start=U16, end=U16)
RuleAttributes = Attributes(
    "rtnl_rule_attrs",
    "FRA_???",
    {
        "FRA_DST": host,
        "FRA_SRC": host,
        "FRA_IIFNAME": string,
        "FRA_GOTO": U32,
        "FRA_PRIORITY": U32,
        "FRA_FWMARK": U32,
        "FRA_FLOW": U32,
        "FRA_TUN_ID": BigEndian(8),
        "FRA_SUPPRESS_IFGROUP": U32,
        "FRA_SUPPRESS_PREFIXLEN": U32,
        "FRA_TABLE": Table,
        "FRA_FWMASK": U32,
        "FRA_OIFNAME": string,
        "FRA_L3MDEV": U8,
        "FRA_UID_RANGE": Struct("struct fib_rule_uid_range", start=U32, end=U32),
        "FRA_PROTOCOL": Protocol,
        "FRA_IP_PROTO": ip_protocol,
        "FRA_SPORT_RANGE": PortRange,
        "FRA_DPORT_RANGE": PortRange,
        "FRA_DSCP": U8,
        "FRA_FLOWLABEL": BigEndian(4),
        "FRA_FLOWLABEL_MASK": BigEndian(4),
        "FRA_SPORT_MASK": X16,
        "FRA_DPORT_MASK": X16,
        "FRA_DSCP_MASK": X8,
    },
)

# --- packets without a route ----------------------------------------------------------------

FAMILY_IPMR, FAMILY_IP6MR = 128, 129
ReportHeader = Struct("report", rtgen_family=Enum("rtnl_family", "addrfams", unknown="RTNL_FAMILY_???", size=1))
Report4 = Attributes(
    "rtnl_ipmra_creport_attr",
    "IPMRA_CREPORT_???",
    {
        "IPMRA_CREPORT_MSGTYPE": Choice(Enum("rtnl_ipmra_msg_types", unknown="IGMPMSG_???"), 1),
        "IPMRA_CREPORT_VIF_ID": U32,
        "IPMRA_CREPORT_SRC_ADDR": Host(AF_INET),
        "IPMRA_CREPORT_DST_ADDR": Host(AF_INET),
        "IPMRA_CREPORT_TABLE": U32,
    },
)
Report6 = Attributes(
    "rtnl_ip6mra_creport_attr",
    "IP6MRA_CREPORT_???",
    {
        "IP6MRA_CREPORT_MSGTYPE": Choice(Enum("rtnl_ip6mra_msg_types", unknown="MRT6MSG_???"), 1),
        "IP6MRA_CREPORT_MIF_ID": U32,
        "IP6MRA_CREPORT_SRC_ADDR": Host(AF_INET6),
        "IP6MRA_CREPORT_DST_ADDR": Host(AF_INET6),
    },
)

MESSAGES = {
    "ROUTE": Message(RouteHeader, RouteAttributes),
    "NEXTHOP": Message(HopHeader, HopAttributes),
    "RULE": Message(RuleHeader, RuleAttributes),
    "CACHEREPORT": Message(ReportHeader, ByFamily({FAMILY_IPMR: Report4, FAMILY_IP6MR: Report6})),
}
HEADERS = {
    **dict.fromkeys(
        ("struct rtmsg", "struct rtnexthop", "struct rta_cacheinfo", "struct rta_mfc_stats"), "linux/rtnetlink.h"
    ),
    **dict.fromkeys(("struct nhmsg", "struct nexthop_grp"), "linux/nexthop.h"),
    **dict.fromkeys(
        ("struct fib_rule_hdr", "struct fib_rule_port_range", "struct fib_rule_uid_range"), "linux/fib_rules.h"
    ),
}
