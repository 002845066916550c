# SPDX-License-Identifier: BSD-2-Clause
"""Counting by bpf: the kernel counts and times each call where it happens, and sends nothing.

`BpfCount(by=…)` loads the programs; `spawn` or `attach*` (see `BpfPrograms`) say whose calls count; `read`
gives the table so far, at any time.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping

from trapgate.model.counts import BUCKETS, GROUPS, CallCount
from trapgate.sources.bpf import BpfPrograms, Config

__all__ = ("BpfCount",)

ROWS_PER_ABI, ABI_COUNT = 640, 4
KEY = struct.Struct("=II16s")
COUNT = struct.Struct(f"=5Q{BUCKETS}I")


class BpfCount(BpfPrograms):
    """Counts calls in the kernel, in groups by `by` (one of GROUPS).

    At most `rows` different rows are kept when grouped; calls beyond are counted as lost.
    Raises CannotTraceError as `Bpf` does.
    """

    programs = ("sched_process_fork", "sched_process_exec", "sched_process_exit", "sys_exit", "sys_enter")

    def __init__(
        self, *, by: str = "call", wanted: Mapping[int, bytes] | None = None, follow: bool = True, rows: int = 16384
    ) -> None:
        from trapgate.sources.libbpf import cpu_count

        super().__init__("count")
        self.by = by
        self._cpus = cpu_count()
        self.object.resize("groups", rows)
        self.load(Config(wanted, follow, 1 << 16, GROUPS.index(by)))

    def read(self) -> list[CallCount]:
        """The rows so far, in no order."""
        rows = [self._parse_group(*item) for item in self.object.items("groups", KEY.size)]
        if self.by != "call":
            return rows
        calls = self.object.elements("calls", ROWS_PER_ABI * ABI_COUNT, self._cpus)
        return rows + [_add_cpus(CallCount(i // ROWS_PER_ABI + 1, i % ROWS_PER_ABI), value) for i, value in calls]

    def _parse_group(self, key: bytes, value: bytes) -> CallCount:
        abi, nr, group = KEY.unpack(key)
        row = CallCount(abi, nr if nr < 1 << 31 else nr - (1 << 32))
        if self.by == "comm":
            row.group = group.split(b"\0")[0].decode("utf-8", "backslashreplace")
        elif self.by != "call":
            row.group = int.from_bytes(group[:8], "little")
        return _add_cpus(row, value)


def _add_cpus(row: CallCount, value: bytes) -> CallCount:
    """`row` with what each CPU counted."""
    for start in range(0, len(value), COUNT.size):
        calls, errors, total, longest, unfinished, *buckets = COUNT.unpack_from(value, start)
        if calls or unfinished:
            row.merge(CallCount(0, 0, None, calls, errors, total, longest, unfinished, buckets))
    return row
