"""`trapgate completion`: bash really completes, and each shell accepts what is printed for it."""

import shutil
import subprocess

import pytest

from trapgate.cli.help import Option, parse_options


def complete(script: str, *words: str) -> list[str]:
    """What bash offers for the last of `words`."""
    typed = f"COMP_WORDS=({' '.join(words)}) COMP_CWORD={len(words) - 1}"
    code = f"{script}\n{typed}\n_trapgate\nprintf '%s\\n' \"${{COMPREPLY[@]}}\""
    return subprocess.run(["bash", "-c", code], capture_output=True, text=True, check=True).stdout.split()


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["trapgate", "doc"], ["doctor"]),
        (["trapgate", "doctor", "--so"], ["--source"]),
        (["trapgate", "doctor", "--source", "pt"], ["ptrace"]),
        (["trapgate", "doctor", "fi"], []),
    ],
)
def test_bash_completes(run_trapgate, words: list[str], offered: list[str]) -> None:
    assert complete(run_trapgate("completion", "bash").stdout, *words) == offered


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shell_accepts_it(run_trapgate, shell: str) -> None:
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed")
    script = run_trapgate("completion", shell).stdout
    done = subprocess.run([shell, "-n"], input=script, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "doctor" in script


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("  -f          follow\n", [Option(("-f",), "", "follow")]),
        ("  -o FILE, --output=FILE\n        write there\n", [Option(("-o", "--output"), "FILE", "write there")]),
        ("  --by {pid,comm}  group\n", [Option(("--by",), "{pid,comm}", "group")]),
        ("  --color[=WHEN]   colour\n", [Option(("--color",), "WHEN", "colour")]),
        ("examples:\n  trapgate show -v openat   all of it\n", []),
    ],
)
def test_options_of_a_help(text: str, options: list[Option]) -> None:
    assert parse_options(text) == options


def test_choices() -> None:
    assert parse_options("  --by {pid,comm}  group\n")[0].choices == ("pid", "comm")
