"""HTTP/1.1 server for a scraper: GET and HEAD of `/metrics`, `/-/healthy` and a landing page."""

from __future__ import annotations

import contextlib
import gzip
import logging
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from typing import Any, ClassVar

from .exposition import CONTENT_TYPE

IDLE_TIMEOUT = 30.0  # seconds; a scraper asks at least every 15 s
_STOP_POLL = 0.1  # seconds between two looks at whether to stop
_GZIP_FROM = 256  # bytes; smaller bodies do not shrink
_LOG = logging.getLogger(__name__)

Page = tuple[str, Callable[[], bytes]]


class Server:
    """Serves `metrics()` and further `pages` on host:port until `close`; port 0 takes a free one.

    Raises ValueError for a listen address without host or port, OSError when the address cannot be bound.
    """

    def __init__(
        self, listen: str, metrics: Callable[[], bytes], title: str, pages: Mapping[str, Page] = MappingProxyType({})
    ) -> None:
        host, port = address(listen)
        landing = _landing(title)
        known: dict[str, Page] = {
            "/": ("text/html; charset=utf-8", lambda: landing),
            "/metrics": (CONTENT_TYPE, metrics),
            "/-/healthy": ("text/plain; charset=utf-8", lambda: b"healthy\n"),
            **pages,
        }
        self.closed = False
        self._http = _HTTPServer(host, port, known)
        self._thread = threading.Thread(
            target=self._http.serve_forever, args=(_STOP_POLL,), name=f"{title} server", daemon=True
        )
        self._thread.start()
        self._host = f"[{host}]" if ":" in host else host

    @property
    def port(self) -> int:
        """The bound port."""
        return int(self._http.server_address[1])

    @property
    def url(self) -> str:
        """The address that a scraper uses."""
        return f"http://{self._host}:{self.port}/metrics"

    def forked(self) -> None:
        """In a forked child: let go of the parent's port. The thread that serves it is not here."""
        self.closed = True
        for one in (self._http.socket, *self._http.open_sockets):
            one.close()

    def close(self) -> None:
        """Stop, free the port and end every open connection. May be called again."""
        self.closed = True
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


def address(listen: str) -> tuple[str, int]:
    """Split host:port; an IPv6 host is in brackets. Raises ValueError when either is missing or wrong."""
    host, _, port = listen.rpartition(":")
    host = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise ValueError(f"listen address {listen!r} is not host:port, for example 127.0.0.1:9187")
    return host, int(port)


class _HTTPServer(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, host: str, port: int, pages: dict[str, Page]) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.pages = pages
        self._open: dict[socket.socket, threading.Thread] = {}
        super().__init__((host, port), _Handler)

    def server_bind(self) -> None:
        # HTTPServer's own looks up the host's full name, which can take seconds without a resolver.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        self._open[request] = threading.current_thread()
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._open.pop(request, None)

    @property
    def open_sockets(self) -> list[socket.socket]:
        """Of the clients that are connected."""
        return list(self._open)

    def server_close(self) -> None:
        super().server_close()
        for request, thread in list(self._open.items()):
            with contextlib.suppress(OSError):
                request.shutdown(socket.SHUT_RDWR)
            thread.join(1.0)

    def handle_error(self, request: Any, client_address: Any) -> None:
        error = sys.exception()
        if not isinstance(error, ConnectionError | TimeoutError):
            _LOG.error("request failed", exc_info=error)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "exporter"
    sys_version = ""
    timeout: ClassVar[float] = IDLE_TIMEOUT
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body in one packet
    server: _HTTPServer

    def do_GET(self) -> None:
        page = self.server.pages.get(self.path.partition("?")[0])
        if page is None:
            self._answer(404, "text/plain; charset=utf-8", b"not found: there is /metrics and /-/healthy\n")
            return
        content_type, body = page
        try:
            content = body()
        except Exception:  # noqa: BLE001 - whatever fails, the server goes on and the scraper sees a failed scrape
            _LOG.exception("%s failed", self.path)
            self._answer(500, "text/plain; charset=utf-8", b"failed: see the application's log\n")
            return
        self._answer(200, content_type, content)

    def do_HEAD(self) -> None:
        self.do_GET()

    def __getattr__(self, name: str) -> Callable[[], None]:
        # http.server looks for do_<METHOD>; without one it answers 501.
        if name.startswith("do_"):
            return self._refuse_method
        raise AttributeError(name)

    def _refuse_method(self) -> None:
        self.close_connection = True  # the request's body is not read
        self._answer(405, "text/plain; charset=utf-8", b"only GET and HEAD\n", Allow="GET, HEAD", Connection="close")

    def _answer(self, status: int, content_type: str, content: bytes, **headers: str) -> None:
        if len(content) >= _GZIP_FROM and "gzip" in self.headers.get("Accept-Encoding", ""):
            content = gzip.compress(content, 1, mtime=0)
            headers["Content-Encoding"] = "gzip"
        self.send_response(status)
        for name, value in {"Content-Type": content_type, "Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's own signature
        """Stay silent: a scrape each second is no news."""


def _landing(title: str) -> bytes:
    return (
        f"<!doctype html><html lang=en><title>{title}</title><h1>{title}</h1>"
        "<p><a href=/metrics>metrics</a> <a href=/-/healthy>healthy</a></html>\n"
    ).encode()
