# SPDX-License-Identifier: BSD-2-Clause
"""Every structure a description follows lies in memory as the compiler lays it out, with -m64 and -m32, and as the
running kernel says.

A family says in HEADERS where C declares a structure; one that C declares nowhere a program can
include is mapped to "". For each header and ABI one C program prints sizes and offsets.
"""

from __future__ import annotations

import gc
import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import lru_cache
from importlib import import_module
from pathlib import Path

import pytest

from trapgate.calls import describe
from trapgate.calls.bpf import ARMS, CGROUP, FORMS
from trapgate.calls.memory import Struct
from trapgate.calls.structs_bpf import Form
from trapgate.calls.types import Type
from trapgate.catalog.readers._btf import Btf, Member
from trapgate.model.abi import I386, X86_64, Abi

OPTIONS = {"x86_64": "-m64", "i386": "-m32"}
ABIS = {"x86_64": X86_64, "i386": I386}

NEWER = frozenset(
    {"struct delegation", "struct ns_id_req", "struct statmount", "struct file_attr", "struct bpf_map_info"}
)
"""Structures that grew or came after the headers of `ziglang` were made: what these lack is left out."""


def families() -> list[str]:
    """The modules of trapgate.calls, those of its folders too."""
    folder = Path(describe.__file__).parent
    found = [path.relative_to(folder).with_suffix("") for path in folder.rglob("*.py") if path.stem != "__init__"]
    return sorted(".".join(path.parts) for path in found)


@lru_cache(None)
def headers() -> dict[str, str]:
    """Which header declares a structure, from all families."""
    found: dict[str, str] = {}
    for family in families():
        for name, header in getattr(import_module(f"trapgate.calls.{family}"), "HEADERS", {}).items():
            assert found.setdefault(name, header) == header, f"{name} is said to be in two headers"
    return found


def reach(value: object, seen: set[int]) -> Iterator[Struct]:
    """The structures that a type leads to."""
    if id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, Struct):
        yield value
    if isinstance(value, Type):
        value = [getattr(value, name, None) for name in vars(value)]
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for inner in value:
            yield from reach(inner, seen)


@lru_cache(None)
def structures() -> dict[str, tuple[Struct, ...]]:
    """The structures to check in each ABI; those that only code leads to are checked in both."""
    headers()
    used: dict[str, dict[int, Struct]] = {abi: {} for abi in OPTIONS}
    for (_, abi), described in describe.registered().items():
        if abi in used:
            seen: set[int] = set()
            for param in described.params:
                used[abi].update((id(s), s) for s in reach(param.type, seen))
            used[abi].update((id(s), s) for s in reach(described.returns, seen))
    known = used["x86_64"].keys() | used["i386"].keys()
    rest = {id(s): s for s in gc.get_objects() if isinstance(s, Struct) and id(s) not in known}
    return {abi: tuple((found | rest).values()) for abi, found in used.items()}


def include_folders() -> list[str]:
    """Where the kernel's headers are: $TRAPGATE_UAPI, or those that `ziglang` carries."""
    named = os.environ.get("TRAPGATE_UAPI")
    if named:
        return named.split(os.pathsep)
    found = importlib.util.find_spec("ziglang")
    if found is None or found.origin is None:
        pytest.skip("no UAPI headers: set TRAPGATE_UAPI, or install ziglang")
    folder = Path(found.origin).parent / "lib" / "libc" / "include"
    return [str(folder / "x86-linux-any"), str(folder / "any-linux-any")]


def c_members(struct: Struct) -> list[str]:
    """The members that C calls by the same name."""
    return [name for name in struct.members if not name.startswith("_")]


def measure(header: str, abi: str, asked: set[tuple[str, str]], folder: Path) -> dict[tuple[str, str], int]:
    """Offsets of (structure, member) and sizes of (structure, ""), as far as the header has them."""
    items = sorted(asked)
    kernel = [word for path in include_folders() for word in ("-isystem", path)]
    while True:
        program = folder / f"{header.replace('/', '_')}-{abi}"
        lines = [f"#include <{name}>" for name in ("stddef.h", "stdint.h", "linux/types.h", header)]
        lines += ["int printf(const char *, ...);", "int main(void) {"]
        first = len(lines) + 1
        for name, member in items:
            value = f"__builtin_offsetof({name}, {member})" if member else f"sizeof({name})"
            lines.append(f'printf("%lu\\n", (unsigned long) {value});')
        source = "\n".join([*lines, "}", ""])
        command = [os.environ.get("CC", "gcc"), OPTIONS[abi], "-D_GNU_SOURCE", "-w", *kernel, "-x", "c", "-", "-o"]
        ran = subprocess.run([*command, str(program)], input=source, capture_output=True, text=True, check=False)
        if ran.returncode == 0:
            break
        wrong = {int(n) - first for n in re.findall(r"<stdin>:(\d+):\d+: error", ran.stderr)}
        assert wrong and min(wrong) >= 0, f"{header} ({abi}) does not compile: {ran.stderr}"
        items = [item for i, item in enumerate(items) if i not in wrong]
    printed = subprocess.run([program], capture_output=True, text=True, check=True).stdout
    return dict(zip(items, map(int, printed.split()), strict=True))


def expected(struct: Struct, abi: Abi) -> dict[tuple[str, str], int]:
    """Our own offsets and size; padding behind the last member may be left out."""
    placed, size, align = struct.layout(abi)
    found = {(struct.c_name, name): placed[name][0] for name in c_members(struct)}
    return found | {(struct.c_name, ""): -(-size // align) * align}


def test_every_structure_says_where_c_declares_it() -> None:
    named = {s.c_name for found in structures().values() for s in found if s.c_name.startswith("struct ")}
    assert sorted(named - headers().keys()) == [], "not in HEADERS of any family"


@pytest.mark.skipif(sys.platform != "linux", reason="the headers are Linux's")
@pytest.mark.parametrize("abi", sorted(OPTIONS))
@pytest.mark.parametrize("header", sorted({h for h in headers().values() if h}))
def test_layout(header: str, abi: str, tmp_path: Path) -> None:
    checked = [s for s in structures()[abi] if headers().get(s.c_name) == header]
    ours = [expected(s, ABIS[abi]) for s in checked]
    measured = measure(header, abi, {key for found in ours for key in found}, tmp_path)
    for found in ours:
        unknown = {key[0] for key in found.keys() - measured.keys()}
        assert unknown <= NEWER, f"the header has no {sorted(found.keys() - measured.keys())}"
        compared = {key: value for key, value in found.items() if key in measured}
        assert compared == {key: measured[key] for key in compared}


def test_layouts_are_the_running_kernels() -> None:
    """Offsets of the members that BTF knows by our names; sizes where both have the same members."""
    try:
        btf = Btf.read("/sys/kernel/btf/vmlinux")
    except OSError as error:
        pytest.skip(f"the kernel does not describe its types: {error}")
    compared = 0
    for struct in structures()["x86_64"]:
        kernel = {member.name: member.offset for member in find_members(btf, struct.c_name)}
        ours = {name: offset for (_, name), offset in expected(struct, X86_64).items()}
        size = ours.pop("")
        shared = ours.keys() & kernel.keys()
        assert {name: ours[name] for name in shared} == {name: kernel[name] for name in shared}, struct.c_name
        if kernel and shared == ours.keys() == kernel.keys():
            assert size == btf.size(struct.c_name.removeprefix("struct ")), struct.c_name
            compared += 1
    assert compared > 100


def find_members(btf: Btf, c_name: str) -> tuple[Member, ...]:
    """The members of the kernel's structure of that name, none if it has no such."""
    try:
        return btf.struct(c_name.removeprefix("struct ")) if c_name.startswith("struct ") else ()
    except KeyError:
        return ()


# --- bpf(2): forms within a union ---------------------------------------------------------------


def form_places(form: Form, within: str) -> dict[str, int]:
    """Offsets of a form's members by their names in C."""
    offsets = {name: offset for name, (offset, _) in form.struct.layout(X86_64)[0].items() if not name.startswith("_")}
    before = "".join([f"{name}." for name in (within, form.within) if name])
    return {before + ("flags" if name == "own_flags" else name): offset for name, offset in offsets.items()}


def expected_forms() -> dict[str, int]:
    """All members of all forms."""
    found: dict[str, int] = {}
    for name, form in FORMS.items():
        found |= form_places(form, "")
        if name == "BPF_LINK_CREATE":
            for arm in [*ARMS.values(), CGROUP]:
                found |= form_places(arm, "link_create")
    return found


def test_forms_lie_within_the_union(tmp_path: Path) -> None:
    ours = expected_forms()
    asked = {("union bpf_attr", member) for member in ours}
    measured = {member: at for (_, member), at in measure("linux/bpf.h", "x86_64", asked, tmp_path).items()}
    if len(measured) < len(ours) * 0.8:
        pytest.skip(f"the headers are too old: they have {len(measured)} of {len(ours)} members")
    assert {name: ours[name] for name in measured} == measured
