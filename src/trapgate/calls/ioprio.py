# SPDX-License-Identifier: BSD-2-Clause
"""Input/output priorities.

Source: ioprio_set(2); include/uapi/linux/ioprio.h: the class is in bits 13 and up.
"""

from __future__ import annotations

from trapgate.calls.call import Call
from trapgate.calls.describe import call
from trapgate.calls.types import Enum, Int, Pgid, Scalar, Switch, Tgid, Type, format_int, with_remark
from trapgate.model.values import AnyValue, Number, Symbol

Class = Enum("ioprio_class")


def format_priority(c: Call, value: int) -> str:
    """``IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, 4)``."""
    return f"IOPRIO_PRIO_VALUE({Class.value(c, value >> 13).text}, {value & 0x1FFF})"


class Priority(Scalar):
    """A class and a level in it."""

    def __init__(self, size: int = 4, base: str = "d") -> None:
        super().__init__(size, base, base == "d")

    def decode(self, c: Call, word: int) -> AnyValue | None:
        value = self.number(c, word)
        number = format_int(value, self.base)
        if c.style == "raw":
            return Number(number, value)
        text = format_priority(c, value & 0xFFFFFFFF)
        data = {"class": Class.value(c, (value & 0xFFFFFFFF) >> 13).data, "level": value & 0x1FFF}
        return Symbol(text, data) if c.style == "abbrev" else with_remark(number, text, data)


class PriorityResult(Type):
    """ioprio_get's result, with what it means behind it."""

    def decode(self, c: Call, word: int) -> AnyValue | None:
        if c.style != "raw":
            c.note = format_priority(c, word & 0xFFFFFFFF)
        return Number(str(c.result), c.result)


Which = Enum("ioprio_who")
Who = Switch("which", {"IOPRIO_WHO_PROCESS": Tgid, "IOPRIO_WHO_PGRP": Pgid}, Int)

call("ioprio_get", which=Which, who=Who, returns=PriorityResult())
call("ioprio_set", which=Which, who=Who, ioprio=Priority())
