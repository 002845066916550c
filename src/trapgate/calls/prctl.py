# SPDX-License-Identifier: BSD-2-Clause
"""prctl and arch_prctl: everything a thread may ask of or set for itself.

Source: prctl(2), arch_prctl(2), the PR_* pages of section 2const; include/uapi/linux/prctl.h;
Documentation/arch/x86/xstate.rst for the permissions of extended state.
"""

from __future__ import annotations

from collections.abc import Callable

from trapgate.calls import tables
from trapgate.calls.call import Call
from trapgate.calls.memory import In, Indirect, Out, Str, String_
from trapgate.calls.structs_filter import SeccompProgram
from trapgate.calls.structs_signal import Signal
from trapgate.calls.types import (
    U32,
    X64,
    Addr,
    Either,
    Enum,
    ExplainedEnum,
    ExplainedFlags,
    Flags,
    HexKLong,
    KLong,
    KULong,
    Pointer,
    ProcessId,
    Scalar,
    Tgid,
    format_int,
    split_flags,
    styled,
    with_remark,
)
from trapgate.calls.variants import Case, Explained, NotedEnum, NotedFlags, case, variants
from trapgate.model.abi import Abi
from trapgate.model.values import AnyValue, Number, Symbol

NSIG_MOST = 128
TASK_COMM_LEN = 16


def _enum(table: str, unknown: str) -> Enum:
    return Enum(table, unknown=unknown, size="kernel")


def _flags(table: str, unknown: str) -> Flags:
    return Flags(table, unknown=unknown, size="kernel")


# --- arguments of their own kind ------------------------------------------------------------

KPointer = Pointer("kernel")
"""An address of the kernel's width."""


class DeathSignal(Scalar):
    """PR_SET_PDEATHSIG's argument: a signal, or a number that none can have."""

    def __init__(self) -> None:
        super().__init__("kernel", "u")

    def decode(self, c: Call, word: int) -> AnyValue | None:
        return super().decode(c, word) if self.number(c, word) > NSIG_MOST else Signal.decode(c, word)


class Name(Str):
    """A thread's name, at most ``limit`` bytes of it."""

    def at(self, c: Call, addr: int) -> AnyValue:
        return c.address(addr) if c.exiting and c.error else super().at(c, addr)


class Ptracer(Scalar):
    """PR_SET_PTRACER's argument: a process, or -1 for any."""

    def __init__(self) -> None:
        super().__init__(4, "d", True)

    def decode(self, c: Call, word: int) -> AnyValue | None:
        if self.number(c, word) != -1:
            return Tgid.decode(c, word)
        return styled(c.style, "-1", "PR_SET_PTRACER_ANY", "PR_SET_PTRACER_ANY")


class CorePid(Scalar):
    """PR_SCHED_CORE's process, of the kind that its fourth argument says."""

    KINDS = ("tid", "tgid", "pgid", "sid")

    def __init__(self) -> None:
        super().__init__(4, "d", True)
        self.of_kind = [ProcessId(kind) for kind in self.KINDS]

    def decode(self, c: Call, word: int) -> AnyValue | None:
        kind = c.u32(3)
        return self.of_kind[kind].decode(c, word) if kind < len(self.of_kind) else super().decode(c, word)


Composer = Callable[[int, Abi], "tuple[str, bool]"]
"""The text of a composed word and whether it says more than the number."""


class Composed(Scalar):
    """A word of several fields, as an argument."""

    def __init__(self, compose: Composer) -> None:
        super().__init__("kernel", "x")
        self.compose = compose

    def decode(self, c: Call, word: int) -> AnyValue | None:
        value = self.number(c, word)
        text, says_more = self.compose(value, c.abi)
        if c.style == "raw":
            return Number(format_int(value, "x"), value)
        if c.style == "verbose" and says_more:
            return with_remark(format_int(value, "x"), text, value)
        return Symbol(text, value)


class ComposedResult(Explained):
    """The same as a result: the number, the text behind it when it says more."""

    def __init__(self, compose: Composer, zero: bool) -> None:
        super().__init__()
        self.compose = compose
        self.zero = zero

    def note(self, value: int, style: str, abi: Abi) -> str | None:
        text, says_more = self.compose(value, abi)
        return text if says_more and style != "raw" and (value or self.zero) else None


def _named(table: str, value: int) -> str:
    return tables.load(table).by_value.get(value) or format_int(value, "x")


def _vector_length(table: str) -> Composer:
    """SVE's and SME's words: flags, and the length of vectors in the low half."""

    def compose(value: int, abi: Abi) -> tuple[str, bool]:
        flags, length = value & ~0xFFFF, value & 0xFFFF
        names, rest = split_flags(flags, [tables.load(table)]) if flags else ([], 0)
        parts = names + ([hex(rest)] if rest else [])
        return "|".join([*parts, format_int(length, "x")]), bool(flags)

    return compose


def _compose_tagged(value: int, abi: Abi) -> tuple[str, bool]:
    """Whether tagged addresses are taken, how memory tags are checked, which tags are made."""
    checks, tags, rest = value & 6, value >> 3 & 0xFFFF, value & ~0x7FFFF
    parts = [_named("pr_tagged_addr_enable", value & 1), _named("pr_tagged_addr_mte_tcf", checks)]
    parts += [f"{tags:#x}<<PR_MTE_TAG_SHIFT"] if tags else []
    return "|".join(parts + ([hex(rest)] if rest else [])), True


def _compose_vector_state(value: int, abi: Abi) -> tuple[str, bool]:
    """RISC-V: the vector state of this program, of the next one executed, and whether children inherit it."""
    now, following, inherit, rest = value & 3, value >> 2 & 3, value & 0x10, value & ~0x1F
    states = "pr_riscv_v_states"
    parts = [_named(states, now), f"{_named(states, following)}<<2", _named("pr_riscv_v_inherit", inherit)]
    return "|".join(parts + ([hex(rest)] if rest else [])), True


_sve, _sme = _vector_length("pr_sve_vl_flags"), _vector_length("pr_sme_vl_flags")

# --- prctl ----------------------------------------------------------------------------------

Cap = _enum("cap", "CAP_???")
OutUInt = Out(Indirect(U32))
NO_ARGUMENTS = case()
HEXADECIMAL = case(rest=1)


def _is_second(*values: int) -> Callable[[Call], bool]:
    """A condition: the second argument is one of ``values``."""

    def holds(c: Call) -> bool:
        return c.args[1] & (1 << 8 * c.abi.register) - 1 in values

    return holds


_spec_known = _is_second(0, 1, 2)
_one_cap = case(first=2, caps=Cap, rest=3)


class OutCookie(Out):
    """PR_SCHED_CORE_GET's cookie; every other operation has a plain word."""

    def is_out(self, c: Call) -> bool:
        return c.u32(1) == 0

    def decode(self, c: Call, word: int) -> AnyValue | None:
        return super().decode(c, word) if c.u32(1) == 0 else HexKLong.decode(c, word)


class SpeculationResult(NotedFlags):
    """How a misfeature is mitigated, for those whose states are known."""

    def decode(self, c: Call, word: int) -> AnyValue | None:
        return super().decode(c, word) if _spec_known(c) else KLong.decode(c, word)


CASES: dict[str, Case] = {
    "PR_GET_KEEPCAPS PR_GET_TIMING PR_GET_SECCOMP PR_GET_TIMERSLACK PR_TASK_PERF_EVENTS_DISABLE "
    "PR_TASK_PERF_EVENTS_ENABLE": NO_ARGUMENTS,
    "PR_GET_FPEMU": case(fpemu=OutUInt),
    "PR_GET_FPEXC": case(mode=OutUInt),
    "PR_GET_ENDIAN": case(endianness=OutUInt),
    "PR_GET_CHILD_SUBREAPER": case(isset=OutUInt),
    "PR_SET_KEEPCAPS": case(state=KULong),
    "PR_SET_FPEMU": case(fpemu=KULong),
    "PR_SET_FPEXC PR_SET_TIMING": case(mode=KULong),
    "PR_SET_ENDIAN": case(endianness=KULong),
    "PR_SET_CHILD_SUBREAPER": case(set=KULong),
    "PR_SET_NO_NEW_PRIVS": case(set=KULong, rest=2),
    "PR_SET_THP_DISABLE": case(flag=KULong, rest=2),
    "PR_SET_IO_FLUSHER": case(state=KULong, rest=2),
    "PR_GET_PDEATHSIG": case(sig=Out(Indirect(Signal))),
    "PR_SET_PDEATHSIG": case(sig=DeathSignal()),
    "PR_GET_DUMPABLE": case(returns=NotedEnum("pr_dumpable")),
    "PR_SET_DUMPABLE": case(dumpable=_enum("pr_dumpable", "SUID_DUMP_???")),
    "PR_GET_UNALIGN": case(flags=Out(Indirect(Flags("pr_unalign_flags", unknown="PR_UNALIGN_???")))),
    "PR_SET_UNALIGN": case(flags=Flags("pr_unalign_flags", unknown="PR_UNALIGN_???")),
    "PR_SET_NAME": case(name=In(Name(TASK_COMM_LEN - 1))),
    "PR_GET_NAME": case(name=Out(Name(TASK_COMM_LEN))),
    "PR_SET_SECCOMP": case(
        mode=_enum("seccomp_mode", "SECCOMP_MODE_???"),
        rest=2,
        second={1: NO_ARGUMENTS, 2: case(first=2, filter=In(SeccompProgram))},
    ),
    "PR_CAPBSET_READ PR_CAPBSET_DROP": case(cap=Cap),
    "PR_GET_TSC": case(flag=Out(Indirect(Enum("pr_tsc", unknown="PR_TSC_???")))),
    "PR_SET_TSC": case(flag=Enum("pr_tsc", unknown="PR_TSC_???")),
    "PR_GET_SECUREBITS": case(returns=NotedFlags("secbits")),
    "PR_SET_SECUREBITS": case(flags=_flags("secbits", "SECBIT_???")),
    "PR_SET_TIMERSLACK": case(slack=KLong),
    "PR_MCE_KILL": case(
        operation=_enum("pr_mce_kill", "PR_MCE_KILL_???"),
        rest=2,
        second={1: case(first=2, policy=_enum("pr_mce_kill_policy", "PR_MCE_KILL_???"), rest=3)},
    ),
    "PR_MCE_KILL_GET": case(rest=1, returns=NotedEnum("pr_mce_kill_policy")),
    "PR_SET_MM": case(operation=Enum("pr_set_mm", unknown="PR_SET_MM_???"), rest=2),
    "PR_GET_TID_ADDRESS": case(addr=Out(Indirect(KPointer))),
    "PR_SET_FP_MODE": case(mode=Flags("pr_fp_mode", unknown="PR_FP_MODE_???")),
    "PR_GET_FP_MODE": case(returns=NotedFlags("pr_fp_mode")),
    "PR_CAP_AMBIENT": case(
        operation=_enum("pr_cap_ambient", "PR_CAP_AMBIENT_???"), rest=2, second={1: _one_cap, 2: _one_cap, 3: _one_cap}
    ),
    "PR_SVE_SET_VL": case(value=Composed(_sve), returns=ComposedResult(_sve, False)),
    "PR_SVE_GET_VL": case(returns=ComposedResult(_sve, False)),
    "PR_GET_SPECULATION_CTRL": case(
        misfeature=_enum("pr_spec_cmds", "PR_SPEC_???"),
        returns=SpeculationResult("pr_spec_get_store_bypass_flags", zero=True),
    ),
    "PR_SET_SPECULATION_CTRL": case(
        misfeature=_enum("pr_spec_cmds", "PR_SPEC_???"),
        value=Either(_spec_known, _enum("pr_spec_set_store_bypass_flags", "PR_SPEC_???"), HexKLong),
    ),
    "PR_PAC_RESET_KEYS": case(
        keys=Flags("pr_pac_enabled_keys", "pr_pac_keys", unknown="PR_PAC_???", size="kernel"), rest=2
    ),
    "PR_SET_TAGGED_ADDR_CTRL": case(mode=Composed(_compose_tagged), rest=2),
    "PR_GET_TAGGED_ADDR_CTRL": case(rest=1, returns=ComposedResult(_compose_tagged, True)),
    "PR_SET_SYSCALL_USER_DISPATCH": case(
        operation=_enum("pr_sud_cmds", "PR_SYS_DISPATCH_???"), off=HexKLong, size=HexKLong, switch=Addr
    ),
    "PR_PAC_SET_ENABLED_KEYS": case(
        bitmask_affected=_flags("pr_pac_enabled_keys", "PR_PAC_???"),
        bitmask_set=_flags("pr_pac_enabled_keys", "PR_PAC_???"),
        rest=3,
    ),
    "PR_PAC_GET_ENABLED_KEYS": case(rest=1, returns=NotedFlags("pr_pac_enabled_keys", zero=True)),
    "PR_SCHED_CORE": case(
        operation=Enum("pr_sched_core_cmds", unknown="PR_SCHED_CORE_???"),
        pid=CorePid(),
        pid_type=ExplainedEnum("pr_sched_core_pidtypes", unknown="PIDTYPE_???"),
        cookie=OutCookie(Indirect(X64)),
    ),
    "PR_SME_SET_VL": case(arg=Composed(_sme), returns=ComposedResult(_sme, False)),
    "PR_SME_GET_VL": case(returns=ComposedResult(_sme, False)),
    "PR_SET_MDWE": case(mask=Flags("pr_mdwe_flags", unknown="PR_MDWE_???"), rest=2),
    "PR_GET_MDWE": case(rest=1, returns=NotedFlags("pr_mdwe_flags", zero=True)),
    "PR_RISCV_V_SET_CONTROL": case(arg=Composed(_compose_vector_state)),
    "PR_RISCV_V_GET_CONTROL": case(returns=ComposedResult(_compose_vector_state, True)),
    "PR_RISCV_SET_ICACHE_FLUSH_CTX": case(
        ctx=_enum("pr_riscv_icache_flush_ctxes", "PR_RISCV_CTX_???"),
        scope=_enum("pr_riscv_icache_flush_scopes", "PR_RISCV_SCOPE_???"),
    ),
    "PR_PPC_GET_DEXCR": case(
        which=_enum("pr_ppc_dexcr_aspects", "PR_PPC_DEXCR_???"), rest=2, returns=NotedFlags("pr_ppc_dexcr_ctrl_flags")
    ),
    "PR_PPC_SET_DEXCR": case(
        which=_enum("pr_ppc_dexcr_aspects", "PR_PPC_DEXCR_???"),
        ctrl=_flags("pr_ppc_dexcr_ctrl_flags", "PR_PPC_DEXCR_CTRL_???"),
        rest=3,
    ),
    "PR_SET_VMA": case(
        attr=_enum("pr_set_vma", "PR_SET_VMA_???"),
        rest=2,
        second={0: case(first=2, addr=Addr, size=KULong, name=String_)},
    ),
    "PR_SET_PTRACER": case(pid=Ptracer()),
}

variants("prctl", "op", Enum("prctl_options", unknown="PR_???"), CASES, HEXADECIMAL, registers=5, classes="creds")

# --- arch_prctl -----------------------------------------------------------------------------


class GrantedState(NotedFlags):
    """Which extended states a program may use; told by the calls that return it."""

    def __init__(self) -> None:
        super().__init__("x86_xfeatures")

    def decode(self, c: Call, word: int) -> AnyValue | None:
        return super().decode(c, word) if KLong.number(c, word) > 0 else KLong.decode(c, word)


States = Out(Indirect(ExplainedFlags("x86_xfeatures", unknown="XFEATURE_MASK_???", size=8)))
OneState = ExplainedEnum("x86_xfeature_bits", unknown="XFEATURE_???", size="kernel")
variants(
    "arch_prctl",
    "op",
    Enum("archvals", unknown="ARCH_???"),
    {
        "ARCH_GET_GS ARCH_GET_FS": case(addr=Out(Indirect(KPointer))),
        "ARCH_GET_CPUID": NO_ARGUMENTS,
        "ARCH_GET_XCOMP_SUPP ARCH_GET_XCOMP_PERM ARCH_GET_XCOMP_GUEST_PERM": case(addr=States),
        "ARCH_REQ_XCOMP_PERM ARCH_REQ_XCOMP_GUEST_PERM": case(addr=OneState, returns=GrantedState()),
    },
    case(addr=HexKLong),
    registers=2,
    abis="x86_64 x32 i386",
)
