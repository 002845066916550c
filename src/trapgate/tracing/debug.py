# SPDX-License-Identifier: BSD-2-Clause
"""What -d tells: the records of a source, one line each, before anything is made of them."""

from __future__ import annotations

from collections.abc import Iterator

from trapgate import catalog
from trapgate.model.abi import BY_INDEX
from trapgate.model.record import Kind, parse_record


def describe_records(batch: bytes) -> Iterator[str]:
    """A line for each record, and one more for a call that has no name."""
    offset = 0
    while offset < len(batch):
        record, end = parse_record(batch, offset)
        kind = Kind(record.kind)
        yield f"[{kind.name.lower()} pid={record.pid} tid={record.tid} nr={record.nr:#x}] {end - offset} bytes"
        if kind in (Kind.CALL, Kind.ENTER) and record.nr not in catalog.table_names(BY_INDEX[record.abi].name):
            yield f"pid {record.tid} invalid syscall {record.nr % (1 << 64):#x}"
        offset = end
