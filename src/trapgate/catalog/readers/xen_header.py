"""Xen's hypercalls: `#define __HYPERVISOR_NAME NUMBER` of the public headers.

    >>> from trapgate.catalog.readers import Source, read_table
    >>> text = b"#define __HYPERVISOR_sched_op 29\\n#define __HYPERVISOR_mca __HYPERVISOR_arch_0\\n"
    >>> [(row.name, row.number) for row in read_table(Source("xen.h", text)).rows]
    [('sched_op', 29), ('mca', 48)]

A name that an `#if` defines anew for old interface versions has a row for each, with the condition.
"""

import re

from trapgate.catalog.readers import IMPLEMENTED, Location, ReadError, Row, Source, Table
from trapgate.catalog.readers._c import Conditions, evaluate, strip_comments

KIND = "xen-header"

_DEFINE = re.compile(r"\s*#\s*define\s+__HYPERVISOR_(\w+)\s+(\S.*)")
_ARCH_BASE = 48
"""`__HYPERVISOR_arch_0` of xen.h, for the headers of an architecture that name it and do not define it."""
MAX_NUMBER = 0xFFFF
MAX_HYPERCALLS = 4096


def detect(head: bytes, name: str) -> bool:
    """Whether hypercalls are defined in it, or it is named as Xen names the header."""
    if name.endswith("/"):
        return False
    return re.search(rb"#\s*define\s+__HYPERVISOR_\w+\s", head) is not None or name.endswith(
        ("public/xen.h", "xen/xen.h")
    )


def read(source: Source) -> Table:
    """The hypercalls in the order of the header; addresses that share the prefix are left out."""
    values = {f"__HYPERVISOR_arch_{index}": _ARCH_BASE + index for index in range(8)} | dict(source.defines)
    conditions, rows = Conditions(), list[Row]()
    for line, text in enumerate(strip_comments("\n".join(source.read_lines())).split("\n"), 1):
        try:
            if conditions.feed(text) or not (match := _DEFINE.match(text)):
                continue
            number = evaluate(match[2], values.__getitem__)
        except KeyError as error:
            # Some macros with the prefix are addresses made by other macros, and no hypercalls.
            if str(error.args[0]).startswith("__HYPERVISOR_VIRT"):
                continue
            why = f"{match[1]} needs {error.args[0]}, which the file does not define"  # type: ignore[index]
            raise ReadError(source.name, why, f"--define {error.args[0]}=VALUE gives its value", line=line) from None
        except ValueError as error:
            raise ReadError(source.name, str(error), line=line) from None
        if not 0 <= number <= MAX_NUMBER or "VIRT_" in match[1]:
            continue
        values.setdefault(f"__HYPERVISOR_{match[1]}", number)
        condition = _drop_guard(conditions)
        rows.append(
            Row(
                "xen",
                source.abi or "all",
                number,
                match[1],
                "",
                None,
                IMPLEMENTED,
                condition,
                Location(source.name, line),
            )
        )
        if len(rows) > MAX_HYPERCALLS:
            raise ReadError(source.name, f"it has more than {MAX_HYPERCALLS:,} hypercalls", line=line)
    return Table(KIND, source.name, tuple(rows))


def _drop_guard(conditions: Conditions) -> str:
    """The condition without the include guard."""
    return Conditions(
        [arm for arm in conditions.arms if not re.fullmatch(r"!(?:defined\s*\(?)?_*XEN_\w*_H_*\)?", arm[0])]
    ).text
