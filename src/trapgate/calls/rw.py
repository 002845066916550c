# SPDX-License-Identifier: BSD-2-Clause
"""Reading and writing descriptors: read, write, their positioned and vectored forms.

Source: read(2), write(2), readv(2); ``fs/read_write.c`` for the order of split offsets.
"""

from __future__ import annotations

from trapgate.calls.describe import call
from trapgate.calls.memory import RESULT, Bytes, In, Out
from trapgate.calls.types import Fd, Offset64, Size

call("read", fd=Fd, buf=Out(Bytes(RESULT)), count=Size)
call("write", fd=Fd, buf=In(Bytes("count")), count=Size)
call("pread64", fd=Fd, buf=Out(Bytes(RESULT)), count=Size, pos=Offset64)
call("pwrite64", fd=Fd, buf=In(Bytes("count")), count=Size, pos=Offset64)
