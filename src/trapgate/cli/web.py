# SPDX-License-Identifier: BSD-2-Clause
"""Serve the catalogue as web pages on this machine, until Ctrl-C.

The pages are those of `trapgate catalog site`, rendered when they are asked for; nothing is written.

examples:
  trapgate web                      at http://127.0.0.1:8642/, for this machine alone
  trapgate web --port 0             at any free port
  trapgate web --address 0.0.0.0    for the whole network: everybody may read, nobody may change anything
"""

from __future__ import annotations

import argparse
import sys

from trapgate.model.errors import UsageError

PORT = 8642


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `web`."""
    parser.add_argument("--port", metavar="N", default=str(PORT), help=f"the port, 0 for any free one ({PORT})")
    parser.add_argument("--address", metavar="A", default="127.0.0.1", help="where to listen (127.0.0.1: only here)")


def run(args: argparse.Namespace) -> int:
    """Serves until interrupted; 0 then."""
    port = _parse_port(args.port)
    from trapgate.web.server import Server
    from trapgate.web.site import Site

    with Server(Site(), args.address, port) as server:
        print(f"the catalogue is at {server.url} (Ctrl-C ends)", file=sys.stderr, flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print(file=sys.stderr)
    return 0


def _parse_port(text: str) -> int:
    if text.isascii() and text.isdigit() and int(text) < 65536:
        return int(text)
    raise UsageError("web", f"{text!r} is not a port", "a port is a number from 1 to 65535; 0 takes any free one")
