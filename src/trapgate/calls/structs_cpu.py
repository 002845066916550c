# SPDX-License-Identifier: BSD-2-Clause
"""Sets of CPUs. Declares no calls. Source: sched_setaffinity(2)."""

from __future__ import annotations

from functools import lru_cache

from trapgate.calls.call import Call
from trapgate.calls.memory import Length, length_of
from trapgate.calls.types import Type
from trapgate.model.abi import Abi
from trapgate.model.values import MORE, AnyValue, List, Number


@lru_cache(None)
def _kernel_mask_bytes() -> int:
    """The bytes of this kernel's CPU mask; found, as sched_getaffinity(2) says, by trying."""
    import os

    return max(128, -(-(os.sysconf("SC_NPROCESSORS_CONF") or 1) // 8))


class CpuMask(Type):
    """A set of CPUs of ``length`` bytes: ``[0 1 2]``."""

    def __init__(self, length: Length) -> None:
        self.length = length

    def size(self, abi: Abi) -> int:
        return 128

    def at(self, c: Call, addr: int) -> AnyValue:
        length = length_of(c, self.length) & 0xFFFFFFFF
        if not c.may_follow:
            return c.address(addr)
        if not length:
            return List([])
        taken = min(length, _kernel_mask_bytes())
        data = c.fetch(addr, taken)
        if data is None:
            return c.address(addr)
        bits = int.from_bytes(data, "little")
        items: list[AnyValue] = [Number(str(i), i) for i in range(taken * 8) if bits >> i & 1]
        if -(-taken // c.abi.word) * c.abi.word < length:
            items.append(MORE)
        return List(items, separator=" ")
