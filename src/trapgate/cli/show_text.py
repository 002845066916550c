# SPDX-License-Identifier: BSD-2-Clause
"""The screen of `trapgate show`: what is known of one call, as lines of text."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

from trapgate.catalog.values import Abi, Card, Convention, Entry, Signature
from trapgate.catalog.versions import version_key
from trapgate.catalog.wording import (
    LAYERS,
    STATUS,
    SYSTEMS,
    format_instruction,
    format_number,
    format_number_register,
    format_tag,
    format_use,
    is_served,
    list_links,
)
from trapgate.cli.registers import split_registers

WIDTH = 96


def render_card(
    card: Card,
    abi: Abi,
    conventions: Sequence[Convention],
    *,
    classes: Sequence[str],
    labels: Mapping[str, str],
    source_version: str,
    asked_version: str | None,
    everywhere: bool,
) -> str:
    """The screen for `card`, seen from `abi`: its registers, its declaration, its history.

    `conventions` are how calls are made there, the one whose registers are wanted first.
    `labels` are the public names of versions; `source_version` is that of the kernel whose declarations these
    are, for links, and `asked_version` another one whose source is wanted; `everywhere` also shows the tables that
    are gone.
    """
    own = [entry for entry in card.entries if entry.abi == abi.name] or list(card.entries[-1:])
    signature = _own_signature(card, abi)
    current = _find_current(own, abi)
    lines = [_title(card, own, current=not asked_version)]
    if declarations := _declarations(card, signature, abi):
        lines += ["", *declarations]
    lines += _section("number", _numbers(card, abi, labels, everywhere, asked_version))
    ways = [convention for convention in conventions if is_served(current, convention)]
    lines += _section("arguments", _arguments(signature, ways, current))
    lines += _section("operations", _wrap(_operations(card), 12))
    lines += _section("errors", _errors(card))
    lines += _section("history", _history(card, own, labels))
    lines += _section("also", _standing(card, current, signature, classes))
    lines += _section("related", _wrap(" ".join(card.related[:24]), 12))
    lines += _section("elsewhere", [f"{system:<11}{' '.join(calls)}" for system, calls in card.elsewhere])
    lines += _section("conflicts", _conflicts(card))
    links = list_links(card, signature, abi, source_version)
    if asked_version and card.system == "linux":
        symbol = current.symbol or f"sys_{card.name}"
        links.append(f"https://elixir.bootlin.com/linux/v{asked_version}/A/ident/{symbol}")
    lines += _section("see", links)
    return "\n".join(lines).rstrip()


def _find_current(entries: Sequence[Entry], abi: Abi) -> Entry:
    """The entry in the version that the ABI's packaged table is of, else the newest one."""
    if abi.version and abi.system in ("linux", "macos", "windows"):
        key = version_key(abi.system, abi.version)
        for entry in entries:
            since = version_key(abi.system, entry.since) if entry.since else 0
            if since <= key and (entry.until is None or version_key(abi.system, entry.until) > key):
                return entry
    return entries[-1]


def _title(card: Card, own: Sequence[Entry], *, current: bool) -> str:
    """The first line; of what is `current`, also whether the call is gone."""
    what = f"{SYSTEMS.get(card.system, card.system)} {LAYERS.get(card.layer, card.layer)}"
    newest = own[-1]
    state = STATUS.get(newest.status, "")
    if current and all(entry.until for entry in own) and newest.status != "gone":
        state = f"gone since {newest.until}"
    return f"{card.name}  ·  {what}" + (f"  ·  {state}" if state else "")


def _section(title: str, body: Sequence[str]) -> list[str]:
    """`body` beside its title, with an empty line before it; nothing for an empty body."""
    if not body:
        return []
    return ["", f"{title:<12}{body[0]}".rstrip(), *(f"{'':<12}{line}".rstrip() for line in body[1:])]


def _wrap(text: str, indent: int) -> list[str]:
    return textwrap.wrap(text, WIDTH - indent, break_long_words=False, break_on_hyphens=False)


def _own_signature(card: Card, abi: Abi) -> Signature | None:
    """The declaration in the ABI, else in any; a table that only counts arguments does not hide what they are."""
    own = [signature for name, signature in card.signatures if name == abi.name]
    newest = own[-1] if own else next((signature for _, signature in card.signatures), None)
    if newest and not any(map(str, newest.arguments)):
        told = (one for _, one in card.signatures if len(one.arguments) == len(newest.arguments))
        return next((one for one in told if any(map(str, one.arguments))), newest)
    return newest


def _declarations(card: Card, signature: Signature | None, abi: Abi) -> list[str]:
    """The C library's prototype, the kernel's declaration, and where other ABIs declare it otherwise."""
    lines = []
    for wrapper in card.wrappers[:3]:
        where = f"<{wrapper.header}>" if wrapper.header else ""
        if wrapper.via != "wrapper":
            where += f" by {wrapper.via}"
        glibc = f", glibc {card.glibc_since}" if card.glibc_since and wrapper.via == "wrapper" else ""
        lines.append(f"    {wrapper.prototype};    /* {where}{glibc} */")
    if signature:
        kernel = signature.format(card.name) + ";"
        note = "kernel" if card.wrappers else ""
        lines += [f"    {line}" for line in _fold(kernel, WIDTH - 4)]
        if note:
            lines[-1] += f"    /* {note} */"
        others = _other_orders(card, signature, abi)
        lines += [f"    /* other arguments on {others} */"] if others else []
    return lines


def _fold(declaration: str, width: int) -> list[str]:
    """A declaration on one line, or with one line for a few arguments when it is too long."""
    if len(declaration) <= width:
        return [declaration]
    head, _, rest = declaration.partition("(")
    return textwrap.wrap(f"{head}({rest}", width, subsequent_indent="        ", break_on_hyphens=False)


def _other_orders(card: Card, signature: Signature, abi: Abi) -> str:
    """The ABIs that declare the call with other arguments than this one."""
    mine = [argument.name for argument in signature.arguments]
    other = [n for n, s in card.signatures if n != abi.name and [a.name for a in s.arguments] != mine]
    live = {e.abi for e in card.entries if e.until is None}
    names = [name for name in dict.fromkeys(other) if name in live]
    return " ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")


def _numbers(card: Card, abi: Abi, labels: Mapping[str, str], everywhere: bool, asked_version: str | None) -> list[str]:
    """The number in each ABI with its first version: a line for each number, this machine's ABI first.

    As of a version, all that it has; else what there is no more stands below, or is counted.
    """
    if card.system == "windows":
        return _windows_numbers(card, labels)
    groups: dict[int, list[str]] = {}
    gone: list[str] = []
    for entry in sorted(card.entries, key=lambda entry: entry.abi != abi.name):
        if entry.until is None or asked_version:
            mark = "*" if not entry.live else "" if entry.status == "yes" else f" ({entry.status})"
            since = f" {labels.get(entry.since, entry.since)}" if entry.since else ""
            until = f" to {labels.get(entry.until, entry.until)}" if entry.until else ""
            groups.setdefault(entry.number, []).append(f"{entry.abi}{mark}{since}{until}")
        else:
            gone.append(f"{entry.abi} {format_number(entry.number)} (to {labels.get(entry.until, entry.until)})")
    first = next(iter(groups), None)
    lines = []
    for number in sorted(groups, key=lambda n: (n != first, n)):
        wrapped = _wrap_items(groups[number], 24)
        lines += [f"{format_number(number):<12}{wrapped[0]}", *(f"{'':<12}{line}" for line in wrapped[1:])]
    if any("*" in name for names in groups.values() for name in names):
        lines.append("* in the table, but answers ENOSYS")
    if gone and (everywhere or not groups):
        lines += _wrap_items(["gone: " + gone[0], *gone[1:]], 12)
    elif gone:
        several = f"{len(gone)} tables that are gone" if len(gone) > 1 else "a table that is gone"
        lines.append(f"and in {several} (--all shows {'them' if len(gone) > 1 else 'it'})")
    return lines


def _wrap_items(items: Sequence[str], indent: int) -> list[str]:
    """Items with commas between them, on lines that break only between items."""
    lines = [""]
    for position, item in enumerate(items):
        text = item + ("," if position + 1 < len(items) else "")
        if lines[-1] and len(lines[-1]) + 1 + len(text) > WIDTH - indent:
            lines.append("")
        lines[-1] += (" " if lines[-1] else "") + text
    return lines


def _windows_numbers(card: Card, labels: Mapping[str, str]) -> list[str]:
    """The numbers of a Windows call: a line for each ABI and run of builds."""
    lines = []
    for entry in card.entries:
        since = f"since {_with_label(entry.since, labels)}" if entry.since else ""
        until = f" until {_with_label(entry.until, labels)}" if entry.until else ""
        doubt = f"; {STATUS[entry.status]}" if entry.status in STATUS else ""
        lines.append(f"{entry.abi:<8}{format_number(entry.number):<8}{since}{until}{doubt}".rstrip())
    return lines


def _with_label(version: str, labels: Mapping[str, str]) -> str:
    return f"{version} ({labels[version]})" if version in labels else version


def _arguments(signature: Signature | None, conventions: Sequence[Convention], entry: Entry) -> list[str]:
    """The arguments with their registers, types and what the kernel does with the memory they point to."""
    registers = split_registers(conventions[0].arguments) if conventions else []
    rows = []
    for position, argument in enumerate(signature.arguments if signature else ()):
        register = registers[position] if position < len(registers) else "stack" if registers else ""
        rows.append((register, argument.name or f"#{position + 1}", argument.type, format_use(argument, entry.system)))
    widths = [max((len(row[i]) for row in rows), default=0) for i in range(3)]
    gaps = [width + 3 if width else 0 for width in widths]
    lines = ["".join(row[i].ljust(gaps[i]) for i in range(3)) + row[3] for row in rows]
    for convention in conventions if entry.live else ():
        how = _how(entry, convention, named=not signature or not registers)
        lines += _wrap(f"{convention.arch}: {how}" if len(conventions) > 1 else how, 12)
    return lines


def _how(entry: Entry, convention: Convention, *, named: bool) -> str:
    """What makes the call in one convention; with where the arguments are, if they are to be `named` here."""
    held = format_number_register(entry, convention)
    result = convention.result.partition(",")[0].partition(" ")[0]
    how = f"{held}, then " if held else ""
    how += f"{format_instruction(entry, convention)}; the result is in {result}"
    return f"{how}; arguments: {convention.arguments}" if named else how


def _errors(card: Card) -> list[str]:
    """The errors that the manual page lists, and a word when it lists them for several calls."""
    lines = _wrap(" ".join(card.errors), 12)
    page = card.wrappers[0].page if card.wrappers else ""
    if lines and page and page.partition("(")[0] != card.name:
        lines.append(f"(as {page} lists them for all its calls)")
    return lines


def _operations(card: Card) -> str:
    names = [f"{s.name}={s.value}" for s in card.subcalls if s.kind in ("", "subop")]
    shown = " ".join(names[:18])
    return shown + (f" … {len(names) - 18} more: trapgate search {card.name} --kind subcall" if len(names) > 18 else "")


def _history(card: Card, own: Sequence[Entry], labels: Mapping[str, str]) -> list[str]:
    """From when to when in this ABI, and what the manual says of the end."""
    lines = []
    for entry in own if card.system != "windows" else ():
        if not entry.since and not entry.until:
            continue
        since = f"since {_with_label(entry.since, labels)}" if entry.since else "from an unknown version"
        if entry.after:
            since += f" (not in {entry.after})"
        until = f", gone in {_with_label(entry.until, labels)}" if entry.until else ""
        lines.append(f"{entry.abi} {format_number(entry.number)}: {since}{until}; {entry.evidence}")
    if card.manual_removed:
        lines.append(f"removed in {card.manual_removed}, says syscalls(2)")
    return lines


def _standing(card: Card, entry: Entry, signature: Signature | None, classes: Sequence[str]) -> list[str]:
    """Classes, standards, where it is declared, and conditions."""
    lines = []
    if classes:
        lines.append("classes " + " ".join(f"%{name}" for name in classes))
    if card.standards:
        lines += _wrap("standards " + ", ".join(sorted(card.standards)), 12)
    if card.option_1003_1b:
        lines.append(f"POSIX.1b option {card.option_1003_1b}")
    if signature and signature.location:
        guard = f" if {signature.guard}" if signature.guard else ""
        known_as = f" as {entry.symbol}" if card.system == "linux" and entry.symbol != f"sys_{card.name}" else ""
        lines += _wrap(f"declared in {signature.location}{known_as}{guard}", 12)
    if card.conditional:
        lines.append("a kernel may be built without it: then ENOSYS")
    if tag := format_tag(entry):
        lines.append(tag)
    return lines


def _conflicts(card: Card) -> list[str]:
    lines = [f"{c.field}: {c.value} ({c.source}), but {c.other_value} ({c.other_source})" for c in card.conflicts]
    return [part for line in lines for part in _wrap(line, 12)]
