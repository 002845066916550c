# SPDX-License-Identifier: BSD-2-Clause
"""What the bpf source costs: each program untraced, traced with arguments and payload, and counted.

Rounds are interleaved, so that the machine's mood hits all alike; printed are medians of the wall time and
their ratio to the untraced program of the same run. Records are thrown away as they come.

    python bench/bpf_source.py [--rounds 7] [dd find tar]
"""

from __future__ import annotations

import argparse
import os
import statistics
import threading
import time
from collections.abc import Callable

from trapgate.model.record import Cond, From, Op, Phase, Plan, What
from trapgate.sources.bpf import Bpf, BpfPrograms
from trapgate.sources.bpf_count import BpfCount

PROGRAMS = {
    "dd": ["/bin/dd", "if=/dev/zero", "of=/dev/null", "bs=1", "count=200000", "status=none"],
    "find": ["/usr/bin/find", "/usr", "-xdev", "-size", "+1000000k"],
    "tar": ["/bin/tar", "cf", "/tmp/trapgate-bench.tar", "/usr/lib/python3"],
}
PATH_MAX, STRING = 4096, 33


def make_plans() -> dict[int, bytes]:
    """Plans as descriptions give them, for the calls that these programs make (x86_64)."""
    path = [Op(Phase.ENTRY, What.STRING, i, max=PATH_MAX) for i in range(2)]
    read = Op(Phase.EXIT, What.BYTES, 1, From.RESULT, cond=Cond.IF_SUCCESS, max=STRING)
    write = Op(Phase.ENTRY, What.BYTES, 1, From.ARG, 2, max=STRING)

    def filled(argument: int, size: int) -> Op:
        return Op(Phase.EXIT, What.BYTES, argument, cond=Cond.IF_SUCCESS, max=size)

    plans = {
        0: Plan((read,), n_args=3),
        1: Plan((write,), n_args=3),
        2: Plan((path[0],), n_args=3),
        4: Plan((path[0], filled(1, 144)), n_args=2),
        5: Plan((filled(1, 144),), n_args=2),
        59: Plan((path[0], Op(Phase.ENTRY, What.STRINGS, 1, scale=STRING, max=STRING)), n_args=3),
        217: Plan((filled(1, 4096)._replace(len_from=From.RESULT),), n_args=3),
        257: Plan((path[1],), n_args=4),
        262: Plan((path[1], filled(2, 144)), n_args=4),
        267: Plan((path[1], filled(2, STRING)._replace(len_from=From.RESULT)), n_args=4),
        332: Plan((path[1], filled(4, 256)), n_args=5),
        138: Plan((filled(1, 120),), n_args=2),
        **{nr: Plan((), n_args=count) for nr, count in ((3, 1), (32, 1), (33, 2), (81, 1), (72, 3), (8, 3), (262, 4))},
    }
    plans[262] = Plan((path[1], filled(2, 144)), n_args=4)
    return {1 << 16 | nr: plan.pack() for nr, plan in plans.items()}


def run_plain(argv: list[str]) -> tuple[float, str]:
    """Seconds from start to end, and a remark."""
    start = time.perf_counter()
    pid = os.posix_spawn(
        argv[0], argv, os.environ, file_actions=[(os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)]
    )
    os.waitpid(pid, 0)
    return time.perf_counter() - start, ""


def spawn_quietly(source: BpfPrograms, argv: list[str]) -> None:
    """Let `source` start the program with its output thrown away."""
    out, quiet = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    try:
        source.spawn(
            os.fsencode(argv[0]), [os.fsencode(a) for a in argv], [b"%b=%b" % kv for kv in os.environb.items()]
        )
    finally:
        os.dup2(out, 1)
        os.close(out)
        os.close(quiet)


def run_traced(argv: list[str]) -> tuple[float, str]:
    """As `run_plain`, with every call recorded; what it takes to load the programs is not counted."""
    with Bpf(plan=make_plans()) as source:
        start = time.perf_counter()
        spawn_quietly(source, argv)
        volume = 0
        while (batch := source.run()) is not None:
            volume += len(batch)
        return time.perf_counter() - start, f"{volume / 1e6:.1f} MB, {source.lost} lost"


def run_counted(argv: list[str]) -> tuple[float, str]:
    """As `run_plain`, counted and timed in the kernel."""
    with BpfCount() as source:
        start = time.perf_counter()
        spawn_quietly(source, argv)
        assert source.child is not None
        os.waitid(os.P_PID, source.child, os.WEXITED | os.WNOWAIT)
        took = time.perf_counter() - start
        return took, f"{sum(row.calls for row in source.read())} calls"


def run_for_another(argv: list[str]) -> tuple[float, str]:
    """As `run_plain`, while another process is traced: what those pay who are not traced."""
    with Bpf(plan={}) as source:
        other = source.spawn(b"/bin/sleep", [b"sleep", b"60"], [])
        reader = threading.Thread(target=lambda: [None for _ in iter(source.run, None)])
        reader.start()
        took, _ = run_plain(argv)
        os.kill(other, 9)
        reader.join()
    return took, ""


def main() -> None:
    """Run the rounds and print the table."""
    ways: dict[str, Callable[[list[str]], tuple[float, str]]] = {
        "untraced": run_plain,
        "another traced": run_for_another,
        "traced": run_traced,
        "counted": run_counted,
    }
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("programs", nargs="*", default=list(PROGRAMS))
    args = parser.parse_args()
    for name in args.programs:
        times: dict[str, list[float]] = {way: [] for way in ways}
        remarks = dict.fromkeys(ways, "")
        for _ in range(args.rounds):
            for way, run in ways.items():
                took, remarks[way] = run(PROGRAMS[name])
                times[way].append(took)
        plain = statistics.median(times["untraced"])
        for way, taken in times.items():
            middle = statistics.median(taken)
            print(f"{name:6} {way:16} {middle * 1e3:9.1f} ms  ×{middle / plain:5.2f}  {remarks[way]}", flush=True)


if __name__ == "__main__":
    main()
