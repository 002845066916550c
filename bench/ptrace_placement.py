"""How much the placement of tracer and program matters: ratios to strace in the same run.

    python bench/ptrace_placement.py [CALLS] [ROUNDS]

Runs `dd bs=1` under strace and under the ptrace source (all calls, with their buffers), each left to the
scheduler and pinned to one CPU, in turn; prints the median and the least microseconds a call. The C part
alone is measured: nothing is decoded.
"""

import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

from trapgate._core import Ptrace
from trapgate.model.record import Cond, From, Op, Phase, Plan, What

LIMIT = 33
PLANS = {
    1 << 16 | 0: Plan((Op(Phase.EXIT, What.BYTES, 1, From.RESULT, cond=Cond.IF_SUCCESS, max=LIMIT),), n_args=3),
    1 << 16 | 1: Plan((Op(Phase.ENTRY, What.BYTES, 1, From.ARG, 2, max=LIMIT),), n_args=3),
    1 << 16 | 257: Plan((Op(Phase.ENTRY, What.STRING, 1, max=4096),)),
}


def dd(calls: int) -> list[str]:
    return ["dd", "if=/dev/zero", "of=/dev/null", "bs=1", f"count={calls // 2}", "status=none"]


def run_strace(calls: int) -> None:
    subprocess.run(["strace", "-o", "/dev/null", *dd(calls)], check=True)


def run_ptrace(calls: int, place: bool) -> None:
    ptrace = Ptrace(follow=True, place=place, plan={key: plan.pack() for key, plan in PLANS.items()})
    words = [word.encode() for word in dd(calls)]
    ptrace.spawn(os.fsencode(shutil.which("dd") or "dd"), words, [])
    while ptrace.run() is not None:
        pass
    ptrace.close()


def pinned(work: Callable[[], None]) -> None:
    mask = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(mask)})
    try:
        work()
    finally:
        os.sched_setaffinity(0, mask)


def main() -> None:
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 40_000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    ways: dict[str, Callable[[], None]] = {
        "strace": lambda: run_strace(calls),
        "strace, pinned": lambda: pinned(lambda: run_strace(calls)),
        "ptrace, not placed": lambda: run_ptrace(calls, False),
        "ptrace, placed": lambda: run_ptrace(calls, True),
        "ptrace, pinned": lambda: pinned(lambda: run_ptrace(calls, True)),
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            begin = time.perf_counter()
            way()
            times[name].append((time.perf_counter() - begin) / calls * 1e6)
    base = statistics.median(times["strace"])
    print(f"{'':20} {'median µs':>10} {'least':>8} {'÷ strace':>9}   load {os.getloadavg()[0]:.1f}")
    for name, values in times.items():
        median = statistics.median(values)
        print(f"{name:20} {median:10.1f} {min(values):8.1f} {median / base:9.2f}")


if __name__ == "__main__":
    main()
