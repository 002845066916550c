# SPDX-License-Identifier: BSD-2-Clause
"""The registers that a convention names, and the picture of them."""

from __future__ import annotations

import re

from trapgate.catalog.values import Convention

_RANGE = re.compile(r"([a-z]+)(\d+)-\1(\d+)")


def split_registers(text: str) -> list[str]:
    """The registers of `rdi,rsi,rdx`, `x0-x7 then stack` and the like; empty if the text is anything else.

    >>> split_registers("rdi,rsi then stack"), split_registers("x0-x3"), split_registers("on the stack")
    (['rdi', 'rsi'], ['x0', 'x1', 'x2', 'x3'], [])
    """
    found: list[str] = []
    for word in re.split(r"[,\s]+", re.split(r" then | \(| at ", text)[0]):
        match = _RANGE.fullmatch(word)
        if match and int(match[3]) - int(match[2]) < 32:
            found += [f"{match[1]}{i}" for i in range(int(match[2]), int(match[3]) + 1)]
        elif re.fullmatch(r"[A-Za-z]{1,3}\d{0,2}|out\d|\d+\(sp\)", word):
            found.append(word)
        else:
            return []
    return found


def draw_registers(convention: Convention) -> list[str]:
    """A picture: a box with what the registers hold before the instruction, and one with what they hold after.

    Lines of text when the registers are not simple ones.
    """
    arguments = split_registers(convention.arguments)
    results = split_registers(convention.result)
    number = convention.number_in.split(" ")[0] if convention.number_in not in ("", "-") else ""
    if not arguments:
        return [
            f"number      {convention.number_in or 'none'}",
            f"arguments   {convention.arguments}",
            f"result      {convention.result}",
            f"instruction {convention.instruction}",
        ]
    what = "call number" if convention.kind != "function" else "number"
    before = ([(number, what)] if number else []) + [(r, f"argument {i}") for i, r in enumerate(arguments, 1)]
    meanings = ("result", "second result, if any", *(f"result {i}, if any" for i in range(3, len(results) + 1)))
    after = list(zip(results, meanings, strict=False))
    after = after or [(convention.result, "result")]
    left, right = _box("before", before), _box("after", after)
    middle = f"  ──  {convention.instruction or 'call'}  ──▶  "
    gap = " " * len(middle)
    lines = []
    for i in range(max(len(left), len(right))):
        start = left[i] if i < len(left) else " " * len(left[0])
        end = right[i] if i < len(right) else ""
        lines.append(f"{start}{middle if i == 2 else gap}{end}".rstrip())
    return lines


def _box(title: str, rows: list[tuple[str, str]]) -> list[str]:
    """A box of two columns, register and meaning."""
    first = max(len(title), *(len(register) for register, _ in rows)) if rows else len(title)
    second = max((len(meaning) for _, meaning in rows), default=0)
    edge = "─" * (first + 2), "─" * (second + 2)
    body = [f"│ {register:<{first}} │ {meaning:<{second}} │" for register, meaning in rows]
    head = f"┌─{title}{'─' * (first + 1 - len(title))}┬{edge[1]}┐"
    return [head, *body, f"└{edge[0]}┴{edge[1]}┘"]
