# SPDX-License-Identifier: BSD-2-Clause
"""Virtual consoles: keyboards, keymaps, fonts, colours, sounds.

Source: ioctl_console(2); include/uapi/linux/kd.h, keyboard.h; drivers/tty/vt/vt_ioctl.c.
"""

from __future__ import annotations

from trapgate.calls import tables
from trapgate.calls.call import Call
from trapgate.calls.memory import Array, Bytes, CharArray, In, Indirect, Out, Shown, Str, Struct, View
from trapgate.calls.plan import Planner
from trapgate.calls.quote import Hex
from trapgate.calls.requests import EXIT, SHOWN_BYTES, Case, Led, Staged, Stages, each, look, quoted_char, replaced
from trapgate.calls.structs_signal import Signal, signal_name
from trapgate.calls.types import U8, U16, U32, X16, X32, Enum, Flags, Int, Named, Scalar, Type
from trapgate.model import values
from trapgate.model.abi import Abi
from trapgate.model.values import MORE, AnyValue, Change, Joined, Number, Punct, Symbol, remark

HEADERS = dict.fromkeys(
    [
        "struct console_font_op",
        "struct consolefontdesc",
        "struct kbd_repeat",
        "struct kbdiacr",
        "struct kbdiacruc",
        "struct kbentry",
        "struct kbkeycode",
        "struct kbsentry",
        "struct unimapdesc",
        "struct unimapinit",
        "struct unipair",
    ],
    "linux/kd.h",
)
TICK_RATE = 1193182
"""Of the timer that makes the sound, per second."""
ENOMEM = 12


class Sound(Scalar):
    """KIOCSOUND: a divisor of the timer's rate."""

    def __init__(self) -> None:
        super().__init__("long", "u")

    def decode(self, c: Call, word: int) -> AnyValue | None:
        value = self.number(c, word)
        shown = Number(str(value), value)
        hertz = TICK_RATE // value & 0xFFFFFFFF if value else 0
        return shown if c.style == "raw" else Joined(shown, remark(f"{hertz} Hz" if hertz else "off"))


class Tone(Scalar):
    """KDMKTONE: milliseconds in the upper half, the divisor in the lower."""

    def __init__(self) -> None:
        super().__init__(4, "u")

    def decode(self, c: Call, word: int) -> AnyValue | None:
        value = self.number(c, word)
        ticks, count = value >> 16, value & 0xFFFF
        shown = Symbol(f"{ticks}<<16|{count}" if ticks else str(count), value)
        hertz = TICK_RATE // count if ticks and count else 0
        said = f"{hertz} Hz, {ticks} ms" if hertz else "off"
        return shown if c.style == "raw" else Joined(shown, remark(said))


class Port(Scalar):
    """An input/output port; those of the graphics card count from GPFIRST."""

    FIRST, LAST = 0x3B4, 0x3DF

    def __init__(self) -> None:
        super().__init__("long", "x")

    def decode(self, c: Call, word: int) -> AnyValue | None:
        value = self.number(c, word)
        shown = Number(hex(value) if value else "0", value)
        if c.style == "raw" or not self.FIRST <= value <= self.LAST:
            return shown
        return Joined(shown, remark(f"GPFIRST + {value - self.FIRST}"))


class ScreenCode(Scalar):
    """An entry of a screen map: a code point, or a position of the font."""

    BASE, MASK = 0xF000, 0x01FF

    def __init__(self) -> None:
        super().__init__(2, "x")

    def decode(self, c: Call, word: int) -> AnyValue | None:
        value = self.number(c, word)
        shown = Number(hex(value) if value else "0", value)
        if value & ~self.MASK & 0xFFFF != self.BASE or c.style == "raw":
            return shown
        low = value & self.MASK
        text = f"UNI_DIRECT_BASE+{hex(low) if low else '0'}"
        return Symbol(text, value) if c.style == "abbrev" else Joined(shown, remark(text))


class AcceptedSignal(Scalar):
    """KDSIGACCEPT: a signal, or any number of the program."""

    def __init__(self) -> None:
        super().__init__("long", "u")

    def decode(self, c: Call, word: int) -> AnyValue | None:
        value = self.number(c, word)
        return Signal.value(c, value) if signal_name(value) else Number(str(value), value)


class Character(Scalar):
    """A byte that is a character."""

    def __init__(self) -> None:
        super().__init__(1, "u")

    def decode(self, c: Call, word: int) -> AnyValue | None:
        value = self.number(c, word)
        return Symbol(quoted_char(value), value)


class KeyTable(Named):
    """Which keymap: a name, or flags."""

    def __init__(self) -> None:
        super().__init__("kd_key_tables", size=1)
        self.enum = Enum("kd_key_tables", size=1)
        self.flags = Flags("kd_keymap_flags", size=1)

    def show(self, value: int, style: str, abi: Abi) -> AnyValue:
        known = self.enum.lookup(value, abi) is not None
        return (self.enum if known else self.flags).show(value, style, abi)


KEYS = {1: "fn", 2: "spec", 3: "pad", 4: "dead", 6: "cur", 7: "shift", 9: "ascii", 10: "lock", 12: "slock", 14: "brl"}
"""The tables of keys by type (KT_*)."""
CHARACTERS = frozenset({0, 8, 11, 13})
"""Types whose values are characters: KT_LATIN, KT_META, KT_LETTER, KT_DEAD2."""


class KeyValue(Scalar):
    """What a key means: ``0x100 /* K_F1 */``, ``0x61 /* K(KT_LATIN, 'a') */``."""

    def __init__(self) -> None:
        super().__init__(2, "x")

    def decode(self, c: Call, word: int) -> AnyValue | None:
        value = self.number(c, word)
        shown = Number(hex(value) if value else "0", value)
        if c.style == "raw":
            return shown
        kind, low = value >> 8, value & 0xFF
        name = tables.load(f"kd_key_{KEYS[kind]}_keys").by_value.get(value) if kind in KEYS else None
        if name is None:
            known = tables.load("kd_key_types").by_value.get(kind, hex(kind))
            member = quoted_char(low) if kind in CHARACTERS else hex(low) if low else "0"
            name = f"K({known}, {member})"
        return Joined(shown, remark(name))


KeyEntry = Struct("struct kbentry", kb_table=KeyTable(), kb_index=U8, kb_value=KeyValue())


def key_entry(is_get: bool) -> Staged:
    """A key of a keymap: its value is set or asked for, and may lie beyond what is mapped."""

    def stages(c: Call, addr: int) -> Stages:
        data = c.fetch(addr, 2)
        if data is None:
            return c.address(addr)
        shown = View(c, data.ljust(4, b"\0"), 0, KeyEntry).fields("kb_table", "kb_index")
        if is_get:
            yield EXIT
            if c.error:
                return values.Struct(shown)
        after = c.fetch(addr + 2, 2)
        value = Punct("???") if after is None else KeyValue().load(c, after, 0)
        return values.Struct([*shown, ("kb_value", value)])

    return Staged(KeyEntry, stages)


FunctionKey = Enum("kd_key_fn_key_vals", size=1, unknown="KVAL(K_???)")
KeyString = Struct("struct kbsentry", kb_func=FunctionKey, kb_string=CharArray(512))


def key_string(is_get: bool) -> Staged:
    """The string of a function key."""

    def stages(c: Call, addr: int) -> Stages:
        data = c.fetch(addr, 1)
        if data is None:
            return c.address(addr)
        shown = [("kb_func", FunctionKey.load(c, data, 0))]
        if is_get:
            yield EXIT
            if c.error:
                return values.Struct(shown)
        return values.Struct([*shown, ("kb_string", Str(512).at(c, addr + 1))])

    return Staged(KeyString, stages)


MOST_ACCENTS = 256


class Accents(Type):
    """A count and a list of accents: which characters compose to which."""

    def __init__(self, name: str, element: Struct) -> None:
        self.name = name
        self.element = element

    def size(self, abi: Abi) -> int:
        return 4 + MOST_ACCENTS * self.element.size(abi)

    def at(self, c: Call, addr: int) -> AnyValue:
        count = c.fetch_int(addr)
        if count is None:
            return c.address(addr)
        shown = Array(self.element, min(count, MOST_ACCENTS)).at(c, addr + 4)
        whole = isinstance(shown, values.List) and shown.items and shown.items[-1].text[:3] != "..."
        if count > MOST_ACCENTS and whole and isinstance(shown, values.List):
            shown = values.List([*shown.items, MORE])
        return values.Struct([("kb_cnt", Number(str(count), count)), (self.name, shown)])

    def plan(self, p: Planner) -> None:
        p.bytes(min(self.size(p.abi), 4 + (p.string_limit + 1) * self.element.size(p.abi)))


Char = Character()
Accent = Struct("struct kbdiacr", diacr=Char, base=Char, result=Char)
AccentUnicode = Struct("struct kbdiacruc", diacr=X32, base=X32, result=X32)
Keycode = Struct("struct kbkeycode", scancode=X32, keycode=X32)


def tell_keycode(c: Call, addr: int) -> Stages:
    """The keycode of a scan code, and what it was if the kernel says another."""
    asked = look(c, Keycode, addr)
    if asked is None:
        return c.address(addr)
    shown = asked.fields("scancode", "keycode")
    yield EXIT
    answer = look(c, Keycode, addr)
    if answer is not None and answer.keycode != asked.keycode:
        shown = replaced(shown, "keycode", answer.show("keycode"))
    return values.Struct(shown)


Repeat = Struct("struct kbd_repeat", delay=Int, period=Int)


def tell_repeat(c: Call, addr: int) -> Stages:
    """The delays to be, and those that are."""
    before = Repeat.at(c, addr)
    if isinstance(before, values.Value):
        return before
    yield EXIT
    answer = look(c, Repeat, addr)
    return before if answer is None else Change(before, Repeat.view_value(answer))


UnimapInit = Struct("struct unimapinit", advised_hashsize=U16, advised_hashstep=U16, advised_hashlevel=U16)
UniPair = Struct("struct unipair", unicode=X16, fontpos=X16)
Unimap = Struct("struct unimapdesc", entry_ct=U16, entries=Led(Array(UniPair, 1 << 10)))


def unimap(is_get: bool) -> Staged:
    """Which characters are where in the font; after a failure for want of room too."""

    def stages(c: Call, addr: int) -> Stages:
        asked = look(c, Unimap, addr)
        if asked is None:
            return c.address(addr)
        shown = asked.fields("entry_ct")
        count, answer = asked.entry_ct, asked
        if is_get:
            yield EXIT
            found = look(c, Unimap, addr, anyway=True)
            if found is None:
                return values.Struct(shown)
            answer = found
            if answer.entry_ct != count:
                shown = replaced(shown, "entry_ct", answer.show("entry_ct"))
            if c.error and c.error != ENOMEM:
                return values.Struct([*shown, *answer.fields("entries")])
        return values.Struct([*shown, ("entries", Array(UniPair, count).at(c, answer.entries))])

    return Staged(Unimap, stages)


FontDescription = Struct("struct consolefontdesc", charcount=U16, charheight=U16, chardata=Led(SHOWN_BYTES))
MOST_CHARACTERS, MOST_WIDTH = 512, 32


def show_font_data(view: View) -> Shown:
    """The size of the font and its pixels, 32 bytes of each character."""
    data = view.call.buffer(view.chardata, min(view.charcount, MOST_CHARACTERS) * 32, Hex.ALL)
    return [*view.fields("charcount", "charheight"), ("chardata", data)]


SetFont = Struct(
    "struct consolefontdesc", show=show_font_data, charcount=U16, charheight=U16, chardata=Led(SHOWN_BYTES)
)


def tell_get_font(c: Call, addr: int) -> Stages:
    """The room there is, then the font."""
    before = FontDescription.at(c, addr)
    if isinstance(before, values.Value):
        return before
    yield EXIT
    answer = look(c, SetFont, addr)
    return before if answer is None else Change(before, SetFont.view_value(answer))


FontOp = Struct(
    "struct console_font_op",
    op=Enum("kd_font_ops"),
    flags=Flags("kd_font_flags"),
    width=U32,
    height=U32,
    charcount=U32,
    data=Led(SHOWN_BYTES),
)
SET, GET, SET_DEFAULT, COPY = range(4)
FONT_NAME = 32


def show_font_op(view: View) -> Shown:
    """The members that the operation uses, before or after it."""
    c, op = view.call, view.op
    names = [] if c.exiting else ["op"] if op in (SET_DEFAULT, COPY) else ["op", "flags"]
    names += ["height"] if op == COPY else ["width", "height"]
    names += [] if op in (SET_DEFAULT, COPY) else ["charcount"]
    shown = view.fields(*names)
    addr = int.from_bytes(view.bytes_of("data"), "little")
    if op == SET or (op == GET and c.exiting):
        size = (min(view.width, MOST_WIDTH) + 7) // 8 * 32 * min(view.charcount, MOST_CHARACTERS)
        shown.append(("data", c.buffer(addr, size, Hex.ALL)))
    elif op == SET_DEFAULT:
        shown += [] if c.exiting else [("data", font_name(c, addr))]
    elif op != COPY:
        shown += view.fields("data")
    return shown


def font_name(c: Call, addr: int) -> AnyValue:
    """The name of a font: at most 31 bytes and a NUL."""
    found = c.memory.read_string(addr, FONT_NAME) if addr else None
    if found is None:
        return c.address(addr)
    text, whole = found[0][: FONT_NAME - 1], found[1]
    limit = c.options.string_limit
    return c.quoted(text[:limit], truncated=not whole or len(text) > limit)


def tell_font_op(c: Call, addr: int) -> Stages:
    """What to do with the font, then what came of it."""
    asked = look(c, FontOp, addr)
    if asked is None:
        return c.address(addr)
    before = values.Struct(list(show_font_op(asked)))
    if asked.op in (SET, COPY):
        return before
    yield EXIT
    answer = look(c, FontOp, addr)
    return before if answer is None else Change(before, values.Struct(list(show_font_op(answer))))


def pixels(size: int) -> Bytes:
    """``size`` bytes of numbers."""
    return Bytes(size, hexadecimal=True)


class ByteWide(Type):
    """A value of which the low byte counts."""

    def __init__(self, inner: Flags) -> None:
        self.inner = inner

    def decode(self, c: Call, word: int) -> AnyValue | None:
        return self.inner.decode(c, word & 0xFF)


LED, DEFAULT_LED = Flags("kd_led_flags", size=1), Flags("kd_default_led_flags", size=1)
Mode = Enum("kd_modes")
KeyboardMode = Enum("kd_kbd_modes", base="d", signed=True)
Meta = Enum("kd_meta_vals")

REQUESTS: dict[str, Type | Case | None] = {
    "KIOCSOUND": Sound(),
    "KDMKTONE": Tone(),
    "KDGETLED": Out(Indirect(LED)),
    "KDSETLED": ByteWide(LED),
    "KDGKBLED": Out(Indirect(DEFAULT_LED)),
    "KDSKBLED": ByteWide(DEFAULT_LED),
    "KDGKBTYPE": Out(Indirect(Enum("kd_kbd_types", size=1))),
    **each("KDADDIO KDDELIO", Port()),
    "KDSETMODE": Mode,
    "KDGETMODE": Out(Indirect(Mode)),
    "GIO_SCRNMAP": Out(pixels(256)),
    "PIO_SCRNMAP": In(pixels(256)),
    "GIO_UNISCRNMAP": Out(Array(ScreenCode(), 256)),
    "PIO_UNISCRNMAP": In(Array(ScreenCode(), 256)),
    "KDGKBMODE": Out(Indirect(KeyboardMode)),
    "KDSKBMODE": KeyboardMode,
    "KDGKBENT": key_entry(True),
    "KDSKBENT": key_entry(False),
    "KDGKBSENT": key_string(True),
    "KDSKBSENT": key_string(False),
    "KDGKBDIACR": Out(Accents("kbdiacr", Accent)),
    "KDSKBDIACR": In(Accents("kbdiacr", Accent)),
    "KDGKBDIACRUC": Out(Accents("kbdiacruc", AccentUnicode)),
    "KDSKBDIACRUC": In(Accents("kbdiacruc", AccentUnicode)),
    "KDGETKEYCODE": Staged(Keycode, tell_keycode),
    "KDSETKEYCODE": In(Keycode),
    "KDSIGACCEPT": AcceptedSignal(),
    "KDKBDREP": Staged(Repeat, tell_repeat),
    "GIO_FONT": Out(pixels(8192)),
    "PIO_FONT": In(pixels(8192)),
    "KDGKBMETA": Out(Indirect(Meta)),
    "KDSKBMETA": Meta,
    "PIO_UNIMAPCLR": In(UnimapInit),
    "GIO_CMAP": Out(pixels(48)),
    "PIO_CMAP": In(pixels(48)),
    **each("KDENABIO KDDISABIO KDMAPDISP KDUNMAPDISP PIO_FONTRESET", None),
    "GIO_UNIMAP": unimap(True),
    "PIO_UNIMAP": unimap(False),
    "GIO_FONTX": Staged(FontDescription, tell_get_font),
    "PIO_FONTX": In(SetFont),
    "KDFONTOP": Staged(FontOp, tell_font_op),
}
