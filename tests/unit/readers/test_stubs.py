"""Stubs of system calls by their bytes: each known form, and what looks like one and is none."""

import pytest

from trapgate.catalog.readers.windows_pe import Stub, decode_stub


@pytest.mark.parametrize(
    ("machine", "code", "stub"),
    [
        ("x64", "4c8bd1 b855000000 0f05 c3", Stub(0x55, None)),
        ("x64", "4c8bd1 b855000000 f604250803fe7f01 7503 0f05 c3 cd2e c3", Stub(0x55, None)),
        ("x64", "4c8bd1 b81d000000 f604250803fe7f01 7503 0f05 c3 eb01 c3 ff14250010fe7f c3", Stub(0x1D, None)),
        ("x64", "4c8bd1 b855000000 c3", None),
        ("x64", "b855000000 0f05 c3", None),
        ("x64", "4c8bd1 b800000100 0f05 c3", None),
        ("x86", "b855000000 ba0003fe7f ff12 c22c00", Stub(0x55, 11)),
        ("x86", "b855000000 e803000000 c22c00 8bd4 0f34 c3", Stub(0x55, 11)),
        ("x86", "b855000a00 baa0b1c2d3 ffd2 c22c00", Stub(0x55, 11)),
        ("x86", "b855000000 33c9 8d542404 64ff15c0000000 83c404 c22c00", Stub(0x55, 11)),
        ("x86", "b855000000 b908000000 8d542404 64ff15c0000000 83c404 c3", Stub(0x55, 0)),
        ("x86", "b855000000 64ff15c0000000 c22c00", Stub(0x55, 11)),
        ("x86", "b855000000 8d542404 cd2e c22c00", Stub(0x55, 11)),
        ("x86", "b855000000 c3", None),
        ("arm64", "e10a00d4 c0035fd6 1f2003d5", Stub(0x57, None)),
        ("arm64", "e10a00d4 1f2003d5 1f2003d5", None),
        ("arm64", "e80a80d2 e9031eaa 90000058", Stub(0x57, None)),
        ("arm64", "", None),
    ],
)
def test_a_stub(machine: str, code: str, stub: Stub | None) -> None:
    assert decode_stub(machine, bytes.fromhex(code)) == stub
