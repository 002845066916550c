"""Finds the command that a command line names, and runs it; `trapgate --help` is here too.

Commands are found by reading this folder's files, as `trapgate.cli` describes them. Only the one that
runs is imported, and argparse only for a command whose options are argparse's.
"""

import os
import sys
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType

from trapgate.model.errors import UsageError

_FOLDER = os.path.dirname(__file__)
_INTRODUCTION = """\
usage: trapgate COMMAND [OPTIONS] [ARGUMENTS]

Look up system calls, watch a program make them, count and time them.

examples:
  trapgate trace -f tar cf /dev/null /etc    print every call that tar makes
  trapgate count make                        count and time the calls of a build

commands:"""
_CLOSING = """
`trapgate COMMAND --help` tells more; `trapgate --version` prints the version."""


def run_command(argv: list[str]) -> int:
    """The status of the command that `argv[0]` names, run with the other words.

    Raises `UsageError` when there is no such command.
    """
    if not argv:
        print(render_overview(), file=sys.stderr)
        return UsageError.exit_code
    name, rest = argv[0], argv[1:]
    if name in ("-h", "--help", "help"):
        if name == "help" and rest:
            return run_command([rest[0], "--help"])
        print(render_overview())
        return 0
    if name in ("-V", "--version"):
        from trapgate import __version__

        print(f"trapgate {__version__}")
        return 0
    module = load_command(name)
    if getattr(module, "PASS_THROUGH", False):
        return int(module.run_raw(rest))
    from trapgate.cli.parser import build_parser

    return int(module.run(build_parser(name, module).parse_args(rest)))


def load_command(name: str) -> ModuleType:
    """The imported module of command `name`; `UsageError` with the nearest name if there is none."""
    module = name.replace("-", "_")
    for stem in (module, module + "_"):
        if stem.replace("_", "").isalnum() and _is_command(_read_source(stem)):
            return import_module(f"trapgate.cli.{stem}")
    raise UsageError("command line", f"no command is named {name!r}", _suggest(name))


def render_overview() -> str:
    """What `trapgate --help` prints: the introduction, then each command with its first sentence."""
    rows = [(name, summary) for name, _, summary in read_commands()]
    width = max((len(name) for name, _ in rows), default=0)
    lines = [f"  {name:<{width}}  {summary}" for name, summary in rows]
    return "\n".join([_INTRODUCTION, *lines, _CLOSING])


def read_commands() -> Iterator[tuple[str, str, str]]:
    """Name, module and first sentence of each command, in the order of the names."""
    for file in sorted(os.listdir(_FOLDER)):
        stem, extension = os.path.splitext(file)
        if extension != ".py" or not _is_command(source := _read_source(stem)):
            continue
        yield stem.rstrip("_").replace("_", "-"), stem, _read_summary(source)


def _is_command(source: str) -> bool:
    """Whether a module's text defines what a command must."""
    return "\ndef run(" in source or "\ndef run_raw(" in source


def _read_summary(source: str) -> str:
    """The first sentence of a module's docstring, without its full stop; read without `re`, which costs 5 ms."""
    _, _, docstring = source.partition('"""')
    paragraph = docstring.partition('"""')[0].partition("\n\n")[0]
    return " ".join(paragraph.split()).partition(". ")[0].removesuffix(".")


def _read_source(stem: str) -> str:
    """The text of this folder's `stem.py`, empty when there is none."""
    try:
        with open(os.path.join(_FOLDER, stem + ".py"), encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return ""


def _suggest(name: str) -> str:
    """A hint that names the nearest command, or says where all of them are listed."""
    from difflib import get_close_matches

    near = get_close_matches(name, [command for command, _, _ in read_commands()], n=1)
    return f"did you mean 'trapgate {near[0]}'?" if near else "'trapgate --help' lists the commands"
