# SPDX-License-Identifier: BSD-2-Clause
"""perf_event_open: a counter or a source of samples. Source: perf_event_open(2), include/uapi/linux/perf_event.h."""

from __future__ import annotations

from collections.abc import Iterator

from trapgate.calls.call import Call
from trapgate.calls.describe import EXIT, Yield, decoder
from trapgate.calls.memory import In
from trapgate.calls.structs_perf import Attr, fetch_attr, show_attr
from trapgate.calls.types import Fd, Flags, Int, truncate

OpenFlags = Flags("perf_event_open_flags", unknown="PERF_FLAG_???", size="kernel")


@decoder("perf_event_open", attr=In(Attr), pid=Int, cpu=Int, group_fd=Fd, flags=OpenFlags, returns=Fd)
def _open(c: Call) -> Iterator[Yield]:
    """By hand because the kernel writes into the attributes, but only if it refuses their size."""
    addr = truncate(c.args[0], c.abi.word, False)
    data = fetch_attr(c, addr)
    if data is None:
        yield "attr", c.address(addr)
    else:
        yield EXIT
        yield "attr", show_attr(c, addr, data)
    yield "pid", Int.value(c, c.args[1])
    yield "cpu", Int.value(c, c.args[2])
    yield "group_fd", Fd.value(c, c.args[3])
    yield "flags", OpenFlags.value(c, c.args[4])
