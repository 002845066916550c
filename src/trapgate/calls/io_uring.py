# SPDX-License-Identifier: BSD-2-Clause
"""io_uring: making rings, entering them, registering with them.

Source: io_uring_setup(2), io_uring_enter(2), io_uring_register(2); include/uapi/linux/io_uring.h.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from trapgate.calls import structs_uring as uring
from trapgate.calls.call import Call
from trapgate.calls.describe import EXIT, Yield, decoder
from trapgate.calls.memory import Array, In, IndexedArray, InOut, Struct, View, is_left_out
from trapgate.calls.structs_cpu import CpuMask
from trapgate.calls.structs_iovec import Iovecs
from trapgate.calls.structs_signal import SignalSet
from trapgate.calls.structs_time import Timespec64
from trapgate.calls.types import (
    U32,
    Addr,
    Enum,
    Fd,
    Flags,
    KULong,
    Type,
    UInt,
    join_flags,
    truncate,
)
from trapgate.model import values
from trapgate.model.values import MORE, AnyValue, Change, List


def _pointer(c: Call, index: int) -> int:
    return truncate(c.args[index], c.abi.word, False)


# --- making and entering --------------------------------------------------------------------

ATTACH_WQ = 1 << 5


@decoder("io_uring_setup", entries=UInt, params=InOut(uring.Params), returns=Fd, classes="desc")
def _setup(c: Call) -> Iterator[Yield]:
    """By hand because some members go in and others come out."""
    yield "entries", UInt.value(c, c.args[0])
    addr, size = _pointer(c, 1), uring.Params.size(c.abi)
    data = c.fetch(addr, size)
    if data is None:
        yield "params", c.address(addr)
        return
    view = View(c, data, 0, uring.Params)
    shown = view.fields("flags", "sq_thread_cpu", "sq_thread_idle")
    if view.flags & ATTACH_WQ:
        shown += view.fields("wq_fd")
    shown += uring.set_members(view, ["resv"], ("resv",))
    yield EXIT
    data = c.fetch(addr, size)
    if data is not None:
        filled = View(c, data, 0, uring.Params)
        shown += filled.fields("sq_entries", "cq_entries", "features", "sq_off", "cq_off")
    yield "params", values.Struct(shown)


EXT_ARG, EXT_ARG_REG = 1 << 3, 1 << 6


def _show_events_argument(view: View) -> list[uring.Field]:
    c = view.call
    mask = SignalSet(view.sigmask_sz).at(c, view.sigmask) if view.sigmask else c.address(0)
    return [
        ("sigmask", mask),
        *view.fields("sigmask_sz", "min_wait_usec"),
        ("ts", Timespec64.at(c, view.ts)),
    ]


EventsArgument = Struct(
    "struct io_uring_getevents_arg",
    show=_show_events_argument,
    sigmask=uring.Address,
    sigmask_sz=U32,
    min_wait_usec=U32,
    ts=uring.Address,
)


@decoder(
    "io_uring_enter",
    fd=Fd,
    to_submit=UInt,
    min_complete=UInt,
    flags=uring.EnterFlags,
    sigset=In(SignalSet("sigsetsize")),
    sigsetsize=KULong,
    classes="signal",
)
def _enter(c: Call) -> Iterator[Yield]:
    """By hand because the flags decide what the last two arguments are, and are called."""
    yield "fd", Fd.value(c, c.args[0])
    yield "to_submit", UInt.value(c, c.args[1])
    yield "min_complete", UInt.value(c, c.args[2])
    yield "flags", uring.EnterFlags.value(c, c.args[3])
    extended = c.u32(3) & (EXT_ARG | EXT_ARG_REG)
    addr = _pointer(c, 4)
    if extended == EXT_ARG_REG:
        yield "arg", KULong.value(c, c.args[4])
        yield "argsz", KULong.value(c, c.args[5])
    elif extended == EXT_ARG:
        yield "arg", EventsArgument.at(c, addr)
        yield "argsz", KULong.value(c, c.args[5])
    else:
        yield "sigset", SignalSet(KULong.number(c, c.args[5])).at(c, addr)
        yield "sigsetsize", KULong.value(c, c.args[5])


# --- registering ----------------------------------------------------------------------------

Show = Callable[[Call, int, int], AnyValue]
"""Shows what is registered: call, address, number of arguments."""
Way = Callable[[Call, int, int], "Iterator[Yield]"]
"""Yields the argument, and EXIT before it where it is known only then."""


def at_once(show: Show) -> Way:
    """What goes in."""

    def way(c: Call, addr: int, count: int) -> Iterator[Yield]:
        yield "arg", show(c, addr, count)

    return way


def late(kind: Type) -> Way:
    """One of ``kind`` that comes out."""

    def way(c: Call, addr: int, count: int) -> Iterator[Yield]:
        if count == 1:
            yield EXIT
        yield "arg", kind.at(c, addr) if count == 1 else c.address(addr)

    return way


def one(kind: Type, count: int = 1) -> Way:
    """One of ``kind``, of which ``count`` says the number of arguments; else the address."""
    return at_once(lambda c, addr, given: kind.at(c, addr) if given == count else c.address(addr))


def array(kind: Type) -> Way:
    """As many of ``kind`` as there are arguments."""
    return at_once(lambda c, addr, count: Array(kind, 0).elements(c, addr, count))


def resources(kind: Type | None, update: bool) -> Way:
    """Descriptors or buffers with tags; the number of arguments is the structure's size."""
    content = uring.ResourceArray(kind)
    return at_once(lambda c, addr, size: uring.show_resources(c, addr, size, content, update))


def _show_files_update(c: Call, addr: int, count: int) -> AnyValue:
    data = c.fetch(addr, uring.FilesUpdate.size(c.abi))
    if data is None:
        return c.address(addr)
    view = View(c, data, 0, uring.FilesUpdate)
    fds = Array(uring.UpdatedFd(), 0).elements(c, view.fds, count)
    return values.Struct([*uring.set_members(view, ["offset", "resv"], ("resv",)), ("fds", fds)])


MOST_PROBED = 256


def _show_probe(c: Call, data: bytes, count: int) -> AnyValue:
    """What is known of operations: of as many as the kernel tells, when it has been asked."""
    view = View(c, data, 0, uring.Probe)
    told = min(view.ops_len, count) if c.exiting else count
    size, step = uring.Probe.size(c.abi), uring.ProbeOperation.size(c.abi)
    shown = min(told, c.options.string_limit) if c.abbrev else told
    items = [uring.ProbeOperation.load(c, data, size + i * step) for i in range(shown)]
    if shown < told or (c.exiting and count < view.ops_len):
        items.append(MORE)
    head = uring.Probe.view_value(view)
    assert isinstance(head, values.Struct)
    return values.Struct([*head.fields, ("ops", List(items))])


def probe(c: Call, addr: int, count: int) -> Iterator[Yield]:
    """A structure that should be all zero, and is filled."""
    size = uring.Probe.size(c.abi) + uring.ProbeOperation.size(c.abi) * count
    data = c.fetch(addr, size) if count <= MOST_PROBED else None
    if data is None:
        yield "arg", c.address(addr)
        return
    before = _show_probe(c, data, count) if any(data) else None
    yield EXIT
    data = c.fetch(addr, size)
    after = c.address(addr) if data is None else _show_probe(c, data, count)
    if before is None:
        yield "arg", after
    else:
        yield "arg", before if c.error else Change(before, after)


WorkerKind = Enum("uring_iowq_acct", unknown="IO_WQ_???", base="u")


def workers(c: Call, addr: int, count: int) -> Iterator[Yield]:
    """Limits that are set, and those there were."""
    limits = IndexedArray(U32, 0, WorkerKind)
    before = limits.elements(c, addr, count)
    last = before.items[-1] if isinstance(before, List) and before.items else None
    if last is None or (is_left_out(last) and last is not MORE):
        yield "arg", before
        return
    yield EXIT
    yield "arg", Change(before, limits.elements(c, addr, count))


def napi(c: Call, addr: int, count: int) -> Iterator[Yield]:
    """Settings, and those there were."""
    readable = count == 1 and c.fetch(addr, uring.Napi.size(c.abi)) is not None
    before = uring.Napi.at(c, addr) if readable else c.address(addr)
    if readable:
        yield EXIT
    yield "arg", before if c.error or not readable else Change(before, uring.Napi.at(c, addr))


def control(c: Call, addr: int, count: int) -> Iterator[Yield]:
    """What is asked of a queue; of one that is exported, its new descriptor."""
    data = c.fetch(addr, uring.CONTROL_BYTES) if count == 1 else None
    if data is None:
        yield "arg", c.address(addr)
        return
    view = View(c, data, 0, uring.Control)
    head = uring.Control.view_value(view)
    assert isinstance(head, values.Struct)
    known, start = uring.CONTROLS.get(view.op), uring.Control.size(c.abi)
    if view.op == uring.EXPORT:
        yield EXIT
        data = c.fetch(addr, uring.CONTROL_BYTES)
    more = [] if known is None or data is None else [(known[0], known[1].load(c, data, start))]
    yield "arg", values.Struct([*head.fields, *more])


WAYS: dict[str, Way] = {
    "REGISTER_BUFFERS": at_once(lambda c, addr, count: Iovecs(count, follow=False).at(c, addr)),
    "REGISTER_FILES": array(Fd),
    "REGISTER_EVENTFD": array(Fd),
    "REGISTER_EVENTFD_ASYNC": array(Fd),
    "REGISTER_FILES_UPDATE": at_once(_show_files_update),
    "REGISTER_PROBE": probe,
    "REGISTER_RESTRICTIONS": array(uring.Restriction),
    "REGISTER_FILES2": resources(Fd, False),
    "REGISTER_BUFFERS2": resources(None, False),
    "REGISTER_FILES_UPDATE2": resources(uring.UpdatedFd(), True),
    "REGISTER_BUFFERS_UPDATE": resources(None, True),
    "REGISTER_IOWQ_AFF": at_once(lambda c, addr, size: CpuMask(size).at(c, addr)),
    "REGISTER_IOWQ_MAX_WORKERS": workers,
    "REGISTER_RING_FDS": array(uring.RegisteredRing),
    "UNREGISTER_RING_FDS": array(uring.UnregisteredRing),
    "REGISTER_PBUF_RING": one(uring.BufferRing),
    "UNREGISTER_PBUF_RING": one(uring.BufferRing),
    "REGISTER_SYNC_CANCEL": one(uring.Cancellation),
    "REGISTER_FILE_ALLOC_RANGE": one(uring.FileRange),
    "REGISTER_PBUF_STATUS": late(uring.BufferStatus),
    "REGISTER_NAPI": napi,
    "UNREGISTER_NAPI": late(uring.Napi),
    "REGISTER_CLOCK": one(uring.Clock, 0),
    "REGISTER_CLONE_BUFFERS": one(uring.CloneBuffers),
    "REGISTER_SEND_MSG_RING": one(uring.Submission),
    "REGISTER_ZCRX_IFQ": one(uring.Queue),
    "REGISTER_RESIZE_RINGS": one(uring.ResizedParams),
    "REGISTER_MEM_REGION": one(uring.MemoryRegion),
    "REGISTER_QUERY": at_once(lambda c, addr, count: c.address(addr) if count else uring.show_queries(c, addr)),
    "REGISTER_ZCRX_CTRL": control,
}
"""By IORING_*; the argument of others is an address."""
nothing = at_once(lambda c, addr, count: c.address(addr))
REGISTERED_RING = 1 << 31
OpcodeFlags = Flags("uring_register_opcode_flags", unknown="")


@decoder("io_uring_register", fd=Fd, opcode=uring.RegisterOperation, arg=Addr, nr_args=UInt, classes="memory")
def _register(c: Call) -> Iterator[Yield]:
    """By hand because the operation decides what the argument is, and its number what that means."""
    number, flag = c.u32(1) & ~REGISTERED_RING, c.u32(1) & REGISTERED_RING
    yield "fd", (UInt if flag else Fd).value(c, c.args[0])
    opcode = uring.RegisterOperation.value(c, number)
    yield "opcode", join_flags(opcode, OpcodeFlags.value(c, flag)) if flag else opcode
    name = (uring.RegisterOperation.lookup(number, c.abi) or "").removeprefix("IORING_")
    yield from WAYS.get(name, nothing)(c, _pointer(c, 2), c.u32(3))
    yield "nr_args", UInt.value(c, c.args[3])
