# SPDX-License-Identifier: BSD-2-Clause
"""trapgate.calls.landlock, lsm and seccomp"""
# ruff: noqa: E501 (a line of output is as long as it is)

import struct

import pytest

ALLOW = struct.pack("<HBBI", 6, 0, 0, 0x7FFF0000)
DENY = struct.pack("<HBBI", 6, 0, 0, 0x50001)
CONTEXT = struct.pack("<4Q3s", 101, 0, 35, 3, b"abc")


@pytest.mark.parametrize(
    ("words", "options", "line"),
    [
        (
            ("landlock_create_ruleset", struct.pack("<QQ", 5, 1), 16, 0),
            {"result": 3, "decode_fds": frozenset({"path"})},
            "landlock_create_ruleset({handled_access_fs=LANDLOCK_ACCESS_FS_EXECUTE|LANDLOCK_ACCESS_FS_READ_FILE, "
            "handled_access_net=LANDLOCK_ACCESS_NET_BIND_TCP}, 16, 0) = 3</tmp/file>",
        ),
        (
            ("landlock_create_ruleset", struct.pack("<QQ", 1, 1), 9, 0),
            {"result": 3},
            "landlock_create_ruleset({handled_access_fs=LANDLOCK_ACCESS_FS_EXECUTE, handled_access_net=LANDLOCK_ACCESS_NET_BIND_TCP}, 9, 0) = 3",
        ),
        (
            ("landlock_create_ruleset", 0, 0, 1),
            {"result": 3, "decode_fds": frozenset({"path"})},
            "landlock_create_ruleset(NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) = 3",
        ),
        (
            ("landlock_add_rule", 3, 1, struct.pack("<Qi", 4, 5), 0),
            {},
            "landlock_add_rule(3, LANDLOCK_RULE_PATH_BENEATH, {allowed_access=LANDLOCK_ACCESS_FS_READ_FILE, parent_fd=5}, 0) = 0",
        ),
        (
            ("landlock_add_rule", 3, 2, struct.pack("<QQ", 2, 80), 0),
            {},
            "landlock_add_rule(3, LANDLOCK_RULE_NET_PORT, {allowed_access=LANDLOCK_ACCESS_NET_CONNECT_TCP, port=80}, 0) = 0",
        ),
        (("landlock_restrict_self", 3, 0), {}, "landlock_restrict_self(3, 0) = 0"),
        (
            ("lsm_get_self_attr", 100, CONTEXT, struct.pack("<I", 35), 0),
            {"result": 1},
            'lsm_get_self_attr(LSM_ATTR_CURRENT, [{id=LSM_ID_SELINUX, flags=0, len=35, ctx_len=3, ctx="\\x61\\x62\\x63"}], [35], 0) = 1',
        ),
        (
            ("lsm_get_self_attr", 100, 0x1234, struct.pack("<I", 35), 0),
            {"result": -7},
            "lsm_get_self_attr(LSM_ATTR_CURRENT, 0x1234, [35], 0) = -1 E2BIG (Argument list too long)",
        ),
        (
            ("lsm_set_self_attr", 100, CONTEXT, 34, 0),
            {},
            'lsm_set_self_attr(LSM_ATTR_CURRENT, {id=LSM_ID_SELINUX, flags=0, len=35, ctx_len=3, ctx="\\x61\\x62"}, 34, 0) = 0',
        ),
        (
            ("lsm_list_modules", struct.pack("<2Q", 100, 101), struct.pack("<I", 16), 0),
            {"result": 2},
            "lsm_list_modules([LSM_ID_CAPABILITY, LSM_ID_SELINUX], [16], 0) = 2",
        ),
        (("seccomp", 0, 0, 0), {}, "seccomp(SECCOMP_SET_MODE_STRICT, 0, NULL) = 0"),
        (
            ("seccomp", 1, 2, struct.pack("<HxxxxxxQ", 2, 0x8000)),
            {"memory": {0x8000: ALLOW + DENY}},
            "seccomp(SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_LOG, {len=2, filter=0x8000}) = 0",
        ),
        (
            ("seccomp", 1, 2, struct.pack("<HxxI", 2, 0x8000)),
            {"memory": {0x8000: ALLOW + DENY}, "full": True, "abi": "i386"},
            "seccomp(SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_LOG, {len=2, filter=[BPF_STMT(BPF_RET|BPF_K, SECCOMP_RET_ALLOW), "
            "BPF_STMT(BPF_RET|BPF_K, SECCOMP_RET_ERRNO|0x1)]}) = 0",
        ),
        (
            ("seccomp", 2, 0, struct.pack("<I", 0x7FFC0000)),
            {},
            "seccomp(SECCOMP_GET_ACTION_AVAIL, 0, [SECCOMP_RET_LOG]) = 0",
        ),
        (
            ("seccomp", 3, 0, struct.pack("<3H", 80, 24, 64)),
            {},
            "seccomp(SECCOMP_GET_NOTIF_SIZES, 0, {seccomp_notif=80, seccomp_notif_resp=24, seccomp_data=64}) = 0",
        ),
    ],
)
def test_lines(shown, words, options, line):
    assert shown(*words, **options).text == line


def test_access_is_a_list(shown):
    data = shown("landlock_create_ruleset", struct.pack("<Q", 5), 8, 0).data
    assert data["attr"] == {"handled_access_fs": ["LANDLOCK_ACCESS_FS_EXECUTE", "LANDLOCK_ACCESS_FS_READ_FILE"]}
