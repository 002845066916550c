"""What goes through a netlink socket is told as messages, by whichever way a program came by the socket.

Before that the programs send so much through others that those calls are no longer held.
"""

from __future__ import annotations

import array
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

pytestmark = pytest.mark.live

PLAIN = """
import os, socket, struct, sys
ours, theirs = socket.socketpair()
for size in range(40):
    ours.send(b"x" * (size + 1))
    theirs.recv(100)
"""
ASK = """
netlink.settimeout(5)
netlink.send(struct.pack("=IHHIIBxHiII", 32, 18, 5, 7, 0, 0, 0, 123456, 0, 0))
netlink.recv(1000)
"""
"""RTM_GETLINK about an interface that there is not, with NLM_F_ACK; the answer is an error."""
WAYS = {
    "made": "netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)",
    "inherited": "netlink = socket.socket(fileno=int(sys.argv[1]))",
    "made by the parent": """
netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
if os.fork():
    os.wait()
    sys.exit()
""",
    "received": """
channel = socket.socket(fileno=int(sys.argv[1]))
_, messages, _, _ = channel.recvmsg(1, 100)
netlink = socket.socket(fileno=struct.unpack("i", messages[0][2])[0])
""",
}


def trace(log: Path | str, *program: str, under: Sequence[str] = (), pass_fds: Sequence[int] = ()) -> None:
    """Trace a Python that runs ``program``, itself under a command if need be."""
    tracer = ["-m", "trapgate", "trace", "--source", "ptrace", "-f", "-o", str(log)]
    command = [*under, sys.executable, *tracer, sys.executable, "-c", *program]
    subprocess.run(command, pass_fds=pass_fds, check=True, timeout=100)


@pytest.fixture
def netlink() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as made:
        yield made


@pytest.mark.parametrize("way", WAYS)
def test_messages_are_told(way: str, netlink: socket.socket, tmp_path: Path) -> None:
    giver, channel = socket.socketpair()
    rights = array.array("i", [netlink.fileno()])
    giver.sendmsg([b"!"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
    given = channel if way == "received" else netlink
    log = tmp_path / "log"
    with giver, channel:
        trace(log, PLAIN + WAYS[way] + ASK, str(given.fileno()), pass_fds=[given.fileno()])
    text = log.read_text()
    sent = [line for line in text.splitlines() if "nlmsg_type=RTM_GETLINK" in line]
    assert text.count('"x') == 80
    assert any("[{nlmsg_len=32, nlmsg_type=RTM_GETLINK, nlmsg_flags=NLM_F_REQUEST|NLM_F_ACK" in line for line in sent)
    assert "nlmsg_type=NLMSG_ERROR" in text


def test_plain_sockets_are_not_asked_about(tmp_path: Path) -> None:
    log = tmp_path / "log"
    trace("/dev/null", PLAIN, under=("strace", "-o", str(log), "-e", "trace=getxattr"))
    assert log.read_text().count("sockprotoname") < 20
