"""The readers against this machine: its kernel, its headers, its compiler, Wine's files and Xen's header."""

import json
import os
import platform
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from trapgate.catalog import names
from trapgate.catalog.readers import Table, open_source, read_path, read_table
from trapgate.catalog.readers._linux import ABI_OF_MACHINE
from trapgate.catalog.readers.linux_unistd import preprocess
from trapgate.kernel.btf import VMLINUX, Btf

pytestmark = pytest.mark.live
Run = Callable[..., "subprocess.CompletedProcess[str]"]
NATIVE = ABI_OF_MACHINE.get(platform.machine(), "")
TRACING = Path("/sys/kernel/tracing")
WINE = Path("/usr/lib/x86_64-linux-gnu/wine/x86_64-windows")
XEN = Path("/usr/include/xen/xen.h")
HEADERS = Path("/usr/include/x86_64-linux-gnu/asm")


@pytest.fixture(scope="module")
def tracing() -> Iterator[Path]:
    """tracefs, mounted for these tests and unmounted after them if it was not."""
    if (TRACING / "events").exists():
        yield TRACING
        return
    if os.geteuid() != 0:
        pytest.skip("tracefs is for root")
    done = subprocess.run(["mount", "-t", "tracefs", "tracefs", TRACING], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"tracefs cannot be mounted: {done.stderr.strip()}")
    yield TRACING
    subprocess.run(["umount", TRACING], check=True)


@pytest.fixture(scope="module")
def symbols() -> Table:
    return read_path("/proc/kallsyms", abi=NATIVE)


def test_calls_that_work_here_are_compiled_in(symbols: Table) -> None:
    status = {row.name: row.status for row in symbols.rows}
    assert {status[name] for name in ("read", "openat", "execve", "exit_group", "newfstat")} == {"implemented"}


def test_a_call_left_out_answers_enosys(symbols: Table) -> None:
    """What the symbols say of each call is what the kernel answers to a call with arguments that cannot succeed."""
    import ctypes
    import errno

    libc = ctypes.CDLL(None, use_errno=True)
    numbers = {name: number for number, name in names(NATIVE).items()}
    harmless = (
        "uselib",
        "kexec_load",
        "finit_module",
        "map_shadow_stack",
        "openat",
        "bpf",
        "io_uring_setup",
        "landlock_create_ruleset",
    )
    status = {row.name: row.status for row in symbols.rows}
    checked = []
    for name in harmless:
        if name in status and name in numbers:
            bad = ctypes.c_long(-1)
            assert libc.syscall(ctypes.c_long(numbers[name]), bad, bad, bad, bad, bad) == -1
            assert (ctypes.get_errno() == errno.ENOSYS) == (status[name] == "absent"), name
            checked.append(status[name])
    assert "implemented" in checked


def test_an_ordinary_user_reads_the_same_names(symbols: Table) -> None:
    if os.geteuid() != 0:
        pytest.skip("this user is one")
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
            table = read_path("/proc/kallsyms", kind="linux-symbols", abi=NATIVE)
            hidden = any("kptr_restrict" in note for note in table.notes)
            os.write(write_end, json.dumps([len(table.rows), hidden]).encode())
        finally:
            os._exit(0)
    os.close(write_end)
    with os.fdopen(read_end, "rb") as file:
        count, hidden = json.loads(file.read())
    os.waitpid(child, 0)
    assert count == len(symbols.rows)
    with open("/proc/sys/kernel/kptr_restrict") as file:
        restrict = int(file.read())
    with open("/proc/sys/kernel/perf_event_paranoid") as file:
        paranoid = int(file.read())
    # kallsyms_show_value() of the kernel: without privilege 0 is enough only where perf may sample the kernel too.
    assert hidden == (restrict > 0 or paranoid > 1)


def test_tracefs_agrees_with_the_symbols(tracing: Path, symbols: Table) -> None:
    compiled = {row.name for row in symbols.rows if row.status == "implemented"}
    traced = read_path(str(tracing))
    assert len(traced.rows) > 250
    assert {row.name for row in traced.rows} <= compiled


def test_every_field_of_tracefs_is_an_argument(tracing: Path) -> None:
    for row in read_path(str(tracing)).rows:
        text = (tracing / "events" / "syscalls" / f"sys_enter_{row.name}" / "format").read_text()
        fields = re.findall(r"field:(.*?);", text.split("print fmt")[0])
        after = [
            " ".join(field.split()) for field in fields[[f.endswith("__syscall_nr") for f in fields].index(True) + 1 :]
        ]
        assert row.arguments is not None
        joined = [f"{argument.type} {argument.name}" for argument in row.arguments]
        assert [text.replace(" ", "") for text in joined] == [text.replace(" ", "") for text in after]


def test_btf_agrees_with_tracefs(tracing: Path) -> None:
    if not Path(VMLINUX).exists():
        pytest.skip("this kernel has no BTF")
    traced = {row.name: row.arguments for row in read_path(str(tracing)).rows}
    both = 0
    for row in read_path(VMLINUX, abi=NATIVE).rows:
        if row.arguments is not None and traced.get(row.name) is not None:
            mine = [argument.name for argument in row.arguments]
            assert mine == [argument.name for argument in traced[row.name] or ()], row.name
            both += 1
    assert both > 20


STRUCTURES = {
    "iovec": ("linux/uio.h", ("iov_base", "iov_len")),
    "statx": ("linux/stat.h", ("stx_mask", "stx_ino", "stx_atime", "stx_dev_major", "stx_mnt_id")),
    "open_how": ("linux/openat2.h", ("flags", "mode", "resolve")),
    "epoll_event": ("linux/eventpoll.h", ("events", "data")),
    "sockaddr_in6": ("linux/in6.h", ("sin6_family", "sin6_addr", "sin6_scope_id")),
    "io_uring_params": ("linux/io_uring.h", ("sq_entries", "features", "sq_off", "cq_off")),
    "rusage": ("linux/resource.h", ("ru_utime", "ru_maxrss", "ru_nivcsw")),
}


def test_btf_lays_structures_out_as_the_compiler_does(tmp_path: Path) -> None:
    compiler = shutil.which("cc")
    if not compiler or not Path(VMLINUX).exists():
        pytest.skip("this needs a C compiler and the kernel's BTF")
    lines = ["#include <stddef.h>", "#include <stdio.h>", "#include <linux/time_types.h>"]
    lines += [f"#include <{header}>" for header, _ in STRUCTURES.values()]
    lines.append("int main(void) {")
    for name, (_, members) in STRUCTURES.items():
        lines.append(f'printf("{name} size %zu\\n", sizeof(struct {name}));')
        lines += [f'printf("{name} {member} %zu\\n", offsetof(struct {name}, {member}));' for member in members]
    source = tmp_path / "layout.c"
    source.write_text("\n".join([*lines, "return 0; }"]))
    subprocess.run([compiler, "-o", tmp_path / "layout", source], check=True)
    said = subprocess.run([tmp_path / "layout"], capture_output=True, text=True, check=True).stdout
    btf = Btf.read(VMLINUX)
    for line in said.splitlines():
        name, what, value = line.split()
        if what == "size":
            # A newer kernel may have a longer structure than the headers.
            assert btf.size(name) >= int(value), name
        else:
            assert {member.name: member.offset for member in btf.struct(name)}[what] == int(value), line


@pytest.mark.parametrize("name", ["unistd_64.h", "unistd_32.h", "unistd_x32.h"])
def test_a_header_says_what_the_preprocessor_makes_of_it(name: str) -> None:
    path = HEADERS / name
    if not path.exists() or not shutil.which("cc"):
        pytest.skip(f"this needs {path} and a C compiler")
    plain = read_path(str(path))
    # The file alone does not define this bit; asm/unistd.h does.
    source = preprocess(open_source(str(path)))
    preprocessed = read_table(source, kind="linux-unistd")
    assert {(row.number, row.name) for row in plain.rows} == {(row.number, row.name) for row in preprocessed.rows}
    text = "".join(f"__NR_{row.name}\n" for row in plain.rows)
    command = ["cc", "-E", "-P", "-D__X32_SYSCALL_BIT=0x40000000", "-include", str(path), "-x", "c", "-"]
    said = subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout.split("\n")
    values = [eval(line) for line in said if line]
    assert values == [row.number for row in plain.rows]


@pytest.mark.parametrize("name", ["unistd_64.h", "unistd_32.h", "unistd_x32.h"])
def test_installed_headers_agree_with_the_catalogue(name: str) -> None:
    path = HEADERS / name
    if not path.exists():
        pytest.skip(f"this needs {path}")
    table = read_path(str(path))
    packaged = names(table.rows[0].abi)
    assert [row.name for row in table.rows if packaged.get(row.number or 0) != row.name] == []


@pytest.mark.parametrize(("name", "count", "first"), [("ntdll", 228, 0), ("win32u", 276, 0x1000)])
def test_wines_stubs(name: str, count: int, first: int) -> None:
    path = WINE / f"{name}.dll"
    if not path.exists():
        pytest.skip(f"this needs {path} of Debian's libwine")
    table = read_path(str(path))
    assert len(table.rows) == count
    numbers = [row.number for row in table.rows]
    assert numbers == list(range(first, first + count))
    # Wine numbers its calls in the order of their names, and objdump sees the same instruction.
    assert [row.name for row in table.rows] == sorted(row.name for row in table.rows)
    assert any("Wine" in note for note in table.notes)
    data = path.read_bytes()
    for row in table.rows:
        assert row.location.offset is not None
        stub = data[row.location.offset : row.location.offset + 8]
        assert stub == b"\x4c\x8b\xd1\xb8" + (row.number or 0).to_bytes(4, "little")


def test_xens_header() -> None:
    if not XEN.exists():
        pytest.skip(f"this needs {XEN} of libxen-dev")
    rows = [row for row in read_path(str(XEN)).rows if not row.condition]
    # 0 to 42 without 11, and the eight of the architectures.
    assert sorted(row.number or 0 for row in rows) == [*range(11), *range(12, 43), *range(48, 56)]


def test_running_tells_what_is_compiled_in(run_trapgate: Run, symbols: Table) -> None:
    done = run_trapgate("catalog", "running", "--json")
    assert done.returncode == 0, done.stderr
    calls = {call["name"]: call for call in json.loads(done.stdout)}
    assert calls["read"]["status"] == "implemented"
    absent = {row.name for row in symbols.rows if row.status == "absent"}
    said = {call["entry"].split("sys_", 1)[1] for call in calls.values() if call["status"] == "absent"}
    assert said <= absent
    assert f"Linux {platform.release()}, {NATIVE}" in done.stderr
