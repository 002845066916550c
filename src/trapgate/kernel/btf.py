"""The running kernel's types: structures with their offsets and sizes, and prototypes of its functions.

>>> [member.offset for member in Btf.read(VMLINUX).struct("timespec64")]  # doctest: +SKIP
[0, 8]

The parser is the catalogue's, which reads calls out of BTF and may not depend on this package.
"""

from trapgate.catalog.readers._btf import Btf, BtfError, Function, Member, Parameter

__all__ = ("VMLINUX", "Btf", "BtfError", "Function", "Member", "Parameter")

VMLINUX = "/sys/kernel/btf/vmlinux"
"""Where the kernel shows its own BTF (CONFIG_DEBUG_INFO_BTF, since v5.4), readable by everyone."""
