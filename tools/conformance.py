"""Runs strace's own test suite, from a built tree of strace, against trapgate under the name `strace`.

    tools/conformance.py TREE [--source ptrace|bpf] [--category GLOB] [--only GLOB] [--list FILE] [-j N]

A test passes when the suite says so *and* when it left about as many lines as the tree's own strace leaves:
what most tests expect is what the traced program prints, so a tracer that runs nothing would pass two in
three. That reference is made on the first run and kept in build/conformance. Each test runs in a private
copy (hard links) of the tree's test programs and in its own session, and what it leaves running is ended.
The last line is `N passed, N failed, N skipped`; the status is 0 when every test chosen was run.
"""

import argparse
import fnmatch
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
OUTPUTS = ("log", "exp", "out")
"""The files of a test's folder whose lines are compared with the reference."""
LINES_MAX = 400
"""More lines than this are not asked for: the longest logs differ from run to run."""

HIDDEN = ("MAKE", "MFLAGS", "VERBOSE", "TRAPGATE_")
"""What the suite does not get to see of this environment: it would change what tests do or print."""

CATEGORIES = (
    ("security contexts (--secontext)", r"secontext"),
    ("pid namespaces (--pidns-translation)", r"pidns"),
    ("stack traces (-k)", r"^strace-k"),
    ("command line and tips", r"-syntax|^strace-V|tips|^filtering_|argv0"),
    ("filters (-e trace, status)", r"^(trace_|qual_s|status|trie_)|^(clock|creds|regex|sched)$|-creds$"),
    ("seccomp filter (--seccomp-bpf)", r"seccomp-bpf|^filter"),
    ("tampering (inject, fault, delay)", r"inject|fault|tampering|^delay|^poke|-success"),
    ("summaries (-c)", r"^count|^strace-[cCSw]|summary"),
    ("times (-t -r -T)", r"^strace-+(t|r|T|absolute|relative|syscall-times|timestamps)|^localtime"),
    ("strings (-s -x)", r"^strace-+(x|no-x|strings)|^umove|^printstr|^printpath"),
    ("following, attaching, output files", r"^(attach|detach|strace-|fork|vfork|threads|looping|redirect|kill_child)"),
    ("ioctl", r"^(ioctl|btrfs)"),
    ("netlink", r"^(nlattr|netlink|nfnetlink)"),
    ("descriptors and paths (-y -P)", r"^(dev|net)-|-(y|yy|P)(-|$)|-fds|-e-fd"),
    ("prctl", r"^(arch_)?prctl"),
    ("sockets", r"^(accept|bind|connect|getpeer|inet|ip_|listen|mmsg|msg_|net|recv|scm|send|s[ol]_|tcp|unix)|sock"),
    ("signals", r"sig|^(kill|tkill|tgkill|pause|segv|signal)"),
    ("bpf, seccomp, perf, security modules", r"^(bpf|seccomp|perf|landlock|lsm)"),
    ("asynchronous I/O", r"^(io_|aio)"),
    ("ipc", r"^(ipc|mq|msg|sem|shm)"),
    ("memory", r"^(old_)?m(un)?(map|lock|protect|remap|advise|bind|incore|seal)|^(brk|pkey|memfd|remap|move_pages)"),
    ("processes and credentials", r"^(clone|exec|wait|[gsx]et|pidfd|process|prlimit|persona|ptrace|cap|kcmp|unshare)"),
    ("clocks and timers", r"clock|time|nanosleep|^alarm|^adjtimex"),
    ("scheduler", r"^sched|^ioprio"),
)  # fmt: skip
"""Each category with the names of its tests; the first that matches holds a test."""
OTHER = "files and other calls"


@dataclass(frozen=True, slots=True)
class Suite:
    """The tests of a built strace: where they are, their names, what they want in the environment."""

    tree: Path
    scripts: Path
    tests: tuple[str, ...]
    environment: dict[str, str]
    version: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one test ended. `lines` are those of each of `OUTPUTS`; `why` says why it failed."""

    name: str
    result: str
    seconds: float
    lines: tuple[int, ...]
    why: str = ""


class Bench:
    """A private copy of a suite's programs, and the one tracer that its tests run there."""

    def __init__(self, suite: Suite, tracer: Path, folder: Path, source: str = "") -> None:
        self.suite = suite
        self.folder = folder
        self.strace = folder / "bin" / "strace"
        self.source = source
        copy_programs(suite, folder / "tree")
        self.strace.parent.mkdir(parents=True)
        # A link, not a script: its own path is then the program's name, as messages print it.
        self.strace.symlink_to(tracer)

    def run(self, test: str, limit_s: float) -> Outcome:
        """The outcome of `test`, a script of the suite, which is given up after `limit_s`."""
        name = name_of(test)
        work = self.folder / "tree" / "tests"
        log = self.folder / "logs" / f"{name}.log"
        log.parent.mkdir(exist_ok=True)
        start = time.monotonic()
        with log.open("wb") as output:
            child = subprocess.Popen(
                [self.suite.scripts / "run.sh", self.suite.scripts / test],
                cwd=work,
                env=self._environment(limit_s),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                # The suite's `timeout` ends the test at the limit, with ten seconds for its own clean-up.
                status = child.wait(limit_s + 10)
            except subprocess.TimeoutExpired:
                status = -signal.SIGKILL
        kill_session(child.pid)
        child.wait()
        seconds = time.monotonic() - start
        left = work / f"{name}.dir"
        lines = tuple(count_lines(left / file) for file in OUTPUTS)
        result = {0: "PASS", 77: "SKIP"}.get(status, "FAIL")
        return Outcome(name, result, seconds, lines, f"exit status {status}" if result == "FAIL" else "")

    def keep(self, outcome: Outcome) -> None:
        """Keeps a failed test's folder beside the logs, and removes any other's."""
        left = self.folder / "tree" / "tests" / f"{outcome.name}.dir"
        if outcome.result == "FAIL":
            with (self.folder / "logs" / f"{outcome.name}.log").open("a") as log:
                print(outcome.why, file=log)
            shutil.copytree(
                left, self.folder / "failed" / outcome.name, symlinks=True, dirs_exist_ok=True, ignore=only_files
            )
        shutil.rmtree(left, ignore_errors=True)

    def runs_programs(self) -> bool:
        """Whether the tracer runs the program it is given: the canary."""
        command = [self.strace, "-o", self.folder / "canary.log", "/bin/echo", "canary"]
        environment = self._environment(60)
        try:
            done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
        except (OSError, subprocess.TimeoutExpired):
            return False
        return done.stdout == "canary\n" and (self.folder / "canary.log").stat().st_size > 0

    def close(self) -> None:
        """Removes the copied programs; the logs stay."""
        shutil.rmtree(self.folder / "tree", ignore_errors=True)

    def _environment(self, limit_s: float) -> dict[str, str]:
        own = {
            "srcdir": str(self.suite.scripts),
            "STRACE": str(self.strace),
            "TIMEOUT_DURATION": f"{limit_s:.0f}",
        }
        if self.source:
            own["TRAPGATE_SOURCE"] = self.source
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(HIDDEN)}
        return inherited | self.suite.environment | own


def read_suite(tree: Path) -> Suite:
    """The suite of the built strace in `tree`; exits with a message when it is not one."""
    tests = tree / "tests"
    for needed in (tests / "Makefile", tree / "src" / "strace"):
        if not needed.exists():
            sys.exit(
                f"conformance: error: {tree}: {needed} is missing\nhint: build strace and 'make check TESTS=' there"
            )
    rule = "ask-for:\n\t@printf '%s\\n' $(TESTS) '' $(srcdir) '' $(AM_TEST_LOG_FLAGS)\n"
    make = ["make", "-s", "--no-print-directory", "-C", tests, "-f", "Makefile", "-f", "-", "ask-for"]
    environment = {key: value for key, value in os.environ.items() if not key.startswith(HIDDEN)}
    answer = subprocess.run(make, input=rule, env=environment, capture_output=True, text=True, check=True).stdout
    names, srcdir, flags = answer.split("\n\n")
    version = subprocess.run([tree / "src" / "strace", "-V"], capture_output=True, text=True, check=True).stdout
    return Suite(
        tree=tree,
        scripts=(tests / srcdir.strip()).resolve(),
        tests=tuple(names.split()),
        environment=dict(word.split("=", 1) for word in flags.split() if "=" in word),
        version=version.split("\n", 1)[0].rsplit(" ", 1)[-1],
    )


def copy_programs(suite: Suite, copy: Path) -> None:
    """Links the built test programs into `copy`/tests, and the tree's sources beside it, where tests look."""
    (copy / "tests").mkdir(parents=True)
    (copy / "src").symlink_to(suite.tree / "src")
    for file in (suite.tree / "tests").iterdir():
        if file.is_file() and file.suffix not in (".o", ".a", ".log", ".trs"):
            try:
                os.link(file, copy / "tests" / file.name)
            except OSError:  # another file system
                shutil.copy2(file, copy / "tests" / file.name)


def only_files(folder: str, names: list[str]) -> list[str]:
    """What `copytree` must leave out: sockets, pipes and devices."""
    return [name for name in names if not (Path(folder, name).is_dir() or Path(folder, name).is_file())]


def count_lines(file: Path) -> int:
    """The lines of `file`, 0 when it is missing."""
    try:
        return file.read_bytes().count(b"\n") if file.is_file() else 0
    except OSError:
        return 0


def kill_session(session: int) -> None:
    """Ends every process of `session`: what a test left behind."""
    for entry in os.listdir("/proc"):
        try:
            if entry.isdigit() and os.getsid(int(entry)) == session:
                os.kill(int(entry), signal.SIGKILL)
        except ProcessLookupError:
            continue


def name_of(test: str) -> str:
    """The name of a test, from that of its script."""
    return test.removesuffix(".test").removesuffix(".gen")


def category_of(name: str) -> str:
    """The category of the test `name`."""
    return next((category for category, names in CATEGORIES if re.search(names, name)), OTHER)


def choose_tests(suite: Suite, options: argparse.Namespace) -> list[str]:
    """The tests that the options name."""
    wanted = set(options.list.read_text().split()) if options.list else None
    return [
        test
        for test in suite.tests
        if fnmatch.fnmatchcase(category_of(name_of(test)), options.category)
        and any(fnmatch.fnmatchcase(name_of(test), glob) for glob in options.only or ["*"])
        and (wanted is None or name_of(test) in wanted)
    ]


def run_all(bench: Bench, tests: Iterable[str], jobs: int, limits_s: dict[str, float]) -> Iterable[Outcome]:
    """The outcome of each of `tests` as it ends, `jobs` at once."""
    with ThreadPoolExecutor(jobs) as pool:
        for done in as_completed([pool.submit(bench.run, test, limits_s[name_of(test)]) for test in tests]):
            yield done.result()


def read_reference(file: Path) -> dict[str, Outcome]:
    """What the tree's own strace made of each test, from an earlier run."""
    rows = [line.split("\t") for line in file.read_text().splitlines()] if file.exists() else []
    return {
        name: Outcome(name, result, float(seconds), tuple(map(int, lines))) for name, result, seconds, *lines in rows
    }


def make_reference(suite: Suite, tests: list[str], file: Path, folder: Path, jobs: int) -> dict[str, Outcome]:
    """The reference of `tests`, running those that `file` lacks under the tree's own strace, and adding them to it."""
    known = read_reference(file)
    lacking = [test for test in tests if name_of(test) not in known]
    if not lacking:
        return known
    print(f"reference: running {len(lacking)} tests under {suite.tree}/src/strace", flush=True)
    bench = Bench(suite, suite.tree / "src" / "strace", folder)
    for outcome in run_all(bench, lacking, jobs, {name_of(test): 600.0 for test in lacking}):
        known[outcome.name] = outcome
        with file.open("a") as rows:
            print(outcome.name, outcome.result, f"{outcome.seconds:.2f}", *outcome.lines, sep="\t", file=rows)
        bench.keep(outcome)
    bench.close()
    return known


def judge(outcome: Outcome, reference: Outcome, canary: bool) -> Outcome:
    """`outcome`, failed if it passed without the work: half of the lines that strace leaves are asked for."""
    if outcome.result != "PASS":
        return outcome
    for file, lines, expected in zip(OUTPUTS, outcome.lines, reference.lines, strict=True):
        if lines * 2 < min(expected, LINES_MAX):
            why = f"hollow: {file} has {lines} lines, strace leaves {expected}"
            return Outcome(outcome.name, "FAIL", outcome.seconds, outcome.lines, why)
    if not canary:
        return Outcome(outcome.name, "FAIL", outcome.seconds, outcome.lines, "hollow: the tracer runs no program")
    return outcome


def format_account(outcomes: list[Outcome], reference: dict[str, Outcome]) -> str:
    """The table of categories, and the last line."""
    counts: Counter[tuple[str, str]] = Counter()
    for outcome in outcomes:
        for row in (category_of(outcome.name), "all"):
            counts[row, outcome.result] += 1
            counts[row, "strace"] += reference[outcome.name].result == "PASS"
    lines = [f"{'category':<40} {'pass':>5} {'fail':>5} {'skip':>5}   strace passes"]
    for row in [*sorted({category for category, _ in counts} - {"all"}), "all"]:
        passed, failed, skipped = (counts[row, result] for result in ("PASS", "FAIL", "SKIP"))
        lines.append(f"{row:<40} {passed:>5} {failed:>5} {skipped:>5}   {counts[row, 'strace']:>5}")
    total = [counts["all", result] for result in ("PASS", "FAIL", "SKIP")]
    return "\n".join([*lines, "{} passed, {} failed, {} skipped".format(*total)])


def parse_options(argv: list[str]) -> argparse.Namespace:
    """The command line's options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tree", type=Path, help="a built tree of strace, its test programs included")
    parser.add_argument(
        "--source", choices=("ptrace", "bpf"), default="ptrace", help="trapgate's source (default ptrace)"
    )
    parser.add_argument("--category", default="*", metavar="GLOB", help="only the categories that match")
    parser.add_argument("--only", action="append", metavar="GLOB", help="only the tests that match; may be repeated")
    parser.add_argument("--list", type=Path, metavar="FILE", help="only the tests that FILE names")
    parser.add_argument("-j", "--jobs", type=int, default=os.cpu_count(), metavar="N", help="tests at once")
    parser.add_argument("--timeout", type=float, default=60, metavar="SECONDS", help="limit of a test (default 60)")
    parser.add_argument("--tracer", type=Path, default=PROJECT / ".venv/bin/trapgate", help="what to judge")
    parser.add_argument("--results", type=Path, metavar="DIR", help="a new folder for logs and differences")
    parser.add_argument("-v", "--verbose", action="store_true", help="print each test as it ends")
    return parser.parse_args(argv)


def main(argv: list[str]) -> int:
    """0 after the chosen tests were run and accounted for."""
    options = parse_options(argv)
    suite = read_suite(options.tree.resolve())
    tests = choose_tests(suite, options)
    if not tests:
        sys.exit("conformance: error: no test matches")
    kept = PROJECT / "build" / "conformance"
    results = (options.results or kept / f"{options.source}-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}").resolve()
    results.mkdir(parents=True)
    kept.mkdir(parents=True, exist_ok=True)
    reference_file = kept / f"reference-{suite.version}.tsv"
    reference = make_reference(suite, tests, reference_file, results / "reference", options.jobs)

    bench = Bench(suite, options.tracer.absolute(), results, options.source)
    canary = bench.runs_programs()
    if not canary:
        print(f"warning: '{bench.strace} -o FILE /bin/echo canary' did not run the program: no test can pass")
    print(f"{len(tests)} tests of strace {suite.version}, source {options.source}; results in {results}", flush=True)
    # strace's own time says which tests are slow.
    limits_s = {name: max(options.timeout, 10 * outcome.seconds) for name, outcome in reference.items()}
    outcomes = []
    with (results / "results.tsv").open("w") as rows:
        for raw in run_all(bench, tests, options.jobs, limits_s):
            outcome = judge(raw, reference[raw.name], canary)
            bench.keep(outcome)
            outcomes.append(outcome)
            row = (outcome.result, outcome.name, category_of(outcome.name), f"{outcome.seconds:.2f}", outcome.why)
            print(*row, sep="\t", file=rows, flush=True)
            if options.verbose:
                print(f"{outcome.result}: {outcome.name} {outcome.why}", flush=True)
    bench.close()
    print(format_account(outcomes, reference))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
