# SPDX-License-Identifier: BSD-2-Clause
"""SCSI generic: commands in the forms of versions 3 and 4, the device's queue and numbers.

Source: scsi-generic.rst; <scsi/sg.h> of the C library; include/uapi/linux/bsg.h.
"""

from __future__ import annotations

from trapgate.calls.call import Call
from trapgate.calls.memory import Fixed, In, Indirect, Out, Struct, View
from trapgate.calls.quote import Hex
from trapgate.calls.requests import EXIT, SHOWN_BYTES, Case, Led, Staged, Stages, UnionOf, each, look
from trapgate.calls.structs_iovec import Iovecs
from trapgate.calls.types import (
    S8,
    S16,
    S32,
    U8,
    U16,
    U32,
    U64,
    X8,
    X16,
    X32,
    X64,
    Addr,
    Enum,
    Flags,
    Int,
    Named,
    Type,
    join_flags,
)
from trapgate.model import values
from trapgate.model.abi import Abi
from trapgate.model.values import AnyValue, Change, Joined, Punct

HEADERS = {
    "struct sg_io_hdr": "scsi/sg.h",
    "struct sg_scsi_id": "scsi/sg.h",
    "struct sg_req_info": "scsi/sg.h",
    "struct sg_io_v4": "linux/bsg.h",
}
TO_DEVICE, FROM_DEVICE, BOTH = 0xFFFFFFFE, 0xFFFFFFFD, 0xFFFFFFFC
Fields = list[tuple["str | None", AnyValue]]

Header = Struct(
    "struct sg_io_hdr",
    interface_id=U32,
    dxfer_direction=Enum("sg_io_dxfer_direction"),
    cmd_len=U8,
    mx_sb_len=U8,
    iovec_count=U16,
    dxfer_len=U32,
    dxferp=Led(SHOWN_BYTES),
    cmdp=Led(SHOWN_BYTES),
    sbp=Led(SHOWN_BYTES),
    timeout=U32,
    flags=Flags("sg_io_flags"),
    pack_id=Int,
    usr_ptr=Addr,
    status=X8,
    masked_status=X8,
    msg_status=X8,
    sb_len_wr=U8,
    host_status=X16,
    driver_status=X16,
    resid=S32,
    duration=U32,
    info=Flags("sg_io_info"),
)
Version4 = Struct(
    "struct sg_io_v4",
    guard=U32,
    protocol=Enum("bsg_protocol"),
    subprotocol=Enum("bsg_subprotocol"),
    request_len=U32,
    request=U64,
    request_tag=X64,
    request_attr=U32,
    request_priority=U32,
    request_extra=U32,
    max_response_len=U32,
    response=X64,
    dout_iovec_count=U32,
    dout_xfer_len=U32,
    din_iovec_count=U32,
    din_xfer_len=U32,
    dout_xferp=U64,
    din_xferp=X64,
    timeout=U32,
    flags=Flags("bsg_flags"),
    usr_ptr=X64,
    _spare_in=U32,
    driver_status=X32,
    transport_status=X32,
    device_status=X32,
    retry_delay=U32,
    info=Flags("sg_io_info"),
    duration=U32,
    response_len=U32,
    din_resid=S32,
    dout_resid=S32,
    generated_tag=X64,
    _spare_out=U32,
    _padding=U32,
)
Id = Struct(
    "struct sg_scsi_id",
    host_no=Int,
    channel=Int,
    scsi_id=X32,
    lun=Int,
    scsi_type=X32,
    h_cmd_per_lun=S16,
    d_queue_depth=S16,
    _unused=Fixed(Int, 2),
)
Request = Struct(
    "struct sg_req_info",
    req_state=S8,
    orphan=S8,
    sg_io_owned=S8,
    problem=S8,
    pack_id=Int,
    usr_ptr=Addr,
    duration=U32,
    _unused=Int,
)


def transferred(c: Call, addr: int, size: int, vectors: int) -> AnyValue:
    """Bytes that were moved: one run, or scattered over ``vectors`` places."""
    if not vectors:
        return c.buffer(addr, size, Hex.ALL)
    return Iovecs(vectors, upto=size).at(c, addr) if addr else c.address(addr)


def opened(c: Call, struct: Struct, addr: int, letter: int) -> tuple[Fields, View | None]:
    """The member that tells the version, and the rest if it is readable."""
    first = next(iter(struct.members))
    shown: Fields = [(first, Punct(f"'{chr(letter)}'"))]
    rest = c.fetch(addr + 4, struct.size(c.abi) - 4)
    if rest is None:
        return [*shown, (None, c.address(addr + 4))], None
    return shown, View(c, letter.to_bytes(4, "little") + rest, 0, struct, addr)


def moved(length: int, left: int) -> int:
    """The bytes of ``length`` that came, when ``left`` of them did not."""
    return length - left if 0 < left <= length else length


def tell_version3(c: Call, addr: int) -> Stages:
    """The command and what goes out, then what came in and the status."""
    shown, asked = opened(c, Header, addr, ord("S"))
    if asked is None:
        return values.Struct(shown)
    shown += asked.fields("dxfer_direction", "cmd_len")
    shown.append(("cmdp", c.buffer(asked.cmdp, asked.cmd_len, Hex.ALL)))
    shown += asked.fields("mx_sb_len", "iovec_count", "dxfer_len", "timeout", "flags")
    if asked.dxfer_direction in (TO_DEVICE, BOTH):
        shown.append(("dxferp", transferred(c, asked.dxferp, asked.dxfer_len, asked.iovec_count)))
    yield EXIT
    answer = look(c, Header, addr, anyway=True)
    if answer is None:
        return values.Struct(shown + asked.fields(*(["dxferp"] if asked.dxfer_direction == FROM_DEVICE else []), "sbp"))
    if answer.interface_id != asked.interface_id:
        return values.Struct(with_other_version(shown, answer, "interface_id"))
    return values.Struct(shown_answer3(c, shown, answer))


def with_other_version(shown: Fields, answer: View, name: str) -> Fields:
    """The driver answered in another version: only that is told."""
    return [*shown[:-1], (shown[-1][0], Joined(shown[-1][1], f" => {name}=", answer.show(name)))]


def shown_answer3(c: Call, shown: Fields, answer: View) -> Fields:
    """What came back."""
    size = moved(answer.dxfer_len, answer.resid)
    if answer.dxfer_direction == FROM_DEVICE:
        shown = [*shown, ("dxferp", transferred(c, answer.dxferp, size, answer.iovec_count))]
    elif answer.dxfer_direction == BOTH and size:
        came = transferred(c, answer.dxferp, size, answer.iovec_count)
        shown = [*shown[:-1], (shown[-1][0], Change(shown[-1][1], came))]
    shown = shown + answer.fields("status", "masked_status", "msg_status", "sb_len_wr")
    shown.append(("sbp", c.buffer(answer.sbp, answer.sb_len_wr, Hex.ALL)))
    return shown + answer.fields("host_status", "driver_status", "resid", "duration", "info")


BEFORE4 = "request_tag request_attr request_priority request_extra max_response_len"
BETWEEN4 = "dout_iovec_count dout_xfer_len din_iovec_count din_xfer_len"
AFTER4 = (
    "driver_status transport_status device_status retry_delay info duration response_len"
    " din_resid dout_resid generated_tag"
)


def tell_version4(c: Call, addr: int) -> Stages:
    """The request and what goes out, then the response, what came in and the status."""
    shown, asked = opened(c, Version4, addr, ord("Q"))
    if asked is None:
        return values.Struct(shown)
    shown += asked.fields("protocol", "subprotocol", "request_len")
    shown.append(("request", c.buffer(asked.request, asked.request_len, Hex.ALL)))
    shown += asked.fields(*BEFORE4.split(), *BETWEEN4.split())
    shown.append(("dout_xferp", transferred(c, asked.dout_xferp, asked.dout_xfer_len, asked.dout_iovec_count)))
    shown += asked.fields("timeout", "flags", "usr_ptr")
    yield EXIT
    answer = look(c, Version4, addr, anyway=True)
    if answer is None:
        return values.Struct(shown + asked.fields("response", "din_xferp"))
    if answer.guard != asked.guard:
        return values.Struct(with_other_version(shown, answer, "guard"))
    shown += answer.fields("response_len")
    shown.append(("response", c.buffer(answer.response, answer.response_len, Hex.ALL)))
    size = moved(answer.din_xfer_len, answer.din_resid)
    shown.append(("din_xferp", transferred(c, answer.din_xferp, size, answer.din_iovec_count)))
    return values.Struct(shown + answer.fields(*AFTER4.split()))


def tell_io(c: Call, addr: int) -> Stages:
    """The version is in the first member."""
    version = c.fetch_int(addr)
    if version is None:
        return c.address(addr)
    if version == ord("S"):
        return (yield from tell_version3(c, addr))
    if version == ord("Q"):
        return (yield from tell_version4(c, addr))
    return Indirect(U32).at(c, addr)


class Reset(Named):
    """What to reset, and whether to try more when that fails."""

    NO_ESCALATE = 0x100

    def __init__(self) -> None:
        super().__init__("sg_scsi_reset")
        self.enum = Enum("sg_scsi_reset")

    def show(self, value: int, style: str, abi: Abi) -> AnyValue:
        parts = [self.enum.show(self.NO_ESCALATE, style, abi)] if value & self.NO_ESCALATE else []
        return join_flags(*parts, self.enum.show(value & ~self.NO_ESCALATE, style, abi))


Number = Indirect(Int)

REQUESTS: dict[str, Type | Case | None] = {
    "SG_IO": Staged(UnionOf(Version4, Header), tell_io),
    "SG_GET_SCSI_ID": Out(Id),
    "SG_GET_REQUEST_TABLE": Out(Request),
    "SG_SCSI_RESET": In(Indirect(Reset())),
    **each(
        "SG_NEXT_CMD_LEN SG_SET_COMMAND_Q SG_SET_DEBUG SG_SET_FORCE_LOW_DMA SG_SET_FORCE_PACK_ID"
        " SG_SET_KEEP_ORPHAN SG_SET_RESERVED_SIZE SG_SET_TIMEOUT",
        In(Number),
    ),
    **each(
        "SG_EMULATED_HOST SG_GET_ACCESS_COUNT SG_GET_COMMAND_Q SG_GET_KEEP_ORPHAN SG_GET_LOW_DMA"
        " SG_GET_NUM_WAITING SG_GET_PACK_ID SG_GET_RESERVED_SIZE SG_GET_SG_TABLESIZE SG_GET_TRANSFORM"
        " SG_GET_VERSION_NUM",
        Out(Number),
    ),
    "SG_SET_TRANSFORM": X32,
    "SG_GET_TIMEOUT": None,
}
