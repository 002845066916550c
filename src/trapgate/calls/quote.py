# SPDX-License-Identifier: BSD-2-Clause
"""Bytes as strace quotes them: C escapes, octal for the rest, hexadecimal on request.

No byte outside printable ASCII ever passes through, so a hostile name can neither move a
terminal's cursor nor forge a line.
"""

from __future__ import annotations

import re
from enum import IntEnum


class Hex(IntEnum):
    """When strings are printed in hexadecimal (``-x``, ``-xx``, ``--strings-in-hex``)."""

    NONE = 0
    NON_ASCII_CHARS = 1
    NON_ASCII = 2
    ALL = 3


_NAMED = {0x22: '\\"', 0x5C: "\\\\", 0x0C: "\\f", 0x0A: "\\n", 0x0D: "\\r", 0x09: "\\t", 0x0B: "\\v"}
_SPECIAL = re.compile(rb'[^ -~]|["\\]')
_NOT_TEXT = re.compile(rb"[^ -~\t\n\v\f\r]")


def _escape_octal(data: bytes, extra: bytes) -> str:
    out = []
    last = len(data) - 1
    for i, byte in enumerate(data):
        named = _NAMED.get(byte)
        if named:
            out.append(named)
        elif 0x20 <= byte < 0x7F and byte not in extra:
            out.append(chr(byte))
        elif i < last and 0x30 <= data[i + 1] <= 0x37:
            out.append(f"\\{byte:03o}")  # a shorter form would swallow the digit that follows
        else:
            out.append(f"\\{byte:o}")
    return "".join(out)


def _escape_hex_chars(data: bytes, extra: bytes) -> str:
    return "".join(
        [_NAMED.get(b) or (chr(b) if 0x20 <= b < 0x7F and b not in extra else f"\\x{b:02x}") for b in data]
    )


def escape(data: bytes, hexadecimal: Hex = Hex.NONE, extra: bytes = b"") -> str:
    """``data`` escaped, without quotes; bytes in ``extra`` are escaped too.

    >>> escape(b"a\\0" + b"1\\n")
    'a\\\\0001\\\\n'
    """
    if hexadecimal == Hex.ALL or (hexadecimal == Hex.NON_ASCII and _NOT_TEXT.search(data)):
        return "".join([f"\\x{b:02x}" for b in data])
    if not _SPECIAL.search(data) and not extra:
        return data.decode("ascii")
    if hexadecimal == Hex.NON_ASCII_CHARS:
        return _escape_hex_chars(data, extra)
    return _escape_octal(data, extra)


def quote(data: bytes, hexadecimal: Hex = Hex.NONE) -> str:
    """``data`` in double quotes.

    >>> quote(b'say "hi"')
    '"say \\\\"hi\\\\""'
    """
    return f'"{escape(data, hexadecimal)}"'
