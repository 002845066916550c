"""Writing a site: what is refused, what is kept, and that a failure changes nothing."""

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from trapgate.model.errors import TrapgateError
from trapgate.web import writer


class SmallSite:
    """A site of three pages."""

    paths = ("index.html", "linux/openat.html", "static/style.css")

    def __init__(self) -> None:
        self.pages = dict.fromkeys(self.paths)

    def render(self, path: str) -> bytes:
        return f"this is {path}".encode()


@pytest.fixture(autouse=True)
def small_site(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "Site", SmallSite)


def list_files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())


WHOLE = sorted([*SmallSite.paths, writer.MANIFEST])


def test_a_new_folder_is_made(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    out = tmp_path / "a" / "site"
    count, size = writer.write_site(str(out), progress=lambda *at: told.append(at))
    assert list_files(out) == WHOLE and count == 3 and told == [(1, 3), (2, 3), (3, 3)]
    assert size == sum((out / path).stat().st_size for path in SmallSite.paths)
    assert (out / "linux/openat.html").read_text() == "this is linux/openat.html"


def test_an_older_site_is_replaced_and_other_files_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer.write_site(str(tmp_path))
    (tmp_path / "CNAME").write_text("example.org")
    (tmp_path / "linux/mine.txt").write_text("mine")
    monkeypatch.setattr(SmallSite, "paths", ("index.html", "macos/read.html"))
    writer.write_site(str(tmp_path))
    assert list_files(tmp_path) == ["CNAME", "index.html", "linux/mine.txt", "macos/read.html", writer.MANIFEST]
    assert not (tmp_path / "static").exists()


def test_a_folder_with_other_things_is_refused_unless_forced(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years")
    (tmp_path / "index.html").write_text("mine")
    with pytest.raises(TrapgateError, match="not empty, and not a site") as caught:
        writer.write_site(str(tmp_path))
    assert "--force" in caught.value.hint and list_files(tmp_path) == ["index.html", "thesis.tex"]
    writer.write_site(str(tmp_path), force=True)
    assert (tmp_path / "thesis.tex").read_text() == "years" and (tmp_path / "index.html").read_text() != "mine"


def test_a_manifest_cannot_name_files_elsewhere(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("stays")
    out = tmp_path / "site"
    writer.write_site(str(out))
    with (out / writer.MANIFEST).open("a") as file:
        file.write(f"../victim\n{victim}\n")
    writer.write_site(str(out))
    assert victim.read_text() == "stays"


def test_a_link_in_place_of_a_folder_is_not_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    out = tmp_path / "site"
    out.mkdir()
    (out / "linux").symlink_to(elsewhere)
    with pytest.raises(TrapgateError, match="where a folder must be"):
        writer.write_site(str(out), force=True)
    assert not list_files(elsewhere)


def fail_with(error: BaseException) -> Callable[[SmallSite, str], bytes]:
    def render(self: SmallSite, path: str) -> bytes:
        if path != "index.html":
            raise error
        return b"new"

    return render


def test_a_full_disk_leaves_the_older_site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer.write_site(str(tmp_path))
    monkeypatch.setattr(SmallSite, "render", fail_with(OSError(errno.ENOSPC, "No space left on device", "x")))
    with pytest.raises(TrapgateError, match="No space left") as caught:
        writer.write_site(str(tmp_path))
    assert "as it was before" in caught.value.hint
    assert list_files(tmp_path) == WHOLE and (tmp_path / "index.html").read_text() == "this is index.html"


def test_an_interrupted_start_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SmallSite, "render", fail_with(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        writer.write_site(str(tmp_path / "site"))
    assert not (tmp_path / "site").exists()


@pytest.mark.parametrize("out", ["/dev/null", "/proc/nothing/here", "file"])
def test_what_the_system_refuses_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, out: str) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("")
    with pytest.raises(TrapgateError, match="cannot write"):
        writer.write_site(out)


def test_the_mode_is_that_of_other_new_files(tmp_path: Path) -> None:
    out = tmp_path / "site"
    before = os.umask(0o022)
    try:
        writer.write_site(str(out))
    finally:
        os.umask(before)
    assert (out / "linux").stat().st_mode & 0o777 == 0o755 and (out / "index.html").stat().st_mode & 0o777 == 0o644


def test_other_commands_do_not_pay(program: Path) -> None:
    code = (
        "import sys; sys.argv = ['trapgate', 'show', 'openat']; from trapgate.__main__ import main; main();"
        "print([n for n in sys.modules if n.startswith(('jinja2', 'trapgate.web', 'http'))], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "[]\n"


def test_without_jinja_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    from trapgate.web.site import Site

    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(TrapgateError, match="jinja2 is not installed") as caught:
        Site()
    assert caught.value.hint == "pip install 'trapgate[web]'"
