# SPDX-License-Identifier: BSD-2-Clause
"""Files as ranges of bytes: positions, lengths, advice, what is on disk, copies between descriptors.

Source: lseek(2), truncate(2), fallocate(2), posix_fadvise(2), sync(2), sync_file_range(2),
cachestat(2), sendfile(2), splice(2), copy_file_range(2).
"""

from __future__ import annotations

from trapgate.calls.call import Call
from trapgate.calls.describe import call
from trapgate.calls.memory import In, Indirect, InOut, Out, Path, Struct
from trapgate.calls.structs_iovec import Iovecs
from trapgate.calls.types import (
    S64,
    U64,
    X32,
    X64,
    Enum,
    Fd,
    Flags,
    HighFirst,
    KLong,
    KULong,
    Offset64,
    Scalar,
    Size,
    UInt,
    Unsigned64,
)
from trapgate.model.values import Address, AnyValue, Change, Joined

HEADERS = {"struct cachestat": "linux/mman.h", "struct cachestat_range": "linux/mman.h"}

Whence = Enum("whence_codes")
call("lseek", fd=Fd, offset=KLong, whence=Whence)
call("_llseek", fd=Fd, offset=HighFirst(8, "d", True), result=Out(Indirect(U64)), whence=Whence, abis="i386")

call("truncate", path=Path, length=KULong)
call("ftruncate", fd=Fd, length=KULong)
call("truncate64", path=Path, length=Unsigned64, abis="i386")
call("ftruncate64", fd=Fd, length=Unsigned64, abis="i386")

Advice = Enum("advise")
call("fallocate", fd=Fd, mode=Flags("falloc_flags"), offset=Offset64, len=Offset64)
call("fadvise64", fd=Fd, offset=Offset64, len=Size, advice=Advice)
call("fadvise64_64", fd=Fd, offset=Offset64, len=Offset64, advice=Advice, abis="i386")
call("readahead", fd=Fd, offset=Offset64, count=Size)

call("sync")
call("fsync fdatasync syncfs", fd=Fd)
call("sync_file_range", fd=Fd, offset=Offset64, nbytes=Offset64, flags=Flags("sync_file_range_flags"))

CachestatRange = Struct("struct cachestat_range", off=X64, len=U64)
Cachestat = Struct(
    "struct cachestat",
    nr_cache=U64,
    nr_dirty=U64,
    nr_writeback=U64,
    nr_evicted=U64,
    nr_recently_evicted=U64,
)
call("cachestat", fd=Fd, cstat_range=In(CachestatRange), cstat=Out(Cachestat), flags=X32)


# --- copies between descriptors ---------------------------------------------------------


class MovedOffset(InOut):
    """Where sendfile reads, and where it has come to: ``[0 => 4096]``."""

    def __init__(self, kind: Scalar) -> None:
        super().__init__(kind)

    def decode(self, c: Call, word: int) -> AnyValue | None:
        value = super().decode(c, word)
        moved = c.exiting and c.result > 0 and c.word("count") != 0
        return value if value is None or isinstance(value, Address) or moved else Joined("[", value, "]")

    def join(self, before: AnyValue, after: AnyValue | None) -> AnyValue:
        if after is None or isinstance(before, Address) or isinstance(after, (Address, Joined)):
            return before
        return Joined("[", Change(before.parts[1], after), "]") if isinstance(before, Joined) else before


call("sendfile", out_fd=Fd, in_fd=Fd, offset=MovedOffset(KULong), count=Size, classes="network")
call("sendfile64", out_fd=Fd, in_fd=Fd, offset=MovedOffset(U64), count=Size, classes="network", abis="i386")

SpliceFlags = Flags("splice_flags")
OffsetIn = In(Indirect(S64))
call("splice", fd_in=Fd, off_in=OffsetIn, fd_out=Fd, off_out=OffsetIn, len=Size, flags=SpliceFlags)
call("tee", fd_in=Fd, fd_out=Fd, len=Size, flags=SpliceFlags)
call("vmsplice", fd=Fd, iov=In(Iovecs("nr_segs")), nr_segs=Size, flags=SpliceFlags)
call("copy_file_range", fd_in=Fd, off_in=OffsetIn, fd_out=Fd, off_out=OffsetIn, len=Size, flags=UInt)
