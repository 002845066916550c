# SPDX-License-Identifier: BSD-2-Clause
"""The machine as a whole: its names, its log, random bytes, modules, other kernels, restarting.

Source: uname(2), sysinfo(2), syslog(2), getrandom(2), reboot(2), init_module(2), kexec_load(2),
sysctl(2); ``include/uapi/linux/{utsname,sysinfo,kexec,sysctl}.h``.
"""

from __future__ import annotations

from collections.abc import Iterator

from trapgate.calls.call import Call
from trapgate.calls.describe import EXIT, Yield, call, decoder
from trapgate.calls.memory import RESULT, Array, Bytes, CharArray, Fixed, In, Out, Str, String_, Struct
from trapgate.calls.tables import load
from trapgate.calls.types import (
    U16,
    Addr,
    Enum,
    EnumFlags,
    ExplainedEnum,
    Fd,
    Flags,
    Int,
    KULong,
    OnlyIf,
    Scalar,
    UInt,
    ULong,
    Unsigned64,
    truncate,
)
from trapgate.model.abi import Abi
from trapgate.model.values import AnyValue

# --- names ----------------------------------------------------------------------------------

NAME_MAX = 64
"""The most bytes of a host's name: __NEW_UTS_LEN."""

Name = CharArray(NAME_MAX + 1)
UtsName = Struct(
    "struct new_utsname",
    brief=("sysname", "nodename"),
    sysname=Name,
    nodename=Name,
    release=Name,
    version=Name,
    machine=Name,
    domainname=Name,
)
call("uname", buf=Out(UtsName))


class HostName(In):
    """A name that may be set: its bytes, unless there are more than the kernel takes."""

    def __init__(self) -> None:
        super().__init__(Bytes("len"))

    def decode(self, c: Call, word: int) -> AnyValue | None:
        return super().decode(c, word) if truncate(c.word("len"), 4, False) <= NAME_MAX else Addr.decode(c, word)


call("sethostname setdomainname", name=HostName(), len=UInt)

# --- numbers --------------------------------------------------------------------------------


class TailPadding(Scalar):
    """``char _f[20-2*sizeof(long)-sizeof(int)]``: nothing where a long has 8 bytes."""

    def __init__(self) -> None:
        super().__init__(0)

    def size(self, abi: Abi) -> int:
        return 20 - 2 * abi.word - 4

    def align(self, abi: Abi) -> int:
        return 1


SysInfo = Struct(
    "struct sysinfo",
    uptime=ULong,
    loads=Fixed(ULong, 3),
    totalram=ULong,
    freeram=ULong,
    sharedram=ULong,
    bufferram=ULong,
    totalswap=ULong,
    freeswap=ULong,
    procs=U16,
    _pad=U16,
    totalhigh=ULong,
    freehigh=ULong,
    mem_unit=UInt,
    _f=TailPadding(),
)
call("sysinfo", info=Out(SysInfo))
call(
    "getrandom",
    buf=Out(Bytes(RESULT, hexadecimal=True)),
    buflen=KULong,
    flags=Flags("getrandom_flags", unknown="GRND_???"),
)

SysctlArgs = Struct(
    "struct __sysctl_args",
    show=lambda view: view.fields("name", "nlen", "oldval", "oldlenp", "newval", "newlen"),
    name=Addr,
    nlen=Int,
    oldval=Addr,
    oldlenp=Addr,
    newval=Addr,
    newlen=ULong,
    __unused=Fixed(ULong, 4),
)
call("_sysctl", args=In(SysctlArgs), abis="x86_64 i386")

# --- the kernel's log -----------------------------------------------------------------------

LogAction = ExplainedEnum("syslog_action_type", base="d", signed=True)
ConsoleLevel = ExplainedEnum("syslog_console_levels", base="d", signed=True)


def _actions(names: str) -> frozenset[int]:
    table = load("syslog_action_type").by_name
    return frozenset(table[f"SYSLOG_ACTION_{name}"] for name in names.split())


@decoder("syslog", type__=LogAction, bufp=Out(Bytes(RESULT)), len=Int, plannable=True)
def syslog(c: Call) -> Iterator[Yield]:
    """The action decides whether there are other arguments, and what the last one means."""
    action = c.s32(0)
    yield "type", LogAction.value(c, action)
    if action in _actions("CLOSE OPEN CLEAR CONSOLE_OFF CONSOLE_ON SIZE_UNREAD SIZE_BUFFER"):
        return
    if action not in _actions("READ READ_ALL READ_CLEAR"):
        yield "bufp", Addr.value(c, c.args[1])
        level = action in _actions("CONSOLE_LEVEL")
        yield "len", (ConsoleLevel if level else Int).value(c, c.args[2])
        return
    yield EXIT
    yield "bufp", Out(Bytes(RESULT)).value(c, c.args[1])
    yield "len", Int.value(c, c.args[2])


# --- restarting -----------------------------------------------------------------------------


def _has_command(c: Call) -> bool:
    return c.u32(2) == load("bootflags3").by_name["LINUX_REBOOT_CMD_RESTART2"]


call(
    "reboot",
    magic=Enum("bootflags1", unknown="LINUX_REBOOT_MAGIC1???"),
    magic2=Enum("bootflags2", unknown="LINUX_REBOOT_MAGIC2???"),
    op=Enum("bootflags3"),
    arg=OnlyIf(_has_command, In(Str(limit=255))),
)

SEGMENTS_MAX = 16
KEXEC_ARCH = 0xFFFF0000
KexecSegment = Struct("struct kexec_segment", buf=Addr, bufsz=ULong, mem=Addr, memsz=ULong)


class Segments(Array):
    """The parts of a kernel to be; more than the kernel takes are not looked at."""

    def elements(self, c: Call, addr: int, count: int) -> AnyValue:
        return c.address(addr) if count > SEGMENTS_MAX else super().elements(c, addr, count)


call(
    "kexec_load",
    entry=Addr,
    nr_segments=KULong,
    segments=In(Segments(KexecSegment, "nr_segments")),
    flags=EnumFlags(
        Enum("kexec_arch_values", size="kernel"),
        Flags("kexec_load_flags", size="kernel"),
        KEXEC_ARCH,
        size="kernel",
    ),
)
call(
    "kexec_file_load",
    kernel_fd=Fd,
    initrd_fd=Fd,
    cmdline_len=KULong,
    cmdline=In(Bytes("cmdline_len")),
    flags=Flags("kexec_file_load_flags", unknown="KEXEC_FILE_???", size="kernel"),
    abis="x86_64 x32 aarch64",
)

# --- modules --------------------------------------------------------------------------------

call("init_module", module_image=Addr, len=KULong, param_values=String_)
call(
    "finit_module",
    fd=Fd,
    param_values=String_,
    flags=Flags("module_init_flags", unknown="MODULE_INIT_???"),
)
call("delete_module", name=String_, flags=Flags("delete_module_flags", unknown="O_???"))

HEADERS = {
    "struct new_utsname": "linux/utsname.h",
    "struct sysinfo": "linux/sysinfo.h",
    "struct __sysctl_args": "linux/sysctl.h",
    "struct kexec_segment": "",
}

call("lookup_dcookie", cookie=Unsigned64, buffer=Out(Bytes(RESULT)), len=KULong)
call("vhangup")
