# SPDX-License-Identifier: BSD-2-Clause
"""trapgate.calls.keys"""
# ruff: noqa: E501 (a line of output is as long as it is)

import struct

import pytest

PARAMS = struct.pack("<iII28x", -2, 3, 2)


@pytest.mark.parametrize(
    ("words", "options", "line"),
    [
        (
            ("add_key", b"user\0", b"name\0", b"secret", 6, -3),
            {"result": 77},
            'add_key("user", "name", "secret", 6, KEY_SPEC_SESSION_KEYRING) = 77',
        ),
        (
            ("request_key", b"user\0", b"name\0", 0, 5),
            {"result": -126},
            'request_key("user", "name", NULL, 5) = -1 ENOKEY (Required key not available)',
        ),
        (("keyctl", 0, -4, 1), {"result": 9}, "keyctl(KEYCTL_GET_KEYRING_ID, KEY_SPEC_USER_KEYRING, 1) = 9"),
        (("keyctl", 2, 9, b"new", 3), {}, 'keyctl(KEYCTL_UPDATE, 9, "new", 3) = 0'),
        (("keyctl", 3, 9), {}, "keyctl(KEYCTL_REVOKE, 9) = 0"),
        (("keyctl", 4, 9, -1, 5), {}, "keyctl(KEYCTL_CHOWN, 9, -1, 5) = 0"),
        (("keyctl", 5, 9, 0x01000002), {}, "keyctl(KEYCTL_SETPERM, 9, KEY_POS_VIEW|KEY_OTH_READ) = 0"),
        (
            ("keyctl", 6, 9, b"user;0;0;3f;x\0", 32),
            {"result": 14},
            'keyctl(KEYCTL_DESCRIBE, 9, "user;0;0;3f;x", 32) = 14',
        ),
        (("keyctl", 6, 9, b"user\0", 2), {"result": 5}, 'keyctl(KEYCTL_DESCRIBE, 9, "us", 2) = 5'),
        (("keyctl", 11, 9, b"ab\0", 3), {"result": 3}, r'keyctl(KEYCTL_READ, 9, "ab\0", 3) = 3'),
        (
            ("keyctl", 11, 9, 0x50, 3),
            {"result": -13},
            "keyctl(KEYCTL_READ, 9, 0x50, 3) = -1 EACCES (Permission denied)",
        ),
        (
            ("keyctl", 10, -3, b"user\0", b"x\0", 0),
            {"result": 9},
            'keyctl(KEYCTL_SEARCH, KEY_SPEC_SESSION_KEYRING, "user", "x", 0) = 9',
        ),
        (("keyctl", 14, 1), {}, "keyctl(KEYCTL_SET_REQKEY_KEYRING, KEY_REQKEY_DEFL_THREAD_KEYRING) = 0"),
        (("keyctl", 19, 9, 10, 126, 0), {}, "keyctl(KEYCTL_REJECT, 9, 10, ENOKEY, 0) = 0"),
        (("keyctl", 18), {}, "keyctl(KEYCTL_SESSION_TO_PARENT) = 0"),
        (
            ("keyctl", 30, 9, -1, -2, 1),
            {},
            "keyctl(KEYCTL_MOVE, 9, KEY_SPEC_THREAD_KEYRING, KEY_SPEC_PROCESS_KEYRING, KEYCTL_MOVE_EXCL) = 0",
        ),
        (
            ("keyctl", 31, b"\x03\x01\x09", 8),
            {"result": 3},
            "keyctl(KEYCTL_CAPABILITIES, [KEYCTL_CAPS0_CAPABILITIES|KEYCTL_CAPS0_PERSISTENT_KEYRINGS, KEYCTL_CAPS1_NS_KEYRING_NAME, 0x9], 8) = 3",
        ),
        (
            ("keyctl", 25, PARAMS, b"enc=raw\0", b"abc", b"zy"),
            {"result": 2},
            'keyctl(KEYCTL_PKEY_ENCRYPT, {key_id=KEY_SPEC_PROCESS_KEYRING, in_len=3, out_len=2}, "enc=raw", "abc", "zy") = 2',
        ),
        (
            ("keyctl", 28, PARAMS, 0, b"abc", b"zy"),
            {"result": -129},
            'keyctl(KEYCTL_PKEY_VERIFY, {key_id=KEY_SPEC_PROCESS_KEYRING, in_len=3, in2_len=2}, NULL, "abc", "zy") = -1 EKEYREJECTED (Key was rejected by service)',
        ),
        (
            ("keyctl", 24, 9, 0, 0, struct.pack("<IIHHHH40x", 5, 2048, 1, 2, 3, 4)),
            {},
            "keyctl(KEYCTL_PKEY_QUERY, 9, 0, NULL, {supported_ops=KEYCTL_SUPPORTS_ENCRYPT|KEYCTL_SUPPORTS_SIGN, key_size=2048, max_data_size=1, max_sig_size=2, max_enc_size=3, max_dec_size=4}) = 0",
        ),
        (
            ("keyctl", 99, 1, 2, 3, 4),
            {"result": -95},
            "keyctl(0x63 /* KEYCTL_??? */, 0x1, 0x2, 0x3, 0x4) = -1 EOPNOTSUPP (Operation not supported)",
        ),
    ],
)
def test_lines(shown, words, options, line):
    assert shown(*words, **options).text == line


@pytest.mark.parametrize(("abi", "pointer"), [("x86_64", "Q"), ("i386", "I")])
def test_a_derivation_is_told_after_a_failure(shown, abi, pointer):
    derivation = struct.pack(f"<2{pointer}I36x", 0x70000, 0, 0)
    line = shown(
        "keyctl",
        23,
        struct.pack("<3i", 1, 2, -1),
        0x10,
        5,
        derivation,
        abi=abi,
        result=-95,
        memory={0x70000: b"sha1\0"},
    ).text
    assert line == (
        "keyctl(KEYCTL_DH_COMPUTE, {private=1, prime=2, base=KEY_SPEC_THREAD_KEYRING}, 0x10, 5, "
        '{hashname="sha1", otherinfo=NULL, otherinfolen=0}) = -1 EOPNOTSUPP (Operation not supported)'
    )


def test_keys_by_name_and_number(shown):
    assert shown("keyctl", 8, 9, -3).data == {
        "operation": "KEYCTL_LINK",
        "key": 9,
        "keyring": "KEY_SPEC_SESSION_KEYRING",
    }
