"""Values of ioctl requests, and the sizes of structures they encode, recomputed by the C compiler."""

import os
import re
import shutil
import subprocess
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import pytest

from trapgate import catalog
from trapgate.catalog.constants import Ioctl

INCLUDE = Path("/usr/include")
XEN = "typedef uint16_t domid_t; typedef uint32_t grant_ref_t;"
USB32 = """
struct usbdevfs_ctrltransfer32 { uint8_t a, b; uint16_t c, d, e; uint32_t timeout, data; };
struct usbdevfs_bulktransfer32 { uint32_t ep, len, timeout, data; };
struct usbdevfs_disconnectsignal32 { int32_t signr; uint32_t context; };
struct usbdevfs_ioctl32 { int32_t ifno, ioctl_code; uint32_t data; };
struct usbdevfs_urb32 {
    uint8_t type, endpoint;
    int32_t status; uint32_t flags, buffer; int32_t length, actual, frame, packets, errors; uint32_t signr, context;
} __attribute__((packed));
"""
"""The structures of 32-bit programs, which only the kernel's own headers have (drivers/usb/core/devio.c)."""
BEFORE = {
    "asm-generic/ioctls.h": "#include <asm/termbits.h>\n#include <linux/serial.h>",
    "linux/auto_fs.h": "typedef uint32_t compat_ulong_t;",
    "linux/btrfs.h": "#include <linux/fs.h>",
    "linux/coda.h": "#define _LINUX_TIME_H",
    "linux/fs.h": "#include <linux/fiemap.h>\n#include <linux/blktrace_api.h>",
    "linux/if_bonding.h": "#include <linux/sockios.h>",
    "linux/ivtvfb.h": "#include <linux/videodev2.h>",
    "linux/omap3isp.h": "struct omap3isp_stat_data_time32 { int32_t ts[2]; uint32_t buf, size; uint16_t more[4]; };",
    "linux/ppp-ioctl.h": "#include <linux/filter.h>",
    "linux/raid/md_u.h": "#include <linux/major.h>",
    "linux/sonet.h": "#include <linux/atmioc.h>",
    "linux/usbdevice_fs.h": USB32,
    "linux/vm_sockets.h": "#include <sys/socket.h>",
    "misc/xilinx_sdfec.h": "#include <stdbool.h>",
    "xen/evtchn.h": XEN,
    "xen/gntdev.h": XEN,
}
"""What a header needs before it."""
GROWN = {"AMDKFD_IOC_CREATE_QUEUE"}
"""Requests whose structure is larger in the kernel that the catalogue is of than in the installed headers."""


def by_header() -> dict[str, list[Ioctl]]:
    found: dict[str, list[Ioctl]] = defaultdict(list)
    for request in catalog.ioctls():
        if (INCLUDE / request.header).exists():
            found[request.header].append(request)
    return found


def failed_asserts(header: str, requests: list[Ioctl]) -> tuple[set[str], bool]:
    """The requests whose value is another, and whether the header compiles by itself."""
    lines = [f"#include <{name}>" for name in ("sys/types.h", "stddef.h", "stdint.h", "linux/types.h", "sys/ioctl.h")]
    lines += [BEFORE.get(header, ""), f"#include <{header}>"]
    for request in requests:
        check = f'_Static_assert((unsigned int)({request.name}) == {request.value}u, "{request.name}");'
        lines += [f"#ifdef {request.name}", check, "#endif"]
    done = subprocess.run(
        ["gcc", "-fsyntax-only", "-fmax-errors=0", "-w", "-x", "c", "-"],
        input="\n".join(lines),
        capture_output=True,
        text=True,
        check=False,
    )
    wrong = set(re.findall(r'static assertion failed: "(\w+)"', done.stderr))
    other = [line for line in done.stderr.splitlines() if " error: " in line and "static assertion failed" not in line]
    return wrong, not other


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="the values are those of x86_64")
def test_values_equal_the_compilers() -> None:
    if not shutil.which("gcc"):
        pytest.skip("there is no gcc")
    headers = by_header()
    wrong: set[str] = set()
    broken = []
    for header, requests in headers.items():
        different, compiles = failed_asserts(header, requests)
        wrong |= different
        broken += [] if compiles else [header]
    assert sum(map(len, headers.values())) > 2500
    assert (wrong - GROWN, broken) == (set(), [])


def test_a_wrong_value_is_found() -> None:
    if not shutil.which("gcc"):
        pytest.skip("there is no gcc")
    (request,) = catalog.ioctls("TIOCGWINSZ")
    changed = [replace(request, value=request.value + 1)]
    assert failed_asserts(request.header, changed) == ({"TIOCGWINSZ"}, True)
