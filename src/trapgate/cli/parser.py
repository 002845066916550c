"""The argparse parser of a command, made from its module.

Its errors are `UsageError`s, so that they look and end like every other error of trapgate.
"""

import argparse
import inspect
import shutil
from types import ModuleType
from typing import NoReturn

from trapgate.model.errors import UsageError

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
        super().__init__(prog, max_help_position=28, width=min(100, shutil.get_terminal_size().columns))
