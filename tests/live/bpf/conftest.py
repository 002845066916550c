"""A program that says what it did, run under the bpf source, and the records of it."""

import os
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from trapgate.model.errors import CannotTraceError
from trapgate.model.record import Cond, From, Kind, Op, Phase, Plan, Record, What, parse_record
from trapgate.sources.bpf import Bpf

NR = {
    "read": 0,
    "write": 1,
    "access": 21,
    "pause": 34,
    "getpid": 39,
    "sendmsg": 46,
    "readv": 19,
    "writev": 20,
    "execve": 59,
    "mkdir": 83,
    "getppid": 110,
    "newfstatat": 262,
    "sendmmsg": 307,
}
"""Numbers on x86_64. Source: arch/x86/entry/syscalls/syscall_64.tbl."""

ENTRY, EXIT = Phase.ENTRY, Phase.EXIT


def x86_64(name: str) -> int:
    """The key of a call's plan."""
    return 1 << 16 | NR[name]


PLANS = {
    x86_64("read"): Plan((Op(EXIT, What.BYTES, 1, From.RESULT, max=5),), n_args=3),
    x86_64("write"): Plan((Op(ENTRY, What.BYTES, 1, From.ARG, 2, max=32768),), n_args=3),
    x86_64("access"): Plan((Op(ENTRY, What.STRING, 0, max=4096),), n_args=2),
    x86_64("mkdir"): Plan((Op(ENTRY, What.STRING, 0, max=4096),), n_args=2),
    x86_64("getppid"): Plan((), n_args=0),
    x86_64("newfstatat"): Plan(
        (Op(ENTRY, What.STRING, 1, max=4096), Op(EXIT, What.BYTES, 2, cond=Cond.IF_SUCCESS, max=144)), n_args=4
    ),
    x86_64("execve"): Plan(
        (Op(ENTRY, What.STRING, 0, max=4096), Op(ENTRY, What.STRINGS, 1, scale=8, max=64)), n_args=3
    ),
    x86_64("writev"): Plan((Op(ENTRY, What.IOVEC, 1, From.ARG, 2, max=8),), n_args=3),
    x86_64("readv"): Plan((Op(EXIT, What.IOVEC, 1, From.ARG, 2, max=64),), n_args=3),
    x86_64("sendmmsg"): Plan((Op(ENTRY, What.MMSG, 1, From.ARG, 2, max=64),), n_args=4),
    x86_64("sendmsg"): Plan(
        (
            Op(ENTRY, What.BYTES, 1, max=56),
            Op(ENTRY, What.IOVEC, 0x80, From.FIELD, 0, base_off=16, len_off=24, max=64),
        ),
        n_args=3,
    ),
}


@dataclass
class Seen:
    """What a run gave: the records in order, what the program said, what the source lost."""

    records: list[Record] = field(default_factory=list)
    said: dict[str, list[str]] = field(default_factory=dict)
    lost: int = 0
    pid: int = 0

    def calls(self, name: str, *, abi: int = 1) -> list[Record]:
        """The finished calls of that name."""
        return [r for r in self.records if r.kind == Kind.CALL and r.abi == abi and r.nr == NR[name]]

    def of_kind(self, kind: Kind) -> list[Record]:
        """The records of a kind."""
        return [r for r in self.records if r.kind == kind]

    def number(self, name: str, word: int = 0) -> int:
        """A number that the program said."""
        return int(self.said[name][word], 0)


def read_all(source: Bpf) -> list[Record]:
    """Every record until nobody is traced."""
    records = []
    while (batch := source.run()) is not None:
        at = 0
        while at < len(batch):
            record, at = parse_record(batch, at)
            records.append(record)
    return records


@pytest.fixture(scope="session")
def calls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiled program of `calls.c`."""
    program = tmp_path_factory.mktemp("bpf") / "calls"
    source = Path(__file__).parent / "calls.c"
    subprocess.run(["gcc", "-O1", "-Wall", "-Werror", "-pthread", str(source), "-o", str(program)], check=True)
    return program


@pytest.fixture(scope="session", autouse=True)
def can_trace() -> None:
    """Skips, with the reason, where the bpf source cannot be used."""
    try:
        Bpf(plan={}).close()
    except CannotTraceError as error:
        pytest.skip(f"{error}; {error.hint}")
    if os.uname().machine != "x86_64":
        pytest.skip("the calls' numbers here are those of x86_64")


Watch = Callable[..., Seen]


@pytest.fixture
def watch(calls: Path, tmp_path: Path) -> Watch:
    """Runs `calls WORDS…` under the source; keywords go to `Bpf`."""

    def run(*words: str, **options: object) -> Seen:
        log = tmp_path / "said"
        kept = os.dup(2)
        said = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        with Bpf(**{"plan": pack(PLANS), **options}) as source:  # type: ignore[arg-type]
            os.dup2(said, 2)
            try:
                pid = source.spawn(os.fsencode(calls), [os.fsencode(w) for w in (str(calls), *words)], [b"A=1"])
            finally:
                os.dup2(kept, 2)
                os.close(kept)
                os.close(said)
            seen = Seen(read_all(source), lost=source.lost, pid=pid)
        for line in log.read_text().splitlines():
            name, *rest = line.split()
            seen.said[name] = rest
        return seen

    return run


def pack(plans: dict[int, Plan]) -> dict[int, bytes]:
    """Plans as a source wants them."""
    return {key: plan.pack() for key, plan in plans.items()}


def texts(record: Record, op: int | None = None) -> Sequence[bytes]:
    """The bytes of a record's pieces, of one operation or of all."""
    return [piece.data for piece in record.pieces if op is None or piece.op == op]
