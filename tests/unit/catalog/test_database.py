"""The two look-ups of the tracer, and the file they read."""

import os
import sqlite3
import time
from pathlib import Path

import pytest

from trapgate import catalog
from trapgate.catalog import build, database
from trapgate.catalog.database import parse_arguments
from trapgate.catalog.versions import version_key


@pytest.mark.parametrize(
    ("abi", "number", "name"),
    [
        ("x86_64", 0, "read"),
        ("x86_64", 59, "execve"),
        ("amd64", 257, "openat"),
        ("i386", 1, "exit"),
        ("i386", 2, "fork"),
        ("i386", 177, "rt_sigtimedwait"),
        ("i386", 190, "vfork"),
        ("i386", 59, "oldolduname"),
        ("x32", 0x40000203, "readv"),
        ("aarch64", 56, "openat"),
        ("mips-o32", 4003, "read"),
        ("mips-n64", 5000, "read"),
        ("mips-n32", 6000, "read"),
        ("ia64", 1025, "exit"),
        ("sh", 166, "vm86"),  # taken away, but a program may still make it
    ],
)
def test_names(abi: str, number: int, name: str) -> None:
    assert catalog.names(abi)[number] == name


def test_names_of_an_unknown_abi_are_none() -> None:
    assert catalog.names("pdp11") == {}


@pytest.mark.parametrize(
    ("abi", "arguments"),
    [
        ("x86_64", "clone_flags newsp parent_tidptr child_tidptr tls"),
        ("i386", "clone_flags newsp parent_tidptr tls child_tidptr"),
        ("aarch64", "clone_flags newsp parent_tidptr tls child_tidptr"),
        ("s390x", "newsp clone_flags parent_tidptr child_tidptr tls"),
        ("microblaze", "clone_flags newsp stack_size parent_tidptr child_tidptr tls"),
    ],
)
def test_clone_has_the_order_of_its_architecture(abi: str, arguments: str) -> None:
    found = catalog.signature("clone", abi)
    assert [a.name for a in found] == arguments.split()
    assert {a.name for a in found if a.direction == "out"} == {"parent_tidptr", "child_tidptr"}


def test_signature_of_32_bit_calls_has_both_halves() -> None:
    assert [a.name for a in catalog.signature("pread64", "i386")] == ["fd", "ubuf", "count", "poslo", "poshi"]
    assert [a.name for a in catalog.signature("fanotify_mark", "i386")][2:4] == ["mask_lo", "mask_hi"]
    assert [a.type for a in catalog.signature("fanotify_mark", "x86_64")][2] == "__u64"


def test_signature_marks_pointers_to_the_program() -> None:
    fd, buf, count = catalog.signature("read", "x86_64")
    assert (buf.type, buf.user, buf.direction) == ("char *", True, "out")
    assert not fd.user and not count.user


def test_parse_arguments() -> None:
    handle, buffer = parse_arguments("Handle:HANDLE:in; Buffer:void *:out?")
    assert (handle.direction, handle.optional, handle.user) == ("in", False, True)
    assert (buffer.direction, buffer.optional) == ("out", True)
    assert parse_arguments("") == ()


def test_build_is_complete_and_read_only_afterwards(tmp_path) -> None:
    path = tmp_path / "catalog.sqlite"
    build.build(str(path))
    assert path.stat().st_size <= 15_000_000
    assert [file.name for file in tmp_path.iterdir()] == ["catalog.sqlite"]
    connection = sqlite3.connect(path)
    systems = {row[0] for row in connection.execute("SELECT DISTINCT system FROM call")}
    assert systems >= {
        "linux",
        "macos",
        "freebsd",
        "openbsd",
        "netbsd",
        "dragonfly",
        "illumos",
        "windows",
        "xen",
        "kvm",
    }
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        database.open_database().execute("DELETE FROM call")


def test_a_failed_build_leaves_nothing(tmp_path, monkeypatch) -> None:
    def fail(connection: sqlite3.Connection) -> None:
        raise RuntimeError

    monkeypatch.setattr(build, "compile_facts", fail)
    with pytest.raises(RuntimeError):
        build.build(str(tmp_path / "catalog.sqlite"))
    assert list(tmp_path.iterdir()) == []


def test_no_call_is_older_than_its_abi() -> None:
    """What an ABI's first measured table is of, nothing else of that ABI is older than."""
    for abi in catalog.abis("linux"):
        dated = [entry for entry in catalog.history("linux", abi.name) if entry.since]
        measured = [e for e in dated if e.evidence in ("kernel headers", "architecture merged", "architecture removed")]
        if measured:
            first = min(version_key("linux", entry.since or "") for entry in measured)
            early = [entry.name for entry in dated if version_key("linux", entry.since or "") < first]
            assert early == [], abi.name


def test_arguments_of_operations_are_no_operations() -> None:
    kinds = {(one.call, one.name): one.kind for one in catalog.subcalls(system="linux")}
    assert kinds["prctl", "PR_SET_MM"] == kinds["prctl", "PR_SET_PTRACER"] == ""
    assert kinds["prctl", "PR_SET_MM_BRK"] == kinds["ptrace", "PTRACE_EVENT_FORK"] == "argument"
    values = {one.name: int(one.value) for one in catalog.subcalls("membarrier")}
    assert values["MEMBARRIER_CMD_GET_REGISTRATIONS"] == 1 << 9


def test_databases_of_earlier_facts_are_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(database, "PACKAGED", str(tmp_path / "missing"))
    folder = tmp_path / "trapgate"
    folder.mkdir()
    for name, age in (("catalog-1.sqlite", 100_000), ("catalog-2.sqlite", 100), ("other", 100_000)):
        (folder / name).write_bytes(b"")
        os.utime(folder / name, (time.time() - age,) * 2)
    path = Path(database.find_packaged())
    assert path.parent == folder and sqlite3.connect(path).execute("SELECT count(*) FROM entry").fetchone()[0] > 10_000
    assert {file.name for file in folder.iterdir()} == {path.name, "catalog-2.sqlite", "other"}
