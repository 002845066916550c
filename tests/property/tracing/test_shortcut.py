"""The text that is put together without values is the decoder's, for records as they are and as they should not be."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from trapgate._core import split_call
from trapgate.calls.call import UNKNOWN_PROCESS, Names, Options
from trapgate.calls.quote import Hex
from trapgate.decode.decoder import Decoder
from trapgate.decode.result import format_result
from trapgate.decode.shortcut import Shortcut
from trapgate.decode.snapshot import Snapshot
from trapgate.model.record import HEADER, PIECE, parse_record

CALLS = {
    "read": 0, "write": 1, "open": 2, "close": 3, "stat": 4, "lseek": 8, "access": 21, "nanosleep": 35, "getcwd": 79,
    "readlink": 89, "openat": 257, "newfstatat": 262, "rt_sigaction": 13, "statx": 332, "getdents64": 217, "readv": 19,
    "writev": 20, "pwritev": 296, "recvfrom": 45, "sendto": 44,
    "select": 23, "futex": 202, "epoll_ctl": 233,
}  # fmt: skip
ADDRESSES = st.sampled_from([0, 0x1000, 0x2000, 0x3000])
WORDS = st.one_of(ADDRESSES, st.integers(0, 40), st.integers(0, (1 << 64) - 1))
ENTRIES = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 60)), max_size=4).map(
    lambda entries: b"".join([bytes(16) + size.to_bytes(2, "little") + bytes(more) for more, size in entries])
)
"""Directory entries, of which some are as long as they say."""
VECTORS = st.lists(st.tuples(st.sampled_from([0, 0x2000, 0x3000]), st.integers(0, 60)), min_size=1, max_size=3).map(
    lambda pairs: b"".join([base.to_bytes(8, "little") + size.to_bytes(8, "little") for base, size in pairs])
)
DATA = st.one_of(
    ENTRIES,
    VECTORS,
    st.binary(max_size=300),
    st.binary(min_size=144, max_size=256),
    st.text(st.characters(codec="utf-8"), max_size=40).map(lambda text: text.encode() + b"\0"),
)
PIECES = st.lists(st.tuples(st.integers(0, 3), st.integers(1, 2), st.integers(0, 7), ADDRESSES, DATA), max_size=3)
RESULTS = st.one_of(st.integers(-40, 300), st.sampled_from([-512, -4095, -4096, 1 << 40]))
OPTIONS = st.builds(
    Options,
    string_limit=st.sampled_from([0, 5, 32]),
    hexadecimal=st.sampled_from(list(Hex)),
    style=st.sampled_from(["abbrev", "raw", "verbose"]),
    abbrev=st.builds(Names, st.booleans()),
    verbose=st.builds(Names, st.booleans()),
)


def pack(nr: int, words: list[int], result: int, pieces: list[tuple[int, int, int, int, bytes]]) -> bytes:
    """A record of a call that is merged."""
    body = b""
    for op, phase, flags, addr, data in pieces:
        body += PIECE.pack(len(data), op, phase, flags, addr) + data + bytes(-len(data) % 8)
    size = HEADER.size + len(body)
    return HEADER.pack(size, 1, 1, len(pieces), 0, 0, 1, 1, 0, 0, nr, *words, result) + body


@settings(deadline=None)
@given(st.sampled_from(sorted(CALLS)), st.lists(WORDS, min_size=6, max_size=6), RESULTS, PIECES, OPTIONS)
def test_same_text(name: str, words: list[int], result: int, pieces: list[Any], options: Options) -> None:
    true = [piece for piece in pieces if not (piece[2] & 4 and b"\0" not in piece[4])]
    record = pack(CALLS[name], words, result, true)
    decoder = Decoder(options)
    quick = Shortcut(decoder, exact=False).text(record, 0)
    if quick is None:
        return
    parsed, _ = parse_record(record)
    c, before, after = decoder.whole(parsed, Snapshot(parsed.pieces), UNKNOWN_PROCESS)
    arguments = ", ".join([value.text for _, value in before + after])
    assert quick == (f"{name}({arguments}) ", f"= {format_result(c)}", bool(c.error))


@given(st.binary(max_size=200), st.integers(-8, 208))
def test_split_of_what_is_no_record(batch: bytes, offset: int) -> None:
    parts = split_call(batch, offset)
    assert parts is None or sum(len(data) for pieces in parts[2:] for _, data in pieces.values()) < len(batch)


@given(PIECES, st.binary(max_size=30), st.integers(1, 64))
def test_split_of_a_torn_record(pieces: list[Any], before: bytes, torn: int) -> None:
    record = pack(0, [1, 2, 3, 4, 5, (1 << 64) - 1], -9, pieces)
    parts = split_call(before + record, len(before))
    if len({piece[1:4:2] for piece in pieces}) < len(pieces):
        assert parts is None
        return
    copied = [{addr: (flags, data) for _, at, flags, addr, data in pieces if at == phase} for phase in (1, 2)]
    assert parts == ((1, 2, 3, 4, 5, (1 << 64) - 1), -9, *copied)
    assert split_call((before + record)[:-torn], len(before)) is None


def test_it_is_used() -> None:
    shortcut = Shortcut(Decoder(Options()), exact=False)
    path = (0, 1, 4, 0x1000, b"/etc\0")
    status = (1, 2, 0, 0x2000, bytes(24) + (0o100644).to_bytes(4, "little") + bytes(20) + b"\7" + bytes(95))
    assert shortcut.text(pack(4, [0x1000, 0x2000, 0, 0, 0, 0], 0, [path, status]), 0) == (
        'stat("/etc", {st_mode=S_IFREG|0644, st_size=7, ...}) ', "= 0", False,
    )  # fmt: skip
    assert shortcut.text(pack(4, [0x1000, 0x2000, 0, 0, 0, 0], -2, [path]), 0) == (
        'stat("/etc", 0x2000) ', "= -1 ENOENT (No such file or directory)", True,
    )  # fmt: skip
    assert shortcut.text(pack(4, [0x1000, 0x2000, 0, 0, 0, 0], 0, [status]), 0) is None
