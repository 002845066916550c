"""Entries and exits that come by themselves are told alike by their quick text and by the decoder."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trapgate.model.record import HEADER, PIECE, Kind
from trapgate.tracing.engine import Engine
from trapgate.tracing.options import TimeFormat, TraceOptions
from trapgate.tracing.sources import Chosen

CALLS = {
    "read": 0,
    "stat": 4,
    "nanosleep": 35,
    "fcntl": 72,
    "execve": 59,
    "openat": 257,
    "epoll_wait": 232,
    "recvfrom": 45,
}
ADDRESSES = st.sampled_from([0, 0x1000, 0x2000])
DATA = st.one_of(st.binary(max_size=160), st.just(b"/etc/passwd\0"))
PIECES = st.lists(st.tuples(ADDRESSES, DATA), max_size=2)
EVENTS = st.lists(
    st.tuples(
        st.sampled_from([Kind.ENTER, Kind.EXIT, Kind.CALL, Kind.EXITING]),
        st.sampled_from([101, 102]),
        st.sampled_from(sorted(CALLS.values())),
        st.lists(st.one_of(ADDRESSES, st.integers(0, 40)), min_size=6, max_size=6),
        st.integers(-40, 200),
        PIECES,
        PIECES,
    ),
    max_size=12,
)
OPTIONS = st.builds(
    TraceOptions,
    output=st.just("-"),
    follow=st.booleans(),
    times=st.builds(TimeFormat, duration_digits=st.sampled_from([None, 6])),
)


class HeldByNobody:
    """A source whose threads have all gone on."""

    def held(self) -> int:
        return 0

    def add_plan(self, key: int, plan: bytes) -> None:
        """Plans make no difference to records that are there already."""

    def add_subplan(self, key: int, plan: bytes) -> None:
        """As `add_plan`."""

    def read(self, tid: int, addr: int, size: int) -> bytes:
        return b""


class Kept:
    """A place for text that keeps it."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str, /) -> None:
        self.text += text

    def flush(self) -> None:
        """It is kept already."""

    def close(self) -> None:
        """It is kept already."""


def pack(time: int, event: Any) -> bytes:
    """The bytes of an event."""
    kind, tid, nr, words, result, before, after = event
    pieces = [(1, piece) for piece in before if kind in (Kind.ENTER, Kind.CALL)]
    pieces += [(2, piece) for piece in after if kind in (Kind.EXIT, Kind.CALL)]
    body = b""
    for phase, (addr, data) in pieces:
        body += PIECE.pack(len(data), 0, phase, 4 if data[-1:] == b"\0" else 0, addr) + data + bytes(-len(data) % 8)
    size = HEADER.size + len(body)
    return HEADER.pack(size, kind, 1, len(pieces), time, 5, tid, tid, 0, 0, nr, *words, result) + body


def tell(options: TraceOptions, batch: bytes, halves: bool) -> str:
    kept = Kept()
    engine = Engine(options, Chosen(HeldByNobody(), "ptrace", False, "", mixed=True), lambda pid: kept, "test")
    assert engine.halves
    engine.halves = halves
    for tid in (101, 102):
        engine.add_task(tid, tid)
    engine.feed(batch)
    return kept.text


@settings(deadline=None)
@given(OPTIONS, EVENTS)
def test_same_text(options: TraceOptions, events: list[Any]) -> None:
    batch = b"".join(pack(1000 + time, event) for time, event in enumerate(events))
    assert tell(options, batch, halves=True) == tell(options, batch, halves=False)


def test_they_are_told_without_the_decoder(monkeypatch: pytest.MonkeyPatch) -> None:
    words = [0xFFFFFF9C, 0x1000, 0, 0, 0, 0]
    path = [(0x1000, b"/etc/passwd\0")]
    events = [
        (Kind.ENTER, 101, 257, words, 0, path, []),
        (Kind.ENTER, 102, 257, words, 0, path, []),
        (Kind.EXIT, 101, 257, words, 3, [], []),
        (Kind.EXIT, 102, 257, words, -2, [], []),
    ]
    monkeypatch.setattr(Engine, "on_enter", None)
    assert tell(TraceOptions(output="-", follow=True), b"".join(pack(0, event) for event in events), True) == (
        '101   openat(AT_FDCWD, "/etc/passwd", O_RDONLY <unfinished ...>\n'
        '102   openat(AT_FDCWD, "/etc/passwd", O_RDONLY <unfinished ...>\n'
        "101   <... openat resumed>)             = 3\n"
        "102   <... openat resumed>)             = -1 ENOENT (No such file or directory)\n"
    )
