# SPDX-License-Identifier: BSD-2-Clause
"""What this machine and this user let each source do, found by trying it, and what would mend the rest.

Nothing is concluded from a kernel's version, for distributions backport: each check does the thing on a
small scale (loads a two-instruction program, traces a child of its own) or reads the kernel's own file.
"""

from __future__ import annotations

import ctypes
import errno
import importlib
import importlib.util
import os
import platform
import signal
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ("SOURCES", "Ability", "Check", "check_source")

CAPABILITIES = {
    "CAP_SYS_PTRACE": 19,
    "CAP_SYS_ADMIN": 21,
    "CAP_AUDIT_CONTROL": 30,
    "CAP_AUDIT_READ": 37,
    "CAP_PERFMON": 38,
    "CAP_BPF": 39,
}
"""Bits of `CapEff`. Source: include/uapi/linux/capability.h."""

BPF_NUMBERS = {"x86_64": 321, "aarch64": 280, "riscv64": 280, "i686": 357, "s390x": 351, "ppc64le": 361}
"""The number of bpf(2) for each `uname -m`: the C library has no function for it."""
BPF_MAP_CREATE, BPF_PROG_LOAD, BPF_RAW_TRACEPOINT_OPEN = 0, 5, 17
BPF_MAP_TYPE_RINGBUF, BPF_PROG_TYPE_RAW_TRACEPOINT = 27, 17
RETURN_0 = bytes.fromhex("b700000000000000 9500000000000000")
"""The BPF program `r0 = 0; exit`."""

PTRACE_SEIZE, PTRACE_INTERRUPT, PTRACE_GET_SYSCALL_INFO = 0x4206, 0x4207, 0x420E
NETLINK_AUDIT, AUDIT_GET = 9, 1000
NLM_F_REQUEST = 0x1

AS_ROOT = "run it as root: sudo trapgate ..."


@dataclass(frozen=True, slots=True)
class Check:
    """One thing a source needs: `found` says how it stands, `remedy` what mends it when it is not `ok`."""

    need: str
    ok: bool
    found: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Ability:
    """The checks of one source, in the order in which a user should mend them."""

    source: str
    checks: tuple[Check, ...]

    @property
    def works(self) -> bool:
        """Whether nothing is missing."""
        return all(check.ok for check in self.checks)


def check_source(source: str) -> Ability:
    """What `source`, one of `SOURCES`, needs, and which of it is here."""
    return Ability(source, tuple(SOURCES[source]()))


def check_bpf() -> Iterator[Check]:
    """What the bpf source needs; its own programs are tried where nothing else is missing."""
    needs = [
        check_core(),
        check_libbpf(),
        check_capabilities("CAP_BPF", "CAP_PERFMON", instead="CAP_SYS_ADMIN"),
        check_lockdown(),
        check_btf(),
        *check_bpf_calls(),
    ]
    yield from needs
    if all(check.ok for check in needs):
        yield check_objects()


def check_ptrace() -> Iterator[Check]:
    """What the ptrace source needs."""
    yield check_core()
    yield check_ptrace_child()
    yield check_attach()


def check_uprobe() -> Iterator[Check]:
    """What the uprobe source needs."""
    yield check_present("uprobe")
    lacking = [check.need for check in check_bpf() if not check.ok]
    found = f"it lacks: {'; '.join(lacking)}" if lacking else "yes"
    yield Check("the bpf source works", not lacking, found, "see: trapgate doctor --source bpf")
    pmu = Path("/sys/bus/event_source/devices/uprobe/type")
    yield file_check("the kernel has uprobes", pmu, "a kernel with CONFIG_UPROBE_EVENTS")


def check_audit() -> Iterator[Check]:
    """What the audit source needs."""
    yield check_present("audit")
    yield check_capabilities("CAP_AUDIT_CONTROL", "CAP_AUDIT_READ")
    yield check_audit_reply()


SOURCES = {"bpf": check_bpf, "ptrace": check_ptrace, "uprobe": check_uprobe, "audit": check_audit}
"""The sources, the best first, and what lists the needs of each."""


def check_present(source: str) -> Check:
    """Whether this version of trapgate has `source` at all."""
    here = importlib.util.find_spec(f"trapgate.sources.{source}") is not None
    return Check("trapgate has this source", here, "yes" if here else "not in this version", "use bpf or ptrace")


def check_core() -> Check:
    """Whether the C extension was built, for this Python."""
    need, remedy = "the C extension is built", "install trapgate again: pip install ."
    try:
        module = importlib.import_module("trapgate._core")
    except ImportError as error:
        return Check(need, False, str(error), remedy)
    return Check(need, True, str(module.__file__), remedy)


def check_objects() -> Check:
    """Loads trapgate's own BPF programs, and takes them out again."""
    need, remedy = "the kernel takes trapgate's programs", "report it, with what this command prints"
    files = sorted((Path(__file__).parent.parent / "core" / "bpf").glob("*.bpf.o"))
    if not files:
        return Check(need, False, "they were not built", "install trapgate again: pip install .")
    from trapgate.sources.libbpf import BpfObject, messages

    for file in files:
        program = None
        try:
            program = BpfObject(file.read_bytes())
            program.load()
        except OSError as error:
            remedy = {errno.EPERM: AS_ROOT, errno.EMFILE: "allow more open files: ulimit -n 64"}.get(
                error.errno or 0, remedy
            )
            said = f" ({messages[-1].strip()})" if messages else ""
            return Check(need, False, f"{file.name}: {error}{said}", remedy)
        finally:
            if program:
                program.close()
    return Check(need, True, ", ".join(file.name for file in files), remedy)


def check_libbpf() -> Check:
    """Whether the loader's library is installed."""
    need, remedy = "libbpf.so.1 is installed", "apt-get install libbpf1 (Fedora: dnf install libbpf)"
    try:
        ctypes.CDLL("libbpf.so.1")
    except OSError as error:
        return Check(need, False, str(error), remedy)
    return Check(need, True, "yes", remedy)


def check_capabilities(*names: str, instead: str = "") -> Check:
    """Whether all of `names`, or `instead`, are in the effective set, and count outside this user namespace."""
    held = read_capabilities()
    lacking = [name for name in names if name not in held]
    need = " and ".join(names)
    if lacking and instead not in held:
        found = "not held" if len(lacking) == len(names) else f"{' and '.join(lacking)} not held"
        return Check(need, False, found, AS_ROOT)
    if not in_first_user_namespace():
        remedy = "run it outside the container, or in one without a user namespace (docker --privileged)"
        return Check(need, False, "held in a user namespace only, where the kernel does not count it", remedy)
    return Check(need, True, "held", AS_ROOT)


def check_lockdown() -> Check:
    """Whether the kernel is locked down so far that programs may not read memory."""
    modes = read_text("/sys/kernel/security/lockdown")
    ok = "[confidentiality]" not in modes
    found = modes or "not in use"
    return Check("the kernel's lockdown allows BPF", ok, found, "boot with lockdown=integrity, or without Secure Boot")


def check_btf() -> Check:
    """Whether the kernel describes its own types."""
    remedy = "a kernel with CONFIG_DEBUG_INFO_BTF=y, or use --source ptrace"
    return file_check("the kernel describes its types", Path("/sys/kernel/btf/vmlinux"), remedy)


def check_bpf_calls() -> Iterator[Check]:
    """Creates a ring buffer, and loads and attaches a program that does nothing."""
    # The kernel wants a power of two of whole pages.
    ring = bpf(BPF_MAP_CREATE, struct.pack("5I", BPF_MAP_TYPE_RINGBUF, 0, 0, os.sysconf("SC_PAGE_SIZE"), 0))
    yield call_check("a ring buffer can be made", ring, {errno.EINVAL: "a kernel of 5.8 or later (CONFIG_BPF_SYSCALL)"})
    code, licence = ctypes.create_string_buffer(RETURN_0), ctypes.create_string_buffer(b"Dual BSD/GPL")
    count = len(RETURN_0) // 8
    addresses = ctypes.addressof(code), ctypes.addressof(licence)
    load = struct.pack("2I2Q2IQ2I16x", BPF_PROG_TYPE_RAW_TRACEPOINT, count, *addresses, 0, 0, 0, 0, 0)
    program = bpf(BPF_PROG_LOAD, load)
    yield call_check("a tracepoint program can be loaded", program, {errno.EINVAL: "a kernel with CONFIG_BPF_EVENTS=y"})
    if program >= 0:
        name = ctypes.create_string_buffer(b"sys_enter")
        link = bpf(BPF_RAW_TRACEPOINT_OPEN, struct.pack("QI4x", ctypes.addressof(name), program))
        remedies = {errno.ENOENT: "a kernel with CONFIG_FTRACE_SYSCALLS=y"}
        yield call_check("a program can be attached to sys_enter", link, remedies)
        close(link)
    close(program)
    close(ring)


def check_ptrace_child() -> Check:
    """Seizes a child of its own, stops it and asks for the call it is in."""
    need = "a program that it starts can be traced"
    child = os.fork()
    if child == 0:
        while True:
            signal.pause()
    try:
        failed = seize_and_ask(child)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    if not failed:
        return Check(need, True, "yes", "")
    request, number = failed
    remedies = {
        errno.EPERM: "allow ptrace here: docker run --cap-add SYS_PTRACE, or sysctl kernel.yama.ptrace_scope=1",
        errno.EIO: "a kernel of 5.3 or later",
    }
    return Check(need, False, f"{request}: {os.strerror(number)}", remedies.get(number, AS_ROOT))


def seize_and_ask(child: int) -> tuple[str, int] | None:
    """The request that failed and its error number, None when all of them worked."""
    libc = ctypes.CDLL(None, use_errno=True)
    words = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)
    libc.ptrace.argtypes, libc.ptrace.restype = words, ctypes.c_long
    for request, name in ((PTRACE_SEIZE, "PTRACE_SEIZE"), (PTRACE_INTERRUPT, "PTRACE_INTERRUPT")):
        if libc.ptrace(request, child, None, None) < 0:
            return name, ctypes.get_errno()
    os.waitpid(child, 0)
    info = ctypes.create_string_buffer(128)
    if libc.ptrace(PTRACE_GET_SYSCALL_INFO, child, len(info), info) < 0:
        return "PTRACE_GET_SYSCALL_INFO", ctypes.get_errno()
    return None


def check_attach() -> Check:
    """Whether `-p` may attach to a program that is already running."""
    need, scope = "a running program can be attached to (-p)", read_text("/proc/sys/kernel/yama/ptrace_scope")
    allowed = scope in ("", "0") or (scope in ("1", "2") and "CAP_SYS_PTRACE" in read_capabilities())
    found = f"kernel.yama.ptrace_scope = {scope}" if scope else "no restriction by yama"
    if os.geteuid() != 0:
        found += "; programs of this user only"
    remedy = "sysctl kernel.yama.ptrace_scope=0, or as root" if scope != "3" else "boot with ptrace_scope below 3"
    return Check(need, allowed, found, remedy)


def check_audit_reply() -> Check:
    """Asks the kernel's audit subsystem for its state."""
    need, remedy = "the kernel's audit answers", "a kernel with CONFIG_AUDIT=y, outside a container"
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_AUDIT) as link:
            link.settimeout(1)
            link.send(struct.pack("IHHII", 16, AUDIT_GET, NLM_F_REQUEST, 1, 0))
            answer = link.recv(4096)
    except OSError as error:
        return Check(need, False, error.strerror or str(error), remedy)
    _, kind, _, _, _ = struct.unpack_from("IHHII", answer)
    if kind != AUDIT_GET:
        (status,) = struct.unpack_from("i", answer, 16)
        return Check(need, False, os.strerror(-status), remedy)
    _, enabled, _, daemon = struct.unpack_from("4I", answer, 16)
    return Check(need, True, f"enabled = {enabled}" + (f", auditd is process {daemon}" if daemon else ""), remedy)


def file_check(need: str, file: Path, remedy: str) -> Check:
    """Whether `file` is there and may be read."""
    ok = os.access(file, os.R_OK)
    return Check(need, ok, str(file) if ok else f"{file} is missing or unreadable", remedy)


def call_check(need: str, result: int, remedies: dict[int, str]) -> Check:
    """The check of a call that gave `result`, an fd or a negative error number."""
    if result >= 0:
        return Check(need, True, "yes", "")
    found = f"bpf: {os.strerror(-result)}"
    if result == -errno.EPERM:
        limit = read_text("/proc/sys/kernel/unprivileged_bpf_disabled")
        found += f" (kernel.unprivileged_bpf_disabled = {limit})" if limit else ""
    return Check(need, False, found, remedies.get(-result, AS_ROOT))


def bpf(command: int, attributes: bytes) -> int:
    """The result of bpf(2): an fd, or a negative error number."""
    number = BPF_NUMBERS.get(platform.machine())
    if number is None:
        return -errno.ENOSYS
    libc = ctypes.CDLL(None, use_errno=True)
    buffer = ctypes.create_string_buffer(attributes, len(attributes))
    result = int(libc.syscall(ctypes.c_long(number), command, buffer, len(attributes)))
    return result if result >= 0 else -ctypes.get_errno()


def close(fd: int) -> None:
    """Closes `fd`, unless it is an error number."""
    if fd >= 0:
        os.close(fd)


def read_capabilities() -> set[str]:
    """The names in `CAPABILITIES` that are effective."""
    status = read_text("/proc/self/status")
    effective = next((int(line.split()[1], 16) for line in status.splitlines() if line.startswith("CapEff:")), 0)
    return {name for name, bit in CAPABILITIES.items() if effective >> bit & 1}


def in_first_user_namespace() -> bool:
    """Whether user ids here are the machine's own."""
    return read_text("/proc/self/uid_map").split() in ([], ["0", "0", "4294967295"])


def read_text(path: str) -> str:
    """The stripped text of a small file of the kernel, empty when it cannot be read."""
    try:
        with open(path) as file:
            return file.read().strip()
    except OSError:
        return ""
