# SPDX-License-Identifier: BSD-2-Clause
"""Block devices: sizes, read-ahead, discarding, partitions, tracing.

Source: include/uapi/linux/fs.h, blkpg.h, blktrace_api.h, blkzoned.h; Documentation/userspace-api/ioctl.
"""

from __future__ import annotations

from trapgate.calls.memory import CharArray, Fixed, In, Indirect, Out, Struct
from trapgate.calls.requests import Case, Exchange, each
from trapgate.calls.types import S64, U16, U32, U64, Enum, Int, Long, Tgid, Type, UInt, ULong

HEADERS = {
    "struct blkpg_ioctl_arg": "linux/blkpg.h",
    "struct blkpg_partition": "linux/blkpg.h",
    "struct blk_user_trace_setup": "linux/blktrace_api.h",
}

Partition = Struct(
    "struct blkpg_partition", start=S64, length=S64, pno=Int, devname=CharArray(64), volname=CharArray(64)
)
PartitionRequest = Struct("struct blkpg_ioctl_arg", op=Enum("blkpg_ops"), flags=Int, datalen=Int, data=In(Partition))
Trace = Struct(
    "struct blk_user_trace_setup",
    name=CharArray(32),
    act_mask=U16,
    buf_size=U32,
    buf_nr=U32,
    start_lba=U64,
    end_lba=U64,
    pid=Tgid,
)
Number = Indirect(Int)
Pair = Fixed(U64, 2, whole=True)

REQUESTS: dict[str, Type | Case | None] = {
    **each("BLKRASET BLKFRASET", ULong),
    **each("BLKSECTGET BLKROTATIONAL", Out(Indirect(U16))),
    **each("BLKROGET BLKBSZGET BLKSSZGET BLKALIGNOFF", Out(Number)),
    **each("BLKROSET BLKBSZSET", In(Number)),
    **each("BLKPBSZGET BLKIOMIN BLKIOOPT BLKDISCARDZEROES BLKGETZONESZ BLKGETNRZONES", Out(Indirect(UInt))),
    **each("BLKRAGET BLKFRAGET", Out(Indirect(Long))),
    "BLKGETSIZE": Out(Indirect(ULong)),
    **each("BLKGETSIZE64 BLKGETDISKSEQ", Out(Indirect(U64))),
    **each("BLKDISCARD BLKSECDISCARD BLKZEROOUT", In(Pair)),
    "BLKPG": In(PartitionRequest),
    "BLKTRACESETUP": Exchange(Trace, "act_mask buf_size buf_nr start_lba end_lba pid", "name"),
    **each("BLKRRPART BLKFLSBUF BLKTRACESTART BLKTRACESTOP BLKTRACETEARDOWN", None),
}
