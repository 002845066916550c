# SPDX-License-Identifier: BSD-2-Clause
"""bpf: all commands, each with its form of ``union bpf_attr``.

Source: bpf(2), include/uapi/linux/bpf.h, kernel/bpf/syscall.c.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from trapgate.calls.call import Call
from trapgate.calls.describe import EXIT, Yield, decoder
from trapgate.calls.memory import Array, Bytes, InOut, String_, Struct
from trapgate.calls.quote import Hex
from trapgate.calls.structs_bpf import (
    A64,
    AX64,
    PAGE,
    Address,
    Field,
    Filled,
    Form,
    KernelVersion,
    Name,
    NumaNode,
    Special,
    bytes_of,
    changed,
    cut_name,
    if_has,
    if_set,
    path,
    show_extra,
    show_program,
    smaller,
    string,
    text_of,
)
from trapgate.calls.structs_bpf_info import INFO
from trapgate.calls.structs_net import Interface
from trapgate.calls.types import (
    U32,
    X32,
    X64,
    Aligned,
    DirFd,
    Enum,
    Fd,
    Flags,
    Int,
    KLong,
    Tgid,
    Type,
    UInt,
    truncate,
)
from trapgate.model import values
from trapgate.model.values import AnyValue, Change

REPLACE, BY_ID, BEFORE_OR_AFTER = 4, 0x20, 0x18
WITH_NODE = 4
TRACEPOINT_NAME_BYTES = 128
BY_INTERFACE = {37, 46, 47, 54, 55}
"""BPF_XDP, BPF_TCX_INGRESS and EGRESS, BPF_NETKIT_PRIMARY and PEER: attached to an interface, not a descriptor."""

Command = Enum("bpf_commands", unknown="BPF_???")
MapType = Enum("bpf_map_types", unknown="BPF_MAP_TYPE_???")
ProgramType = Enum("bpf_prog_types", unknown="BPF_PROG_TYPE_???")
AttachType = Enum("bpf_attach_type", unknown="BPF_???")
AttachFlags = Flags("bpf_attach_flags", unknown="BPF_F_???")
MapFlags = Flags("bpf_map_flags", unknown="BPF_F_???")
FileFlags = Flags("bpf_file_flags", unknown="BPF_F_???")
OpenFlags = Flags("bpf_file_mode_flags", unknown="BPF_F_???")
LookupFlags = Aligned(Flags("bpf_map_lookup_elem_flags", unknown="BPF_???", size=8))
UpdateFlags = Aligned(Flags("bpf_map_update_elem_flags", unknown="BPF_???", size=8))


def _target(filled: Filled, name: str) -> list[Field]:
    """What a program is attached to."""
    if filled.number("attach_type") in BY_INTERFACE:
        return [("target_ifindex", filled.show(name, Interface))]
    return [(name, filled.show(name))]


def _relative(filled: Filled, name: str) -> list[Field]:
    """The program beside which another is attached."""
    if filled.number("attach_flags") & BY_ID:
        return [("relative_id", filled.show(name, U32))]
    return [(name, filled.show(name))]


def _program(filled: Filled, name: str) -> list[Field]:
    return [(name, show_program(filled.call, filled.number(name), filled.number("insn_cnt")))]


def _with_cookie(filled: Filled, name: str) -> list[Field]:
    return [(name, filled.show(name))] if filled.length >= filled.offset(name) + 8 else []


def _counted(kind: Type) -> Special:
    """An array of as many elements as programs were found."""

    def show(filled: Filled, name: str) -> list[Field]:
        return [(name, Array(kind, 0).elements(filled.call, filled.number(name), filled.number("prog_cnt")))]

    return show


def _query_text(filled: Filled, name: str) -> list[Field]:
    return [(name, filled.call.string(filled.number(name), smaller(filled, "buf_len")))]


class BatchForm(Form):
    """The maps' batches, of which the kernel tells how far it came: ``{…} => {batch={count=1}}``."""

    def show(self, filled: Filled) -> AnyValue:
        if filled.before is None:
            return super().show(filled)
        first = super().show(filled.before)
        if filled.before.number("count") == filled.number("count"):
            return first
        count = values.Struct([("count", filled.show("count"))])
        return Change(first, values.Struct([(self.within, count)]))

    def is_late(self, filled: Filled) -> bool:
        return True


class InfoForm(Form):
    """What the kernel tells of a map or a program, in a structure of the size it is asked for."""

    def fill_in(self, c: Call, data: bytes, before: Filled | None = None) -> Filled:
        filled = super().fill_in(c, data, before)
        if before is not None or c.abbrev:
            return filled
        form = INFO.get(c.process.fd_link(filled.number("bpf_fd")))
        return filled if form is None else replace(filled, told=form.fill_in(c, _read_info(filled)))

    def is_late(self, filled: Filled) -> bool:
        return True

    def fields(self, filled: Filled) -> list[Field]:
        shown: list[Field] = [("bpf_fd", filled.show("bpf_fd")), *changed(filled, "info_len")]
        told = filled.before and filled.before.told
        data = _read_info(filled) if told else b""
        if not told or not data:
            return [*shown, ("info", filled.show("info"))]
        form = next(form for form in INFO.values() if form.struct is told.view.struct)
        return [*shown, ("info", form.show(form.fill_in(filled.call, data, told)))]


def _read_info(filled: Filled) -> bytes:
    """The structure the kernel fills, empty if it cannot be read."""
    size = filled.number("info_len")
    data = filled.call.memory.read(filled.number("info"), size) if 0 < size <= PAGE else b""
    return data if len(data) == size else b""


# --- links ----------------------------------------------------------------------------------


def _numbers(kind: Type) -> Special:
    """An array of as many elements as ``cnt`` says."""

    def show(filled: Filled, name: str) -> list[Field]:
        return [(name, Array(kind, 0).elements(filled.call, filled.number(name), filled.number("cnt")))]

    return show


def _arm(within: str, since: str = "", /, special: dict[str, Special] | None = None, **members: Type) -> Form:
    """One arm of the union at the end of the form, with what stands before it."""
    head: dict[str, Type] = {"_prog_fd": U32, "_target": U32, "_attach_type": U32, "_link_flags": U32}
    return Form(Struct("bpf_attr", **head, **members), since, within=within, **special or {})  # type: ignore[arg-type]


def _beside(filled: Filled, name: str) -> list[Field]:
    if filled.number("_link_flags") & BY_ID:
        return [("relative_id", filled.show(name, U32))]
    return [(name, filled.show(name))]


def _beside_others(within: str) -> Form:
    return _arm(within, special={"relative_fd": _beside}, relative_fd=Fd, expected_revision=AX64)


def _if_any(filled: Filled, name: str) -> list[Field]:
    return [(name, filled.show(name))] if filled.number(name) else []


def _iterators(filled: Filled, name: str) -> list[Field]:
    count = filled.number("iter_info_len")
    return [(name, Array(IteratorInfo, 0).elements(filled.call, filled.number(name), count))]


def _as_flags(filled: Filled, name: str) -> list[Field]:
    """The arm's own flags, whose name in C is that of the form's."""
    return [("flags", filled.show(name))]


IteratorInfo = Struct("bpf_iter_link_info", map=Struct("map", map_fd=Fd))
ADDRESSES = _numbers(X64)
TRACING = _arm("tracing", target_btf_id=U32, cookie=AX64)
TRACING_MULTI = _arm(
    "tracing_multi", special={"ids": _numbers(U32), "cookies": ADDRESSES}, ids=Address, cookies=Address, cnt=U32
)
TCX, NETKIT, CGROUP = _beside_others("tcx"), _beside_others("netkit"), _beside_others("cgroup")
OF_TYPE = _arm("", special={"target_btf_id": _if_any}, target_btf_id=U32)
ARMS = {
    "BPF_TRACE_ITER": _arm("", special={"iter_info": _iterators}, iter_info=Address, iter_info_len=U32),
    "BPF_PERF_EVENT": _arm("perf_event", bpf_cookie=AX64),
    "BPF_TRACE_FENTRY": TRACING,
    "BPF_TRACE_FEXIT": TRACING,
    "BPF_TRACE_FSESSION": TRACING,
    "BPF_MODIFY_RETURN": TRACING,
    "BPF_LSM_MAC": TRACING,
    "BPF_TRACE_FENTRY_MULTI": TRACING_MULTI,
    "BPF_TRACE_FEXIT_MULTI": TRACING_MULTI,
    "BPF_TRACE_FSESSION_MULTI": TRACING_MULTI,
    "BPF_NETFILTER": _arm(
        "netfilter",
        special={"own_flags": _as_flags},
        pf=U32,
        hooknum=U32,
        priority=Int,
        own_flags=Flags("bpf_link_create_netfilter_flags", unknown="BPF_F_NETFILTER_???"),
    ),
    "BPF_TCX_INGRESS": TCX,
    "BPF_TCX_EGRESS": TCX,
    "BPF_NETKIT_PRIMARY": NETKIT,
    "BPF_NETKIT_PEER": NETKIT,
    "BPF_TRACE_KPROBE_MULTI": _arm(
        "kprobe_multi",
        special={"own_flags": _as_flags, "syms": _numbers(String_), "addrs": ADDRESSES, "cookies": ADDRESSES},
        own_flags=Flags("bpf_link_create_kprobe_multi_flags", unknown="BPF_F_KPROBE_MULTI_???"),
        cnt=U32,
        syms=Address,
        addrs=Address,
        cookies=Address,
    ),
    "BPF_TRACE_UPROBE_MULTI": _arm(
        "uprobe_multi",
        "path_fd",
        special={
            "path": path,
            "offsets": ADDRESSES,
            "ref_ctr_offsets": ADDRESSES,
            "cookies": ADDRESSES,
            "own_flags": _as_flags,
        },
        path=Address,
        offsets=Address,
        ref_ctr_offsets=Address,
        cookies=Address,
        cnt=U32,
        own_flags=Flags("bpf_link_create_uprobe_multi_flags", unknown="BPF_F_UPROBE_MULTI_???"),
        pid=Tgid,
        path_fd=Fd,
    ),
}
"""What the union at the form's end is, by attach type."""


class LinkForm(Form):
    """BPF_LINK_CREATE's form: the type of the attachment decides what stands at its end."""

    def show(self, filled: Filled) -> AnyValue:
        shown, known = self.fields(filled), self.known(filled)
        arm = self._choose(filled) if filled.length > known else None
        if arm is not None:
            more = arm.fill_in(filled.call, filled.view.data[: filled.length])
            inner = arm.fields(more)
            shown += [(arm.within, values.Struct(inner))] if arm.within else inner
            known = arm.known(more)
        return values.Struct([(self.within, values.Struct(shown)), *show_extra(filled, known)])

    @staticmethod
    def _choose(filled: Filled) -> Form | None:
        name = AttachType.lookup(filled.number("attach_type"), filled.call.abi) or ""
        if name.startswith("BPF_CGROUP_"):
            return CGROUP if filled.number("flags") & BEFORE_OR_AFTER else OF_TYPE
        return ARMS.get(name)


# --- the commands ---------------------------------------------------------------------------


def _attr(**members: Type) -> Struct:
    """The members of ``union bpf_attr`` that one command uses."""
    return Struct("bpf_attr", **members)  # type: ignore[arg-type]


ELEMENT = Form(_attr(map_fd=Fd, key=Address, value=Address, flags=LookupFlags), "flags")
NEXT_ID = Form(_attr(start_id=U32, next_id=U32), late="next_id")
PIN = Form(_attr(pathname=Address, bpf_fd=Fd, file_flags=FileFlags, path_fd=DirFd), "file_flags path_fd", pathname=path)
ATTACH = Form(
    _attr(
        target_fd=Fd,
        attach_bpf_fd=Fd,
        attach_type=AttachType,
        attach_flags=AttachFlags,
        replace_bpf_fd=Fd,
        relative_fd=Fd,
        expected_revision=A64,
    ),
    "replace_bpf_fd relative_fd",
    target_fd=_target,
    relative_fd=_relative,
)
LOOKUP_BATCH = BatchForm(
    _attr(
        in_batch=Address,
        out_batch=Address,
        keys=Address,
        values=Address,
        count=U32,
        map_fd=Fd,
        elem_flags=LookupFlags,
        flags=AX64,
    ),
    within="batch",
)

FORMS: dict[str, Form] = {
    "BPF_MAP_CREATE": Form(
        _attr(
            map_type=MapType,
            key_size=U32,
            value_size=U32,
            max_entries=U32,
            map_flags=MapFlags,
            inner_map_fd=Fd,
            numa_node=NumaNode(),
            map_name=Name,
            map_ifindex=Interface,
            btf_fd=Fd,
            btf_key_type_id=U32,
            btf_value_type_id=U32,
            btf_vmlinux_value_type_id=U32,
            map_extra=A64,
            value_type_btf_obj_fd=Fd,
            map_token_fd=Fd,
            excl_prog_hash=Address,
            excl_prog_hash_size=U32,
        ),
        "map_flags inner_map_fd numa_node map_name map_ifindex btf_fd btf_vmlinux_value_type_id map_extra "
        "value_type_btf_obj_fd map_token_fd excl_prog_hash",
        numa_node=if_set("map_flags", WITH_NODE),
        map_name=cut_name,
    ),
    "BPF_MAP_LOOKUP_ELEM": ELEMENT,
    "BPF_MAP_LOOKUP_AND_DELETE_ELEM": ELEMENT,
    "BPF_MAP_UPDATE_ELEM": Form(_attr(map_fd=Fd, key=Address, value=Address, flags=UpdateFlags)),
    "BPF_MAP_DELETE_ELEM": Form(_attr(map_fd=Fd, key=Address)),
    "BPF_MAP_GET_NEXT_KEY": Form(_attr(map_fd=Fd, key=Address, next_key=Address)),
    "BPF_MAP_FREEZE": Form(_attr(map_fd=Fd)),
    "BPF_PROG_LOAD": Form(
        _attr(
            prog_type=ProgramType,
            insn_cnt=U32,
            insns=Address,
            license=Address,
            log_level=U32,
            log_size=U32,
            log_buf=Address,
            kern_version=KernelVersion(),
            prog_flags=Flags("bpf_prog_flags", unknown="BPF_F_???"),
            prog_name=Name,
            prog_ifindex=Interface,
            expected_attach_type=AttachType,
            prog_btf_fd=Fd,
            func_info_rec_size=U32,
            func_info=Address,
            func_info_cnt=U32,
            line_info_rec_size=U32,
            line_info=Address,
            line_info_cnt=U32,
            attach_btf_id=U32,
            attach_prog_fd=Fd,
            core_relo_cnt=U32,
            fd_array=Address,
            core_relos=Address,
            core_relo_rec_size=U32,
            log_true_size=U32,
            prog_token_fd=Fd,
            fd_array_cnt=U32,
            signature=Address,
            signature_size=U32,
            keyring_id=Int,
        ),
        "log_level kern_version prog_flags prog_name prog_ifindex expected_attach_type prog_btf_fd attach_btf_id "
        "attach_prog_fd fd_array core_relos log_true_size prog_token_fd fd_array_cnt signature",
        late="log_true_size",
        insns=_program,
        license=string,
        log_buf=text_of("log_size"),
        prog_name=cut_name,
        core_relo_cnt=if_has("core_relos"),
        signature=bytes_of("signature_size", Hex.ALL),
    ),
    "BPF_OBJ_PIN": PIN,
    "BPF_OBJ_GET": PIN,
    "BPF_PROG_ATTACH": ATTACH,
    "BPF_PROG_DETACH": ATTACH,
    "BPF_PROG_TEST_RUN": Form(
        _attr(
            prog_fd=Fd,
            retval=U32,
            data_size_in=U32,
            data_size_out=U32,
            data_in=Address,
            data_out=Address,
            repeat=U32,
            duration=U32,
            ctx_size_in=U32,
            ctx_size_out=U32,
            ctx_in=Address,
            ctx_out=Address,
            flags=Flags("bpf_test_run_flags", unknown="BPF_F_TEST_???"),
            cpu=U32,
            batch_size=U32,
        ),
        "ctx_size_in flags batch_size",
        within="test",
    ),
    "BPF_PROG_GET_NEXT_ID": NEXT_ID,
    "BPF_MAP_GET_NEXT_ID": NEXT_ID,
    "BPF_BTF_GET_NEXT_ID": NEXT_ID,
    "BPF_LINK_GET_NEXT_ID": NEXT_ID,
    "BPF_PROG_GET_FD_BY_ID": Form(_attr(prog_id=U32)),
    "BPF_MAP_GET_FD_BY_ID": Form(_attr(map_id=U32, _next_id=U32, open_flags=OpenFlags), "open_flags"),
    "BPF_OBJ_GET_INFO_BY_FD": InfoForm(_attr(bpf_fd=Fd, info_len=U32, info=Address), within="info"),
    "BPF_PROG_QUERY": Form(
        _attr(
            target_fd=Fd,
            attach_type=AttachType,
            query_flags=Flags("bpf_query_flags", unknown="BPF_F_QUERY_???"),
            attach_flags=AttachFlags,
            prog_ids=Address,
            prog_cnt=U32,
            prog_attach_flags=Address,
            link_ids=Address,
            link_attach_flags=Address,
            revision=AX64,
        ),
        "prog_attach_flags link_ids",
        late="prog_ids",
        within="query",
        target_fd=_target,
        prog_ids=_counted(U32),
        prog_cnt=changed,
        prog_attach_flags=_counted(AttachFlags),
        link_ids=_counted(U32),
        link_attach_flags=_counted(AttachFlags),
    ),
    "BPF_RAW_TRACEPOINT_OPEN": Form(
        _attr(name=Address, prog_fd=Fd, cookie=AX64),
        within="raw_tracepoint",
        name=text_of(TRACEPOINT_NAME_BYTES),
        cookie=_with_cookie,
    ),
    "BPF_BTF_LOAD": Form(
        _attr(
            btf=Address,
            btf_log_buf=Address,
            btf_size=U32,
            btf_log_size=U32,
            btf_log_level=U32,
            btf_log_true_size=U32,
            btf_flags=FileFlags,
            btf_token_fd=Fd,
        ),
        "btf_log_true_size btf_flags",
        late="btf_log_true_size",
        btf=bytes_of("btf_size"),
    ),
    "BPF_BTF_GET_FD_BY_ID": Form(
        _attr(btf_id=U32, _next_id=U32, open_flags=OpenFlags, fd_by_id_token_fd=Fd), "open_flags"
    ),
    "BPF_TASK_FD_QUERY": Form(
        _attr(
            pid=Tgid,
            fd=Fd,
            flags=U32,
            buf_len=U32,
            buf=Address,
            prog_id=U32,
            fd_type=Enum("bpf_task_fd_type", unknown="BPF_FD_TYPE_???"),
            probe_offset=AX64,
            probe_addr=AX64,
        ),
        late="buf_len",
        within="task_fd_query",
        buf_len=changed,
        buf=_query_text,
    ),
    "BPF_MAP_LOOKUP_BATCH": LOOKUP_BATCH,
    "BPF_MAP_LOOKUP_AND_DELETE_BATCH": LOOKUP_BATCH,
    "BPF_MAP_UPDATE_BATCH": BatchForm(
        _attr(
            _in_batch=Address,
            _out_batch=Address,
            keys=Address,
            values=Address,
            count=U32,
            map_fd=Fd,
            elem_flags=UpdateFlags,
            flags=AX64,
        ),
        within="batch",
    ),
    "BPF_MAP_DELETE_BATCH": BatchForm(
        _attr(
            _in_batch=Address,
            _out_batch=Address,
            keys=Address,
            _values=Address,
            count=U32,
            map_fd=Fd,
            elem_flags=LookupFlags,
            flags=AX64,
        ),
        within="batch",
    ),
    "BPF_LINK_CREATE": LinkForm(
        _attr(prog_fd=Fd, target_fd=Fd, attach_type=AttachType, flags=AttachFlags),
        within="link_create",
        target_fd=_target,
    ),
    "BPF_LINK_UPDATE": Form(
        _attr(link_fd=Fd, new_prog_fd=Fd, flags=AttachFlags, old_prog_fd=Fd),
        within="link_update",
        old_prog_fd=if_set("flags", REPLACE),
    ),
    "BPF_LINK_GET_FD_BY_ID": Form(_attr(link_id=U32)),
    "BPF_ENABLE_STATS": Form(_attr(type=Enum("bpf_stats_type", unknown="BPF_STATS_???")), within="enable_stats"),
    "BPF_ITER_CREATE": Form(_attr(link_fd=Fd, flags=X32), within="iter_create"),
    "BPF_LINK_DETACH": Form(_attr(link_fd=Fd), within="link_detach"),
    "BPF_PROG_BIND_MAP": Form(_attr(prog_fd=Fd, map_fd=Fd, flags=X32), within="prog_bind_map"),
    "BPF_TOKEN_CREATE": Form(_attr(flags=X32, bpffs_fd=Fd), within="token_create"),
    "BPF_PROG_STREAM_READ_BY_FD": Form(
        _attr(stream_buf=Address, stream_buf_len=U32, stream_id=U32, prog_fd=Fd),
        late="stream_buf",
        within="prog_stream_read",
        stream_buf=bytes_of("stream_buf_len"),
    ),
    "BPF_PROG_ASSOC_STRUCT_OPS": Form(_attr(map_fd=Fd, prog_fd=Fd, flags=X32), within="prog_assoc_struct_ops"),
}

MAKES_DESCRIPTOR = {
    *("BPF_MAP_CREATE", "BPF_PROG_LOAD", "BPF_OBJ_PIN", "BPF_OBJ_GET", "BPF_PROG_GET_FD_BY_ID"),
    *("BPF_MAP_GET_FD_BY_ID", "BPF_BTF_LOAD", "BPF_BTF_GET_FD_BY_ID", "BPF_LINK_CREATE", "BPF_LINK_GET_FD_BY_ID"),
    *("BPF_ENABLE_STATS", "BPF_ITER_CREATE", "BPF_PROG_BIND_MAP", "BPF_TOKEN_CREATE"),
}


class CommandResult(Type):
    """A descriptor, from the commands that make one."""

    def decode(self, c: Call, word: int) -> AnyValue | None:
        makes = Command.lookup(c.u32(0), c.abi) in MAKES_DESCRIPTOR and 0 <= c.result < 1 << 31
        return (Fd if makes else KLong).decode(c, word)


@decoder("bpf", cmd=Command, attr=InOut(Bytes("size")), size=UInt, returns=CommandResult(), classes="desc")
def _bpf(c: Call) -> Iterator[Yield]:
    """By hand because the kernel writes single members of what it reads."""
    yield "cmd", Command.value(c, c.args[0])
    form = FORMS.get(Command.lookup(c.u32(0), c.abi) or "")
    addr, size = truncate(c.args[1], c.abi.word, False), c.u32(2)
    data = c.peek(addr, size) if form is not None and 0 < size <= PAGE else None
    if form is None or data is None:
        yield "attr", c.address(addr)
    else:
        filled = form.fill_in(c, data)
        if form.is_late(filled):
            filled = form.enter(filled)
            yield EXIT
            now = c.peek(addr, size)
            filled = form.fill_in(c, data if now is None else now, filled)
        yield "attr", form.show(filled)
    yield "size", UInt.value(c, c.args[2])
