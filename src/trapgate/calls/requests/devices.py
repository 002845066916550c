# SPDX-License-Identifier: BSD-2-Clause
"""Small devices: counters, the random pool, watchdogs, infrared remotes, network block devices.

Source: random(4), watchdog-api.rst; include/uapi/linux/counter.h, random.h, watchdog.h, lirc.h, nbd.h.
"""

from __future__ import annotations

from trapgate.calls.memory import CharArray, In, Indirect, Out, Shown, Struct, View
from trapgate.calls.requests import Case, Followed, each
from trapgate.calls.types import U8, U64_MASK, X32, Enum, Fd, Flags, Int, Type, UInt, ULong
from trapgate.model.values import MORE

HEADERS = {
    "struct counter_component": "linux/counter.h",
    "struct counter_watch": "linux/counter.h",
    "struct rand_pool_info": "linux/random.h",
    "struct watchdog_info": "linux/watchdog.h",
}

Component = Struct(
    "struct counter_component",
    type=Enum("counter_ioctl_component_types", size=1),
    scope=Enum("counter_ioctl_scopes", size=1),
    parent=U8,
    id=U8,
)
Watch = Struct("struct counter_watch", component=Component, event=Enum("counter_ioctl_event_types", size=1), channel=U8)


def show_entropy(view: View) -> Shown:
    """The counts and the bytes behind them."""
    size = view.struct.size(view.call.abi)
    return [
        *view.fields("entropy_count", "buf_size"),
        ("buf", view.call.buffer(view.addr + size, view.buf_size & U64_MASK)),
    ]


Entropy = Struct("struct rand_pool_info", show=show_entropy, entropy_count=Int, buf_size=Int)


def show_identity(view: View) -> Shown:
    """What the watchdog can do; which it is, with -v."""
    if view.call.abbrev:
        return [*view.fields("options"), (None, MORE)]
    return view.fields("options", "firmware_version", "identity")


Identity = Struct(
    "struct watchdog_info",
    show=show_identity,
    options=Flags("watchdog_ioctl_flags"),
    firmware_version=X32,
    identity=CharArray(32),
)

Number = Indirect(Int)
Unsigned = Indirect(UInt)
Mode = Indirect(Enum("lirc_modes"))

REQUESTS: dict[str, Type | Case | None] = {
    "COUNTER_ADD_WATCH_IOCTL": In(Watch),
    **each("COUNTER_ENABLE_EVENTS_IOCTL COUNTER_DISABLE_EVENTS_IOCTL", None),
    "RNDGETENTCNT": Out(Number),
    "RNDADDTOENTCNT": In(Number),
    "RNDADDENTROPY": In(Followed(Entropy, 64)),
    **each("RNDZAPENTCNT RNDCLEARPOOL RNDRESEEDCRNG", None),
    "WDIOC_GETSUPPORT": Out(Identity),
    **each(
        "WDIOC_GETSTATUS WDIOC_GETBOOTSTATUS WDIOC_GETTEMP WDIOC_GETTIMEOUT WDIOC_GETPRETIMEOUT WDIOC_GETTIMELEFT",
        Out(Number),
    ),
    **each("WDIOC_SETTIMEOUT WDIOC_SETPRETIMEOUT", In(Number)),
    "WDIOC_SETOPTIONS": In(Indirect(Flags("watchdog_ioctl_setoptions"))),
    "WDIOC_KEEPALIVE": None,
    "LIRC_GET_FEATURES": Out(Indirect(Flags("lirc_features"))),
    **each("LIRC_GET_SEND_MODE LIRC_GET_REC_MODE", Out(Mode)),
    **each("LIRC_SET_SEND_MODE LIRC_SET_REC_MODE", In(Mode)),
    **each(
        "LIRC_GET_REC_RESOLUTION LIRC_GET_MIN_TIMEOUT LIRC_GET_MAX_TIMEOUT LIRC_GET_LENGTH LIRC_GET_REC_TIMEOUT",
        Out(Unsigned),
    ),
    **each(
        "LIRC_SET_SEND_CARRIER LIRC_SET_REC_CARRIER LIRC_SET_SEND_DUTY_CYCLE LIRC_SET_REC_TIMEOUT"
        " LIRC_SET_REC_TIMEOUT_REPORTS LIRC_SET_MEASURE_CARRIER_MODE LIRC_SET_REC_CARRIER_RANGE"
        " LIRC_SET_WIDEBAND_RECEIVER",
        In(Unsigned),
    ),
    "LIRC_SET_TRANSMITTER_MASK": In(Indirect(X32)),
    **each("NBD_DISCONNECT NBD_CLEAR_SOCK NBD_DO_IT NBD_CLEAR_QUE NBD_PRINT_DEBUG", None),
    "NBD_SET_SOCK": Fd,
    **each("NBD_SET_BLKSIZE NBD_SET_SIZE NBD_SET_SIZE_BLOCKS NBD_SET_TIMEOUT", ULong),
    "NBD_SET_FLAGS": Flags("nbd_ioctl_flags"),
}
