# SPDX-License-Identifier: BSD-2-Clause
"""Programs that make one call by hand, in C and in assembly, made from the convention and the catalogue's numbers.

They print a line with write() and end with the status that says whether the kernel took all of it. The
C program uses GNU C's asm; the assembly is for GNU as (or clang), linked without a C library.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

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
    comment: str = "#"
    """What begins a comment."""
    start: str = "_start"
    """Where the linker lets a program begin."""
    head: str = ""
    """What precedes the instructions."""
    names: str = ""
    """The names of registers where the assembler has others: `r0=0 r3=3`."""
    named: str = "{}"
    """How the compiler writes a register's name."""


_POWERPC = _Assembler(
    "li {register}, {value}",
    "lis {register}, text@ha\n    addi {register}, {register}, text@l",
    clobbers=("cr0", "ctr"),
    names="r0=0 r3=3 r4=4 r5=5",
    named="r{}",
)
_ASSEMBLERS = {
    "x86_64": _Assembler("mov ${value}, %{register}", "lea text(%rip), %{register}", clobbers=("rcx", "r11")),
    "i386": _Assembler("mov ${value}, %{register}", "mov $text, %{register}"),
    "aarch64": _Assembler("mov {register}, #{value}", "adr {register}, text", comment="//"),
    "arm-eabi": _Assembler(
        "mov {register}, #{value}", "ldr {register}, =text", call="svc #0", after="    .ltorg", comment="@"
    ),
    "riscv64": _Assembler("li {register}, {value}", "la {register}, text"),
    "s390x": _Assembler("lghi %{register}, {value}", "larl %{register}, text"),
    "mips-o32": _Assembler(
        "li ${register}, {value}",
        "lui ${register}, %hi(text)\n    addiu ${register}, ${register}, %lo(text)",
        start="__start",
        named="${}",
    ),
    "mips-n64": _Assembler(
        "li ${register}, {value}",
        "lui ${register}, %highest(text)\n    daddiu ${register}, ${register}, %higher(text)\n"
        "    dsll ${register}, ${register}, 16\n    daddiu ${register}, ${register}, %hi(text)\n"
        "    dsll ${register}, ${register}, 16\n    daddiu ${register}, ${register}, %lo(text)",
        start="__start",
        named="${}",
    ),
    # Without this line a program for powerpc64le would begin with a descriptor, as big-endian ones do.
    "powerpc64": replace(_POWERPC, head="    .abiversion 2"),
    "powerpc32": _POWERPC,
    "sparc64": _Assembler(
        "mov {value}, %{register}",
        "rd %pc, %{register}                ! where this is\n    add %{register}, text - _start - 8, %{register}",
        clobbers=("cc",),
        comment="!",
    ),
    "m68k": _Assembler("move.l #{value}, %{register}", "move.l #text, %{register}", comment="|"),
}


def list_examples() -> tuple[str, ...]:
    """The Linux ABIs that there is an example for."""
    return tuple(_ASSEMBLERS)


def format_c(abi: Abi, convention: Convention) -> str:
    """A C program for one ABI of Linux."""
    assembler = _ASSEMBLERS[abi.name]
    number_in, result, *arguments = _choose_registers(convention)
    write = catalog.find("write", abi=abi.name)[-1].number
    if result == number_in:
        outputs, returned = '"+r"(nr)', "nr"
        inputs = '"r"(x), "r"(y), "r"(z)'
    else:
        outputs, returned = '"+r"(x)', "x"
        inputs = '"r"(nr), "r"(y), "r"(z)'
    clobbers = ", ".join(f'"{word}"' for word in (*assembler.clobbers, "memory"))
    instruction = assembler.call or convention.instruction
    held = [("nr", number_in, " = number"), *zip("xyz", arguments, (" = a", " = b", " = c"), strict=True)]
    registers = [
        f'    register long {name} __asm__("{assembler.named.format(_rename(assembler, register))}"){value};'
        for name, register, value in held
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
    number_in, _, *arguments = (_rename(assembler, register) for register in _choose_registers(convention))
    write, leave = (catalog.find(name, abi=abi.name)[-1].number for name in ("write", "exit"))

    def load(register: str, value: int, what: str) -> str:
        line = assembler.number.format(register=register, value=value)
        return f"    {line:<28}{assembler.comment} {what}"

    call = f"    {assembler.call or convention.instruction}"
    lines = [
        f"{assembler.comment} write(1, text, {_LENGTH}) and exit(0) on Linux {abi.name}",
        *([assembler.head] if assembler.head else []),
        "    .text",
        f"    .globl {assembler.start}",
        f"{assembler.start}:",
        load(number_in, write, "the number of write"),
        load(arguments[0], 1, "the file descriptor"),
        f"    {assembler.address.format(register=arguments[1])}",
        load(arguments[2], _LENGTH, "the count of bytes"),
        call,
        load(number_in, leave, "the number of exit"),
        load(arguments[0], 0, "the status"),
        call,
    ]
    if assembler.after:
        lines.append(assembler.after)
    return "\n".join([*lines, "text:", f'    .ascii "{TEXT}"', ""])


def _choose_registers(convention: Convention) -> list[str]:
    """The registers of the number, of the result, and of the first three arguments."""
    return [
        convention.number_in,
        split_registers(convention.result)[0],
        *split_registers(convention.arguments)[:3],
    ]


def _rename(assembler: _Assembler, register: str) -> str:
    """The register's name for the assembler."""
    return dict(pair.split("=") for pair in assembler.names.split()).get(register, register)
