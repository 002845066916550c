"""Words that no catalogue has: an answer or an error that names the mistake, never a traceback or a wall of text."""

import pytest

ODD = ["", "99999999999999999999999", "0x" + "f" * 40, "A" * 70_000, b"\xff\xfe", "//", "\n"]
COMMANDS = [
    *(["show"], ["list"], ["search"], ["ioctl"], ["ioctl", "--decode"], ["errno"], ["signal"], ["abi"]),
    *(["diff", "i386"], ["list", "--abi"], ["list", "--version"], ["list", "--system"], ["list", "--class"]),
    *(
        ["show", "read", "--version"],
        ["show", "read", "--abi"],
        ["catalog", "read"],
        ["catalog", "read", "--kind", "x"],
    ),
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("word", ODD, ids=lambda word: repr(word)[:20])
def test_an_odd_word(run_trapgate, command: list[str], word: str | bytes) -> None:
    words = [*command, word] if command[-1].startswith("--") else [*command, "--", word]
    done = run_trapgate(*words, errors="replace")
    assert "Traceback" not in done.stderr
    assert done.returncode in (0, 1, 2)
    assert done.returncode == 0 or len(done.stderr) < 2000 or "usage:" in done.stderr
