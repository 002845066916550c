# SPDX-License-Identifier: BSD-2-Clause
"""What the kernel tells of a BPF map or program: ``struct bpf_map_info``, ``struct bpf_prog_info``.

Declares no calls. Source: include/uapi/linux/bpf.h, kernel/bpf/syscall.c.
"""

from __future__ import annotations

import time
from functools import lru_cache

from trapgate.calls.memory import Array, ByteArray, Struct
from trapgate.calls.quote import Hex
from trapgate.calls.structs_bpf import (
    A64,
    AX64,
    Address,
    Field,
    Filled,
    Form,
    Name,
    Special,
    bytes_of,
    changed,
    show_program,
    smaller,
)
from trapgate.calls.structs_file import DeviceNumber
from trapgate.calls.structs_net import Interface
from trapgate.calls.structs_time import with_time
from trapgate.calls.types import U32, Aligned, Enum, Flags, Uid
from trapgate.model.values import Number

Device = Aligned(DeviceNumber(8))


def _hex(filled: Filled, name: str) -> list[Field]:
    return [(name, filled.call.quoted(filled.view.bytes_of(name), hexadecimal=Hex.ALL))]


@lru_cache(None)
def read_boot_time_ns() -> int:
    """When this machine was started, by its clock of the time of day."""
    return time.time_ns() - time.clock_gettime_ns(time.CLOCK_BOOTTIME)


def _since_boot(filled: Filled, name: str) -> list[Field]:
    """Nanoseconds since the start of the machine, and about when that was."""
    value = filled.number(name)
    shown = filled.show(name)
    if filled.call.style != "raw":
        return [(name, with_time(shown, (read_boot_time_ns() + value) // 1_000_000_000))]
    return [(name, shown)]


def _device(filled: Filled, name: str) -> list[Field]:
    """The device of the network namespace, and a member of one bit before it."""
    bit = filled.number("_gpl_compatible") & 1
    return [("gpl_compatible", Number(str(bit), bit)), (name, filled.show(name))]


def _nothing(filled: Filled, name: str) -> list[Field]:
    """Shown with another."""
    return []


def _compiled(filled: Filled, name: str) -> list[Field]:
    code = bytes_of("jited_prog_len", Hex.ALL)(filled, "jited_prog_insns")
    return [*changed(filled, name), *code]


def _translated(filled: Filled, name: str) -> list[Field]:
    count = smaller(filled, name) // 8
    return [
        *changed(filled, name),
        ("xlated_prog_insns", show_program(filled.call, filled.number("xlated_prog_insns"), count)),
    ]


def _map_ids(filled: Filled, name: str) -> list[Field]:
    return [(name, Array(U32, 0).elements(filled.call, filled.number(name), smaller(filled, "nr_map_ids")))]


MapInfo = Form(
    Struct(
        "struct bpf_map_info",
        type=Enum("bpf_map_types", unknown="BPF_MAP_TYPE_???"),
        id=U32,
        key_size=U32,
        value_size=U32,
        max_entries=U32,
        map_flags=Flags("bpf_map_flags", unknown="BPF_F_???"),
        name=Name,
        ifindex=Interface,
        btf_vmlinux_value_type_id=U32,
        netns_dev=Device,
        netns_ino=A64,
        btf_id=U32,
        btf_key_type_id=U32,
        btf_value_type_id=U32,
        btf_vmlinux_id=U32,
        map_extra=AX64,
        hash=AX64,
        hash_size=U32,
    ),
    "name ifindex btf_id map_extra hash",
    late="type",
)
CHANGING: dict[str, Special] = dict.fromkeys(
    (
        *("nr_map_ids", "nr_jited_ksyms", "nr_jited_func_lens", "jited_ksyms", "jited_func_lens"),
        *("func_info_rec_size", "nr_func_info", "nr_line_info", "jited_line_info", "nr_jited_line_info"),
        *("line_info_rec_size", "jited_line_info_rec_size", "nr_prog_tags"),
    ),
    changed,
)
"""Members by which the program says how much room there is, and the kernel how much there would be to tell."""
ProgramInfo = Form(
    Struct(
        "struct bpf_prog_info",
        type=Enum("bpf_prog_types", unknown="BPF_PROG_TYPE_???"),
        id=U32,
        tag=ByteArray(8),
        jited_prog_len=U32,
        xlated_prog_len=U32,
        jited_prog_insns=Address,
        xlated_prog_insns=Address,
        load_time=A64,
        created_by_uid=Uid,
        nr_map_ids=U32,
        map_ids=Address,
        name=Name,
        ifindex=Interface,
        _gpl_compatible=U32,
        netns_dev=Device,
        netns_ino=A64,
        nr_jited_ksyms=U32,
        nr_jited_func_lens=U32,
        jited_ksyms=Address,
        jited_func_lens=Address,
        btf_id=U32,
        func_info_rec_size=U32,
        func_info=Address,
        nr_func_info=U32,
        nr_line_info=U32,
        line_info=Address,
        jited_line_info=Address,
        nr_jited_line_info=U32,
        line_info_rec_size=U32,
        jited_line_info_rec_size=U32,
        nr_prog_tags=U32,
        prog_tags=Address,
        run_time_ns=A64,
        run_cnt=A64,
        recursion_misses=A64,
        verified_insns=U32,
        attach_btf_obj_id=U32,
        attach_btf_id=U32,
    ),
    "load_time ifindex nr_jited_ksyms btf_id run_time_ns recursion_misses verified_insns attach_btf_obj_id",
    late="type",
    tag=_hex,
    jited_prog_len=_compiled,
    jited_prog_insns=_nothing,
    xlated_prog_len=_translated,
    xlated_prog_insns=_nothing,
    load_time=_since_boot,
    map_ids=_map_ids,
    netns_dev=_device,
    **CHANGING,  # type: ignore[arg-type]
)
INFO = {"anon_inode:bpf-map": MapInfo, "anon_inode:bpf-prog": ProgramInfo}
"""By what /proc says of the descriptor."""
HEADERS = {"struct bpf_map_info": "linux/bpf.h", "struct bpf_prog_info": "linux/bpf.h"}
