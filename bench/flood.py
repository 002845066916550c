# SPDX-License-Identifier: BSD-2-Clause
"""A flood of calls with the default ring: is what was lost counted exactly?

Runs `flood.c` under the bpf source, and checks that calls made = calls seen + calls lost.

    python bench/flood.py [--rate 1000000] [--seconds 5] [--ring BYTES]       (rate 0: as fast as it can)
"""

from __future__ import annotations

import argparse
import os
import subprocess
import tempfile
import time
from pathlib import Path

from trapgate.model.record import HEADER, Kind, Plan
from trapgate.sources.bpf import Bpf

GETPPID = 110
KIND_AT, NR_AT, ARG0_AT = 4, 48, 56
LOST_CALLS = 1
"""`arg[0]` of a lost record that tells of calls (`enum tg_loss`)."""


def count(batch: bytes) -> tuple[int, int, int]:
    """The getppid calls, the other calls, and the number of lost calls in a batch."""
    wanted = other = lost = at = 0
    while at < len(batch):
        size = int.from_bytes(batch[at : at + 4], "little")
        kind, nr = batch[at + KIND_AT], int.from_bytes(batch[at + NR_AT : at + NR_AT + 8], "little")
        if kind == Kind.CALL and nr == GETPPID:
            wanted += 1
        elif kind == Kind.LOST:
            lost += nr if int.from_bytes(batch[at + ARG0_AT : at + ARG0_AT + 8], "little") == LOST_CALLS else 0
        else:
            other += 1
        at += size
    assert at == len(batch) and HEADER.size <= size
    return wanted, other, lost


def main() -> None:
    """Run it and print what was made, seen and lost; status 1 if they do not add up."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", default="1000000")
    parser.add_argument("--seconds", default="5")
    parser.add_argument("--ring", type=int)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        program, said = Path(folder, "flood"), Path(folder, "said")
        subprocess.run(["cc", "-O2", "-o", program, Path(__file__).parent / "flood.c"], check=True)
        kept, out = os.dup(1), os.open(said, os.O_WRONLY | os.O_CREAT, 0o600)
        batches: list[bytes] = []
        # Only the flood leaves records, so that every call lost is one of its own.
        wanted = bytes(GETPPID // 8) + bytes([1 << GETPPID % 8])
        with Bpf(plan={1 << 16 | GETPPID: Plan(n_args=0).pack()}, wanted={1: wanted}, ring_bytes=args.ring) as source:
            os.dup2(out, 1)
            start = time.perf_counter()
            source.spawn(os.fsencode(program), [b"flood", args.rate.encode(), args.seconds.encode()], [])
            os.dup2(kept, 1)
            while (batch := source.run()) is not None:
                batches.append(batch)
            took = time.perf_counter() - start
            by_cause = source.losses
        made = int(said.read_text().split()[0])
    totals = [sum(column) for column in zip(*map(count, batches), strict=True)]
    print(
        f"made {made:,} in {took:.2f} s ({made / took:,.0f}/s); seen {totals[0]:,}, lost {totals[2]:,} {by_cause or ''}"
    )
    if made != totals[0] + totals[2]:
        raise SystemExit("they do not add up")


if __name__ == "__main__":
    main()
