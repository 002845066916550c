"""Declarations of the catalogue against those the running kernel shows in tracefs."""

import os
import re
import subprocess

import pytest

from trapgate import catalog

CHANGED = {
    "bpf": "a fifth argument came after 6.17",
    "semop": "nsops became unsigned int after 6.17",
    "getcpu": "the types of its pointers changed after 6.17",
}
"""Declared otherwise by newer kernels than the one that runs."""
TRACEFS = "/sys/kernel/tracing"
MOUNT = f"test -d {TRACEFS}/events || mount -t tracefs nodev {TRACEFS}"
READ = f"{{ {MOUNT}; }} && cd {TRACEFS}/events/syscalls && grep -H field: sys_enter_*/format"


def read_formats() -> dict[str, list[tuple[str, str]]]:
    """Type and name of the arguments of each call of the running kernel, by entry point without `sys_`."""
    if os.geteuid() != 0:
        pytest.skip("tracefs is for root")
    # In a mount namespace of its own, so that nothing stays mounted.
    done = subprocess.run(["unshare", "--mount", "sh", "-c", READ], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"tracefs cannot be read: {done.stderr.strip()}")
    found: dict[str, list[tuple[str, str]]] = {}
    for name, kind, argument in re.findall(
        r"^sys_enter_(\w+)/.*field:(.*?)\s*(\w+);\toffset", done.stdout, re.MULTILINE
    ):
        arguments = found.setdefault(name, [])
        if not argument.startswith(("common_", "__syscall_nr", "__")):
            arguments.append((plain(kind), argument))
    return found


def plain(kind: str) -> str:
    """A type without marks and with one way to put its spaces."""
    return re.sub(r"\s+", " ", re.sub(r"__user\b|\bconst\b", "", kind)).replace(" *", "*").strip()


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="the declarations of x86_64 are compared")
def test_declarations_equal_the_running_kernel() -> None:
    formats = read_formats()
    compared, different = 0, {}
    for entry in catalog.table("linux", "x86_64"):
        name = entry.symbol.removeprefix("sys_")
        signature = catalog.find_signature(entry.name, "linux", "x86_64")
        if name in formats and signature and name not in CHANGED:
            compared += 1
            ours = [(plain(argument.type), argument.name) for argument in signature.arguments]
            if ours != formats[name]:
                different[name] = (ours, formats[name])
    assert compared > 300
    assert different == {}
