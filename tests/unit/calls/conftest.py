# SPDX-License-Identifier: BSD-2-Clause
"""`shown`: a call decoded from words and bytes, as its line or as its JSON."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from trapgate.calls.call import Call, Names, Options
from trapgate.calls.describe import Argument, describe
from trapgate.decode.decoder import set_result
from trapgate.decode.result import format_result
from trapgate.model.abi import BY_NAME

PAGE = 0x10000
NETLINK_FDS = 100
"""Descriptors from here on are netlink sockets, each of the protocol that is left."""


class FakeMemory:
    """Bytes at addresses; everything else is unreadable."""

    def __init__(self, pieces: dict[int, bytes]) -> None:
        self.pieces = pieces

    def read(self, addr: int, size: int) -> bytes:
        for start, data in self.pieces.items():
            if start <= addr < start + len(data):
                return data[addr - start : addr - start + size]
        return b""

    def read_string(self, addr: int, limit: int) -> tuple[bytes, bool] | None:
        data = self.read(addr, limit)
        text, nul, _ = data.partition(b"\0")
        if nul:
            return text, True
        return (data, False) if data and len(data) == limit else None


class FakeProcess:
    """A process whose descriptor 3 is a file, 0 a terminal, and whose pids have names."""

    def fd_device(self, fd: int) -> tuple[str, int, int] | None:
        return ("char", 136, 0) if fd == 0 else None

    def vcpu(self, fd: int) -> tuple[int, int, int] | None:
        return (0, 0x70000, 4096) if fd == 0 else None

    def fd_text(self, fd: int) -> str:
        return {3: "</tmp/file>", -100: "</home>"}.get(fd, "")

    def pid_text(self, pid: int, kind: str) -> str:
        return f"<{kind}>"

    def fd_link(self, fd: int) -> str:
        return {4: "anon_inode:bpf-map", 5: "anon_inode:bpf-prog", 6: "socket:[1]"}.get(fd, "")

    def socket_protocol(self, fd: int) -> str:
        return "NETLINK" if fd >= NETLINK_FDS else ""

    def netlink_protocol(self, fd: int) -> int:
        return fd - NETLINK_FDS

    def netlink_families(self) -> dict[int, str]:
        return {16: "nlctrl", 20: "ethtool"}

    def pidfd_target(self, fd: int) -> int:
        return {9: 42}.get(fd, 0)

    def other_fd_text(self, pid: int, fd: int, ours: bool = False) -> str:
        return f"</of/{pid}{'/ours' if ours else ''}>"

    def namespaces_text(self, pid: int, kinds: list[str]) -> str:
        return ", ".join([f"{kind}:[{pid}]" for kind in kinds])


class Shown:
    """One call: ``text`` is its line, ``data`` its arguments for JSON."""

    def __init__(self, name: str, words: tuple[int | bytes, ...], options: dict[str, Any]) -> None:
        abi = BY_NAME[options.pop("abi", "x86_64")]
        result = options.pop("result", 0)
        pieces: dict[int, bytes] = options.pop("memory", {})
        if options.pop("full", False):
            options["abbrev"] = Names(False)
        args = []
        for i, word in enumerate(words, 1):
            if isinstance(word, bytes):
                pieces = {**pieces, i * PAGE: word}
            args.append(i * PAGE if isinstance(word, bytes) else word & (1 << 8 * abi.register) - 1)
        args += [0] * (6 - len(args))
        described = describe(name, abi.name)
        assert described is not None, f"nobody describes {name}"
        call = Call(
            abi, 0, name, tuple(args), memory=FakeMemory(pieces), options=Options(**options), process=FakeProcess()
        )
        call.description = described
        arguments: list[Argument] = described.enter(call)
        set_result(call, result)
        arguments += described.leave(call)
        self.text = f"{name}({', '.join([value.text for _, value in arguments])}) = {format_result(call)}"
        self.data = {key: value.data for key, value in arguments}


@pytest.fixture
def shown() -> Callable[..., Shown]:
    """``shown("openat", -100, b"/etc\\0", 0, result=3)``: bytes stand for a pointer to them."""

    def show(name: str, *words: int | bytes, **options: Any) -> Shown:
        return Shown(name, words, options)

    return show
