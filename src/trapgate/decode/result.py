# SPDX-License-Identifier: BSD-2-Clause
"""What stands behind the ``=`` of a line: the result, the error's name and text, a remark."""

from __future__ import annotations

import os
from functools import lru_cache

from trapgate.calls.call import Call
from trapgate.calls.errnames import RESTARTS, error_name
from trapgate.calls.types import truncate


@lru_cache(None)
def format_error(number: int) -> str:
    """``-1 ENOENT (No such file or directory)``, ``? ERESTARTSYS (…)``."""
    if number in RESTARTS:
        name, why = RESTARTS[number]
        return f"? {name} ({why})"
    known = error_name(number)
    if known is not None:
        return f"-1 {known} ({os.strerror(number)})"
    return f"-1 (errno {number})"


def format_result(c: Call) -> str:
    """The text behind ``= ``, without what was injected and how long it took."""
    raw = c.name in c.options.raw
    if c.error:
        if c.shown_result is not None:
            return c.shown_result.text
        # under -e raw= the kernel's restart codes print as any other error
        text = (
            f"-1 {error_name(c.error)} ({os.strerror(c.error)})"
            if raw and c.error in RESTARTS
            else format_error(c.error)
        )
        return f"{text} ({c.note})" if c.note is not None and not raw else text
    if raw:
        return hex(truncate(c.result, c.abi.register, False)) if c.result else "0"
    if c.shown_result is not None:
        text = c.shown_result.text
    elif c.description is not None and c.description.returns is not None:
        value = c.description.returns.decode(c, c.result & ((1 << 64) - 1))
        text = value.text if value is not None else "?"
    else:
        text = str(truncate(c.result, c.abi.register, True))
    return f"{text} ({c.note})" if c.note is not None else text
