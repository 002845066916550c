"""Hypercall numbers against Xen's public header, where libxen-dev installs it."""

import re
from pathlib import Path

import pytest

from trapgate import catalog

HEADER = Path("/usr/include/xen/xen.h")


def test_numbers_equal_the_public_header() -> None:
    if not HEADER.exists():
        pytest.skip("Xen's public header is not installed (libxen-dev)")
    theirs = dict(re.findall(r"^#define __HYPERVISOR_(\w+)\s+(\d+)$", HEADER.read_text(), re.MULTILINE))
    ours = {entry.name: entry.number for entry in catalog.table("xen")}
    assert len(theirs) > 35
    shared = theirs.keys() & ours.keys()
    assert {name: int(theirs[name]) for name in shared} == {name: ours[name] for name in shared}
    # What the header has and the catalogue does not may only be old names of numbers it has.
    assert {int(theirs[name]) for name in theirs.keys() - ours.keys()} <= set(ours.values())
