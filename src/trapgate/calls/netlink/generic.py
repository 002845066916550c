# SPDX-License-Identifier: BSD-2-Clause
"""NETLINK_GENERIC: families that share one protocol; of ``nlctrl``, which tells of the others, all attributes.

The families' numbers are the running kernel's. Source: include/uapi/linux/genetlink.h, linux/netlink.h.
"""

from __future__ import annotations

from trapgate.calls.call import Call
from trapgate.calls.memory import Shown, Struct, View
from trapgate.calls.netlink.attributes import Attributes, Choice, Scope, string
from trapgate.calls.types import U8, U32, U64, X8, X16, X32, X64, Enum, Flags, Scalar, styled, with_remark
from trapgate.model import values
from trapgate.model.values import AnyValue, Number

NAME_BYTES = 16
CONTROL = "nlctrl"

COMMANDS = {
    CONTROL: ("genl_ctrl_cmd", "genl_ctrl_cmd", "CTRL_CMD_???"),
    "devlink": ("genl_devlink_cmd", "genl_devlink_cmd", "DEVLINK_CMD_???"),
    "ethtool": ("genl_ethtool_msg_send", "genl_ethtool_msg_recv", "ETHTOOL_MSG_???"),
    "IOAM6": ("genl_ioam6_cmd", "genl_ioam6_cmd", "IOAM6_CMD_???"),
    "mptcp_pm": ("genl_mptcp_pm_cmd", "genl_mptcp_pm_cmd", "MPTCP_PM_CMD_???"),
    "netdev": ("genl_netdev_cmd", "genl_netdev_cmd", "NETDEV_CMD_???"),
    "nl80211": ("genl_nl80211_cmd", "genl_nl80211_cmd", "NL80211_CMD_???"),
    "SEG6": ("genl_seg6_cmd", "genl_seg6_cmd", "SEG6_CMD_???"),
    "TASKSTATS": ("genl_taskstats_cmd", "genl_taskstats_cmd", "TASKSTATS_CMD_???"),
    "tcp_metrics": ("genl_tcp_metrics_cmd", "genl_tcp_metrics_cmd", "TCP_METRICS_CMD_???"),
    "thermal": ("genl_thermal_cmd", "genl_thermal_cmd", "THERMAL_GENL_CMD_???"),
}
"""By family: the tables of what is sent to the kernel and received from it, the remark on others."""


def show_family(c: Call, number: int) -> AnyValue:
    """The type of a message: the name of its family."""
    name = c.process.netlink_families().get(number)
    if name is not None:
        return styled(c.style, hex(number), name, name)
    if c.style == "raw":
        return Number(hex(number), number)
    return with_remark(hex(number), "GENERIC_FAMILY_???", number)


# --- the control family ---------------------------------------------------------------------


def _family_name(scope: Scope, addr: int, length: int) -> list[AnyValue] | None:
    """The name of a family, which tells what the commands told behind it are."""
    data = scope.c.fetch(addr, length) if length <= NAME_BYTES else None
    if data is not None:
        name, nul, _ = data.partition(b"\0")
        for family in COMMANDS:
            if family.encode() == name or (not nul and family.encode().startswith(name)):
                scope.seen["family"] = family
                break
    return string(scope, addr, length)


def _command(scope: Scope, addr: int, length: int) -> list[AnyValue] | None:
    """A command of the family that was named."""
    sent, received, unknown = COMMANDS[scope.seen.get("family", CONTROL)]
    return Choice(Enum(received if scope.c.exiting else sent, unknown=unknown), 4)(scope, addr, length)


S64 = Scalar(8, "d", True)
Operation = Attributes(
    "genl_ctrl_attr_op",
    "CTRL_ATTR_OP_???",
    {
        "CTRL_ATTR_OP_ID": _command,
        "CTRL_ATTR_OP_FLAGS": Choice(Flags("genl_ctrl_attr_op_flags", unknown="GENL_???"), 4),
    },
)
Group = Attributes(
    "genl_ctrl_attr_mcast_grp",
    "CTRL_ATTR_MCAST_GRP_???",
    {"CTRL_ATTR_MCAST_GRP_NAME": string, "CTRL_ATTR_MCAST_GRP_ID": X32},
)
Policy = Attributes(
    "nl_policy_type_attr",
    "NL_POLICY_TYPE_ATTR_???",
    {
        "NL_POLICY_TYPE_ATTR_TYPE": Choice(Enum("nl_attr_type", unknown="NL_ATTR_TYPE_???"), 4),
        "NL_POLICY_TYPE_ATTR_MIN_VALUE_S": S64,
        "NL_POLICY_TYPE_ATTR_MAX_VALUE_S": S64,
        "NL_POLICY_TYPE_ATTR_MIN_VALUE_U": U64,
        "NL_POLICY_TYPE_ATTR_MAX_VALUE_U": U64,
        "NL_POLICY_TYPE_ATTR_MIN_LENGTH": U32,
        "NL_POLICY_TYPE_ATTR_MAX_LENGTH": U32,
        "NL_POLICY_TYPE_ATTR_POLICY_IDX": X32,
        "NL_POLICY_TYPE_ATTR_POLICY_MAXTYPE": X32,
        "NL_POLICY_TYPE_ATTR_BITFIELD32_MASK": X32,
        "NL_POLICY_TYPE_ATTR_MASK": X64,
    },
)
OperationPolicy = Attributes(
    "genl_ctrl_attr_policy", "CTRL_ATTR_POLICY_???", {"CTRL_ATTR_POLICY_DO": U32, "CTRL_ATTR_POLICY_DUMP": U32}
)
ControlAttributes = Attributes(
    "genl_ctrl_attr",
    "CTRL_ATTR_???",
    {
        "CTRL_ATTR_FAMILY_ID": X16,
        "CTRL_ATTR_FAMILY_NAME": _family_name,
        "CTRL_ATTR_VERSION": U32,
        "CTRL_ATTR_HDRSIZE": U32,
        "CTRL_ATTR_MAXATTR": U32,
        "CTRL_ATTR_OPS": Attributes(each=Operation),
        "CTRL_ATTR_MCAST_GROUPS": Attributes(each=Group),
        "CTRL_ATTR_POLICY": Attributes(each=Attributes(each=Policy)),
        "CTRL_ATTR_OP_POLICY": Attributes(each=OperationPolicy),
        "CTRL_ATTR_OP": U32,
    },
)
Plain = Attributes()

# --- messages -------------------------------------------------------------------------------


def _show_header(view: View, command: Enum | None) -> Shown:
    shown = [("cmd", view.show("cmd", command)), *view.fields("version")]
    return [*shown, *view.fields("reserved")] if view.reserved else shown


def _header(command: Enum | None) -> Struct:
    return Struct("struct genlmsghdr", show=lambda view: _show_header(view, command), cmd=X8, version=U8, reserved=X16)


ControlHeader = _header(Enum("genl_ctrl_cmd", unknown="CTRL_CMD_???", size=1))
PlainHeader = _header(None)
HEADERS = {"struct genlmsghdr": "linux/genetlink.h"}


def show_payload(c: Call, header: View, addr: int, length: int) -> list[AnyValue] | None:
    """The payload; None if it is too short for a family's."""
    size = PlainHeader.size(c.abi)
    if length < size:
        return None
    control = c.process.netlink_families().get(header.nlmsg_type) == CONTROL
    shown = (ControlHeader if control else PlainHeader).at(c, addr)
    if length == size or not isinstance(shown, values.Struct):
        return [shown]
    attributes = ControlAttributes if control else Plain
    return [shown, attributes.show(Scope(c), addr + size, length - size)]
