"""The site in Chromium, opened from files: search, filters, keyboard, colours, narrow screens, no network.

Debian's `chromium` is driven by Playwright; a machine without it skips (and fails with REQUIRE_LIVE=1).
"""

import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, expect, sync_playwright

from trapgate import catalog
from trapgate.catalog.versions import version_key

PAGES = (
    "index.html",
    "404.html",
    "linux/index.html",
    "linux/gone.html",
    "linux/abi/x86_64.html",
    "linux/abi/mips-o32.html",
    "linux/openat.html",
    "linux/prctl.html",
    "linux/vserver.html",
    "macos/index.html",
    "macos/abi/unix.html",
    "macos/read.html",
    "freebsd/index.html",
    "windows/index.html",
    "windows/abi/x64.html",
    "windows/NtReadFile.html",
    "xen/index.html",
    "xen/memory_op.html",
    "conventions.html",
    "ioctl.html",
    "errno.html",
    "signals.html",
    "compare.html",
    "sources.html",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not path:
        pytest.skip("there is no Chromium")
    with sync_playwright() as playwright:
        # The sandbox needs user namespaces, which a container or root may not have; the pages are ours.
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        expect.set_options(timeout=30_000)  # a busy machine is slow, not wrong
        yield browser
        browser.close()


class Tab:
    """A page of the site in a context of its own; it keeps what was asked for and what the console said."""

    def __init__(self, context: BrowserContext, site: Path) -> None:
        self.site = site
        self.page = context.new_page()
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", self._keep_request)
        self.page.on("console", self._keep_message)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _keep_request(self, request: Request) -> None:
        self.requests.append(request.url)

    def _keep_message(self, message: ConsoleMessage) -> None:
        self.complaints.append(f"{message.type}: {message.text}")

    def open(self, path: str) -> Page:
        """Goes to a page of the site, which may have a fragment."""
        name, _, fragment = path.partition("#")
        self.page.goto((self.site / name).as_uri() + (f"#{fragment}" if fragment else ""))
        return self.page

    def search(self, words: str) -> list[str]:
        """Types into the search as one does from the keyboard: the answers, as `name kind`."""
        self.page.keyboard.press("/")
        self.page.keyboard.type(words)
        expect(self.page.locator("#found a").first).to_be_visible(timeout=30_000)
        script = (
            "[...document.querySelectorAll('#found a')].map(a => [0, 2].map(i => a.children[i].textContent).join(' '))"
        )
        answers: list[str] = self.page.evaluate(script)
        return answers

    def shown(self) -> list[str]:
        """The names in the rows that are not filtered away, in their order."""
        script = "[...document.querySelectorAll('table.data tbody tr:not([hidden]) th a')].map(e => e.textContent)"
        names: list[str] = self.page.evaluate(script)
        return names


@pytest.fixture
def tab(browser: Browser, built_site: Path) -> Iterator[Tab]:
    context = browser.new_context(viewport={"width": 1280, "height": 800}, color_scheme="light")
    tab = Tab(context, built_site)
    yield tab
    context.close()
    assert not tab.complaints
    assert all(url.startswith("file:///") for url in tab.requests)


def test_the_search_is_used_without_a_mouse(tab: Tab) -> None:
    page = tab.open("index.html")
    assert tab.search("openat")[:2] == ["openat Linux", "openat macOS"]
    field = page.locator("#search")
    expect(field).to_be_focused()
    expect(field).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("ArrowDown")
    expect(field).to_have_attribute("aria-activedescendant", "found-1")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    page.wait_for_url("**/linux/openat.html")
    expect(page.locator("h1")).to_contain_text("openat")
    tab.search("kill")
    page.keyboard.press("Escape")
    expect(page.locator("#found")).to_be_hidden()
    expect(page.locator("#search")).to_have_value("")


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("257", "openat Linux"),
        ("0x101", "openat Linux"),
        ("read file", "NtReadFile Windows"),
        ("NTREADFILE", "NtReadFile Windows"),
        ("TIOCGWINSZ", "TIOCGWINSZ ioctl"),
        ("0x5413", "TIOCGWINSZ ioctl"),
        ("ENOENT", "ENOENT errno"),
        ("sigchld", "SIGCHLD signal"),
        ("PR_SET_NAME", "PR_SET_NAME operation"),
        ("riscv64", "riscv64 ABI"),
        ("opneat", "openat Linux"),
        ("mmu_update", "mmu_update Xen"),
    ],
)
def test_the_best_answer_is_the_first(tab: Tab, words: str, first: str) -> None:
    page = tab.open("freebsd/index.html")
    assert tab.search(words)[0] == first
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "freebsd/index.html" not in url)
    assert "Nothing here" not in page.title()


def test_every_answer_has_a_page(tab: Tab) -> None:
    tab.open("index.html")
    tab.search("a")
    addresses = tab.page.evaluate("index.rows.map(addressOf)")
    missing = {url.partition("#")[0] for url in addresses} - {
        path.relative_to(tab.site).as_posix() for path in tab.site.rglob("*.html")
    }
    assert len(addresses) > 12_000 and not missing


def test_nothing_found_is_said(tab: Tab) -> None:
    page = tab.open("index.html")
    page.keyboard.press("/")
    page.keyboard.type("zzqxj vwk")
    expect(page.locator("#found")).to_contain_text("Nothing has these words in it")
    expect(page.locator("#found-count")).to_have_text("nothing found")


@pytest.mark.parametrize(
    ("system", "abi", "version"),
    [
        ("linux", "x86_64", "2.6.12"),
        ("linux", "x86_64", "5.10"),
        ("linux", "i386", "0.01"),
        ("linux", "i386", "2.4.0"),
        ("linux", "aarch64", "4.2"),
        ("macos", "unix", "xnu-1504.15.3"),
    ],
)
def test_a_table_as_of_a_version_is_the_catalogues(tab: Tab, system: str, abi: str, version: str) -> None:
    page = tab.open(f"{system}/abi/{abi}.html")
    assert sorted(tab.shown()) == sorted(entry.name for entry in catalog.table(system, abi))
    control = page.locator("[name=asof]")
    if control.evaluate("e => e.tagName") == "SELECT":
        control.select_option(version)
    else:
        control.fill(version)
    assert sorted(tab.shown()) == sorted(entry.name for entry in catalog.table(system, abi, version))
    assert f"asof={version}" in page.url


def test_filters_are_in_the_address_and_come_from_it(tab: Tab) -> None:
    page = tab.open("linux/abi/x86_64.html")
    page.locator("[name=class]").select_option("file")
    page.locator("[name=since]").fill("5.0")
    found = tab.shown()
    new = {
        e.name
        for e in catalog.table("linux", "x86_64")
        if version_key("linux", e.since or "0.01") >= version_key("linux", "5.0")
    }
    assert "openat2" in found and "open" not in found and "io_uring_setup" not in found and set(found) <= new
    expect(page.locator("form.filters output")).to_have_text(
        f"{len(found)} of {len(catalog.history('linux', 'x86_64'))}"
    )
    address = page.url
    page.goto("about:blank")
    page.goto(address)
    assert tab.shown() == found
    expect(page.locator("[name=since]")).to_have_value("5.0")
    page.locator("button[type=reset]").click()
    expect(page.locator("[name=since]")).to_have_value("")
    assert len(tab.shown()) == len(catalog.table("linux", "x86_64")) and "#" not in page.url.removesuffix("#")


def test_a_wrong_version_is_marked_and_changes_nothing(tab: Tab) -> None:
    page = tab.open("linux/abi/x86_64.html")
    before = tab.shown()
    page.locator("[name=since]").fill("six")
    expect(page.locator("[name=since]")).to_have_attribute("aria-invalid", "true")
    assert tab.shown() == before


def test_presence_and_what_works(tab: Tab) -> None:
    page = tab.open("linux/index.html")
    page.locator("[name=on]").select_option("all")
    everywhere = tab.shown()
    assert {"read", "openat", "mmap"} & set(everywhere) >= {"read", "openat"} and "open" not in everywhere
    page.locator("[name=on]").select_option("one")
    assert "s390_pci_mmio_read" in tab.shown()
    page.locator("button[type=reset]").click()
    assert {"_sysctl", "afs_syscall"} <= set(tab.shown())
    page.locator("[name=live]").check()
    assert "_sysctl" not in tab.shown() and "afs_syscall" in tab.shown()  # sparc64 has that still


def test_columns_are_chosen_and_kept_in_the_address(tab: Tab) -> None:
    page = tab.open("linux/index.html")
    head = page.locator("thead th", has_text="xtensa")
    expect(head).to_be_hidden()
    page.locator("details.menu summary").click()
    page.get_by_label("xtensa", exact=True).check()
    expect(head).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("details.menu fieldset")).to_be_hidden()
    address = page.url
    page.goto("about:blank")
    page.goto(address)
    expect(page.locator("thead th", has_text="xtensa")).to_be_visible()


def test_a_table_is_put_in_order(tab: Tab) -> None:
    page = tab.open("linux/abi/x86_64.html")
    name = page.get_by_role("button", name="Name")
    name.click()
    assert tab.shown() == sorted(tab.shown())
    expect(page.locator("th", has=name)).to_have_attribute("aria-sort", "ascending")
    name.click()
    assert tab.shown() == sorted(tab.shown(), reverse=True)
    page.get_by_role("button", name="Since").click()
    keys = [version_key("linux", catalog.find(n, abi="x86_64")[-1].since or "0.01") for n in tab.shown()]
    assert keys == sorted(keys)
    page.locator("button[type=reset]").click()
    expect(page.locator("tbody tr:not([hidden]) th a").first).to_have_text("read")


def test_arrows_go_through_the_rows(tab: Tab) -> None:
    page = tab.open("linux/abi/x86_64.html")
    page.get_by_role("link", name="write", exact=True).focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("link", name="open", exact=True)).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(page.get_by_role("link", name="read", exact=True)).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**/linux/read.html")


def test_numbers_are_shown_in_hexadecimal_and_stay_so(tab: Tab) -> None:
    page = tab.open("linux/openat.html")
    number = page.locator("table.numbers tbody td.n").first
    expect(number).to_have_text("257")
    page.locator("#base").click()
    expect(number).to_have_text("0x101")
    tab.open("linux/abi/x86_64.html")
    expect(page.locator("#base")).to_have_attribute("aria-pressed", "true")
    row = page.locator("tr", has=page.get_by_role("link", name="openat", exact=True))
    expect(row.locator("td.n")).to_have_text("0x101")
    page.locator("#base").click()
    expect(row.locator("td.n")).to_have_text("257")


def paper(page: Page) -> int:
    """How light the page is, from 0 to 255."""
    return int(page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)[1]"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_colours_are_the_systems_until_the_switch(
    browser: Browser, built_site: Path, scheme: Literal["light", "dark"]
) -> None:
    context = browser.new_context(color_scheme=scheme)
    page = context.new_page()
    page.goto((built_site / "linux/openat.html").as_uri())
    is_dark = scheme == "dark"
    assert (paper(page) < 64) is is_dark
    page.locator("#theme").click()
    assert (paper(page) < 64) is not is_dark
    page.goto((built_site / "errno.html").as_uri())
    assert (paper(page) < 64) is not is_dark
    expect(page.locator("#theme")).to_have_attribute("aria-pressed", str(not is_dark).lower())
    context.close()


def test_no_page_asks_a_network_or_complains(tab: Tab) -> None:
    for path in PAGES:
        page = tab.open(path)
        tab.search("clock")
        page.keyboard.press("Escape")
    assert len(tab.requests) > 4 * len(PAGES)


@pytest.mark.parametrize("width", [320, 360, 768])
def test_a_narrow_page_is_not_wider_than_its_screen(browser: Browser, built_site: Path, width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 740}, has_touch=True)
    page = context.new_page()
    for path in PAGES:
        page.goto((built_site / path).as_uri())
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, (path, wide)
    context.close()


def test_nothing_moves_once_it_is_painted(browser: Browser, built_site: Path) -> None:
    script = """
        window.moved = 0;
        new PerformanceObserver(list => { for (const e of list.getEntries()) window.moved += e.value; })
            .observe({type: "layout-shift", buffered: true});
    """
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.add_init_script(script)
    page = context.new_page()
    for path in PAGES:
        page.goto((built_site / path).as_uri())
        page.wait_for_timeout(150)
        assert page.evaluate("window.moved") < 0.01, path
    context.close()


CHECKED = (
    "index.html",
    "linux/openat.html",
    "linux/vserver.html",
    "windows/NtReadFile.html",
    "windows/index.html",
    "xen/memory_op.html",
    "macos/abi/mach.html",
    "compare.html",
)
"""One of each kind; the largest are left to their smaller sisters, for axe takes minutes for them."""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_use_it(browser: Browser, built_site: Path, scheme: Literal["light", "dark"]) -> None:
    context = browser.new_context(color_scheme=scheme, viewport={"width": 1280, "height": 800}, bypass_csp=True)
    page = context.new_page()
    # Nothing but the contrast can be another in the dark.
    options = {"runOnly": ["color-contrast"]} if scheme == "dark" else {}
    for path in CHECKED:
        page.goto((built_site / path).as_uri())
        if path == "index.html":
            page.keyboard.press("/")
            page.keyboard.type("open")
            expect(page.locator("#found a").first).to_be_visible(timeout=30_000)
        results = Axe().run(page, options=options)
        assert not results.response["violations"], (path, results.generate_report())
    context.close()


def test_it_is_a_set_of_pages_without_javascript(browser: Browser, built_site: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((built_site / "linux/abi/x86_64.html").as_uri())
    expect(page.get_by_role("link", name="openat", exact=True)).to_be_visible()
    expect(page.locator("form.filters")).to_be_hidden()
    page.get_by_role("link", name="openat", exact=True).click()
    expect(page.locator("h1")).to_contain_text("openat")
    context.close()


def test_print_has_the_table_and_no_controls(tab: Tab) -> None:
    page = tab.open("linux/abi/x86_64.html")
    page.emulate_media(media="print")
    expect(page.locator("header.top")).to_be_hidden()
    expect(page.locator("form.filters")).to_be_hidden()
    assert page.locator(".scroll.table").evaluate("e => getComputedStyle(e).maxHeight") == "none"


def test_a_link_to_a_row_shows_it(tab: Tab) -> None:
    page = tab.open("errno.html#ENOTUNIQ")
    expect(page.locator("#ENOTUNIQ")).to_be_in_viewport()
    tab.open("linux/prctl.html#PR_SET_NAME")
    expect(page.locator("#PR_SET_NAME")).to_be_in_viewport()


def test_a_request_is_taken_apart(tab: Tab) -> None:
    page = tab.open("ioctl.html")
    page.get_by_label("Take apart").fill("0x80045430")
    output = page.locator("#decode output")
    expect(output).to_have_text("read, type 'T', number 48, size 4: TIOCGPTN")
    page.get_by_label("Take apart").fill("0x5413")
    expect(output).to_contain_text("TIOCGWINSZ")
    page.get_by_label("Take apart").fill("0x100000000")
    expect(output).to_have_text("not a 32-bit number")


COMPARED = (
    ("linux/i386", "2.1.57", "linux/i386", "2.1.68"),
    ("linux/i386", "2.2.0", "linux/i386", ""),
    ("linux/x86_64", "", "linux/aarch64", ""),
    ("linux/x86_64", "6.0", "linux/x86_64", ""),
    ("freebsd/all", "", "openbsd/all", ""),
    ("windows/x64", "19041", "windows/x64", "26200"),
    ("macos/unix", "xnu-1504.15.3", "macos/unix", ""),
    ("linux/mips-o32", "", "linux/mips-o32", ""),
)


@pytest.mark.parametrize(("a", "av", "b", "bv"), COMPARED)
def test_the_comparison_says_what_the_catalogue_says(tab: Tab, a: str, av: str, b: str, bv: str) -> None:
    page = tab.open(f"compare.html#a={a.replace('/', '%2F')}&av={av}&b={b.replace('/', '%2F')}&bv={bv}")
    expect(page.locator("#summary")).not_to_be_empty(timeout=30_000)
    script = "[...document.querySelectorAll('#changes tbody tr')].map(r => [...r.cells].map(c => c.textContent))"
    found = [tuple(row) for row in page.evaluate(script)]
    changes = catalog.diff(f"{a}@{av}" if av else a, f"{b}@{bv}" if bv else b)
    word = {"signature": "other arguments"}
    assert found == [(word.get(c.kind, c.kind), c.name, c.before, c.after) for c in changes]


def test_two_tables_are_chosen_and_swapped(tab: Tab) -> None:
    page = tab.open("compare.html")
    page.locator("[name=a]").select_option("freebsd/all")
    page.locator("[name=b]").select_option("netbsd/all")
    expect(page.locator("#after")).to_contain_text("netbsd", timeout=30_000)
    page.locator("#swap").click()
    expect(page.locator("#before")).to_contain_text("netbsd")
    page.locator("[name=av]").fill("9.9")
    page.locator("[name=av]").press("Tab")
    expect(page.locator("#summary")).to_have_text("the table of netbsd/all is of one version")


def test_versions_are_ordered_as_the_catalogue_orders_them(tab: Tab) -> None:
    texts = [
        ("linux", t)
        for t in (
            "0.01",
            "0.95c+",
            "0.99.14z",
            "1.0",
            "2.4.1.4",
            "2.6.12-rc1",
            "2.6.12",
            "3.0",
            "6.17",
            "7.3-rc7",
            "1.0a",
            "x",
            "5.",
            "5.10.200",
        )
    ]
    texts += [("macos", t) for t in ("xnu-123.5", "xnu-792.25.20", "xnu-11417.121.6", "10.6")]
    texts += [("windows", t) for t in ("3790", "26200", "10.0")]
    tab.open("compare.html")
    found = tab.page.evaluate("texts => texts.map(([system, text]) => versionKey(system, text))", texts)
    for (system, text), key in zip(texts, found, strict=True):
        try:
            assert key == version_key(system, text), text
        except catalog_error():
            assert key is None, text


def catalog_error() -> type[Exception]:
    from trapgate.model.errors import UsageError

    return UsageError


@pytest.fixture
def served(program: Path) -> Iterator[str]:
    """The address of a server of the site."""
    with subprocess.Popen([str(program), "web", "--port", "0"], stderr=subprocess.PIPE, text=True) as server:
        try:
            assert server.stderr
            yield server.stderr.readline().split()[4]
        finally:
            server.send_signal(signal.SIGINT)
        assert server.wait(30) == 0


def test_the_server_shows_the_same(browser: Browser, served: str) -> None:
    context = browser.new_context()
    tab = Tab(context, Path())
    tab.page.goto(served)
    assert tab.search("openat")[0] == "openat Linux"
    tab.page.keyboard.press("Enter")
    tab.page.wait_for_url("**/linux/openat.html")
    tab.page.goto(served + "nothing/here.html")
    assert tab.search("read")[0] == "read Linux"
    context.close()
    assert all(asked.startswith(served) for asked in tab.requests)
    assert [complaint for complaint in tab.complaints if "404" not in complaint] == []
