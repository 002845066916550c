# SPDX-License-Identifier: BSD-2-Clause
"""One parameter of a call. Alone in its file, for the tracer needs nothing else of the catalogue's values."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Argument:
    """One parameter of a call."""

    name: str
    """As its source names it; empty where the source names none."""
    type: str
    """The C type, without the kernel's annotations."""
    user: bool
    """Whether it is a pointer into the program's memory."""
    direction: str = ""
    """`in`, `out`, `inout` (what the kernel does with the memory pointed to), or empty."""
    optional: bool = False
    """Whether it may be NULL."""

    def __str__(self) -> str:
        if not self.name:
            return self.type
        return f"{self.type}{self.name}" if self.type.endswith("*") else f"{self.type} {self.name}"
