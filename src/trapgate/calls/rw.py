# SPDX-License-Identifier: BSD-2-Clause
"""Reading and writing descriptors: read, write, their positioned and vectored forms, other processes' memory.

Source: read(2), write(2), readv(2), process_vm_readv(2); ``fs/read_write.c`` for the order of
split offsets, of which 64-bit programs pass the second half as a word without meaning.
"""

from __future__ import annotations

from trapgate.calls.describe import call
from trapgate.calls.memory import RESULT, Bytes, In, Out
from trapgate.calls.structs_iovec import Iovecs
from trapgate.calls.types import Fd, Flags, Offset64, Size, Tgid, Unused

ReadVectors = Out(Iovecs("iovcnt", upto=RESULT), anyway=True)
WriteVectors = In(Iovecs("iovcnt"))
ReadWriteFlags = Flags("rwf_flags")

call("read", fd=Fd, buf=Out(Bytes(RESULT)), count=Size)
call("write", fd=Fd, buf=In(Bytes("count")), count=Size)
call("pread64", fd=Fd, buf=Out(Bytes(RESULT)), count=Size, offset=Offset64)
call("pwrite64", fd=Fd, buf=In(Bytes("count")), count=Size, offset=Offset64)

call("readv", fd=Fd, iov=ReadVectors, iovcnt=Size)
call("writev", fd=Fd, iov=WriteVectors, iovcnt=Size)
call("preadv", fd=Fd, iov=ReadVectors, iovcnt=Size, offset=Offset64)
call("pwritev", fd=Fd, iov=WriteVectors, iovcnt=Size, offset=Offset64)
call("preadv2", fd=Fd, iov=ReadVectors, iovcnt=Size, offset=Offset64, flags=ReadWriteFlags, abis="i386 x32")
call("pwritev2", fd=Fd, iov=WriteVectors, iovcnt=Size, offset=Offset64, flags=ReadWriteFlags, abis="i386 x32")
call(
    "preadv2",
    fd=Fd,
    iov=ReadVectors,
    iovcnt=Size,
    offset=Offset64,
    pos_h=Unused,
    flags=ReadWriteFlags,
    abis="x86_64 aarch64",
)
call(
    "pwritev2",
    fd=Fd,
    iov=WriteVectors,
    iovcnt=Size,
    offset=Offset64,
    pos_h=Unused,
    flags=ReadWriteFlags,
    abis="x86_64 aarch64",
)

call(
    "process_vm_readv",
    pid=Tgid,
    local_iov=Out(Iovecs("liovcnt", upto=RESULT), anyway=True),
    liovcnt=Size,
    remote_iov=In(Iovecs("riovcnt", follow=False)),
    riovcnt=Size,
    flags=Size,
)
call(
    "process_vm_writev",
    pid=Tgid,
    local_iov=In(Iovecs("liovcnt")),
    liovcnt=Size,
    remote_iov=In(Iovecs("riovcnt", follow=False)),
    riovcnt=Size,
    flags=Size,
)
