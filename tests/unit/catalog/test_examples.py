"""The programs that `trapgate abi` prints, compiled and run: the kernel judges the convention and the numbers."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from trapgate import catalog
from trapgate.cli.abi import find_conventions, format_example
from trapgate.cli.abi_example import list_examples

LINE = "a line written without the C library\n"
ASSEMBLY = ("-nostdlib", "-static")
TOOLS = {
    "x86_64": ("gcc", ["-m64"], []),
    "i386": ("gcc", ["-m32"], []),
    "aarch64": ("aarch64-linux-gnu-gcc", ["-static"], ["qemu-aarch64"]),
    "arm-eabi": ("arm-linux-gnueabihf-gcc", ["-static", "-marm"], ["qemu-arm"]),
    "riscv64": ("riscv64-linux-gnu-gcc", ["-static"], ["qemu-riscv64"]),
    "s390x": ("s390x-linux-gnu-gcc", ["-static"], ["qemu-s390x"]),
    "mips-o32": ("mipsel-linux-gnu-gcc", ["-static"], ["qemu-mipsel"]),
    "mips-n64": ("mips64el-linux-gnuabi64-gcc", ["-static"], ["qemu-mips64el"]),
    "powerpc64": ("powerpc64le-linux-gnu-gcc", ["-static"], ["qemu-ppc64le"]),
    "powerpc32": ("powerpc-linux-gnu-gcc", ["-static"], ["qemu-ppc"]),
    "sparc64": ("sparc64-linux-gnu-gcc", ["-static"], ["qemu-sparc64"]),
    "m68k": ("m68k-linux-gnu-gcc", ["-static"], ["qemu-m68k"]),
}
"""The compiler, its options, and what runs the program (Debian: gcc-aarch64-linux-gnu and the like, with
libc6-dev-arm64-cross and the like, and qemu-user)."""
NATIVE = ("x86_64", "i386")


@pytest.mark.parametrize("language", ["c", "asm"])
@pytest.mark.parametrize("abi", TOOLS)
def test_example_runs(abi: str, language: str, tmp_path: Path) -> None:
    compiler, options, runner = TOOLS[abi]
    if abi in NATIVE and os.uname().machine != "x86_64":
        pytest.skip(f"this machine runs no {abi}")
    for tool in (compiler, *runner):
        # A compiler for another machine is large: those who have one check its example too.
        if abi not in NATIVE and not shutil.which(tool):
            pytest.skip(f"there is no {tool}")
    found, conventions = find_conventions(abi)
    source = tmp_path / ("example.c" if language == "c" else "example.S")
    source.write_text(format_example(found, conventions[0], language))
    flags = [*options, *(ASSEMBLY if language == "asm" else ("-O2", "-Wall", "-Wextra", "-Werror"))]
    subprocess.run([compiler, *flags, "-o", tmp_path / "example", source], check=True)
    done = subprocess.run([*runner, tmp_path / "example"], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, LINE)


def test_every_example_is_run() -> None:
    assert set(list_examples()) == set(TOOLS)


def test_a_wrong_number_is_found(tmp_path: Path) -> None:
    if os.uname().machine != "x86_64":
        pytest.skip("this machine runs no x86_64")
    found, conventions = find_conventions("x86_64")
    write, read = (catalog.find(name, abi="x86_64")[0].number for name in ("write", "pause"))
    program = format_example(found, conventions[0], "c").replace(f"call3({write},", f"call3({read + 4000},")
    source = tmp_path / "example.c"
    source.write_text(program)
    subprocess.run(["gcc", "-o", tmp_path / "example", source], check=True)
    done = subprocess.run([tmp_path / "example"], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (1, "")


@pytest.mark.parametrize("system", catalog.systems())
def test_each_system_tells_how_its_calls_are_made(system: str) -> None:
    _, conventions = find_conventions(system)
    assert conventions and all(c.kind != "function" and c.instruction for c in conventions)
