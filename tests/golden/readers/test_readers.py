"""What each reader makes of a small input in its format; `UPDATE_GOLDEN=1` writes the expected texts anew.

The inputs were written for these tests; the binary ones are made by `tools/reader_fixtures.py`.
"""

import doctest
import importlib
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from trapgate.catalog.readers import Table, find_kinds, open_source, read_path
from trapgate.catalog.readers import detect_reader as detect

HERE = Path(__file__).parent
INPUTS = {
    "NtTrace.cfg": ("windows-prototypes", {}),
    "System.map": ("linux-symbols", {}),
    "arch/i386/kernel/entry.S": ("linux-entry", {}),
    "arch/powerpc/kernel/syscalls/syscall.tbl": ("linux-tbl", {}),
    "arch/x86/entry/syscalls/syscall_64.tbl": ("linux-tbl", {}),
    "asm-generic/unistd.h": ("linux-unistd", {"abi": "aarch64"}),
    "freebsd/old-syscalls.master": ("bsd-master", {}),
    "freebsd/syscalls.master": ("bsd-master", {}),
    "kallsyms": ("linux-symbols", {}),
    "lists/ausyscall.txt": ("plain-list", {"abi": "x86_64"}),
    "lists/handout.txt": ("plain-list", {}),
    "netbsd/syscalls.master": ("bsd-master", {}),
    "open.c": ("linux-source", {}),
    "openbsd/syscalls.master": ("bsd-master", {}),
    "pe/ntdll-arm64.dll": ("windows-pe", {}),
    "pe/ntdll-x64.dll": ("windows-pe", {}),
    "pe/ntdll-x86.dll": ("windows-pe", {}),
    "pe/wine-x64.dll": ("windows-pe", {}),
    "sys.h": ("linux-entry", {"abi": "i386"}),
    "syscall_sw.c": ("mach-traps", {}),
    "tracing": ("linux-tracefs", {"abi": "x86_64"}),
    "tree": ("linux-source", {"abi": "x86_64"}),
    "unistd_o32.h": ("linux-unistd", {}),
    "vmlinux.btf": ("linux-btf", {}),
    "x86_64-linux-gnu/asm/unistd_64.h": ("linux-unistd", {}),
    "xen.h": ("xen-header", {}),
    "xnu/syscalls.master": ("bsd-master", {}),
}


def render(table: Table) -> str:
    """The table as text: what it says of itself, then one line a row."""
    lines = [f"kind: {table.kind}", f"version: {table.version}", *(f"note: {note}" for note in table.notes)]
    for row in table.rows:
        arguments = (
            "?"
            if row.arguments is None
            else ", ".join(f"{a.direction or '-'} {a.type}:{a.name}" for a in row.arguments)
        )
        place = str(row.location).replace(f"{HERE / 'inputs'}/", "")
        cells = (row.system, row.abi, row.number, row.name, row.entry, row.status, row.condition, place, arguments)
        lines.append(" | ".join(str(cell) for cell in cells))
    return "\n".join(lines).replace(platform.release(), "RELEASE") + "\n"


@pytest.mark.parametrize("name", INPUTS)
def test_table(name: str) -> None:
    kind, options = INPUTS[name]
    path = str(HERE / "inputs" / name)
    table = read_path(path, **options)
    assert table.kind == kind
    expected = HERE / "expected" / f"{name.replace('/', '-')}.txt"
    if os.environ.get("UPDATE_GOLDEN") == "1":
        expected.parent.mkdir(exist_ok=True)
        expected.write_text(render(table))
    assert render(table) == expected.read_text()


def test_every_kind_has_an_input() -> None:
    assert sorted({kind for kind, _ in INPUTS.values()}) == sorted(find_kinds())


@pytest.mark.parametrize("kind", find_kinds())
def test_each_reader_has_a_docstring_with_an_example(kind: str) -> None:
    module = importlib.import_module(f"trapgate.catalog.readers.{kind.replace('-', '_')}")
    assert kind == module.KIND
    text = module.__doc__ or ""
    assert ">>> " in text or "    trapgate " in text
    assert len(text.splitlines()) <= 14


@pytest.mark.parametrize("kind", find_kinds())
def test_examples_hold(kind: str) -> None:
    module = importlib.import_module(f"trapgate.catalog.readers.{kind.replace('-', '_')}")
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize("name", INPUTS)
def test_only_its_own_reader_knows_an_input(name: str) -> None:
    source = open_source(str(HERE / "inputs" / name))
    assert INPUTS[name][0] == detect(source).KIND


def test_binary_inputs_are_current(project: Path) -> None:
    done = subprocess.run([sys.executable, project / "tools" / "reader_fixtures.py", "--check"], check=False)
    assert done.returncode == 0
