# SPDX-License-Identifier: BSD-2-Clause
"""Performance events: starting and stopping them, filters, outputs, attached programs.

Source: perf_event_open(2), "perf_event ioctl calls"; include/uapi/linux/perf_event.h.
"""

from __future__ import annotations

from trapgate.calls.call import Call
from trapgate.calls.memory import Array, In, Indirect, Out, Str, Struct
from trapgate.calls.requests import EXIT, Case, Followed, Staged, Stages, each, look
from trapgate.calls.structs_perf import Attr, fetch_attr, show_attr
from trapgate.calls.types import U32, U64, Fd, Flags, Int, Type, ULong
from trapgate.model import values
from trapgate.model.values import MORE, AnyValue

HEADERS = {"struct perf_event_query_bpf": "linux/perf_event.h"}

Query = Struct("struct perf_event_query_bpf", ids_len=U32, prog_cnt=U32)


def tell_query(c: Call, addr: int) -> Stages:
    """Room for how many ids, then how many programs there are, and their ids."""
    asked = c.fetch(addr, 4)  # the rest may lie beyond what is mapped
    if asked is None:
        return c.address(addr)
    shown: list[tuple[str | None, AnyValue]] = [("ids_len", U32.load(c, asked, 0))]
    yield EXIT
    answer = look(c, Query, addr)
    if answer is None:
        return values.Struct([*shown, (None, MORE)])
    ids = Array(U32, answer.prog_cnt).at(c, addr + Query.size(c.abi))
    return values.Struct([*shown, *answer.fields("prog_cnt"), ("ids", ids)])


def tell_attributes(c: Call, addr: int) -> Stages:
    """struct perf_event_attr, of whatever size the program gives it."""
    data = fetch_attr(c, addr)
    return c.address(addr) if data is None else show_attr(c, addr, data)
    yield EXIT


REQUESTS: dict[str, Type | Case | None] = {
    **each("PERF_EVENT_IOC_ENABLE PERF_EVENT_IOC_DISABLE PERF_EVENT_IOC_RESET", Flags("perf_ioctl_flags")),
    "PERF_EVENT_IOC_REFRESH": Int,
    "PERF_EVENT_IOC_PERIOD": In(Indirect(U64)),
    **each("PERF_EVENT_IOC_SET_OUTPUT PERF_EVENT_IOC_SET_BPF", Fd),
    "PERF_EVENT_IOC_PAUSE_OUTPUT": ULong,
    "PERF_EVENT_IOC_SET_FILTER": In(Str()),
    "PERF_EVENT_IOC_ID": Out(Indirect(U64)),
    "PERF_EVENT_IOC_QUERY_BPF": Staged(Followed(Query, 256), tell_query),
    "PERF_EVENT_IOC_MODIFY_ATTRIBUTES": Staged(Attr, tell_attributes),
}
