"""What the commands of the catalogue print, byte for byte.

`UPDATE_GOLDEN=1 pytest tests/golden/catalog` writes the files anew; the diff is for a reviewer to read.
"""

import os
import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent
COMMANDS = [
    "show openat --abi x86_64",
    "show read --abi i386",
    "show clone --abi aarch64",
    "show vfork --abi i386 --all",
    "show socketcall --abi i386",
    "show break --abi i386",
    "show NtReadFile",
    "show fork --system openbsd",
    "show getpid --system macos",
    "show mach_msg_trap",
    "show mach_msg_trap --system macos --abi arm64",
    "show fstatat --version 2.6.17",
    "show mmu_update",
    "show 257 --abi x86_64 --json",
    "show statx --tsv",
    "list --abi i386 --version 0.01",
    "list --abi i386 --version 2.2.0 --c-header",
    "list --abi x86_64 --since 6.10 --tsv",
    "list --abi i386 --removed --csv",
    "list NtRead --system windows --version 25H2 --python",
    "list coal --system macos --since 15",
    "list VERSION --system smccc",
    "search winsize",
    "search read file --kind call --json",
    "diff i386@2.1.57 i386@2.1.68",
    "diff i386@2.0 i386@2.2.0",
    "diff freebsd openbsd --kind renumbered --tsv",
    "diff x86_64 aarch64 --kind signature",
    "ioctl TIOCGWINSZ",
    "ioctl 0x5401 --json",
    "ioctl --decode 0x80045430",
    "errno EAGAIN",
    "errno 35 --tsv",
    "signal USR1",
    "signal 16",
    "abi i386",
    "abi aarch64 --example asm",
    "abi windows --json",
]


def without_classes(text: str) -> str:
    """The text without the classes of calls, which come from their descriptions and have tests there."""
    text = re.sub(r'"classes": \[[^]]*\]', '"classes": []', text)
    text = re.sub(r"\nalso {8}classes(?: %\w+)+\n(?=\n|\Z)", "", text)
    return re.sub(r"classes(?: %\w+)+\n {12}", "", text)


@pytest.mark.parametrize("command", COMMANDS)
def test_screen(command: str, run_trapgate) -> None:
    done = run_trapgate(*command.split())
    assert done.stderr == ""
    printed = without_classes(done.stdout)
    file = FOLDER / (re.sub(r"[^\w.]+", "-", command) + ".txt")
    if os.environ.get("UPDATE_GOLDEN"):
        file.write_text(printed)
    assert printed == file.read_text()


def test_no_screen_is_left_over() -> None:
    names = {re.sub(r"[^\w.]+", "-", command) + ".txt" for command in COMMANDS}
    assert {file.name for file in FOLDER.glob("*.txt")} == names
