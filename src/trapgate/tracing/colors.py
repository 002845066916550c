# SPDX-License-Identifier: BSD-2-Clause
"""Colours of a trace on a terminal: which part of a line gets which, and whether there are any.

Works on text that is already decoded, so that decoders need not know of it. Escape sequences come
from here alone: ``STRACE_COLORS`` may hold nothing but the numbers of SGR parameters.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

_DEFAULTS = {
    "argname": "39",
    "argval": "35",
    "call": "33",
    "comment": "36",
    "const": "34",
    "error": "31",
    "punct": "0",
    "retval": "32",
    "syscall": "33",
}
"""SGR parameters by the part they are for (strace 7's defaults)."""
_RESET = "\033[0m"
_PART = re.compile(
    r'(?P<argval>@?"(?:[^"\\]|\\.)*"(?:\.\.\.)?)'
    r"|(?P<comment>/\*.*?\*/)"
    r"|(?P<argname>[a-z_][a-z0-9_.]*(?==))"
    r"|(?P<call>[a-z_][a-z0-9_]*(?=\())"
    r"|(?P<const>\b[A-Z][A-Z0-9_]+\b)"
    r"|(?P<punct>[][(){}=,|~&]+)"
)
_RESULT = re.compile(r"= (?P<value>-1|\S+)(?: (?P<error>E[A-Z0-9_]+))?")


def wants_color(mode: str, to_terminal: bool, separately: bool, environment: Mapping[str, str]) -> bool:
    """Whether output is coloured under ``--color=mode``: when asked, or on a terminal that can and may."""
    if mode != "auto":
        return mode == "always"
    terminal = environment.get("TERM", "").lower()
    can = to_terminal and terminal not in ("", "dumb", "unknown")
    return can and not separately and "NO_COLOR" not in environment


def parse_colors(text: str) -> dict[str, str]:
    """The SGR parameters of ``NAME=PARAMETERS:…`` over the defaults; what cannot be read is left out.

    >>> parse_colors(" SYSCALL = 1;31 :error=red")["syscall"], parse_colors("error=red")["error"]
    ('1;31', '31')
    """
    colors = dict(_DEFAULTS)
    for item in text.split(":"):
        name, _, value = item.partition("=")
        name, value = name.strip().lower(), value.strip()
        if name in colors and re.fullmatch(r"[0-9;]*[0-9][0-9;]*", value, re.ASCII):
            colors[name] = value
    return colors


class Palette:
    """Colours the parts of a line."""

    def __init__(self, colors: Mapping[str, str]) -> None:
        self._sgr = {part: f"\033[{parameters}m" for part, parameters in colors.items()}

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Palette:
        """The palette that ``STRACE_COLORS`` asks for."""
        return cls(parse_colors(environment.get("STRACE_COLORS", "")))

    def color_name(self, name: str) -> str:
        """A call's name with the parenthesis that follows it."""
        return f"{self._sgr['syscall']}{name}{self._sgr['punct']}({_RESET}"

    def color_arguments(self, text: str) -> str:
        """Arguments, or a part of them."""
        if not text:
            return text
        return self._sgr["argval"] + _PART.sub(self._color_part, text) + _RESET

    def _color_part(self, part: re.Match[str]) -> str:
        return f"{self._sgr[part.lastgroup or 'argval']}{part[0]}{self._sgr['argval']}"

    def color_result(self, text: str) -> str:
        """``= 0``, ``= -1 ENOENT (…)`` and what follows."""
        found = _RESULT.match(text)
        if found is None:
            return text
        kind = "error" if found["error"] else "retval"
        rest = text[found.end("value") :]
        return f"{self._sgr['punct']}={_RESET} {self._sgr[kind]}{found['value']}{rest}{_RESET}"
