# SPDX-License-Identifier: BSD-2-Clause
"""Tell which sources work on this machine, and what is missing for the others.

examples:
  trapgate doctor                 every source, each thing it needs, and what mends it
  trapgate doctor --source bpf    only bpf; the status says whether it works

Status 0: a source (the one that --source names) works. 3: none does.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys

from trapgate import __version__
from trapgate.model.errors import CANNOT_TRACE
from trapgate.sources.abilities import SOURCES, Ability, check_source


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the options."""
    parser.add_argument("--source", choices=tuple(SOURCES), help="only this source")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Prints what was found; 0 when a source works, 3 when none does."""
    sources = [args.source] if args.source else list(SOURCES)
    abilities = [check_source(source) for source in sources]
    print(format_json(abilities) if args.json else format_text(abilities))
    return 0 if any(ability.works for ability in abilities) else CANNOT_TRACE


def describe_machine() -> dict[str, str]:
    """What a report of a fault should name."""
    return {
        "trapgate": __version__,
        "kernel": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        "executable": sys.executable,
        "user": f"uid {os.geteuid()}",
    }


def format_text(abilities: list[Ability]) -> str:
    """A paragraph for each source, then the one that `trace` takes."""
    machine = describe_machine()
    lines = ["trapgate {trapgate}, {kernel}, Python {python}, {user}".format(**machine)]
    for ability in abilities:
        lines += ["", f"{ability.source}: {'works' if ability.works else 'does not work here'}"]
        for check in ability.checks:
            lines.append(f"  {'ok' if check.ok else '--'}  {check.need}: {check.found}")
            if not check.ok:
                lines.append(f"      hint: {check.remedy}")
    if len(abilities) > 1:
        best = next((a.source for a in abilities if a.works and a.source in ("bpf", "ptrace")), None)
        lines += ["", f"trapgate trace and count take: {best}" if best else "no source works here"]
    return "\n".join(lines)


def format_json(abilities: list[Ability]) -> str:
    """The same as one JSON object."""
    import json
    from dataclasses import asdict

    sources = [asdict(ability) | {"works": ability.works} for ability in abilities]
    return json.dumps({"schema": 1, "machine": describe_machine(), "sources": sources}, indent=2)
