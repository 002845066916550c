# SPDX-License-Identifier: BSD-2-Clause
"""NETLINK_ROUTE: links, addresses, routes, neighbours, rules, queueing: which message is which.

Source: rtnetlink(7), include/uapi/linux/rtnetlink.h.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module

from trapgate.calls import tables
from trapgate.calls.call import Call
from trapgate.calls.memory import Struct, View
from trapgate.calls.netlink.attributes import Attributes, Decode, Scope, show_header, show_unknown
from trapgate.model.values import AnyValue

AF_BRIDGE = 7


@dataclass(frozen=True, slots=True)
class Message:
    """A header that begins with the address family, and what follows it."""

    header: Struct
    attributes: Attributes | Decode


MODULES = {
    "LINK": "route_link",
    "STATS": "route_stats",
    **dict.fromkeys(("ADDR", "MULTICAST", "ANYCAST", "ADDRLABEL", "NETCONF", "NSID", "DCB"), "route_address"),
    **dict.fromkeys(("NEIGH", "NEIGHTBL", "MDB"), "route_neighbour"),
    **dict.fromkeys(("ROUTE", "RULE", "NEXTHOP", "CACHEREPORT"), "route_path"),
    **dict.fromkeys(("QDISC", "TCLASS", "TFILTER", "CHAIN", "ACTION"), "route_traffic"),
}
"""The module that has the message, by its name without ``RTM_NEW`` and the like, in its ``MESSAGES``."""
OTHERS = {"RTM_SETSTATS"}
"""Messages whose header differs from that of those with the same ending."""


def _find_message(c: Call, number: int, family: int) -> Message | None:
    name = tables.load("nl_route_types", c.abi.name).by_value.get(number, "")
    kind = "LINK" if name == "RTM_GETNEIGH" and family == AF_BRIDGE else name[7:]
    if kind not in MODULES or name in OTHERS:
        return None
    found: Message = import_module(f"trapgate.calls.netlink.{MODULES[kind]}").MESSAGES[kind]
    return found


def show_payload(c: Call, header: View, addr: int, length: int) -> list[AnyValue] | None:
    """The payload."""
    family = c.fetch_int(addr, 1)
    if family is None:
        return [c.address(addr)]
    message = _find_message(c, header.nlmsg_type, family)
    if message is None:
        return [show_unknown(c, family, addr, length)]
    return show_header(Scope(c, family), message.header, message.attributes, addr, length)
