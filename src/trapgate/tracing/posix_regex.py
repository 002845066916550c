# SPDX-License-Identifier: BSD-2-Clause
"""POSIX extended regular expressions, by the C library's own ``regcomp`` and ``regexec``.

``-e trace=/REGEX`` promises that syntax, which differs from Python's (bracket classes, the longest
match, what may follow ``|``). ctypes is loaded only when an expression is used.
"""

from __future__ import annotations

import ctypes

_REG_EXTENDED = 1
_REG_NOSUB = 8
_REGEX_BYTES = 512
"""More than ``regex_t`` has in any C library (glibc: 64, musl: 56)."""


class RegexError(Exception):
    """The C library's words for what is wrong with an expression."""


class PosixRegex:
    """A compiled expression; a context manager that gives its memory back.

    >>> with PosixRegex("^(stat|l?chown)$") as regex:
    ...     regex.search("lchown"), regex.search("fstat")
    (True, False)
    """

    def __init__(self, pattern: str) -> None:
        self._libc = ctypes.CDLL(None)
        self._regex = ctypes.create_string_buffer(_REGEX_BYTES)
        status = self._libc.regcomp(self._regex, _to_bytes(pattern), _REG_EXTENDED | _REG_NOSUB)
        if status:
            raise RegexError(self._explain(status))

    def _explain(self, status: int) -> str:
        text = ctypes.create_string_buffer(512)
        self._libc.regerror(status, self._regex, text, ctypes.sizeof(text))
        return text.value.decode(errors="replace")

    def search(self, text: str) -> bool:
        """Whether the expression is found anywhere in ``text``."""
        return bool(self._libc.regexec(self._regex, _to_bytes(text), 0, None, 0) == 0)

    def __enter__(self) -> PosixRegex:
        return self

    def __exit__(self, *_: object) -> None:
        self._libc.regfree(self._regex)


def _to_bytes(text: str) -> bytes:
    return text.encode(errors="surrogateescape")
