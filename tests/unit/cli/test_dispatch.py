"""The dispatcher: which commands there are, their help, and how errors look and end."""

import ast
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import trapgate
from trapgate import __main__ as program_module
from trapgate.cli import dispatch
from trapgate.model.errors import CannotTraceError, TrapgateError, UsageError

COMMANDS = {name: module for name, module, _ in dispatch.read_commands()}

ONLY_STANDARD = """
import sys
from importlib.abc import MetaPathFinder

class OnlyStandard(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] not in {*sys.stdlib_module_names, "trapgate"}:
            raise ModuleNotFoundError(f"{name} is blocked", name=name)

sys.meta_path.insert(0, OnlyStandard())
from trapgate.__main__ import main
sys.argv[0] = "trapgate"
sys.exit(main())
"""
MODULES = """
import json, sys
before = set(sys.modules)
sys.argv[0] = "trapgate"
from trapgate.__main__ import main
try:
    main()
finally:
    print(json.dumps(sorted(set(sys.modules) - before)), file=sys.stderr)
"""


def run_python(code: str, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=False)


def imported_by(*words: str) -> set[str]:
    """The modules that `trapgate WORDS...` imports."""
    done = run_python(MODULES, *words)
    return set(json.loads(done.stderr.splitlines()[-1]))


def test_every_command_is_a_module_that_runs() -> None:
    assert {"doctor", "completion"} <= set(COMMANDS)
    assert not {"dispatch", "parser", "help"} & set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_help_needs_no_dependency(name: str) -> None:
    done = run_python(ONLY_STANDARD, name, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) > 5


@pytest.mark.parametrize(("name", "summary"), [(name, summary) for name, _, summary in dispatch.read_commands()])
def test_first_sentence_is_the_docstrings(name: str, summary: str) -> None:
    source = Path(dispatch.__file__).with_name(f"{COMMANDS[name]}.py").read_text()
    docstring = ast.get_docstring(ast.parse(source)) or ""
    assert summary and " ".join(docstring.split()).startswith(summary)
    assert summary in dispatch.render_overview()


@pytest.mark.parametrize("name", COMMANDS)
def test_docstring_has_two_examples(name: str) -> None:
    source = Path(dispatch.__file__).with_name(f"{COMMANDS[name]}.py").read_text()
    docstring = ast.get_docstring(ast.parse(source)) or ""
    assert sum(line.strip().startswith("trapgate ") for line in docstring.splitlines()) >= 2


@pytest.mark.parametrize(("words", "status"), [(["--help"], 0), (["help"], 0), (["--version"], 0), ([], 2)])
def test_overview_and_version(run_trapgate, words: list[str], status: int) -> None:
    done = run_trapgate(*words)
    assert done.returncode == status
    assert "trapgate" in done.stdout + done.stderr
    assert bool(done.stdout) == (status == 0)


def test_version_is_the_packages(run_trapgate) -> None:
    assert run_trapgate("--version").stdout == f"trapgate {trapgate.__version__}\n"


def test_help_of_a_command_by_either_spelling(run_trapgate) -> None:
    assert run_trapgate("help", "doctor").stdout == run_trapgate("doctor", "--help").stdout


@pytest.mark.parametrize(
    ("words", "lines"),
    [
        (
            ["docter"],
            ["trapgate: error: command line: no command is named 'docter'", "hint: did you mean 'trapgate doctor'?"],
        ),
        (
            ["zzz"],
            ["trapgate: error: command line: no command is named 'zzz'", "hint: 'trapgate --help' lists the commands"],
        ),
        (
            ["../zzz"],
            [
                "trapgate: error: command line: no command is named '../zzz'",
                "hint: 'trapgate --help' lists the commands",
            ],
        ),
        (
            ["doctor", "--jso"],
            ["trapgate: error: doctor: unrecognized arguments: --jso", "hint: 'trapgate doctor --help' shows its use"],
        ),
    ],
)
def test_usage_error(run_trapgate, words: list[str], lines: list[str]) -> None:
    done = run_trapgate(*words)
    assert (done.returncode, done.stdout, done.stderr.splitlines()) == (2, "", lines)


@pytest.mark.parametrize("stem", ["dispatch", "parser", "help", "__init__"])
def test_a_shared_module_is_no_command(stem: str) -> None:
    with pytest.raises(UsageError):
        dispatch.load_command(stem)


@pytest.mark.parametrize(
    ("error", "status", "text"),
    [
        (TrapgateError("log", "it is full"), 1, "trapgate: error: log: it is full\n"),
        (UsageError("log", "no name", "give one"), 2, "trapgate: error: log: no name\nhint: give one\n"),
        (CannotTraceError("bpf", "CAP_BPF not held"), 3, "trapgate: error: bpf: CAP_BPF not held\n"),
        (TrapgateError("x", "y", exit_code=7), 7, "trapgate: error: x: y\n"),
    ],
)
def test_error_text_and_status(monkeypatch, capsys, error: TrapgateError, status: int, text: str) -> None:
    def fail(argv: list[str]) -> int:
        raise error

    monkeypatch.setattr(program_module, "dispatch", fail)
    assert program_module.main() == status
    assert capsys.readouterr() == ("", text)


FULL = "trapgate: error: write standard output: No space left on device"


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["list"], ["show", "read"], ["completion", "bash"]])
def test_a_full_disk_is_one_error(program: Path, words: list[str]) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run([program, *words], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr.splitlines()[0]) == (1, FULL)
    assert len(done.stderr.splitlines()) == 2


@pytest.mark.parametrize("words", ["list", "--help", "doctor", "show read", "errno 2"])
@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_standard_files_are_no_traceback(program: Path, words: str, closed: str) -> None:
    done = subprocess.run(["sh", "-c", f'"$0" {words} {closed}', program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_an_error_holds_nothing_that_a_terminal_obeys(run_trapgate) -> None:
    done = run_trapgate("trace", "no\x1b[31m\u202eé\nhint: x")
    assert "'no\\x1b[31m\\u202eé\\nhint: x'" in done.stderr and "\x1b" not in done.stderr
    assert len(done.stderr.splitlines()) == 2


def test_interrupted(monkeypatch, capsys) -> None:
    monkeypatch.setattr(program_module, "dispatch", lambda argv: signal.raise_signal(signal.SIGINT))
    assert program_module.main() == 130
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("words", [["--help"], ["doctor", "--help"], ["completion", "bash"]])
def test_reader_that_has_seen_enough(program: Path, words: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([program, *words], stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")


def test_closed_stdout(program: Path) -> None:
    done = subprocess.run(["sh", "-c", f"{program} --help >&-"], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


def test_overview_imports_no_command_and_no_argparse() -> None:
    imported = imported_by("--help")
    assert "trapgate.cli.dispatch" in imported
    assert not {"argparse", "re", "numpy", "duckdb", "trapgate._core", "sqlite3", "ctypes"} & imported
    assert not {f"trapgate.cli.{module}" for module in COMMANDS.values()} & imported


def test_import_of_the_package_imports_nothing() -> None:
    code = "import sys; before = set(sys.modules); import trapgate; print(set(sys.modules) - before)"
    assert run_python(code).stdout == "{'trapgate'}\n"


@pytest.mark.parametrize("link", ["strace", "/usr/local/bin/strace", "/opt/trapgate-strace"])
def test_called_as_strace_it_hands_over_the_whole_command_line(monkeypatch, link: str) -> None:
    from trapgate.cli import trace

    given = []
    monkeypatch.setattr(trace, "run_as_strace", lambda argv, program: given.append((argv, program)) or 5)
    assert program_module.dispatch([link, "--help", "-o", "x"]) == 5
    assert given == [(["--help", "-o", "x"], link)]


def test_a_link_named_strace_is_strace(program: Path, tmp_path: Path) -> None:
    link = tmp_path / "strace"
    link.symlink_to(program)
    done = subprocess.run([link, "-V"], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert done.stdout.startswith("strace -- version ")


@pytest.mark.parametrize("words", [["trace", "true"], ["show", "openat"], ["count", "true"]])
def test_start_up_imports_nothing_heavy(words: list[str]) -> None:
    imported = imported_by(*words)
    assert "trapgate.cli." + words[0] in imported
    assert not {"numpy", "duckdb", "textual", "asyncio", "unittest", "importlib.metadata", "email"} & imported
    if words[0] == "trace":
        assert "argparse" not in imported
