# SPDX-License-Identifier: BSD-2-Clause
"""Precision clocks: what they can do, time stamps, periodic output, pins, offsets to the system's clocks.

Source: include/uapi/linux/ptp_clock.h.
"""

from __future__ import annotations

from trapgate.calls.call import Call
from trapgate.calls.memory import CharArray, Fixed, In, Out, Shown, Struct, View
from trapgate.calls.requests import EXIT, Case, Staged, Stages, UnionOf, each, look, spare
from trapgate.calls.structs_time import ClockId, show_fraction, with_time
from trapgate.calls.types import S64, U32, X32, Enum, Flags, HexLong, Int, Type, UInt
from trapgate.model import values
from trapgate.model.values import AnyValue, Punct

HEADERS = dict.fromkeys(
    [
        "struct ptp_clock_caps",
        "struct ptp_clock_time",
        "struct ptp_extts_request",
        "struct ptp_perout_request",
        "struct ptp_pin_desc",
        "struct ptp_sys_offset",
        "struct ptp_sys_offset_extended",
        "struct ptp_sys_offset_precise",
    ],
    "linux/ptp_clock.h",
)
MAX_SAMPLES = 25
PEROUT_DUTY_CYCLE, PEROUT_PHASE = 1 << 1, 1 << 2


def show_time(view: View) -> AnyValue:
    """A point in time, and what that is."""
    shown = values.Struct([*view.fields("sec", "nsec"), *spare(view, "reserved")])
    return shown if view.call.style == "raw" else with_time(shown, view.sec, view.nsec)


def show_span(view: View) -> Shown:
    """A length of time."""
    return [*view.fields("sec", "nsec"), *spare(view, "reserved")]


Time = Struct("struct ptp_clock_time", show=show_time, sec=S64, nsec=U32, reserved=X32)
Span = Struct("struct ptp_clock_time", show=show_span, sec=S64, nsec=U32, reserved=X32)


def show_caps(view: View) -> Shown:
    """All that the clock can do."""
    shown = [name for name in view.struct.members if name not in ("max_phase_adj", "rsv")]
    phase = show_fraction(view.max_phase_adj, 9, view.call.style)
    return [*view.fields(*shown), ("max_phase_adj", phase), *spare(view, "rsv")]


Caps = Struct(
    "struct ptp_clock_caps",
    show=show_caps,
    max_adj=Int,
    n_alarm=Int,
    n_ext_ts=Int,
    n_per_out=Int,
    pps=Int,
    n_pins=Int,
    cross_timestamping=Int,
    adjust_phase=Int,
    max_phase_adj=Int,
    rsv=Fixed(X32, 11),
)


def is_second(view: View) -> bool:
    """Whether it is the second form of a request, which looks at what is reserved."""
    return view.call.u32(1) & 0xFF >= 10


def show_extts(view: View) -> Shown:
    """Which input, and its edges."""
    return [*view.fields("index", "flags"), *(spare(view, "rsv") if is_second(view) else [])]


Extts = Struct(
    "struct ptp_extts_request", show=show_extts, index=UInt, flags=Flags("ptp_extts_flags"), rsv=Fixed(X32, 2)
)


def show_perout(view: View) -> Shown:
    """The flags say whether it starts at a time or a phase, and for how long it is on."""
    first = ("phase", view.show("start", Span)) if view.flags & PEROUT_PHASE else ("start", view.show("start", Time))
    shown: list[tuple[str | None, AnyValue]] = [first, *view.fields("period", "index", "flags")]
    if view.flags & PEROUT_DUTY_CYCLE:
        return [*shown, ("on", view.show("on", Span))]
    rest = view.show("on", Fixed(X32, 4))
    return [*shown, ("rsv", rest)] if is_second(view) and any(view.bytes_of("on")) else shown


Perout = Struct(
    "struct ptp_perout_request",
    show=show_perout,
    start=UnionOf(Time),
    period=Span,
    index=UInt,
    flags=Flags("ptp_perout_flags"),
    on=UnionOf(Span),
)
Offset = Struct("struct ptp_sys_offset", n_samples=UInt, rsv=Fixed(X32, 3), ts=Fixed(Time, 2 * MAX_SAMPLES + 1))
Extended = Struct(
    "struct ptp_sys_offset_extended",
    n_samples=UInt,
    clockid=ClockId,
    rsv=Fixed(X32, 2),
    ts=Fixed(Fixed(Time, 3, whole=True), MAX_SAMPLES),
)
Precise = Struct(
    "struct ptp_sys_offset_precise",
    show=lambda view: [*view.fields("device", "sys_realtime", "sys_monoraw"), *spare(view, "rsv")],
    device=Time,
    sys_realtime=Time,
    sys_monoraw=Span,
    rsv=Fixed(X32, 4),
)


def show_pin(view: View) -> Shown:
    """The function to be of a pin."""
    return [*view.fields("index", "func", "chan"), *(spare(view, "rsv") if is_second(view) else [])]


Pin = Struct(
    "struct ptp_pin_desc",
    show=show_pin,
    name=CharArray(64),
    index=UInt,
    func=Enum("ptp_pin_funcs"),
    chan=UInt,
    rsv=Fixed(X32, 5),
)

UNAVAILABLE = Punct("???")


def filled(
    c: Call, struct: Struct, addr: int, before: list[tuple[str | None, AnyValue]]
) -> tuple[View | None, values.Struct]:
    """The structure after the call, and how the argument prints if it is not to be had."""
    view = look(c, struct, addr)
    return view, values.Struct(before if c.error else [*before, (None, UNAVAILABLE)])


def tell_offset(c: Call, addr: int) -> Stages:
    """How many samples, then the samples."""
    asked = look(c, Offset, addr)
    if asked is None:
        return c.address(addr)
    shown = [*asked.fields("n_samples"), *spare(asked, "rsv")]
    yield EXIT
    view, otherwise = filled(c, Offset, addr, shown)
    if view is None:
        return otherwise
    times = Fixed(Time, 2 * min(view.n_samples, MAX_SAMPLES) + 1)
    return values.Struct([*shown, ("ts", view.show("ts", times))])


def tell_extended(c: Call, addr: int) -> Stages:
    """How many samples of which clock, then the samples, each of three times."""
    asked = look(c, Extended, addr)
    if asked is None:
        return c.address(addr)
    shown = [*asked.fields("n_samples", "clockid"), *spare(asked, "rsv")]
    yield EXIT
    view, otherwise = filled(c, Extended, addr, shown)
    if view is None:
        return otherwise
    times = Fixed(Fixed(Time, 3, whole=True), min(view.n_samples, MAX_SAMPLES))
    return values.Struct([*shown, ("ts", view.show("ts", times))])


def tell_pin(c: Call, addr: int) -> Stages:
    """Which pin, then what it does."""
    asked = look(c, Pin, addr)
    if asked is None:
        return c.address(addr)
    shown = [*asked.fields("index"), *(spare(asked, "rsv") if is_second(asked) else [])]
    yield EXIT
    view, otherwise = filled(c, Pin, addr, shown)
    return otherwise if view is None else values.Struct([*shown, *view.fields("name", "func", "chan")])


REQUESTS: dict[str, Type | Case | None] = {
    **each("PTP_CLOCK_GETCAPS PTP_CLOCK_GETCAPS2", Out(Caps)),
    **each("PTP_EXTTS_REQUEST PTP_EXTTS_REQUEST2", In(Extts)),
    **each("PTP_PEROUT_REQUEST PTP_PEROUT_REQUEST2", In(Perout)),
    **each("PTP_ENABLE_PPS PTP_ENABLE_PPS2", HexLong),
    **each("PTP_SYS_OFFSET PTP_SYS_OFFSET2", Staged(Offset, tell_offset)),
    **each("PTP_PIN_GETFUNC PTP_PIN_GETFUNC2", Staged(Pin, tell_pin)),
    **each("PTP_PIN_SETFUNC PTP_PIN_SETFUNC2", In(Pin)),
    **each("PTP_SYS_OFFSET_PRECISE PTP_SYS_OFFSET_PRECISE2 PTP_SYS_OFFSET_PRECISE_CYCLES", Out(Precise)),
    **each(
        "PTP_SYS_OFFSET_EXTENDED PTP_SYS_OFFSET_EXTENDED2 PTP_SYS_OFFSET_EXTENDED_CYCLES",
        Staged(Extended, tell_extended),
    ),
}
