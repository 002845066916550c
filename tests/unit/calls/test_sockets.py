# SPDX-License-Identifier: BSD-2-Clause
"""Addresses of sockets as they are printed, and what they are in JSON."""

import pytest

UNIX = b"\1\0"


@pytest.mark.parametrize(
    ("name", "text", "data"),
    [
        (b"/run/s\0ocket", 'sun_path="/run/s"', "/run/s"),
        (b"\0name\0more", 'sun_path=@"name\\0more"', "\0name\0more"),
        (b"\0\x1b\xff", 'sun_path=@"\\33\\377"', {"hex": "001bff"}),
        (b"/\xff", 'sun_path="/\\377"', {"hex": "2fff"}),
    ],
)
def test_a_name_of_the_abstract_space_is_no_path(shown, name: bytes, text: str, data: object) -> None:
    call = shown("connect", 3, UNIX + name, len(UNIX + name))
    assert f"{{sa_family=AF_UNIX, {text}}}" in call.text
    assert call.data["addr"] == {"sa_family": "AF_UNIX", "sun_path": data}
