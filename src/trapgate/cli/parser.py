"""The argparse parser of a command, made from its module.

Its errors are `UsageError`s, so that they look and end like every other error of trapgate.
"""

from __future__ import annotations

import argparse
import inspect
import os
import sys
from contextlib import suppress
from types import ModuleType

from trapgate.model.errors import UsageError

TYPE_CHECKING = False  # not typing's, whose import every command would wait for
if TYPE_CHECKING:
    from typing import NoReturn

__all__ = ("CommandParser", "build_parser")


class CommandParser(argparse.ArgumentParser):
    """An argument parser that raises `UsageError`, and accepts no abbreviated options."""

    def error(self, message: str) -> NoReturn:
        """Raises `UsageError` with argparse's `message`."""
        raise UsageError(self.prog.removeprefix("trapgate "), message, f"'{self.prog} --help' shows its use")


def build_parser(name: str, module: ModuleType) -> CommandParser:
    """The parser of command `name`, described by its module's docstring and options."""
    parser = CommandParser(
        prog=f"trapgate {name}",
        description=inspect.getdoc(module),
        formatter_class=_HelpFormatter,
        allow_abbrev=False,
    )
    module.configure(parser)
    return parser


class _HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """Keeps the docstring's lines as written, and uses the terminal up to 100 columns."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=28, width=min(100, _find_width()))


def _find_width() -> int:
    """The columns of the terminal, 80 without one: as shutil tells, but without importing all compressors."""
    with suppress(ValueError):
        if (columns := int(os.environ.get("COLUMNS", "0"))) > 0:
            return columns
    with suppress(OSError, ValueError, AttributeError):
        return os.get_terminal_size(sys.__stdout__.fileno()).columns or 80  # type: ignore[union-attr]
    return 80
