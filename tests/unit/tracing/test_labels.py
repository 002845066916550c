# SPDX-License-Identifier: BSD-2-Clause
"""The names that -N writes before arguments."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from trapgate.model.values import Labelled, Symbol
from trapgate.tracing.labels import label


@pytest.mark.parametrize(
    ("call", "name", "text"),
    [
        ("read", "fd", "fd=A"),
        ("kill", "sig", "signum=A"),
        ("kill", "pid", "pid=A"),
        ("setresgid", "sgid", "suid=A"),
        ("setresuid", "suid", "suid=A"),
        ("rt_sigreturn", "mask", "sigmask=A"),
        ("sigreturn", "mask", "A"),
        ("restart_syscall", "", "A"),
        ("syscall_0x3e7", "arg0", "arg1=A"),
        ("syscall_0x3e7", "arg5", "arg6=A"),
    ],
)
def test_label(call: str, name: str, text: str) -> None:
    c = SimpleNamespace(name=call)
    assert label(c, name, Symbol("A", 1)) == text  # type: ignore[arg-type]


def test_what_bears_its_name_gets_no_second() -> None:
    c = SimpleNamespace(name="clone")
    assert label(c, "flags", Labelled("flags", Symbol("A", 1))) == "flags=A"  # type: ignore[arg-type]
