# SPDX-License-Identifier: BSD-2-Clause
"""Parts of network addresses that many structures share: ports, hosts, interfaces, hardware addresses.

Declares no calls. Numbers in network order print as the C expression that makes them
(``htons(80)``); names of interfaces are those of this machine's network namespace. Source:
ip(7), ipv6(7), netdevice(7), packet(7); include/uapi/linux/if_arp.h.
"""

from __future__ import annotations

import socket

from trapgate.calls.call import Call, Options
from trapgate.calls.quote import Hex, escape, quote
from trapgate.calls.types import Enum, Scalar, Type, format_int, styled
from trapgate.model.abi import Abi
from trapgate.model.values import AnyValue, Joined, KeyedSymbol, Number, Symbol, remark

AF_UNSPEC, AF_UNIX, AF_INET, AF_AX25, AF_IPX, AF_X25, AF_INET6, AF_NETLINK, AF_PACKET = 0, 1, 2, 3, 4, 9, 10, 16, 17

MOST_HARDWARE_BYTES = 32
"""MAX_ADDR_LEN of include/linux/netdevice.h."""

HARDWARE_SIZES = {
    0: 7,
    1: 6,
    3: 7,
    6: 6,
    7: 1,
    15: 2,
    24: 16,
    27: 8,
    32: 20,
    256: 0,
    270: 5,
    271: 0,
    280: 0,
    290: 1,
    512: 0,
    518: 0,
    519: 0,
    768: 4,
    769: 16,
    772: 6,
    773: 1,
    774: 6,
    776: 4,
    777: 0,
    778: 4,
    779: 0,
    780: 6,
    783: 4,
    801: 6,
    802: 6,
    803: 6,
    804: 8,
    805: 8,
    820: 1,
    821: 1,
    822: 0,
    823: 16,
    824: 0,
    825: 8,
    826: 0,
}
"""Bytes of a hardware address by ARPHRD_*, as each type's driver sets dev->addr_len."""

Family = Enum("addrfams", size=2)
Family8 = Enum("addrfams", size=1)
SocketKind = Enum("socktypes", size=2)
InternetProtocol = Enum("inet_protocols")
EtherType = Enum("ethernet_protocols", size=2)


def quoted_hex(c: Call, data: bytes) -> AnyValue:
    """``data`` as ``"\\x.."``, whole."""
    return c.quoted(data, hexadecimal=Hex.ALL)


def bytes_or(c: Call, data: bytes, text: str, meaning: object) -> AnyValue:
    """``text``, or the bytes it stands for, or both, as -X says; ``meaning`` is the value for JSON."""
    if c.style == "abbrev":
        return Symbol(text, meaning)
    raw = quoted_hex(c, data)
    return raw if c.style == "raw" else Joined(raw, remark(text))


class Port(Type):
    """A port in network order: ``htons(80)``."""

    def size(self, abi: Abi) -> int:
        return 2

    def load(self, c: Call, data: bytes, offset: int) -> AnyValue:
        raw = data[offset : offset + 2]
        number = int.from_bytes(raw, "big")
        return bytes_or(c, raw, f"htons({number})", number)


class BigEndian(Scalar):
    """A number in network order: ``htonl(0x1)``; the same under every -X."""

    def __init__(self, size: int, base: str = "u", function: str = "") -> None:
        super().__init__(size, base, big_endian=True)
        self.function = function or {2: "htons", 4: "htonl", 8: "htobe64"}[size]

    def decode(self, c: Call, word: int) -> AnyValue | None:
        return Symbol(f"{self.function}({format_int(word, self.base)})", word)


class EtherProtocol(Scalar):
    """A protocol of Ethernet in network order: ``htons(ETH_P_IP)``."""

    def __init__(self, size: int | str = 2, unknown: str | None = None) -> None:
        super().__init__(size, "x", big_endian=size == 2)
        self.kind = Enum("ethernet_protocols", size=2, unknown=unknown)

    def is_pure(self, options: Options) -> bool:
        return False

    def decode(self, c: Call, word: int) -> AnyValue | None:
        value = word & 0xFFFF if self.big_endian else socket.ntohs(word & 0xFFFF)
        shown = self.kind.value(c, value)
        return Joined("htons(", shown, ")")


def format_host(family: int, data: bytes) -> str | None:
    """``10.0.0.1``, ``::1``; None if ``family`` has no such text or ``data`` is too short."""
    size = {AF_INET: 4, AF_INET6: 16}.get(family)
    return socket.inet_ntop(family, data[:size]) if size is not None and len(data) >= size else None


def show_host(c: Call, family: int, data: bytes, whole: bytes | None = None) -> AnyValue:
    """``inet_addr("10.0.0.1")``, ``inet_pton(AF_INET6, "::1")``, else quoted bytes.

    ``whole``: the bytes of the member in which the address lies, when it is larger.
    """
    host = format_host(family, data)
    if host is None:
        return quoted_hex(c, data if whole is None else whole)
    shown = quote(host.encode(), c.options.hexadecimal)
    text = f"inet_addr({shown})" if family == AF_INET else f"inet_pton(AF_INET6, {shown})"
    return bytes_or(c, data if whole is None else whole, text, host)


def host_field(c: Call, name: str, family: int, data: bytes) -> tuple[str | None, AnyValue]:
    """An address as a field; an IPv6 one as the call that fills it: ``inet_pton(AF_INET6, "::1", &name)``."""
    host = format_host(family, data)
    if host is None or family != AF_INET6 or c.style != "abbrev":
        return name, show_host(c, family, data)
    return None, KeyedSymbol(f"inet_pton(AF_INET6, {quote(host.encode(), c.options.hexadecimal)}, &{name})", host, name)


class Host(Type):
    """``struct in_addr`` or ``struct in6_addr``."""

    def __init__(self, family: int = AF_INET) -> None:
        self.family = family

    def size(self, abi: Abi) -> int:
        return 4 if self.family == AF_INET else 16

    def align(self, abi: Abi) -> int:
        return 4

    def load(self, c: Call, data: bytes, offset: int) -> AnyValue:
        return show_host(c, self.family, data[offset : offset + self.size(c.abi)])


class InterfaceIndex(Scalar):
    """The number of a network interface: ``if_nametoindex("lo")``; a number without one prints as it is."""

    def __init__(self) -> None:
        super().__init__(4, "u")

    def is_pure(self, options: Options) -> bool:
        return False

    def decode(self, c: Call, word: int) -> AnyValue | None:
        number = self.number(c, word)
        name = interface_name(number) if c.style != "raw" else None
        if name is None:
            return Number(str(number), number)
        return styled(
            c.style, str(number), f'if_nametoindex("{escape(name.encode("utf-8", "surrogateescape"))}")', name
        )


def interface_name(index: int) -> str | None:
    """The name of interface ``index``, None if there is none."""
    try:
        return socket.if_indextoname(index)
    except (OSError, OverflowError):
        return None


Interface = InterfaceIndex()


def show_hardware(c: Call, data: bytes, kind: int | None = None) -> AnyValue:
    """``01:02:03:04:05:06``; ``kind`` (ARPHRD_*) tells how many of the bytes are the address."""
    if len(data) > MOST_HARDWARE_BYTES:
        return quoted_hex(c, data)
    size = len(data) if kind is None else HARDWARE_SIZES.get(kind, 255)
    text = ":".join([f"{byte:02x}" for byte in data[:size]])
    return bytes_or(c, data, text, text)


def cut_string(c: Call, data: bytes) -> AnyValue:
    """The NUL-terminated string in ``data``; all but its last byte and ``...`` when there is no NUL."""
    text, nul, _ = data.partition(b"\0")
    return c.quoted(text) if nul else c.quoted(text[:-1], truncated=True)
