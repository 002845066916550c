# SPDX-License-Identifier: BSD-2-Clause
"""How the catalogue's facts are said to people: on the screen of `trapgate show` and on the web pages alike.

Nothing here reads the database.

>>> SYSTEMS["macos"], LAYERS["mach-trap"]
('macOS', 'Mach trap')
"""

from __future__ import annotations

import re

from trapgate.catalog.argument import Argument
from trapgate.catalog.values import Abi, Card, Convention, Entry, Signature
from trapgate.catalog.versions import version_key

SYSTEMS = {
    "linux": "Linux",
    "macos": "macOS",
    "freebsd": "FreeBSD",
    "openbsd": "OpenBSD",
    "netbsd": "NetBSD",
    "dragonfly": "DragonFly BSD",
    "illumos": "illumos",
    "windows": "Windows",
    "xen": "Xen",
    "kvm": "KVM",
    "hyperv": "Hyper-V",
    "papr": "PAPR (POWER)",
    "sbi": "RISC-V SBI",
    "smccc": "Arm SMCCC",
}
LAYERS = {
    "syscall": "system call",
    "mach-trap": "Mach trap",
    "machdep": "machine-dependent call",
    "native-api": "native API call",
    "secure-kernel": "secure kernel call",
    "hypercall": "hypercall",
}
STATUS = {
    "ni": "answers ENOSYS: reserved or no longer implemented",
    "no-impl": "in the table, but the kernel has no code for it any more",
    "reserved": "a reserved number",
    "gone": "no longer there",
    "shared": "other calls have the same number in the source",
}
_TAGS = {"xen": "guests", "macos": "audit event", "freebsd": "audit event", "openbsd": "pledge"}
_KERNEL_PARTS = {"nt": "in ntoskrnl; stub in ntdll.dll", "win32k": "in win32k; stub in win32u.dll"}
_CLASSES = {
    "syscall": ("unix", 0x2000000, "int 0x80"),
    "mach-trap": ("mach", 0x1000000, "int 0x81"),
    "machdep": ("machdep-i386", 0x3000000, "int 0x82"),
}
"""For a layer of macOS its table, what x86_64 adds to the number, and the interrupt of 32-bit x86."""
_GUESTS = {"x86_64 PV": "pv64", "x86_64 HVM/PVH": "hvm64", "x86_32 PV": "pv32", "arm64": "arm", "arm32": "arm"}
"""The kind of guest in a tag of Xen, `pv64=do hvm64=do`, that a convention is of."""
_IN_INSTRUCTION = re.compile(r"(?<=[ #])nr$", re.IGNORECASE)
"""Where an instruction holds the number itself: `swi NR`, `svc #nr`."""


def format_number(number: int) -> str:
    """A call's number as people write it: in hexadecimal when it carries a high bit.

    >>> format_number(257), format_number(0x40000101)
    ('257', '0x40000101')
    """
    return f"{number:#x}" if number >= 0x10000 else str(number)


def is_served(entry: Entry, convention: Convention) -> bool:
    """Whether the call can be made by the convention: a hypercall of Xen is not for every kind of guest."""
    guest = _GUESTS.get(convention.arch, "") if entry.system == "xen" else ""
    return not guest or not entry.tag or f"{guest}=" in entry.tag


def format_number_register(entry: Entry, convention: Convention) -> str:
    """What holds the number when the call is made, `rax = 257`; empty where that is the instruction, or not known."""
    register = convention.number_in.partition(" ")[0]
    if register in ("", "-") or _IN_INSTRUCTION.search(convention.instruction):
        return ""
    return f"{register} = {_format_register_number(entry, convention.arch)}"


def format_instruction(entry: Entry, convention: Convention) -> str:
    """The instruction that makes the call: `syscall`; with the number where it holds it, `svc #15`."""
    if entry.system == "macos" and convention.arch == "i386":
        return _class_of(entry)[2]
    return _IN_INSTRUCTION.sub(format_number(entry.number), convention.instruction)


def _format_register_number(entry: Entry, arch: str) -> str:
    """What the register holds: the number, but on macOS with its class, or negative for a Mach trap."""
    if entry.system == "macos" and arch == "x86_64":
        return format_number(_class_of(entry)[1] | entry.number)
    if entry.layer == "mach-trap":
        return f"-{entry.number}"
    if entry.abi == "machdep-arm":
        return f"0x80000000, x3 = {entry.number}"
    return format_number(entry.number)


def _class_of(entry: Entry) -> tuple[str, int, str]:
    return _CLASSES.get(entry.layer, _CLASSES["syscall"])  # a table of the user's own may be of any layer


def split_register_number(number: int) -> tuple[str, int] | None:
    """The ABI and the number of a macOS call whose register holds `number`, None if that names no class.

    >>> split_register_number(0x2000004), split_register_number(-31)
    (('unix', 4), ('mach', 31))
    """
    if number < 0:
        return "mach", -number
    found = [abi for abi, bits, _ in _CLASSES.values() if number & ~0xFFFFFF == bits]
    return (found[0], number & 0xFFFFFF) if found else None


def format_use(argument: Argument, system: str) -> str:
    """What the kernel does with what a pointer points to, as far as a source tells; empty if it is no pointer."""
    if system == "windows":
        use = {"inout": "in out"}.get(argument.direction, argument.direction)
    elif argument.user and argument.type.rstrip().endswith(("*", "]")):
        use = {
            "in": "read by the kernel",
            "out": "written by the kernel",
            "inout": "read and written by the kernel",
        }.get(argument.direction, "points into the program's memory")
    else:
        use = ""
    return use + (", may be NULL" if use and argument.optional else "")


def format_tag(entry: Entry) -> str:
    """What the source says of the call besides; empty where that is not for people."""
    if entry.tag in _KERNEL_PARTS:
        return _KERNEL_PARTS[entry.tag]
    if entry.tag and entry.system in _TAGS and not entry.tag.startswith("munge"):
        return f"{_TAGS[entry.system]} {entry.tag}"
    return ""


def list_links(card: Card, signature: Signature | None, abi: Abi, source_version: str) -> list[str]:
    """Where to read on: the manual page, and the kernel's source at the version the catalogue is of."""
    links = []
    if card.system == "linux":
        for page in dict.fromkeys(wrapper.page for wrapper in card.wrappers):
            name, _, section = page.rstrip(")").partition("(")
            links.append(f"https://man7.org/linux/man-pages/man{section}/{name}.{section}.html")
        if signature and ":" in signature.location:
            path, _, line = signature.location.partition(":")
            # A call that came after the packaged version is declared in the version that brought it.
            first = [entry.since or source_version for entry in card.entries if entry.until is None]
            oldest = min(first, key=lambda version: version_key("linux", version), default=source_version)
            tag = max(oldest, source_version, key=lambda version: version_key("linux", version))
            links.append(f"https://elixir.bootlin.com/linux/v{tag}/source/{path}#L{line}")
    elif card.system == "macos" and signature and signature.location:
        links.append(f"https://github.com/apple-oss-distributions/xnu/blob/{abi.version}/{signature.location}")
    elif card.system == "freebsd":
        links.append(f"https://man.freebsd.org/cgi/man.cgi?query={card.name}&sektion=2")
    elif card.system == "openbsd":
        links.append(f"https://man.openbsd.org/{card.name}.2")
    elif card.system == "netbsd":
        links.append(f"https://man.netbsd.org/{card.name}.2")
    elif card.system == "illumos":
        links.append(f"https://illumos.org/man/2/{card.name}")
    elif card.system == "dragonfly":
        links.append(f"https://man.dragonflybsd.org/?command={card.name}&section=2")
    elif card.system == "windows" and signature and signature.location:
        file = signature.location.partition(":")[0]
        links.append(f"https://github.com/winsiderss/systeminformer/blob/master/phnt/include/{file}")
    return links
