# SPDX-License-Identifier: BSD-2-Clause
"""How the catalogue's facts are said to people: on the screen of `trapgate show` and on the web pages alike.

Nothing here reads the database.

>>> SYSTEMS["macos"], LAYERS["mach-trap"]
('macOS', 'Mach trap')
"""

from __future__ import annotations

from trapgate.catalog.argument import Argument
from trapgate.catalog.values import Abi, Card, Entry, Signature

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
_CLASSES = {("macos", "unix"): 0x2000000, ("macos", "mach"): 0x1000000, ("macos", "machdep-i386"): 0x3000000}
"""The class of a call, which x86 carries in the bits above the number."""


def format_number(number: int) -> str:
    """A call's number as people write it: in hexadecimal when it carries a high bit.

    >>> format_number(257), format_number(0x40000101)
    ('257', '0x40000101')
    """
    return f"{number:#x}" if number >= 0x10000 else str(number)


def format_register_number(entry: Entry) -> str:
    """What the register holds when the call is made: the number, with its class on macOS."""
    return format_number(_CLASSES.get((entry.system, entry.abi), 0) | entry.number)


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
            links.append(f"https://elixir.bootlin.com/linux/v{source_version}/source/{path}#L{line}")
    elif card.system == "macos" and signature:
        links.append(f"https://github.com/apple-oss-distributions/xnu/blob/{abi.version}/{signature.location}")
    elif card.system == "freebsd":
        links.append(f"https://man.freebsd.org/cgi/man.cgi?query={card.name}&sektion=2")
    elif card.system == "openbsd":
        links.append(f"https://man.openbsd.org/{card.name}.2")
    elif card.system == "netbsd":
        links.append(f"https://man.netbsd.org/{card.name}.2")
    elif card.system == "windows" and signature:
        file = signature.location.partition(":")[0]
        links.append(f"https://github.com/winsiderss/systeminformer/blob/master/phnt/include/{file}")
    return links
