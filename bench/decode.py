"""How many events a second one core turns into strace's lines, on repetitive and on varied work.

    python bench/decode.py [--rounds 5] [--gc]

Programs are traced by the bpf source into memory first; then only the way from records to lines is
measured, as CPU time of the one thread (the best round: other load only adds), with the Python that runs this:

    repetitive  dd bs=1: two calls that differ in nothing
    varied      find and tar over /usr/share, and a Python that starts: records of which most occur once. The
                same records with every repetition taken out are shown as `distinct`.
"""

from __future__ import annotations

import argparse
import gc
import os
import platform
import shutil
import sys
import time
from collections.abc import Iterator

from trapgate.calls.plan import make_plans
from trapgate.model.abi import X86_64
from trapgate.model.record import SAME_CALL_FROM, Kind
from trapgate.sources.bpf import Bpf
from trapgate.tracing.engine import Engine
from trapgate.tracing.options import TraceOptions
from trapgate.tracing.session import GARBAGE
from trapgate.tracing.sources import Chosen

REPETITIVE = {"dd": ["dd", "if=/dev/zero", "of=/dev/null", "bs=1", "count=150000", "status=none"]}
VARIED = {
    "find": ["find", "/usr/share", "-size", "+1000000k"],
    "tar": ["tar", "cf", "/dev/null", "/usr/share/doc"],
    "python": [sys.executable, "-c", "import asyncio, email, json, http.client, unittest"],
}
BATCH = 1 << 16
"""Bytes given to the engine at once, about what the reader of the rings gives."""


class Counted:
    """A place for lines that only counts them."""

    lines = 0

    def write(self, text: str, /) -> None:
        """Count the lines of ``text``."""
        self.lines += text.count("\n")

    def flush(self) -> None:
        """Nothing is kept."""

    def close(self) -> None:
        """Nothing is kept."""


def record(argv: list[str]) -> list[bytes]:
    """The CALL records of a program, one by one."""
    plans = make_plans(32, (X86_64,), lambda name, abi: True)
    path = shutil.which(argv[0])
    assert path is not None
    batches = []
    with Bpf(plan=plans.by_call, subplan=plans.by_selector) as source:
        out, quiet = os.dup(1), os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        source.spawn(
            os.fsencode(path), [os.fsencode(word) for word in argv], [b"%b=%b" % kv for kv in os.environb.items()]
        )
        os.dup2(out, 1)
        os.close(quiet)
        while (batch := source.run()) is not None:
            batches.append(bytes(batch))
        assert not source.lost, f"{source.lost} events were lost"
    return [one for batch in batches for one in split(batch) if one[4] == Kind.CALL]


def split(batch: bytes) -> Iterator[bytes]:
    """The records of a batch."""
    at = 0
    while at < len(batch):
        size = int.from_bytes(batch[at : at + 4], "little")
        yield batch[at : at + size]
        at += size


def measure(records: list[bytes], rounds: int) -> float:
    """Lines a second of CPU time, the best of ``rounds``."""
    batches, pending, size = [], list[bytes](), 0
    for one in records:
        pending.append(one)
        size += len(one)
        if size >= BATCH:
            batches.append(b"".join(pending))
            pending, size = [], 0
    batches.append(b"".join(pending))
    best = 0.0
    for _ in range(rounds):
        sink = Counted()
        engine = Engine(TraceOptions(output="-"), Chosen(None, "bpf", False, ""), lambda pid, to=sink: to, "bench")
        engine.child = 1
        begin = time.thread_time()
        for batch in batches:
            engine.feed(batch)
        best = max(best, sink.lines / (time.thread_time() - begin))
        assert sink.lines == len(records)
    return best


def main() -> None:
    """Record, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--gc", action="store_true", help="Python's own threshold of garbage collection, not the command's"
    )
    args = parser.parse_args()
    print(f"Python {platform.python_version()} at {sys.executable}, load {os.getloadavg()[0]:.1f}")
    print(f"{'':22}{'records':>9}{'lines/s':>10}{'µs a line':>11}")
    for kind, programs in (("repetitive", REPETITIVE), ("varied", VARIED)):
        for name, argv in programs.items():
            records = record(argv)
            distinct = list({one[SAME_CALL_FROM:]: one for one in records}.values())
            if not args.gc:
                gc.freeze()
                gc.set_threshold(GARBAGE)
            show(f"{kind} {name}", records, args.rounds)
            if kind == "varied":
                show(f"{kind} {name} distinct", distinct, args.rounds)


def show(label: str, records: list[bytes], rounds: int) -> None:
    """Measure and print one line."""
    speed = measure(records, rounds)
    print(f"{label:22}{len(records):>9,}{speed:>10,.0f}{1e6 / speed:>11.2f}", flush=True)


if __name__ == "__main__":
    main()
