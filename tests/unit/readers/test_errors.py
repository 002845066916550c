"""Each fault of an input is one error with the place and, where there is one, what mends it."""

import os
from pathlib import Path

import pytest

from trapgate.catalog import readers
from trapgate.catalog.readers import ReadError, Source, open_source, read_path, read_table
from trapgate.model.errors import TrapgateError, UsageError

FAULTS = [
    ("linux-tbl", b"0 common read sys_read\n\nx common write\n", 3, "'x' is no call number"),
    ("linux-tbl", b"0 common\n", 1, "2 words where 3 to 6"),
    ("linux-tbl", b"0 common re\x1b[2Jad\n", 1, "is no name"),
    ("linux-unistd", b"#define __NR_a 1\n#define __NR_b (__NR_base + 1)\n", 2, "__NR_b needs __NR_base"),
    ("linux-unistd", b"#define __NR_a __NR_b\n#define __NR_b __NR_a\n", 1, "defined by itself"),
    ("linux-unistd", b"#define __NR_a (1\n", 1, "open parenthesis"),
    ("linux-unistd", b"#define __NR_a 1\n#endif\n", 2, "#endif without #if"),
    ("linux-unistd", b"#if A\n" * 65, 65, "nest more than 64 deep"),
    ("linux-source", b"\nSYSCALL_DEFINE2(a, int, b\n", 2, "is not closed"),
    ("linux-source", b"SYSCALL_DEFINE1(, int, b)\n", 1, "names no call"),
    ("linux-symbols", b"00000000 T sys_a\nno\nno\nno\n", 3, "'no' is no symbol"),
    ("linux-tracefs", b"name: sched_switch\n", 1, "does not begin with the name"),
    ("bsd-master", b"1 AUE_NULL STD { int f(void);\n", 1, "brace is not closed"),
    ("bsd-master", b"1 AUE_NULL STD { nonsense }\n", 1, "is no prototype"),
    ("bsd-master", b"1-99999999 AUE_NULL STD foo\n", 1, "is no entry"),
    ("bsd-master", b"1 nonsense\n", 1, "does not begin with a kind of entry"),
    ("mach-traps", b"mach_trap_table[] = {\nMACH_TRAP(a b)\n", 2, "is no function"),
    ("xen-header", b"#define __HYPERVISOR_a __HYPERVISOR_b\n", 1, "a needs __HYPERVISOR_b"),
    ("windows-prototypes", b"\n\nNtClose(_In_ HANDLE h\n", 3, "prototype of NtClose is not closed"),
]


@pytest.mark.parametrize(("kind", "data", "line", "why"), FAULTS)
def test_a_fault_has_its_line(kind: str, data: bytes, line: int, why: str) -> None:
    with pytest.raises(ReadError) as raised:
        read_table(Source("input", data), kind=kind)
    assert raised.value.location.line == line
    assert why in raised.value.why
    assert str(raised.value).startswith(f"cannot read input:{line}: ")


@pytest.mark.parametrize(
    ("kind", "data", "offset", "why"),
    [
        ("windows-pe", b"MZ", 0x3C, "ends before the 4 bytes"),
        ("windows-pe", b"ELF", 0, "does not begin with MZ"),
        ("windows-pe", b"MZ".ljust(0x3C, b"\0") + b"\x40\0\0\0NE\0\0", 0x40, "no PE signature"),
        ("windows-pe", b"MZ".ljust(0x3C, b"\0") + b"\x40\0\0\0PE\0\0\x00\x02" + b"\0" * 40, 0x44, "machine 0x0200"),
        ("linux-btf", b"\x9f\xeb\x01\0", 4, "ends before the 20 bytes"),
        ("linux-btf", b"\0\0\0\0", 0, "magic number"),
    ],
)
def test_a_fault_of_a_binary_file_has_its_offset(kind: str, data: bytes, offset: int, why: str) -> None:
    with pytest.raises(ReadError) as raised:
        read_table(Source("input", data), kind=kind)
    assert raised.value.location.offset == offset
    assert why in raised.value.why
    assert f"input+{offset:#x}" in str(raised.value)


def test_a_missing_macro_names_the_option() -> None:
    source = Source("input.h", b"#define __NR_exit (__NR_odd_base + 1)\n")
    with pytest.raises(ReadError, match="__NR_odd_base") as raised:
        read_table(source, kind="linux-unistd")
    assert "--define __NR_odd_base=VALUE" in raised.value.hint
    given = Source("input.h", source.data, abi="i386", defines={"__NR_odd_base": 7000})
    assert read_table(given, kind="linux-unistd").rows[0].number == 7001


def test_control_characters_never_reach_the_table() -> None:
    text = b"#if A\x1b[2J\n#define __NR_a 1\n#endif\n"
    with pytest.raises(ReadError, match="control character"):
        read_table(Source("input.h", text), kind="linux-unistd")


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="no such file"):
        read_path(str(tmp_path / "none"))


def test_a_fifo_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "fifo"
    os.mkfifo(path)
    with pytest.raises(ReadError, match="neither a regular file nor a folder"):
        open_source(str(path))


def test_a_device_is_refused() -> None:
    with pytest.raises(ReadError, match="neither a regular file nor a folder"):
        open_source("/dev/zero")


def test_a_file_beyond_the_limit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "MAX_BYTES", 1 << 20)
    path = tmp_path / "large"
    with open(path, "wb") as file:
        file.truncate((1 << 20) + 1)
    with pytest.raises(ReadError, match="larger than 1 MiB"):
        open_source(str(path))


@pytest.mark.parametrize(("name", "limit", "data"), [("MAX_LINE", 100, b"x" * 101), ("MAX_LINES", 10, b"\n" * 11)])
def test_lines_have_limits(monkeypatch: pytest.MonkeyPatch, name: str, limit: int, data: bytes) -> None:
    monkeypatch.setattr(readers, name, limit)
    with pytest.raises(ReadError, match="line"):
        read_table(Source("input", data), kind="linux-tbl")


def test_an_unknown_kind_lists_the_kinds() -> None:
    with pytest.raises(UsageError) as raised:
        read_table(Source("input", b""), kind="linux")
    assert "linux-tbl" in raised.value.hint


def test_a_file_of_no_known_kind_lists_the_kinds() -> None:
    with pytest.raises(ReadError, match="its kind is not known") as raised:
        read_table(Source("input", b"Dear reader,\n"))
    assert "bsd-master" in raised.value.hint


def test_a_folder_of_no_known_kind(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="its kind is not known"):
        read_path(str(tmp_path))


def test_an_unmounted_tracefs_says_how_to_mount_it(tmp_path: Path) -> None:
    (tmp_path / "tracing").mkdir()
    with pytest.raises(ReadError) as raised:
        read_path(str(tmp_path / "tracing"))
    assert f"mount -t tracefs tracefs {tmp_path}/tracing" in raised.value.hint


def test_a_table_of_another_abi_is_refused() -> None:
    source = Source("arch/x86/entry/syscalls/syscall_64.tbl", b"0 common read sys_read\n")
    with pytest.raises(TrapgateError) as raised:
        read_table(source, abi="alpha")
    assert "x86_64" in raised.value.hint


def test_links_out_of_a_tree_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "kernel").mkdir()
    (tmp_path / "arch").mkdir()
    (tmp_path / "kernel" / "loop").symlink_to(tmp_path)
    (tmp_path / "kernel" / "a.c").write_text("SYSCALL_DEFINE0(getpid)\n")
    (tmp_path / "kernel" / "b.c").symlink_to(tmp_path / "kernel" / "a.c")
    assert [row.name for row in read_path(str(tmp_path)).rows] == ["getpid"]
