# SPDX-License-Identifier: BSD-2-Clause
"""Injections: their expressions, when they apply, and what they do to a held call."""

import pytest

from trapgate.calls.call import Call
from trapgate.model.abi import I386, X86_64
from trapgate.tracing.lines import Task
from trapgate.tracing.scan import Complaint
from trapgate.tracing.tamper import Injection, InjectionState, parse_injection
from trapgate.tracing.tampering import Tampering


def inject(text: str) -> Injection:
    return parse_injection(text, False, lambda _: None)


def occurrences(text: str, calls: int = 20) -> list[int]:
    state = InjectionState([inject(f"read:error=1:{text}")])
    return [n for n in range(1, calls + 1) if state.enter("read", "x86_64")]


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("when=3", [3]),
        ("when=18+", [18, 19, 20]),
        ("when=2+7", [2, 9, 16]),
        ("when=2..4", [2, 3, 4]),
        ("when=2..4+", [2, 3, 4]),
        ("when=3..11+3", [3, 6, 9]),
        ("when=4..4", [4]),
        ("when=4..9+5", [4, 9]),
    ],
)
def test_when(when, expected):
    assert occurrences(when) == expected


def test_each_call_is_counted_by_itself_and_the_last_injection_wins():
    state = InjectionState([inject("read,write:error=1:when=2"), inject("write:error=2:when=1")])
    errors = [
        found and found.error for name in ("read", "write", "read", "write") for found in [state.enter(name, "x86_64")]
    ]
    assert errors == [None, 2, 1, None]
    assert state.enter("syscall_0x1ff", "x86_64") is None


@pytest.mark.parametrize(
    "text",
    [
        "read",
        "read:nonsense",
        "read:error=0",
        "read:error=4096",
        "read:error=E",
        "read:retval=",
        "read:retval=08",
        "read:when=1",
        "read:error=1:retval=1",
        "read:signal=65",
        "read:when=0:error=1",
        "read:error=1:when=2..1",
        "read:error=1:when=1..65535",
        "read:syscall=write:error=1",
        "read:delay_enter=-1",
        "read:delay_exit=1:delay_exit=2",
        "read:poke_enter=@arg8=00",
        "read:poke_enter=@arg1=0",
        "read:poke_exit=@arg1=00,@arg1=01",
        "read:poke_enter=",
        "read:syscall=getpid",
    ],
)
def test_what_cannot_be_injected_is_refused(text):
    with pytest.raises(Complaint, match="invalid inject argument"):
        inject(text)


def test_faults_know_errors_only():
    assert parse_injection("read:when=2", True, lambda _: None).error == 38
    with pytest.raises(Complaint, match="invalid fault argument 'read:retval=1'"):
        parse_injection("read:retval=1", True, lambda _: None)


def test_everything_at_once():
    found = inject("read:retval=0x10:signal=usr1:delay_enter=2ms:delay_exit=1s:poke_exit=@arg2=6162:syscall=getpid")
    assert (found.retval, found.signal, found.delay_enter_ns, found.delay_exit_ns) == (16, 10, 2_000_000, 1_000_000_000)
    assert (
        found.poke_exit == ((2, b"ab"),) and found.syscall_number("x86_64") == 39 and found.syscall_number("i386") == 20
    )


def test_results_that_may_surprise_are_said():
    said: list[str] = []
    for value in ("-5", "4294967295", "4294967296", "7"):
        parse_injection(f"read:retval={value}", False, said.append)
    assert [text.split(" ")[0:2] for text in said] == [["Inadvertent", "injection"]] * 2 + [["Injected", "return"]]


class Source:
    """Remembers what is done to the held thread."""

    def __init__(self, readable: range = range(0)) -> None:
        self.done: list[tuple[object, ...]] = []
        self.readable = readable

    def write(self, tid: int, addr: int, data: bytes) -> None:
        if addr not in self.readable or addr + len(data) - 1 not in self.readable:
            raise OSError(14, "Bad address")
        self.done.append(("write", addr, data))

    def __getattr__(self, name: str) -> object:
        return lambda tid, *values: self.done.append((name, *values))


def tamper(text: str, source: Source, result: int, abi=X86_64, name: str = "chdir", args=(0x1FFE, 0, 0, 0, 0, 0)):
    said: list[str] = []
    tampering = Tampering([inject(text)], source, said.append)
    task, call = Task(7, 7, None), Call(abi, 80, name, args)
    tampering.enter(task, call)
    return tampering.leave(task, call, result), task.notes, said


def test_a_result_is_replaced():
    source = Source()
    assert tamper("chdir:error=ENOENT", source, -38) == (-2, " (INJECTED)", [])
    assert source.done == [("set_call", -1), ("set_result", -2)]


def test_a_replacing_call_must_succeed():
    source = Source()
    result, notes, said = tamper("chdir:retval=9:syscall=gettid", source, -1)
    assert (result, notes) == (-1, " (INJECTED)")
    assert said == ["Failed to tamper with process 7: unexpectedly got error (return value -0x1, error 1)"]
    assert source.done == [("set_call", 186)]


def test_a_call_named_without_a_result_is_not_made():
    source = Source()
    assert tamper("chdir:signal=10:syscall=gettid", source, 0) == (0, "", [])
    assert source.done == [("deliver", 10)]


def test_results_fit_the_register():
    assert tamper("chdir:retval=0x1ffffffff", Source(), -38, I386)[0] == -1
    assert tamper("chdir:retval=0x100000000", Source(), -38)[0] == 1 << 32


def test_a_poke_that_crosses_into_nothing_is_partly_done():
    source = Source(range(0x1000, 0x2000))
    result, notes, said = tamper("chdir:poke_enter=@arg1=61626364", source, 0)
    assert (result, notes, source.done) == (0, " (INJECTED: args)", [("write", 0x1FFE, b"ab")])
    assert said == ["poke: pid:7 short write (2 < 4) @0x1ffe: Bad address"]


def test_a_poke_that_cannot_be_done_is_said():
    assert tamper("chdir:poke_enter=@arg1=61", Source(), 0)[1:] == (
        "",
        ["poke: Failed to tamper with process 7: couldn't poke"],
    )
    assert "has only 1 arguments" in tamper("chdir:poke_exit=@arg2=61", Source(), 0)[2][0]


def test_notes_tell_everything_that_was_done():
    source = Source(range(0x1000, 0x2000))
    text = "chdir:poke_enter=@arg1=61:retval=1:delay_exit=1"
    assert tamper(text, source, -38)[1] == " (INJECTED: args, retval) (DELAYED)"
    assert ("delay", 1000) in source.done
