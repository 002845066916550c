# SPDX-License-Identifier: BSD-2-Clause
"""Input devices: identity, what they can send, axes, keys, force feedback.

Most requests carry a length, an axis or a kind of event in their number. What a device can send
comes as bits. Source: include/uapi/linux/input.h, input-event-codes.h.
"""

from __future__ import annotations

from trapgate.calls import tables
from trapgate.calls.call import Call
from trapgate.calls.memory import RESULT, Array, Bytes, Fixed, In, Indirect, Out, Shown, Struct, View
from trapgate.calls.plan import Planner
from trapgate.calls.requests import EXIT, Case, Staged, Stages, UnionOf
from trapgate.calls.types import S16, U8, U16, U32, X8, X16, X32, Addr, Enum, Int, Scalar, Type, UInt, ULong
from trapgate.model import values
from trapgate.model.abi import Abi
from trapgate.model.values import MORE, AnyValue, Joined, Number, remark

HEADERS = dict.fromkeys(
    [
        "struct ff_constant_effect",
        "struct ff_effect",
        "struct ff_envelope",
        "struct ff_periodic_effect",
        "struct ff_ramp_effect",
        "struct ff_replay",
        "struct ff_rumble_effect",
        "struct ff_trigger",
        "struct input_absinfo",
        "struct input_id",
        "struct input_keymap_entry",
    ],
    "linux/input.h",
)
WRITE, READ = 1, 2
FF_RUMBLE, FF_PERIODIC, FF_CONSTANT, FF_RAMP = 0x50, 0x51, 0x52, 0x57
MOST_BITS = 4
"""Bits shown of a set when it is abbreviated."""


class BitSet(Type):
    """As many bytes of bits as the call returned, of a set that has ``last`` + 1 bits."""

    def __init__(self, table: str, last: int) -> None:
        self.names = Enum(table)
        self.last = last

    def at(self, c: Call, addr: int) -> AnyValue:
        bits = min(c.result * 8, self.last) if c.result >= 0 else self.last
        word = c.abi.word
        size = (bits + 8 * word - 1) // (8 * word) * word
        data = c.fetch(addr, size) if size else None
        if data is None:
            return c.address(addr)
        words: list[AnyValue] = [
            Number(hex(number) if number else "0", number)
            for number in (int.from_bytes(data[i : i + word], "little") for i in range(0, size, word))
        ]
        raw = values.List(words)
        if c.style == "raw":
            return raw
        mask = int.from_bytes(data, "little") & (1 << bits) - 1
        found = [bit for bit in range(bits) if mask >> bit & 1]
        shown: list[AnyValue] = [self.names.value(c, bit) for bit in found]
        if c.abbrev and len(shown) > MOST_BITS:
            shown = [*shown[:MOST_BITS], MORE]
        named = values.List(shown, separator=" ")
        return named if c.style == "abbrev" else Joined(named, remark(raw.text))

    def plan(self, p: Planner) -> None:
        p.bytes(RESULT, limit=self.last // 8 + 8)


BITS: dict[int, tuple[str, int]] = {
    0x00: ("evdev_ev", 0x1F),
    0x01: ("evdev_keycode", 0x2FF),
    0x02: ("evdev_relative_axes", 0x0F),
    0x03: ("evdev_abs", 0x3F),
    0x04: ("evdev_misc", 0x07),
    0x05: ("evdev_switch", 0x11),
    0x11: ("evdev_leds", 0x0F),
    0x12: ("evdev_snd", 0x07),
    0x14: ("evdev_autorepeat", 0x01),
    0x15: ("evdev_ff_types", 0x7F),
    0x17: ("evdev_ff_status", 0x01),
}
"""The codes of each kind of event (EV_*), and the last of them."""

EV_PWR = 0x16


Axis = Struct("struct input_absinfo", value=U32, minimum=U32, maximum=U32, fuzz=U32, flat=U32, resolution=U32)


class AbsInfo(Type):
    """The state of an axis; programs know it with or without the resolution."""

    NAMES = ("value", "minimum", "maximum", "fuzz", "flat", "resolution")

    def __init__(self, size: int) -> None:
        self.given = size
        self.struct = Struct(
            "struct input_absinfo", value=U32, minimum=U32, maximum=U32, fuzz=U32, flat=U32, resolution=U32
        )

    def size(self, abi: Abi) -> int:
        return min(self.given, 24)

    def load(self, c: Call, data: bytes, offset: int) -> AnyValue:
        view = View(c, data.ljust(24, b"\0"), offset, Axis)
        if c.abbrev:
            return values.Struct([*view.fields("value", "minimum"), (None, MORE)])
        shown = view.fields(*self.NAMES[: 6 if self.given >= 24 else 5])
        return values.Struct([*shown, (None, MORE)] if self.given > 20 and self.given != 24 else shown)


Id = Struct("struct input_id", bustype=U16, vendor=U16, product=U16, version=U16)
Pair = Fixed(UInt, 2, whole=True)
Keycode = Enum("evdev_keycode")


class ScanKey(Type):
    """A scan code and its key: ``[1, KEY_ESC]``."""

    def size(self, abi: Abi) -> int:
        return 8

    def load(self, c: Call, data: bytes, offset: int) -> AnyValue:
        return values.List([UInt.load(c, data, offset), Keycode.load(c, data, offset + 4)])


def show_keymap(view: View) -> Shown:
    """The entry; the key and its scan code with -v."""
    if view.call.abbrev:
        return [*view.fields("flags", "len"), (None, MORE)]
    return view.fields(*view.struct.members)


Keymap = Struct(
    "struct input_keymap_entry",
    show=show_keymap,
    flags=U8,
    len=U8,
    index=U16,
    keycode=Keycode,
    scancode=Fixed(X8, 32),
)
Envelope = Struct("struct ff_envelope", attack_length=U16, attack_level=U16, fade_length=U16, fade_level=X16)
Constant = Struct("struct ff_constant_effect", level=S16, envelope=Envelope)
Ramp = Struct("struct ff_ramp_effect", start_level=S16, end_level=S16, envelope=Envelope)
Periodic = Struct(
    "struct ff_periodic_effect",
    waveform=U16,
    period=U16,
    magnitude=S16,
    offset=S16,
    phase=U16,
    envelope=Envelope,
    custom_len=U32,
    custom_data=Addr,
)
Rumble = Struct("struct ff_rumble_effect", strong_magnitude=U16, weak_magnitude=U16)
ARMS = {
    FF_CONSTANT: ("constant", Constant),
    FF_RAMP: ("ramp", Ramp),
    FF_PERIODIC: ("periodic", Periodic),
    FF_RUMBLE: ("rumble", Rumble),
}


def show_effect(view: View) -> Shown:
    """The kind of effect; with -v all of it."""
    shown = view.fields("type", "id", "direction")
    if view.call.abbrev:
        return [*shown, (None, MORE)]
    arm = ARMS.get(view.type)
    return [*shown, *view.fields("trigger", "replay"), *([(arm[0], view.show("u", arm[1]))] if arm else [])]


Effect = Struct(
    "struct ff_effect",
    show=show_effect,
    type=Enum("evdev_ff_types", size=2),
    id=S16,
    direction=U16,
    trigger=Struct("struct ff_trigger", button=U16, interval=U16),
    replay=Struct("struct ff_replay", length=U16, delay=U16),
    u=UnionOf(Periodic, Constant, Ramp, Rumble),
)

REQUESTS: dict[str, Type | Case | None] = {
    "EVIOCGVERSION": Out(Indirect(X32)),
    "EVIOCGEFFECTS": Out(Indirect(UInt)),
    "EVIOCGID": Out(Id),
    "EVIOCGREP": Out(Pair),
    "EVIOCSREP": In(Pair),
    "EVIOCGKEYCODE": Out(ScanKey()),
    "EVIOCSKEYCODE": In(ScanKey()),
    "EVIOCGKEYCODE_V2": Out(Keymap),
    "EVIOCSKEYCODE_V2": In(Keymap),
    "EVIOCSFF": In(Effect),
    "EVIOCRMFF": Int,
    "EVIOCGRAB": ULong,
    "EVIOCREVOKE": ULong,
    "EVIOCSCLOCKID": In(Indirect(UInt)),
}

NAMES = {0x06: "EVIOCGNAME", 0x07: "EVIOCGPHYS", 0x08: "EVIOCGUNIQ"}
SETS = {
    0x09: ("EVIOCGPROP", "evdev_prop", 0x1F),
    0x18: ("EVIOCGKEY", "evdev_keycode", 0x2FF),
    0x19: ("EVIOCGLED", "evdev_leds", 0x0F),
    0x1A: ("EVIOCGSND", "evdev_snd", 0x07),
    0x1B: ("EVIOCGSW", "evdev_switch", 0x11),
}
SLOTS, GET_BITS, GET_AXIS, SET_AXIS = 0x0A, 0x20, 0x40, 0xC0


class Address(Scalar):
    """An argument of which nothing is known, printed when the call returns if it is filled."""

    def __init__(self, out: bool) -> None:
        super().__init__("long", "x")
        self.out = out

    def decode(self, c: Call, word: int) -> AnyValue | None:
        return c.address(self.number(c, word))


def slots(count: int) -> Staged:
    """EVIOCGMTSLOTS: which property, and its value for each of ``count`` slots."""
    code = Enum("evdev_mtslots")

    def stages(c: Call, addr: int) -> Stages:
        data = c.fetch(addr, 4)
        if data is None:
            return c.address(addr)
        return values.Struct([("code", code.load(c, data, 0)), ("values", Array(Int, count - 1).at(c, addr + 4))])
        yield EXIT

    return Staged(Bytes(4 * count), stages, late=True)


def find_case(request: int) -> Case | None:
    """Requests that carry a length, an axis or a kind of event."""
    direction, number, size = request >> 30, request & 0xFF, request >> 16 & 0x3FFF
    if direction == READ:
        return Case(find_getter(number, size))
    if direction != WRITE:
        return None
    if SET_AXIS <= number <= SET_AXIS + 0x3F and size >= 20:
        return Case(In(AbsInfo(size)))
    return Case(Address(out=False))


def find_getter(number: int, size: int) -> Type:
    """The type of an argument that is filled."""
    if number in NAMES:
        return Out(Bytes(RESULT))
    if number in SETS:
        return Out(BitSet(*SETS[number][1:]))
    if number == SLOTS and size >= 4:
        return slots(size // 4)
    if GET_AXIS <= number <= GET_AXIS + 0x3F and size >= 20:
        return Out(AbsInfo(size))
    if GET_BITS <= number < GET_AXIS:
        if number - GET_BITS in BITS:
            return Out(BitSet(*BITS[number - GET_BITS]))
        if number - GET_BITS == EV_PWR:
            return Out(Indirect(Int))
    return Address(out=True)


def named(c: Call, table: str, unknown: str, value: int) -> str:
    """A constant in the name of a request: the name itself also under -X verbose."""
    name = tables.load(table).by_value.get(value)
    if name is not None:
        return name
    number = hex(value) if value else "0"
    return number if c.style == "verbose" else f"{number} /* {unknown} */"


def name_request(c: Call, request: int) -> tuple[str, bool]:
    """``EVIOCGABS(ABS_X)``, ``EVIOCGBIT(EV_KEY, 96)``, ``EVIOCGNAME(256)``."""
    direction, number, size = request >> 30, request & 0xFF, request >> 16 & 0x3FFF
    if direction == WRITE and SET_AXIS <= number <= SET_AXIS + 0x3F:
        return f"EVIOCSABS({named(c, 'evdev_abs', 'ABS_???', number - SET_AXIS)})", False
    if direction != READ:
        return "", False
    if GET_BITS <= number < GET_AXIS:
        kind = "0" if number == GET_BITS else named(c, "evdev_ev", "EV_???", number - GET_BITS)
        return f"EVIOCGBIT({kind}, {size})", False
    if GET_AXIS <= number <= GET_AXIS + 0x3F:
        return f"EVIOCGABS({named(c, 'evdev_abs', 'ABS_???', number - GET_AXIS)})", False
    name = NAMES.get(number) or (SETS[number][0] if number in SETS else "EVIOCGMTSLOTS" if number == SLOTS else "")
    return (f"{name}({size})", False) if name else ("", False)
