# SPDX-License-Identifier: BSD-2-Clause
"""Signals: sending, handling, blocking, waiting for them.

Source: signal(7), sigaction(2), rt_sigprocmask(2), kill(2), sigaltstack(2);
``arch/x86/include/uapi/asm/signal.h`` for the structures.
"""

from __future__ import annotations

from collections.abc import Iterator

from trapgate.calls.call import Call, Options
from trapgate.calls.describe import RETURN, Yield, call, decoder
from trapgate.calls.memory import In, Out, Shown, Struct, View
from trapgate.calls.siginfo import SIGINFO
from trapgate.calls.structs_signal import Signal, SignalSet, format_signal_set, signal_name
from trapgate.calls.structs_time import Timespec, Timespec64
from trapgate.calls.types import (
    Addr,
    Enum,
    Fd,
    Flags,
    HexLong,
    ProcessOrGroup,
    Scalar,
    Size,
    Tgid,
    Tid,
    Type,
    ULong,
    Unused,
    truncate,
    with_remark,
)
from trapgate.model.abi import Abi
from trapgate.model.values import MORE, AnyValue, Number, Symbol, Value
from trapgate.model.values import Struct as StructValue

SA_RESTORER = 0x04000000
RESTARTED = range(512, 517)

# --- sending --------------------------------------------------------------------------------

call("kill", pid=ProcessOrGroup, sig=Signal, classes="signal process")
call("tkill", tid=Tid, sig=Signal, classes="signal process")
call("tgkill", tgid=Tgid, tid=Tid, sig=Signal, classes="signal process")
call(
    "pidfd_send_signal",
    pidfd=Fd,
    sig=Signal,
    info=In(SIGINFO),
    flags=Flags("pidfd_send_signal_flags"),
    classes="signal process",
)
call("rt_sigqueueinfo", tgid=Tgid, sig=Signal, info=In(SIGINFO), classes="signal process")
call("rt_tgsigqueueinfo", tgid=Tgid, tid=Tid, sig=Signal, info=In(SIGINFO), classes="signal process")
call("pause", classes="signal")

# --- handling -------------------------------------------------------------------------------


class Handler(Scalar):
    """A handler's address, or SIG_DFL, SIG_IGN, SIG_ERR."""

    def __init__(self) -> None:
        super().__init__("long", "x")

    def is_pure(self, options: Options) -> bool:
        return False

    def decode(self, c: Call, word: int) -> AnyValue | None:
        value = truncate(word, c.abi.word, True)
        name = {0: "SIG_DFL", 1: "SIG_IGN", -1: "SIG_ERR"}.get(value)
        address = truncate(word, c.abi.word, False)
        if name is None:
            return c.address(address)
        number = hex(address) if address else "0"
        if c.style == "raw":
            return Number(number, address)
        return Symbol(name, name) if c.style == "abbrev" else with_remark(number, name, name)


def _show_action(view: View) -> Shown:
    fields = view.fields("sa_handler", "sa_mask", "sa_flags")
    if view.sa_flags & SA_RESTORER:
        fields += view.fields("sa_restorer")
    return fields


SaFlags = Flags("sigact_flags", size="long", unknown="SA_???")
SigAction = Struct(
    "struct kernel_sigaction",
    show=_show_action,
    own_bytes=True,
    sa_handler=Handler(),
    sa_flags=SaFlags,
    sa_restorer=Addr,
    sa_mask=SignalSet(),
)


class OldSet(SignalSet):
    """The one-word set of the calls that are older than real-time signals."""

    def size(self, abi: Abi) -> int:
        return abi.word

    def load(self, c: Call, data: bytes, offset: int) -> AnyValue:
        return format_signal_set(data[offset : offset + c.abi.word], c.style)


OldSigAction = Struct(
    "struct old_sigaction",
    show=_show_action,
    own_bytes=True,
    sa_handler=Handler(),
    sa_mask=OldSet(),
    sa_flags=SaFlags,
    sa_restorer=Addr,
)

call("rt_sigaction", signum=Signal, act=In(SigAction), oldact=Out(SigAction), sigsetsize=Size, classes="signal")
call("sigaction", signum=Signal, act=In(OldSigAction), oldact=Out(OldSigAction), classes="signal", abis="i386")
call("signal", signum=Signal, handler=Handler(), returns=Handler(), classes="signal", abis="i386")

StackT = Struct(
    "stack_t",
    show=lambda v: v.fields("ss_sp", "ss_flags", "ss_size"),
    ss_sp=Addr,
    ss_flags=Flags("sigaltstack_flags", unknown="SS_???"),
    ss_size=ULong,
)
HEADERS = {"stack_t": "signal.h", "struct kernel_sigaction": "", "struct old_sigaction": ""}
call("sigaltstack", ss=In(StackT), old_ss=Out(StackT), classes="signal")

# --- blocking and waiting -------------------------------------------------------------------

Masked = SignalSet("sigsetsize", least=1)
call(
    "rt_sigprocmask",
    how=Enum("sigprocmaskcmds", unknown="SIG_???"),
    set=In(SignalSet("sigsetsize")),
    oldset=Out(SignalSet("sigsetsize")),
    sigsetsize=Size,
    classes="signal",
)
call(
    "sigprocmask",
    how=Enum("sigprocmaskcmds", unknown="SIG_???"),
    set=In(OldSet()),
    oldset=Out(OldSet()),
    classes="signal",
    abis="i386",
)
call("rt_sigpending", set=Out(SignalSet("sigsetsize", least=1)), sigsetsize=Size, classes="signal")
call("sigpending", set=Out(OldSet()), classes="signal", abis="i386")
call("rt_sigsuspend", mask=In(SignalSet("sigsetsize")), sigsetsize=Size, classes="signal")


class MaskWord(Scalar):
    """A whole set in a register, as the oldest calls pass it."""

    def __init__(self) -> None:
        super().__init__("long", "x")

    def decode(self, c: Call, word: int) -> AnyValue | None:
        value = truncate(word, c.abi.word, False)
        return format_signal_set(value.to_bytes(c.abi.word, "little"), c.style)

    def is_pure(self, options: Options) -> bool:
        return False


class OldMaskResult(MaskWord):
    """A set as a result: the word, and its members as the remark behind it."""

    def __init__(self, what: str) -> None:
        super().__init__()
        self.what = what

    def decode(self, c: Call, word: int) -> AnyValue | None:
        members = super().decode(c, word)
        c.note = f"{self.what} {members.text}" if members is not None else ""
        return HexLong.decode(c, word)


call("sigsuspend", history0=Unused, history1=Unused, mask=MaskWord(), classes="signal", abis="i386")
call("sgetmask", returns=OldMaskResult("mask"), classes="signal", abis="i386")
call("ssetmask", newmask=MaskWord(), returns=OldMaskResult("old mask"), classes="signal", abis="i386")


class InfoOut(Out):
    """The siginfo a wait fills; a wait that wants none is decoded whole at entry."""

    def is_out(self, c: Call) -> bool:
        return c.verbose and bool(c.word("info"))


class WaitedSignal(Scalar):
    """The signal that was waited for: its number, with its name behind it."""

    def __init__(self) -> None:
        super().__init__("kernel", "d", True)

    def is_pure(self, options: Options) -> bool:
        return False

    def decode(self, c: Call, word: int) -> AnyValue | None:
        number = self.number(c, word)
        c.note = signal_name(number) or ""
        return Number(str(number), number)


class TimeIn(In):
    """The time to wait, which the call reads: it is shown even when the call failed."""

    def decode(self, c: Call, word: int) -> AnyValue | None:
        addr = truncate(word, c.abi.word, False)
        data = c.peek(addr, self.inner.size(c.abi))
        return c.address(addr) if data is None else self.inner.load(c, data, 0)


def _waits(time: Type, abis: str, name: str) -> None:
    call(
        name,
        set=In(SignalSet("sigsetsize")),
        info=InfoOut(SIGINFO),
        timeout=TimeIn(time),
        sigsetsize=Size,
        returns=WaitedSignal(),
        abis=abis,
        classes="signal",
    )


_waits(Timespec, "x86_64 x32 i386 aarch64", "rt_sigtimedwait")
_waits(Timespec64, "i386", "rt_sigtimedwait_time64")


RT_MASK = {"x86_64": 296, "x32": 296 - 16, "i386": 160 + 12}
"""Where in the frame on the stack the mask to restore lies, from the stack pointer on."""


UNKNOWN_MASK = StructValue([("mask", MORE)])
"""What sigreturn restores when the source does not tell where the stack is."""


@decoder("rt_sigreturn", classes="signal")
def rt_sigreturn(c: Call) -> Iterator[Yield]:
    """The mask to restore lies in the frame on the stack, to which no argument points."""
    sp = c.process.stack_pointer()
    if not sp or c.abi.name not in RT_MASK:
        yield "mask", UNKNOWN_MASK
        yield RETURN
        return
    addr = sp + RT_MASK[c.abi.name]
    data = c.fetch(addr, 8)
    shown: AnyValue = c.address(addr) if data is None else format_signal_set(data, c.style)
    yield "mask", StructValue([("mask", shown)])
    yield RETURN


@decoder("sigreturn", classes="signal", abis="i386")
def sigreturn(c: Call) -> Iterator[Yield]:
    """As rt_sigreturn, the mask in two halves: one in the context, one behind the floating-point state."""
    sp = c.process.stack_pointer()
    if not sp:
        yield "mask", UNKNOWN_MASK
        yield RETURN
        return
    low = c.fetch(sp + 80, 4)
    high = c.fetch(sp + 712, 4)
    if low is None or high is None:
        yield "mask", c.address(sp)
    else:
        yield "mask", StructValue([("mask", format_signal_set(low + high, c.style))])
    yield RETURN


@decoder("restart_syscall")
def restart_syscall(c: Call) -> Iterator[Yield]:
    """The kernel's own: it has no arguments, and goes on with a call that a signal interrupted."""
    yield "", Value(f"<... resuming interrupted {c.resumes or 'system call'} ...>")
