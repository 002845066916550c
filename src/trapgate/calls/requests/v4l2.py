# SPDX-License-Identifier: BSD-2-Clause
"""Video devices: capabilities, formats, buffers, controls, tuners, frame sizes.

What a member of a format means hangs on the type of its buffer. Source: userspace-api/media/v4l;
include/uapi/linux/videodev2.h.
"""

from __future__ import annotations

from collections.abc import Callable

from trapgate.calls import tables
from trapgate.calls.call import Call
from trapgate.calls.memory import Array, CharArray, Fixed, In, Indirect, Out, Shown, Struct, View
from trapgate.calls.requests import (
    EXIT,
    Case,
    Exchange,
    Led,
    Staged,
    Stages,
    UnionOf,
    each,
    is_whole,
    look,
    quoted_char,
    replaced,
    spare,
)
from trapgate.calls.structs_bpf import KernelVersion
from trapgate.calls.structs_file import OpenMode
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
    Addr,
    Enum,
    Fd,
    Flags,
    Named,
    Scalar,
    Type,
    UInt,
    join_flags,
    show_flags,
    styled,
)
from trapgate.model import values
from trapgate.model.abi import Abi
from trapgate.model.values import MORE, AnyValue, Change, Joined, Number, Symbol, remark

HEADERS = dict.fromkeys(
    [
        "struct v4l2_capability",
        "struct v4l2_captureparm",
        "struct v4l2_clip",
        "struct v4l2_control",
        "struct v4l2_create_buffers",
        "struct v4l2_crop",
        "struct v4l2_cropcap",
        "struct v4l2_exportbuffer",
        "struct v4l2_ext_control",
        "struct v4l2_ext_controls",
        "struct v4l2_fmtdesc",
        "struct v4l2_format",
        "struct v4l2_framebuffer",
        "struct v4l2_frmival_stepwise",
        "struct v4l2_frmivalenum",
        "struct v4l2_frmsize_discrete",
        "struct v4l2_frmsize_stepwise",
        "struct v4l2_frmsizeenum",
        "struct v4l2_input",
        "struct v4l2_meta_format",
        "struct v4l2_outputparm",
        "struct v4l2_pix_format",
        "struct v4l2_pix_format_mplane",
        "struct v4l2_plane_pix_format",
        "struct v4l2_query_ext_ctrl",
        "struct v4l2_queryctrl",
        "struct v4l2_querymenu",
        "struct v4l2_rect",
        "struct v4l2_requestbuffers",
        "struct v4l2_sdr_format",
        "struct v4l2_sliced_vbi_format",
        "struct v4l2_standard",
        "struct v4l2_streamparm",
        "struct v4l2_timecode",
        "struct v4l2_tuner",
        "struct v4l2_vbi_format",
        "struct v4l2_window",
    ],
    "linux/videodev2.h",
)
Fields = list[tuple["str | None", AnyValue]]

# --- scalars ---------------------------------------------------------------------------------


class PixelFormat(Scalar):
    """Four characters that name a format: ``v4l2_fourcc('N', 'V', '1', '2') /* V4L2_PIX_FMT_NV12 */``."""

    def __init__(self, table: str | None) -> None:
        super().__init__(4, "x")
        self.table = table

    def decode(self, c: Call, word: int) -> AnyValue | None:
        value = self.number(c, word)
        if c.style == "raw":
            return Number(hex(value) if value else "0", value)
        chars = ", ".join([quoted_char(value >> shift & 0xFF, whitespace=False) for shift in (0, 8, 16, 24)])
        name = tables.load(self.table).by_value.get(value) if self.table else None
        shown = Symbol(f"v4l2_fourcc({chars})", name or value)
        return Joined(shown, remark(name)) if name else shown


class Fraction(Type):
    """struct v4l2_fract: ``1/30``."""

    def size(self, abi: Abi) -> int:
        return 8

    def align(self, abi: Abi) -> int:
        return 4

    def load(self, c: Call, data: bytes, offset: int) -> AnyValue:
        parts = [int.from_bytes(data[offset + i : offset + i + 4], "little") for i in (0, 4)]
        return Symbol(f"{parts[0]}/{parts[1]}", f"{parts[0]}/{parts[1]}")


class BufferFlags(Named):
    """Flags, and in their midst two enumerations about the time stamp."""

    CLOCK, WHEN = 0xE000, 0x70000

    def __init__(self) -> None:
        super().__init__("v4l2_buf_flags")
        self.clock = Enum("v4l2_buf_flags_ts_type")
        self.when = Enum("v4l2_buf_flags_ts_src")

    def show(self, value: int, style: str, abi: Abi) -> AnyValue:
        if style == "raw":
            return Number(hex(value) if value else "0", value)
        flags = value & ~(self.CLOCK | self.WHEN)
        shown = [show_flags(flags, style, self.tables(abi), self.unknown(abi))] if flags else []
        clock = self.clock.show(value & self.CLOCK, style, abi)
        return join_flags(*shown, clock, self.when.show(value & self.WHEN, style, abi))


class ControlId(Named):
    """A control; ``walks``: with flags that ask for the next one. Unknown ones print by their class."""

    NEXT = 0xC0000000

    def __init__(self, walks: bool = False) -> None:
        super().__init__("v4l2_control_ids")
        self.walks = walks

    def show(self, value: int, style: str, abi: Abi) -> AnyValue:
        number = hex(value) if value else "0"
        if style == "raw":
            return Number(number, value)
        if not self.walks or not value & self.NEXT:
            return self.show_id(value, style, abi)
        flags = show_flags(value & self.NEXT, style, [tables.load("v4l2_control_query_flags", abi.name)], "")
        return join_flags(flags, self.show_id(value & ~self.NEXT, style, abi))

    def show_id(self, value: int, style: str, abi: Abi) -> AnyValue:
        """A control without flags."""
        number, name = hex(value) if value else "0", self.lookup(value, abi)
        if name is None:
            classes = [(first, known) for known, first in tables.load("v4l2_control_classes").entries if first <= value]
            first, known = max(classes, default=(0, ""))
            if not known or value - first >= 0x10000:
                return Joined(Number(number, value), remark("V4L2_CID_???"))
            name = f"{known}+{hex(value - first) if value > first else '0'}"
        return styled(style, number, name, name)


FRACTION = Fraction()
PIXELS = PixelFormat("v4l2_pix_fmts")
BufferType = Enum("v4l2_buf_types")
Memory = Enum("v4l2_memories")
FieldOrder = Enum("v4l2_fields")
Colors = Enum("v4l2_colorspaces")
Id, WalkedId = ControlId(), ControlId(walks=True)
Rect = Struct("struct v4l2_rect", left=S32, top=S32, width=U32, height=U32)

# --- capabilities and formats ----------------------------------------------------------------

Capabilities = Flags("v4l2_device_capabilities_flags")
Capability = Struct(
    "struct v4l2_capability",
    show=lambda v: [*v.fields("driver", "card", "bus_info", "version", "capabilities"), *spare(v, "device_caps")],
    driver=CharArray(16),
    card=CharArray(32),
    bus_info=CharArray(32),
    version=KernelVersion(),
    capabilities=Capabilities,
    device_caps=Capabilities,
    _reserved=Fixed(U32, 3),
)
FormatDescription = Struct(
    "struct v4l2_fmtdesc",
    index=U32,
    type=BufferType,
    flags=Flags("v4l2_format_description_flags"),
    description=CharArray(32),
    pixelformat=PIXELS,
    _mbus_code=U32,
    _reserved=Fixed(U32, 3),
)
Pixels = Struct(
    "struct v4l2_pix_format",
    width=U32,
    height=U32,
    pixelformat=PIXELS,
    field=FieldOrder,
    bytesperline=U32,
    sizeimage=U32,
    colorspace=Colors,
    _more=Fixed(U32, 5),
)
PlanePixels = Struct(
    "struct v4l2_plane_pix_format", packed=True, sizeimage=U32, bytesperline=U32, _reserved=Fixed(U16, 6)
)
PLANES = 8


def show_planes(view: View) -> Shown:
    """As many planes as are counted."""
    return [
        *view.fields("width", "height", "pixelformat", "field", "colorspace"),
        ("plane_fmt", view.show("plane_fmt", Fixed(PlanePixels, min(view.num_planes, PLANES)))),
        *view.fields("num_planes"),
    ]


MultiPlane = Struct(
    "struct v4l2_pix_format_mplane",
    show=show_planes,
    packed=True,
    width=U32,
    height=U32,
    pixelformat=PIXELS,
    field=FieldOrder,
    colorspace=Colors,
    plane_fmt=Fixed(PlanePixels, PLANES),
    num_planes=U8,
    _more=Fixed(U8, 11),
)
Clip = Struct("struct v4l2_clip", c=Rect, _next=Addr)


def show_window(view: View) -> Shown:
    """The window; its clips are elsewhere."""
    return [
        *view.fields("w", "field", "chromakey"),
        ("clips", Array(Clip, view.clipcount).at(view.call, view.clips)),
        *view.fields("clipcount", "bitmap"),
        *spare(view, "global_alpha"),
    ]


Window = Struct(
    "struct v4l2_window",
    show=show_window,
    w=Rect,
    field=FieldOrder,
    chromakey=X32,
    clips=Addr,
    clipcount=U32,
    bitmap=Addr,
    global_alpha=X8,
)
Blanking = Struct(
    "struct v4l2_vbi_format",
    sampling_rate=U32,
    offset=U32,
    samples_per_line=U32,
    sample_format=PIXELS,
    start=Fixed(S32, 2),
    count=Fixed(U32, 2),
    flags=Flags("v4l2_vbi_flags"),
    _reserved=Fixed(U32, 2),
)
Sliced = Struct(
    "struct v4l2_sliced_vbi_format",
    service_set=Flags("v4l2_sliced_flags", size=2),
    service_lines=Fixed(Fixed(X16, 24), 2),
    io_size=U32,
    _reserved=Fixed(U32, 2),
)
Radio = Struct(
    "struct v4l2_sdr_format",
    show=lambda view: [*view.fields("pixelformat"), *spare(view, "buffersize")],
    packed=True,
    pixelformat=PixelFormat("v4l2_sdr_fmts"),
    buffersize=U32,
    _reserved=Fixed(U8, 24),
)
Metadata = Struct(
    "struct v4l2_meta_format",
    packed=True,
    dataformat=PixelFormat("v4l2_meta_fmts"),
    buffersize=U32,
    _more=Fixed(U32, 3),
)
ARMS: dict[int, tuple[str, Struct]] = {
    **dict.fromkeys((1, 2), ("fmt.pix", Pixels)),
    **dict.fromkeys((3, 8), ("fmt.win", Window)),
    **dict.fromkeys((4, 5), ("fmt.vbi", Blanking)),
    **dict.fromkeys((6, 7), ("fmt.sliced", Sliced)),
    **dict.fromkeys((9, 10), ("fmt.pix_mp", MultiPlane)),
    **dict.fromkeys((11, 12), ("fmt.sdr", Radio)),
    **dict.fromkeys((13, 14), ("fmt.meta", Metadata)),
}
"""What a format is, by the type of the buffer (V4L2_BUF_TYPE_*)."""
CAPTURE, OUTPUT = 1, 2


def show_format(view: View) -> Fields:
    """The arm of the union that the type of buffer says."""
    arm = ARMS.get(view.type)
    return [(arm[0], view.show("fmt", arm[1]))] if arm else []


Format = Struct(
    "struct v4l2_format",
    show=lambda view: [*view.fields("type"), *show_format(view)],
    type=BufferType,
    fmt=UnionOf(Window, Fixed(U8, 200)),
)


def format_goes_on(view: View) -> bool:
    """Whether the answer is told: not of types unknown, nor of windows whose clips could not be read."""
    arm = ARMS.get(view.type)
    if arm is None or arm[1] is not Window:
        return arm is not None
    offset, _ = Format.member(view.call.abi, "fmt")
    window = View(view.call, view.data, view.offset + offset, Window)
    return is_whole(Array(Clip, window.clipcount).at(view.call, window.clips))


def tell_set_format(c: Call, addr: int) -> Stages:
    """The format to be, then the one that is."""
    asked = look(c, Format, addr)
    if asked is None:
        return c.address(addr)
    before = Format.view_value(asked)
    if not format_goes_on(asked):
        return before
    yield EXIT
    answer = look(c, Format, addr)
    after = show_format(answer) if answer else []
    return Change(before, values.Struct(after)) if after else before


# --- buffers ---------------------------------------------------------------------------------

RequestBuffers = Struct(
    "struct v4l2_requestbuffers",
    count=U32,
    type=BufferType,
    memory=Memory,
    _capabilities=U32,
    _flags=U8,
    _reserved=Fixed(U8, 3),
)


def tell_request_buffers(c: Call, addr: int) -> Stages:
    """How many buffers are wanted, and how many there are if others."""
    asked = look(c, RequestBuffers, addr)
    if asked is None:
        return c.address(addr)
    shown = asked.fields("type", "memory", "count")
    yield EXIT
    answer = look(c, RequestBuffers, addr)
    if answer is not None and answer.count != asked.count:
        shown = replaced(shown, "count", answer.show("count"))
    return values.Struct(shown)


ExportBuffer = Struct(
    "struct v4l2_exportbuffer", type=BufferType, index=U32, plane=U32, flags=OpenMode, fd=Fd, _reserved=Fixed(U32, 11)
)
Timecode = Struct("struct v4l2_timecode", type=U32, flags=U32, _frames=Fixed(U8, 8))
LongTime = Struct("timeval of 64 bits", tv_sec=S64, tv_usec=U64)
ShortTime = Struct("timeval of 32 bits", tv_sec=S32, tv_usec=U32)


def show_buffer(view: View, dequeued: bool) -> Fields:
    """What became of a buffer."""
    shown = view.fields("index", "memory") if dequeued else view.fields("memory")
    if view.memory == 1:
        shown.append(("m.offset", view.show("m", X32)))
    elif view.memory == 2:
        shown.append(("m.userptr", view.show("m", Addr)))
    shown += view.fields("length", "bytesused", "flags", *(["timestamp"] if dequeued else []))
    return [*shown, (None, MORE)]


Buffer = Struct(
    "v4l2_buffer with 64-bit time",
    index=U32,
    type=BufferType,
    bytesused=U32,
    flags=BufferFlags(),
    field=FieldOrder,
    timestamp=LongTime,
    timecode=Timecode,
    sequence=U32,
    memory=Memory,
    m=UnionOf(Addr, U32),
    length=U32,
    _reserved2=U32,
    _request_fd=U32,
)
Buffer32 = Struct(
    "v4l2_buffer with 32-bit time",
    index=U32,
    type=BufferType,
    bytesused=U32,
    flags=BufferFlags(),
    field=FieldOrder,
    timestamp=ShortTime,
    timecode=Timecode,
    sequence=U32,
    memory=Memory,
    m=UnionOf(Addr, U32),
    length=U32,
    _reserved2=U32,
    _request_fd=U32,
)


def buffered(struct: Struct, dequeued: bool) -> Exchange:
    """A request about a buffer, which is named by its index or taken out of the queue."""
    return Exchange(struct, "type" if dequeued else "type index", lambda view: show_buffer(view, dequeued))


Framebuffer = Struct("struct v4l2_framebuffer", capability=X32, flags=X32, base=Addr, _fmt=Fixed(U32, 8))
CreateBuffers = Struct(
    "struct v4l2_create_buffers",
    show=lambda view: view.fields("count", "memory", "format"),
    index=U32,
    count=U32,
    memory=Memory,
    format=Format,
    _more=Fixed(U32, 8),
)


def note_created(c: Call) -> str | None:
    """The index of the first new buffer and their number."""
    made = look(c, CreateBuffers, c.args[2])
    return f"{{index={made.index}, count={made.count}}}" if made else None


# --- streaming, standards, inputs ------------------------------------------------------------

StreamCapabilities = Flags("v4l2_streaming_capabilities")
Mode = Flags("v4l2_capture_modes")
CaptureParm = Struct(
    "struct v4l2_captureparm",
    capability=StreamCapabilities,
    capturemode=Mode,
    timeperframe=FRACTION,
    extendedmode=X32,
    readbuffers=U32,
    _reserved=Fixed(U32, 4),
)
OutputParm = Struct(
    "struct v4l2_outputparm",
    capability=StreamCapabilities,
    outputmode=Mode,
    timeperframe=FRACTION,
    extendedmode=X32,
    writebuffers=U32,
    _reserved=Fixed(U32, 4),
)
StreamParm = Struct("struct v4l2_streamparm", type=BufferType, parm=UnionOf(CaptureParm, OutputParm, Fixed(U8, 200)))


def show_parm(view: View) -> Fields:
    """The arm of the union that the type of buffer says."""
    name, arm = ("capture", CaptureParm) if view.type == CAPTURE else ("output", OutputParm)
    return [(f"parm.{name}", view.show("parm", arm))]


def stream_parm(is_get: bool) -> Staged:
    """Parameters of a stream, asked for or set; only for streams of pictures."""

    def stages(c: Call, addr: int) -> Stages:
        asked = look(c, StreamParm, addr)
        if asked is None:
            return c.address(addr)
        shown = asked.fields("type")
        if asked.type not in (CAPTURE, OUTPUT):
            return values.Struct(shown)
        shown += [] if is_get else show_parm(asked)
        yield EXIT
        answer = look(c, StreamParm, addr)
        return answered(shown, show_parm(answer) if answer else [], is_get)

    return Staged(StreamParm, stages)


def answered(before: Fields, after: Fields, is_get: bool) -> AnyValue:
    """One structure if members were asked for, ``{…} => {…}`` if they were set; ``after`` may be missing."""
    if is_get or not after:
        return values.Struct(before + after)
    return Change(values.Struct(before), values.Struct(after))


Standard = Struct(
    "struct v4l2_standard",
    index=U32,
    id=X64,
    name=CharArray(24),
    frameperiod=FRACTION,
    framelines=U32,
    _reserved=Fixed(U32, 4),
)
Input = Struct(
    "struct v4l2_input",
    index=U32,
    name=CharArray(32),
    type=Enum("v4l2_input_types"),
    audioset=X32,
    tuner=U32,
    std=Flags("v4l2_std_ids", size=8),
    status=Flags("v4l2_input_status_flags"),
    capabilities=Flags("v4l2_input_capabilities_flags"),
    _reserved=Fixed(U32, 3),
)
Tuner = Struct(
    "struct v4l2_tuner",
    index=U32,
    name=CharArray(32),
    type=Enum("v4l2_tuner_types"),
    capability=Flags("v4l2_tuner_capabilities"),
    rangelow=U32,
    rangehigh=U32,
    rxsubchans=Flags("v4l2_tuner_rxsubchanses"),
    audmode=Enum("v4l2_tuner_audmodes"),
    signal=S32,
    afc=S32,
    _reserved=Fixed(U32, 4),
)
TUNED = "name type capability rangelow rangehigh rxsubchans audmode signal afc"

# --- controls --------------------------------------------------------------------------------

Control = Struct("struct v4l2_control", id=Id, value=S32)


def tell_set_control(c: Call, addr: int) -> Stages:
    """The value to be, and the one that is if another."""
    asked = look(c, Control, addr)
    if asked is None:
        return c.address(addr)
    shown = asked.fields("id", "value")
    yield EXIT
    answer = look(c, Control, addr)
    if answer is not None and answer.value != asked.value:
        shown = replaced(shown, "value", answer.show("value"))
    return values.Struct(shown)


ControlFlags = Flags("v4l2_control_flags")
QueryControl = Struct(
    "struct v4l2_queryctrl",
    id=WalkedId,
    type=Enum("v4l2_control_types"),
    name=CharArray(32),
    minimum=S32,
    maximum=S32,
    step=S32,
    default_value=S32,
    flags=ControlFlags,
    reserved=Fixed(X32, 2),
)
QueryExtended = Struct(
    "struct v4l2_query_ext_ctrl",
    id=WalkedId,
    type=Enum("v4l2_control_types"),
    name=CharArray(32),
    minimum=S64,
    maximum=S64,
    step=U64,
    default_value=S64,
    flags=ControlFlags,
    elem_size=U32,
    elems=U32,
    nr_of_dims=U32,
    dims=Fixed(U32, 4),
    reserved=Fixed(X32, 32),
)


def show_query(view: View) -> Fields:
    """What the control is; with -v its range."""
    shown = view.fields("type", "name")
    if view.call.abbrev:
        return [*shown, (None, MORE)]
    shown += view.fields("minimum", "maximum", "step", "default_value", "flags")
    if "dims" in view.struct.members:
        dims = view.show("dims", Fixed(U32, min(view.nr_of_dims, 4)))
        shown += [*view.fields("elem_size", "elems", "nr_of_dims"), ("dims", dims)]
    return shown + spare(view, "reserved")


def query(struct: Struct) -> Staged:
    """Asks for a control or the next one, whose id is told if it is another."""

    def stages(c: Call, addr: int) -> Stages:
        asked = look(c, struct, addr)
        if asked is None:
            return c.address(addr)
        shown = asked.fields("id")
        yield EXIT
        answer = look(c, struct, addr)
        if answer is None:
            return values.Struct(shown)
        if answer.id != asked.id:
            shown = replaced(shown, "id", answer.show("id", Id))
        return values.Struct(shown + show_query(answer))

    return Staged(struct, stages)


QueryMenu = Struct("struct v4l2_querymenu", packed=True, id=Id, index=U32, name=UnionOf(CharArray(32)), _reserved=U32)


def show_extended(view: View) -> Shown:
    """A string has a size; a number is shown in both widths."""
    shown = view.fields("id", "size")
    if view.size:
        addr = int.from_bytes(view.bytes_of("value")[: view.call.abi.word], "little")
        return [*shown, ("string", view.call.buffer(addr, view.size))]
    return [*shown, ("value", view.show("value", S32)), ("value64", view.show("value", S64))]


ExtendedControl = Struct(
    "struct v4l2_ext_control",
    show=show_extended,
    packed=True,
    id=Enum("v4l2_control_ids"),
    size=U32,
    _reserved2=U32,
    value=UnionOf(Fixed(U8, 8)),
)
ExtendedControls = Struct(
    "struct v4l2_ext_controls",
    ctrl_class=Enum("v4l2_control_classes"),
    count=U32,
    error_idx=U32,
    _request_fd=S32,
    _reserved=U32,
    controls=Led(Array(ExtendedControl, 1 << 10)),
)


def extended_controls(is_get: bool) -> Staged:
    """Several controls at once; after a failure, which one was to blame."""

    def stages(c: Call, addr: int) -> Stages:
        asked = look(c, ExtendedControls, addr)
        if asked is None:
            return c.address(addr)
        shown = asked.fields("ctrl_class", "count")
        if not asked.count:
            return values.Struct(shown)
        if not is_get:
            controls = Array(ExtendedControl, asked.count, anyway=True).at(c, asked.controls)
            shown.append(("controls", controls))
            if not is_whole(controls):
                return values.Struct(shown)
        yield EXIT
        answer = look(c, ExtendedControls, addr, anyway=True)
        if answer is None:
            return values.Struct(shown)
        after: Fields = [("controls", Array(ExtendedControl, answer.count, anyway=True).at(c, answer.controls))]
        after += answer.fields("error_idx") if c.error else []
        return answered(shown, after, is_get)

    return Staged(ExtendedControls, stages)


# --- cropping, sizes, intervals --------------------------------------------------------------

CropCapability = Struct("struct v4l2_cropcap", type=BufferType, bounds=Rect, defrect=Rect, pixelaspect=FRACTION)
Crop = Struct("struct v4l2_crop", type=BufferType, c=Rect)
Discrete = Struct("struct v4l2_frmsize_discrete", width=U32, height=U32)
Stepwise = Struct(
    "struct v4l2_frmsize_stepwise",
    min_width=U32,
    max_width=U32,
    step_width=U32,
    min_height=U32,
    max_height=U32,
    step_height=U32,
)
FrameSizes = Struct(
    "struct v4l2_frmsizeenum",
    index=U32,
    pixel_format=PIXELS,
    type=Enum("v4l2_framesize_types"),
    discrete=UnionOf(Stepwise, Discrete),
    _reserved=Fixed(U32, 2),
)
Intervals = Struct("struct v4l2_frmival_stepwise", min=FRACTION, max=FRACTION, step=FRACTION)
FrameIntervals = Struct(
    "struct v4l2_frmivalenum",
    index=U32,
    pixel_format=PIXELS,
    width=U32,
    height=U32,
    type=Enum("v4l2_frameinterval_types"),
    discrete=UnionOf(Intervals, FRACTION),
    _reserved=Fixed(U32, 2),
)


def by_type(arms: dict[int, tuple[str, Type]]) -> Callable[[View], Shown]:
    """Shows the type and the arm of the union that it says."""

    def show(view: View) -> Shown:
        arm = arms.get(view.type)
        return [*view.fields("type"), *([(arm[0], view.show("discrete", arm[1]))] if arm else [])]

    return show


Number32 = Indirect(UInt)
Std = Indirect(X64)

REQUESTS: dict[str, Type | Case | None] = {
    "VIDIOC_QUERYCAP": Out(Capability),
    "VIDIOC_ENUM_FMT": Exchange(FormatDescription, "index type", "flags description pixelformat"),
    "VIDIOC_G_FMT": Exchange(Format, "type", show_format),
    **each("VIDIOC_S_FMT VIDIOC_TRY_FMT", Staged(Format, tell_set_format)),
    "VIDIOC_REQBUFS": Staged(RequestBuffers, tell_request_buffers),
    "VIDIOC_EXPBUF": Exchange(ExportBuffer, "type index plane flags", "fd", arrow=True),
    **each("VIDIOC_QUERYBUF VIDIOC_QBUF", buffered(Buffer, False)),
    "VIDIOC_DQBUF": buffered(Buffer, True),
    **each("VIDIOC_QUERYBUF_TIME32 VIDIOC_QBUF_TIME32", buffered(Buffer32, False)),
    "VIDIOC_DQBUF_TIME32": buffered(Buffer32, True),
    "VIDIOC_G_FBUF": Out(Framebuffer),
    "VIDIOC_S_FBUF": In(Framebuffer),
    **each("VIDIOC_STREAMON VIDIOC_STREAMOFF", In(Indirect(BufferType))),
    "VIDIOC_G_PARM": stream_parm(True),
    "VIDIOC_S_PARM": stream_parm(False),
    "VIDIOC_G_STD": Out(Std),
    "VIDIOC_S_STD": In(Std),
    "VIDIOC_ENUMSTD": Exchange(Standard, "index", "name frameperiod framelines"),
    "VIDIOC_ENUMINPUT": Exchange(Input, "index", "name type audioset tuner std status capabilities"),
    "VIDIOC_G_CTRL": Exchange(Control, "id", "value"),
    "VIDIOC_S_CTRL": Staged(Control, tell_set_control),
    "VIDIOC_G_TUNER": Exchange(Tuner, "index", TUNED),
    "VIDIOC_S_TUNER": Exchange(Tuner, f"index {TUNED}", TUNED, arrow=True),
    "VIDIOC_QUERYCTRL": query(QueryControl),
    "VIDIOC_QUERY_EXT_CTRL": query(QueryExtended),
    "VIDIOC_QUERYMENU": Exchange(
        QueryMenu, "id index", lambda v: [*v.fields("name"), ("value", v.show("name", S64))], arrow=True
    ),
    "VIDIOC_G_INPUT": Out(Number32),
    "VIDIOC_S_INPUT": In(Number32),
    "VIDIOC_CROPCAP": Exchange(CropCapability, "type", "bounds defrect pixelaspect"),
    "VIDIOC_G_CROP": Exchange(Crop, "type", "c"),
    "VIDIOC_S_CROP": In(Crop),
    **each("VIDIOC_S_EXT_CTRLS VIDIOC_TRY_EXT_CTRLS", extended_controls(False)),
    "VIDIOC_G_EXT_CTRLS": extended_controls(True),
    "VIDIOC_ENUM_FRAMESIZES": Exchange(
        FrameSizes, "index pixel_format", by_type({1: ("discrete", Discrete), 3: ("stepwise", Stepwise)})
    ),
    "VIDIOC_ENUM_FRAMEINTERVALS": Exchange(
        FrameIntervals,
        "index pixel_format width height",
        by_type({1: ("discrete", FRACTION), 2: ("stepwise", Intervals), 3: ("stepwise", Intervals)}),
    ),
    "VIDIOC_CREATE_BUFS": Case(In(CreateBuffers), note=note_created),
}
