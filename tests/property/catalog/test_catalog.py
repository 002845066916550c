"""What holds for any input, and for every row of the catalogue."""

import contextlib
import itertools
from collections import defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trapgate import catalog
from trapgate.catalog.factfile import parse_facts
from trapgate.catalog.versions import version_key
from trapgate.cli.ioctl import decode_request
from trapgate.cli.tables import write_table
from trapgate.model.errors import TrapgateError, UsageError

numbers = st.integers(0, 999)
HISTORY = ("linux", "macos", "windows")


@given(st.tuples(numbers, numbers, numbers), st.tuples(numbers, numbers, numbers))
def test_versions_are_ordered_as_their_numbers(a: tuple[int, ...], b: tuple[int, ...]) -> None:
    keys = [version_key("linux", ".".join(map(str, version))) for version in (a, b)]
    assert (keys[0] < keys[1]) == (a < b)
    assert keys[0] < 1 << 62


@given(numbers, numbers, st.integers(1, 20))
def test_a_candidate_is_before_its_release(major: int, minor: int, candidate: int) -> None:
    release = f"{major}.{minor}"
    assert version_key("linux", f"{release}-rc{candidate}") < version_key("linux", release)


@given(st.text(), st.sampled_from(HISTORY))
def test_any_text_is_a_version_or_a_mistake(text: str, system: str) -> None:
    with contextlib.suppress(UsageError):
        assert 0 <= version_key(system, text) < 1 << 62


@given(st.text())
def test_a_fact_file_is_read_or_refused(text: str) -> None:
    try:
        facts = parse_facts("any", text, "any.tsv")
    except TrapgateError as error:
        assert error.what.startswith("any.tsv:")
    else:
        assert all(len(line) == len(facts.columns) for line in facts.lines)


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=40))
def test_questions_take_any_text(text: str) -> None:
    for ask in (catalog.find, catalog.search, catalog.errors, catalog.signals, catalog.ioctls, catalog.nearest):
        with contextlib.suppress(UsageError):
            ask(text)
    with contextlib.suppress(UsageError):
        catalog.diff(text, "i386")


@given(st.integers(0, (1 << 32) - 1))
def test_decode_of_a_request_loses_nothing(request: int) -> None:
    text, direction, kind, number, size = decode_request(request)
    high = ("none", "write", "read", "readwrite").index(direction)
    byte = ord(kind[1]) if kind.startswith("'") else int(kind, 16)
    assert high << 30 | size << 16 | byte << 8 | number == int(text, 16) == request


cells = st.one_of(st.integers(), st.text(), st.none(), st.booleans())


@given(st.lists(st.tuples(cells, cells)))
def test_a_table_of_cells_comes_back_from_json_and_csv(rows: list[tuple[object, object]]) -> None:
    import csv
    import io
    import json

    out = io.StringIO()
    write_table(("a", "b"), rows, "json", out)  # type: ignore[arg-type]
    assert [tuple(row.values()) for row in json.loads(out.getvalue())] == rows
    out = io.StringIO(newline="")
    write_table(("a", "b"), rows, "csv", out)  # type: ignore[arg-type]
    texts = [
        ["" if c is None else {True: "yes", False: "no"}[c] if isinstance(c, bool) else str(c) for c in row]
        for row in rows
    ]
    assert list(csv.reader(io.StringIO(out.getvalue(), newline="")))[1:] == texts
    out = io.StringIO()
    write_table(("a", "b"), rows, "tsv", out)  # type: ignore[arg-type]
    assert out.getvalue().count("\n") == len(rows) + 1


@pytest.mark.parametrize("system", catalog.systems())
def test_ranges_are_half_open_and_do_not_overlap(system: str) -> None:
    for abi in catalog.abis(system):
        spans: dict[tuple[int, str], list[tuple[int, int]]] = defaultdict(list)
        for entry in catalog.history(system, abi.name):
            dated = system in HISTORY
            since = version_key(system, entry.since) if dated and entry.since else 0
            until = version_key(system, entry.until) if dated and entry.until else 1 << 62
            assert since < until, entry
            spans[entry.number, entry.name].append((since, until))
        for span in spans.values():
            span.sort()
            assert all(a[1] <= b[0] for a, b in itertools.pairwise(span))


SHARED = {
    # A table lists NtQuerySystemTime, whose stub jumps elsewhere, with the number of another call's stub.
    ("x64", 91),
    # win32k calls of arm64 that have no code of their own share one stub.
    ("arm64", 6427),
    # 32- and 64-bit programs have different calls at one place.
    *(("machdep-i386", number) for number in (3, 5, 6)),
}


@pytest.mark.parametrize("system", ["linux", "windows", "macos"])
def test_a_number_of_a_living_abi_has_one_name(system: str) -> None:
    for abi in catalog.abis(system):
        if not abi.convention:
            continue
        names: dict[int, set[str]] = defaultdict(set)
        for entry in catalog.table(system, abi.name):
            names[entry.number].add(entry.name)
        shared = {(abi.name, number) for number, found in names.items() if len(found) > 1}
        assert shared <= SHARED
