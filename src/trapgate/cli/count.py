# SPDX-License-Identifier: BSD-2-Clause
"""Count and time the calls that a program makes, inside the kernel where that is allowed.

examples:
  trapgate count make                         a command, with everything it starts
  trapgate count -p 1234 --for 5s             a running process, for five seconds
  trapgate count --all --for 2s --by comm     the whole system, each program for itself
  trapgate count --sort p99 --json git status

With bpf the kernel counts, and nothing is sent for a call; without the rights for it, ptrace counts.
The status is the command's own; 3: tracing is not possible here.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from types import FrameType

from trapgate.model.counts import GROUPS, CallCount
from trapgate.model.errors import TrapgateError, UsageError
from trapgate.reports.count import SORTS, Count, describe, name_rows, render, sort_rows
from trapgate.sources.counting import Counter, open_counter
from trapgate.tracing.output import open_descriptor

UNITS = {"ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the options."""
    parser.add_argument(
        "-p", "--pid", metavar="PIDS", action="append", default=[], help="attach to these processes: 12,34"
    )
    parser.add_argument("--all", action="store_true", help="every process of the system but trapgate (bpf)")
    parser.add_argument(
        "--cgroup", metavar="PATH", help="every process of this cgroup (version 2) and those below it (bpf)"
    )
    parser.add_argument(
        "--for", metavar="TIME", dest="duration", type=parse_duration, help="stop counting after 5s, 500ms, 2m"
    )
    parser.add_argument(
        "--by", choices=GROUPS, default="call", help="group calls by this, too (default: by call alone)"
    )
    parser.add_argument(
        "--sort", choices=tuple(SORTS), default="time", help="which rows come first (default: total time)"
    )
    parser.add_argument("--top", metavar="N", type=int, help="only the first N rows")
    parser.add_argument(
        "--source", choices=("auto", "bpf", "ptrace"), default="auto", help="how to count (default: the best)"
    )
    parser.add_argument("--no-follow", action="store_true", help="not the children and new threads")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("-o", "--output", metavar="FILE", help="write the table to a file instead of standard output")
    parser.add_argument(
        "command", metavar="COMMAND", nargs=argparse.REMAINDER, help="the program to run, and its arguments"
    )


def parse_duration(text: str) -> float:
    """Seconds.

    >>> parse_duration("500ms"), parse_duration("2m"), parse_duration("1.5")
    (0.5, 120.0, 1.5)
    """
    number = text.rstrip("mshM")
    try:
        seconds = float(number) * UNITS[text[len(number) :] or "s"]
    except (KeyError, ValueError):
        raise argparse.ArgumentTypeError(f"{text!r} is not a time such as 5s, 500ms or 2m") from None
    if not 0 < seconds < 1e9:
        raise argparse.ArgumentTypeError(f"{text!r} is no time to wait")
    return seconds


def run(args: argparse.Namespace) -> int:
    """Counts, prints the table; the command's own status."""
    pids = list(_parse_pids(args.pid))
    command = args.command[1:] if args.command[:1] == ["--"] else args.command
    if bool(command) + bool(pids) + args.all + bool(args.cgroup) != 1:
        raise UsageError(
            "count", "give one of: a command, -p, --all, --cgroup", "'trapgate count --help' shows examples"
        )
    if args.top is not None and args.top < 1:
        raise UsageError("count", "--top wants at least 1", "leave it out for all rows")
    program = find_program(command[0]) if command else ""
    output = open_descriptor(args.output) if args.output else 1
    with open_counter(args.source, args.by, not args.no_follow, system_wide=args.all or bool(args.cgroup)) as counter:
        interrupted = Interrupt(counter)
        start = time.monotonic()
        _begin(counter, args, program, command, pids)
        deadline = start + args.duration if args.duration else None
        counter.wait(deadline, interrupted)
        seconds = time.monotonic() - start
        _print(counter, args, seconds, output)
        return counter.finish(interrupted) if command else 0


def _begin(counter: Counter, args: argparse.Namespace, program: str, command: list[str], pids: list[int]) -> None:
    if command:
        counter.spawn(
            os.fsencode(program), [os.fsencode(w) for w in command], [b"%b=%b" % kv for kv in os.environb.items()]
        )
    for pid in pids:
        counter.attach(pid)
    if args.all:
        counter.attach_all()
    if args.cgroup:
        counter.attach_cgroup(args.cgroup)


class Interrupt:
    """Whether the user asked to end: true after the first SIGINT, SIGTERM or SIGHUP.

    A command that we started ends itself: a terminal's Ctrl-C reaches it too, the other two are passed on.
    """

    def __init__(self, counter: Counter) -> None:
        self.number = 0
        self._counter = counter
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._note)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.number = number
        if number != signal.SIGINT and self._counter.child:
            os.kill(self._counter.child, number)

    def __bool__(self) -> bool:
        return bool(self.number)


def _parse_pids(words: list[str]) -> Iterator[int]:
    for word in ",".join(words).split(",") if words else []:
        if not word.isdecimal() or not 0 < int(word) < 1 << 31:
            raise UsageError("count -p", f"{word!r} is not a process id", "give numbers, separated by commas")
        yield int(word)


def find_program(name: str) -> str:
    """The file that running `name` executes; TrapgateError if there is none."""
    found = name if "/" in name else shutil.which(name)
    if not found or not os.access(found, os.X_OK) or os.path.isdir(found):
        why = "it is not found in PATH" if "/" not in name else "there is no such program, or it may not be executed"
        raise TrapgateError(f"run '{name}'", why, "give the program's path")
    return found


def _print(counter: Counter, args: argparse.Namespace, seconds: float, output: int) -> None:
    """The table, or the JSON object, and on standard error what was lost."""
    counted = counter.read()
    rows = sort_rows(_name(counted, args.by), args.sort)[: args.top]
    if args.json:
        text = json.dumps(describe(rows, args.by, counter.name, seconds, counter.lost), indent=1)
    else:
        total_ns = sum(row.total_ns for row in counted)
        text = _render(rows, args.by, output, total_ns) if rows else "no call returned in this time"
    sys.stdout.flush()
    try:
        with os.fdopen(
            output, "w", encoding=sys.stdout.encoding, errors="backslashreplace", closefd=output != 1
        ) as file:
            print(text, file=file)
    except BrokenPipeError:
        raise
    except OSError as error:
        name = f"'{args.output}'" if args.output else "standard output"
        hint = "free some room, or choose another file with -o"
        raise TrapgateError(f"write {name}", error.strerror or "failed", hint) from None
    calls = sum(row.calls + row.unfinished for row in counted)
    if not args.json:
        print(f"trapgate: {calls:,} calls in {seconds:.2f} s, counted by {counter.name}", file=sys.stderr)
    for why, number in counter.losses.items():
        print(f"trapgate: lost: {number:,} {why}", file=sys.stderr)


def _render(rows: list[Count], by: str, output: int, total_ns: int) -> str:
    terminal = os.isatty(output)
    width = shutil.get_terminal_size().columns if terminal else 0
    color = terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    encoding = (sys.stdout.encoding or "").lower().replace("-", "")
    return render(rows, by, total_ns=total_ns, width=width, color=color, ascii_only=encoding != "utf8")


def _name(rows: list[CallCount], by: str) -> list[Count]:
    from trapgate import catalog
    from trapgate.model.abi import BY_INDEX

    names = {index: (abi.name, catalog.table_names(abi.name)) for index, abi in BY_INDEX.items()}
    if by == "cgroup":
        paths = find_cgroups({row.group for row in rows if isinstance(row.group, int)})
        return name_rows(rows, names.__getitem__, lambda group: paths.get(group, str(group)))
    return name_rows(rows, names.__getitem__, {"error": _name_error, "pid": _name_pid}.get(by, _name_plain))


def _name_plain(group: int | str | None) -> str:
    return "" if group is None else str(group)


def _name_error(group: int | str | None) -> str:
    import errno

    return "-" if not group else errno.errorcode.get(int(group), f"errno {group}")


def _name_pid(group: int | str | None) -> str:
    try:
        with open(f"/proc/{group}/comm", encoding="utf-8", errors="backslashreplace") as file:
            return f"{group} {file.read().rstrip()}"
    except OSError:
        return str(group)


def find_cgroups(ids: set[int]) -> dict[int | str | None, str]:
    """The path below the mount of cgroup2 for each of `ids`, which are inode numbers of its folders."""
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
        mounts = [line.split()[4] for line in file if " - cgroup2 " in line]
    paths: dict[int | str | None, str] = {}
    for mount in mounts:
        for folder, _, _ in os.walk(mount):
            inode = os.stat(folder).st_ino
            if inode in ids:
                paths[inode] = folder.removeprefix(mount) or "/"
    return paths
