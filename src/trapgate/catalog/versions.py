# SPDX-License-Identifier: BSD-2-Clause
"""Orders the versions of a system: a text becomes an integer that compares as the versions follow each other.

Linux: `0.99.14z`, `2.6.12-rc1`, `6.17`; a release candidate comes before its release. xnu: `xnu-792.25.20`.
Windows: the build, `19041`. A version of a system without history is any text, and has no order.
"""

from __future__ import annotations

import re

from trapgate.model.errors import UsageError

_LINUX = re.compile(r"(\d+(?:\.\d+){0,3})([a-z]?)(\+?)(?:-(?:rc|pre)(\d+))?", re.IGNORECASE)
_XNU = re.compile(r"xnu-(\d+(?:\.\d+){0,4})")
_FINAL = 127
"""What stands for 'not a release candidate' in a key."""


def version_key(system: str, text: str) -> int:
    """The place of version `text` among the versions of `system`; `UsageError` if it is not a version.

    >>> version_key("linux", "2.6.12-rc1") < version_key("linux", "2.6.12") < version_key("linux", "3.0")
    True
    """
    if system == "windows" and text.isascii() and text.isdigit() and len(text) < 10:
        return int(text)
    if system == "macos" and (match := _XNU.fullmatch(text)):
        return _pack(match[1], 5)
    # Letters are of the time before 1.0: 0.95c+, 0.99.14z.
    if system == "linux" and (match := _LINUX.fullmatch(text)) and not (match[2] and text[0] != "0"):
        letter = ord(match[2].lower()) - ord("a") + 1 if match[2] else 0
        candidate = min(int(match[4]), _FINAL - 1) if match[4] else _FINAL
        return ((_pack(match[1], 4) * 32 + letter) * 2 + bool(match[3])) * 128 + candidate
    raise UsageError("version", f"{text!r} is not a version of {system}", _EXAMPLES.get(system, ""))


_EXAMPLES = {
    "linux": "a Linux version is written 2.6.16, 6.17 or 7.3-rc1",
    "macos": "a macOS version is written 10.6, 15.5 or xnu-11417.121.6",
    "windows": "a Windows version is its build: 19041, 22621, 26200",
}


def _pack(digits: str, parts: int) -> int:
    """Up to `parts` numbers with dots between them as one integer.

    >>> _pack("2.6.9", 4) < _pack("2.6.10", 4)
    True
    """
    first, *rest = (int(part) for part in digits.split("."))
    key = min(first, 99_999)  # bounded, so that any key fits SQLite's 64 bits
    for part in (*rest, 0, 0, 0, 0)[: parts - 1]:
        key = key * 1000 + min(part, 999)
    return key
