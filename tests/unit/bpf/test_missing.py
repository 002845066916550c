"""What is missing on this machine is said as such, with what mends it, and status 3."""

import ctypes
import errno
from pathlib import Path

import pytest

from trapgate.model.errors import CANNOT_TRACE, CannotTraceError
from trapgate.sources import abilities, bpf, libbpf


def test_no_libbpf(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError("libbpf.so.1: cannot open shared object file")

    monkeypatch.setattr(libbpf, "_library", None)
    monkeypatch.setattr(ctypes, "CDLL", refuse)
    monkeypatch.setattr(Path, "read_bytes", lambda _: b"an object")
    with pytest.raises(CannotTraceError, match=r"libbpf.so.1 is not installed") as caught:
        bpf.BpfPrograms("trace")
    assert "apt install libbpf1" in caught.value.hint
    assert caught.value.exit_code == CANNOT_TRACE


def test_no_object(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(bpf, "OBJECTS", tmp_path)
    with pytest.raises(CannotTraceError, match=r"trace\.bpf\.o") as caught:
        bpf.BpfPrograms("trace")
    assert "install trapgate again" in caught.value.hint


@pytest.mark.parametrize("need", ["CAP_BPF and CAP_PERFMON", "the kernel describes its types"])
def test_the_first_thing_missing_is_named(monkeypatch: pytest.MonkeyPatch, need: str) -> None:
    checks = (
        abilities.Check("something", True, "yes", ""),
        abilities.Check(need, False, "not here", "do this"),
        abilities.Check("another", False, "no", "do that"),
    )
    monkeypatch.setattr(abilities, "check_source", lambda _: abilities.Ability("bpf", checks))
    error = bpf.explain(OSError(errno.EPERM, "Operation not permitted", "bpf_object__load"))
    assert (str(error), error.hint) == (f"bpf source: {need}: not here", "do this")


def test_what_libbpf_said_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(abilities, "check_source", lambda _: abilities.Ability("bpf", ()))
    monkeypatch.setattr(libbpf, "messages", ["libbpf: prog 'sys_enter': too large\nlibbpf: failed to load object\n"])
    error = bpf.explain(OSError(errno.E2BIG, "Argument list too long", "bpf_object__load"))
    assert "sys_enter': too large" in str(error) and error.hint
