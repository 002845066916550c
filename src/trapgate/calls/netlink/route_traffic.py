# SPDX-License-Identifier: BSD-2-Clause
"""Traffic control of NETLINK_ROUTE: queueing disciplines, classes, filters, chains, actions.

Source: rtnetlink(7), tc(8); include/uapi/linux/rtnetlink.h, pkt_sched.h, pkt_cls.h, gen_stats.h.
"""

from __future__ import annotations

from trapgate.calls.memory import Struct
from trapgate.calls.netlink.attributes import Attributes, Choice, Elements, First, milliseconds, string
from trapgate.calls.netlink.route import Message
from trapgate.calls.structs_net import Family8, Interface
from trapgate.calls.types import U8, U16, U32, U64, Aligned, Flags, Int, Scalar

S8, S16 = Scalar(1, "d", True), Scalar(2, "d", True)

BasicStats = First(Struct("struct gnet_stats_basic", bytes=U64, packets=U32), 12)
Stats2 = Attributes(
    "rtnl_tca_stats_attrs",
    "TCA_STATS_???",
    {
        "TCA_STATS_BASIC": BasicStats,
        "TCA_STATS_RATE_EST": Struct("struct gnet_stats_rate_est", bps=U32, pps=U32),
        "TCA_STATS_QUEUE": Struct(
            "struct gnet_stats_queue", qlen=U32, backlog=U32, drops=U32, requeues=U32, overlimits=U32
        ),
        "TCA_STATS_RATE_EST64": Struct("struct gnet_stats_rate_est64", bps=Aligned(U64), pps=Aligned(U64)),
        "TCA_STATS_BASIC_HW": BasicStats,
        "TCA_STATS_PKT64": U64,
    },
)
SizeTable = Attributes(
    "rtnl_tca_stab_attrs",
    "TCA_STAB_???",
    {
        "TCA_STAB_BASE": Struct(
            "struct tc_sizespec",
            cell_log=U8,
            size_log=U8,
            cell_align=S16,
            overhead=Int,
            linklayer=U32,
            mpu=U32,
            mtu=U32,
            tsize=U32,
        ),
        "TCA_STAB_DATA": Elements(U16),
    },
)
Stats = Struct(
    "struct tc_stats",
    bytes=U64,
    packets=U32,
    drops=U32,
    overlimits=U32,
    bps=U32,
    pps=U32,
    qlen=U32,
    backlog=U32,
)
TrafficAttributes = Attributes(
    "rtnl_tc_attrs",
    "TCA_???",
    {
        "TCA_KIND": string,
        "TCA_STATS": First(Stats, 36),
        "TCA_RATE": Struct("struct tc_estimator", interval=S8, ewma_log=U8),
        "TCA_FCNT": U32,
        "TCA_STATS2": Stats2,
        "TCA_STAB": SizeTable,
        "TCA_CHAIN": U32,
        "TCA_HW_OFFLOAD": U8,
        "TCA_INGRESS_BLOCK": U32,
        "TCA_EGRESS_BLOCK": U32,
        "TCA_DUMP_FLAGS": U32,
        "TCA_EXT_WARN_MSG": string,
    },
)
TrafficHeader = Struct(
    "struct tcmsg",
    tcm_family=Family8,
    _pad1=U8,
    _pad2=U16,
    tcm_ifindex=Interface,
    tcm_handle=U32,
    tcm_parent=U32,
    tcm_info=U32,
)
HardwareStats = Choice(Flags("rtnl_tca_act_hw_stats", unknown="TCA_ACT_HW_STATS_???"), 4)
Action = Attributes(
    "rtnl_tc_action_attrs",
    "TCA_ACT_???",
    {
        "TCA_ACT_KIND": string,
        "TCA_ACT_INDEX": U32,
        "TCA_ACT_STATS": Stats2,
        "TCA_ACT_FLAGS": Choice(Flags("rtnl_tca_act_flags", unknown="TCA_ACT_FLAGS_???"), 4),
        "TCA_ACT_HW_STATS": HardwareStats,
        "TCA_ACT_USED_HW_STATS": HardwareStats,
        "TCA_ACT_IN_HW_COUNT": U32,
    },
)
ActionsAttributes = Attributes(
    "rtnl_tca_root_attrs",
    "TCA_ROOT_???",
    {
        "TCA_ROOT_TAB": Attributes(each=Action),
        "TCA_ROOT_FLAGS": Choice(Flags("rtnl_tca_root_flags", unknown="TCA_ACT_FLAG_???"), 4),
        "TCA_ROOT_COUNT": U32,
        "TCA_ROOT_TIME_DELTA": milliseconds,
        "TCA_ROOT_EXT_WARN_MSG": string,
    },
)
Traffic = Message(TrafficHeader, TrafficAttributes)

MESSAGES = {
    "QDISC": Traffic,
    "TCLASS": Traffic,
    "TFILTER": Traffic,
    "CHAIN": Traffic,
    "ACTION": Message(Struct("struct tcamsg", tca_family=Family8, size_of=4), ActionsAttributes),
}
HEADERS = {
    **dict.fromkeys(("struct tcmsg", "struct tcamsg"), "linux/rtnetlink.h"),
    **dict.fromkeys(("struct tc_stats", "struct tc_estimator", "struct tc_sizespec"), "linux/pkt_sched.h"),
    **dict.fromkeys(
        (
            *("struct gnet_stats_basic", "struct gnet_stats_rate_est", "struct gnet_stats_queue"),
            "struct gnet_stats_rate_est64",
        ),
        "linux/gen_stats.h",
    ),
}
