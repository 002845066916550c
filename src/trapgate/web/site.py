# SPDX-License-Identifier: BSD-2-Clause
"""Every page of the web catalogue by its path, rendered when asked for.

>>> site = Site()
>>> "linux/openat.html" in site.pages, site.render("index.html")[:15]
(True, b'<!doctype html>')

A page is a template with values from one module of `pages/`; a path is relative to the folder of the site.
Raises `TrapgateError` where Jinja is not installed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING

from trapgate import __version__
from trapgate.catalog.wording import format_number
from trapgate.model.errors import TrapgateError
from trapgate.web.facts import Facts

if TYPE_CHECKING:
    from jinja2 import Environment

FOLDER = os.path.dirname(__file__)
KINDS = ("home", "system", "abi", "call", "windows", "constants", "compare", "data")
"""The modules of `pages/`, each of which lists the pages of one kind."""

Page = tuple[str, str, Callable[[], Mapping[str, object]]]
"""Path, template, and what gives the template's values."""


class Site:
    """All pages of one state of the catalogue."""

    def __init__(self) -> None:
        self.facts = Facts()
        self.templates = _load_templates()
        self.pages: dict[str, Callable[[], bytes]] = {}
        for name in sorted(os.listdir(os.path.join(FOLDER, "static"))):
            self.pages[f"static/{name}"] = lambda name=name: _read_static(name)  # type: ignore[misc]
        for path, template, values in self._list_pages():
            self.pages[path] = lambda p=path, t=template, v=values: self._render(p, t, v())  # type: ignore[misc]

    def render(self, path: str) -> bytes:
        """The bytes of one page; `KeyError` if there is none at that path."""
        return self.pages[path]()

    def _list_pages(self) -> Iterator[Page]:
        for kind in KINDS:
            yield from import_module(f"trapgate.web.pages.{kind}").list_pages(self.facts)

    def _render(self, path: str, template: str, values: Mapping[str, object]) -> bytes:
        root = "../" * path.count("/")
        facts = self.facts

        def link(system: str, name: str) -> str:
            target = facts.call_path(system, name)
            return root + target if target else ""

        text = self.templates.get_template(template).render(
            path=path,
            root=root,
            link=link,
            facts=facts,
            program_version=__version__,
            **values,
        )
        return text.encode()


def _read_static(name: str) -> bytes:
    with open(os.path.join(FOLDER, "static", name), "rb") as file:
        return file.read()


def _load_templates() -> Environment:
    try:
        import jinja2
    except ImportError:
        raise TrapgateError("web pages", "the package jinja2 is not installed", "pip install 'trapgate[web]'") from None
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(os.path.join(FOLDER, "templates")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters["number"] = format_number
    environment.filters["anchor"] = lambda convention: re.sub(r"\W+", "-", f"{convention.system} {convention.arch}")
    return environment
