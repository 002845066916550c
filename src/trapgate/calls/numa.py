# SPDX-License-Identifier: BSD-2-Clause
"""Memory policy of NUMA machines: on which nodes pages lie, and moving them.

Source: numa(7), set_mempolicy(2), mbind(2), move_pages(2), migrate_pages(2);
``include/uapi/linux/mempolicy.h``, ``get_nodes()`` in ``mm/mempolicy.c`` for the size of masks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trapgate.calls.call import Call
from trapgate.calls.describe import call
from trapgate.calls.errnames import ErrorNumber
from trapgate.calls.memory import Array, In, Indirect, Out
from trapgate.calls.tables import load
from trapgate.calls.types import (
    U64_MASK,
    Addr,
    Enum,
    Flags,
    HexKLong,
    Int,
    KULong,
    Named,
    PaddedHex,
    Tgid,
    Type,
    format_int,
    show_flags,
    split_flags,
    styled,
    truncate,
)
from trapgate.model.abi import Abi
from trapgate.model.values import AnyValue

if TYPE_CHECKING:
    from trapgate.calls.plan import Planner

MODE_FLAGS = 0xE000
"""MPOL_F_STATIC_NODES, MPOL_F_RELATIVE_NODES, MPOL_F_NUMA_BALANCING."""


class NodeMask(Type):
    """A set of nodes in words of the ABI, of which the parameter ``maxnode`` says how many bits count, plus one."""

    def at(self, c: Call, addr: int) -> AnyValue:
        bits, given = 8 * c.abi.word, truncate(c.word("maxnode"), c.abi.register, False)
        words = (given + bits - 2 & U64_MASK) // bits
        if words < given // bits or (given and not words):
            return c.address(addr)
        return Array(PaddedHex("long"), words).at(c, addr)

    def plan(self, p: Planner) -> None:
        p.bits("maxnode", p.abi.word * (p.string_limit + 1))
        p.roughly()


class PolicyMode(Named):
    """A policy with its flags: ``MPOL_BIND|MPOL_F_STATIC_NODES``."""

    def __init__(self, size: int | str) -> None:
        super().__init__("mpol_modes", size=size)

    def show(self, value: int, style: str, abi: Abi) -> AnyValue:
        flags, names = value & MODE_FLAGS, load("mpol_mode_flags")
        if not flags:
            return Mode.show(value, style, abi)
        mode = self.lookup(value & ~MODE_FLAGS, abi)
        if mode is None:
            return show_flags(value, style, [names], names.unknown)
        shown = [mode, *split_flags(flags, [names])[0]]
        return styled(style, format_int(value, "x"), "|".join(shown), shown)


Mode = Enum("mpol_modes", unknown="MPOL_???")
NODES = In(NodeMask())

call(
    "mbind",
    addr=Addr,
    len=KULong,
    mode=PolicyMode("kernel"),
    nodemask=NODES,
    maxnode=KULong,
    flags=Flags("mbind_flags", unknown="MPOL_MF_???"),
    classes="memory",
)
call("set_mempolicy", mode=PolicyMode(4), nodemask=NODES, maxnode=KULong, classes="memory")
call(
    "get_mempolicy",
    mode=Out(Indirect(Mode)),
    nodemask=Out(NodeMask(), anyway=True),
    maxnode=KULong,
    addr=Addr,
    flags=Flags("get_mempolicy_flags", unknown="MPOL_F_???", size="kernel"),
    classes="memory",
)
call("set_mempolicy_home_node", start=Addr, len=KULong, home_node=KULong, flags=HexKLong, classes="memory")
call("migrate_pages", pid=Tgid, maxnode=KULong, old_nodes=NODES, new_nodes=NODES, classes="memory")
call(
    "move_pages",
    pid=Tgid,
    count=KULong,
    pages=In(Array(Addr, "count")),
    nodes=In(Array(Int, "count")),
    status=Out(Array(ErrorNumber(negated=True), "count"), anyway=True),
    flags=Flags("move_pages_flags", unknown="MPOL_MF_???"),
    classes="memory",
)
