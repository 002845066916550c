# SPDX-License-Identifier: BSD-2-Clause
"""trapgate.kernel.generic_netlink against the kernel that runs, and netlink messages that went to it."""

from __future__ import annotations

import socket
import struct
import subprocess
import sys

import pytest

from trapgate.kernel.generic_netlink import CTRL_ATTR_FAMILY_NAME, NETLINK_GENERIC, read_families
from trapgate.kernel.sock_diag import parse_attributes, parse_messages


def test_families() -> None:
    families = read_families()
    if not families:
        pytest.skip("the kernel tells of no families of generic netlink")
    assert families[16] == "nlctrl" and len(set(families.values())) == len(families)


def test_each_family_answers_to_its_name() -> None:
    for number, name in list(read_families().items())[:5]:
        value = name.encode() + b"\0"
        attribute = struct.pack("=HH", 4 + len(value), CTRL_ATTR_FAMILY_NAME) + value + bytes(-len(value) % 4)
        body = b"\3\1\0\0" + attribute
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_GENERIC) as control:
            control.sendto(struct.pack("=IHHII", 16 + len(body), 16, 1, 0, 0) + body, (0, 0))
            _, answer = next(parse_messages(control.recv(32768)))
        assert int.from_bytes(dict(parse_attributes(answer, 4))[1], sys.byteorder) == number


ASK_LINKS = """
import socket, struct
with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as route:
    route.bind((0, 0))
    route.send(struct.pack("=IHHIIBxHiII", 32, 18, 1, 7, 0, 0, 0, 1, 0, 0))
    route.recv(65536)
"""


def test_a_message_and_its_answer_are_taken_apart() -> None:
    asks = [sys.executable, "-c", ASK_LINKS]
    command = [sys.executable, "-m", "trapgate", "trace", "--source=ptrace", "-e", "trace=sendto,recvfrom", *asks]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if "cannot trace" in ran.stderr:
        pytest.skip(ran.stderr)
    name = socket.if_indextoname(1)
    assert "nlmsg_type=RTM_GETLINK, nlmsg_flags=NLM_F_REQUEST, nlmsg_seq=7" in ran.stderr
    assert "nlmsg_type=RTM_NEWLINK" in ran.stderr and f'nla_type=IFLA_IFNAME}}, "{name}"]' in ran.stderr
