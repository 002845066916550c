# SPDX-License-Identifier: BSD-2-Clause
"""Netlink messages: ``[{nlmsg_len=…, nlmsg_type=RTM_GETLINK, …}, {…}]``, and what answers them.

The protocol (NETLINK_ROUTE, …) of the socket decides what types, flags and payloads mean; each
has a module. Source: netlink(7); include/uapi/linux/netlink.h.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from trapgate.calls import tables
from trapgate.calls.call import Call, Memory
from trapgate.calls.errnames import ErrorNumber
from trapgate.calls.memory import Array, Struct, View
from trapgate.calls.netlink.attributes import Attributes, Headed, Scope, align4, hex_bytes, string
from trapgate.calls.types import U8, U16, U32, Enum, Flags, Int, Tgid
from trapgate.model import values
from trapgate.model.values import MORE, AnyValue, Joined, List, remark

HEADER_BYTES = 16
MIN_TYPE, ERROR, DONE = 16, 2, 3
REQUEST, CAPPED = 1, 0x100
KEPT_BYTES = 1 << 20
MOST_ERRORS = 32
"""How many errors about errors are followed; what lies deeper prints as bytes."""

ROUTE, SOCK_DIAG, XFRM, SELINUX, AUDIT, NETFILTER, UEVENT, GENERIC, CRYPTO = 0, 4, 6, 7, 9, 12, 15, 16, 21

Header = Struct("struct nlmsghdr", nlmsg_len=U32, nlmsg_type=U16, nlmsg_flags=U16, nlmsg_seq=U32, nlmsg_pid=Tgid)
HEADERS = {"struct nlmsghdr": "linux/netlink.h"}

Payload = Callable[[Call, View, int, int], "list[AnyValue] | None"]
"""Decodes a payload: call, header, address, length; None if the protocol does not know the message."""

PAYLOADS = {
    ROUTE: "route",
    SOCK_DIAG: "diag",
    SELINUX: "selinux",
    NETFILTER: "netfilter",
    GENERIC: "generic",
    CRYPTO: "crypto",
}
"""The module in this folder, by protocol; its ``show_payload`` is a Payload."""

# --- types and flags ------------------------------------------------------------------------

CommonType = Enum("netlink_types", unknown="NLMSG_???", size=2)
TYPES = {
    AUDIT: Enum("nl_audit_types", unknown="AUDIT_???", size=2),
    CRYPTO: Enum("nl_crypto_types", unknown="CRYPTO_MSG_???", size=2),
    ROUTE: Enum("nl_route_types", unknown="RTM_???", size=2),
    SELINUX: Enum("nl_selinux_types", unknown="SELNL_MSG_???", size=2),
    SOCK_DIAG: Enum("nl_sock_diag_types", unknown="SOCK_DIAG_???", size=2),
    XFRM: Enum("nl_xfrm_types", unknown="XFRM_MSG_???", size=2),
}


def _show_type(c: Call, number: int, protocol: int) -> AnyValue:
    if number < MIN_TYPE:
        return CommonType.value(c, number)
    if protocol == GENERIC:
        from trapgate.calls.netlink.generic import show_family

        return show_family(c, number)
    if protocol == NETFILTER:
        from trapgate.calls.netlink.netfilter import show_type

        return show_type(c, number)
    return TYPES.get(protocol, CommonType).value(c, number)


_FLAGS = {
    kind: Flags("netlink_flags", *([f"netlink_{kind}_flags"] if kind else []), unknown="NLM_F_???", size=2)
    for kind in ("", "ack", "new", "get", "delete")
}
RTM_DELACTION = 49


def verb_of(name: str | None, prefix: str) -> str:
    """new, get or delete, as the name of a message begins behind ``prefix``; empty for others."""
    rest = (name or "").removeprefix(prefix)
    for start, verb in (("NEW", "new"), ("GET", "get"), ("DEL", "delete"), ("DESTROY", "delete")):
        if rest.startswith(start) and not rest.endswith("DEFAULT"):
            return verb
    return ""


def _flags_kind(number: int, protocol: int) -> str:
    """Which table of flags a message has besides the common one."""
    if number < MIN_TYPE:
        return "ack" if number == ERROR else ""
    if protocol in (GENERIC, SOCK_DIAG):
        return "get"
    if protocol == ROUTE:
        return "get" if number == RTM_DELACTION else ("new", "delete", "get", "")[number & 3]
    if protocol == NETFILTER:
        from trapgate.calls.netlink.netfilter import find_verb

        return find_verb(number)
    if protocol == CRYPTO:
        return verb_of(tables.load("nl_crypto_types").by_value.get(number), "CRYPTO_MSG_")
    if protocol == XFRM:
        return verb_of(tables.load("nl_xfrm_types").by_value.get(number), "XFRM_MSG_")
    return ""


def _show_header(view: View, protocol: int) -> AnyValue:
    c, number = view.call, view.nlmsg_type
    return values.Struct(
        [
            *view.fields("nlmsg_len"),
            ("nlmsg_type", _show_type(c, number, protocol)),
            ("nlmsg_flags", _FLAGS[_flags_kind(number, protocol)].value(c, view.nlmsg_flags)),
            *view.fields("nlmsg_seq", "nlmsg_pid"),
        ]
    )


# --- payloads -------------------------------------------------------------------------------


def _cookie(scope: Scope, addr: int, length: int) -> list[AnyValue] | None:
    return [Array(U8, length).at(scope.c, addr)]


ErrorAttributes = Attributes(
    "nlmsgerr_attrs",
    "NLMSGERR_ATTR_???",
    {"NLMSGERR_ATTR_MSG": string, "NLMSGERR_ATTR_OFFS": U32, "NLMSGERR_ATTR_COOKIE": _cookie},
)
Errno = ErrorNumber(negated=True)


def _show_error(c: Call, protocol: int, addr: int, length: int, capped: bool, level: int) -> AnyValue:
    """The error's number and the message it is about, or the beginning of that; then attributes."""
    if length < 4 + HEADER_BYTES or level >= MOST_ERRORS:
        return hex_bytes(c, addr, length)
    data = c.fetch(addr, 4 + HEADER_BYTES)
    if data is None:
        return c.address(addr)
    view = View(c, data, 4, Header)
    addr, length = addr + 4, length - 4
    size = min(length, HEADER_BYTES if capped else max(HEADER_BYTES, view.nlmsg_len))
    shown = values.Struct(
        [("error", Errno.load(c, data, 0)), ("msg", _show_message(view, protocol, addr, size, level + 1))]
    )
    if length <= size:
        return shown
    return Headed(shown, [ErrorAttributes.show(Scope(c), addr + size, length - size)], "attributes")


def _show_payload(view: View, protocol: int, addr: int, length: int, level: int) -> list[AnyValue]:
    c, number = view.call, view.nlmsg_type
    if number == ERROR:
        return [_show_error(c, protocol, addr, length, bool(view.nlmsg_flags & CAPPED), level)]
    if number >= MIN_TYPE and protocol in PAYLOADS:
        show: Payload = import_module(f"trapgate.calls.netlink.{PAYLOADS[protocol]}").show_payload
        shown = show(c, view, addr, length)
        if shown is not None:
            return shown
    if number == DONE and length == 4:
        return [Int.at(c, addr)]
    return [hex_bytes(c, addr, length)]


def _show_message(view: View, protocol: int, addr: int, length: int, level: int = 0) -> AnyValue:
    """One message of at most ``length`` bytes at ``addr``, where the header in ``view`` lies.

    ``level``: how many errors it is the subject of.
    """
    header = _show_header(view, protocol)
    size = min(view.nlmsg_len, length)
    if size <= HEADER_BYTES:
        return header
    payload = _show_payload(view, protocol, addr + HEADER_BYTES, size - HEADER_BYTES, level)
    return Headed(header, payload, "payload", "attributes")


# --- buffers --------------------------------------------------------------------------------


class _Kept:
    """Memory of which one run of bytes has been read already."""

    def __init__(self, inner: Memory, addr: int, data: bytes) -> None:
        self.inner = inner
        self.addr = addr
        self.data = data

    def read(self, addr: int, size: int) -> bytes:
        start = addr - self.addr
        if start >= 0 and start + size <= len(self.data):
            return self.data[start : start + size]
        return self.inner.read(addr, size)

    def read_string(self, addr: int, limit: int) -> tuple[bytes, bool] | None:
        return self.inner.read_string(addr, limit)


def show_messages(c: Call, fd: int, addr: int, length: int) -> AnyValue:
    """The messages in ``length`` bytes at ``addr``, which went through the netlink socket ``fd``."""
    protocol = c.process.netlink_protocol(fd)
    if protocol == UEVENT:
        from trapgate.calls.netlink.uevent import show_event

        return show_event(c, addr, length)
    memory = c.memory
    if length <= KEPT_BYTES:
        c.memory = _Kept(memory, addr, memory.read(addr, length) if length else b"")
    try:
        return _show_all(c, protocol, addr, length)
    finally:
        c.memory = memory


def _show_all(c: Call, protocol: int, addr: int, length: int) -> AnyValue:
    items: list[AnyValue] = []
    several = False
    while True:
        if length < HEADER_BYTES:
            items.append(hex_bytes(c, addr, length))
            break
        data = c.fetch(addr, HEADER_BYTES)
        if data is None:
            items.append(Joined(MORE, remark(hex(addr))) if several else c.address(addr))
            break
        if c.abbrev and len(items) >= c.options.string_limit:
            items.append(MORE)
            break
        view = View(c, data, 0, Header, addr)
        step = align4(view.nlmsg_len)
        left = length - step if view.nlmsg_len >= HEADER_BYTES else 0
        items.append(_show_message(view, protocol, addr, length))
        if left <= 0:
            break
        several = True
        addr, length = addr + step, left
    return List(items) if several else items[0]
