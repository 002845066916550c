# SPDX-License-Identifier: BSD-2-Clause
"""Numbers of system calls in memory, shown by name where it is known whose they are.

Declares no calls; siginfo, seccomp and ptrace use it. Source: ``include/uapi/linux/audit.h`` for the
numbers of architectures, of which x86_64 and x32 share one.
"""

from __future__ import annotations

from trapgate.calls.call import Call
from trapgate.model.abi import BY_NAME, Abi
from trapgate.model.values import AnyValue, Joined, Number, Symbol, remark


def find_syscall(number: int, arch: int) -> tuple[str, Abi] | None:
    """The name of call ``number`` of an AUDIT_ARCH_* architecture, and its ABI; None if it has no name."""
    from trapgate import catalog

    for abi in BY_NAME.values():
        if abi.audit_arch == arch:
            name = catalog.names(abi.name).get(number)
            if name is not None:
                return name, abi
    return None


def show_syscall_number(c: Call, number: int, arch: int) -> AnyValue:
    """``__NR_read`` of the caller's own ABI, ``0 /* read */`` of another, a number if it has no name."""
    found = find_syscall(number, arch)
    shown = Number(str(number), number)
    if found is None or c.style == "raw":
        return shown
    name, abi = found
    if abi is not c.abi:
        return Joined(shown, remark(name))
    name = f"__NR_{name}"
    return Symbol(name, name) if c.style == "abbrev" else Joined(shown, remark(name))
