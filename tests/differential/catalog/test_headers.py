"""Numbers of the catalogue against the installed kernel headers of every ABI that Debian packages.

The headers are of one kernel each (6.1 in Debian 12), so this also checks the tables as of a version.
"""

import re
import subprocess
from pathlib import Path

import pytest

from trapgate import catalog

GENERIC = "asm/unistd.h"
HEADERS = {
    "x86_64": ("x86_64-linux-gnu", "asm/unistd_64.h", []),
    "i386": ("i686-linux-gnu", "asm/unistd_32.h", []),
    "x32": ("x86_64-linux-gnux32", GENERIC, ["__x86_64__", "__ILP32__"]),
    "aarch64": ("aarch64-linux-gnu", GENERIC, ["__aarch64__"]),
    "arm-eabi": ("arm-linux-gnueabihf", GENERIC, ["__ARM_EABI__", "__thumb__"]),
    "arm-oabi": ("arm-linux-gnueabi", GENERIC, []),
    "riscv64": ("riscv64-linux-gnu", GENERIC, ["__riscv_xlen=64", "__SIZEOF_POINTER__=8", "__LP64__"]),
    "riscv32": ("riscv64-linux-gnu", GENERIC, ["__riscv_xlen=32", "__SIZEOF_POINTER__=4"]),
    "powerpc64": ("powerpc64le-linux-gnu", GENERIC, ["__powerpc64__"]),
    "powerpc32": ("powerpc-linux-gnu", GENERIC, []),
    "s390x": ("s390x-linux-gnu", GENERIC, ["__s390x__"]),
    "mips-o32": ("mipsel-linux-gnu", GENERIC, ["_MIPS_SIM=1"]),
    "mips-n32": ("mips64-linux-gnuabin32", GENERIC, ["_MIPS_SIM=2"]),
    "mips-n64": ("mips64el-linux-gnuabi64", GENERIC, ["_MIPS_SIM=3"]),
    "sparc64": ("sparc64-linux-gnu", GENERIC, ["__sparc__", "__arch64__"]),
    "sparc32": ("sparc64-linux-gnu", GENERIC, ["__sparc__"]),
    "parisc32": ("hppa-linux-gnu", GENERIC, []),
    "parisc64": ("hppa-linux-gnu", GENERIC, ["__LP64__"]),
    "alpha": ("alpha-linux-gnu", GENERIC, []),
    "m68k": ("m68k-linux-gnu", GENERIC, []),
    "sh": ("sh4-linux-gnu", GENERIC, []),
    "arc": ("arc-linux-gnu", GENERIC, []),
}
"""For each ABI: the folder below /usr, the header, and the macros that a compiler for it defines."""
ALIASES = {
    "arm-eabi": {"sync_file_range2": "arm_sync_file_range"},
    "arm-oabi": {"sync_file_range2": "arm_sync_file_range"},
    "alpha": {
        **{"getpid": "getxpid", "getuid": "getxuid", "getgid": "getxgid"},
        **{"umount": "umount2", "osf_shmat": "shmat"},
    },
}
"""Second names that a header gives to a number."""
NO_CALLS = re.compile(r"syscalls$|.*Linux|.*SYSCALL|3264_|arch_specific_syscall$")
"""Macros that begin with __NR_ and are no call."""


def preprocess(folder: Path, header: str, macros: list[str], text: str, *options: str) -> str:
    command = ["gcc", "-E", "-P", "-undef", "-nostdinc", "-isystem", str(folder), *(f"-D{macro}" for macro in macros)]
    done = subprocess.run(
        [*command, *options, "-"], input=f"#include <{header}>\n{text}", capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def read_numbers(folder: Path, header: str, macros: list[str]) -> dict[str, int]:
    """The numbers that a header gives, by name."""
    defined = preprocess(folder, header, macros, "", "-dM")
    names = [n for n in re.findall(r"^#define __NR_(\w+) ", defined, re.MULTILINE) if not NO_CALLS.match(n)]
    values = preprocess(folder, header, macros, "".join(f"{n}@ = __NR_{n}\n" for n in names))
    found = {}
    for name, value in re.findall(r"^(\w+)\s?@ = (.+)$", values, re.MULTILINE):
        if re.fullmatch(r"[\dxXa-fA-F()+ ]+", value):
            found[name] = sum(int(part.strip(" ()"), 0) for part in value.split("+"))
    return found


def read_release(folder: Path) -> str:
    """The kernel release that the headers are of."""
    code = preprocess(folder, "linux/version.h", [], "x LINUX_VERSION_MAJOR LINUX_VERSION_PATCHLEVEL")
    major, minor = code.split("x ")[1].split()
    return f"{major}.{minor}"


@pytest.mark.parametrize("abi", HEADERS)
def test_numbers_equal_the_installed_headers(abi: str) -> None:
    triplet, header, macros = HEADERS[abi]
    folder = Path("/usr", triplet, "include")
    if not (folder / "asm").exists():
        pytest.skip(f"the kernel headers of {triplet} are not installed (linux-libc-dev-*-cross)")
    release = read_release(folder)
    theirs = read_numbers(folder, header, macros)
    ours = {(entry.name, entry.number) for entry in catalog.table("linux", abi, release)}
    private = {(entry.name, entry.number) for entry in catalog.table("linux", abi, release) if entry.tag == "private"}
    theirs = {name: number for name, number in theirs.items() if name not in ALIASES.get(abi, {})}
    assert len(theirs) > 250
    assert (set(theirs.items()) - ours, ours - private - set(theirs.items())) == (set(), set())
