"""`trapgate web`: what it answers, and how it begins and ends."""

import http.client
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from trapgate.web.site import Site


@pytest.fixture(scope="module")
def server(program: Path) -> Iterator["subprocess.Popen[str]"]:
    with start(program, "--port", "0") as process:
        yield process
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
        assert process.stderr is not None and process.stderr.read() == "\n"


def start(program: Path, *words: str) -> "subprocess.Popen[str]":
    return subprocess.Popen([str(program), "web", *words], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)


@pytest.fixture(scope="module")
def address(server: "subprocess.Popen[str]") -> tuple[str, int]:
    """Where the server says that it is."""
    assert server.stderr is not None
    line = server.stderr.readline()
    assert line.startswith("the catalogue is at http://127.0.0.1:") and line.endswith("(Ctrl-C ends)\n")
    url = urlsplit(line.split()[4])
    assert url.hostname and url.port
    return url.hostname, url.port


@pytest.fixture
def ask(address: tuple[str, int]) -> Iterator[Callable[[str, str], tuple[int, dict[str, str], bytes]]]:
    connection = http.client.HTTPConnection(*address, timeout=20)

    def ask(path: str, method: str = "GET") -> tuple[int, dict[str, str], bytes]:
        connection.request(method, path)
        response = connection.getresponse()
        return response.status, dict(response.getheaders()), response.read()

    yield ask  # type: ignore[misc]
    connection.close()


def test_the_pages_are_those_of_the_site(ask: Callable[..., tuple[int, dict[str, str], bytes]]) -> None:
    site = Site()
    for path, kind in (
        ("index.html", "text/html; charset=utf-8"),
        ("linux/openat.html", "text/html; charset=utf-8"),
        ("static/style.css", "text/css; charset=utf-8"),
        ("data/tables/freebsd-all.js", "text/javascript; charset=utf-8"),
        ("static/icon.svg", "image/svg+xml"),
    ):
        status, headers, body = ask("/" + path)
        assert (status, headers["Content-Type"], body) == (200, kind, site.render(path))
        assert headers["X-Content-Type-Options"] == "nosniff"
    assert ask("/")[2] == site.render("index.html") and ask("/linux/")[2] == site.render("linux/index.html")
    assert ask("/linux/openat.html?x=1")[0] == 200


def test_head_has_no_body(ask: Callable[..., tuple[int, dict[str, str], bytes]]) -> None:
    status, headers, body = ask("/linux/openat.html", "HEAD")
    assert status == 200 and int(headers["Content-Length"]) > 1000 and body == b""


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/static/../site.py",
        "//etc/passwd",
        "/%00",
        "/a/b/c",
    ],
)
def test_there_is_nothing_else(ask: Callable[..., tuple[int, dict[str, str], bytes]], path: str) -> None:
    status, headers, body = ask(path)
    assert status == 404 and headers["Content-Type"].startswith("text/html") and b"Nothing here" in body
    assert b'href="/static/style.css"' in body


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_only_reading_is_allowed(address: tuple[str, int], method: str) -> None:
    with closing(http.client.HTTPConnection(*address, timeout=20)) as connection:
        connection.request(method, "/")
        assert connection.getresponse().status == 501


def test_rubbish_is_answered_and_the_server_lives(address: tuple[str, int]) -> None:
    for text in (b"\x00\xff\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET /" + b"a" * 70_000):
        with socket.create_connection(address, timeout=20) as raw:
            raw.sendall(text)
    with closing(http.client.HTTPConnection(*address, timeout=20)) as after:
        after.request("GET", "/")
        assert after.getresponse().status == 200


def test_a_taken_port_is_told(program: Path, address: tuple[str, int]) -> None:
    process = start(program, "--port", str(address[1]))
    _, text = process.communicate(timeout=20)
    assert process.returncode == 1
    assert f"trapgate: error: web: cannot listen on 127.0.0.1 port {address[1]}: Address already in use" in text
    assert "hint: --port names another port" in text


@pytest.mark.parametrize("port", ["x", "-1", "65536", "80.5", "", "²"])
def test_a_wrong_port_is_told(program: Path, port: str) -> None:
    process = start(program, f"--port={port}")
    _, text = process.communicate(timeout=20)
    assert process.returncode == 2 and f"trapgate: error: web: {port!r} is not a port" in text


@pytest.mark.parametrize("where", ["192.0.2.1", "no such host", "256.1.1.1", "x" * 300])
def test_a_wrong_address_is_told(program: Path, where: str) -> None:
    process = start(program, "--address", where, "--port", "0")
    _, text = process.communicate(timeout=20)
    assert process.returncode == 1 and f"trapgate: error: web: cannot listen on {where} port 0" in text
    assert "Traceback" not in text


def test_ipv6_is_written_in_brackets(program: Path) -> None:
    if not socket.has_ipv6:
        pytest.skip("this Python has no IPv6")
    with start(program, "--address", "::1", "--port", "0") as process:
        assert process.stderr is not None
        line = process.stderr.readline()
        process.send_signal(signal.SIGINT)
    assert "http://[::1]:" in line or "Cannot assign requested address" in line
