# SPDX-License-Identifier: BSD-2-Clause
"""Programs that make one call by hand, in C and in assembly, made from the convention and the catalogue's numbers.

They print a line with write() and end with the status that says whether the kernel took all of it. The
C program uses GNU C's asm; the assembly is for GNU as (or clang), linked without a C library.
"""

from __future__ import annotations

from dataclasses import dataclass

from trapgate import catalog
from trapgate.catalog.values import Abi, Convention
from trapgate.cli.registers import split_registers

TEXT = "a line written without the C library\\n"
_LENGTH = len(TEXT) - 1
"""The bytes of the text: its last two characters are one."""


@dataclass(frozen=True, slots=True)
class _Assembler:
    """How an assembler is told to load a number, and an address, into a register."""

    number: str
    address: str
    call: str = ""
    """The instruction, where the assembler writes it otherwise than the convention."""
    after: str = ""
    """What follows the instructions."""
    clobbers: tuple[str, ...] = ()
    """The registers that the instruction itself overwrites, besides the result's."""


_ASSEMBLERS = {
    "x86_64": _Assembler("mov ${value}, %{register}", "lea text(%rip), %{register}", clobbers=("rcx", "r11")),
    "i386": _Assembler("mov ${value}, %{register}", "mov $text, %{register}"),
    "aarch64": _Assembler("mov {register}, #{value}", "adr {register}, text"),
    "arm-eabi": _Assembler("mov {register}, #{value}", "ldr {register}, =text", call="svc #0", after="    .ltorg\n"),
    "riscv64": _Assembler("li {register}, {value}", "la {register}, text"),
    "s390x": _Assembler("lghi %{register}, {value}", "larl %{register}, text"),
    "mips-o32": _Assembler(
        "li ${register}, {value}", "lui ${register}, %hi(text)\n    addiu ${register}, ${register}, %lo(text)"
    ),
}


def list_examples() -> tuple[str, ...]:
    """The Linux ABIs that there is an example for."""
    return tuple(_ASSEMBLERS)


def format_c(abi: Abi, convention: Convention) -> str:
    """A C program for one ABI of Linux."""
    arguments = split_registers(convention.arguments)[:3]
    number_in, result = convention.number_in, split_registers(convention.result)[0]
    assembler = _ASSEMBLERS[abi.name]
    prefix = "$" if abi.name == "mips-o32" else ""
    write = catalog.find("write", abi=abi.name)[-1].number
    if result == number_in:
        outputs, returned = '"+r"(nr)', "nr"
        inputs = '"r"(x), "r"(y), "r"(z)'
    else:
        outputs, returned = '"+r"(x)', "x"
        inputs = '"r"(nr), "r"(y), "r"(z)'
    clobbers = ", ".join(f'"{word}"' for word in (*assembler.clobbers, "memory"))
    instruction = assembler.call or convention.instruction
    registers = [f'    register long nr __asm__("{prefix}{number_in}") = number;'] + [
        f'    register long {name} __asm__("{prefix}{register}") = {value};'
        for name, register, value in zip("xyz", arguments, "abc", strict=True)
    ]
    return "\n".join(
        [
            f"/* write() on Linux {abi.name}: number {write} in {number_in}, arguments in {', '.join(arguments)}. */",
            "static long call3(long number, long a, long b, long c)",
            "{",
            *registers,
            f'    __asm__ volatile("{instruction}" : {outputs} : {inputs} : {clobbers});',
            f"    return {returned};",
            "}",
            "",
            "int main(void)",
            "{",
            f'    static const char text[] = "{TEXT}";',
            f"    return call3({write}, 1, (long)text, sizeof text - 1) == sizeof text - 1 ? 0 : 1;",
            "}",
            "",
        ]
    )


def format_assembly(abi: Abi, convention: Convention) -> str:
    """An assembly program for one ABI of Linux, to be linked with `-nostdlib -static`."""
    assembler = _ASSEMBLERS[abi.name]
    arguments = split_registers(convention.arguments)
    write, leave = (catalog.find(name, abi=abi.name)[-1].number for name in ("write", "exit"))

    def load(register: str, value: int, what: str) -> str:
        line = assembler.number.format(register=register, value=value)
        return f"    {line:<28}{_comment(abi)} {what}"

    start = "__start" if abi.name == "mips-o32" else "_start"
    call = f"    {assembler.call or convention.instruction}"
    lines = [
        f"{_comment(abi)} write(1, text, {_LENGTH}) and exit(0) on Linux {abi.name}",
        "    .text",
        f"    .globl {start}",
        f"{start}:",
        load(convention.number_in, write, "the number of write"),
        load(arguments[0], 1, "the file descriptor"),
        f"    {assembler.address.format(register=arguments[1])}",
        load(arguments[2], _LENGTH, "the count of bytes"),
        call,
        load(convention.number_in, leave, "the number of exit"),
        load(arguments[0], 0, "the status"),
        call,
    ]
    if assembler.after:
        lines.append(assembler.after.rstrip("\n"))
    return "\n".join([*lines, "text:", f'    .ascii "{TEXT}"', ""])


def _comment(abi: Abi) -> str:
    """What begins a comment for the assembler of an ABI."""
    return {"aarch64": "//", "arm-eabi": "@"}.get(abi.name, "#")
