# SPDX-License-Identifier: BSD-2-Clause
"""Every file of constants: its header, its lines, and that what it says is usable."""

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from trapgate.calls import tables as loader

FOLDER = Path(loader.__file__).parent
FILES = sorted(FOLDER.glob("*.txt"))
ABIS = ("x86_64", "i386", "x32")
LABEL = re.compile(r"(1<<)?[!(]*[A-Za-z_][\w|()<+-]*\d*\)?")


def read_header(path: Path) -> dict[str, str]:
    lines = (line[2:].split(": ", 1) for line in path.read_text("utf-8").splitlines() if line.startswith("# "))
    return {line[0]: line[1] for line in lines}


def read_lines(path: Path, abi: str) -> list[tuple[str, str]]:
    """The (label, written value) pairs that hold in `abi`, without the loader."""
    rows = [line.split() for line in path.read_text("utf-8").splitlines() if not line.startswith("#")]
    return [(row[0], row[1]) for row in rows if len(row) < 3 or abi in row[2].split(",")]


@pytest.fixture(scope="module")
def tool(project: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("tables_tool", project / "tools" / "tables.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["tables_tool"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def test_files_are_those_of_the_specification(tool: ModuleType) -> None:
    declared = {spec.name: spec.kind for spec in tool.parse_spec(tool.SPEC.read_text())}
    assert declared == {path.stem: read_header(path)["kind"] for path in FILES}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_header(path: Path) -> None:
    header = read_header(path)
    assert {"source", "kind", "complete"} <= set(header) <= {"source", "kind", "prefix", "complete", "unknown"}
    assert header["kind"] in ("enum", "flags", "indexed")
    assert header["complete"] in ("yes", "no")
    assert re.search(r"\.h \((Linux \d+\.\d+|C library)\)", header["source"])


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_lines(path: Path) -> None:
    """Labels are C, values are numbers that fit, and no ABI has a label twice."""
    header = read_header(path)
    for line in path.read_text("utf-8").splitlines():
        if line.startswith("#"):
            continue
        label, value, *abis = line.split(" ")
        assert LABEL.fullmatch(label), label
        least = 0 if header["kind"] == "flags" else -(2**31)
        assert least <= int(value, 0) < 2**64
        assert len(abis) < 2 and (not abis or set(abis[0].split(",")) < set(ABIS))
    for abi in ABIS:
        labels = [label for label, _ in read_lines(path, abi)]
        assert len(labels) == len(set(labels))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_loads(path: Path) -> None:
    """The loader gives what the file says, in its order, in each ABI."""
    for abi in ABIS:
        table = loader.load(path.stem, abi)
        assert list(table.entries) == [(label, int(value, 0)) for label, value in read_lines(path, abi)]
        assert table.entries


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_prefix(path: Path) -> None:
    """The prefix is one that the table has."""
    prefix = read_header(path).get("prefix")
    if prefix:
        labels = [label for label, _ in read_lines(path, "x86_64")]
        assert any(prefix in label for label in labels)


SHADOWED = {
    # Printed apart from the other flags, by their mask.
    "mmap_flags": {"MAP_SHARED_VALIDATE"},
    "at_statx_sync_types": {"AT_STATX_SYNC_TYPE"},
    # keyctl_setperm prints the single rights first.
    "key_perms": {"KEY_POS_ALL", "KEY_USR_ALL", "KEY_GRP_ALL", "KEY_OTH_ALL"},
}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_flags_can_print(path: Path) -> None:
    """A mask of several bits comes before the flags it is made of, or nothing would ever print it."""
    if read_header(path)["kind"] != "flags":
        return
    pairs = [(label, int(value, 0)) for label, value in read_lines(path, "x86_64")]
    hidden = set()
    for number, (label, value) in enumerate(pairs):
        left = value
        for _, earlier in pairs[:number]:
            if earlier and left & earlier == earlier:
                left &= ~earlier
        if left != value:
            hidden.add(label)
    assert hidden == SHADOWED.get(path.stem, set())


@pytest.mark.parametrize(
    ("table", "label", "value"),
    [  # from manual pages and headers, not from the tables
        ("open_mode_flags", "O_CLOEXEC", 0o2000000),
        ("open_mode_flags", "O_TMPFILE", 0o20200000),
        ("whence_codes", "SEEK_HOLE", 4),
        ("epollevents", "EPOLLET", 1 << 31),
        ("clone3_flags", "CLONE_INTO_CGROUP", 0x200000000),
        ("addrfams", "AF_NETLINK", 16),
        ("siginfo_codes", "SI_TKILL", -6),
        ("cap_mask1", "1<<CAP_MAC_ADMIN", 2),
        ("cap_mask0", "1<<CAP_SETFCAP", 1 << 31),
        ("bpf_commands", "BPF_PROG_LOAD", 5),
        ("v4l2_pix_fmts", "V4L2_PIX_FMT_YUYV", int.from_bytes(b"YUYV", "little")),
        ("key_spec", "KEY_SPEC_SESSION_KEYRING", -3),
        ("fcntlcmds", "F_GETLK64", 12),
        ("uffd_api_flags", "1<<_UFFDIO_API", 1 << 63),
    ],
)
def test_known_values(table: str, label: str, value: int) -> None:
    assert loader.load(table).by_name[label] == value


def test_values_that_differ_by_abi() -> None:
    assert "PTRACE_ARCH_PRCTL" in loader.load("ptrace_cmds", "x86_64").by_name
    assert "PTRACE_ARCH_PRCTL" not in loader.load("ptrace_cmds", "i386").by_name
    assert loader.load("sa_handler_values", "i386").by_name["SIG_ERR"] == 2**32 - 1
    assert loader.load("sa_handler_values", "x32").by_name["SIG_ERR"] == 2**64 - 1


@pytest.mark.parametrize(
    ("table", "first", "then"),
    [("open_mode_flags", "O_SYNC", "O_DSYNC"), ("open_mode_flags", "O_TMPFILE", "O_DIRECTORY")],
)
def test_order(table: str, first: str, then: str) -> None:
    names = [label for label, _ in loader.load(table).entries]
    assert names.index(first) < names.index(then)
