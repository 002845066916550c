# SPDX-License-Identifier: BSD-2-Clause
"""NETLINK_NETFILTER: subsystem and message in one number; attributes without names.

Source: include/uapi/linux/netfilter/nfnetlink.h and the subsystems' headers beside it.
"""

from __future__ import annotations

from trapgate.calls import tables
from trapgate.calls.call import Call
from trapgate.calls.memory import Shown, Struct, View
from trapgate.calls.netlink.attributes import Attributes, Scope, align4, decode, hex_bytes
from trapgate.calls.netlink.message import verb_of
from trapgate.calls.structs_net import Family8
from trapgate.calls.types import U16, Enum, format_int, styled
from trapgate.model import values
from trapgate.model.values import AnyValue, Number, Symbol

BATCH = (16, 17)
NFTABLES = 10

Subsystem = Enum("nl_netfilter_subsys_ids", unknown="NFNL_SUBSYS_???")
Control = Enum("nl_netfilter_msg_types", unknown="")

SUBSYSTEMS = {
    1: ("nf_ctnetlink_msg_types", "IPCTNL_MSG_CT_"),
    2: ("nf_ctnetlink_exp_msg_types", "IPCTNL_MSG_EXP_"),
    3: ("nf_queue_msg_types", "NFQNL_MSG_"),
    4: ("nf_ulog_msg_types", "NFULNL_MSG_"),
    5: ("nf_osf_msg_types", "OSF_MSG_"),
    6: ("nf_ipset_msg_types", "IPSET_CMD_"),
    7: ("nf_acct_msg_types", "NFNL_MSG_ACCT_"),
    8: ("nf_cttimeout_msg_types", "IPCTNL_MSG_TIMEOUT_"),
    9: ("nf_cthelper_msg_types", "NFNL_MSG_CTHELPER_"),
    NFTABLES: ("nf_tables_msg_types", "NFT_MSG_"),
    11: ("nf_nft_compat_msg_types", "NFNL_MSG_COMPAT_"),
    12: ("nf_hook_msg_types", "NFNL_MSG_HOOK_"),
}
"""By NFNL_SUBSYS_*: the table of messages and what their names begin with."""
WITH_FLAGS = {1, 2, 7, 8, 9, 10, 11, 12}
"""The subsystems whose messages take the flags of new, get and delete."""
UNKNOWN = {12: "NFT_MSG_HOOK_???"}


def show_type(c: Call, number: int) -> AnyValue:
    """``NFNL_SUBSYS_NFTABLES<<8|NFT_MSG_NEWTABLE``."""
    if Control.lookup(number, c.abi) is not None:
        return Control.value(c, number)
    subsystem, message = number >> 8, number & 0xFF
    known, group = SUBSYSTEMS.get(subsystem), Subsystem.value(c, subsystem)
    if known is None:
        shown: AnyValue = Number(format_int(message, "x"), message)
    else:
        shown = Enum(known[0], unknown=UNKNOWN.get(subsystem, known[1] + "???")).value(c, message)
    return Symbol(f"{group.text}<<8|{shown.text}", [group.data, shown.data])


def find_verb(number: int) -> str:
    """new, get or delete: which flags the message takes."""
    subsystem = number >> 8
    if subsystem not in WITH_FLAGS:
        return ""
    table, prefix = SUBSYSTEMS[subsystem]
    return verb_of(tables.load(table).by_value.get(number & 0xFF), prefix)


def _show_general(view: View, nftables: bool) -> Shown:
    c, given = view.call, view.res_id
    swapped = int.from_bytes(given.to_bytes(2, "little"), "big")
    shown = view.fields("nfgen_family", "version")
    if nftables and NFTABLES in (given, swapped):
        name = "NFNL_SUBSYS_NFTABLES" if given == NFTABLES else "htons(NFNL_SUBSYS_NFTABLES)"
        value = styled(c.style, hex(given), name, "NFNL_SUBSYS_NFTABLES")
    else:
        value = Symbol(f"htons({swapped})", swapped)
    return [*shown, ("res_id", value)]


def _general(nftables: bool) -> Struct:
    return Struct(
        "struct nfgenmsg",
        show=lambda view: _show_general(view, nftables),
        nfgen_family=Family8,
        version=Enum("netfilter_versions", unknown="NFNETLINK_???", size=1),
        res_id=U16,
    )


General = {False: _general(False), True: _general(True)}
Plain = Attributes()
HEADERS = {"struct nfgenmsg": "linux/netfilter/nfnetlink.h"}


def show_payload(c: Call, header: View, addr: int, length: int) -> list[AnyValue] | None:
    """The payload; None if it is too short."""
    number = header.nlmsg_type
    struct = General[number >> 8 == NFTABLES]
    shown = decode(struct, Scope(c), addr, length)
    offset = align4(struct.size(c.abi))
    if shown is None or length <= offset or not isinstance(shown[0], values.Struct):
        return shown
    rest = addr + offset, length - offset
    return [*shown, hex_bytes(c, *rest) if number in BATCH else Plain.show(Scope(c), *rest)]
