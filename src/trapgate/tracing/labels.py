# SPDX-License-Identifier: BSD-2-Clause
"""What -N calls an argument, where strace's name is not the manual's.

Events carry the manual's names, which are in the descriptions; only lines have these. Found by tracing every
number of both ABIs with strace 7.2 -N.
"""

from __future__ import annotations

from trapgate.calls.call import Call
from trapgate.model.values import AnyValue, Labelled

_SIGNAL = {"sig": "signum"}
_GROUPS = {"rgid": "ruid", "egid": "euid", "sgid": "suid"}
_LABELS: dict[str, dict[str, str]] = {
    **dict.fromkeys(("kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_send_signal"), _SIGNAL),
    **dict.fromkeys(("setregid", "setresgid", "getresgid", "setregid32", "setresgid32", "getresgid32"), _GROUPS),
    **{name: {"fsgid": "fsuid"} for name in ("setfsgid", "setfsgid32")},
    **{name: {"gid": "uid"} for name in ("setgid", "setgid32")},
    "rt_sigsuspend": {"mask": "set"},
    "rt_sigreturn": {"mask": "sigmask"},
    "sigreturn": {"mask": ""},
    "set_robust_list": {"head": "addr", "len": "length"},
    "mq_unlink": {"name": "path"},
    "stime": {"t": "tloc"},
    "nice": {"inc": "increment"},
}


def label(c: Call, name: str, value: AnyValue) -> str:
    """The argument ``name`` of ``c`` as -N writes it: ``fd=3``; without a name where strace has none."""
    found = "" if isinstance(value, Labelled) else find_label(c, name)
    return f"{found}={value.text}" if found else value.text


def find_label(c: Call, name: str) -> str:
    """The name that stands before the value of ``name``; empty if none does."""
    if c.name.startswith("syscall_0x"):
        return f"arg{int(name.removeprefix('arg')) + 1}"  # counted from 1
    return _LABELS.get(c.name, {}).get(name, name)
