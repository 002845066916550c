# SPDX-License-Identifier: BSD-2-Clause
"""Colours: when there are any, and that taking them away gives the plain line."""

import re

import pytest

from trapgate.tracing.colors import Palette, parse_colors, wants_color

SGR = re.compile("\033\\[[0-9;]*m")
ARGUMENTS = 'AT_FDCWD, "/etc/\\"passwd", O_RDONLY|O_CLOEXEC, {st_mode=S_IFREG|0644, ...}, [{0x7f, 12}] /* 3 */'
RESULTS = [
    "= 3",
    "= -1 ENOENT (No such file or directory)",
    "= 0x7f (INJECTED) <0.000012>",
    "= ? ERESTARTSYS (x)",
    "= ?",
]


def test_taking_the_colours_away_gives_the_plain_text():
    palette = Palette.from_environment({})
    assert SGR.sub("", palette.color_name("openat") + palette.color_arguments(ARGUMENTS)) == f"openat({ARGUMENTS}"
    assert [SGR.sub("", palette.color_result(text)) for text in RESULTS] == RESULTS


def test_parts_get_their_own():
    text = Palette.from_environment({"STRACE_COLORS": "const=1:argval=2:argname=3:error=4"}).color_arguments(ARGUMENTS)
    assert "\033[1mO_RDONLY\033[2m" in text and "\033[3mst_mode\033[2m" in text and '\033[2m"/etc/\\"passwd"' in text


@pytest.mark.parametrize("value", ["red", "1;31;foo", "", ";", "\033[2J", "1m\033[2J", "１"])
def test_nothing_but_numbers_reaches_the_terminal(value):
    assert parse_colors(f"syscall={value}")["syscall"] == "33"


@pytest.mark.parametrize(
    ("mode", "terminal", "separately", "environment", "expected"),
    [
        ("auto", True, False, {"TERM": "xterm"}, True),
        ("auto", False, False, {"TERM": "xterm"}, False),
        ("auto", True, True, {"TERM": "xterm"}, False),
        ("auto", True, False, {"TERM": "xterm", "NO_COLOR": ""}, False),
        ("auto", True, False, {"TERM": "dumb"}, False),
        ("auto", True, False, {}, False),
        ("always", False, True, {"NO_COLOR": "1"}, True),
        ("never", True, False, {"TERM": "xterm"}, False),
    ],
)
def test_when_there_are_any(mode, terminal, separately, environment, expected):
    assert wants_color(mode, terminal, separately, environment) is expected
