# SPDX-License-Identifier: BSD-2-Clause
"""The kernel's asynchronous input/output: io_setup, io_submit, io_getevents and their sisters.

Source: io_submit(2), io_getevents(2); include/uapi/linux/aio_abi.h.
"""

from __future__ import annotations

from collections.abc import Callable

from trapgate.calls.call import Call
from trapgate.calls.describe import call
from trapgate.calls.ioprio import Priority
from trapgate.calls.memory import RESULT, Always, Array, In, Indirect, Out, Shown, Struct, View
from trapgate.calls.structs_iovec import Iovecs
from trapgate.calls.structs_signal import SizedSignalSet
from trapgate.calls.structs_time import Timespec, Timespec64
from trapgate.calls.types import (
    S16,
    S64,
    U32,
    U64,
    X32,
    X64,
    Addr,
    Enum,
    Fd,
    Flags,
    Long,
    UInt,
)
from trapgate.model.values import AnyValue

HEADERS = {"struct iocb": "linux/aio_abi.h", "struct io_event": "linux/aio_abi.h"}

PREAD, PWRITE, POLL, PREADV, PWRITEV = 0, 1, 5, 7, 8
RESFD, IOPRIO = 1, 2


def _header(view: View) -> list[tuple[str | None, AnyValue]]:
    """What all requests have: the members before those that hang on the operation."""
    flags = view.aio_flags
    shown = view.fields("aio_data")
    shown += view.fields("aio_key") if view.aio_key else []
    shown += view.fields("aio_rw_flags") if view.aio_rw_flags else []
    shown += view.fields("aio_lio_opcode")
    if flags & IOPRIO:
        shown.append(("aio_reqprio", view.show("aio_reqprio", Priority(2, "x"))))
    elif view.aio_reqprio:
        shown += view.fields("aio_reqprio")
    return [*shown, ("aio_fildes", view.show("aio_fildes", Fd))]


def _footer(view: View) -> list[tuple[str | None, AnyValue]]:
    shown = view.fields("aio_flags") if view.aio_flags else []
    if view.aio_flags & RESFD:
        return [*shown, ("aio_resfd", view.show("aio_resfd", Fd))]
    return shown + (view.fields("aio_resfd") if view.aio_resfd else [])


def _show_request(view: View) -> Shown:
    c, operation, shown = view.call, view.aio_lio_opcode, _header(view)
    size = view.aio_nbytes
    if operation in (PREAD, PWRITE):
        follow = operation == PWRITE and size < 1 << 63
        shown.append(("aio_buf", c.buffer(view.aio_buf, size) if follow else view.show("aio_buf")))
        return shown + view.fields("aio_nbytes", "aio_offset") + _footer(view)
    if operation in (PREADV, PWRITEV):
        if size < 1 << 63:
            shown.append(("aio_buf", Iovecs(size, follow=operation == PWRITEV).at(c, view.aio_buf)))
        else:
            shown += view.fields("aio_buf", "aio_nbytes")
        return shown + view.fields("aio_offset") + _footer(view)
    if operation == POLL:
        return [*shown, ("aio_buf", view.show("aio_buf", Flags("pollflags", size=8))), *_footer(view)]
    return shown


def _iocb(show: Callable[[View], Shown]) -> Struct:
    return Struct(
        "struct iocb",
        show=show,
        aio_data=X64,
        aio_key=U32,
        aio_rw_flags=Flags("rwf_flags"),
        aio_lio_opcode=Enum("aio_cmds", size=2, base="u"),
        aio_reqprio=S16,
        aio_fildes=U32,
        aio_buf=X64,
        aio_nbytes=U64,
        aio_offset=S64,
        _aio_reserved2=U64,
        aio_flags=Flags("aio_iocb_flags"),
        aio_resfd=X32,
    )


Request = _iocb(_show_request)
RequestHeader = _iocb(_header)
IoEvent = Struct("struct io_event", data=X64, obj=X64, res=S64, res2=S64)


class Requests(Array):
    """io_submit's array of pointers; a negative count leaves it unread."""

    def at(self, c: Call, addr: int) -> AnyValue:
        return c.address(addr) if Long.number(c, c.word("nr")) < 0 else super().at(c, addr)


call("io_setup", nr_events=UInt, ctx_idp=Out(Indirect(Addr)), classes="memory")
call("io_destroy", ctx_id=Addr, classes="memory")
call("io_submit", ctx_id=Addr, nr=Long, iocbpp=In(Requests(In(Request), "nr")))
call("io_cancel", ctx_id=Addr, iocb=In(RequestHeader), result=Out(IoEvent))

Got = Out(Array(IoEvent, RESULT))
call("io_getevents", ctx_id=Addr, min_nr=Long, nr=Long, events=Got, timeout=Always(Timespec))
call(
    "io_pgetevents",
    ctx_id=Addr,
    min_nr=Long,
    nr=Long,
    events=Got,
    timeout=Always(Timespec),
    sig=Always(SizedSignalSet),
)
call(
    "io_pgetevents_time64",
    ctx_id=Addr,
    min_nr=Long,
    nr=Long,
    events=Got,
    timeout=Always(Timespec64),
    sig=Always(SizedSignalSet),
    abis="i386",
)
