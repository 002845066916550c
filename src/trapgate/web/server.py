# SPDX-License-Identifier: BSD-2-Clause
"""Serves the site over HTTP on this machine: the pages are rendered when asked for, nothing is written.

Only GET and HEAD of the site's own paths are answered: no path of the file system is ever looked at.
"""

from __future__ import annotations

import threading
from functools import lru_cache, partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

from trapgate.model.errors import TrapgateError
from trapgate.web.site import Site

_TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
}


class Server(ThreadingHTTPServer):
    """An HTTP server of one site. `url` is where it listens; `serve_forever` answers until interrupted."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, site: Site, address: str = "127.0.0.1", port: int = 0) -> None:
        """Listens at `address`:`port` (0: any free one); `TrapgateError` when that cannot be."""
        lock = threading.Lock()

        @lru_cache(maxsize=512)
        def render(path: str) -> bytes:
            with lock:  # the catalogue's connection is one for all threads
                return site.render(path)

        if ":" in address:
            import socket

            self.address_family = socket.AF_INET6
        try:
            super().__init__((address, port), partial(_Handler, render))
        except (OSError, UnicodeError) as error:
            why = getattr(error, "strerror", None) or "not an address of this machine"
            hint = "--port names another port, --port 0 takes any free one" if port else ""
            raise TrapgateError("web", f"cannot listen on {address} port {port}: {why}", hint) from None

    def handle_error(self, request: object, client_address: object) -> None:
        """Says nothing of a browser that went away; anything else is a fault of ours, and told."""
        import sys

        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]

    def server_bind(self) -> None:
        """Binds, without asking the DNS for this machine's name as the base class does."""
        import socketserver

        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    @property
    def url(self) -> str:
        host = f"[{self.server_name}]" if ":" in self.server_name else self.server_name
        return f"http://{host}:{self.server_port}/"


class _Handler(BaseHTTPRequestHandler):
    """Answers one connection's requests."""

    protocol_version = "HTTP/1.1"
    timeout = 60
    server_version = "trapgate"
    sys_version = ""

    def __init__(self, render: object, *args: object) -> None:
        self.render = render
        super().__init__(*args)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def _answer(self, *, with_body: bool) -> None:
        path = unquote(urlsplit(self.path).path).lstrip("/")
        if not path or path.endswith("/"):
            path += "index.html"
        status = HTTPStatus.OK
        try:
            content = self.render(path)  # type: ignore[operator]
        except KeyError:
            path, status = "404.html", HTTPStatus.NOT_FOUND
            content = self.render(path)  # type: ignore[operator]
            # Its links are relative to the first page, wherever the browser believes to be.
            content = content.replace(b'data-root=""', b'data-root="/"').replace(b'href="', b'href="/')
            content = content.replace(b'src="', b'src="/').replace(b'href="/#', b'href="#')
        self.send_response(status)
        self.send_header("Content-Type", _TYPES[path.rpartition(".")[2]])
        self.send_header("Content-Length", str(len(content)))
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        self.end_headers()
        if with_body:
            self.wfile.write(content)

    def log_message(self, *args: object) -> None:
        """Says nothing: the terminal shows the address, and is left for that."""
