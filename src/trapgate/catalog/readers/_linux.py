"""What readers of Linux sources share: the ABIs of each architecture, and how a kernel names what handles a call.

>>> strip_entry("__x64_sys_openat")
'openat'

The rules are those of the kernel's own tables (`arch/*/.../*.tbl`, `scripts/syscall.tbl` with the tags of each
`arch/*/kernel/Makefile.syscalls`, v7.2). A number is what a program puts into the register.
"""

import os
import re
from dataclasses import dataclass

from trapgate.catalog.readers import ReadError

__all__ = ("ABI_OF_MACHINE", "AbiRule", "find_rules", "strip_entry")


@dataclass(frozen=True, slots=True)
class AbiRule:
    """Which rows of a `.tbl` belong to an ABI, and what is added to their index."""

    abi: str
    tags: frozenset[str]
    """The words of the table's second column that this ABI takes; empty for all."""
    base: int = 0
    """Added to the table's number (x32: or-ed, which is the same)."""
    is_compat: bool = False
    """Whether the fifth column, where present, is the entry."""


def _rule(abi: str, tags: str = "", base: int = 0, *, is_compat: bool = False) -> AbiRule:
    return AbiRule(abi, frozenset(tags.split()), base, is_compat)


_X86_64 = (_rule("x86_64", "common 64"), _rule("x32", "common x32", 0x40000000))
_ARM = (_rule("arm-eabi", "common eabi"), _rule("arm-oabi", "common oabi", 0x900000))
_POWERPC = (
    _rule("powerpc32", "common nospu 32"),
    _rule("powerpc64", "common nospu 64"),
    _rule("powerpc-spu", "common spu"),
)
_S390 = (_rule("s390x", "common 64"), _rule("s390-31", "common 32", is_compat=True))
_SPARC = (_rule("sparc32", "common 32"), _rule("sparc64", "common 64"))
_PARISC = (_rule("parisc32", "common 32"), _rule("parisc64", "common 64"))
_GENERIC = (
    _rule("arc", "common 32 arc renameat rlimit stat64 time32"),
    _rule("csky", "common 32 csky rlimit stat64 time32"),
    _rule("hexagon", "common 32 renameat rlimit stat64 time32"),
    _rule("loongarch32", "common 32 memfd_secret"),
    _rule("loongarch64", "common 64 memfd_secret"),
    _rule("nios2", "common 32 nios2 renameat rlimit stat64 time32"),
    _rule("openrisc", "common 32 or1k renameat rlimit stat64 time32"),
    _rule("riscv32", "common 32 memfd_secret riscv"),
    _rule("riscv64", "common 64 memfd_secret riscv rlimit"),
)
_ARM64 = (_rule("aarch64", "common 64 memfd_secret renameat rlimit"),)
_BY_PATH: tuple[tuple[str, tuple[AbiRule, ...]], ...] = (
    (r"arch/x86/.*syscall_64\.tbl", _X86_64),
    (r"arch/x86/.*syscall_32\.tbl", (_rule("i386", "i386"),)),
    (r"arch/arm64/.*syscall_64\.tbl", _ARM64),
    (r"arch/arm64/.*syscall_32\.tbl", (_rule("aarch64-compat32", "common", is_compat=True),)),
    (r"arch/arm/.*syscall\.tbl", _ARM),
    (r"arch/powerpc/.*syscall\.tbl", _POWERPC),
    (r"arch/s390/.*syscall\.tbl", _S390),
    (r"arch/sparc/.*syscall\.tbl", _SPARC),
    (r"arch/parisc/.*syscall\.tbl", _PARISC),
    (r"arch/ia64/.*syscall\.tbl", (_rule("ia64", "common", 1024),)),
    (r"arch/(alpha|m68k|microblaze|sh|xtensa)/.*syscall\.tbl", ()),
    (r"syscall_n64\.tbl", (_rule("mips-n64", "common n64", 5000),)),
    (r"syscall_n32\.tbl", (_rule("mips-n32", "common n32", 6000),)),
    (r"syscall_o32\.tbl", (_rule("mips-o32", "common o32", 4000),)),
    (r"scripts/syscall\.tbl", _GENERIC),
)
_BY_TAGS: tuple[tuple[str, tuple[AbiRule, ...]], ...] = (
    ("x32", _X86_64),
    ("i386", (_rule("i386", "i386"),)),
    ("eabi", _ARM),
    ("oabi", _ARM),
    ("spu", _POWERPC),
    ("nospu", _POWERPC),
    ("csky", _GENERIC),
    ("renameat", _ARM64),
)
_ALL = {
    rule.abi: rule
    for _, rules in _BY_PATH
    for rule in (*rules, *(_rule(abi, "common") for abi in ("alpha", "m68k", "microblaze", "sh", "xtensa")))
}


def find_rules(name: str, tags: frozenset[str], abi: str = "") -> tuple[AbiRule, ...]:
    """The ABIs that the table `name` is for, or the one the user named.

    Its path tells, as below a kernel's `arch/`; else its `tags` (the words of its second column) may. A table of
    which neither tells gives one rule with an empty name.
    """
    rules = _rules_of_path(os.path.abspath(name)) or next((rules for tag, rules in _BY_TAGS if tag in tags), ())
    if not abi:
        return rules or (AbiRule("", frozenset()),)
    chosen = [rule for rule in rules if rule.abi == abi] if rules else [_ALL.get(abi, AbiRule(abi, frozenset()))]
    if not chosen or (chosen[0].tags and not chosen[0].tags & tags):
        others = (
            ", ".join(rule.abi for rule in rules) or f"those its second column names: {', '.join(sorted(tags)[:8])}"
        )
        raise ReadError(name, f"it is no table of {abi}", f"its ABIs are {others}")
    return (chosen[0],)


def _rules_of_path(path: str) -> tuple[AbiRule, ...]:
    for pattern, rules in _BY_PATH:
        if match := re.search(rf"(?:^|/){pattern}$", path):
            return rules or (_rule(match[1], "common"),)
    return ()


ABI_OF_MACHINE = {
    "aarch64": "aarch64",
    "alpha": "alpha",
    "armv7l": "arm-eabi",
    "i386": "i386",
    "i486": "i386",
    "i586": "i386",
    "i686": "i386",
    "ia64": "ia64",
    "loongarch64": "loongarch64",
    "m68k": "m68k",
    "ppc": "powerpc32",
    "ppc64": "powerpc64",
    "ppc64le": "powerpc64",
    "riscv32": "riscv32",
    "riscv64": "riscv64",
    "s390x": "s390x",
    "sparc64": "sparc64",
    "x86_64": "x86_64",
}
"""The ABI of `uname -m`."""

WRAPPER_ABIS = {
    "__x64_sys_": "x86_64",
    "__x64_compat_sys_": "x32",
    "__ia32_sys_": "i386",
    "__ia32_compat_sys_": "i386",
    "__arm64_sys_": "aarch64",
    "__arm64_compat_sys_": "aarch64-compat32",
    "__riscv_sys_": "riscv64",
    "__riscv_compat_sys_": "riscv32",
    "__s390x_sys_": "s390x",
    "__s390_sys_": "s390-31",
    "__s390_compat_sys_": "s390-31",
}
"""The ABI of each prefix that the kernel gives the wrappers of its calls (`asm/syscall_wrapper.h`)."""

_ENTRY = re.compile(
    r"(?:__(?:x64|ia32|arm64|riscv|s390x?|powerpc)_(?:compat_)?sys_|__(?:do|se)_(?:compat_)?sys_|_?sys_|compat_sys_|sys32_"
    r"|stub32_|stub_|ptregs_|SyS_|C_SYSC_|SYSC_|compat_SyS_)(\w+)"
)


def strip_entry(symbol: str) -> str:
    """The name of the call that `symbol` handles, or empty when it is no such symbol."""
    match = _ENTRY.fullmatch(symbol)
    return match[1] if match else ""
