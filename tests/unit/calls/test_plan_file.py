"""The plans that are kept are the plans that would be made; what is torn or of other descriptions is not used."""

from pathlib import Path

import pytest

from trapgate.calls import plan_file
from trapgate.calls.plan import make_plans


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("plans") / "plans.bin"
    plan_file.write_plans(path)
    return path


def test_what_is_read_is_what_is_made(written: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(plan_file, "FILE", written)
    made = make_plans(plan_file.STRING_LIMIT, plan_file.LIVE_ABIS, lambda name, abi: True)
    assert plan_file.load_plans(plan_file.STRING_LIMIT) == made
    assert len(made.by_call) > 900


def test_another_length_of_strings_has_other_plans(written: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(plan_file, "FILE", written)
    assert plan_file.load_plans(plan_file.STRING_LIMIT + 1) is None


def test_plans_of_other_descriptions_are_not_used(written: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(plan_file, "FILE", written)
    monkeypatch.setattr(plan_file, "stamp", lambda: b"another")
    assert plan_file.load_plans(plan_file.STRING_LIMIT) is None


@pytest.mark.parametrize("size", [0, 1, 20, 5000])
def test_a_torn_file_is_not_used(size: int, written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    torn = tmp_path / "plans.bin"
    torn.write_bytes(written.read_bytes()[:size])
    monkeypatch.setattr(plan_file, "FILE", torn)
    assert plan_file.load_plans(plan_file.STRING_LIMIT) is None


def test_a_missing_file_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(plan_file, "FILE", tmp_path / "plans.bin")
    assert plan_file.load_plans(plan_file.STRING_LIMIT) is None
