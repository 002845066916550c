# SPDX-License-Identifier: BSD-2-Clause
"""Look up a signal by name or number, in every system and every architecture of Linux.

examples:
  trapgate signal 11            what 11 is, here and elsewhere
  trapgate signal USR1          which number it has
  trapgate signal --system mips all of them
"""

from __future__ import annotations

import argparse

from trapgate.cli.constant_table import add_constant_options, print_constants


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `signal`."""
    add_constant_options(parser, "a signal: 11, SIGSEGV, SEGV")


def run(args: argparse.Namespace) -> int:
    """Prints the signal."""
    from trapgate import catalog

    return print_constants("signal", catalog.signals, "action on Linux", args)
