# SPDX-License-Identifier: BSD-2-Clause
"""Show how a call is made: the registers as a picture, the error rule, and a program that does it.

examples:
  trapgate abi                      all ABIs that have a table of calls
  trapgate abi x86_64               the registers, and a program in C and in assembly
  trapgate abi i386 --example asm   only the program
  trapgate abi windows              how Windows does it; also: xen, macos, "Microsoft", AAPCS64
"""

from __future__ import annotations

import argparse
import textwrap

from trapgate import catalog
from trapgate.catalog.platforms import closest, list_conventions
from trapgate.catalog.values import Abi, Convention
from trapgate.cli.abi_example import format_assembly, format_c, list_examples
from trapgate.cli.registers import draw_registers
from trapgate.cli.tables import Cell, add_format_options, print_table
from trapgate.model.errors import UsageError

WIDTH = 96
COLUMNS = ("system", "abi", "arch", "bits", "calls", "version", "instruction", "other names")


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `abi`."""
    parser.add_argument(
        "arch", nargs="?", metavar="ARCH", help="an ABI of Linux, SYSTEM/ABI, a system, or a convention"
    )
    parser.add_argument("--example", choices=("c", "asm"), help="print only the program")
    add_format_options(parser)


def run(args: argparse.Namespace) -> int:
    """Prints the ABIs, or the picture of one."""
    if args.arch is None:
        if args.example:
            raise UsageError("abi", "--example needs an ABI", "trapgate abi x86_64 --example c")
        print_table(COLUMNS, [_row(abi) for abi in catalog.abis()], args.format)
        return 0
    abi, conventions = find_conventions(args.arch)
    if args.format:
        fields = tuple(Convention.__dataclass_fields__)
        print_table(fields, [tuple(getattr(c, field) for field in fields) for c in conventions], args.format)
    elif args.example:
        print(format_example(abi, conventions[0], args.example), end="")
    else:
        print("\n\n".join(render_convention(convention, abi) for convention in conventions))
    return 0


def find_conventions(word: str) -> tuple[Abi | None, list[Convention]]:
    """The Linux ABI that the word names, if it does, and the conventions; `UsageError` if there is none."""
    everything = catalog.conventions()
    system, _, name = word.rpartition("/")
    for abi in catalog.abis(system or "linux") if not system or system in catalog.systems() else ():
        if name in (abi.name, *abi.aliases) and (own := list(list_conventions(abi, name))):
            return (abi if abi.system == "linux" else None), own
    low = word.lower()
    found = [c for c in everything if low in (c.system.lower(), c.arch.lower(), f"{c.system}/{c.arch}".lower())]
    if not found and low in catalog.systems():
        found = list(dict.fromkeys(c for abi in catalog.abis(low) for c in list_conventions(abi)))
    found = found or [c for c in everything if low in f"{c.system} {c.arch}".lower()]
    if not found:
        near = closest(word, [w for abi in catalog.abis() for w in (abi.name, *abi.aliases)])
        raise UsageError(
            "abi",
            f"nothing is known of {word!r}",
            f"nearest: {', '.join(near)}" if near else "'trapgate abi' lists them",
        )
    return None, found


def render_convention(convention: Convention, abi: Abi | None = None) -> str:
    """The picture of a convention, what there is to know besides, and the programs where there are some."""
    title = f"{convention.system} {convention.arch}  ·  {convention.kind}"
    if abi and abi.name != convention.arch:
        title += f"  ·  {abi.name}"
    lines = [title, "", *(f"  {line}" for line in draw_registers(convention)), ""]
    facts = (
        ("errors", convention.error),
        ("registers", convention.clobbers),
        ("audit", convention.audit_arch),
        ("vDSO", convention.vdso),
        ("numbers", _number_rule(abi)),
        ("note", convention.note),
        ("source", convention.source),
    )
    for name, text in facts:
        lines += textwrap.wrap(text, WIDTH, initial_indent=f"  {name:<11}", subsequent_indent=" " * 13)
    if abi and abi.name in list_examples():
        how = {"c": "cc example.c && ./a.out", "asm": "cc -nostdlib -static example.S && ./a.out"}
        for language, command in how.items():
            program = format_example(abi, convention, language)
            lines += ["", f"  {language}: {command}", "", *(f"    {line}".rstrip() for line in program.splitlines())]
    return "\n".join(lines)


def format_example(abi: Abi | None, convention: Convention, language: str) -> str:
    """The program for an ABI; `UsageError` where there is none."""
    if abi is None or abi.name not in list_examples():
        name = abi.name if abi else f"{convention.system} {convention.arch}"
        raise UsageError("abi --example", f"there is no program for {name}", f"there are: {', '.join(list_examples())}")
    return format_c(abi, convention) if language == "c" else format_assembly(abi, convention)


def _number_rule(abi: Abi | None) -> str:
    if abi is None or not abi.base:
        return ""
    return f"the register holds {abi.base:#x} + the index in the table" if abi.base > 9999 else f"from {abi.base} on"


def _row(abi: Abi) -> tuple[Cell, ...]:
    own = list_conventions(abi)
    instruction = own[0].instruction if own else ""
    calls = sum(entry.live for entry in catalog.table(abi.system, abi.name))
    names = " ".join(abi.aliases)
    return (abi.system, abi.name, abi.arch, abi.bits, calls, abi.version, instruction, names)
