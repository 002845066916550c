# SPDX-License-Identifier: BSD-2-Clause
"""Addresses of NETLINK_ROUTE, their labels, the settings of interfaces, network namespaces, DCB.

Source: rtnetlink(7); include/uapi/linux/if_addr.h, if_addrlabel.h, netconf.h, net_namespace.h, dcbnl.h.
"""

from __future__ import annotations

from trapgate.calls.memory import Struct
from trapgate.calls.netlink.attributes import Attributes, host, string
from trapgate.calls.netlink.route import Message
from trapgate.calls.structs_net import Family8, Interface
from trapgate.calls.types import S32, U8, U16, U32, Enum, Fd, Flags

AddressFlags = Flags("ifaddrflags", unknown="IFA_F_???")
AddressHeader = Struct(
    "struct ifaddrmsg",
    ifa_family=Family8,
    ifa_prefixlen=U8,
    ifa_flags=Flags("ifaddrflags", unknown="IFA_F_???", size=1),
    ifa_scope=Enum("routing_scopes", unknown="", size=1),
    ifa_index=Interface,
)
AddressAttributes = Attributes(
    "rtnl_addr_attrs",
    "IFA_???",
    {
        "IFA_ADDRESS": host,
        "IFA_LOCAL": host,
        "IFA_LABEL": string,
        "IFA_BROADCAST": host,
        "IFA_ANYCAST": host,
        "IFA_CACHEINFO": Struct("struct ifa_cacheinfo", ifa_prefered=U32, ifa_valid=U32, cstamp=U32, tstamp=U32),
        "IFA_MULTICAST": host,
        "IFA_FLAGS": AddressFlags,
        "IFA_RT_PRIORITY": U32,
        "IFA_TARGET_NETNSID": S32,
    },
)
Address = Message(AddressHeader, AddressAttributes)

LabelHeader = Struct(
    "struct ifaddrlblmsg",
    ifal_family=Family8,
    _reserved=U8,
    ifal_prefixlen=U8,
    ifal_flags=U8,
    ifal_index=Interface,
    ifal_seq=U32,
)
LabelAttributes = Attributes("rtnl_addrlabel_attrs", "IFAL_???", {"IFAL_ADDRESS": host, "IFAL_LABEL": U32})

SettingsHeader = Struct("struct netconfmsg", ncm_family=Family8)
SettingsAttributes = Attributes(
    "rtnl_netconf_attrs",
    "NETCONFA_???",
    {
        "NETCONFA_IFINDEX": Interface,
        "NETCONFA_FORWARDING": S32,
        "NETCONFA_RP_FILTER": S32,
        "NETCONFA_MC_FORWARDING": S32,
        "NETCONFA_PROXY_NEIGH": S32,
        "NETCONFA_IGNORE_ROUTES_WITH_LINKDOWN": S32,
        "NETCONFA_INPUT": S32,
        "NETCONFA_BC_FORWARDING": S32,
        "NETCONFA_FORCE_FORWARDING": S32,
    },
)

NamespaceHeader = Struct("struct rtgenmsg", rtgen_family=Family8)
NamespaceAttributes = Attributes(
    "rtnl_nsid_attrs",
    "NETNSA_???",
    {
        "NETNSA_NSID": S32,
        "NETNSA_PID": U32,
        "NETNSA_FD": Fd,
        "NETNSA_TARGET_NSID": S32,
        "NETNSA_CURRENT_NSID": S32,
    },
)

BridgingHeader = Struct(
    "struct dcbmsg", dcb_family=Family8, cmd=Enum("dcb_commands", unknown="DCB_CMD_???", size=1), _pad=U16
)
BridgingAttributes = Attributes("rtnl_dcb_attrs", "DCB_ATTR_???")

MESSAGES = {
    "ADDR": Address,
    "MULTICAST": Address,
    "ANYCAST": Address,
    "ADDRLABEL": Message(LabelHeader, LabelAttributes),
    "NETCONF": Message(SettingsHeader, SettingsAttributes),
    "NSID": Message(NamespaceHeader, NamespaceAttributes),
    "DCB": Message(BridgingHeader, BridgingAttributes),
}
HEADERS = {
    "struct ifaddrmsg": "linux/if_addr.h",
    "struct ifa_cacheinfo": "linux/if_addr.h",
    "struct ifaddrlblmsg": "linux/if_addrlabel.h",
    "struct netconfmsg": "linux/netconf.h",
    "struct rtgenmsg": "linux/rtnetlink.h",
    "struct dcbmsg": "linux/dcbnl.h",
}
