# SPDX-License-Identifier: BSD-2-Clause
"""The families of generic netlink and their numbers, which the kernel gives out as modules load.

Source: include/uapi/linux/genetlink.h; netlink(7).
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from functools import lru_cache

from trapgate.kernel.sock_diag import NLM_F_DUMP, NLM_F_REQUEST, RECEIVE_BYTES, parse_attributes, parse_messages

NETLINK_GENERIC = 16
GENL_ID_CTRL = 16
CTRL_CMD_GETFAMILY = 3
CTRL_ATTR_FAMILY_ID, CTRL_ATTR_FAMILY_NAME = 1, 2


@lru_cache(None)
def read_families() -> dict[int, str]:
    """The names of the families by number: ``{16: "nlctrl", …}``; empty when the kernel does not tell."""
    flags = NLM_F_REQUEST | NLM_F_DUMP
    request = struct.pack("=IHHIIBBH", 20, GENL_ID_CTRL, flags, 0, 0, CTRL_CMD_GETFAMILY, 1, 0)
    found: dict[int, str] = {}
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, NETLINK_GENERIC) as control:
            control.sendto(request, (0, 0))
            while True:
                for kind, data in parse_messages(control.recv(RECEIVE_BYTES)):
                    if kind != GENL_ID_CTRL:
                        return found
                    found.update(_parse_family(data))
    except OSError:
        return found


def _parse_family(data: bytes) -> Iterator[tuple[int, str]]:
    attributes = dict(parse_attributes(data, 4))
    number, name = attributes.get(CTRL_ATTR_FAMILY_ID, b""), attributes.get(CTRL_ATTR_FAMILY_NAME)
    if len(number) == 2 and name is not None:
        yield int.from_bytes(number, "little"), name.partition(b"\0")[0].decode("ascii", "replace")
