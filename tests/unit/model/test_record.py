# SPDX-License-Identifier: BSD-2-Clause
"""The record of ``model/record.py`` is that of ``core/record.h``, which a C compiler is asked about."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from trapgate.model import record
from trapgate.model.record import HEADER, OP, PIECE, PLAN, PLAN_OPS, SAME_CALL_FROM, Kind, Op, Phase, Plan, What

CORE = Path(__file__).parents[3] / "src/trapgate/core"
PROGRAM = r"""
#include <stddef.h>
#include <stdio.h>
#include "record.h"
#define P(name, value) printf("%s %lu\n", name, (unsigned long)(value))
int main(void) {
    P("record", sizeof(struct tg_record)); P("piece", sizeof(struct tg_piece)); P("op", sizeof(struct tg_op));
    P("plan", sizeof(struct tg_plan)); P("nr", offsetof(struct tg_record, nr)); P("ops", TG_PLAN_OPS);
    P("result", offsetof(struct tg_record, result)); P("exiting", TG_EXITING); P("mmsg", TG_MMSG);
    return 0;
}
"""


@pytest.fixture(scope="module")
def header(tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    """Sizes and offsets as the compiler sees them."""
    if shutil.which("cc") is None:
        pytest.skip("no C compiler")
    folder = tmp_path_factory.mktemp("record")
    (folder / "sizes.c").write_text(PROGRAM)
    subprocess.run(["cc", "-I", CORE, "-o", folder / "sizes", folder / "sizes.c"], check=True)
    lines = subprocess.run([folder / "sizes"], check=True, capture_output=True, text=True).stdout.splitlines()
    return {name: int(value) for name, value in (line.split() for line in lines)}


def test_sizes(header: dict[str, int]) -> None:
    """Both sides agree on every size and on where the part begins that decides the text."""
    assert header == {
        "record": HEADER.size,
        "piece": PIECE.size,
        "op": OP.size,
        "plan": PLAN.size + PLAN_OPS * OP.size,
        "nr": SAME_CALL_FROM,
        "ops": PLAN_OPS,
        "result": HEADER.size - 8,
        "exiting": Kind.EXITING,
        "mmsg": What.MMSG,
    }


def test_too_many_operations() -> None:
    """A plan that does not fit is refused where it is made."""
    with pytest.raises(ValueError, match="at most"):
        Plan((Op(Phase.ENTRY, What.BYTES, 0),) * (PLAN_OPS + 1)).pack()


@pytest.mark.parametrize("cut", [1, 50, 111, 113, 127, 135])
def test_torn_records(cut: int) -> None:
    """A record that ends too early is an error, never a shorter record."""
    piece = PIECE.pack(8, 0, 1, 0, 0x1000) + b"12345678"
    whole = HEADER.pack(HEADER.size + len(piece), Kind.CALL, 1, 1, *[0] * 14) + piece
    parsed, end = record.parse_record(whole)
    assert (parsed.pieces[0].data, end) == (b"12345678", len(whole))
    with pytest.raises(ValueError, match=r"ends inside|impossible"):
        record.parse_record(whole[:cut])
