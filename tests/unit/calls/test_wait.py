# SPDX-License-Identifier: BSD-2-Clause
"""trapgate.calls.wait"""
# ruff: noqa: E501 (a line of output is as long as it is)

import struct

import pytest

WIDE_USAGE = struct.pack("<4q14q", 1, 2, 3, 4, *range(14))
CHILD = struct.pack("<iii4xiii4xqq", 17, 0, 1, 9, 0, 42, 150, 0).ljust(128, b"\0")


def status(number):
    return struct.pack("<I", number)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0x2A00, "{WIFEXITED(s) && WEXITSTATUS(s) == 42}"),
        (0x0A, "{WIFSIGNALED(s) && WTERMSIG(s) == SIGUSR1}"),
        (0x8B, "{WIFSIGNALED(s) && WTERMSIG(s) == SIGSEGV && WCOREDUMP(s)}"),
        (0x137F, "{WIFSTOPPED(s) && WSTOPSIG(s) == SIGSTOP}"),
        (0x857F, "{WIFSTOPPED(s) && WSTOPSIG(s) == SIGTRAP | 0x80}"),
        (0x4057F, "{WIFSTOPPED(s) && WSTOPSIG(s) == SIGTRAP}|PTRACE_EVENT_EXEC<<16"),
        (0xFFFF, "{WIFCONTINUED(s)}"),
    ],
)
def test_status(shown, number, text):
    assert shown("wait4", -1, status(number), 0, 0, result=9).text == f"wait4(-1, [{text}], 0, NULL) = 9"


@pytest.mark.parametrize(
    ("words", "options", "line"),
    [
        (("wait4", 0, 0x50, 1, 0x60), {}, "wait4(0, 0x50, WNOHANG, 0x60) = 0"),
        (
            ("wait4", -1, 0, 0, WIDE_USAGE),
            {"result": 9},
            "wait4(-1, NULL, 0, {ru_utime={tv_sec=1, tv_usec=2}, ru_stime={tv_sec=3, tv_usec=4}, ...}) = 9",
        ),
        (("wait4", -1, 0x50, 0, 0), {"result": -10}, "wait4(-1, 0x50, 0, NULL) = -1 ECHILD (No child processes)"),
        (
            ("wait4", -5, 0, 0, 0),
            {"result": 9, "decode_pids": frozenset({"pidns"})},
            "wait4(-5<pgid>, NULL, 0, NULL) = 9<tgid>",
        ),
        (
            ("waitpid", 7, status(0), 2),
            {"abi": "i386", "result": 7},
            "waitpid(7, [{WIFEXITED(s) && WEXITSTATUS(s) == 0}], WSTOPPED) = 7",
        ),
        (
            ("waitid", 1, 9, CHILD, 4, 0),
            {},
            "waitid(P_PID, 9, {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=9, si_uid=0, si_status=42, si_utime=150 /* 1.50 s */, si_stime=0}, WEXITED, NULL) = 0",
        ),
        (
            ("waitid", 3, 3, 0, 4, 0),
            {"decode_fds": frozenset({"path"})},
            "waitid(P_PIDFD, 3</tmp/file>, NULL, WEXITED, NULL) = 0",
        ),
        (
            ("waitid", 0, 5, 0x10, 4, 0),
            {"result": -10},
            "waitid(P_ALL, 5, 0x10, WEXITED, NULL) = -1 ECHILD (No child processes)",
        ),
    ],
)
def test_lines(shown, words, options, line):
    assert shown(*words, **options).text == line
