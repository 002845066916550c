# SPDX-License-Identifier: BSD-2-Clause
"""The help of a command as text and as options, for the reference pages and the shells' completion.

A command's help is the one description of its options, whether argparse or the command itself writes it.
"""

from __future__ import annotations

import io
import os
import re
from contextlib import redirect_stdout, suppress
from dataclasses import dataclass

from trapgate.cli.dispatch import load_command
from trapgate.cli.parser import build_parser

__all__ = ("Option", "parse_options", "read_help")

COLUMNS = 100
_ENTRY = re.compile(r"^ {1,8}(-{1,2}[A-Za-z0-9].*?)(?: {2,}(\S.*))?$")
_FLAG = re.compile(r"(--?[A-Za-z0-9][\w-]*)(?:\[=|[ =])?([^,\]]*)")
_CHOICES = re.compile(r"^\{(.*)\}$")


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a command: `-f`, `--long`; `argument` is its placeholder, empty when it takes none."""

    flags: tuple[str, ...]
    argument: str
    summary: str

    @property
    def choices(self) -> tuple[str, ...]:
        """The values that are allowed, empty when they are not listed."""
        listed = _CHOICES.match(self.argument)
        return tuple(listed[1].split(",")) if listed else ()


def read_help(name: str) -> str:
    """What `trapgate NAME --help` prints on a terminal of 100 columns."""
    module = load_command(name)
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = str(COLUMNS)
    try:
        if not getattr(module, "PASS_THROUGH", False):
            return build_parser(name, module).format_help()
        with redirect_stdout(io.StringIO()) as printed, suppress(SystemExit):
            module.run_raw(["--help"])
        return printed.getvalue()
    finally:
        os.environ.pop("COLUMNS") if before is None else os.environ.update(COLUMNS=before)


def parse_options(text: str) -> list[Option]:
    """The options that a help's text lists, each with the first line of what is said of it.

    >>> parse_options("options:\\n  -o FILE, --output FILE  write to FILE\\n")
    [Option(flags=('-o', '--output'), argument='FILE', summary='write to FILE')]
    """
    options = []
    lines = text.splitlines()
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        if not (entry := _ENTRY.match(line)):
            continue
        summary = entry[2] or ("" if _ENTRY.match(following) else following.strip())
        # A list of choices holds commas, which otherwise end a flag.
        found = _FLAG.findall(re.sub(r"\{[^}]*\}", lambda choices: choices[0].replace(",", "\0"), entry[1]))
        argument = next((words for _, words in reversed(found) if words), "").replace("\0", ",").strip()
        options.append(Option(tuple(flag for flag, _ in found), argument, summary))
    return options
