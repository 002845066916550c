"""Feeds damaged files to every reader of tables: each must give a table or a `ReadError`, in bounded time and memory.

    python fuzz/readers.py --count 20000           # a plain mutator; --seed N repeats a run
    python fuzz/readers.py --atheris [LIBFUZZER…]  # guided by coverage: pip install atheris
    make fuzz MINUTES=5                            # both

The seeds are the inputs of the readers' golden tests. An input that a reader fails on is written to `crash-…` and the
exit status is 1.
"""

from __future__ import annotations

import argparse
import random
import resource
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from trapgate.catalog.readers import ReadError, Source, find_kinds, read_table

INPUTS = Path(__file__).parent.parent / "tests" / "golden" / "readers" / "inputs"
MAX_SECONDS = 5.0
"""How long one reading of an input of some kilobytes may take: some milliseconds are usual."""
MAX_MEMORY = 1 << 30
"""Bytes that the whole process may have: an input of some kilobytes must not make a reader ask for more."""
TOKENS = (
    b"#if #else #endif #elif #define __NR_ ( ) { } [ ] , ; \\\n /* */ // \" ' 0x 99999999999 -1 << | ... \0 \xff".split(
        b" "
    )
    + b"MACH_TRAP( SYSCALL_DEFINE6( __HYPERVISOR_ AUE_ STD OBSOL sys_ .long Nt MZ PE\0\0 \x9f\xeb\x01".split(b" ")
)


def load_seeds() -> list[tuple[str, bytes]]:
    """The name and bytes of each golden input, in order."""
    files = sorted(path for path in INPUTS.rglob("*") if path.is_file())
    return [(str(path.relative_to(INPUTS)), path.read_bytes()) for path in files]


def mutate(data: bytes, chance: random.Random, others: list[tuple[str, bytes]]) -> bytes:
    """`data` with one to eight changes: bytes set, cut, repeated, tokens put in, or a piece of another seed."""
    result = bytearray(data)
    for _ in range(chance.randint(1, 8)):
        at = chance.randrange(len(result) + 1)
        end = min(len(result), at + chance.choice((1, 1, 2, 4, 16, 64)))
        action = chance.randrange(6)
        if action == 0 and at < len(result):
            result[at] = chance.choice((0, 0xFF, 0x7F, 0x80, chance.randrange(256)))
        elif action == 1:
            del result[at:end]
        elif action == 2:
            result[at:at] = result[at:end] * chance.choice((1, 2, 50))
        elif action == 3:
            result[at:at] = chance.choice(TOKENS)
        elif action == 4:
            other = chance.choice(others)[1]
            start = chance.randrange(len(other) + 1)
            result[at:end] = other[start : start + 64]
        else:
            del result[at:]
    return bytes(result)


def check(name: str, data: bytes, kind: str) -> None:
    """Reads `data` as `kind` (detected when empty). Raises `AssertionError`, or whatever a faulty reader raises."""
    start = time.process_time()
    try:
        table = read_table(Source(name, data), kind=kind)
    except ReadError as error:
        assert error.what and error.why and "\n" not in str(error), f"an error that is not one clear line: {error}"
    else:
        assert table.rows
    elapsed = time.process_time() - start
    assert elapsed < MAX_SECONDS, f"took {elapsed:.1f} s for {len(data)} bytes"


def run_plain(count: int, seed: int, say: Callable[[str], None] = print) -> int:
    """How many of `count` damaged inputs a reader failed on."""
    seeds, kinds, failures = load_seeds(), ["", *find_kinds()], 0
    for index in range(count):
        chance = random.Random(f"{seed}-{index}")
        name, data = chance.choice(seeds)
        damaged, kind = mutate(data, chance, seeds), chance.choice(kinds) if chance.random() < 0.5 else ""
        try:
            check(name, damaged, kind)
        except Exception:
            failures += 1
            path = Path(f"crash-{seed}-{index}")
            path.write_bytes(damaged)
            say(f"{path}: {name} as {kind or 'detected'}\n{traceback.format_exc()}")
    say(f"{count} inputs from {len(seeds)} seeds, {failures} failures")
    return failures


def run_atheris(arguments: list[str]) -> None:
    """Runs libFuzzer over all readers until it is stopped or one fails."""
    import atheris  # type: ignore[import-not-found]

    kinds = find_kinds()

    def test_one(data: bytes) -> None:
        if data:
            check("input", data[1:], ("", *kinds)[data[0] % (len(kinds) + 1)])

    with atheris.instrument_imports():
        for kind in kinds:
            __import__(f"trapgate.catalog.readers.{kind.replace('-', '_')}")
    with tempfile.TemporaryDirectory(prefix="fuzz-readers-") as corpus:
        for index, (_, data) in enumerate(load_seeds()):
            Path(corpus, str(index)).write_bytes(b"\0" + data)  # 0: the kind is detected
        atheris.Setup([sys.argv[0], f"-rss_limit_mb={MAX_MEMORY >> 20}", *arguments, corpus], test_one)
        atheris.Fuzz()


def main() -> int:
    """Status 1 when a reader failed on an input."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=20_000, help="how many damaged inputs (default: 20000)")
    parser.add_argument("--seed", type=int, default=0, help="the same seed makes the same inputs")
    parser.add_argument("--atheris", action="store_true", help="let libFuzzer choose; further words are its options")
    args, rest = parser.parse_known_args()
    if args.atheris:
        run_atheris(rest)
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))
    return 1 if run_plain(args.count, args.seed) else 0


if __name__ == "__main__":
    sys.exit(main())
