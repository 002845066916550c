"""What `trapgate list` writes for programs compiles, imports and holds the table's numbers; its filters."""

import csv
import io
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from trapgate import catalog
from trapgate.cli.classes import read_classes

TABLES = [
    ("linux", "x86_64", None, "__NR_"),
    ("linux", "i386", "2.2.0", "__NR_"),
    ("linux", "x32", "5.10", "__NR_"),
    ("freebsd", "all", None, "SYS_"),
    ("macos", "mach", "10.6", "SYS_"),
    ("windows", "x64", "25H2", "SYS_"),
    ("xen", "all", None, "SYS_"),
]


def words_of(system: str, abi: str, version: str | None) -> list[str]:
    return ["list", "--system", system, "--abi", abi, *(["--version", version] if version else [])]


@pytest.mark.parametrize(("system", "abi", "version", "prefix"), TABLES)
def test_the_header_compiles_to_the_tables_numbers(
    run_trapgate, tmp_path: Path, system: str, abi: str, version: str | None, prefix: str
) -> None:
    if not shutil.which("cc"):
        pytest.skip("there is no C compiler")
    (tmp_path / "calls.h").write_text(run_trapgate(*words_of(system, abi, version), "--c-header").stdout)
    table = catalog.table(system, abi, version)
    now = {entry.name for entry in table if entry.status == "yes"}
    old = ["" if e.status == "yes" or e.name not in now else f"{e.status}_" for e in table]
    names = [prefix + mark + entry.name for mark, entry in zip(old, table, strict=True)]
    lines = [f'    printf("%ld\\n", (long){name});' for name in names]
    source = ["#include <stdio.h>", '#include "calls.h"', '#include "calls.h"', "int main(void)", "{", *lines, "}"]
    (tmp_path / "print.c").write_text("\n".join(source))
    subprocess.run(["cc", "-Wall", "-Werror", "-o", tmp_path / "print", tmp_path / "print.c"], check=True)
    printed = subprocess.run([tmp_path / "print"], capture_output=True, text=True, check=True).stdout.split()
    assert len(table) > 20 and list(map(int, printed)) == [entry.number for entry in table]


@pytest.mark.parametrize(("system", "abi", "version", "_"), TABLES)
def test_the_module_is_python(run_trapgate, system: str, abi: str, version: str | None, _: str) -> None:
    found: dict[str, dict[int, str]] = {}
    exec(run_trapgate(*words_of(system, abi, version), "--python").stdout, found)
    assert found["CALLS"] == {entry.number: entry.name for entry in reversed(catalog.table(system, abi, version))}


def test_json_csv_and_tsv_say_the_same(run_trapgate) -> None:
    data = json.loads(run_trapgate("list", "--abi", "i386", "--json").stdout)
    rows = list(csv.DictReader(io.StringIO(run_trapgate("list", "--abi", "i386", "--csv").stdout)))
    lines = run_trapgate("list", "--abi", "i386", "--tsv").stdout.splitlines()
    tabs = [dict(zip(lines[0].split("\t"), line.split("\t"), strict=True)) for line in lines[1:]]
    assert rows == tabs == [{k: "" if v is None else str(v) for k, v in row.items()} for row in data]
    assert [row["number"] for row in data] == [entry.number for entry in catalog.table("linux", "i386")]
    assert all(catalog.find(row["id"]) for row in data[::40])


def names(run_trapgate, *words: str) -> set[str]:
    done = run_trapgate("list", *words, "--json")
    return {row["name"] for row in json.loads(done.stdout)}


def test_filters(run_trapgate) -> None:
    assert names(run_trapgate, "--abi", "x86_64", "--class", "%ipc") == {
        name
        for name, classes in read_classes().items()
        if "ipc" in classes and name in catalog.names("x86_64").values()
    }
    new = names(run_trapgate, "--abi", "x86_64", "--since", "6.10")
    assert "mseal" in new and "openat" not in new
    assert new & names(run_trapgate, "--abi", "x86_64", "--before", "6.10") == set()
    assert {"read", "openat"} <= names(run_trapgate, "--everywhere") and "open" not in names(
        run_trapgate, "--everywhere"
    )
    assert "arch_prctl" in names(run_trapgate, "--abi", "x86_64", "--arch-only")
    assert "paccept" in names(run_trapgate, "--abi", "x86_64", "--removed")
    assert "create_module" not in names(run_trapgate, "--abi", "x86_64", "--live")


def test_versions_that_share_a_name_count_from_their_first(run_trapgate) -> None:
    rows = json.loads(run_trapgate("list", "--system", "macos", "--since", "15", "--json").stdout)
    assert {"coalition_policy_set", "oslog_coproc"} <= {row["name"] for row in rows}
    before = json.loads(run_trapgate("list", "--system", "macos", "--before", "15", "--json").stdout)
    assert not {row["name"] for row in rows} & {row["name"] for row in before}


def test_lines_for_people_leave_out_what_is_all_the_same(run_trapgate) -> None:
    assert run_trapgate("list", "openat", "--system", "freebsd").stdout.split()[:3] == ["number", "name", "arguments"]
    assert "0x84000003" in run_trapgate("list", "CPU_ON", "--system", "smccc").stdout
    assert "arguments" not in run_trapgate("list", "--version", "4.2").stdout
    nothing = run_trapgate("list", "zzz")
    assert (nothing.returncode, nothing.stdout) == (1, "") and "no call" in nothing.stderr


def test_a_table_of_all_machines_has_nothing_of_one_alone(run_trapgate) -> None:
    assert run_trapgate("list", "--system", "macos", "--arch-only").stdout == ""
    assert "arch_prctl" in run_trapgate("list", "--abi", "x86_64", "--arch-only").stdout
