# SPDX-License-Identifier: BSD-2-Clause
"""The pages of numbers that are not calls: ioctl requests, errno, signals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from trapgate import catalog
from trapgate.catalog.constants import Constant
from trapgate.web.facts import Facts
from trapgate.web.site import Page


def list_pages(facts: Facts) -> Iterator[Page]:
    """`ioctl.html`, `errno.html`, `signals.html`."""
    yield "ioctl.html", "ioctl.html", _read_ioctls
    yield "errno.html", "constants.html", partial(_read_errors, facts)
    yield "signals.html", "constants.html", _read_signals


def _read_ioctls() -> Mapping[str, object]:
    requests = catalog.ioctls()
    return {
        "title": "ioctl requests of Linux",
        "requests": requests,
        "headers": sorted({request.header for request in requests}),
        "types": sorted({request.type for request in requests}),
    }


def _read_errors(facts: Facts) -> Mapping[str, object]:
    return {
        "title": "errno of every system",
        "what": "errno",
        "intro": "The same name is another number on some architectures of Linux, and on other systems.",
        "text_title": "Message",
        **_make_matrix(facts.errors),
    }


def _read_signals() -> Mapping[str, object]:
    return {
        "title": "Signals of every system",
        "what": "signal",
        "intro": "What a signal does when a program does not say (on Linux), and its number everywhere.",
        "text_title": "Default",
        **_make_matrix(catalog.signals()),
    }


def _make_matrix(constants: Sequence[Constant]) -> dict[str, object]:
    """One row for each name: its text and its number in each system, x86 first. Limits are no signals."""
    systems = sorted(
        dict.fromkeys(c.system for c in constants),
        key=lambda name: (name != "x86", name not in ("arm64", "riscv"), name in _OTHERS, name),
    )
    rows: dict[str, dict[str, Constant]] = {}
    for constant in constants:
        if constant.kind != "limit":
            rows.setdefault(constant.name, {}).setdefault(constant.system, constant)
    ordered = sorted(rows.items(), key=lambda item: _order(item[1]))
    return {
        "systems": systems,
        "rows": [
            (
                name,
                next((c.text for c in found.values() if c.text), ""),
                any(c.kind == "alias" for c in found.values()),
                [found.get(system) for system in systems],
                len({c.number for c in found.values()}) > 1,
            )
            for name, found in ordered
        ],
        "others": _OTHERS,
    }


_OTHERS = ("macos", "freebsd", "openbsd", "netbsd", "illumos", "xen", "kernel-internal")
"""What is no architecture of Linux."""


def _order(found: Mapping[str, Constant]) -> tuple[bool, int, str]:
    constant = found.get("x86") or next(iter(found.values()))
    return ("x86" not in found, constant.number, constant.name)
