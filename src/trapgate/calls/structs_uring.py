# SPDX-License-Identifier: BSD-2-Clause
"""Structures of io_uring: rings, what is registered with them, submissions. Members kept for later print when set.

Declares no calls. Source: io_uring_setup(2), io_uring_register(2); include/uapi/linux/io_uring.h, io_uring/query.h,
io_uring/zcrx.h.
"""

from __future__ import annotations

from trapgate.calls.call import Call
from trapgate.calls.extensible import PAGE, trailing_bytes
from trapgate.calls.memory import Array, Fixed, Shown, Struct, View
from trapgate.calls.structs_iovec import Iovecs
from trapgate.calls.structs_time import ClockId
from trapgate.calls.types import (
    S32,
    S64,
    U8,
    U16,
    U32,
    U64,
    X8,
    X16,
    X32,
    X64,
    Aligned,
    Enum,
    Fd,
    FileDescriptor,
    Flags,
    Pointer64,
    Type,
)
from trapgate.model import values
from trapgate.model.values import AnyValue, Joined, remark

Field = tuple[str | None, AnyValue]
A64, AX64, Address = Aligned(U64), Aligned(X64), Aligned(Pointer64())
Spare = Fixed
"""Reserved members of more than one element."""

SetupFlags = "uring_setup_flags", "IORING_SETUP_???"
SetupFlags32 = Flags(SetupFlags[0], unknown=SetupFlags[1])
Features = "uring_setup_features", "IORING_FEAT_???"
EnterFlags = Flags("uring_enter_flags", unknown="IORING_ENTER_???")
Operation = Enum("uring_ops", unknown="IORING_OP_???", size=1)
CountedOperation = Enum("uring_ops", unknown="IORING_OP_???", size=1, base="u")
SubmissionFlags = Flags("uring_sqe_flags", unknown="IOSQE_???", size=1)


def flags64(names: str, unknown: str) -> Type:
    """Flags of eight bytes."""
    return Aligned(Flags(names, unknown=unknown, size=8))


def set_members(view: View, names: list[str], spare: tuple[str, ...]) -> list[Field]:
    """The members ``names``, those in ``spare`` only if they are not zero."""
    return view.fields(*[name for name in names if name not in spare or any(view.bytes_of(name))])


def structure(c_name: str, spare: str, **members: Type) -> Struct:
    """A structure whose members ``spare`` are shown only when they are set."""
    unless_zero, names = tuple(spare.split()), list(members)
    return Struct(c_name, show=lambda view: set_members(view, names, unless_zero), **members)  # type: ignore[arg-type]


# --- the rings ------------------------------------------------------------------------------

SubmissionOffsets = structure(
    "struct io_sqring_offsets",
    "resv1",
    head=U32,
    tail=U32,
    ring_mask=U32,
    ring_entries=U32,
    flags=U32,
    dropped=U32,
    array=U32,
    resv1=X32,
    user_addr=X64,
)
CompletionOffsets = structure(
    "struct io_cqring_offsets",
    "resv1",
    head=U32,
    tail=U32,
    ring_mask=U32,
    ring_entries=U32,
    overflow=U32,
    cqes=U32,
    flags=U32,
    resv1=X32,
    user_addr=X64,
)


def _show_resized(view: View) -> Shown:
    shown = view.fields("sq_entries", "cq_entries", "flags")
    for name in ("sq_off", "cq_off"):
        start = view.struct.member(view.call.abi, name)[0] + 32
        place = view.data[view.offset + start : view.offset + start + 8]
        if any(place):
            shown.append((name, values.Struct([("user_addr", X64.load(view.call, place, 0))])))
    return [*shown, *set_members(view, ["resv"], ("resv",))]


def _params(show: object = None) -> Struct:
    return Struct(
        "struct io_uring_params",
        show=show,  # type: ignore[arg-type]
        sq_entries=U32,
        cq_entries=U32,
        flags=SetupFlags32,
        sq_thread_cpu=X32,
        sq_thread_idle=U32,
        features=Flags(Features[0], unknown=Features[1]),
        wq_fd=Fd,
        resv=Spare(X32, 3),
        sq_off=SubmissionOffsets,
        cq_off=CompletionOffsets,
    )


Params, ResizedParams = _params(), _params(_show_resized)

# --- what is registered ---------------------------------------------------------------------


class UpdatedFd(FileDescriptor):
    """A descriptor to be registered, or one of the numbers that say otherwise: IORING_REGISTER_FILES_SKIP."""

    special = Enum("uring_files_update_fds", unknown="", base="d", signed=True)

    def decode(self, c: Call, word: int) -> AnyValue | None:
        return self.special.decode(c, word) if self.number(c, word) < -1 else super().decode(c, word)


ProbeOperation = structure(
    "struct io_uring_probe_op",
    "resv resv2",
    op=CountedOperation,
    resv=X8,
    flags=Flags("uring_op_flags", unknown="IO_URING_OP_???", size=2),
    resv2=X32,
)
Probe = structure(
    "struct io_uring_probe",
    "resv resv2",
    last_op=CountedOperation,
    ops_len=U8,
    resv=X16,
    resv2=Spare(X32, 3),
)

RegisterOperation = Enum("uring_register_opcodes", unknown="IORING_REGISTER_???")
RESTRICTED: dict[int, tuple[str, Type]] = {
    0: ("register_op", Enum("uring_register_opcodes", unknown="IORING_REGISTER_???", size=1)),
    1: ("sqe_op", Operation),
    2: ("sqe_flags", SubmissionFlags),
    3: ("sqe_flags", SubmissionFlags),
}
"""What a restriction is about, by IORING_RESTRICTION_*."""


def _show_restriction(view: View) -> Shown:
    known = RESTRICTED.get(view.opcode)
    opcode = view.show("opcode")
    if known is None:
        what = remark(f"op: {view.register_op:#x}" if view.register_op else "op: 0")
        shown: list[Field] = [("opcode", Joined(opcode, what))]
    else:
        shown = [("opcode", opcode), (known[0], view.show("register_op", known[1]))]
    return [*shown, *set_members(view, ["resv", "resv2"], ("resv", "resv2"))]


Restriction = Struct(
    "struct io_uring_restriction",
    show=_show_restriction,
    opcode=Enum("uring_restriction_opcodes", unknown="IORING_RESTRICTION_???", size=2),
    register_op=X8,
    resv=X8,
    resv2=Spare(X32, 3),
)


def _show_registered_ring(view: View) -> Shown:
    offset = view.show("offset", S32 if view.number("offset") == 0xFFFFFFFF else U32)
    return [("offset", offset), *set_members(view, ["resv"], ("resv",)), ("data", view.show("data", Fd))]


class ResourceArray:
    """Descriptors or buffers, and the tags of each."""

    def __init__(self, element: Type | None) -> None:
        """``element``: of an array; None: iovecs."""
        self.element = element

    def fields(self, c: Call, data: int, tags: int, count: int) -> list[Field]:
        """``data`` and ``tags``."""
        if self.element is None:
            shown = Iovecs(count, follow=False).at(c, data)
        else:
            shown = Array(self.element, 0).elements(c, data, count)
        return [("data", shown), ("tags", Array(X64, 0).elements(c, tags, count))]


Resources = Struct(
    "struct io_uring_rsrc_register",
    nr=U32,
    flags=Flags("uring_register_rsrc_flags", unknown="IORING_RSRC_REGISTER_???"),
    resv2=X64,
    data=Address,
    tags=Address,
)
ResourceUpdate = Struct(
    "struct io_uring_rsrc_update2", offset=U32, resv=X32, data=Address, tags=Address, nr=U32, resv2=X32
)
RESOURCE_BYTES = 32


def show_resources(c: Call, addr: int, size: int, array: ResourceArray, update: bool) -> AnyValue:
    """A structure of ``size`` bytes with resources to register, or to put in place of others."""
    struct = ResourceUpdate if update else Resources
    data = c.fetch(addr, RESOURCE_BYTES) if size >= RESOURCE_BYTES else None
    if data is None:
        return c.address(addr)
    view = View(c, data, 0, struct)
    content = array.fields(c, view.number("data"), view.tags, view.nr)
    if update:
        head = set_members(view, ["offset", "resv"], ("resv",))
        tail = set_members(view, ["nr", "resv2"], ("resv2",))
    else:
        head, tail = set_members(view, ["nr", "flags", "resv2"], ("resv2",)), []
    return values.Struct([*head, *content, *tail, *trailing_bytes(c, addr, RESOURCE_BYTES, min(size, PAGE))])


# --- rings, buffers, files ------------------------------------------------------------------

RegisteredRing = Struct(
    "struct io_uring_rsrc_update", show=_show_registered_ring, offset=U32, resv=X32, data=Aligned(X64)
)
UnregisteredRing = structure("struct io_uring_rsrc_update", "resv data", offset=U32, resv=X32, data=AX64)
FilesUpdate = Struct("struct io_uring_files_update", offset=U32, resv=X32, fds=Address)
BufferRing = structure(
    "struct io_uring_buf_reg",
    "resv",
    ring_addr=Pointer64(),
    ring_entries=U32,
    bgid=U16,
    flags=X16,
    min_left=U32,
    resv=Spare(X32, 5),
)
BufferStatus = structure("struct io_uring_buf_status", "resv", buf_group=X32, head=X32, resv=Spare(X32, 8))
Cancellation = structure(
    "struct io_uring_sync_cancel_reg",
    "pad pad2",
    addr=Pointer64(),
    fd=Fd,
    flags=Flags("uring_async_cancel_flags", unknown="IORING_ASYNC_CANCEL_???"),
    timeout=Struct("struct __kernel_timespec", tv_sec=S64, tv_nsec=S64),
    opcode=Operation,
    pad=Spare(X8, 7),
    pad2=Spare(X64, 3),
)
FileRange = structure("struct io_uring_file_index_range", "resv", off=U32, len=U32, resv=X64)
Clock = structure("struct io_uring_clock_register", "__resv", clockid=ClockId, __resv=Spare(X32, 3))
CloneBuffers = structure(
    "struct io_uring_clone_buffers",
    "pad",
    src_fd=Fd,
    flags=Flags("uring_clone_buffers_flags", unknown="IORING_REGISTER_???"),
    src_off=U32,
    dst_off=U32,
    nr=U32,
    pad=Spare(X32, 3),
)
MemoryRegion = structure(
    "struct io_uring_mem_region_reg",
    "__resv",
    region_uptr=Pointer64(),
    flags=Flags("uring_mem_region_reg_flags", unknown="IORING_MEM_REGION_REG_???", size=8),
    __resv=Spare(X64, 2),
)
NAPI_REGISTER = 0
Tracking = Enum("uring_napi_tracking_strategies", unknown="IO_URING_NAPI_TRACKING_???")


def _show_napi(view: View) -> Shown:
    shown = set_members(view, ["busy_poll_to", "prefer_busy_poll", "opcode", "pad"], ("pad",))
    param = view.show("op_param", Tracking if view.opcode == NAPI_REGISTER else None)
    return [*shown, ("op_param", param), *set_members(view, ["resv"], ("resv",))]


Napi = Struct(
    "struct io_uring_napi",
    show=_show_napi,
    busy_poll_to=X32,
    prefer_busy_poll=X8,
    opcode=Enum("uring_napi_ops", unknown="IO_URING_NAPI_???", size=1),
    pad=Spare(X8, 2),
    op_param=X32,
    resv=X32,
)

# --- submissions ----------------------------------------------------------------------------

NOP_FLAGS = Flags("uring_nop_flags", unknown="IORING_NOP_???")
OWN_FLAGS: dict[str, tuple[str, Type]] = {
    "NOP": ("nop_flags", NOP_FLAGS),
    "NOP128": ("nop_flags", NOP_FLAGS),
    "FIXED_FD_INSTALL": ("install_fd_flags", Flags("uring_fixed_fd_flags", unknown="IORING_FIXED_FD_???")),
    "MSG_RING": ("msg_ring_flags", Flags("uring_msg_ring_flags", unknown="IORING_MSG_RING_???")),
}
"""The flags of an operation, where they are not those of a read or a write."""
TransferFlags = Flags("uring_recvsend_flags", unknown="IORING_RECVSEND_???", size=2)
TRANSFERS = ("SEND", "SENDMSG", "SEND_ZC", "SENDMSG_ZC", "RECV", "RECVMSG", "RECV_ZC")
OWN_PRIORITY: dict[str, Type] = {
    "ACCEPT": Flags("uring_accept_flags", unknown="IORING_ACCEPT_???", size=2),
    **dict.fromkeys(TRANSFERS, TransferFlags),
}
"""Operations that have flags in place of a priority."""
WITH_ATTRIBUTES = {
    *("READ", "WRITE", "READV", "WRITEV", "READ_FIXED", "WRITE_FIXED", "READV_FIXED", "WRITEV_FIXED"),
    *("SEND", "RECV", "SENDMSG", "RECVMSG", "SEND_ZC", "RECV_ZC", "READ_MULTISHOT"),
}
COMMANDS = ("URING_CMD", "URING_CMD128")
LONG = ("NOP128", "URING_CMD128")
LONG_BYTES = 64
INTEGRITY = 1
SocketCommand = Enum("uring_socket_ops", unknown="SOCKET_URING_OP_???", size=8, base="u")
AttributeMask = Flags("uring_rw_attr_flags", unknown="IORING_RW_ATTR_FLAG_???", size=8)
IntegrityAttribute = Struct("struct io_uring_attr_pi", flags=X16, app_tag=X16, len=U32, addr=X64, seed=X64, rsvd=X64)


def _show_attributes(view: View, operation: str) -> list[Field]:
    c, mask, place = view.call, view.attr_type_mask, view.attr_ptr
    if operation not in WITH_ATTRIBUTES or not mask:
        return [("optval", view.show("attr_ptr"))]
    shown = IntegrityAttribute.at(c, place) if mask & INTEGRITY else c.address(place)
    return [("attr_type_mask", view.show("attr_type_mask", AttributeMask)), ("attr_ptr", shown)]


def _show_submission(view: View) -> Shown:
    c = view.call
    operation = (Operation.lookup(view.opcode, c.abi) or "").removeprefix("IORING_OP_")
    to_socket = operation in COMMANDS and c.process.fd_link(view.fd).startswith("socket:[")
    flags, kind = OWN_FLAGS.get(operation, ("rw_flags", None))
    shown = [
        *view.fields("opcode", "flags"),
        ("ioprio", view.show("ioprio", OWN_PRIORITY.get(operation))),
        *view.fields("fd"),
        ("off", view.show("off", SocketCommand if to_socket else None)),
        *view.fields("addr", "len"),
        (flags, view.show("rw_flags", kind)),
        *view.fields("user_data", "buf_index", "personality", "file_index"),
        *_show_attributes(view, operation),
    ]
    if operation in LONG:
        shown.append(("cmd", Array(X8, LONG_BYTES).at(c, view.addr + LONG_BYTES)))
    return shown


Submission = Struct(
    "struct io_uring_sqe",
    show=_show_submission,
    opcode=CountedOperation,
    flags=SubmissionFlags,
    ioprio=U16,
    fd=Fd,
    off=X64,
    addr=X64,
    len=U32,
    rw_flags=X32,
    user_data=X64,
    buf_index=X16,
    personality=U16,
    file_index=X32,
    attr_ptr=X64,
    attr_type_mask=X64,
)

# --- receiving without copies ---------------------------------------------------------------

RegistrationFlags = "uring_zcrx_reg_flags", "ZCRX_REG_???"
QueueOffsets = structure(
    "struct io_uring_zcrx_offsets",
    "__resv2 __resv",
    head=U32,
    tail=U32,
    rqes=U32,
    __resv2=X32,
    __resv=Spare(X64, 2),
)
Queue = structure(
    "struct io_uring_zcrx_ifq_reg",
    "__resv",
    if_idx=U32,
    if_rxq=U32,
    rq_entries=U32,
    flags=Flags(RegistrationFlags[0], unknown=RegistrationFlags[1]),
    area_ptr=Pointer64(),
    region_ptr=Pointer64(),
    offsets=QueueOffsets,
    zcrx_id=U32,
    rx_buf_len=U32,
    event_desc=Pointer64(),
    __resv=Spare(X64, 2),
)
Flush = structure("struct zcrx_ctrl_flush_rq", "__resv", __resv=Spare(X64, 6))
Export = structure("struct zcrx_ctrl_export", "__resv1", zcrx_fd=Fd, __resv1=Spare(X32, 11))
ArmEvent = structure(
    "struct zcrx_ctrl_arm_event",
    "__resv",
    event_type=Enum("uring_zcrx_event_types", unknown="ZCRX_EVENT_???"),
    __resv=Spare(X32, 11),
)
EXPORT = 1
CONTROLS = {0: ("zc_flush", Flush), EXPORT: ("zc_export", Export), 2: ("zc_arm_event", ArmEvent)}
"""What is asked of a queue, by ZCRX_CTRL_*."""
Control = structure(
    "struct zcrx_ctrl",
    "__resv",
    zcrx_id=U32,
    op=Enum("uring_zcrx_ctrl_ops", unknown="ZCRX_CTRL_???"),
    __resv=Spare(X64, 2),
)
CONTROL_BYTES = 72

# --- questions ------------------------------------------------------------------------------

QUERIED = {
    0: structure(
        "struct io_uring_query_opcode",
        "__pad",
        nr_request_opcodes=U32,
        nr_register_opcodes=U32,
        feature_flags=Flags(Features[0], unknown=Features[1], size=8),
        ring_setup_flags=Flags(SetupFlags[0], unknown=SetupFlags[1], size=8),
        enter_flags=Flags("uring_enter_flags", unknown="IORING_ENTER_???", size=8),
        sqe_flags=Flags("uring_sqe_flags", unknown="IOSQE_???", size=8),
        nr_query_opcodes=U32,
        __pad=X32,
    ),
    1: structure(
        "struct io_uring_query_zcrx",
        "__resv2",
        register_flags=Flags(RegistrationFlags[0], unknown=RegistrationFlags[1], size=8),
        area_flags=Flags("uring_zcrx_area_flags", unknown="IORING_ZCRX_AREA_???", size=8),
        nr_ctrl_opcodes=U32,
        features=X32,
        rq_hdr_size=U32,
        rq_hdr_alignment=U32,
        __resv2=X64,
    ),
    2: Struct("struct io_uring_query_scq", hdr_size=U64, hdr_alignment=U64),
    3: structure(
        "struct io_uring_query_zcrx_event",
        "__resv1 __resv2",
        event_flags=X32,
        stats_size=U32,
        stats_off_alignment=U32,
        __resv1=X32,
        __resv2=Spare(X64, 4),
    ),
}
"""What is told, by IO_URING_QUERY_*."""
Query = Struct(
    "struct io_uring_query_hdr",
    next_entry=Pointer64(),
    query_data=Pointer64(),
    query_op=Enum("uring_query_ops", unknown="IO_URING_QUERY_???"),
    size=U32,
    result=S32,
    __resv=Spare(X32, 3),
)
MOST_QUERIES = 100
"""How far a chain of questions is followed: it may lead back to its beginning."""


def show_queries(c: Call, addr: int) -> AnyValue:
    """A chain of questions, each within the one before it."""
    chain: list[list[Field]] = []
    while True:
        data = c.fetch(addr, Query.size(c.abi))
        last = c.address(addr)
        if data is None:
            break
        if len(chain) >= MOST_QUERIES or (c.abbrev and len(chain) >= c.options.string_limit):
            last = Joined(last, remark("..."))
            break
        view = View(c, data, 0, Query, addr)
        chain.append(_show_query(view))
        addr = view.next_entry
    for shown in reversed(chain):
        last = values.Struct([*shown, ("next_entry", last)])
    return last


def _show_query(view: View) -> list[Field]:
    shown = set_members(view, ["query_data", "query_op", "size", "result", "__resv"], ("__resv",))
    if view.query_data and view.size:
        told = QUERIED.get(view.query_op)
        c, place = view.call, view.query_data
        shown.append(("query_data", c.address(place) if told is None else told.at(c, place)))
    return shown


HEADERS = {
    **{
        f"struct io_uring_{name}": "linux/io_uring.h"
        for name in (
            *("params", "probe_op", "probe", "restriction", "rsrc_register", "rsrc_update2", "rsrc_update"),
            *("files_update", "buf_reg", "buf_status", "sync_cancel_reg", "file_index_range", "clock_register"),
            *("clone_buffers", "mem_region_reg", "napi", "sqe", "attr_pi", "getevents_arg"),
        )
    },
    "struct io_sqring_offsets": "linux/io_uring.h",
    "struct io_cqring_offsets": "linux/io_uring.h",
    # the headers that tests compile with are older than these
    **{f"struct io_uring_query_{name}": "" for name in ("opcode", "zcrx", "scq", "zcrx_event", "hdr")},
    **{f"struct io_uring_zcrx_{name}": "" for name in ("offsets", "ifq_reg")},
    **{f"struct zcrx_ctrl{name}": "" for name in ("", "_flush_rq", "_export", "_arm_event")},
}
