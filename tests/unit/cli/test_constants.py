"""What `errno`, `signal` and `ioctl` print for compilers."""

import shutil
import subprocess
from pathlib import Path

import pytest

from trapgate import catalog

COMMANDS = [
    (["errno", "--system", "mips"], {c.name: c.number for c in catalog.errors(system="mips")}),
    (["signal", "--system", "freebsd"], {c.name: c.number for c in catalog.signals(system="freebsd")}),
    (["ioctl"], {request.name: request.value for request in catalog.ioctls()}),
    (["errno", "EPERM", "--system", "xen"], {"EPERM": 1}),
]


@pytest.mark.parametrize(("words", "values"), COMMANDS)
def test_python(run_trapgate, words: list[str], values: dict[str, int]) -> None:
    found: dict[str, object] = {}
    exec(run_trapgate(*words, "--python").stdout, found)
    del found["__builtins__"], found["__doc__"]
    assert found == values


@pytest.mark.parametrize(("words", "values"), COMMANDS)
def test_c_header(run_trapgate, tmp_path: Path, words: list[str], values: dict[str, int]) -> None:
    if not shutil.which("cc"):
        pytest.skip("there is no C compiler")
    checks = [f'_Static_assert({name} == {value}u, "{name}");' for name, value in values.items()]
    source = run_trapgate(*words, "--c-header").stdout + "\n".join(checks) + "\n"
    subprocess.run(["cc", "-Wall", "-Werror", "-fsyntax-only", "-x", "c", "-"], input=source, text=True, check=True)


def test_only_listings_can_be_definitions(run_trapgate) -> None:
    done = run_trapgate("ioctl", "--decode", "0x5413", "--python")
    assert done.returncode == 2 and "--decode" in done.stderr


@pytest.mark.parametrize(
    ("words", "row"),
    [
        ("errno -11 --system x86_64", ["11", "EAGAIN"]),
        ("errno EDEADLK --system mips64el", ["45", "EDEADLK"]),
        ("signal USR1 --system aarch64", ["10", "SIGUSR1"]),
        ("signal RTMAX --system x86", ["64", "SIGRTMAX"]),
    ],
)
def test_a_system_may_be_an_abi_and_a_number_what_a_call_gave_back(run_trapgate, words: str, row: list[str]) -> None:
    assert run_trapgate(*words.split()).stdout.splitlines()[1].split()[:2] == row


def test_search_of_words_that_nothing_has_together(run_trapgate) -> None:
    some = run_trapgate("search", "close", "file")
    assert some.returncode == 0 and "some of the words" in some.stderr and "close_range" in some.stdout
    assert run_trapgate("search", "close", "file", "--json").stdout == "[]\n"
    assert "trapgate ioctl 0x5413" in run_trapgate("search", "0x5413").stderr
