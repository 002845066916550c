# SPDX-License-Identifier: BSD-2-Clause
"""Landlock: rulesets that a thread makes and shuts itself into. Source: landlock(7), include/uapi/linux/landlock.h."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trapgate.calls.call import Call
from trapgate.calls.describe import call
from trapgate.calls.memory import In, Struct, View, length_of
from trapgate.calls.types import U64, X32, Enum, Fd, Flags, Int, Size, Switch, Type
from trapgate.model import values
from trapgate.model.values import MORE, AnyValue

if TYPE_CHECKING:
    from trapgate.calls.plan import Planner

AccessFs = Flags("landlock_ruleset_access_fs", unknown="LANDLOCK_ACCESS_FS_???", size=8)
AccessNet = Flags("landlock_ruleset_access_net", unknown="LANDLOCK_ACCESS_NET_???", size=8)
Scopes = Flags("landlock_scope_flags", unknown="LANDLOCK_SCOPE_???", size=8)

Ruleset = Struct(
    "struct landlock_ruleset_attr",
    handled_access_fs=AccessFs,
    handled_access_net=AccessNet,
    scoped=Scopes,
    quiet_access_fs=AccessFs,
    quiet_access_net=AccessNet,
    quiet_scoped=Scopes,
)
PathBeneath = Struct("struct landlock_path_beneath_attr", packed=True, allowed_access=AccessFs, parent_fd=Fd)
NetPort = Struct("struct landlock_net_port_attr", allowed_access=AccessNet, port=U64)
HEADERS = dict.fromkeys((s.c_name for s in (Ruleset, PathBeneath, NetPort)), "linux/landlock.h")


class SizedRuleset(Type):
    """The members of the ruleset that begin within ``size`` bytes; ``...`` for bytes behind the last known one."""

    def at(self, c: Call, addr: int) -> AnyValue:
        given, known = length_of(c, "size"), Ruleset.size(c.abi)
        data = c.fetch(addr, min(given, known)) if given >= AccessFs.size(c.abi) else None
        if data is None:
            return c.address(addr)
        view = View(c, data.ljust(known, b"\0"), 0, Ruleset)
        shown = view.fields(*[name for name, (offset, _) in Ruleset.layout(c.abi)[0].items() if offset < given])
        return values.Struct([*shown, (None, MORE)] if given > known else shown)

    def plan(self, p: Planner) -> None:
        p.bytes("size", limit=Ruleset.size(p.abi))


class RulesetResult(Type):
    """The ruleset's descriptor; a plain number when the flags ask for a version or for errata."""

    def decode(self, c: Call, word: int) -> AnyValue | None:
        return (Int if c.u32(2) & 3 else Fd).decode(c, word)


call(
    "landlock_create_ruleset",
    attr=In(SizedRuleset()),
    size=Size,
    flags=Flags("landlock_create_ruleset_flags", unknown="LANDLOCK_CREATE_RULESET_???"),
    returns=RulesetResult(),
    classes="desc",
)
call(
    "landlock_add_rule",
    ruleset_fd=Fd,
    rule_type=Enum("landlock_rule_types", unknown="LANDLOCK_RULE_???"),
    rule_attr=Switch(
        "rule_type", {"LANDLOCK_RULE_PATH_BENEATH": In(PathBeneath), "LANDLOCK_RULE_NET_PORT": In(NetPort)}
    ),
    flags=Flags("landlock_add_rule_flags", unknown="LANDLOCK_ADD_RULE_???"),
)
call("landlock_restrict_self", ruleset_fd=Fd, flags=X32)
