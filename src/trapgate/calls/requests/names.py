# SPDX-License-Identifier: BSD-2-Clause
"""Requests whose number carries a length or an index: their names as the macros that make them are written.

Source: include/uapi/linux/hidraw.h, hiddev.h, soundcard.h, uinput.h, joystick.h, spi/spidev.h.
"""

from __future__ import annotations

from trapgate.calls.call import Call

WRITE, READ, BOTH = 1, 2, 3

SIZED = {
    (ord("H"), READ, 0x04): "HIDIOCGRAWNAME",
    (ord("H"), READ, 0x05): "HIDIOCGRAWPHYS",
    (ord("H"), READ, 0x06): "HIDIOCSFEATURE",
    (ord("H"), READ, 0x08): "HIDIOCGRAWUNIQ",
    (ord("H"), READ, 0x12): "HIDIOCGPHYS",
    (ord("H"), BOTH, 0x06): "HIDIOCSFEATURE",
    (ord("H"), BOTH, 0x07): "HIDIOCGFEATURE",
    (ord("U"), READ, 0x2C): "UI_GET_SYSNAME",
    (ord("j"), READ, 0x13): "JSIOCGNAME",
    (ord("k"), WRITE, 0x00): "SPI_IOC_MESSAGE",
}
"""Type byte, direction and number of macros that take the size."""


def name_request(c: Call, request: int) -> tuple[str, bool]:
    """``HIDIOCGPHYS(8)``, ``MIXER_READ(13)``; other requests may have the same number."""
    direction, kind, number = request >> 30, request >> 8 & 0xFF, request & 0xFF
    if kind == ord("M"):
        made = {WRITE: "MIXER_WRITE", READ: "MIXER_READ"}.get(direction)
        return (f"{made}({number})", False) if made else ("", False)
    made = SIZED.get((kind, direction, number))
    return (f"{made}({request >> 16 & 0x3FFF})", False) if made else ("", False)
