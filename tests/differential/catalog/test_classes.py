"""The classes of calls (`%file`, `%desc` …), derived from our descriptions, are those strace acts by.

A program makes every call of an ABI while a seccomp filter lets none happen; strace prints those of one class.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from trapgate import catalog
from trapgate.cli.classes import read_classes

NAMES = "clock creds desc file fstat fstatfs ipc lstat memory network process pure signal stat statfs"
CLASSES = {**{name: name for name in NAMES.split(" ")}, "stat_like": "%stat", "statfs_like": "%statfs"}
"""Our word for a class, and what strace has after its `%`."""

PROGRAM = r"""
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
int main(void)
{
    /* exit_group(42) is the way out; all others fail and do nothing */
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 42, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 38),
    };
    struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
        return 1;
    for (int nr = 0; nr < 460; nr++)
        if (nr != 335 && nr != 336) /* uretprobe, uprobe of x86_64: SIGILL, whatever a filter says */
            syscall(nr, 0, 0, 0, 0, 0, 0);
    syscall(SYS_exit_group, 42);
}
"""


def strace_names(program: Path, *words: str) -> set[str]:
    """The names of the calls that strace prints, but for those that start the program and those it has no name for."""
    out = program.with_suffix(".log")
    done = subprocess.run(["strace", "-qq", "-o", out, *words, program], capture_output=True, check=False)
    assert done.returncode == 42, done.stderr
    names = {re.split(r"\W", line)[0] for line in out.read_text().splitlines() if "ENOSYS" in line}
    return {name for name in names if not name.startswith("syscall_0x")}


@pytest.fixture(scope="module", params=["x86_64", "i386"])
def every_call(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """An ABI, and the program that makes every call of it."""
    folder = tmp_path_factory.mktemp("classes")
    source, program = folder / "every_call.c", folder / "every_call"
    source.write_text(PROGRAM)
    words = ["cc", *(["-m32"] if request.param == "i386" else []), "-o", str(program), str(source)]
    if not shutil.which("strace") or subprocess.run(words, capture_output=True, check=False).returncode:
        pytest.skip(f"there is no strace, or no compiler for {request.param}")
    return request.param, program


def test_classes_are_those_strace_acts_by(every_call: tuple[str, Path]) -> None:
    abi, program = every_call
    classes = read_classes()
    shared = strace_names(program) & set(catalog.names(abi).values()) & classes.keys()
    assert len(shared) > 340
    differences = {}
    for ours, theirs in CLASSES.items():
        strace = strace_names(program, "-e", f"trace=%{theirs}") & shared
        described = {name for name in shared if ours in classes[name]}
        differences |= {f"%{theirs} {name}": name in strace for name in strace ^ described}
    assert differences == {}
