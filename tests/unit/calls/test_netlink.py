# SPDX-License-Identifier: BSD-2-Clause
"""trapgate.calls.netlink: messages as sendto shows them, of every protocol."""
# ruff: noqa: E501 (a line of output is as long as it is)

import struct

import pytest

ROUTE, SOCK_DIAG, SELINUX, NETFILTER, UEVENT, GENERIC, CRYPTO = 0, 4, 7, 12, 15, 16, 21
REQUEST = 1


def message(kind: int, payload: bytes = b"", flags: int = REQUEST) -> bytes:
    return struct.pack("<IHHII", 16 + len(payload), kind, flags, 0, 0) + payload


def attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("<HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)


@pytest.fixture
def payload(shown):
    """``payload(protocol, message)``: what stands behind the header, as text."""

    def show(protocol, data, **options):
        text = shown("sendto", 100 + protocol, data, len(data), 0, 0, 0, **options).text
        return text.partition("nlmsg_pid=0}, ")[2].rpartition(f"], {len(data)}, 0, NULL, 0) = ")[0]

    return show


@pytest.mark.parametrize(
    ("protocol", "data", "line"),
    [
        (
            ROUTE,
            message(18, flags=0x301),
            "{nlmsg_len=16, nlmsg_type=RTM_GETLINK, nlmsg_flags=NLM_F_REQUEST|NLM_F_DUMP, nlmsg_seq=0, nlmsg_pid=0}",
        ),
        (
            ROUTE,
            message(1) + message(3, struct.pack("<i", -5), 2),
            "[{nlmsg_len=16, nlmsg_type=NLMSG_NOOP, nlmsg_flags=NLM_F_REQUEST, nlmsg_seq=0, nlmsg_pid=0}, "
            "[{nlmsg_len=20, nlmsg_type=NLMSG_DONE, nlmsg_flags=NLM_F_MULTI, nlmsg_seq=0, nlmsg_pid=0}, -5]]",
        ),
        (
            9,
            message(1000, flags=0),
            "{nlmsg_len=16, nlmsg_type=AUDIT_GET, nlmsg_flags=0, nlmsg_seq=0, nlmsg_pid=0}",
        ),
        (
            6,
            message(0x10, flags=0x401),
            "{nlmsg_len=16, nlmsg_type=XFRM_MSG_NEWSA, nlmsg_flags=NLM_F_REQUEST|NLM_F_CREATE, nlmsg_seq=0, nlmsg_pid=0}",
        ),
        (
            NETFILTER,
            message(10 << 8, flags=0x401),
            "{nlmsg_len=16, nlmsg_type=NFNL_SUBSYS_NFTABLES<<8|NFT_MSG_NEWTABLE, nlmsg_flags=NLM_F_REQUEST|NLM_F_CREATE, nlmsg_seq=0, nlmsg_pid=0}",
        ),
        (ROUTE, b"\1\2", '"\\x01\\x02"'),
        (UEVENT, b"add@/devices", '"add@/devices"'),
    ],
)
def test_messages(shown, protocol, data, line):
    text = shown("sendto", 100 + protocol, data, len(data), 0, 0, 0).text
    assert text == f"sendto({100 + protocol}, {line}, {len(data)}, 0, NULL, 0) = 0"


LINK = struct.pack("<BxHiII", 0, 1, 1, 1, 0)
SHOWN_LINK = (
    '{ifi_family=AF_UNSPEC, ifi_type=ARPHRD_ETHER, ifi_index=if_nametoindex("lo"), ifi_flags=IFF_UP, ifi_change=0}'
)
INET6 = bytes(15) + b"\1"


@pytest.mark.parametrize(
    ("kind", "data", "line"),
    [
        (16, LINK, SHOWN_LINK),
        (16, LINK[:8], "{ifi_family=AF_UNSPEC, ...}"),
        (
            16,
            LINK + attribute(3, b"lo\0") + attribute(0x8004, struct.pack("<I", 1500)),
            SHOWN_LINK
            + ', [[{nla_len=7, nla_type=IFLA_IFNAME}, "lo"], [{nla_len=8, nla_type=NLA_F_NESTED|IFLA_MTU}, 1500]]',
        ),
        (
            16,
            LINK + attribute(18, attribute(1, b"tun\0") + attribute(2, attribute(3, b"\1"))),
            SHOWN_LINK + ', [{nla_len=24, nla_type=IFLA_LINKINFO}, [[{nla_len=8, nla_type=IFLA_INFO_KIND}, "tun"], '
            "[{nla_len=12, nla_type=IFLA_INFO_DATA}, [{nla_len=5, nla_type=IFLA_TUN_TYPE}, IFF_TUN]]]]",
        ),
        (
            20,
            struct.pack("<BBBBI", 2, 8, 0x80, 254, 1) + attribute(1, b"\x7f\0\0\1"),
            '{ifa_family=AF_INET, ifa_prefixlen=8, ifa_flags=IFA_F_PERMANENT, ifa_scope=RT_SCOPE_HOST, ifa_index=if_nametoindex("lo")}, '
            '[{nla_len=8, nla_type=IFA_ADDRESS}, inet_addr("127.0.0.1")]',
        ),
        (
            24,
            struct.pack("<8BI", 10, 0, 0, 0, 254, 3, 0, 1, 0) + attribute(5, INET6),
            "{rtm_family=AF_INET6, rtm_dst_len=0, rtm_src_len=0, rtm_tos=0, rtm_table=RT_TABLE_MAIN, rtm_protocol=RTPROT_BOOT, "
            'rtm_scope=RT_SCOPE_UNIVERSE, rtm_type=RTN_UNICAST, rtm_flags=0}, [{nla_len=20, nla_type=RTA_GATEWAY}, inet_pton(AF_INET6, "::1")]',
        ),
        (
            28,
            struct.pack("<BxxxiHBB", 2, 1, 2, 0, 1) + attribute(2, b"\1\2\3\4\5\6"),
            '{ndm_family=AF_INET, ndm_ifindex=if_nametoindex("lo"), ndm_state=NUD_REACHABLE, ndm_flags=0, ndm_type=RTN_UNICAST}, '
            "[{nla_len=10, nla_type=NDA_LLADDR}, 01:02:03:04:05:06]",
        ),
        (
            32,
            struct.pack("<8BI", 2, 0, 0, 0, 254, 0, 0, 1, 0) + attribute(20, struct.pack("<II", 1, 2)),
            "{family=AF_INET, dst_len=0, src_len=0, tos=0, table=RT_TABLE_MAIN, action=FR_ACT_TO_TBL, flags=0}, "
            "[{nla_len=12, nla_type=FRA_UID_RANGE}, {start=1, end=2}]",
        ),
        (
            36,
            struct.pack("<BxxxiIII", 0, 1, 0, 0, 0) + attribute(1, b"fq\0"),
            '{tcm_family=AF_UNSPEC, tcm_ifindex=if_nametoindex("lo"), tcm_handle=0, tcm_parent=0, tcm_info=0}, '
            '[{nla_len=7, nla_type=TCA_KIND}, "fq"]',
        ),
        (
            92,
            struct.pack("<BxHII", 7, 0, 1, 2) + attribute(1, bytes(12)),
            '{family=AF_BRIDGE, ifindex=if_nametoindex("lo"), filter_mask=1<<IFLA_STATS_LINK_64}, '
            '[{nla_len=16, nla_type=IFLA_STATS_LINK_64}, "\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00"]',
        ),
        (68, b"\2abc", '{family=AF_INET, data="\\x61\\x62\\x63"}'),
    ],
)
def test_route(payload, kind, data, line):
    assert payload(ROUTE, message(kind, data)) == line


SOCKET_ID = struct.pack(">HH", 80, 0) + b"\x7f\0\0\1" + bytes(12 + 16 + 4) + struct.pack("<II", 5, 6)
SHOWN_ID = (
    '{idiag_sport=htons(80), idiag_dport=htons(0), idiag_src=inet_addr("127.0.0.1"), idiag_dst=inet_addr("0.0.0.0"), '
    "idiag_if=0, idiag_cookie=[5, 6]}"
)


@pytest.mark.parametrize(
    ("flags", "data", "line"),
    [
        (
            REQUEST,
            struct.pack("<BBBxI", 2, 6, 0, 2) + SOCKET_ID,
            "{sdiag_family=AF_INET, sdiag_protocol=IPPROTO_TCP, idiag_ext=0, idiag_states=1<<TCP_ESTABLISHED, id="
            + SHOWN_ID
            + "}",
        ),
        (
            0,
            struct.pack("<4B", 2, 10, 0, 0) + SOCKET_ID + struct.pack("<5I", 0, 1, 2, 1000, 7) + attribute(8, b"\1"),
            "{idiag_family=AF_INET, idiag_state=TCP_LISTEN, idiag_timer=0, idiag_retrans=0, id="
            + SHOWN_ID
            + ", idiag_expires=0, idiag_rqueue=1, idiag_wqueue=2, idiag_uid=1000, idiag_inode=7}, "
            "[{nla_len=5, nla_type=INET_DIAG_SHUTDOWN}, 0x1 /* RCV_SHUTDOWN */]",
        ),
        (
            0,
            struct.pack("<4BI2I", 1, 1, 1, 0, 9, 0, 0) + attribute(0, b"\0name\0"),
            "{udiag_family=AF_UNIX, udiag_type=SOCK_STREAM, udiag_state=TCP_ESTABLISHED, udiag_ino=9, udiag_cookie=[0, 0]}, "
            '[{nla_len=10, nla_type=UNIX_DIAG_NAME}, "\\0name"]',
        ),
        (
            REQUEST,
            struct.pack("<BBHIIII", 16, 255, 0, 1, 1, 0, 0),
            "{sdiag_family=AF_NETLINK, sdiag_protocol=NDIAG_PROTO_ALL, ndiag_ino=1, ndiag_show=NDIAG_SHOW_MEMINFO, ndiag_cookie=[0, 0]}",
        ),
        (REQUEST, b"\1", "{family=AF_UNIX}"),
        (REQUEST, b"\2\0\0\0", "{sdiag_family=AF_INET, ...}"),
    ],
)
def test_sock_diag(payload, flags, data, line):
    assert payload(SOCK_DIAG, message(20, data, flags)) == line


@pytest.mark.parametrize(
    ("protocol", "kind", "data", "line"),
    [
        (
            GENERIC,
            16,
            b"\3\1\0\0" + attribute(2, b"nlctrl\0"),
            '{cmd=CTRL_CMD_GETFAMILY, version=1}, [{nla_len=11, nla_type=CTRL_ATTR_FAMILY_NAME}, "nlctrl"]',
        ),
        (GENERIC, 20, b"\3\1\1\0", "{cmd=0x3, version=1, reserved=0x1}"),
        (
            GENERIC,
            16,
            b"\1\1\0\0" + attribute(2, b"devlink\0") + attribute(6, attribute(1, attribute(1, struct.pack("<I", 1)))),
            '{cmd=CTRL_CMD_NEWFAMILY, version=1}, [[{nla_len=12, nla_type=CTRL_ATTR_FAMILY_NAME}, "devlink"], '
            "[{nla_len=16, nla_type=CTRL_ATTR_OPS}, [{nla_len=12, nla_type=0x1}, [{nla_len=8, nla_type=CTRL_ATTR_OP_ID}, DEVLINK_CMD_GET]]]]",
        ),
        (
            NETFILTER,
            0x10,
            b"\0\0\0\x0a",
            "{nfgen_family=AF_UNSPEC, version=NFNETLINK_V0, res_id=htons(10)}",
        ),
        (
            NETFILTER,
            10 << 8,
            b"\2\0\0\x0a" + attribute(1, b"t\0"),
            '{nfgen_family=AF_INET, version=NFNETLINK_V0, res_id=htons(NFNL_SUBSYS_NFTABLES)}, [{nla_len=6, nla_type=0x1}, "\\x74\\x00"]',
        ),
        (SELINUX, 16, struct.pack("<i", 1), "{val=1}"),
        (SELINUX, 17, struct.pack("<I", 7), "{seqno=7}"),
        (
            CRYPTO,
            19,
            struct.pack("<64s64s64s4I", b"sha256", b"", b"", 0, 0, 1, 0) + attribute(1, struct.pack("<I", 9)),
            '{cru_name="sha256", cru_driver_name="", cru_module_name="", cru_type=0, cru_mask=0, cru_refcnt=1, cru_flags=0}, '
            "[{nla_len=8, nla_type=CRYPTOCFGA_PRIORITY_VAL}, 9]",
        ),
        (
            ROUTE,
            2,
            struct.pack("<i", -13) + message(18) + attribute(1, b"no\0"),
            "[{error=-EACCES, msg={nlmsg_len=16, nlmsg_type=RTM_GETLINK, nlmsg_flags=NLM_F_REQUEST, nlmsg_seq=0, nlmsg_pid=0}}, "
            '[{nla_len=7, nla_type=NLMSGERR_ATTR_MSG}, "no"]]',
        ),
    ],
)
def test_other_protocols(payload, protocol, kind, data, line):
    assert payload(protocol, message(kind, data)) == line


def test_udev_has_a_header_of_its_own(shown):
    data = b"libudev\0" + struct.pack(">I", 0xFEEDCAFE) + struct.pack("<3I", 40, 40, 4) + bytes(16) + b"A=B\0"
    text = shown("sendto", 100 + UEVENT, data, len(data), 0, 0, 0).text
    assert '[{prefix="libudev", magic=htonl(0xfeedcafe), header_size=40, properties_off=40, properties_len=4, ' in text
    assert text.endswith('"A=B\\0"], 44, 0, NULL, 0) = 0')


def test_styles(payload):
    data = message(20, struct.pack("<BBBBI", 2, 8, 0, 0, 0))
    assert payload(ROUTE, data, style="raw").startswith("{ifa_family=0x2, ifa_prefixlen=8, ifa_flags=0")
    assert payload(ROUTE, data, style="verbose").startswith("{ifa_family=0x2 /* AF_INET */, ifa_prefixlen=8")


def test_errors_about_errors_end(payload):
    data = message(1)
    for _ in range(500):
        data = message(2, struct.pack("<i", -1) + data)
    assert payload(ROUTE, data, full=True).count("error=-EPERM") == 32


def test_attributes_within_attributes_end(payload):
    data = b""
    for _ in range(500):
        data = struct.pack("<HBBi", 8 + len(data), 0, 0, 0) + data
        data = attribute(9, data)
    text = payload(ROUTE, message(24, struct.pack("<8BI", 2, 0, 0, 0, 0, 0, 0, 0, 0) + data), full=True)
    assert text.count("RTA_MULTIPATH") == 64


def test_unreadable_messages_are_addresses(shown):
    text = shown("sendto", 100, message(18, LINK)[:20], 32, 0, 0, 0).text
    assert text.startswith("sendto(100, [{nlmsg_len=32, nlmsg_type=RTM_GETLINK")
    assert "{ifi_family=AF_UNSPEC, 0x20011}]" in text


def test_json_has_names_and_numbers(shown):
    data = message(16, LINK + attribute(4, struct.pack("<I", 1500)))
    shown_message = shown("sendto", 100, data, len(data), 0, 0, 0).data["buf"]
    assert shown_message == {
        "nlmsg_len": 40,
        "nlmsg_type": "RTM_NEWLINK",
        "nlmsg_flags": ["NLM_F_REQUEST"],
        "nlmsg_seq": 0,
        "nlmsg_pid": 0,
        "payload": {
            "ifi_family": "AF_UNSPEC",
            "ifi_type": "ARPHRD_ETHER",
            "ifi_index": "lo",
            "ifi_flags": ["IFF_UP"],
            "ifi_change": 0,
        },
        "attributes": {"nla_len": 8, "nla_type": "IFLA_MTU", "value": 1500},
    }


@pytest.mark.parametrize("abi", ["x86_64", "i386", "x32"])
def test_messages_are_the_same_in_every_abi(shown, abi):
    data = message(16, LINK + attribute(7, bytes(92)))
    assert "rx_packets=0" in shown("sendto", 100, data, len(data), 0, 0, 0, abi=abi).text
