# SPDX-License-Identifier: BSD-2-Clause
"""trapgate.calls.index.tsv: it tells of every call, and what it tells is so."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from trapgate import catalog
from trapgate.calls.describe import describe

TOOL = Path(__file__).parents[3] / "tools" / "call_index.py"


@pytest.mark.parametrize("abi", ["x86_64", "i386", "x32", "aarch64"])
def test_every_call_with_a_name_is_described(abi):
    names = catalog.table_names(abi).values()
    assert [name for name in names if describe(name, abi) is None] == []


@pytest.mark.skipif(not TOOL.exists(), reason="the tool is in the repository only")
def test_the_index_is_what_the_tool_makes_of_the_declarations():
    subprocess.run([sys.executable, TOOL, "--check"], check=True)
