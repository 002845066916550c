# SPDX-License-Identifier: BSD-2-Clause
"""The page of a call: everything its card holds, for all ABIs of its system."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from trapgate import catalog
from trapgate.catalog.argument import Argument
from trapgate.catalog.values import Abi, Card, Convention, Entry, Signature, Subcall
from trapgate.catalog.wording import (
    LAYERS,
    STATUS,
    format_instruction,
    format_number_register,
    format_tag,
    format_use,
    is_served,
    list_links,
)
from trapgate.cli.registers import split_registers
from trapgate.web.facts import MAIN_ABIS, Facts
from trapgate.web.site import Page

_OPERATIONS_OF = {"io_uring_enter": "io_uring sqe opcode"}
"""Operations that the catalogue keeps under words, with the call that they are made by."""


@dataclass(frozen=True, slots=True)
class Way:
    """How the call is made in one ABI: what each register holds."""

    title: str
    path: str
    number: str
    arguments: tuple[str, ...]
    instruction: str
    result: str


@dataclass(frozen=True, slots=True)
class Declaration:
    """What the kernel declares, with the ABIs that it is so in."""

    signature: Signature
    abis: tuple[str, ...]


def list_pages(facts: Facts) -> Iterator[Page]:
    """The page of each call of each system."""
    for system in facts.systems:
        for name, slug in facts.slugs(system).items():
            yield f"{system}/{slug}.html", "call.html", partial(read_page, facts, system, name)


def read_page(facts: Facts, system: str, name: str) -> Mapping[str, object]:
    """The values of one call's page."""
    card = facts.card(system, name)
    abis = {abi.name: abi for abi in catalog.abis(system)}
    current = [entry for entry in card.entries if entry.until is None]
    abi = _find_main_abi(card, abis)
    declarations = _group_signatures(card, abi)
    first = declarations[0].signature if declarations else None
    entry = [e for e in card.entries if e.abi == abi.name][-1]
    return {
        "title": f"{name} · {facts.system_name(system)} {LAYERS.get(card.layer, card.layer)}",
        "card": card,
        "layer": LAYERS.get(card.layer, card.layer),
        "state": _find_state(card, facts),
        "declarations": declarations,
        "entries": current,
        "old_entries": [entry for entry in card.entries if entry.until is not None],
        "abi_paths": {n: facts.abi_path(abi) for n, abi in abis.items()},
        "labels": facts.labels(system),
        "arguments": [
            (argument.name or f"#{i}", argument.type, format_use(argument, system))
            for i, argument in enumerate(first.arguments, 1)
        ]
        if first
        else [],
        "ways": [*_find_ways(facts, card, abis, first.arguments if first else ())],
        "classes": facts.classes.get(name, ()) if system == "linux" else (),
        "tag": format_tag(entry),
        "operations": _find_operations(card),
        "page": card.wrappers[0].page if card.wrappers else "",
        "links": list_links(card, first, abi, facts.version),
    }


def _find_main_abi(card: Card, abis: Mapping[str, Abi]) -> Abi:
    """The ABI that the page speaks of first: x86_64 where it has the call, else the first that has it now."""
    names = [entry.abi for entry in card.entries if entry.until is None] or [card.entries[-1].abi]
    return abis[next((name for name in MAIN_ABIS if name in names), names[0])]


def _find_state(card: Card, facts: Facts) -> str:
    """A word of warning for a call that does nothing any more, empty for one that does."""
    newest = card.entries[-1]
    if all(entry.until for entry in card.entries):
        last = max(card.entries, key=lambda entry: _key(card.system, entry.until))
        return f"gone since {facts.labels(card.system).get(last.until or '', last.until)}"
    if not any(entry.live for entry in card.entries if entry.until is None):
        return STATUS.get(newest.status, newest.status)
    return ""


def _key(system: str, version: str | None) -> int:
    from trapgate.catalog.versions import version_key

    return version_key(system, version) if version else 0


def _group_signatures(card: Card, abi: Abi) -> list[Declaration]:
    """The different declarations of the call, that of `abi` first, each with its ABIs."""
    newest = dict(card.signatures)  # the last of an ABI is its newest
    groups: dict[tuple[tuple[Argument, ...], str], list[str]] = {}
    for name, signature in sorted(newest.items(), key=lambda item: item[0] != abi.name):
        groups.setdefault((signature.arguments, signature.returns), []).append(name)
    return [Declaration(newest[names[0]], tuple(names)) for names in groups.values()]


def _find_ways(facts: Facts, card: Card, abis: Mapping[str, Abi], arguments: Sequence[Argument]) -> Iterator[Way]:
    """How the call is made: in the main ABIs of Linux that have it now, in every convention of another system."""
    by_abi: dict[str, Entry] = {}
    for entry in card.entries:
        if entry.until is None:
            by_abi.setdefault(entry.abi, entry)
    wanted = [name for name in MAIN_ABIS if name in by_abi] if card.system == "linux" else list(by_abi)
    for name in wanted or list(by_abi)[:1]:
        found = [c for c in facts.own_conventions(abis[name]) if is_served(by_abi[name], c)]
        for convention in found:
            title = name if len(found) == 1 and len(abis) > 1 else convention.arch
            if way := _make_way(title, facts.abi_path(abis[name]), by_abi[name], convention, len(arguments)):
                yield way


def _make_way(title: str, path: str, entry: Entry, convention: Convention, count: int) -> Way | None:
    """The registers of one convention, None where the source does not name them one by one."""
    registers = split_registers(convention.arguments)
    if not registers:
        return None
    held = tuple(registers[i] if i < len(registers) else "stack" for i in range(count))
    shown = format_number_register(entry, convention) or "in the instruction"
    return Way(title, path, shown, held, format_instruction(entry, convention), convention.result.partition(",")[0])


def _find_operations(card: Card) -> list[Subcall]:
    extra = catalog.subcalls(_OPERATIONS_OF[card.name]) if card.name in _OPERATIONS_OF else ()
    return [*card.subcalls, *extra]
