"""BTF of a kernel, `/sys/kernel/btf/vmlinux`: the functions that handle its calls, with arguments where they are kept.

    trapgate catalog read /sys/kernel/btf/vmlinux

A wrapper (`__x64_sys_openat`) takes the registers and hides the arguments; they are known where the compiler kept the
inner function (`__do_sys_openat`, `__se_sys_openat`), and on machines without wrappers. BTF has no numbers.
"""

import platform

from trapgate.catalog.argument import Argument
from trapgate.catalog.readers import IMPLEMENTED, MAX_ROWS, Location, ReadError, Row, Source, Table
from trapgate.catalog.readers._btf import Btf, BtfError, Function
from trapgate.catalog.readers._linux import ABI_OF_MACHINE, WRAPPER_ABIS

KIND = "linux-btf"

_INNER = ("__do_sys_", "__se_sys_", "__do_compat_sys_", "__se_compat_sys_")
_NO_CALLS = frozenset(("ni_syscall", "ni_posix_timers"))


def detect(head: bytes, name: str) -> bool:
    """Whether it begins with BTF's magic number in either byte order, and version 1."""
    return head[:3] in (b"\x9f\xeb\x01", b"\xeb\x9f\x01")


def read(source: Source) -> Table:
    """One row for each wrapper, with the arguments of its inner function if there is one."""
    try:
        btf = Btf(source.data)
        names = [name for name in btf.function_names() if "sys_" in name]
        if len(names) > MAX_ROWS:
            raise ReadError(source.name, f"it has more than {MAX_ROWS:,} functions of calls")
        functions = {name: function for name in names if (function := btf.function(name))}
    except BtfError as error:
        raise ReadError(source.name, str(error), offset=error.offset) from None
    native = source.abi or ABI_OF_MACHINE.get(platform.machine(), "")
    rows = [row for function in functions.values() if (row := _make_row(source, function, functions))]
    # Where there are wrappers, a call without arguments may have its inner function alone; elsewhere all are plain.
    prefix = "__do_sys_" if rows else "sys_"
    known = {row.name for row in rows if row.abi == native}
    rows += [
        row for function in functions.values() if (row := _make_plain_row(source, function, prefix, native, known))
    ]
    return Table(KIND, source.name, tuple(rows), ("BTF has no numbers: --diff finds them by name",))


def _make_row(source: Source, function: Function, functions: dict[str, Function]) -> Row | None:
    """The row of a wrapper; the compiler keeps an inner function only where it did not inline it."""
    for prefix, abi in WRAPPER_ABIS.items():
        name = function.name.removeprefix(prefix)
        if name == function.name or name in _NO_CALLS or (source.abi and abi != source.abi):
            continue
        inner = [form for form in _INNER if ("compat" in form) == ("compat" in prefix)]
        found = next((functions[form + name] for form in inner if form + name in functions), None)
        arguments = _arguments(found) if found else None
        return Row("linux", abi, None, name, function.name, arguments, IMPLEMENTED, "", Location(source.name))
    return None


def _make_plain_row(source: Source, function: Function, prefix: str, abi: str, known: set[str]) -> Row | None:
    """The row of a function with this prefix whose call has none yet."""
    name = function.name.removeprefix(prefix)
    if name == function.name or name in _NO_CALLS or name in known or function.returns != "long":
        return None
    return Row("linux", abi, None, name, function.name, _arguments(function), IMPLEMENTED, "", Location(source.name))


def _arguments(function: Function) -> tuple[Argument, ...]:
    # A call without arguments gets the registers on x86, and does not look at them.
    if [parameter.type for parameter in function.parameters] == ["const struct pt_regs *"]:
        return ()
    return tuple(
        Argument(parameter.name, parameter.type, parameter.type.endswith("*")) for parameter in function.parameters
    )
