# SPDX-License-Identifier: BSD-2-Clause
"""seccomp: modes, filters, and what the kernel knows of them. Source: seccomp(2), include/uapi/linux/seccomp.h."""

from __future__ import annotations

from trapgate.calls.memory import In, Indirect, Out, Struct
from trapgate.calls.structs_filter import Action, SeccompProgram
from trapgate.calls.types import U16, X32, Addr, Enum, Flags
from trapgate.calls.variants import case, variants

NotifySizes = Struct("struct seccomp_notif_sizes", seccomp_notif=U16, seccomp_notif_resp=U16, seccomp_data=U16)
HEADERS = {"struct seccomp_notif_sizes": "linux/seccomp.h"}

variants(
    "seccomp",
    "operation",
    Enum("seccomp_ops", unknown="SECCOMP_???"),
    {
        "SECCOMP_SET_MODE_FILTER": case(
            flags=Flags("seccomp_filter_flags", unknown="SECCOMP_FILTER_FLAG_???"), args=In(SeccompProgram)
        ),
        "SECCOMP_GET_ACTION_AVAIL": case(flags=X32, args=In(Indirect(Action))),
        "SECCOMP_GET_NOTIF_SIZES": case(flags=X32, args=Out(NotifySizes)),
    },
    case(flags=X32, args=Addr),
    registers=3,
)
