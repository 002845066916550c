# SPDX-License-Identifier: BSD-2-Clause
"""``struct perf_event_attr``, of which the program says the size; shared by perf_event_open and an ioctl.

Declares no calls. Source: perf_event_open(2), include/uapi/linux/perf_event.h.
"""

from __future__ import annotations

from collections.abc import Callable

from trapgate.calls.call import Call
from trapgate.calls.memory import Struct, View
from trapgate.calls.structs_time import ClockId
from trapgate.calls.types import U16, U32, U64, X32, X64, Enum, Flags, format_int
from trapgate.model import values
from trapgate.model.values import MORE, AnyValue, Change, Joined, Number, Punct, Symbol, remark

HARDWARE, SOFTWARE, TRACEPOINT, CACHE, BREAKPOINT = 0, 1, 2, 3, 5
STACK_USER, BRANCH_STACK = 1 << 13, 1 << 11
SIZE_OFFSET, FIRST_SIZE = 4, 64
E2BIG = 7

AttrSize = Enum("perf_attr_size", unknown="PERF_ATTR_SIZE_???")

Attr = Struct(
    "struct perf_event_attr",
    type=Enum("perf_type_id", unknown="PERF_TYPE_???"),
    size=AttrSize,
    config=X64,
    sample_period=U64,
    sample_type=Flags("perf_event_sample_format", unknown="PERF_SAMPLE_???", size=8),
    read_format=Flags("perf_event_read_format", unknown="PERF_FORMAT_???", size=8),
    _bits=X64,
    wakeup_events=U32,
    bp_type=Enum("hw_breakpoint_type", unknown="HW_BREAKPOINT_???"),
    config1=X64,
    config2=X64,
    branch_sample_type=Flags("perf_branch_sample_type", unknown="PERF_SAMPLE_BRANCH_???", size=8),
    sample_regs_user=X64,
    sample_stack_user=X32,
    clockid=ClockId,
    sample_regs_intr=X64,
    aux_watermark=U32,
    sample_max_stack=U16,
    _reserved_2=U16,
    aux_sample_size=U32,
    _aux_action=U32,
    sig_data=X64,
    config3=X64,
    config4=X64,
)
HEADERS = {"struct perf_event_attr": "linux/perf_event.h"}

BITS = (
    *("disabled", "inherit", "pinned", "exclusive", "exclude_user", "exclude_kernel", "exclude_hv"),
    *("exclude_idle", "mmap", "comm", "freq", "inherit_stat", "enable_on_exec", "task", "watermark"),
    *("precise_ip", "-", "mmap_data", "sample_id_all", "exclude_host", "exclude_guest"),
    *("exclude_callchain_kernel", "exclude_callchain_user", "mmap2", "comm_exec", "use_clockid"),
    *("context_switch", "write_backward", "namespaces", "ksymbol", "bpf_event", "aux_output", "cgroup"),
    *("text_poke", "build_id", "inherit_thread", "remove_on_exec", "sigtrap"),
)
"""The members of one bit behind ``read_format``, from the lowest on; ``precise_ip`` has two."""
AUX_BITS = ("aux_start_paused", "aux_pause", "aux_resume")
SKID = ("arbitrary skid", "constant skid", "requested to have 0 skid", "must have 0 skid")

BadBreakpoint = Enum("hw_breakpoint_type", unknown="HW_BREAKPOINT_INVALID")
CacheResult = Enum("perf_hw_cache_op_result_id", unknown="PERF_COUNT_HW_CACHE_RESULT_???")
CacheOp = Enum("perf_hw_cache_op_id", unknown="PERF_COUNT_HW_CACHE_OP_???")
CacheId = Enum("perf_hw_cache_id", unknown="PERF_COUNT_HW_CACHE_???")
Hardware = Enum("perf_hw_id", unknown="PERF_COUNT_HW_???")
Software = Enum("perf_sw_ids", unknown="PERF_COUNT_SW_???", size=8)

Field = tuple[str | None, AnyValue]


def fetch_attr(c: Call, addr: int) -> bytes | None:
    """The structure's bytes as far as it says it goes, and as they are shown; None if they cannot be had."""
    size = c.fetch_int(addr + SIZE_OFFSET) if addr else None
    if size is None:
        return None
    size = min(size or FIRST_SIZE, Attr.size(c.abi))
    if size < FIRST_SIZE:
        return None
    return c.fetch(addr, Attr.member(c.abi, "wakeup_events")[0] if c.abbrev else size)


def show_attr(c: Call, addr: int, data: bytes) -> AnyValue:
    """The structure; ``data`` is what fetch_attr gave when the call was entered."""
    view = View(c, data.ljust(Attr.size(c.abi), b"\0"), 0, Attr)
    shown = [*view.fields("type"), ("size", _show_size(view, addr)), ("config", _show_config(view))]
    shown.append(("sample_freq" if _bit(view, "freq") else "sample_period", view.show("sample_period")))
    shown += [*view.fields("sample_type", "read_format"), *_show_bits(view)]
    if not c.abbrev:
        shown += _show_rest(view, len(data))
    if view.size > len(data) or (not view.size and len(data) < FIRST_SIZE):
        shown.append((None, MORE))
    return values.Struct(shown)


def _bit(view: View, name: str) -> int:
    return view._bits >> BITS.index(name) & 1


def _show_size(view: View, addr: int) -> AnyValue:
    """The size; the one that would be right behind it, when the kernel has written that."""
    c, size = view.call, view.show("size")
    if c.error != E2BIG:
        return size
    now = c.peek(addr + SIZE_OFFSET, 4)
    return Change(size, Punct("???") if now is None else AttrSize.load(c, now, 0))


def _shifted(value: int, by: int) -> list[str]:
    return [f"{hex(value)}<<{by}"] if value else []


def _show_config(view: View) -> AnyValue:
    c, kind, config = view.call, view.type, view.config
    if kind == SOFTWARE:
        return view.show("config", Software)
    if kind == TRACEPOINT:
        return view.show("config", U64)
    if kind == HARDWARE:
        event = Hardware.value(c, config & 0xFFFFFFFF)
        unit = _shifted(config >> 32, 32)
        return Symbol("|".join([*unit, event.text]), [config >> 32, event.data]) if unit else event
    if kind == CACHE:
        parts = [*_shifted(config >> 32, 32), *_shifted(config >> 24 & 0xFF, 24)]
        parts.append(f"{CacheResult.value(c, config >> 16 & 0xFF).text}<<16")
        parts.append(f"{CacheOp.value(c, config >> 8 & 0xFF).text}<<8")
        return Symbol("|".join([*parts, CacheId.value(c, config & 0xFF).text]), config)
    return view.show("config")


def _number(value: int, base: str = "d") -> Number:
    return Number(format_int(value, base), value)


def _show_bits(view: View) -> list[Field]:
    bits, shown = view._bits, list[Field]()
    for i, name in enumerate(BITS):
        if name == "precise_ip":
            skid = bits >> i & 3
            shown.append((name, Joined(_number(skid), remark(SKID[skid]))))
        elif name != "-" and (bits >> i & 1 or not view.call.abbrev):
            shown.append((name, _number(bits >> i & 1)))
    rest = bits >> len(BITS)
    if rest:
        shown.append(("__reserved_1", Joined(_number(rest, "x"), remark(f"Bits 63..{len(BITS)}"))))
    return shown


def _show_rest(view: View, size: int) -> list[Field]:
    """What follows the bits, up to ``size`` bytes; some members only if others ask for them."""
    c, point = view.call, view.type == BREAKPOINT
    shown: list[Field] = [
        ("wakeup_watermark" if _bit(view, "watermark") else "wakeup_events", view.show("wakeup_events"))
    ]
    if point:
        shown.append(("bp_type", view.show("bp_type", BadBreakpoint if view.bp_type <= 7 else None)))
    shown.append(("bp_addr" if point else "config1", view.show("config1")))
    for name, (offset, _) in Attr.layout(c.abi)[0].items():
        if name in SHOWN_BEFORE:
            continue
        if offset >= size and (name != "clockid" or _bit(view, "use_clockid")):
            break
        shown += _show_member(view, name, point)
    return shown


SHOWN_BEFORE = {
    *("type", "size", "config", "sample_period", "sample_type", "read_format", "_bits"),
    *("wakeup_events", "bp_type", "config1", "_reserved_2"),
}


def _show_member(view: View, name: str, point: bool) -> list[Field]:
    if name == "config2":
        return [("bp_len", view.show(name, U64))] if point else view.fields(name)
    if name == "sample_max_stack":
        shown, rest = view.show(name), view._reserved_2
        return [(name, Joined(shown, remark(f"bytes 110..111: {hex(rest)}")) if rest else shown)]
    if name == "_aux_action":
        return _show_aux(view._aux_action)
    needed = _NEEDED.get(name)
    return view.fields(name) if needed is None or needed(view) else []


_NEEDED: dict[str, Callable[[View], int]] = {
    "branch_sample_type": lambda view: view.sample_type & BRANCH_STACK,
    "sample_stack_user": lambda view: view.sample_type & STACK_USER,
    "clockid": lambda view: _bit(view, "use_clockid"),
}
"""Members that mean something only if others say so."""


def _show_aux(action: int) -> list[Field]:
    shown: list[Field] = [(name, _number(action >> i & 1)) for i, name in enumerate(AUX_BITS)]
    rest = action >> len(AUX_BITS)
    if rest:
        shown.append(("__reserved_3", Joined(_number(rest, "x"), remark("Bits 931..959"))))
    return shown
