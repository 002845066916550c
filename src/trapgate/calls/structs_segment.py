# SPDX-License-Identifier: BSD-2-Clause
"""Segments of x86: ``struct user_desc``, which describes one.

Declares no calls; modify_ldt, set_thread_area, clone and ptrace use it. Source: modify_ldt(2),
``arch/x86/include/uapi/asm/ldt.h``.
"""

from __future__ import annotations

from trapgate.calls.memory import Shown, Struct, View
from trapgate.calls.types import X32, PaddedHex, UserId
from trapgate.model.values import Number

BITS = (
    ("seg_32bit", 0, 1),
    ("contents", 1, 2),
    ("read_exec_only", 3, 1),
    ("limit_in_pages", 4, 1),
    ("seg_not_present", 5, 1),
    ("useable", 6, 1),
    ("lm", 7, 1),
)
"""The bit fields behind limit: name, first bit, how many."""


def show_descriptor(view: View) -> Shown:
    wanted = BITS if view.call.abi.register == 8 else BITS[:-1]
    fields = [(name, view._bits >> start & (1 << size) - 1) for name, start, size in wanted]
    return view.fields("entry_number", "base_addr", "limit") + [(n, Number(str(v), v)) for n, v in fields]


EntryNumber = UserId()
"""A number of 32 bits, of which the highest, which asks for a free entry, prints as -1."""
UserDescriptor = Struct(
    "struct user_desc",
    show=show_descriptor,
    entry_number=EntryNumber,
    base_addr=PaddedHex(4),
    limit=PaddedHex(4),
    _bits=X32,
)
HEADERS = {"struct user_desc": "asm/ldt.h"}
