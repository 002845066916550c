# SPDX-License-Identifier: BSD-2-Clause
"""Names of error numbers, also of those that the kernel keeps to itself.

Source: errno(3); include/linux/errno.h.
"""

from __future__ import annotations

import errno

from trapgate.calls.call import Call
from trapgate.calls.types import Scalar, styled
from trapgate.model.values import AnyValue, Number

RESTARTS = {
    512: ("ERESTARTSYS", "To be restarted if SA_RESTART is set"),
    513: ("ERESTARTNOINTR", "To be restarted"),
    514: ("ERESTARTNOHAND", "To be restarted if no handler"),
    516: ("ERESTART_RESTARTBLOCK", "Interrupted by signal"),
}
"""Results by which the kernel restarts a call; programs never see them (include/linux/errno.h)."""

INTERNAL = {
    515: "ENOIOCTLCMD",
    517: "EPROBE_DEFER",
    518: "EOPENSTALE",
    519: "ENOPARAM",
    521: "EBADHANDLE",
    522: "ENOTSYNC",
    523: "EBADCOOKIE",
    524: "ENOTSUPP",
    525: "ETOOSMALL",
    526: "ESERVERFAULT",
    527: "EBADTYPE",
    528: "EJUKEBOX",
    529: "EIOCBQUEUED",
    530: "ERECALLCONFLICT",
}
"""Numbers the kernel keeps to itself but sometimes lets out (include/linux/errno.h)."""


SPELLINGS = {35: "EDEADLK", 95: "EOPNOTSUPP", 133: "EHWPOISON"}
"""Names where Python's errno module has a synonym, or none."""


def error_name(number: int) -> str | None:
    """The errno's name: ENOENT, ERESTARTSYS; None if it has none.

    >>> error_name(2), error_name(35), error_name(512), error_name(41)
    ('ENOENT', 'EDEADLK', 'ERESTARTSYS', None)
    """
    if number in RESTARTS:
        return RESTARTS[number][0]
    return SPELLINGS.get(number) or errno.errorcode.get(number) or INTERNAL.get(number)


class ErrorNumber(Scalar):
    """An errno in memory: ``ENOENT``, negated ``-ENOENT``; numbers without a name as they are."""

    def __init__(self, negated: bool = False, size: int = 4) -> None:
        super().__init__(size, "d" if negated else "u", negated)

    def decode(self, c: Call, word: int) -> AnyValue | None:
        value = self.number(c, word)
        name = error_name(-value if self.signed else value)
        if name is None:
            return Number(str(value), value)
        name = f"-{name}" if self.signed else name
        return styled(c.style, str(value), name, name)
