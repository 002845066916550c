# SPDX-License-Identifier: BSD-2-Clause
"""Numbers, durations and precisions as strace's command line accepts them.

C's ``strtoll`` and ``strtod`` decide there what a number is: leading white space and a sign are
welcome, trailing text is not. What cannot be read gives None; the caller knows what to say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

T = TypeVar("T")
INT_MAX = 2**31 - 1
LLONG_MAX = 2**63 - 1
_BLANK = " \t\n\v\f\r"
_NS_PER_UNIT = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "ns": 1}
_DIGITS = {"s": 0, "ms": 3, "us": 6, "ns": 9}


class Complaint(Exception):
    """Why an expression of the command line cannot be obeyed, as strace words it.

    ``see_help``: the line ``Try 'strace -h' for more information.`` follows.
    """

    def __init__(self, text: str, see_help: bool = False) -> None:
        super().__init__(text)
        self.text = text
        self.see_help = see_help


def scan_uint(text: str, limit: int = INT_MAX) -> tuple[int, str] | None:
    """The number at the start of ``text``, 0 to ``limit``, and what follows it.

    >>> scan_uint(" +7..9")
    (7, '..9')
    """
    stripped = text.lstrip(_BLANK)
    sign = stripped[:1] if stripped[:1] in ("+", "-") else ""
    rest = stripped[len(sign) :].lstrip("0123456789")
    digits = stripped[len(sign) : len(stripped) - len(rest)]
    if not digits:
        return None
    value = -int(digits) if sign == "-" else int(digits)
    return (value, rest) if 0 <= value <= limit else None


def parse_uint(text: str, limit: int = INT_MAX) -> int | None:
    """The number that ``text`` is, 0 to ``limit``.

    >>> parse_uint("42"), parse_uint("42x"), parse_uint("-1")
    (42, None, None)
    """
    found = scan_uint(text, limit)
    return found[0] if found is not None and not found[1] else None


def parse_duration(text: str) -> int | None:
    """Nanoseconds of ``NUMBER[s|ms|us|ns]``; microseconds when no unit is given.

    >>> parse_duration(" 5"), parse_duration("1.5ms"), parse_duration("2e-3s"), parse_duration("-1")
    (5000, 1500000, 2000000, None)
    """
    number = text[: len(text) - len(text.lstrip("eE.-+0123456789"))]
    if number.lstrip("+0123456789"):
        scale = _NS_PER_UNIT.get(text[len(number) :].lower() or "us")
        return None if scale is None else _scale_float(number, scale)
    found = scan_uint(text, LLONG_MAX)
    if found is None:
        return None
    value, unit = found
    # Behind an integer, strace wants the unit's first letter small.
    scale = _NS_PER_UNIT.get(unit.lower() or "us") if unit[:1].islower() or not unit else None
    return None if scale is None else value * scale


def _scale_float(number: str, scale: int) -> int | None:
    """Nanoseconds of a number with a point or an exponent."""
    try:
        value = float(number)
    except ValueError:
        return None
    if value < 0 or value > LLONG_MAX / scale:
        return None
    per_second = 1_000_000_000 // scale
    seconds = int(value / per_second)
    return seconds * 1_000_000_000 + int((value - seconds * per_second) * scale) % 1_000_000_000


def parse_precision(text: str) -> int | None:
    """Digits behind the point that a unit stands for.

    >>> parse_precision("us"), parse_precision("S"), parse_precision("h")
    (6, 0, None)
    """
    return _DIGITS.get(text.lower())


def parse_strtoull(text: str) -> int | None:
    """What C's ``strtoull(text, &end, 0)`` makes of all of ``text``: decimal, ``0x…`` or octal, 64 bits.

    >>> parse_strtoull("0x1f"), parse_strtoull("017"), parse_strtoull("-1"), parse_strtoull("0b1")
    (31, 15, 18446744073709551615, None)
    """
    stripped = text.lstrip(_BLANK)
    negative = stripped.startswith("-")
    digits = stripped[1:] if stripped[:1] in ("+", "-") else stripped
    base = 16 if digits[:2].lower() == "0x" else 8 if digits.startswith("0") else 10
    body = digits[2:] if base == 16 else digits
    if not body or not body.isascii() or not body.isalnum():
        return None
    try:
        value = int(body, base)
    except ValueError:
        return None
    if value >= 2**64:
        return None
    return -value % 2**64 if negative else value


def parse_words(text: str, what: str, convert: Callable[[str], T | None]) -> tuple[bool, frozenset[T]]:
    """The set ``[!…]{all|none|WORD,…}``: whether the words are the exceptions, and the words converted.

    Raises ``Complaint`` (``invalid WHAT 'WORD'``) for a word that ``convert`` gives None for.

    >>> parse_words("!3,4", "descriptor", parse_uint) == (True, frozenset({3, 4}))
    True
    """
    body = text.lstrip("!")
    negated = bool((len(text) - len(body)) % 2)
    if body in ("none", "all"):
        return negated != (body == "all"), frozenset()
    words = split_tokens(body)
    if not words:
        raise Complaint(f"invalid {what} '{text}'")
    return negated, frozenset(_convert_each(words, what, convert))


def _convert_each(words: list[str], what: str, convert: Callable[[str], T | None]) -> Iterable[T]:
    for word in words:
        value = convert(word)
        if value is None:
            raise Complaint(f"invalid {what} '{word}'")
        yield value


def split_tokens(text: str, separator: str = ",") -> list[str]:
    """The parts of ``text`` between separators, empty ones dropped (C's ``strtok``)."""
    return [token for token in text.split(separator) if token]
