"""What is on the pages: facts of the catalogue, escaped, as valid HTML whose links lead somewhere."""

import json
import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote, urldefrag

import html5lib
import pytest

from trapgate import catalog
from trapgate.catalog.values import Card, Conflict, Wrapper
from trapgate.web.picture import draw_convention
from trapgate.web.site import Site

LINK = re.compile(r'(?:href|src)="([^"]*)"')
ID = re.compile(r'\bid="?([^"\s>]+)')
HOSTILE = "\"><script>alert(1)</script><img src=x onerror=alert(1)>'&"


@pytest.fixture(scope="module")
def site() -> Site:
    return Site()


def read_text(html: bytes) -> str:
    """The words of a page, each run of blanks as one."""
    return " ".join("".join(html5lib.parse(html, namespaceHTMLElements=False).itertext()).split())


def test_the_page_of_a_call_has_all_of_its_card(site: Site) -> None:
    card = catalog.describe("openat")
    html = site.render("linux/openat.html").decode()
    text = read_text(html.encode())
    for entry in card.entries:
        assert f"{entry.abi}" in text
    assert "0x40000101" in text and "rax = 257" in text and "int openat(int dfd" not in text
    assert all(error in text for error in card.errors)
    assert all(f">{name}</a>" in html for name in card.related)
    assert 'href="../windows/NtOpenFile.html"' in html and "v7.2.13/source/fs/open.c#L1385" in html


def test_the_table_of_an_abi_shows_its_packaged_version_and_hides_the_rest(site: Site) -> None:
    tree = html5lib.parse(site.render("linux/abi/i386.html"), namespaceHTMLElements=False)
    rows = tree.findall(".//table[@id='calls']/tbody/tr")
    shown = [(row.find("td").text, row.find("th/a").text) for row in rows if "hidden" not in row.attrib]
    assert shown == [(str(entry.number), entry.name) for entry in catalog.table("linux", "i386")]
    assert len(rows) == len(catalog.history("linux", "i386"))


def test_a_release_of_windows_is_a_column(site: Site) -> None:
    tree = html5lib.parse(site.render("windows/abi/x64.html"), namespaceHTMLElements=False)
    heads = ["".join(head.itertext()) for head in tree.findall(".//thead/tr/th")]
    column = heads.index("11 21H222000")
    expected = {e.name: e.number for e in catalog.table("windows", "x64", "22000") if e.tag == "nt"}
    found = {
        row.find("th/a").text: int(row.findall("*")[column].text)
        for row in tree.findall(".//tbody/tr")
        if row.findall("*")[column].text
    }
    assert found == expected


def test_every_system_and_abi_has_its_page(site: Site) -> None:
    for abi in catalog.abis():
        assert site.facts.abi_path(abi) in site.pages
        assert f"{abi.system}/index.html" in site.pages
    assert all(f"{system}/index.html" in site.pages for system in catalog.systems())


def test_no_two_pages_differ_by_case_alone(site: Site) -> None:
    assert len({path.lower() for path in site.pages}) == len(site.pages)
    assert all(re.fullmatch(r"[\w./-]+", path) for path in site.pages)


def test_a_call_with_a_blank_in_its_name_has_a_page(site: Site) -> None:
    names = [name for name, slug in site.facts.slugs("netbsd").items() if name != slug]
    for name in names:
        path = site.facts.call_path("netbsd", name)
        assert path and name in read_text(site.render(path))


def hostile_card(card: Card) -> Card:
    """The card with markup in every kind of text that a source could put there."""
    entries = tuple(replace(entry, since=None, symbol=HOSTILE, status=HOSTILE) for entry in card.entries)
    signatures = tuple(
        (abi, replace(s, returns=HOSTILE, location=HOSTILE, arguments=tuple(_hostile(a) for a in s.arguments)))
        for abi, s in card.signatures
    )
    return replace(
        card,
        name=HOSTILE,
        entries=entries,
        signatures=signatures,
        wrappers=(Wrapper(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE),),
        errors=(HOSTILE,),
        standards=(HOSTILE,),
        manual_since=HOSTILE,
        related=(HOSTILE,),
        elsewhere=((HOSTILE, (HOSTILE,)),),
        conflicts=(Conflict(*[HOSTILE] * 7),),
    )


def _hostile(argument: object) -> object:
    return replace(argument, name=HOSTILE, type=HOSTILE)  # type: ignore[type-var]


def test_what_the_catalogue_says_is_escaped() -> None:
    site = Site()
    before = html5lib.parse(site.render("linux/read.html"), namespaceHTMLElements=False)
    card = hostile_card(catalog.describe("read"))
    site.facts.card = lambda system, name: card  # type: ignore[assignment, method-assign, misc]
    site.facts.signatures.cache_clear()
    page = site.render("linux/read.html")
    after = html5lib.parse(page, namespaceHTMLElements=False)
    assert len(after.findall(".//script")) == len(before.findall(".//script")) == 2
    assert not after.findall(".//img") and b"onerror" in page
    assert not [name for element in after.iter() for name in element.attrib if name.startswith("on")]


def test_a_picture_is_escaped_and_told_in_words() -> None:
    convention = next(c for c in catalog.conventions() if (c.system, c.arch) == ("linux", "x86-64"))
    picture = draw_convention(replace(convention, instruction=HOSTILE, arch=HOSTILE))
    assert "<script" not in picture and "<img" not in picture
    assert "rdi holds argument 1" in draw_convention(convention)
    assert draw_convention(replace(convention, arguments="on the stack")) == ""


def test_no_link_leads_nowhere(built_site: Path) -> None:
    texts = {
        path.relative_to(built_site).as_posix(): path.read_text()
        for path in built_site.rglob("*")
        if path.suffix in (".html", ".css", ".js", ".svg")
    }
    ids = {path: ID.findall(text) for path, text in texts.items() if path.endswith(".html")}
    assert not {path: names for path, names in ids.items() if len(names) != len(set(names))}
    known = {path: set(names) for path, names in ids.items()}
    checked: set[tuple[str, str]] = set()
    for path in known:
        folder = path.rpartition("/")[0]
        for link in set(LINK.findall(texts[path])) - {"#main"}:
            if (folder, link) in checked and not link.startswith("#"):
                continue
            checked.add((folder, link))
            assert not link.startswith(("http://", "//", "data:", "javascript:")), (path, link)
            if not link.startswith("https://"):
                check_link(path, link, texts, known)
    assert len(checked) > 10_000


def check_link(path: str, link: str, texts: dict[str, str], ids: dict[str, set[str]]) -> None:
    """Fails unless the link of the page at `path` leads to a page, and to a part that it has."""
    target, fragment = urldefrag(link.replace("&amp;", "&"))
    parts = path.split("/")[:-1] if target else path.split("/")
    for part in filter(None, target.split("/")):
        parts = parts[:-1] if part == ".." else [*parts, part]
    where = "/".join(parts)
    assert where in texts, (path, link)
    assert not fragment or "=" in fragment or unquote(fragment) in ids[where], (path, link)


def test_only_links_that_are_followed_leave_the_site(built_site: Path) -> None:
    outside = re.compile(r"<(?!a )\w+[^>]*(?:https?:)?//[a-z][^>]*>")
    for name in ("index.html", "linux/openat.html", "linux/index.html", "windows/NtReadFile.html", "compare.html"):
        text = (built_site / name).read_text()
        assert not outside.search(text), name
        assert "Content-Security-Policy" in text and "default-src 'none'" in text
    assert "http" not in re.sub(r"http://www\.w3\.org/\S+", "", (built_site / "static/style.css").read_text())


SAMPLES = (
    "index.html",
    "404.html",
    "conventions.html",
    "sources.html",
    "compare.html",
    "errno.html",
    "signals.html",
    "ioctl.html",
    "linux/index.html",
    "linux/abi/x86_64.html",
    "macos/index.html",
    "macos/gone.html",
    "freebsd/index.html",
    "windows/index.html",
    "windows/abi/arm64.html",
    "xen/index.html",
    "linux/prctl.html",
    "linux/socketcall.html",
    "linux/vserver.html",
    "linux/setup.html",
    "xen/memory_op.html",
    "windows/NtSuspendThread.html",
    "macos/mach_msg_trap.html",
    "illumos/zone.html",
)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_page_is_valid_html(built_site: Path, name: str) -> None:
    parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
    tree = parser.parse((built_site / name).read_bytes())
    assert tree.get("lang") == "en" and len(tree.findall(".//main")) == 1 and len(tree.findall(".//h1")) == 1
    for table in tree.findall(".//table"):
        widths = {len(row.findall("*")) for row in table.findall(".//tr")}
        assert len(widths) == 1, (name, widths)
    for control in tree.findall(".//input") + tree.findall(".//select"):
        labelled = "aria-label" in control.attrib or any(control in list(label.iter()) for label in tree.iter("label"))
        assert labelled, (name, control.attrib)


def test_the_data_is_what_the_catalogue_says(built_site: Path) -> None:
    text = (built_site / "data/tables/linux-x86_64.js").read_text()
    head = 'trapgate.addTable("linux/x86_64", '
    assert text.startswith(head)
    data = json.loads(text.removeprefix(head).removesuffix(");"))
    now = [(number, name) for number, name, _, _, flags, _ in data["rows"] if flags & 1]
    assert now == [(entry.number, entry.name) for entry in catalog.table("linux", "x86_64")]


def test_the_site_is_not_larger_than_promised(built_site: Path) -> None:
    assert sum(path.stat().st_size for path in built_site.rglob("*") if path.is_file()) < 60_000_000
