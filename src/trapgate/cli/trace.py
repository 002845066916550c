# SPDX-License-Identifier: BSD-2-Clause
"""Watch a program make its calls, decoded as strace prints them.

examples:
  trapgate trace -f tar cf /dev/null /etc     print every call of tar and its children
  trapgate trace -p 1234 -e trace=%network    what process 1234 says on the network

The options are strace's, letter by letter; ``trapgate trace -h`` lists them.
"""

from __future__ import annotations

import os
import sys

PASS_THROUGH = True
OWN_NAME = "trapgate trace"
SOURCE_VARIABLE = "TRAPGATE_SOURCE"
"""The source that the drop-in uses; without it ptrace, which stops programs where strace does."""


def run_raw(argv: list[str]) -> int:
    """``trapgate trace``: the status is the command's own."""
    return run_as_strace(argv, OWN_NAME)


def run_as_strace(argv: list[str], program: str) -> int:
    """The whole command line of strace, with messages that begin with ``program``."""
    from trapgate.cli.strace_options import Finished, StraceUsageError, parse
    from trapgate.model.errors import TrapgateError
    from trapgate.tracing.standard_files import hold_standard_files

    hold_standard_files()
    try:
        options = parse(argv, program)
    except Finished as text:
        (sys.stderr if text.to_stderr else sys.stdout).write(str(text))
        return text.exit_code
    except StraceUsageError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    if program != OWN_NAME:
        from trapgate.tracing.options import SOURCES

        options.source = os.environ.get(SOURCE_VARIABLE) or "ptrace"
        if options.source not in SOURCES:
            print(f"{program}: invalid {SOURCE_VARIABLE}: '{options.source}'", file=sys.stderr)
            return 1
    from trapgate.tracing.session import trace

    for warning in options.warnings:
        print(f"{program}: {warning}", file=sys.stderr)
    farewell = ""
    if options.tip is not None:
        from trapgate.cli.strace_help import render_tip

        farewell = render_tip(*options.tip)
    try:
        return trace(options, farewell)
    except TrapgateError as error:
        if program == OWN_NAME:
            raise
        said = error.what if error.what.startswith("Cannot") and "find" in error.what else str(error)
        if said.startswith("open '"):  # the output: strace names the function
            said = f"Can't f{said}"
        able = error.hint.partition("use --source ")[2]
        if able:
            said = f"{error.why}; {SOURCE_VARIABLE}={able} can"
        print(f"{program}: {said}", file=sys.stderr)
        return 1
