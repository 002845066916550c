"""`trapgate catalog read` and `running`: output, comparison, the user's own tables."""

import csv
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., "subprocess.CompletedProcess[str]"]
TABLE = "0 common read sys_read\n1 common wrote sys_wrote\n999 common brand_new sys_brand_new\n"


@pytest.fixture
def own(tmp_path: Path) -> dict[str, str]:
    """An environment whose data and cache folders are empty."""
    folders = {"XDG_DATA_HOME": str(tmp_path / "data"), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    return {**os.environ, **folders}


@pytest.fixture
def table(tmp_path: Path) -> str:
    path = tmp_path / "syscall_64.tbl"
    path.write_text(TABLE)
    return str(path)


def test_a_table_is_printed(run_trapgate: Run, table: str) -> None:
    done = run_trapgate("catalog", "read", table, "--abi", "x86_64")
    assert done.returncode == 0
    assert [line.split()[:5] for line in done.stdout.splitlines()][:2] == [
        ["system", "abi", "number", "name", "entry"],
        ["linux", "x86_64", "0", "read", "sys_read"],
    ]


def test_formats_for_programs(run_trapgate: Run, table: str) -> None:
    rows = json.loads(run_trapgate("catalog", "read", table, "--abi", "x86_64", "--json").stdout)
    assert rows[2]["number"] == 999
    assert rows[2]["location"] == f"{table}:3"
    assert rows[2]["arguments"] is None
    text = run_trapgate("catalog", "read", table, "--abi", "x86_64", "--csv").stdout
    assert [row["name"] for row in csv.DictReader(text.splitlines())] == ["read", "wrote", "brand_new"]
    text = run_trapgate("catalog", "read", table, "--abi", "x86_64", "--tsv").stdout
    assert text.splitlines()[3].split("\t")[:4] == ["linux", "x86_64", "999", "brand_new"]


def test_standard_input(run_trapgate: Run) -> None:
    done = run_trapgate("catalog", "read", "-", "--kind", "linux-tbl", "--abi", "x86_64", input=TABLE)
    assert "brand_new" in done.stdout
    assert "-:3" in done.stdout


def test_differences(run_trapgate: Run, table: str) -> None:
    done = run_trapgate("catalog", "read", table, "--abi", "x86_64", "--diff", "--json")
    rows = {(row["kind"], row["number"]): row for row in json.loads(done.stdout)}
    assert done.returncode == 1
    assert rows["renamed", 1]["here"] == "wrote"
    assert rows["renamed", 1]["packaged"] == "write"
    assert ("added", 999) in rows
    assert rows["missing", 257]["packaged"] == "openat"
    assert not any(number == 0 for _, number in rows)


def test_differences_of_arguments(run_trapgate: Run, tmp_path: Path) -> None:
    path = tmp_path / "a.c"
    path.write_text(
        "SYSCALL_DEFINE3(read, int, fd, char __user *, buf, size_t, count)\nSYSCALL_DEFINE1(close, unsigned int, fd)\n"
    )
    done = run_trapgate("catalog", "read", str(path), "--abi", "x86_64", "--diff", "--json")
    assert [(row["kind"], row["name"], row["here"]) for row in json.loads(done.stdout)] == [
        ("signature", "read", "int fd, char *buf, size_t count")
    ]


def test_no_differences(run_trapgate: Run, project: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.c"
    path.write_text("SYSCALL_DEFINE1(close, unsigned int, fd)\n")
    done = run_trapgate("catalog", "read", str(path), "--abi", "x86_64", "--diff")
    assert (done.returncode, done.stdout) == (0, "")
    assert "no differences" in done.stderr


def test_an_unknown_abi_is_named(run_trapgate: Run, table: str) -> None:
    done = run_trapgate("catalog", "read", table, "--diff")
    assert done.returncode == 2
    assert "--abi" in done.stderr


def test_an_added_table_is_seen_by_the_catalogue(
    run_trapgate: Run, program: Path, table: str, own: dict[str, str]
) -> None:
    done = run_trapgate("catalog", "read", table, "--abi", "x86_64", "--add", "--as", "mine", env=own)
    assert done.returncode == 0, done.stderr
    script = (
        "from trapgate import catalog;"
        "print([(e.id, e.number) for e in catalog.find('brand_new')]);"
        "print(catalog.names('mine')[999], len(catalog.table('linux', 'mine')), len(catalog.names('x86_64')) > 300)"
    )
    python = program.parent / "python"
    seen = subprocess.run([python, "-c", script], env=own, capture_output=True, text=True, check=False)
    assert seen.stdout == "[('linux/mine/brand_new', 999)]\nbrand_new 3 True\n", seen.stderr
    # A second table, and a second look, see both once.
    run_trapgate("catalog", "read", table, "--abi", "xtensa", "--add", "--as", "other", env=own)
    seen = subprocess.run([python, "-c", script], env=own, capture_output=True, text=True, check=False)
    assert seen.stdout.splitlines()[0] == "[('linux/mine/brand_new', 999), ('linux/other/brand_new', 999)]", seen.stderr
    assert len(list(Path(own["XDG_CACHE_HOME"], "trapgate").glob("catalog-user-*"))) == 1


def test_added_arguments_come_back(run_trapgate: Run, program: Path, project: Path, own: dict[str, str]) -> None:
    tree = project / "tests" / "golden" / "readers" / "inputs" / "tree"
    run_trapgate("catalog", "read", str(tree), "--abi", "x86_64", "--add", "--as", "tree", env=own)
    script = "from trapgate import catalog; print([str(a) for a in catalog.signature('read', 'tree')])"
    seen = subprocess.run(
        [program.parent / "python", "-c", script], env=own, capture_output=True, text=True, check=False
    )
    assert seen.stdout == "['unsigned int fd', 'char *buf', 'size_t count']\n", seen.stderr


def test_what_cannot_be_added(run_trapgate: Run, table: str, project: Path, own: dict[str, str]) -> None:
    inputs = project / "tests" / "golden" / "readers" / "inputs"
    for words, why in [
        ([table, "--abi", "x86_64", "--as", "../escape"], "is no name for a table"),
        ([table, "--abi", "x86_64", "--as", "amd64"], "is an ABI of the catalogue already"),
        ([str(inputs / "System.map")], "has no numbers"),
        ([str(inputs / "arch/x86/entry/syscalls/syscall_64.tbl")], "is of 2 ABIs"),
    ]:
        done = run_trapgate("catalog", "read", *words, "--add", env=own)
        assert done.returncode == 2
        assert why in done.stderr
    assert not Path(own["XDG_DATA_HOME"]).exists()


def test_a_broken_table_of_the_users_is_named(run_trapgate: Run, table: str, own: dict[str, str]) -> None:
    run_trapgate("catalog", "read", table, "--abi", "x86_64", "--add", "--as", "mine", env=own)
    path = Path(own["XDG_DATA_HOME"], "trapgate", "catalog", "mine.tsv")
    path.write_text(path.read_text().replace("999", "x"))
    done = run_trapgate("catalog", "read", table, "--abi", "x86_64", "--diff", env=own)
    assert done.returncode == 1
    assert f"{path}:" in done.stderr
    assert "remove" in done.stderr


@pytest.mark.parametrize(
    ("words", "status", "text"),
    [
        (["catalog"], 2, "ACTION"),
        (["catalog", "read", "/nonexistent"], 1, "no such file"),
        (["catalog", "read", "-", "--define", "A"], 2, "'A' is not NAME=VALUE"),
        (["catalog", "read", "-", "--cpp=no-such-compiler"], 1, "no-such-compiler cannot be run"),
        (["catalog", "read", "-", "--kind", "nothing"], 2, "the kinds are"),
    ],
)
def test_errors(run_trapgate: Run, words: list[str], status: int, text: str) -> None:
    done = run_trapgate(*words, input="#define __NR_a 1\n")
    assert done.returncode == status, done.stderr
    assert text in done.stderr
    assert "Traceback" not in done.stderr


def test_a_definition_is_used(run_trapgate: Run) -> None:
    words = ["catalog", "read", "-", "--kind", "linux-unistd", "--abi", "i386", "--define", "BASE=0x10", "--json"]
    done = run_trapgate(*words, input="#define __NR_a (BASE + 1)\n")
    assert json.loads(done.stdout)[0]["number"] == 17


def test_the_other_commands_take_an_added_abi(run_trapgate: Run, project: Path, own: dict[str, str]) -> None:
    path = project / "tests" / "golden" / "readers" / "inputs" / "pe" / "ntdll-x64.dll"
    run_trapgate("catalog", "read", str(path), "--add", "--as", "mine", env=own)
    shown = run_trapgate("show", "NtClose", "--system", "windows", "--abi", "mine", env=own)
    assert shown.returncode == 0, shown.stderr
    listed = run_trapgate("list", "--system", "windows", "--abi", "mine", "--json", env=own)
    assert [row["name"] for row in json.loads(listed.stdout)] == ["NtReadFile", "NtClose", "NtWineForm"]
