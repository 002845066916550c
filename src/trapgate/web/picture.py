# SPDX-License-Identifier: BSD-2-Clause
"""The picture of a convention's registers, as SVG: what they hold before the instruction, and after it."""

from __future__ import annotations

from html import escape

from trapgate.catalog.values import Convention
from trapgate.cli.registers import split_registers

_ROW, _NAME, _MEANING, _GAP, _TOP = 26, 74, 112, 190, 24


def draw_convention(convention: Convention) -> str:
    """An `<svg>` element; empty where the registers are not named one by one."""
    arguments = split_registers(convention.arguments)
    if not arguments:
        return ""
    number = convention.number_in.split(" ")[0]
    before = [(number, "call number", "k")] if number not in ("", "-", "svc", "immediate") else []
    before += [(register, f"argument {i}", "a") for i, register in enumerate(arguments, 1)]
    results = split_registers(convention.result) or [convention.result.split(" ")[0].rstrip(",;")]
    after = [(r, "result" if i == 0 else f"result {i + 1}", "r") for i, r in enumerate(results[:4])]
    return _draw(before, after, convention.instruction or "call", f"{convention.system} {convention.arch}")


def _draw(before: list[tuple[str, str, str]], after: list[tuple[str, str, str]], instruction: str, title: str) -> str:
    box = _NAME + _MEANING
    height = _TOP + _ROW * max(len(before), len(after), 2) + 2
    right = box + _GAP
    middle = _TOP + _ROW * max(len(before), len(after), 2) / 2
    told = "; ".join(f"{register} holds {meaning}" for register, meaning, _ in (*before, *after))
    parts = [
        f'<svg class="registers" viewBox="0 0 {right + box + 2} {height}" width="{right + box + 2}"'
        f' height="{height}" role="img" aria-label="{escape(f"Registers of {title}: {told}")}">',
        f'<text class="h" x="1" y="14">before</text><text class="h" x="{right + 1}" y="14">after</text>',
        *_draw_box(1, before),
        *_draw_box(right + 1, after),
        f'<path class="arrow" d="M{box + 14} {middle:g}H{right - 14}m-8 -6 8 6 -8 6"/>',
        f'<text class="i" x="{box + _GAP / 2:g}" y="{middle - 11:g}">{escape(_shorten(instruction))}</text></svg>',
    ]
    return "".join(parts)


def _shorten(text: str, width: int = 24) -> str:
    return text if len(text) <= width else text[: width - 1].rstrip() + "…"


def _draw_box(x: int, rows: list[tuple[str, str, str]]) -> list[str]:
    """A column of boxes, each of a register's name and what it holds."""
    parts = []
    for position, (register, meaning, kind) in enumerate(rows):
        y = _TOP + position * _ROW
        parts += [
            f'<rect class="{kind}" x="{x}" y="{y}" width="{_NAME}" height="{_ROW}"/>',
            f'<rect class="m" x="{x + _NAME}" y="{y}" width="{_MEANING}" height="{_ROW}"/>',
            f'<text class="g" x="{x + 10}" y="{y + 17.5}">{escape(register)}</text>',
            f'<text class="t" x="{x + _NAME + 10}" y="{y + 17.5}">{escape(meaning)}</text>',
        ]
    return parts
