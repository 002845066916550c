# SPDX-License-Identifier: BSD-2-Clause
"""Print what makes a shell complete trapgate's commands, options and values.

examples:
  trapgate completion bash > /etc/bash_completion.d/trapgate    for every user of bash
  trapgate completion fish | source                             for this fish
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from shlex import quote

from trapgate.cli.dispatch import read_commands
from trapgate.cli.help import Option, parse_options, read_help


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments."""
    parser.add_argument("shell", choices=tuple(SHELLS), help="the shell to print for")


def run(args: argparse.Namespace) -> int:
    """Prints the shell's script."""
    summaries = {name: summary for name, _, summary in read_commands()}
    options = {name: parse_options(read_help(name)) for name in summaries}
    print(SHELLS[args.shell](summaries, options))
    return 0


def format_bash(summaries: dict[str, str], options: dict[str, list[Option]]) -> str:
    """A function for bash's `complete`; where it offers nothing, bash offers files."""
    offers, values = [], []
    for name, listed in options.items():
        offers.append(f"        {name}) words={quote(' '.join(flag for option in listed for flag in option.flags))} ;;")
        for option in listed:
            for flag in option.flags if option.choices else ():
                values.append(f"        {quote(f'{name} {flag}')}) words={quote(' '.join(option.choices))} ;;")
    return "\n".join(
        [
            "_trapgate() {",
            '    local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} words=""',
            '    case "${COMP_WORDS[1]}" in',
            *offers,
            "    esac",
            "    [[ $word == -* ]] || words=",
            '    case "${COMP_WORDS[1]} $previous" in',
            *values,
            "    esac",
            f"    (( COMP_CWORD > 1 )) || words={quote(' '.join([*summaries, '--help', '--version']))}",
            '    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")',
            "}",
            "complete -o bashdefault -o default -F _trapgate trapgate",
        ]
    )


def format_zsh(summaries: dict[str, str], options: dict[str, list[Option]]) -> str:
    """A function for zsh's `compdef`; where it offers nothing, zsh offers files."""
    lines = ["#compdef trapgate", "_trapgate() {", "    local -a offered", "    if (( CURRENT == 2 )); then"]
    lines += [
        f"        offered=({_describe(summaries.items())})",
        "        _describe command offered",
        "        return",
    ]
    lines += ["    fi", '    case "$words[2] $words[CURRENT-1]" in']
    for name, listed in options.items():
        for option in listed:
            for flag in option.flags if option.choices else ():
                lines.append(f"        {quote(f'{name} {flag}')}) compadd -- {' '.join(option.choices)}; return ;;")
    lines += ["    esac", "    if [[ $PREFIX != -* ]]; then", "        _files", "        return", "    fi"]
    lines.append("    case $words[2] in")
    for name, listed in options.items():
        rows = [(flag, option.summary) for option in listed for flag in option.flags]
        lines.append(f"        {name}) offered=({_describe(rows)}) ;;")
    return "\n".join([*lines, "    esac", "    _describe option offered", "}", "compdef _trapgate trapgate"])


def _describe(rows: Iterable[tuple[str, str]]) -> str:
    """Words `name:summary` for zsh's `_describe`."""
    return " ".join(quote(f"{name}:{summary}") for name, summary in rows)


def format_fish(summaries: dict[str, str], options: dict[str, list[Option]]) -> str:
    """Calls of fish's `complete`."""
    lines = []
    for name, summary in summaries.items():
        lines.append(f"complete -c trapgate -n __fish_use_subcommand -f -a {name} -d {_quote_fish(summary)}")
    for name, listed in options.items():
        for option in listed:
            words = [f"complete -c trapgate -n '__fish_seen_subcommand_from {name}'"]
            words += [f"-{'l' if flag.startswith('--') else 's'} {flag.lstrip('-')}" for flag in option.flags]
            if option.choices:
                words.append(f"-x -a {_quote_fish(' '.join(option.choices))}")
            elif option.argument:
                words.append("-r")
            lines.append(" ".join([*words, "-d", _quote_fish(option.summary)]))
    return "\n".join(lines)


def _quote_fish(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


SHELLS = {"bash": format_bash, "zsh": format_zsh, "fish": format_fish}
"""The shells, and what prints the script of each."""
