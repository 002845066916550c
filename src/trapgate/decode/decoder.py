# SPDX-License-Identifier: BSD-2-Clause
"""Records become decoded calls: names found, descriptions applied, arguments made values.

``Decoder.enter`` and ``Decoder.leave`` are the two halves of a call; a merged record goes
through both at once. What it is given decides everything: it keeps no state of processes.
"""

from __future__ import annotations

from collections.abc import Mapping

from trapgate import catalog
from trapgate.calls.call import Call, Memory, Options, Process
from trapgate.calls.describe import Argument, Description, Layout, describe
from trapgate.calls.types import format_int, truncate
from trapgate.decode.fallback import describe_from_signature, describe_raw
from trapgate.decode.snapshot import Snapshot
from trapgate.model.abi import BY_INDEX, Abi
from trapgate.model.record import Phase, Record
from trapgate.model.values import Number

Found = tuple[str, Description, Layout, tuple[bool, bool]]
"""Name, description, order of decoding, whether abbreviated and whether pointers are followed."""


class Decoder:
    """Makes calls of records, printing as ``options`` say."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self._names: dict[int, Mapping[int, str]] = {}
        self._descriptions: dict[tuple[int, int], Found] = {}

    def find(self, abi: Abi, nr: int) -> Found:
        """The name and description of call ``nr``; ``syscall_0x…`` if it has no name."""
        key = abi.index, nr
        known = self._descriptions.get(key)
        if known is None:
            known = self._descriptions[key] = self._look_up(abi, nr)
        return known

    def _look_up(self, abi: Abi, nr: int) -> Found:
        names = self._names.get(abi.index)
        if names is None:
            names = self._names[abi.index] = catalog.table_names(abi.name)
        name = names.get(nr)
        if name is None:
            name = f"syscall_{format_int(truncate(nr, abi.register, False), 'x')}"
            found = describe_raw(name, abi.name)
        else:
            described = describe(name, abi.name) or describe_from_signature(name, abi.name)
            found = described or describe_raw(name, abi.name)
        traits = name in self.options.abbrev, name in self.options.verbose
        return name, found, found.layout(abi, self.options), traits

    def start(self, record: Record, memory: Memory, process: Process) -> Call:
        """The call of ``record``, nothing decoded yet."""
        abi = BY_INDEX[record.abi]
        name, description, layout, traits = self.find(abi, record.nr)
        c = Call(
            abi,
            record.nr,
            name,
            record.args,
            memory=memory,
            options=self.options,
            process=process,
            tid=record.tid,
            pid=record.pid,
            traits=traits,
        )
        c.description = description
        c.layout = layout
        if description.direct is not None:
            self._redirect(c)
        return c

    def _redirect(self, c: Call) -> None:
        """Make of a call that stands for others the one that is meant."""
        assert c.description is not None and c.description.direct is not None
        meant = c.description.direct(c)
        if meant is None:
            return
        name, args = meant
        found = describe(name, c.abi.name)
        if found is None:
            return
        c.name, c.args, c.indirect = name, (*args, 0, 0, 0, 0, 0, 0)[:6], True
        c.description, c.layout = found, found.layout(c.abi, self.options)
        c.abbrev, c.verbose = name in self.options.abbrev, name in self.options.verbose

    def enter(self, c: Call) -> list[Argument]:
        """The arguments known at entry."""
        assert c.description is not None
        if c.name in self.options.raw:
            return raw_arguments(c)
        return c.description.enter(c)

    def leave(self, c: Call, result: int) -> list[Argument]:
        """The arguments known at exit; sets the result."""
        assert c.description is not None
        set_result(c, result)
        if c.name in self.options.raw:
            return []
        return c.description.leave(c)

    def whole(self, record: Record, memory: Snapshot, process: Process) -> tuple[Call, list[Argument], list[Argument]]:
        """A merged record's call with the arguments of entry and of exit."""
        c = self.start(record, memory, process)
        before = self.enter(c)
        memory.phase = Phase.EXIT
        return c, before, self.leave(c, record.result)


def set_result(c: Call, result: int) -> None:
    """Note that ``c`` has returned ``result``; -4095 to -1 is an error of any call, as the kernel has it.

    A call that cannot fail by itself (getpid) fails when a seccomp filter refuses it.
    """
    c.exiting = True
    c.result = result
    c.error = -result if c.fails is not False and -4095 <= result < 0 else 0


def raw_arguments(c: Call) -> list[Argument]:
    """The argument words in hexadecimal, as -e raw= wants them."""
    assert c.description is not None
    shown: list[Argument] = []
    index = 0
    for param in c.description.params:
        for _ in range(param.type.words(c.abi)):
            value = truncate(c.args[index], c.abi.register, False)
            shown.append((param.name, Number(format_int(value, "x"), value)))
            index += 1
    return shown
