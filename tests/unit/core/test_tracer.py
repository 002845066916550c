"""The C of the ptrace source under AddressSanitizer and UndefinedBehaviorSanitizer."""

import subprocess
from pathlib import Path

import pytest

PARTS = ("out", "plan", "remote", "task", "filter", "guard")


@pytest.fixture(scope="module")
def c_test(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The C test program, compiled with the sanitizers."""
    core = project / "src" / "trapgate" / "core"
    program = tmp_path_factory.mktemp("core") / "test_tracer"
    command = [
        "gcc", "-std=gnu11", "-g", "-O1", "-Wall", "-Wextra", "-Wshadow", "-Werror",
        "-fsanitize=address,undefined", "-fno-sanitize-recover=all", f"-I{core}", "-o", str(program),
        str(Path(__file__).with_name("test_tracer.c")), *(str(core / f"{part}.c") for part in PARTS),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if "cannot find -lasan" in done.stderr:
        pytest.skip("gcc has no AddressSanitizer library")
    assert done.returncode == 0, done.stderr
    return program


def test_c_parts_under_sanitizers(c_test: Path) -> None:
    done = subprocess.run([str(c_test)], capture_output=True, text=True, timeout=300, check=False)
    assert (done.returncode, done.stdout) == (0, "all is well\n"), done.stderr[-4000:]


def test_a_sanitizer_would_find_an_error(project: Path, tmp_path: Path) -> None:
    """The guard of the guard: an overflow planted in a copy of the code is reported."""
    core = project / "src" / "trapgate" / "core"
    text = (core / "out.c").read_text()
    broken = text.replace("tg_out_reserve(rec, sizeof(struct tg_piece) + padded)", "tg_out_reserve(rec, 0)")
    assert broken != text
    (tmp_path / "out.c").write_text(broken)
    command = [
        "gcc", "-std=gnu11", "-w", "-g", "-fsanitize=address,undefined", f"-I{core}", "-o", str(tmp_path / "program"),
        str(Path(__file__).with_name("test_tracer.c")), str(tmp_path / "out.c"),
        *(str(core / f"{part}.c") for part in PARTS if part != "out"),
    ]  # fmt: skip
    subprocess.run(command, check=True)
    done = subprocess.run([str(tmp_path / "program")], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode != 0 and "heap-buffer-overflow" in done.stderr
