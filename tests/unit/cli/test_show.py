"""How `trapgate show` finds a call, and how it says that the call is made."""

import os
from pathlib import Path

import pytest

from trapgate import catalog
from trapgate.catalog.platforms import list_conventions


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("newstat --abi x86_64", "stat"),
        ("sys_newfstatat --abi x86_64", "newfstatat"),
        ("__NR_openat", "openat"),
        ("__x64_sys_openat", "openat"),
        ("compat_sys_ioctl", "ioctl"),
        ("0x2000004 --system macos", "write"),
        ("0x100001f --system macos", "mach_msg_trap"),
        ("-31 --system macos", "mach_msg_trap"),
    ],
)
def test_a_call_is_found_by_what_the_kernel_calls_it(run_trapgate, words: str, name: str) -> None:
    done = run_trapgate("show", *words.split())
    assert done.stdout.split()[0] == name
    assert ("is the kernel's name of" in done.stderr) == ("macos" not in words)


@pytest.mark.parametrize("words", ["-1 --system macos", "0x5000001 --system macos", "sys_nothing"])
def test_what_names_no_call_is_an_error(run_trapgate, words: str) -> None:
    done = run_trapgate("show", *words.split())
    assert done.returncode == 2 and done.stderr.startswith("trapgate: error: call: ")


@pytest.mark.parametrize(
    ("words", "way"),
    [
        ("getpid --system macos --abi arm64", "x16 = 20, then svc #0x80"),
        ("getpid --system macos --abi x86_64", "rax = 0x2000014, then syscall"),
        ("mach_msg_trap --system macos --abi mach", "x86_64: rax = 0x100001f, then syscall"),
        ("mach_msg_trap --system macos --abi mach", "arm64: x16 = -31, then svc #0x80"),
        ("NtClose --system windows --abi arm64", "svc #15"),
        ("openat --abi oabi", "swi 0x900142"),
        ("read --system netbsd --abi arm64", "svc #3"),
        ("read --system freebsd --abi riscv64", "t0 = 3, then ecall"),
        ("open --system illumos --abi 32-bit", "eax = 5, then int $0x91"),
        ("xen_version --abi hvm --system xen", "rax = 17, then vmcall / vmmcall"),
    ],
)
def test_the_way_to_make_a_call_is_that_of_the_machine(run_trapgate, words: str, way: str) -> None:
    assert any(
        line.split("   ")[-1].strip().startswith(way)
        for line in run_trapgate("show", *words.split()).stdout.splitlines()
    )


def test_a_machine_whose_way_is_not_known_has_none() -> None:
    abi = catalog.find_abi(None, "openbsd")
    assert {c.arch for c in list_conventions(abi)} == {"amd64", "arm64"}
    assert [c.arch for c in list_conventions(abi, "aarch64")] == ["arm64"]
    assert list_conventions(abi, "i386") == ()


def test_a_hypercall_is_not_shown_for_guests_that_have_it_not(run_trapgate) -> None:
    assert "vmcall" not in run_trapgate("show", "mmu_update").stdout
    assert "vmcall" in run_trapgate("show", "xen_version").stdout


def test_as_of_a_version_nothing_is_called_gone(run_trapgate) -> None:
    old = run_trapgate("show", "NtReadFile", "--version", "7601", "--system", "windows").stdout
    assert "gone" not in old.splitlines()[0] and " 3 " in old
    assert "2.6.16 to 2.6.19" in run_trapgate("show", "fstatat", "--version", "2.6.17").stdout
    none = run_trapgate("show", "NtReadFile", "--version", "19041", "--system", "windows", "--abi", "arm64")
    assert "windows/arm64 19041 has no NtReadFile" in none.stderr


def test_links_are_to_versions_that_there_are(run_trapgate) -> None:
    assert "/v7.3-rc7/source/fs/open.c" in run_trapgate("show", "fchroot").stdout
    later = run_trapgate("show", "mkdir", "--version", "99.9").stdout
    assert "/v99.9/" not in later and "/v7.3-rc7/A/ident/sys_mkdir" in later


@pytest.mark.parametrize(
    ("table", "words", "way"),
    [
        ("xnu/syscalls.master", "exit --system macos", "x86_64: rax = 0x2000001, then syscall"),
        ("syscall_sw.c", "mach_msg2_trap --system macos", "arm64: x16 = -"),
        ("xen.h", "sched_op_compat --system xen", "x86_64 HVM/PVH: rax = 6, then vmcall / vmmcall"),
        ("pe/ntdll-x86.dll", "NtTen --system windows", "eax = 26, then sysenter"),
        ("pe/ntdll-x64.dll", "NtClose --system windows", "eax = 15, then syscall"),
    ],
)
def test_a_table_of_ones_own_is_shown_with_its_way(
    run_trapgate, project: Path, tmp_path: Path, table: str, words: str, way: str
) -> None:
    home = {**os.environ, "XDG_DATA_HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}
    source = project / "tests" / "golden" / "readers" / "inputs" / table
    assert run_trapgate("catalog", "read", str(source), "--add", "--as", "mine", env=home).returncode == 0
    done = run_trapgate("show", *words.split(), "--abi", "mine", env=home)
    assert done.returncode == 0 and way in done.stdout and "mine" in done.stdout, done.stderr
