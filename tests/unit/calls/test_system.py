# SPDX-License-Identifier: BSD-2-Clause
"""trapgate.calls.system"""
# ruff: noqa: E501 (a line of output is as long as it is)

import struct

import pytest


def uts(*names):
    return b"".join(name.encode().ljust(65, b"\0") for name in names)


NAMES = uts("Linux", "host", "6.1", "#1", "x86_64", "(none)")


@pytest.mark.parametrize(
    ("words", "options", "line"),
    [
        (("uname", NAMES), {}, 'uname({sysname="Linux", nodename="host", ...}) = 0'),
        (
            ("uname", NAMES),
            {"full": True},
            'uname({sysname="Linux", nodename="host", release="6.1", version="#1", machine="x86_64", domainname="(none)"}) = 0',
        ),
        (("uname", 0x99), {"result": -14}, "uname(0x99) = -1 EFAULT (Bad address)"),
        (("sethostname", b"abcdef", 3), {}, 'sethostname("abc", 3) = 0'),
        (
            ("setdomainname", b"abcdef", 65),
            {"result": -22},
            "setdomainname(0x10000, 65) = -1 EINVAL (Invalid argument)",
        ),
        (("getrandom", b"\x01\xff", 16, 3), {"result": 2}, r'getrandom("\x01\xff", 16, GRND_NONBLOCK|GRND_RANDOM) = 2'),
        (("syslog", 3, b"<6>x", 10), {"result": 4}, 'syslog(3 /* SYSLOG_ACTION_READ_ALL */, "<6>x", 10) = 4'),
        (("syslog", 8, 0, 7), {}, "syslog(8 /* SYSLOG_ACTION_CONSOLE_LEVEL */, NULL, 7 /* LOGLEVEL_DEBUG */) = 0"),
        (("syslog", 10, 5, 5), {"style": "raw", "result": 9}, "syslog(10) = 9"),
        (
            ("syslog", 77, 5, -1),
            {"result": -22},
            "syslog(77 /* SYSLOG_ACTION_??? */, 0x5, -1) = -1 EINVAL (Invalid argument)",
        ),
        (
            ("reboot", 0xFEE1DEAD, 0x28121969, 0xA1B2C3D4, b"now\0"),
            {"result": -1},
            'reboot(LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_RESTART2, "now") = -1 EPERM (Operation not permitted)',
        ),
        (
            ("reboot", 0xFEE1DEAD, 0x28121969, 0, 0),
            {},
            "reboot(LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_CAD_OFF) = 0",
        ),
        (
            ("kexec_load", 0x10, 1, struct.pack("<4Q", 0x100, 1, 0x200, 2), 0x3E0001),
            {},
            "kexec_load(0x10, 1, [{buf=0x100, bufsz=1, mem=0x200, memsz=2}], KEXEC_ARCH_X86_64|KEXEC_ON_CRASH) = 0",
        ),
        (("kexec_load", 0x10, 17, b"x" * 600, 0), {}, "kexec_load(0x10, 17, 0x30000, KEXEC_ARCH_DEFAULT) = 0"),
        (
            ("kexec_file_load", 3, 4, 4, b"abc\0", 6),
            {},
            r'kexec_file_load(3, 4, 4, "abc\0", KEXEC_FILE_ON_CRASH|KEXEC_FILE_NO_INITRAMFS) = 0',
        ),
        (("finit_module", 3, b"a=1\0", 1), {}, 'finit_module(3, "a=1", MODULE_INIT_IGNORE_MODVERSIONS) = 0'),
        (("init_module", 0x10, 5, b"\0"), {}, 'init_module(0x10, 5, "") = 0'),
        (
            ("delete_module", b"ext4\0", 0x800),
            {"result": -11},
            'delete_module("ext4", O_NONBLOCK) = -1 EAGAIN (Resource temporarily unavailable)',
        ),
        (("lookup_dcookie", 7, b"/a", 10), {"result": 2}, 'lookup_dcookie(7, "/a", 10) = 2'),
        (("lookup_dcookie", 7, 1, b"/a", 10), {"abi": "i386", "result": 2}, 'lookup_dcookie(4294967303, "/a", 10) = 2'),
        (("vhangup",), {}, "vhangup() = 0"),
        (
            ("_sysctl", struct.pack("<Qi4xQQQQ32x", 0x10, 2, 0, 0, 0, 9)),
            {"result": -38},
            "_sysctl({name=0x10, nlen=2, oldval=NULL, oldlenp=NULL, newval=NULL, newlen=9}) = -1 ENOSYS (Function not implemented)",
        ),
    ],
)
def test_lines(shown, words, options, line):
    assert shown(*words, **options).text == line


FIELDS = "uptime=1, loads=[2, 3, 4], totalram=5, freeram=6, sharedram=7, bufferram=8, totalswap=9, freeswap=10, procs=11, totalhigh=12, freehigh=13, mem_unit=14"


@pytest.mark.parametrize(
    ("abi", "data"),
    [
        ("x86_64", struct.pack("<10QHH4xQQI4x", *range(1, 11), 11, 0, 12, 13, 14)),
        ("i386", struct.pack("<10IHHIII8x", *range(1, 11), 11, 0, 12, 13, 14)),
    ],
)
def test_sysinfo_has_the_layout_of_the_abi(shown, abi, data):
    assert len(data) == {"x86_64": 112, "i386": 64}[abi]
    assert shown("sysinfo", data, abi=abi).text == f"sysinfo({{{FIELDS}}}) = 0"
