# SPDX-License-Identifier: BSD-2-Clause
"""Look up an errno by name or number, in every system and every architecture of Linux.

examples:
  trapgate errno 11             what 11 is, here and elsewhere
  trapgate errno EAGAIN         which number it has
  trapgate errno --system mips  all of them
"""

from __future__ import annotations

import argparse

from trapgate.cli.constant_table import add_constant_options, print_constants


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `errno`."""
    add_constant_options(parser, "an errno: 11, EAGAIN")


def run(args: argparse.Namespace) -> int:
    """Prints the errno."""
    from trapgate import catalog

    return print_constants("errno", catalog.errors, "message", args)
