# SPDX-License-Identifier: BSD-2-Clause
"""seccomp's notifications: receiving one, answering it, putting descriptors into the program.

Source: seccomp_unotify(2); include/uapi/linux/seccomp.h.
"""

from __future__ import annotations

from trapgate.calls.call import Call
from trapgate.calls.errnames import error_name
from trapgate.calls.memory import Fixed, In, Indirect, Shown, Struct, View
from trapgate.calls.requests import EXIT, Addr64, Case, Staged, Stages, look
from trapgate.calls.types import S64, X32, X64, Enum, Fd, Flags, Int, Scalar, Tgid, Type, styled
from trapgate.model.abi import BY_NAME, X86_64
from trapgate.model.abi import X32 as X32_ABI
from trapgate.model.values import AnyValue, Change, Joined, Number, remark

HEADERS = dict.fromkeys(
    ["struct seccomp_data", "struct seccomp_notif", "struct seccomp_notif_resp", "struct seccomp_notif_addfd"],
    "linux/seccomp.h",
)


X32_BIT = 0x40000000


def show_syscall(c: Call, number: int, arch: int) -> AnyValue:
    """``__NR_read`` of the program's own ABI, ``3 /* read */`` of another, the number alone if it has no name."""
    from trapgate import catalog

    shown = Number(str(number), number)
    abi = next((abi for abi in BY_NAME.values() if abi.audit_arch == arch), None)
    if abi is X86_64 and number & X32_BIT:
        abi = X32_ABI
    name = catalog.names(abi.name).get(number) if abi else None
    if abi is None or name is None or c.style == "raw":
        return shown
    return styled(c.style, shown.text, f"__NR_{name}", name) if abi is c.abi else Joined(shown, remark(name))


def show_data(view: View) -> Shown:
    """The call that was made, by the architecture's name for it."""
    shown = view.fields("arch", "instruction_pointer", "args")
    return [("nr", show_syscall(view.call, view.nr & 0xFFFFFFFF, view.arch)), *shown]


class NegatedError(Scalar):
    """An error as the kernel's own code returns it: ``-ENOSYS``."""

    def __init__(self) -> None:
        super().__init__(4, "d", True)

    def decode(self, c: Call, word: int) -> AnyValue | None:
        number = self.number(c, word)
        name = error_name(-number) if number < 0 else None
        return Number(str(number), number) if name is None else styled(c.style, str(number), f"-{name}", f"-{name}")


Data = Struct(
    "struct seccomp_data",
    show=show_data,
    nr=Int,
    arch=Enum("audit_arch"),
    instruction_pointer=Addr64,
    args=Fixed(X64, 6),
)
Notification = Struct("struct seccomp_notif", id=X64, pid=Tgid, flags=X32, data=Data)
Response = Struct(
    "struct seccomp_notif_resp", id=X64, val=S64, error=NegatedError(), flags=Flags("seccomp_ioctl_resp_flags")
)
AddFd = Struct(
    "struct seccomp_notif_addfd",
    id=X64,
    flags=Flags("seccomp_ioctl_addfd_flags"),
    srcfd=Fd,
    newfd=Int,
    newfd_flags=Flags("open_mode_flags"),
)


def tell_notification(c: Call, addr: int) -> Stages:
    """What came; the kernel wants zeros beforehand, so only other bytes are told before."""
    found = look(c, Notification, addr)
    if found is None:
        return c.address(addr)
    before: AnyValue | None = Notification.at(c, addr) if any(found.data) else None
    yield EXIT
    after = Notification.at(c, addr)
    return after if before is None else Change(before, after)


REQUESTS: dict[str, Type | Case | None] = {
    "SECCOMP_IOCTL_NOTIF_RECV": Staged(Notification, tell_notification),
    "SECCOMP_IOCTL_NOTIF_SEND": In(Response),
    "SECCOMP_IOCTL_NOTIF_ID_VALID": In(Indirect(X64)),
    "SECCOMP_IOCTL_NOTIF_ADDFD": In(AddFd),
    "SECCOMP_IOCTL_NOTIF_SET_FLAGS": Flags("seccomp_ioctl_notif_flags", size="long"),
}

WRONG_DIRECTION = 0x80082102
"""SECCOMP_IOCTL_NOTIF_ID_VALID as Linux 5.0…5.16 had it, with the direction the wrong way round."""


def find_case(request: int) -> Case | None:
    """The old number of NOTIF_ID_VALID."""
    return Case(In(Indirect(X64))) if request == WRONG_DIRECTION else None


def name_request(c: Call, request: int) -> tuple[str, bool]:
    """The name programs know the old number by."""
    return ("SECCOMP_IOCTL_NOTIF_ID_VALID_WRONG_DIR", False) if request == WRONG_DIRECTION else ("", False)
