# SPDX-License-Identifier: BSD-2-Clause
"""Which source serves a trace: bpf where it may be used and can do what is asked, else ptrace.

What only one source can do is never dropped in silence: an option that the chosen source cannot
honour is refused with the reason and the name of the source that can.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trapgate import catalog
from trapgate.model.abi import LIVE_ABIS, Abi
from trapgate.model.errors import CannotTraceError, TrapgateError
from trapgate.model.record import MOST_COPIED
from trapgate.tracing.options import TraceOptions


@dataclass(frozen=True, slots=True)
class Chosen:
    """A source that is open."""

    source: Any
    name: str
    """bpf or ptrace."""
    holds: bool
    """Whether programs are held still at each record, so that their memory can be read directly."""
    why: str
    """Why it and not another was taken, for -v."""
    mixed: bool = False
    """Whether programs are held at calls without a plan only (ptrace)."""


HELD, NOT_HELD = True, False
"""Whether what is asked for can be had only while the program is held at each of its calls."""


def _demands(o: TraceOptions) -> list[tuple[str, str, bool]]:
    """The options asked for that only the ptrace source can honour, each with its reason and HELD or NOT_HELD."""
    asked = (
        ("-e inject", bool(o.injections), "calls are changed while the program is held", HELD),
        ("-y", bool(o.decode.decode_fds), "what a descriptor leads to is looked up while the program is held", HELD),
        ("-P", bool(o.paths), "what a descriptor leads to is looked up while the program is held", HELD),
        ("-k", o.stack is not None, "a stack is unwound while the program is held", HELD),
        ("-b execve", o.detach_on_execve, "a program is let go while it is held at its execve", HELD),
        ("-D", o.daemon_level > 0, "only a program that is held waits for its grandchild to trace it", NOT_HELD),
        ("-Y", bool(o.decode.decode_pids), "processes are looked up while the program is held", HELD),
        ("--seccomp-bpf", o.seccomp, "it saves stops, and the bpf source makes none", NOT_HELD),
        ("-e read", o.read_fds is not None, "whole buffers are read while the program is held", HELD),
        ("-e write", o.write_fds is not None, "whole buffers are read while the program is held", HELD),
        ("--kill-on-exit", o.kill_on_exit, "the kernel does it for ptrace alone", NOT_HELD),
        ("-e kvm", o.kvm is not None, "the program's memory is read while it is held", HELD),
        # The drop-in on bpf has the table of calls and errors, without times.
        (
            "-c without -w",
            o.is_own and _needs_system_time(o),
            "system time is measured while the program is held",
            HELD,
        ),
        (
            f"-s {o.decode.string_limit}",
            o.decode.string_limit >= MOST_COPIED,
            f"bpf copies {MOST_COPIED - 1:,} bytes of a string or buffer at most",
            NOT_HELD,
        ),
        ("-e namespace", o.namespace_new, "namespaces are looked up while the program is held", HELD),
    )
    return [(option, reason, held) for option, is_asked, reason, held in asked if is_asked]


def _needs_system_time(o: TraceOptions) -> bool:
    return o.summary is not None and o.summary.needs_system_time


def needs_ptrace(o: TraceOptions) -> list[tuple[str, str]]:
    """The options asked for that only the ptrace source can honour, each with its reason."""
    return [(option, reason) for option, reason, _ in _demands(o)]


def needs_bpf(o: TraceOptions) -> list[str]:
    """The options asked for that only bpf can honour."""
    return [option for option, asked in (("--all", o.all), ("--cgroup", bool(o.cgroups))) if asked]


def open_source(o: TraceOptions) -> Chosen:
    """The best source for ``o``; raises CannotTraceError when there is none."""
    held, everywhere = needs_ptrace(o), needs_bpf(o)
    if held and everywhere:
        raise TrapgateError(
            "trace",
            f"{held[0][0]} needs the ptrace source, {everywhere[0]} the bpf source",
            "leave one of them out",
            exit_code=2,
        )
    if o.source == "ptrace" or (o.source == "auto" and held):
        if everywhere:
            raise TrapgateError(
                "trace", f"the ptrace source cannot do {everywhere[0]}", "use --source bpf", exit_code=2
            )
        why = f"{held[0][0]}: {held[0][1]}" if held and o.source == "auto" else "asked for"
        return choose_ptrace(o, why)
    if o.source == "bpf":
        if held:
            raise TrapgateError(
                "trace", f"the bpf source cannot do {held[0][0]}: {held[0][1]}", "use --source ptrace", exit_code=2
            )
        return Chosen(open_bpf(o), "bpf", False, "asked for")
    try:
        return Chosen(open_bpf(o), "bpf", False, "it may be used, and costs least")
    except CannotTraceError as error:
        if everywhere:
            raise
        return choose_ptrace(o, f"bpf cannot be used: {error}")


def holds_always(o: TraceOptions) -> bool:
    """Whether what is asked for can be had only while the program is held at each of its calls."""
    return bool(
        any(held for _, _, held in _demands(o))
        or o.json
        or o.debug
        or o.fds is not None
        or o.decode.secontext
        or o.syscall_limit is not None
        or o.summary is not None
        or o.instruction_pointer
        or os.environ.get(HOLD_VARIABLE) == "1"
    )


HOLD_VARIABLE = "TRAPGATE_HOLD"
"""Set to 1: the ptrace source holds the program at every call, as it does where an option needs it."""


def choose_ptrace(o: TraceOptions, why: str) -> Chosen:
    """The ptrace source as ``o`` wants it."""
    from trapgate.sources.ptrace import Ptrace

    holds = holds_always(o)
    source = Ptrace(
        follow=o.follow,
        hold=holds,
        mixed=not holds,
        wanted=wanted_bitmaps(o),
        seccomp=o.seccomp,
        kill_on_exit=o.kill_on_exit or o.seccomp,
    )
    return Chosen(source, "ptrace", holds, why, not holds)


def open_bpf(o: TraceOptions) -> Any:
    """The bpf source as ``o`` wants it, with the plans of the calls that are traced."""
    from trapgate.calls.plan import make_plans
    from trapgate.calls.plan_file import load_plans
    from trapgate.sources.bpf import Bpf

    plans = load_plans(o.decode.string_limit) or make_plans(
        o.decode.string_limit, LIVE_ABIS, lambda name, abi: o.calls.matches(name, abi)
    )
    return Bpf(
        plan=plans.by_call,
        subplan=plans.by_selector,
        wanted=wanted_bitmaps(o),
        ring_bytes=o.ring_bytes,
        follow=o.follows,
    )


def wanted_bitmaps(o: TraceOptions) -> Mapping[int, bytes] | None:
    """For each ABI a bit per number of the traced calls; None when all are, as with -d and -n, which tell of each."""
    if o.calls.is_everything or o.injections or o.debug or o.syscall_number:
        return None
    return {abi.index: _bitmap(o, abi) for abi in LIVE_ABIS}


STAND_INS = ("socketcall", "ipc")
"""Calls that stand for others: which one is meant, and whether it is wanted, is known only when it is made."""


NUMBERS = 1 << 16
"""How many numbers an ABI has in a bitmap, with and without a name."""


def _bitmap(o: TraceOptions, abi: Abi) -> bytes:
    """A bit per number; those without a name are always wanted, as ``CallSet.matches`` has it."""
    bits = bytearray(b"\xff" * (NUMBERS // 8))
    for nr, name in catalog.table_names(abi.name).items():
        if not (o.calls.matches(name, abi.name, nr) or name in STAND_INS):
            bits[nr // 8] &= ~(1 << nr % 8)
    return bytes(bits)
