# SPDX-License-Identifier: BSD-2-Clause
"""General purpose input and output: chips, lines, events; both versions of the interface.

Source: userspace-api/gpio; include/uapi/linux/gpio.h.
"""

from __future__ import annotations

from trapgate.calls.memory import CharArray, Fixed, In, Out, Shown, Struct, View
from trapgate.calls.requests import Case, Exchange, Fields, UnionOf, each, spare
from trapgate.calls.types import U8, U32, X32, X64, Fd, Flags, Type
from trapgate.model.values import AnyValue

HEADERS = dict.fromkeys(
    [
        "struct gpio_v2_line_attribute",
        "struct gpio_v2_line_config",
        "struct gpio_v2_line_config_attribute",
        "struct gpio_v2_line_info",
        "struct gpio_v2_line_request",
        "struct gpio_v2_line_values",
        "struct gpiochip_info",
        "struct gpioevent_request",
        "struct gpiohandle_config",
        "struct gpiohandle_data",
        "struct gpiohandle_request",
        "struct gpioline_info",
    ],
    "linux/gpio.h",
)
LINES, ATTRIBUTES = 64, 10
NAME = CharArray(32)
HandleFlags = Flags("gpio_handle_flags")
LineFlags = Flags("gpio_v2_line_flags", size=8)


def first(view: View, name: str, kind: Type, count: int, most: int = LINES) -> tuple[str | None, AnyValue]:
    """The first ``count`` elements of an array of ``most``."""
    return name, view.show(name, Fixed(kind, min(count, most)))


ChipInfo = Struct("struct gpiochip_info", name=NAME, label=NAME, lines=U32)
LineInfo = Struct("struct gpioline_info", line_offset=U32, flags=Flags("gpio_line_flags"), name=NAME, consumer=NAME)
Offset = Struct("offset of a line", offset=U32)
HandleRequest = Struct(
    "struct gpiohandle_request",
    lineoffsets=Fixed(U32, LINES),
    flags=HandleFlags,
    default_values=Fixed(U8, LINES),
    consumer_label=NAME,
    lines=U32,
    fd=Fd,
)
EventRequest = Struct(
    "struct gpioevent_request",
    lineoffset=U32,
    handleflags=HandleFlags,
    eventflags=Flags("gpio_event_flags"),
    consumer_label=NAME,
    fd=Fd,
)
HandleData = Struct("struct gpiohandle_data", values=Fixed(U8, LINES))
HandleConfig = Struct(
    "struct gpiohandle_config", flags=HandleFlags, default_values=Fixed(U8, LINES), _padding=Fixed(U32, 4)
)


def show_handle(view: View) -> Shown:
    """The lines wanted and what they shall be."""
    return [
        *view.fields("lines"),
        first(view, "lineoffsets", U32, view.lines),
        *view.fields("flags"),
        first(view, "default_values", U8, view.lines),
        *view.fields("consumer_label"),
    ]


ARMS = {1: ("flags", LineFlags), 2: ("values", X64), 3: ("debounce_period_us", U32)}
"""What an attribute holds, by GPIO_V2_LINE_ATTR_ID_*."""


def show_attribute(view: View) -> Shown:
    """The arm that the id says; all members where the id or the padding is unexpected."""
    arm = ARMS.get(view.id) if not view.padding else None
    if arm is not None:
        return [(arm[0], view.show("flags", arm[1]))]
    return [*view.fields("id"), *spare(view, "padding"), ("data", view.show("flags", X64))]


Attribute = Struct(
    "struct gpio_v2_line_attribute", show=show_attribute, id=U32, padding=X32, flags=UnionOf(LineFlags, X64, U32)
)


def show_config_attribute(view: View) -> Shown:
    """The attribute and the lines it is for; known attributes without braces of their own."""
    raw = view.bytes_of("attr")
    shown = list(show_attribute(View(view.call, raw, 0, Attribute)))
    attribute: Shown = shown if len(shown) == 1 else [("attr", view.show("attr"))]
    return [*attribute, *view.fields("mask")]


ConfigAttribute = Struct("struct gpio_v2_line_config_attribute", show=show_config_attribute, attr=Attribute, mask=X64)


def show_config(view: View) -> Shown:
    """The flags of all lines and the attributes of some."""
    attributes = [first(view, "attrs", ConfigAttribute, view.num_attrs, ATTRIBUTES)] if view.num_attrs else []
    return [*view.fields("flags", "num_attrs"), *spare(view, "padding"), *attributes]


LineConfig = Struct(
    "struct gpio_v2_line_config",
    show=show_config,
    flags=LineFlags,
    num_attrs=U32,
    padding=Fixed(X32, 5),
    attrs=Fixed(ConfigAttribute, ATTRIBUTES),
)
LineInfo2 = Struct(
    "struct gpio_v2_line_info",
    name=NAME,
    consumer=NAME,
    offset=U32,
    num_attrs=U32,
    flags=LineFlags,
    attrs=Fixed(Attribute, ATTRIBUTES),
    padding=Fixed(X32, 4),
)


def show_line_info(view: View) -> Shown:
    """What is known of the line."""
    attributes = [first(view, "attrs", Attribute, view.num_attrs, ATTRIBUTES)] if view.num_attrs else []
    return [*view.fields("name", "consumer", "flags", "num_attrs"), *attributes, *spare(view, "padding")]


LineRequest = Struct(
    "struct gpio_v2_line_request",
    offsets=Fixed(U32, LINES),
    consumer=NAME,
    config=LineConfig,
    num_lines=U32,
    event_buffer_size=U32,
    padding=Fixed(X32, 5),
    fd=Fd,
)


def show_request(view: View) -> Shown:
    """The lines wanted and what they shall be."""
    return [
        *view.fields("num_lines"),
        first(view, "offsets", U32, view.num_lines),
        *view.fields("consumer", "config"),
        *spare(view, "event_buffer_size", "padding"),
    ]


LineValues = Struct("struct gpio_v2_line_values", bits=X64, mask=X64)


def asked(name: str, struct: Struct, before: Fields, after: Fields) -> Case:
    """A request that is answered in the structure that asks."""
    return Case(Exchange(struct, before, after, arrow=True), name)


REQUESTS: dict[str, Type | Case | None] = {
    "GPIO_GET_CHIPINFO_IOCTL": Case(Out(ChipInfo), "info"),
    "GPIO_GET_LINEINFO_UNWATCH_IOCTL": Case(In(Offset), "offset"),
    **each(
        "GPIO_GET_LINEINFO_IOCTL GPIO_GET_LINEINFO_WATCH_IOCTL",
        asked("info", LineInfo, "line_offset", "flags name consumer"),
    ),
    "GPIO_GET_LINEHANDLE_IOCTL": asked("request", HandleRequest, show_handle, "fd"),
    "GPIO_GET_LINEEVENT_IOCTL": asked(
        "request", EventRequest, "lineoffset handleflags eventflags consumer_label", "fd"
    ),
    "GPIOHANDLE_GET_LINE_VALUES_IOCTL": Case(Out(HandleData), "values"),
    "GPIOHANDLE_SET_LINE_VALUES_IOCTL": Case(In(HandleData), "values"),
    "GPIOHANDLE_SET_CONFIG_IOCTL": Case(In(HandleConfig), "config"),
    **each(
        "GPIO_V2_GET_LINEINFO_IOCTL GPIO_V2_GET_LINEINFO_WATCH_IOCTL",
        asked("info", LineInfo2, "offset", show_line_info),
    ),
    "GPIO_V2_GET_LINE_IOCTL": asked("request", LineRequest, show_request, "fd"),
    "GPIO_V2_LINE_SET_CONFIG_IOCTL": Case(In(LineConfig), "config"),
    "GPIO_V2_LINE_GET_VALUES_IOCTL": asked("values", LineValues, "mask", "bits"),
    "GPIO_V2_LINE_SET_VALUES_IOCTL": Case(In(LineValues), "values"),
}
