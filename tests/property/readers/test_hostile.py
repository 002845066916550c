"""No input makes a reader fail otherwise than by `ReadError`, with the place; what is well-formed comes back whole."""

import importlib.util
import random
import re
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trapgate.catalog.readers import ReadError, Source, find_kinds, read_table
from trapgate.catalog.readers._btf import Btf, BtfError
from trapgate.catalog.readers._c import evaluate, parse_parameters, split_list, strip_comments
from trapgate.catalog.readers._pe import PeError, PeFile

PROJECT = Path(__file__).parent.parent.parent.parent
INPUTS = PROJECT / "tests" / "golden" / "readers" / "inputs"
KINDS = find_kinds()
SEEDS = sorted(path for path in INPUTS.rglob("*") if path.is_file())
NAMES = st.from_regex(r"[a-z_][a-z0-9_]{0,20}", fullmatch=True)


def load(path: Path) -> ModuleType:
    """The module at `path`, which is in no package."""
    spec = importlib.util.spec_from_file_location(path.stem + "_tool", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


FUZZ = load(PROJECT / "fuzz" / "readers.py")
FIXTURES = load(PROJECT / "tools" / "reader_fixtures.py")


def read(data: bytes, kind: str, name: str = "input") -> None:
    """Reads; the only failure allowed is an error of one line that names the file."""
    try:
        table = read_table(Source(name, data), kind=kind)
    except ReadError as error:
        assert error.location.file.startswith(name)
        assert error.why
        assert "\n" not in str(error)
    else:
        assert all(text.isprintable() for row in table.rows for text in (row.name, row.entry, row.condition))


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.binary(max_size=300))
@settings(deadline=None, max_examples=60)
def test_any_bytes(kind: str, data: bytes) -> None:
    read(data, kind)


@pytest.mark.parametrize("kind", KINDS)
@given(seed=st.integers(min_value=0))
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
def test_damaged_inputs(kind: str, seed: int) -> None:
    chance = random.Random(seed)
    path = chance.choice(SEEDS)
    others = [(str(other), other.read_bytes()) for other in SEEDS[:5]]
    read(FUZZ.mutate(path.read_bytes(), chance, others), kind, path.name)


@given(text=st.text(alphabet="ab01 _#(){}[],;/*\\\n\"'|&!<", max_size=200))
@settings(deadline=None)
def test_any_text_of_the_formats_signs(text: str) -> None:
    for kind in KINDS:
        read(text.encode(), kind)


@pytest.mark.parametrize("name", ["pe/ntdll-x64.dll", "pe/ntdll-x86.dll", "vmlinux.btf"])
def test_every_cut_of_a_binary_file(name: str) -> None:
    whole = (INPUTS / name).read_bytes()
    for size in range(len(whole)):
        read(whole[:size], "windows-pe" if name.startswith("pe") else "linux-btf")


@pytest.mark.parametrize("name", ["pe/ntdll-x64.dll", "vmlinux.btf"])
def test_every_byte_of_a_binary_file_set_to_its_largest(name: str) -> None:
    whole = (INPUTS / name).read_bytes()
    for at in range(len(whole)):
        damaged = whole[:at] + b"\xff" + whole[at + 1 :]
        read(damaged, "windows-pe" if name.startswith("pe") else "linux-btf")


@given(data=st.binary(max_size=400))
@settings(deadline=None)
def test_a_blob_after_the_magic_of_btf(data: bytes) -> None:
    try:
        btf = Btf(b"\x9f\xeb\x01\0\x18\0\0\0" + data)
        for name in [*btf.function_names()]:
            btf.function(name)
    except BtfError as error:
        assert error.offset >= 0


@given(data=st.binary(max_size=600))
@settings(deadline=None)
def test_a_blob_after_the_signature_of_a_pe_file(data: bytes) -> None:
    try:
        pe = PeFile(b"MZ".ljust(0x3C, b"\0") + b"\x40\0\0\0PE\0\0\x64\x86" + data)
        list(pe.read_exports())
        pe.read_version()
    except PeError as error:
        assert error.offset >= 0


@given(rows=st.lists(st.tuples(st.integers(0, 999), NAMES), min_size=1, max_size=30, unique_by=lambda row: row[0]))
def test_a_table_comes_back_in_order(rows: list[tuple[int, str]]) -> None:
    text = "".join(f"{number}\tcommon\t{name}\tsys_{name}\n" for number, name in rows)
    table = read_table(Source("x.tbl", text.encode()), kind="linux-tbl", abi="xtensa")
    assert [(row.number, row.name) for row in table.rows] == rows
    assert [row.location.line for row in table.rows] == list(range(1, len(rows) + 1))


@given(rows=st.lists(st.tuples(st.integers(0, 0xFFFFF), NAMES), min_size=1, max_size=30, unique_by=lambda row: row[1]))
def test_a_header_comes_back_in_order(rows: list[tuple[int, str]]) -> None:
    rows = [(number, "x" + name) for number, name in rows]
    text = "".join(f"#define __NR_{name} {number}\n" for number, name in rows)
    table = read_table(Source("asm/unistd_n.h", text.encode()), kind="linux-unistd", abi="i386")
    assert [(row.number, row.name) for row in table.rows] == rows


@given(numbers=st.lists(st.integers(0, 0xFFFF), min_size=1, max_size=20, unique=True))
def test_stubs_come_back_by_number(numbers: list[int]) -> None:
    stubs = {
        f"Nt{number:05}": b"\x4c\x8b\xd1\xb8" + number.to_bytes(4, "little") + b"\x0f\x05\xc3" for number in numbers
    }
    table = read_table(Source("ntdll.dll", FIXTURES.build_pe(0x8664, stubs, is_64=True)))
    assert [(row.number, row.name) for row in table.rows] == [(number, f"Nt{number:05}") for number in sorted(numbers)]


EXPRESSIONS = st.recursive(
    st.integers(0, 1000).map(str),
    lambda inner: st.tuples(inner, st.sampled_from(["+", "*", "|", "-"]), inner).map(
        lambda t: f"({t[0]} {t[1]} {t[2]})"
    ),
    max_leaves=8,
)


@given(EXPRESSIONS)
def test_expressions_have_the_value_python_gives_them(text: str) -> None:
    # The text has numbers, operators and parentheses and nothing else.
    expected = eval(text)
    if -(1 << 63) <= expected < 1 << 63:
        try:
            assert evaluate(text, {}.__getitem__) == expected
        except ValueError as error:
            assert "64 bits" in str(error)


@given(st.text(alphabet="a/*\n\"'\\ ", max_size=80))
def test_comments_are_blanked_in_place(text: str) -> None:
    clean = strip_comments(text)
    assert len(clean) == len(text)
    assert [at for at, sign in enumerate(clean) if sign == "\n"] == [at for at, sign in enumerate(text) if sign == "\n"]
    assert all(a in (b, " ") for a, b in zip(clean, text, strict=True))


@given(st.lists(NAMES, max_size=8))
def test_lists_are_split_at_their_commas(names: list[str]) -> None:
    assert split_list(", ".join(f"int {name}(a, b)" for name in names)) == [f"int {name}(a, b)" for name in names]
    parsed = [argument.name for argument in parse_parameters(", ".join(f"long {name}" for name in names))]
    words = re.compile(r"int|long|char|void|short|float|double|const|union|enum|struct|signed|unsigned|volatile")
    assert parsed == [name if not words.fullmatch(name) else "" for name in names]


def test_the_plain_fuzzer_finds_nothing() -> None:
    said: list[str] = []
    assert FUZZ.run_plain(300, 7, said.append) == 0, "\n".join(said)


def test_the_fuzzer_would_find_a_fault(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def fail(*_: object, **__: object) -> None:
        raise IndexError("a reader's fault")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(FUZZ, "read_table", fail)
    assert FUZZ.run_plain(3, 0, lambda _: None) == 3
    assert len(list(tmp_path.iterdir())) == 3
