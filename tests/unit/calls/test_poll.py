# SPDX-License-Identifier: BSD-2-Clause
"""trapgate.calls.poll: what went in, and behind the result what came of it."""
# ruff: noqa: E501 (a line of output is as long as it is)

import struct

import pytest

FDS = struct.pack("<ihhihh", 0, 1, 1, -1, 1, 0)
SET = struct.pack("<Q", 0b101000)
EVENTS = struct.pack("<IQ", 1, 0xFF) + struct.pack("<IQ", 4, 0)


@pytest.mark.parametrize(
    ("words", "options", "line"),
    [
        (
            ("poll", FDS, 2, -1),
            {"result": 1},
            "poll([{fd=0, events=POLLIN}, {fd=-1}], 2, -1) = 1 ([{fd=0, revents=POLLIN}])",
        ),
        (("poll", FDS, 2, 5), {"result": 0}, "poll([{fd=0, events=POLLIN}, {fd=-1}], 2, 5) = 0 (Timeout)"),
        (
            ("poll", FDS, 3, 5),
            {"result": 0},
            "poll([{fd=0, events=POLLIN}, {fd=-1}, ... /* 0x10010 */], 3, 5) = 0 (Timeout)",
        ),
        (("poll", 0x99, 1, 5), {"result": -14}, "poll(0x99, 1, 5) = -1 EFAULT (Bad address)"),
        (
            ("ppoll", FDS, 1, struct.pack("<2q", 1, 2), struct.pack("<Q", 1), 8),
            {"result": 1},
            "ppoll([{fd=0, events=POLLIN}], 1, {tv_sec=1, tv_nsec=2}, [HUP], 8) = 1 "
            "([{fd=0, revents=POLLIN}], left {tv_sec=1, tv_nsec=2})",
        ),
        (
            ("select", 6, SET, 0, SET, struct.pack("<2q", 1, 2)),
            {"result": 3},
            "select(6, [3 5], NULL, [3 5], {tv_sec=1, tv_usec=2}) = 3 (in [3 5], except [3], left {tv_sec=1, tv_usec=2})",
        ),
        (
            ("select", -1, SET, 0, 0, 0),
            {"result": -22},
            "select(-1, 0x20000, NULL, NULL, NULL) = -1 EINVAL (Invalid argument)",
        ),
        (
            ("select", struct.pack("<5I", 6, 0x100, 0, 0, 0)),
            {"abi": "i386", "result": 1, "memory": {0x100: SET}},
            "select(6, [3 5], NULL, NULL, NULL) = 1 (in [3])",
        ),
        (
            ("pselect6", 0, 0, 0, 0, 0, struct.pack("<2Q", 0x100, 8)),
            {"memory": {0x100: struct.pack("<Q", 2)}},
            "pselect6(0, NULL, NULL, NULL, NULL, {sigmask=[INT], sigsetsize=8}) = 0 (Timeout)",
        ),
        (("epoll_ctl", 3, 1, 4, EVENTS), {}, "epoll_ctl(3, EPOLL_CTL_ADD, 4, {events=EPOLLIN, data=0xff}) = 0"),
        (("epoll_ctl", 3, 2, 4, EVENTS), {}, "epoll_ctl(3, EPOLL_CTL_DEL, 4, 0x40000) = 0"),
        (
            ("epoll_wait", 3, EVENTS, 9, -1),
            {"result": 2},
            "epoll_wait(3, [{events=EPOLLIN, data=0xff}, {events=EPOLLOUT, data=0}], 9, -1) = 2",
        ),
        (("epoll_wait", 3, EVENTS, 9, -1), {"result": 0}, "epoll_wait(3, [], 9, -1) = 0"),
    ],
)
def test_lines(shown, words, options, line):
    assert shown(*words, **options).text == line


def test_sets_are_lists_of_numbers(shown):
    assert shown("select", 6, SET, 0, 0, 0, result=1).data["readfds"] == [3, 5]
