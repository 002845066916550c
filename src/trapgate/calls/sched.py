# SPDX-License-Identifier: BSD-2-Clause
"""Scheduling: policies, parameters, affinity, priorities, limits and use of resources.

Source: sched(7), sched_setattr(2), sched_setaffinity(2), getpriority(2), getrlimit(2),
getrusage(2); ``include/uapi/linux/sched/types.h``.
"""

from __future__ import annotations

from collections.abc import Iterator

from trapgate.calls import tables
from trapgate.calls.call import Call, Options
from trapgate.calls.describe import EXIT, Yield, call, decoder
from trapgate.calls.memory import RESULT, In, Indirect, Out, Struct
from trapgate.calls.structs_cpu import CpuMask
from trapgate.calls.structs_time import Timespec, Timespec64, Timeval
from trapgate.calls.types import (
    U32,
    U64,
    X32,
    Addr,
    Enum,
    Flags,
    Int,
    Named,
    Pgid,
    Scalar,
    Switch,
    Tgid,
    Type,
    UInt,
    ULong,
    format_int,
    with_remark,
)
from trapgate.model.abi import Abi
from trapgate.model.values import MORE, AnyValue, Change, Joined, Number, Symbol, remark
from trapgate.model.values import Struct as StructValue

RESET_ON_FORK, NEGATIVE = 0x40000000, 0x80000000
ATTR_VER0, ATTR_VER1 = 48, 56
KEEP_POLICY, KEEP_PARAMS = 8, 0x10

# --- policies -------------------------------------------------------------------------------


def policy_name(policy: int) -> str | None:
    """``SCHED_FIFO``, ``SCHED_RESET_ON_FORK|SCHED_OTHER``; None if the policy has no name, as negative ones."""
    if policy & NEGATIVE:
        return None
    name = tables.load("schedulers").by_value.get(policy & ~RESET_ON_FORK)
    if policy & RESET_ON_FORK:
        return f"SCHED_RESET_ON_FORK|{name or format_int(policy & ~RESET_ON_FORK, 'x')}"
    return name


class Policy(Named):
    """A scheduling policy, which may carry SCHED_RESET_ON_FORK."""

    def __init__(self) -> None:
        super().__init__("schedulers")

    def show(self, value: int, style: str, abi: Abi) -> AnyValue:
        name = policy_name(value)
        if style == "raw":
            return Number(format_int(value, "x"), value)
        if name is None:
            return with_remark(format_int(value, "x"), "SCHED_???", value)
        return Symbol(name, name) if style == "abbrev" else with_remark(format_int(value, "x"), name, name)


class PolicyResult(Scalar):
    """The policy as a result: a number with its name behind it."""

    def __init__(self) -> None:
        super().__init__("kernel", "x")

    def is_pure(self, options: Options) -> bool:
        return False

    def decode(self, c: Call, word: int) -> AnyValue | None:
        c.note = policy_name(self.number(c, word))
        return super().decode(c, word)


SchedParam = Struct("struct sched_param", sched_priority=Int)
PolicyNumber = Enum("schedulers", unknown="SCHED_???")

call("sched_getscheduler", pid=Tgid, returns=PolicyResult())
call("sched_setscheduler", pid=Tgid, policy=Policy(), param=In(SchedParam))
call("sched_getparam", pid=Tgid, param=Out(SchedParam))
call("sched_setparam", pid=Tgid, param=In(SchedParam))
call("sched_get_priority_min sched_get_priority_max", policy=PolicyNumber)
call("sched_rr_get_interval", pid=Tgid, tp=Out(Timespec))
call("sched_rr_get_interval_time64", pid=Tgid, tp=Out(Timespec64), abis="i386")
call("sched_yield", classes="")

# --- sched_attr -----------------------------------------------------------------------------

SchedAttr = Struct(
    "struct sched_attr",
    size=U32,
    sched_policy=PolicyNumber,
    sched_flags=Flags("sched_flags", size=8),
    sched_nice=Int,
    sched_priority=U32,
    sched_runtime=U64,
    sched_deadline=U64,
    sched_period=U64,
    sched_util_min=U32,
    sched_util_max=U32,
)


def _show_attr(c: Call, addr: int, given: int, is_set: bool) -> AnyValue:
    """A sched_attr of ``given`` bytes; what is beyond the size the caller names is not there."""
    if is_set:
        size = c.fetch_int(addr)
        if size is None:
            return c.address(addr)
        given = size or ATTR_VER0
    room = min(given, ATTR_VER1)
    data = c.fetch(addr, room if not is_set or room >= ATTR_VER0 else 4)
    if data is None:
        return c.address(addr)
    data = data.ljust(ATTR_VER1, b"\0")
    size = int.from_bytes(data[:4], "little")
    known = room if is_set else size
    fields = _attr_fields(c, data, known, is_set)
    if is_set and given > room:
        fields.append((None, MORE))
    return StructValue(fields)


def _attr_fields(c: Call, data: bytes, known: int, is_set: bool) -> list[tuple[str | None, AnyValue]]:
    placed = SchedAttr.layout(c.abi)[0]

    def show(*names: str) -> list[tuple[str | None, AnyValue]]:
        return [(n, placed[n][1].load(c, data, placed[n][0])) for n in names]

    fields = show("size")
    if known < ATTR_VER0:
        return fields
    flags = int.from_bytes(data[8:16], "little")
    policy_set = bool(data[7] & 0x80) or not flags & (KEEP_POLICY | KEEP_PARAMS)
    fields += show("sched_policy") if not is_set or policy_set else []
    fields += show("sched_flags")
    if not is_set or not flags & KEEP_PARAMS:
        fields += show("sched_nice", "sched_priority", "sched_runtime", "sched_deadline", "sched_period")
    return fields + (show("sched_util_min", "sched_util_max") if known >= ATTR_VER1 else [])


E2BIG = 7


@decoder("sched_setattr", pid=Tgid, attr=In(SchedAttr), flags=X32)
def sched_setattr(c: Call) -> Iterator[Yield]:
    """The kernel writes the size it would have taken back when it refuses a larger one."""
    yield "pid", Tgid.value(c, c.args[0])
    addr = c.args[1] & (1 << 8 * c.abi.word) - 1
    before = _show_attr(c, addr, 0, True)
    yield EXIT
    after = c.peek(addr, 4) if c.error == E2BIG else None
    if after is None:
        yield "attr", before
    else:
        size = int.from_bytes(after, "little")
        yield "attr", Change(before, StructValue([("size", Number(str(size), size))]))
    yield "flags", X32.value(c, c.args[2])


class SchedAttrOut(Type):
    """The sched_attr that sched_getattr fills."""

    def size(self, abi: Abi) -> int:
        return ATTR_VER1

    def at(self, c: Call, addr: int) -> AnyValue:
        size = c.u32(2)
        return _show_attr(c, addr, size, False) if size else c.address(addr)


call("sched_getattr", pid=Tgid, attr=Out(SchedAttrOut()), size=UInt, flags=Flags("sched_getattr_flags"))

# --- affinity -------------------------------------------------------------------------------


call("sched_setaffinity", pid=Tgid, cpusetsize=UInt, mask=In(CpuMask("cpusetsize")))
call("sched_getaffinity", pid=Tgid, cpusetsize=UInt, mask=Out(CpuMask(RESULT)))
call("getcpu", cpu=Out(Indirect(UInt)), node=Out(Indirect(UInt)), tcache=Addr)

# --- priorities and resources ---------------------------------------------------------------

PriorityWhich = Enum("priorities", unknown="PRIO_???")
Who = Switch("which", {"PRIO_PROCESS": Tgid, "PRIO_PGRP": Pgid}, Int)
call("getpriority", which=PriorityWhich, who=Who)
call("setpriority", which=PriorityWhich, who=Who, prio=Int)
call("nice", inc=Int)


class Limit(Scalar):
    """A resource limit: infinity by name, multiples of 1024 as such."""

    def decode(self, c: Call, word: int) -> AnyValue | None:
        value = self.number(c, word)
        size = self.size(c.abi)
        name = ""
        if value == (1 << 8 * size) - 1:
            name = "RLIM64_INFINITY" if size == 8 else "RLIM_INFINITY"
        elif value > 1024 and value % 1024 == 0:
            name = f"{value // 1024}*1024"
        if not name or c.style == "raw":
            return Number(str(value), value)
        if c.style == "verbose":
            return Joined(Number(str(value), value), remark(name))
        return Number(name, value)


RLimit64 = Struct("struct rlimit64", rlim_cur=Limit(8), rlim_max=Limit(8))
RLimit = Struct("struct rlimit", rlim_cur=Limit("kernel"), rlim_max=Limit("kernel"))
Resource = Enum("resources", unknown="RLIMIT_???")

call("getrlimit ugetrlimit", resource=Resource, rlim=Out(RLimit))
call("setrlimit", resource=Resource, rlim=In(RLimit))
call("prlimit64", pid=Tgid, resource=Resource, new_limit=In(RLimit64), old_limit=Out(RLimit64))

RUsage = Struct(
    "struct rusage",
    brief=("ru_utime", "ru_stime"),
    ru_utime=Timeval,
    ru_stime=Timeval,
    ru_maxrss=ULong,
    ru_ixrss=ULong,
    ru_idrss=ULong,
    ru_isrss=ULong,
    ru_minflt=ULong,
    ru_majflt=ULong,
    ru_nswap=ULong,
    ru_inblock=ULong,
    ru_oublock=ULong,
    ru_msgsnd=ULong,
    ru_msgrcv=ULong,
    ru_nsignals=ULong,
    ru_nvcsw=ULong,
    ru_nivcsw=ULong,
)
HEADERS = {
    "struct rusage": "sys/resource.h",
    "struct sched_param": "sched.h",
    "struct sched_attr": "linux/sched/types.h",
    "struct rlimit": "sys/resource.h",
    "struct rlimit64": "sys/resource.h",
}
call("getrusage", who=Enum("usagewho", unknown="RUSAGE_???"), usage=Out(RUsage))
