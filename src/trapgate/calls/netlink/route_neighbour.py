# SPDX-License-Identifier: BSD-2-Clause
"""Neighbours of NETLINK_ROUTE: their tables, and the multicast groups of bridges.

Source: rtnetlink(7); include/uapi/linux/neighbour.h, if_bridge.h.
"""

from __future__ import annotations

from trapgate.calls.memory import ByteArray, Shown, Struct, View
from trapgate.calls.netlink.attributes import (
    Attributes,
    Choice,
    Prefix,
    Scope,
    align4,
    decode,
    hardware,
    host,
    ip_protocol,
    string,
    ticks,
)
from trapgate.calls.netlink.route import Message
from trapgate.calls.structs_net import BigEndian, Family, Family8, Interface, host_field
from trapgate.calls.types import BE16, U8, U16, U32, U64, Aligned, Enum, Flags, PaddedHex, Type
from trapgate.model.values import AnyValue, Joined

State = Flags("neighbor_cache_entry_states", unknown="NUD_???", size=2)
EntryFlags = Flags("neighbor_cache_entry_flags", unknown="NTF_???", size=1)
Header = Struct(
    "struct ndmsg",
    ndm_family=Family8,
    _pad1=U8,
    _pad2=U16,
    ndm_ifindex=Interface,
    ndm_state=State,
    ndm_flags=EntryFlags,
    ndm_type=Enum("routing_types", unknown="RTN_???", size=1),
)
NeighbourAttributes = Attributes(
    "rtnl_neigh_attrs",
    "NDA_???",
    {
        "NDA_DST": host,
        "NDA_LLADDR": hardware,
        "NDA_CACHEINFO": Struct(
            "struct nda_cacheinfo", ndm_confirmed=U32, ndm_used=U32, ndm_updated=U32, ndm_refcnt=U32
        ),
        "NDA_PROBES": U32,
        "NDA_VLAN": U16,
        "NDA_PORT": BigEndian(2),
        "NDA_VNI": U32,
        "NDA_IFINDEX": Interface,
        "NDA_MASTER": Interface,
        "NDA_LINK_NETNSID": U32,
        "NDA_SRC_VNI": U32,
        "NDA_PROTOCOL": ip_protocol,
        "NDA_NH_ID": U32,
        "NDA_FDB_EXT_ATTRS": Attributes(
            "rtnl_neigh_fdb_ext_attrs",
            "NFEA_???",
            {"NFEA_ACTIVITY_NOTIFY": Choice(Flags("fdb_notify_flags", unknown="FDB_NOTIFY_???"), 1)},
        ),
        "NDA_FLAGS_EXT": Choice(Flags("neighbor_cache_entry_ext_flags", unknown="NTF_EXT_???"), 4),
        "NDA_NDM_STATE_MASK": Choice(State, 2),
        "NDA_NDM_FLAGS_MASK": Choice(EntryFlags, 1),
    },
)

# --- tables of neighbours -------------------------------------------------------------------

A64 = Aligned(U64)
TableStats = Struct(
    "struct ndt_stats",
    ndts_allocs=A64,
    ndts_destroys=A64,
    ndts_hash_grows=A64,
    ndts_res_failed=A64,
    ndts_lookups=A64,
    ndts_hits=A64,
    ndts_rcv_probes_mcast=A64,
    ndts_rcv_probes_ucast=A64,
    ndts_periodic_gc_runs=A64,
    ndts_forced_gc_runs=A64,
    ndts_table_fulls=A64,
)
TableAttributes = Attributes(
    "rtnl_neightbl_attrs",
    "NDTA_???",
    {
        "NDTA_NAME": string,
        "NDTA_THRESH1": U32,
        "NDTA_THRESH2": U32,
        "NDTA_THRESH3": U32,
        "NDTA_CONFIG": Struct(
            "struct ndt_config",
            ndtc_key_len=U16,
            ndtc_entry_size=U16,
            ndtc_entries=U32,
            ndtc_last_flush=U32,
            ndtc_last_rand=U32,
            ndtc_hash_rnd=U32,
            ndtc_hash_mask=PaddedHex(4),
            ndtc_hash_chain_gc=U32,
            ndtc_proxy_qlen=U32,
        ),
        "NDTA_PARMS": Attributes(
            "rtnl_neightbl_parms_attrs",
            "NDTPA_???",
            {
                "NDTPA_IFINDEX": Interface,
                "NDTPA_REFCNT": U32,
                "NDTPA_REACHABLE_TIME": U64,
                "NDTPA_BASE_REACHABLE_TIME": U64,
                "NDTPA_RETRANS_TIME": U64,
                "NDTPA_GC_STALETIME": U64,
                "NDTPA_DELAY_PROBE_TIME": U64,
                "NDTPA_QUEUE_LEN": U32,
                "NDTPA_APP_PROBES": U32,
                "NDTPA_UCAST_PROBES": U32,
                "NDTPA_MCAST_PROBES": U32,
                "NDTPA_ANYCAST_DELAY": U64,
                "NDTPA_PROXY_DELAY": U64,
                "NDTPA_PROXY_QLEN": U32,
                "NDTPA_LOCKTIME": U64,
                "NDTPA_QUEUE_LENBYTES": U32,
                "NDTPA_MCAST_REPROBES": U32,
                "NDTPA_INTERVAL_PROBE_TIME_MS": U64,
            },
        ),
        "NDTA_STATS": Prefix(TableStats, 80),
        "NDTA_GC_INTERVAL": U64,
    },
)
TableHeader = Struct("struct ndtmsg", ndtm_family=Family8, size_of=4)

# --- groups of bridges ----------------------------------------------------------------------


def _show_group(view: View) -> Shown:
    c, protocol = view.call, view.proto
    size = {2: 4, 10: 16}.get(protocol, 16)
    address = host_field(c, "u", protocol, view.bytes_of("u")[:size])
    return [address, ("proto", Joined("htons(", Family.value(c, protocol), ")"))]


GroupAddress = Struct("group address", show=_show_group, u=ByteArray(16), proto=BE16, size_of=20)
GroupEntry = Struct(
    "struct br_mdb_entry",
    ifindex=Interface,
    state=Enum("mdb_states", unknown="MDB_???", size=1),
    flags=Flags("mdb_flags", unknown="MDB_FLAGS_???", size=1),
    vid=U16,
    addr=GroupAddress,
)


class _Headed:
    """A value with attributes behind it."""

    def __init__(self, kind: Type, attributes: Attributes) -> None:
        self.kind = kind
        self.attributes = attributes

    def __call__(self, scope: Scope, addr: int, length: int) -> list[AnyValue] | None:
        shown = decode(self.kind, scope, addr, length)
        offset = align4(self.kind.size(scope.c.abi))
        if shown is not None and length > offset:
            shown.append(self.attributes.show(scope, addr + offset, length - offset))
        return shown


EntryAttributes = Attributes("rtnl_mdba_mdb_eattr_attrs", "MDBA_MDB_EATTR_???", {"MDBA_MDB_EATTR_TIMER": ticks})
RouterAttributes = Attributes(
    "rtnl_mdba_router_pattr_attrs",
    "MDBA_ROUTER_PATTR_???",
    {
        "MDBA_ROUTER_PATTR_TIMER": ticks,
        "MDBA_ROUTER_PATTR_TYPE": Enum("multicast_router_types", unknown="MDB_RTR_TYPE_???", size=1),
        "MDBA_ROUTER_PATTR_INET_TIMER": ticks,
        "MDBA_ROUTER_PATTR_INET6_TIMER": ticks,
    },
)
GroupHeader = Struct("struct br_port_msg", family=Family8, ifindex=Interface)
GroupAttributes = Attributes(
    "rtnl_mdb_attrs",
    "MDBA_???",
    {
        "MDBA_MDB": Attributes(
            "rtnl_mdba_mdb_attrs",
            "MDBA_MDB_???",
            {
                "MDBA_MDB_ENTRY": Attributes(
                    "rtnl_mdba_mdb_entry_attrs",
                    "MDBA_MDB_ENTRY_???",
                    {"MDBA_MDB_ENTRY_INFO": _Headed(GroupEntry, EntryAttributes)},
                )
            },
        ),
        "MDBA_ROUTER": Attributes(
            "rtnl_mdba_router_attrs",
            "MDBA_ROUTER_???",
            {"MDBA_ROUTER_PORT": _Headed(Interface, RouterAttributes)},
        ),
    },
)

MESSAGES = {
    "NEIGH": Message(Header, NeighbourAttributes),
    "NEIGHTBL": Message(TableHeader, TableAttributes),
    "MDB": Message(GroupHeader, GroupAttributes),
}
HEADERS = {
    **dict.fromkeys(
        ("struct ndmsg", "struct nda_cacheinfo", "struct ndt_stats", "struct ndt_config", "struct ndtmsg"),
        "linux/neighbour.h",
    ),
    **dict.fromkeys(("struct br_mdb_entry", "struct br_port_msg"), "linux/if_bridge.h"),
}
