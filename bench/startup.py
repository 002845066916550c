"""CPU time that whole commands take to start, against their budgets: user and system, the median of the runs.

    python bench/startup.py [--runs 10]

Compiled modules are kept in a folder of the benchmark's own, as an installation has them. Other load adds to CPU
time too (caches, hyperthreads): the bare interpreter is shown first, and instructions if `perf stat` can count them.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile

COMMANDS: list[tuple[list[str], int | None]] = [
    (["--help"], 100),
    (["show", "openat"], 80),
    (["trace", "--source", "ptrace", "-o", "/dev/null", "true"], 150),
    (["trace", "--source", "bpf", "-o", "/dev/null", "true"], None),
]
"""What is run behind `trapgate`, and the most CPU time it should take, in ms."""


def keep_bytecode(folder: str) -> dict[str, str]:
    """The environment in which compiled modules are kept in `folder`, as an installation has them."""
    return {**os.environ, "PYTHONPYCACHEPREFIX": folder, "PYTHONDONTWRITEBYTECODE": ""}


def measure_ms(command: list[str], environment: dict[str, str], runs: int) -> float:
    """The median CPU time of a command and its children."""
    times = []
    for _ in range(runs + 1):  # the first one compiles
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment, check=False)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return statistics.median(times[1:]) * 1000


def count_instructions(command: list[str], environment: dict[str, str]) -> str:
    """Millions of instructions in user mode; empty where they cannot be counted."""
    if shutil.which("perf") is None:
        return ""
    counted = ["perf", "stat", "-x,", "-e", "instructions:u", *command]
    done = subprocess.run(
        counted, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment, check=False
    )
    found = re.search(r"^(\d+),", done.stderr, re.M)
    return f"{int(found[1]) / 1e6:.0f}" if found else ""


def main() -> int:
    """Prints a line for each; the status is 1 when a budget is exceeded."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=10)
    runs = parser.parse_args().runs
    exceeded = False
    print(f"load {os.getloadavg()[0]:.1f}\n{'':48}{'CPU ms':>8}{'budget':>8}{'10⁶ instructions':>18}")
    with tempfile.TemporaryDirectory() as folder:
        environment = keep_bytecode(folder)
        commands = [(["-c", "pass"], None), *((["-m", "trapgate", *words], budget) for words, budget in COMMANDS)]
        for words, budget in commands:
            command = [sys.executable, *words]
            spent = measure_ms(command, environment, runs)
            exceeded |= budget is not None and spent > budget
            label = " ".join(words[1:])
            print(f"{label:48}{spent:8.1f}{budget or '':>8}{count_instructions(command, environment):>18}", flush=True)
    return int(exceeded)


if __name__ == "__main__":
    sys.exit(main())
