# SPDX-License-Identifier: BSD-2-Clause
"""NETLINK_SELINUX: what SELinux tells. Source: include/uapi/linux/selinux_netlink.h."""

from __future__ import annotations

from trapgate.calls.call import Call
from trapgate.calls.memory import Struct, View
from trapgate.calls.netlink.attributes import Scope, decode, hex_bytes
from trapgate.calls.types import U32, Int
from trapgate.model.values import AnyValue

MESSAGES = {
    16: Struct("struct selnl_msg_setenforce", val=Int),
    17: Struct("struct selnl_msg_policyload", seqno=U32),
}

HEADERS = dict.fromkeys(("struct selnl_msg_setenforce", "struct selnl_msg_policyload"), "linux/selinux_netlink.h")


def show_payload(c: Call, header: View, addr: int, length: int) -> list[AnyValue] | None:
    """The payload; None if the message is not known."""
    struct = MESSAGES.get(header.nlmsg_type)
    if struct is None:
        return None
    return decode(struct, Scope(c), addr, length) or [hex_bytes(c, addr, length)]
