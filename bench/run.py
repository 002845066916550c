# SPDX-License-Identifier: BSD-2-Clause
"""What tracing costs: each tracer on the same work, in one run, as a multiple of the untraced time.

Rounds are interleaved, so that the machine's mood hits all alike; shown are medians. Tracers that slow a
program tens of times take part in fewer rounds. The tables go to bench/costs.md, which `make reference` puts
into the README.

    make bench                      everything: about fifteen minutes on a quiet machine
    make bench BENCH=--quick        less work, two rounds: a minute or two; costs.md is left as it is
    make bench BENCH="--only dd,tar --tracers trapgate,strace --rounds 9"
"""

from __future__ import annotations

import argparse
import contextlib
import os
import platform
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tracers import COUNTERS, TRACERS, UNTRACED, Tracer, read_version
from works import (
    LIMIT_S,
    SERVERS,
    Failed,
    Result,
    Server,
    Work,
    compile_program,
    find_works,
    run_command,
    run_server,
    serve,
)

COSTS = Path(__file__).parent / "costs.md"
VERSIONED = ("strace", "perf", "bpftrace", "ltrace")


@dataclass(slots=True)
class Column:
    """What was measured with one piece of work, by tracer."""

    work: Work | Server
    results: dict[str, list[Result]] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)

    def median(self, tracer: Tracer) -> float | None:
        results = self.results.get(tracer.name)
        return statistics.median(result.value for result in results) if results else None

    def ratio(self, tracer: Tracer) -> float | None:
        """Times the untraced time, or the share of the untraced requests."""
        own, plain = self.median(tracer), self.median(UNTRACED)
        return own / plain if own and plain else None

    def format_cell(self, tracer: Tracer) -> str:
        """How the ratio is shown."""
        ratio = self.ratio(tracer)
        if ratio is None:
            return "–" if tracer.name not in self.failures else "failed"
        above = "> " if any(result.is_cut for result in self.results[tracer.name]) else ""
        if isinstance(self.work, Server):
            return f"{100 * ratio:.0f} %" if ratio >= 0.095 else f"{100 * ratio:.1f} %"
        return above + (f"×{ratio:.0f}" if ratio >= 10 else f"×{ratio:.2f}")

    def lost(self, tracer: Tracer) -> int | None:
        """The most events that it lost in a round; None if it cannot lose any."""
        known = [result.lost for result in self.results.get(tracer.name, ()) if result.lost is not None]
        return max(known) if known else None

    def after(self, tracer: Tracer) -> float | None:
        results = self.results.get(tracer.name)
        return statistics.median(result.after for result in results) if results else None


def plan_round(tracers: Sequence[Tracer], number: int, slow_rounds: int) -> Iterator[Tracer]:
    """The tracers of a round, the untraced run first."""
    yield UNTRACED
    for tracer in tracers:
        if number < slow_rounds or not tracer.is_slow:
            yield tracer


def applies(tracer: Tracer, work: Work | Server) -> bool:
    """Whether this is measured."""
    if isinstance(work, Server):
        return not (tracer.counts or tracer.is_beside)
    return work.is_counted or not tracer.counts


def measure(column: Column, tracer: Tracer, timed: Path, pids: list[int]) -> None:
    """One run, put into the column, and told on standard error; none of a tracer that reached the limit before."""
    if any(result.is_cut for result in column.results.get(tracer.name, ())):
        return
    try:
        if isinstance(column.work, Server):
            result = run_server(tracer, column.work, pids)
        else:
            result = run_command(tracer, column.work, timed)
    except (Failed, OSError, subprocess.SubprocessError) as error:
        column.failures[tracer.name] = str(error)
        print(f"{column.work.name:6} {tracer.name:40} failed: {error}", file=sys.stderr, flush=True)
        return
    column.results.setdefault(tracer.name, []).append(result)
    unit = "requests/s" if isinstance(column.work, Server) else "s"
    rest = f"{result.after:6.2f} s after" + ("" if result.lost is None else f", {result.lost} lost")
    rest += ", ended at the limit" if result.is_cut else ""
    print(f"{column.work.name:6} {tracer.name:40} {result.value:12.3f} {unit:10} {rest}", file=sys.stderr, flush=True)


def run_rounds(columns: list[Column], tracers: Sequence[Tracer], rounds: int, slow_rounds: int) -> None:
    """Every round of every piece of work."""
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        timed = compile_program("timed", Path(folder))
        pids = {}
        for column in columns:
            if isinstance(column.work, Server):
                pids[column.work.name] = stack.enter_context(serve(column.work))
        warm_up(columns, timed)
        for number in range(rounds):
            for column in columns:
                chosen = [tracer for tracer in tracers if applies(tracer, column.work)]
                for tracer in plan_round(chosen, number, slow_rounds):
                    measure(column, tracer, timed, pids.get(column.work.name, []))


def warm_up(columns: list[Column], timed: Path) -> None:
    """Has each program run once, so that every measured run finds its files in memory."""
    for column in columns:
        if isinstance(column.work, Work):
            with contextlib.suppress(Failed):
                run_command(UNTRACED, column.work, timed)


def describe_machine() -> str:
    """What was measured on, with which versions."""
    model = platform.machine()
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                model = line.partition(": ")[2]
                break
    versions = ", ".join(f"{name} {version}" for name in VERSIONED if (version := read_version(name)))
    load = os.getloadavg()[0]
    return f"{model}, {os.cpu_count()} CPUs, Linux {platform.release()}; {versions}. Load at the start: {load:.1f}."


def render_table(head: list[str], rows: list[list[str]]) -> list[str]:
    """A Markdown table."""
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return ["| " + " | ".join(line) + " |" for line in lines]


def render(columns: list[Column], tracers: Sequence[Tracer], machine: str, rounds: int, slow_rounds: int) -> str:
    """The tables, with what must be known to read them."""
    parts = [machine, ""]
    shown = [t for t in tracers if not t.counts]
    if shown:
        parts += [
            "Every call shown, written to a file: the program's time as a multiple of its untraced time, and the share",
            "of its untraced requests a second that a server keeps.",
            "",
            *render_table(
                ["", *(column.work.title for column in columns), "lost"],
                [[t.name, *(column.format_cell(t) for column in columns), format_lost(columns, t)] for t in shown],
            ),
        ]
    counted = [column for column in columns if isinstance(column.work, Work) and column.work.is_counted]
    counters = [t for t in tracers if t.counts]
    if counters and counted:
        rows = [[t.name, *(column.format_cell(t) for column in counted), format_lost(counted, t)] for t in counters]
        parts += ["", "Counted and timed:", "", *render_table(["", *(c.work.title for c in counted), "lost"], rows)]
    parts += ["", *render_notes(columns, tracers, rounds, slow_rounds)]
    return "\n".join(parts) + "\n"


def format_lost(columns: list[Column], tracer: Tracer) -> str:
    """The events that a tracer lost in its worst run."""
    lost = [number for column in columns if (number := column.lost(tracer)) is not None]
    return f"{max(lost):,}" if lost else "none can be"


def render_notes(columns: list[Column], tracers: Sequence[Tracer], rounds: int, slow_rounds: int) -> list[str]:
    """Rounds, what was untraced, what was still to be written at the end, and what failed."""
    plain = []
    for column in columns:
        value = column.median(UNTRACED)
        if value is not None:
            figure = f"{value:,.0f} requests/s" if isinstance(column.work, Server) else f"{value:.2f} s"
            plain.append(f"{column.work.title} {figure}")
    lines = [
        f"Untraced: {'; '.join(plain)}. Medians of {rounds} rounds ({slow_rounds} of the slow tracers), interleaved;",
        "`lost`: the worst run, as the tracer itself says it. `perf trace record` leaves out what pointers point to,",
        f"and bpftrace prints the words of each call alone. `>`: ended after {LIMIT_S} s.",
    ]
    for column in columns:
        for tracer in tracers:
            after = column.after(tracer)
            if isinstance(column.work, Work) and after and not tracer.is_slow and not tracer.counts:
                name = f"`{column.work.title}`"
                lines.append(f"After {name} had ended, {tracer.name} took {after:.2f} s to write what was left.")
    for column in columns:
        for name, why in column.failures.items():
            lines.append(f"{name} failed on {column.work.title}: {why.splitlines()[-1] if why else ''}")
    return lines


def choose(args: argparse.Namespace) -> tuple[list[Column], list[Tracer]]:
    """The work and the tracers asked for; what is not installed is named and left out."""
    names = args.only.split(",") if args.only else None
    works: list[Work | Server] = [*find_works(args.quick), *SERVERS]
    if names and (unknown := set(names) - {work.name for work in works}):
        raise SystemExit(f"no such work: {', '.join(unknown)}; there is {', '.join(work.name for work in works)}")
    chosen = []
    for work in works:
        lacking = [need for need in getattr(work, "needs", ()) if not shutil.which(need)]
        if lacking:
            print(f"{work.name}: left out, {', '.join(lacking)} is not installed", file=sys.stderr)
        elif not names or work.name in names:
            chosen.append(Column(work))
    wanted = args.tracers.split(",") if args.tracers else [""]
    tracers = []
    for tracer in (*TRACERS, *COUNTERS):
        if not any(word in tracer.name for word in wanted):
            continue
        if tracer.is_installed():
            tracers.append(tracer)
        else:
            print(f"{tracer.name}: left out, {tracer.needs} is not installed", file=sys.stderr)
    return chosen, tracers


def main() -> int:
    """Measures, prints the tables, writes costs.md after a whole run; 1 when something failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="less work, two rounds")
    parser.add_argument("--only", metavar="WORK,...", help="dd, find, tar, redis, nginx")
    parser.add_argument("--tracers", metavar="WORD,...", help="those whose name has one of these words")
    parser.add_argument("--rounds", type=int, help="how many (default: 7)")
    parser.add_argument("--slow-rounds", type=int, help="how many of tracers that slow programs much (default: 3)")
    args = parser.parse_args()
    rounds = args.rounds or (2 if args.quick else 7)
    slow_rounds = args.slow_rounds or (1 if args.quick else 3)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # servers are ended, files removed
    columns, tracers = choose(args)
    machine = describe_machine()
    run_rounds(columns, tracers, rounds, slow_rounds)
    text = render(columns, tracers, machine, rounds, min(rounds, slow_rounds))
    print(text, end="")
    if not (args.quick or args.only or args.tracers):
        COSTS.write_text(text)
        print(f"written to {os.path.relpath(COSTS)}; 'make reference' puts it into the README", file=sys.stderr)
    return int(any(column.failures for column in columns))


if __name__ == "__main__":
    sys.exit(main())
