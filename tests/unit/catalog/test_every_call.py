"""Every call, ABI, errno and request of the catalogue can be shown."""

import contextlib
import io

import pytest

from trapgate import catalog
from trapgate.catalog.values import Abi
from trapgate.cli.dispatch import run_command

CALLS = catalog.open_database().execute("SELECT DISTINCT system, name FROM call ORDER BY name, system").fetchall()


def screen(*words: str) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        assert run_command(list(words)) == 0
    return out.getvalue()


@pytest.mark.parametrize("start", range(8))
def test_a_call_has_a_screen(start: int) -> None:
    """One call in forty, others in each part; all 7,000 take a minute and a half."""
    for system, name in CALLS[start * 40 :: 320]:
        text = screen("show", name, "--system", system)
        assert text.startswith(f"{name}  ·  "), text[:80]
        assert "\nnumber " in text
        lines = [line for line in text.splitlines() if "/*" not in line and "https:" not in line]
        assert max(map(len, lines)) <= 110, max(lines, key=len)


@pytest.mark.parametrize("abi", catalog.abis(), ids=lambda abi: f"{abi.system}-{abi.name}")
def test_an_abi_has_a_table(abi: Abi) -> None:
    lines = screen("list", "--system", abi.system, "--abi", abi.name, "--tsv").splitlines()
    entries = catalog.table(abi.system, abi.name)
    assert len(lines) == len(entries) + 1
    assert [line.split("\t")[-1] for line in lines[1:]] == [entry.id for entry in entries]
    assert catalog.find(entries[0].id)
