# SPDX-License-Identifier: BSD-2-Clause
"""What two ptrace stops cost by themselves, and a call under trapgate and strace: where the floor is for both.

    python bench/stops.py [--calls 50000] [--rounds 5]

A program that calls getppid times itself: untraced, under a tracer that does nothing but let it go on, and traced
to a file; free, and on one CPU with its tracer. Medians of interleaved rounds.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import tempfile
from pathlib import Path

from tracers import TRAPGATE
from works import compile_program

TRACERS = {
    "nobody": [],
    "two bare stops": [],
    "trapgate trace (ptrace)": [TRAPGATE, "trace", "--source", "ptrace", "-f"],
    "strace -f": ["strace", "-f"],
}


def measure(name: str, program: Path, calls: int, cpu: int | None) -> float:
    """Microseconds of one call."""
    words = [str(program), str(calls), *(["traced"] if name == "two bare stops" else [])]
    command = [*TRACERS[name], *(["-o", str(program.parent / "out")] if TRACERS[name] else []), *words]
    pinned = ["taskset", "-c", str(cpu)] if cpu is not None else []
    done = subprocess.run([*pinned, *command], capture_output=True, text=True, check=True)
    return float(done.stdout) / 1000


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    names = [name for name, command in TRACERS.items() if not command or shutil.which(command[0])]
    cpu = max(os.sched_getaffinity(0))
    found: dict[tuple[str, bool], list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        program = compile_program("stops", Path(folder))
        for _ in range(args.rounds):
            for name in names:
                for pinned in (False, True):
                    took = measure(name, program, args.calls, cpu if pinned else None)
                    found.setdefault((name, pinned), []).append(took)
    print(f"{'µs a call':26}{'free':>8}{'one CPU':>10}")
    for name in names:
        free, on_one = (statistics.median(found[name, pinned]) for pinned in (False, True))
        print(f"{name:26}{free:8.2f}{on_one:10.2f}")


if __name__ == "__main__":
    main()
