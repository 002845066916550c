# SPDX-License-Identifier: BSD-2-Clause
"""Classic BPF programs: instructions of socket and seccomp filters, ``struct sock_fprog``.

``format_code`` serves eBPF too. Declares no calls. Source: include/uapi/linux/{filter,bpf_common,bpf}.h;
Documentation/networking/filter.rst.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

from trapgate.calls.call import Call
from trapgate.calls.memory import Array, In, Length, Member, Shown, Struct, View
from trapgate.calls.types import U16, Enum, Type, format_int, styled, with_remark
from trapgate.model.abi import Abi
from trapgate.model.values import MORE, AnyValue, List, Symbol

if TYPE_CHECKING:
    from trapgate.calls.plan import Planner

MOST_INSTRUCTIONS = 4096
LD, LDX, ST, STX, ALU, JMP, RET, MISC = range(8)
ABS = 0x20

Operand = Callable[[Call, int, int], "AnyValue | None"]
"""Shows ``k`` of an instruction (call, code, k) in a way of its own; None to print the number."""


@lru_cache(None)
def _enum(names: tuple[str, ...]) -> Enum:
    return Enum(*names, unknown="BPF_???")


def _part(style: str, abi: Abi, value: int, *names: str) -> str:
    return _enum(names).show(value, style, abi).text


def _leftover(value: int) -> list[str]:
    return [with_remark(format_int(value, "x"), "BPF_???", value).text] if value else []


@lru_cache(4096)
def format_code(code: int, style: str, abi: Abi, extended: bool = False) -> str:
    """``BPF_LD|BPF_W|BPF_ABS``; ``extended``: by the tables of eBPF."""
    group = code & 7
    parts = [_part(style, abi, group, "ebpf_class" if extended else "bpf_class")]
    source = [_part(style, abi, code & 8, "bpf_src")]
    rest = code & ~7
    if group in (LD, LDX) or (extended and group in (ST, STX)):
        sizes = ("bpf_size", "ebpf_size") if extended else ("bpf_size",)
        mode = "ebpf_mode" if extended else "bpf_mode"
        parts += [_part(style, abi, code & 0x18, *sizes), _part(style, abi, code & 0xE0, mode)]
    elif group in (ST, STX):
        parts += _leftover(rest)
    elif group == ALU or (extended and group == MISC):
        operations = ("bpf_op_alu", "ebpf_op_alu") if extended else ("bpf_op_alu",)
        parts += [*source, _part(style, abi, code & 0xF0, *operations)]
    elif group == MISC:
        parts += [_part(style, abi, code & 0xF8, "bpf_miscop"), *_leftover(rest & ~0xF8)]
    elif group == JMP:
        operations = ("bpf_op_jmp", "ebpf_op_jmp") if extended else ("bpf_op_jmp",)
        parts += [*source, _part(style, abi, code & 0xF0, *operations)]
    elif extended:
        parts += _leftover(rest)
    else:
        parts += [_part(style, abi, code & 0x18, "bpf_rval"), *_leftover(rest & ~0x18)]
    return "|".join(parts)


SKF_AD_OFF, SKF_NET_OFF, SKF_LL_OFF = 0xFFFFF000, 0xFFF00000, 0xFFE00000


def show_socket_operand(c: Call, code: int, k: int) -> AnyValue | None:
    """A load from the places behind the packet: ``SKF_AD_OFF+SKF_AD_PROTOCOL``."""
    if code & 7 != LD or code & 0xE0 != ABS:
        return None
    for start, name in ((SKF_AD_OFF, "SKF_AD_OFF"), (SKF_NET_OFF, "SKF_NET_OFF"), (SKF_LL_OFF, "SKF_LL_OFF")):
        if k >= start:
            base = styled(c.style, format_int(start, "x"), name, name)
            more = k - start
            shown = Enum("skf_ad", unknown="SKF_AD_???").value(c, more).text if start == SKF_AD_OFF else str(more)
            return Symbol(f"{base.text}+{shown}", k)
    return None


def show_instruction(c: Call, code: int, jt: int, jf: int, k: int, operand: Operand | None = None) -> AnyValue:
    """``BPF_STMT(code, k)``, or ``BPF_JUMP(code, k, jt, jf)`` when it jumps."""
    data = {"code": code, "jt": jt, "jf": jf, "k": k}
    text = format_code(code, c.style, c.abi)
    number = format_int(k, "x")
    if jt or jf:
        return Symbol(f"BPF_JUMP({text}, {number}, {format_int(jt, 'x')}, {format_int(jf, 'x')})", data)
    shown = operand(c, code, k) if operand is not None else None
    return Symbol(f"BPF_STMT({text}, {number if shown is None else shown.text})", data)


class Instruction(Type):
    """One ``struct sock_filter``."""

    def __init__(self, operand: Operand | None = None) -> None:
        self.operand = operand

    def size(self, abi: Abi) -> int:
        return 8

    def align(self, abi: Abi) -> int:
        return 4

    def load(self, c: Call, data: bytes, offset: int) -> AnyValue:
        code = int.from_bytes(data[offset : offset + 2], "little")
        k = int.from_bytes(data[offset + 4 : offset + 8], "little")
        return show_instruction(c, code, data[offset + 2], data[offset + 3], k, self.operand)


class Program(Array):
    """``count`` instructions: an address when abbreviated; at most 4096 are shown."""

    def __init__(self, count: Length, operand: Operand | None = None, instruction: Type | None = None) -> None:
        super().__init__(instruction or Instruction(operand), count)

    def elements(self, c: Call, addr: int, count: int) -> AnyValue:
        if c.abbrev:
            return c.address(addr)
        shown = super().elements(c, addr, min(count, MOST_INSTRUCTIONS))
        if count > MOST_INSTRUCTIONS and isinstance(shown, List) and len(shown.items) == MOST_INSTRUCTIONS:
            return List([*shown.items, MORE])
        return shown

    def plan(self, p: Planner) -> None:
        p.bytes(self.count, scale=8)


def filter_program(operand: Operand | None = None) -> Struct:
    """``struct sock_fprog``: ``{len=2, filter=[BPF_STMT(…), …]}``."""

    def show(view: View) -> Shown:
        c = view.call
        return [*view.fields("len"), ("filter", Program(view.len, operand).at(c, view.filter))]

    return Struct("struct sock_fprog", show=show, len=U16, filter=In(Program(Member("len"), operand)))


ACTION_FULL = 0xFFFF0000
Action = Enum("seccomp_ret_action", unknown="SECCOMP_RET_???")


def show_seccomp_operand(c: Call, code: int, k: int) -> AnyValue | None:
    """What a seccomp filter returns: ``SECCOMP_RET_ERRNO|0x1``."""
    if code & 7 != RET:
        return None
    action, data = Action.value(c, k & ACTION_FULL), k & ~ACTION_FULL
    return Symbol(f"{action.text}|{format_int(data, 'x')}", k) if data else action


SocketProgram = filter_program(show_socket_operand)
SeccompProgram = filter_program(show_seccomp_operand)
HEADERS = {"struct sock_fprog": "linux/filter.h"}
