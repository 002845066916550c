"""Writes the pages that are made from the code: docs/reference/commands and catalog.md, the README's cost table.

    tools/reference.py [--check]

A command's page holds its help. The README's block between `costs` marks holds bench/costs.md, which
`make bench` writes. With --check nothing is written: the status is 1 when a page is not current.
"""

import re
import sys
from pathlib import Path

from api_page import render_api

from trapgate import catalog
from trapgate.cli.dispatch import read_commands
from trapgate.cli.help import read_help

PROJECT = Path(__file__).resolve().parent.parent
COMMANDS = PROJECT / "docs" / "reference" / "commands"
API = PROJECT / "docs" / "reference" / "catalog.md"
API_HEAD = """\
# The catalogue in Python

`trapgate.catalog` answers from the packaged database what the commands answer. It is typed, needs nothing but
Python, and reads no file but the database and the tables you added. A question that has a mistake in it (an unknown
system, ABI or version) raises `trapgate.model.errors.UsageError`, whose `hint` has the nearest right words; a call that
is not there is an empty answer.

```pycon
>>> from trapgate import catalog
>>> (entry,) = catalog.find("openat", abi="aarch64")
>>> entry.number, entry.since, entry.id
(56, '3.7', 'linux/aarch64/openat')
>>> [str(argument) for argument in catalog.signature("openat", "aarch64")]
['int dfd', 'const char *filename', 'int flags', 'umode_t mode']
>>> [change.name for change in catalog.diff("x86_64@6.9", "x86_64@6.11")]
['uretprobe', 'mseal']
>>> catalog.describe("openat").elsewhere[-1]
('windows', ('NtOpenFile', 'NtCreateFile'))
```

An identifier, `SYSTEM/ABI/NAME`, stays the same from version to version; `find` and `trapgate show` take it.
"""
COSTS = re.compile(r"(<!-- costs: begin -->\n).*(<!-- costs: end -->)", re.DOTALL)


def render_command(name: str) -> str:
    """The page of the command `name`."""
    return f"# trapgate {name}\n\n```text\n{read_help(name).strip()}\n```\n"


def render_index(summaries: dict[str, str]) -> str:
    """The list of the commands, each with its first sentence."""
    rows = [f"- [`trapgate {name}`]({name}.md): {summary}." for name, summary in summaries.items()]
    contents = ["```{toctree}", ":hidden:", *summaries, "```"]
    return "\n".join(["# Commands", "", *rows, "", *contents, ""])


def render_pages() -> dict[Path, str]:
    """Every generated file, with what it should hold."""
    summaries = {name: summary for name, _, summary in read_commands()}
    pages = {COMMANDS / f"{name}.md": render_command(name) for name in summaries}
    pages[COMMANDS / "index.md"] = render_index(summaries)
    pages[API] = render_api(catalog, API_HEAD)
    costs, readme = PROJECT / "bench" / "costs.md", PROJECT / "README.md"
    if costs.exists():
        pages[readme] = COSTS.sub(lambda block: block[1] + costs.read_text() + block[2], readme.read_text())
    return pages


def main(argv: list[str]) -> int:
    """1 when --check found a page that is not current, else 0."""
    pages = render_pages()
    stale = [page for page, text in pages.items() if not page.exists() or page.read_text() != text]
    left = [page for page in COMMANDS.glob("*.md") if page not in pages]
    if argv == ["--check"]:
        for page in stale + left:
            print(f"not current: {page.relative_to(PROJECT)}; run 'make reference'", file=sys.stderr)
        return 1 if stale or left else 0
    COMMANDS.mkdir(parents=True, exist_ok=True)
    for page in stale:
        page.write_text(pages[page])
    for page in left:
        page.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
