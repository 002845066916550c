# SPDX-License-Identifier: BSD-2-Clause
"""A flood of calls: is what was lost counted exactly? Status 1 if calls made are not lines written + events lost.

python bench/flood.py [--rate 1000000] [--seconds 5] [--ring 64K]       (rate 0: as fast as it can)
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tracers import TRAPGATE, TRAPGATE_LOST
from works import compile_program


def main() -> int:
    """Runs it and prints what was made, written and lost."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", default="1000000", help="calls a second")
    parser.add_argument("--seconds", default="5")
    parser.add_argument("--ring", help="trapgate's --ring-size")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        program, out = compile_program("flood", Path(name)), Path(name, "out")
        # Only getppid leaves records, so that every event lost is one of them.
        options = ["--source", "bpf", "-qq", "-e", "trace=getppid", "-e", "signal=none", "-o", str(out)]
        options += ["--ring-size", args.ring] if args.ring else []
        command = [TRAPGATE, "trace", *options, str(program), args.rate, args.seconds]
        start = time.monotonic()
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        took = time.monotonic() - start
        with out.open() as file:
            seen = sum(line.startswith("getppid(") for line in file)
    made, seconds = int(done.stdout.split()[0]), float(done.stdout.split()[1])
    lost = sum(int(number) for number in re.findall(TRAPGATE_LOST.partition("|")[0], done.stderr))
    print(f"made {made:,} in {seconds:.2f} s ({made / seconds:,.0f}/s); written {seen:,}, lost {lost:,}")
    print(f"the trace took {took:.2f} s in all")
    if made != seen + lost:
        print("they do not add up", file=sys.stderr)
    return int(made != seen + lost)


if __name__ == "__main__":
    sys.exit(main())
