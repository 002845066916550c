# SPDX-License-Identifier: BSD-2-Clause
"""Bytes as strace quotes them: C escapes, octal for the rest, hexadecimal on request.

No byte outside printable ASCII ever passes through, so a hostile name can neither move a
terminal's cursor nor forge a line.
"""

from __future__ import annotations

import re
from enum import IntEnum
from functools import lru_cache


class Hex(IntEnum):
    """When strings are printed in hexadecimal (``-x``, ``-xx``, ``--strings-in-hex``)."""

    NONE = 0
    NON_ASCII_CHARS = 1
    NON_ASCII = 2
    ALL = 3


_NAMED = {0x22: '\\"', 0x5C: "\\\\", 0x0C: "\\f", 0x0A: "\\n", 0x0D: "\\r", 0x09: "\\t", 0x0B: "\\v"}
_SPECIAL = re.compile(rb'[^ -~]|["\\]')
_NOT_TEXT = re.compile(rb"[^ -~\t\n\v\f\r]")
# Below 0x40 an octal escape is shorter than three digits, and would swallow a digit that follows.
_BEFORE_DIGIT = re.compile(r"[\x00-\x08\x0e-\x1f](?=[0-7])")


def _table(unnamed: str) -> dict[int, str]:
    return {b: _NAMED.get(b) or unnamed.format(b) for b in range(256) if b in _NAMED or not 0x20 <= b < 0x7F}


_OCTAL = _table("\\{:o}")
_HEX_CHARS = _table("\\x{:02x}")


@lru_cache(None)
def _before_digit(extra: bytes) -> re.Pattern[str]:
    more = re.escape("".join([chr(b) for b in extra if b < 0x40]))
    return re.compile(rf"[\x00-\x08\x0e-\x1f{more}](?=[0-7])")


def _escape_octal(text: str, table: dict[int, str], extra: bytes) -> str:
    short = _before_digit(extra) if extra else _BEFORE_DIGIT
    if not short.search(text):
        return text.translate(table)
    parts = []
    start = 0
    for match in short.finditer(text):
        parts.append(text[start : match.start()].translate(table))
        parts.append(f"\\{ord(match.group()):03o}")
        start = match.end()
    parts.append(text[start:].translate(table))
    return "".join(parts)


@lru_cache(2048)
def escape(data: bytes, hexadecimal: Hex = Hex.NONE, extra: bytes = b"") -> str:
    """``data`` escaped, without quotes; bytes in ``extra`` are escaped too.

    >>> escape(b"a\\0" + b"1\\n")
    'a\\\\0001\\\\n'
    """
    if hexadecimal == Hex.ALL or (hexadecimal == Hex.NON_ASCII and _NOT_TEXT.search(data)):
        return "".join([f"\\x{b:02x}" for b in data])
    if not _SPECIAL.search(data) and not extra:
        return data.decode("ascii")
    table = _HEX_CHARS if hexadecimal == Hex.NON_ASCII_CHARS else _OCTAL
    if extra:
        unnamed = "\\x{:02x}" if table is _HEX_CHARS else "\\{:o}"
        table = table | {byte: unnamed.format(byte) for byte in extra}
    text = data.decode("latin-1")
    return text.translate(table) if table is _HEX_CHARS else _escape_octal(text, table, extra)


def unescape(text: str) -> bytes:
    r"""What ``escape`` made ``text`` of.

    >>> unescape("a\\0001\\74\\n\\\\33")
    b'a\x001<\n\\33'
    """
    return text.encode("ascii").decode("unicode_escape").encode("latin-1")


def quote(data: bytes, hexadecimal: Hex = Hex.NONE) -> str:
    """``data`` in double quotes.

    >>> quote(b'say "hi"')
    '"say \\\\"hi\\\\""'
    """
    if hexadecimal != Hex.ALL and data.isascii():
        text = data.decode("ascii")
        if text.isprintable() and '"' not in text and "\\" not in text:
            return f'"{text}"'
    return f'"{escape(data, hexadecimal)}"'
