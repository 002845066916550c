# SPDX-License-Identifier: BSD-2-Clause
"""Whatever a program passes to calls with structures in structures: there is a line, and values for JSON."""

from __future__ import annotations

import json
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trapgate.calls.call import Call, Names, Options
from trapgate.calls.describe import describe
from trapgate.model.abi import I386, X86_64, Abi

BASE = 0x10000
PROTOCOLS = (0, 4, 6, 7, 9, 12, 15, 16, 21)
KINDS = {0: st.integers(16, 120), 4: st.sampled_from([18, 19, 20, 21]), 16: st.just(16), 12: st.integers(0, 0xD0F)}


class Memory:
    """One run of bytes; everything else is unreadable."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def read(self, addr: int, size: int) -> bytes:
        return self.data[addr - BASE : addr - BASE + size] if addr >= BASE else b""

    def read_string(self, addr: int, limit: int) -> tuple[bytes, bool] | None:
        text, nul, _ = self.read(addr, limit).partition(b"\0")
        return (text, True) if nul else (text, False) if len(text) == limit else None


class Process:
    """A process all of whose descriptors are sockets of one netlink protocol, or maps."""

    def __init__(self, protocol: int = -1) -> None:
        self.protocol = protocol

    def fd_text(self, fd: int) -> str:
        return ""

    def fd_link(self, fd: int) -> str:
        return "anon_inode:bpf-prog" if fd % 2 else "anon_inode:bpf-map"

    def stack_pointer(self) -> int:
        return 0

    def pid_text(self, pid: int, kind: str) -> str:
        return ""

    def socket_protocol(self, fd: int) -> str:
        return "NETLINK" if self.protocol >= 0 else ""

    def netlink_protocol(self, fd: int) -> int:
        return self.protocol

    def netlink_families(self) -> dict[int, str]:
        return {16: "nlctrl"}


def show(name: str, abi: Abi, words: tuple[int, ...], data: bytes, error: int, full: bool, protocol: int = -1) -> None:
    """Decode a call; its line and its JSON must come out."""
    described = describe(name, abi.name)
    assert described is not None
    options = Options(abbrev=Names(not full))
    call = Call(abi, 0, name, (*words, 0, 0, 0)[:6], memory=Memory(data), options=options, process=Process(protocol))  # type: ignore[arg-type]
    call.description = described
    arguments = described.enter(call)
    call.result, call.error = (-error, error) if error else (3, 0)
    arguments += described.leave(call)
    for _, value in arguments:
        assert value.text.isascii() and value.text.isprintable()
        json.dumps(value.data)


ABIS = st.sampled_from([X86_64, I386])
ERRORS = st.sampled_from([0, 0, 7, 22])
small = st.sampled_from([0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 18, 24, 0x8001, 0xFFFF])


@st.composite
def trees(draw: st.DrawFn) -> bytes:
    """Attributes, some within others, some of false length."""
    data = b""
    for body in draw(st.lists(st.one_of(st.binary(max_size=64), st.deferred(trees)), max_size=4)):
        length = draw(st.sampled_from([4 + len(body)] * 6 + [0, 3, 0xFFFF]))
        kind = draw(st.one_of(st.integers(0, 70), small))
        data += struct.pack("<HH", length & 0xFFFF, kind) + body + bytes(-len(body) % 4)
    return data


@pytest.mark.parametrize("protocol", PROTOCOLS)
@settings(max_examples=20, deadline=None)
@given(drawn=st.data())
def test_netlink(protocol: int, drawn: st.DataObject) -> None:
    kind = drawn.draw(KINDS.get(protocol, st.integers(0, 60)))
    head = drawn.draw(st.binary(min_size=1, max_size=76))
    body = drawn.draw(st.sampled_from([1, 2, 7, 10, 16, 17, 43])).to_bytes(1, "little") + head + drawn.draw(trees())
    flags = drawn.draw(st.integers(0, 0xFFFF))
    data = struct.pack("<IHHII", 16 + len(body), kind, flags, 0, 0) + body
    show("sendto", drawn.draw(ABIS), (3, BASE, len(data)), data, 0, drawn.draw(st.booleans()), protocol)


@settings(max_examples=80, deadline=None)
@given(ABIS, st.integers(0, 40), st.binary(max_size=256), ERRORS, st.booleans())
def test_bpf(abi: Abi, command: int, data: bytes, error: int, full: bool) -> None:
    show("bpf", abi, (command, BASE, len(data)), data, error, full)


@settings(max_examples=80, deadline=None)
@given(ABIS, st.integers(0, 40), st.binary(max_size=256), st.integers(0, 40), ERRORS, st.booleans())
def test_io_uring(abi: Abi, opcode: int, data: bytes, count: int, error: int, full: bool) -> None:
    show("io_uring_register", abi, (3, opcode, BASE, count), data, error, full)


@settings(max_examples=40, deadline=None)
@given(ABIS, st.binary(max_size=160), ERRORS, st.booleans())
def test_perf(abi: Abi, data: bytes, error: int, full: bool) -> None:
    show("perf_event_open", abi, (BASE, 0, 0, 0, 0), data, error, full)


@settings(max_examples=40, deadline=None)
@given(ABIS, st.binary(max_size=160), st.integers(0, 8), ERRORS, st.booleans())
def test_lsm(abi: Abi, data: bytes, flags: int, error: int, full: bool) -> None:
    size = struct.pack("<I", len(data))
    show("lsm_get_self_attr", abi, (100, BASE + 4, BASE, flags), size + data, error, full)
