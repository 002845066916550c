# SPDX-License-Identifier: BSD-2-Clause
"""The tables against headers: those of the release they were made from, and those installed here."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

NOT_STABLE = {
    # The kernel sorted this enum anew in 6.8: its numbers follow the release.
    "snmp_ip_stats",
}

LIBRARY = (
    *("sys/socket.h", "sys/ptrace.h", "signal.h", "netinet/tcp.h", "netinet/in.h", "elf.h"),
    *("sys/statvfs.h", "sys/swap.h", "sys/klog.h", "syslog.h", "netipx/ipx.h", "netax25/ax25.h", "netrom/netrom.h"),
)
"""Headers of the C library that name again what the kernel keeps out of its own.

Not fcntl.h: it gives 64-bit programs other values for F_GETLK64 and its like than the kernel has.
"""


@pytest.fixture(scope="module")
def tool(project: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("tables_tool", project / "tools" / "tables.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["tables_tool"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def needs_compiler(tool: ModuleType) -> None:
    probe = tool.Headers([]).compile("#include <sys/socket.h>\n", "i386", "-fsyntax-only")
    if probe.returncode:
        pytest.skip("no compiler and C library for i386: install gcc-multilib")


def test_tables_are_what_the_headers_give(tool: ModuleType) -> None:
    """Made again from the headers of the same kernel release, every table has the same bytes."""
    needs_compiler(tool)
    headers = tool.Headers(tool.default_folders())
    text = (tool.TABLES / "open_mode_flags.txt").read_text()
    if f"(Linux {headers.version()})" not in text:
        pytest.skip(f"headers are of Linux {headers.version() or '?'}: set TRAPGATE_UAPI, or install ziglang==0.17.1")
    assert tool.check(tool.parse_spec(tool.SPEC.read_text()), headers, tool.TABLES) == []


def test_values_are_those_of_the_installed_headers(tool: ModuleType) -> None:
    """Where a header installed here has a name, it has the table's value, whatever its release.

    Names that older headers lack are left out; a value that differs never is.
    """
    needs_compiler(tool)
    headers = tool.Headers([])
    jobs: dict[tuple[str, str], list[tuple[str, str, str]]] = {}
    for spec in tool.parse_spec(tool.SPEC.read_text()):
        if spec.name not in NOT_STABLE:
            spec.headers = [header for header in spec.headers if is_installed(tool, headers, header)]
            for abi in tool.ABIS:
                for label, expression, header in wanted(tool, spec, headers, abi):
                    jobs.setdefault((header, abi), []).append((spec.name, label, expression))
    ours = {table: own_values(tool, table) for table in {entry[0] for job in jobs.values() for entry in job}}
    wrong, compared = [], 0
    for (header, abi), entries in jobs.items():
        values = tool.evaluate(headers, header, [expression for _, _, expression in entries], abi)
        for table, label, expression in entries:
            if expression in values:
                compared += 1
                theirs = values[expression].bits
                if not same(theirs, values[expression].size, ours[table].get((label, abi), [])):
                    wrong.append(f"{table}: {label} in {abi}: {theirs:#x} in {header}")
    assert wrong == []
    assert compared > 5000


def is_installed(tool: ModuleType, headers: object, header: str) -> bool:
    try:
        return tool.is_readable(header) and all(headers.definitions(header, abi) is not None for abi in tool.ABIS)
    except tool.TablesError:
        return False


def wanted(tool: ModuleType, spec: object, headers: object, abi: str) -> list[tuple[str, str, str]]:
    """The (label, C expression, header) of what `spec` takes that an installed header defines."""
    stated = {item.split("=")[0] for item in spec.take if tool.is_stated(item)}
    library = [header for header in LIBRARY if stated and is_installed(tool, headers, header)]
    by_name = tool.defined_by(spec, headers, abi)
    for header in library:
        for definition in headers.definitions(header, abi):
            by_name.setdefault(definition.name, (definition, header))
    found = [
        (spec.shape.format(name), tool.expression_of(spec, name), by_name[name][1])
        for name in sorted(stated & set(by_name))
    ]
    if not spec.headers:
        return found
    taken = tool.select(spec, headers, abi)
    return found + [(one.label, one.expression, one.header) for one in taken if one.label not in stated]


def own_values(tool: ModuleType, table: str) -> dict[tuple[str, str], list[int]]:
    """The values of each (label, ABI) in a table's file."""
    found: dict[tuple[str, str], list[int]] = {}
    for entry in tool.read_table(tool.TABLES / f"{table}.txt"):
        for abi in entry.abis or tool.ABIS:
            found.setdefault((entry.label, abi), []).append(entry.value)
    return found


def same(theirs: int, size: int, ours: list[int]) -> bool:
    """Whether the table's value is `theirs`; a label the table does not have (a retired one) is no value."""
    mask = (1 << (8 * size)) - 1
    return not ours or theirs & mask in [value & mask for value in ours]
