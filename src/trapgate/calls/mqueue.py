# SPDX-License-Identifier: BSD-2-Clause
"""POSIX message queues.

Source: mq_overview(7), mq_open(2); include/uapi/linux/mqueue.h.
"""

from __future__ import annotations

from trapgate.calls.call import Call
from trapgate.calls.describe import call
from trapgate.calls.memory import RESULT, Always, Bytes, In, Indirect, Out, Path, Struct
from trapgate.calls.structs_file import O_CREAT, OpenMode
from trapgate.calls.structs_sigevent import SigEvent
from trapgate.calls.structs_time import Timespec, Timespec64
from trapgate.calls.types import Fd, Flags, KLong, KULong, Mode, OnlyIf, Scalar, Type, UInt

ATTRIBUTES = {"i386": 32, "x86_64": 64, "x32": 64, "aarch64": 64}
"""sizeof(struct mq_attr), of which the second half is reserved."""


def _attributes(flags: Type) -> Struct:
    return Struct(
        "struct mq_attr", size_of=ATTRIBUTES, mq_flags=flags, mq_maxmsg=KLong, mq_msgsize=KLong, mq_curmsgs=KLong
    )


MqAttr = _attributes(Flags("mq_attr_flags", size="kernel"))
NewMqAttr = _attributes(Scalar("kernel", "x"))
HEADERS = {"struct mq_attr": "linux/mqueue.h"}


def _creates(c: Call) -> bool:
    return bool(c.u32(1) & O_CREAT)


call(
    "mq_open",
    name=Path,
    flags=OpenMode,
    mode=OnlyIf(_creates, Mode),
    attr=OnlyIf(_creates, In(NewMqAttr)),
    returns=Fd,
    classes="desc -file",
)
call("mq_unlink", name=Path, classes="-file")
call("mq_notify", mqdes=Fd, sevp=In(SigEvent))
call("mq_getsetattr", mqdes=Fd, newattr=In(MqAttr), oldattr=Out(MqAttr))


def _timed(suffix: str, time: Type, abis: str | None) -> None:
    call(
        f"mq_timedsend{suffix}",
        mqdes=Fd,
        msg_ptr=In(Bytes("msg_len")),
        msg_len=KULong,
        msg_prio=UInt,
        abs_timeout=In(time),
        abis=abis,
    )
    call(
        f"mq_timedreceive{suffix}",
        mqdes=Fd,
        msg_ptr=Out(Bytes(RESULT)),
        msg_len=KULong,
        msg_prio=Out(Indirect(UInt)),
        abs_timeout=Always(time),
        abis=abis,
    )


_timed("", Timespec, None)
_timed("_time64", Timespec64, "i386")
