"""HTTP/1.1 server for a scraper: GET and HEAD of `/metrics`, `/-/healthy` and a landing page, and what is added."""

from __future__ import annotations

import contextlib
import logging
import selectors
import socket
import threading
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from .exposition import CONTENT_TYPE
from .http1 import READ_TIMEOUT, Answer, Refused, Request, Stream, encode
from .reloaded import Reloaded

if TYPE_CHECKING:
    from .web import WebConfig

CONNECTIONS_LIMIT = 64
READ = ("GET", "HEAD")
_PAUSE = threading.Event()
_LOG = logging.getLogger(__name__)


class Page(NamedTuple):
    """What is at a path: `answer` gets the request's body; `admit`, in place of the server's users, who may ask."""

    methods: tuple[str, ...]
    answer: Callable[[bytes], Answer]
    admit: Callable[[str | None], None] | None = None


class Server:
    """Serves `metrics()` and further `pages` on host:port until `close`; port 0 takes a free one.

    Without `web` everybody who reaches the address may read. Raises ValueError for a listen address without host or
    port, OSError when the address cannot be bound.
    """

    def __init__(
        self,
        listen: str,
        metrics: Callable[[], bytes],
        title: str,
        web: Reloaded[WebConfig] | None = None,
        pages: Mapping[str, Page] = MappingProxyType({}),
    ) -> None:
        host, port = address(listen)
        landing = Answer(200, _landing(title), "text/html; charset=utf-8")
        self._pages = {
            "/": Page(READ, lambda _: landing),
            "/metrics": Page(READ, lambda _: Answer(200, metrics(), CONTENT_TYPE)),
            "/-/healthy": Page(READ, lambda _: Answer(200, b"healthy\n")),
            **pages,
        }
        self._web = web
        self._socket = _bound(host, port)
        self._port = int(self._socket.getsockname()[1])
        self._host = f"[{host}]" if ":" in host else host
        self._wake, self._waker = socket.socketpair()
        self._slots = threading.BoundedSemaphore(CONNECTIONS_LIMIT)
        # Plain dict operations, each atomic. Those that wait for a request, the longest waiting first.
        self._open: dict[socket.socket, threading.Thread] = {}
        self._waiting: dict[socket.socket, None] = {}
        self.closed = False
        self._at_close: list[Callable[[], None]] = []
        self._thread = threading.Thread(target=self._accept, name=f"{title} server", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """The bound port."""
        return self._port

    @property
    def url(self) -> str:
        """The address that a scraper uses."""
        scheme = "https" if self._web is not None and self._web.current().tls else "http"
        return f"{scheme}://{self._host}:{self.port}/metrics"

    def at_close(self, call: Callable[[], None]) -> None:
        """Call this once when it is closed, before its port is free, and in each forked child."""
        self._at_close.append(call)

    def forked(self) -> None:
        """In a forked child: let go of the parent's port and clients. The threads that serve them are not here."""
        self._end()
        for one in (self._socket, self._wake, self._waker, *self._open):
            one.close()

    def close(self) -> None:
        """Stop, free the port and end every open connection. May be called again."""
        self._end()
        with contextlib.suppress(OSError):
            self._waker.send(b".")
        self._thread.join()
        for one in (self._socket, self._wake, self._waker):
            one.close()
        for connection, thread in list(self._open.items()):
            _shut(connection)
            if thread is not threading.current_thread():
                thread.join(1.0)

    def _end(self) -> None:
        self.closed = True
        while self._at_close:
            self._at_close.pop()()

    def _accept(self) -> None:
        with selectors.DefaultSelector() as ready:
            ready.register(self._socket, selectors.EVENT_READ)
            ready.register(self._wake, selectors.EVENT_READ)
            while True:
                ready.select()
                if self.closed:
                    return
                try:
                    connection, _ = self._socket.accept()
                except OSError:
                    _PAUSE.wait(0.05)  # no file descriptor is left, or the client has gone
                    continue
                self._admit(connection)

    def _admit(self, connection: socket.socket) -> None:
        """A thread for the connection; where there are too many, the one that waits longest makes room."""
        for wait in (0.0, *[0.05] * 20):
            if self._slots.acquire(timeout=wait):
                break
            for longest in list(self._waiting)[:1]:
                self._waiting.pop(longest, None)
                _shut(longest)
        else:
            connection.close()
            return
        thread = threading.Thread(target=self._serve, args=(connection,), name="scrape", daemon=True)
        self._open[connection] = thread
        thread.start()

    def _serve(self, accepted: socket.socket) -> None:
        connection = accepted
        try:
            connection.settimeout(READ_TIMEOUT)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            config = None if self._web is None else self._web.current()
            if config is not None and config.tls is not None:
                connection = config.tls.wrap_socket(accepted, server_side=True, do_handshake_on_connect=False)
                self._open[connection] = self._open.pop(accepted)
                self._waiting[connection] = None
                connection.do_handshake()
            stream = Stream(connection)
            while self._next(connection, stream):
                pass
        except OSError:  # the client has gone, or did not shake hands
            pass
        except Exception:  # noqa: BLE001 - the next connection shall find a server
            _LOG.exception("a connection failed")
        finally:
            for one in (accepted, connection):
                self._open.pop(one, None)
                self._waiting.pop(one, None)
                one.close()
            self._slots.release()

    def _next(self, connection: socket.socket, stream: Stream) -> bool:
        """Answer the next request; whether there may be another."""
        request, refused = None, False
        try:
            self._waiting[connection] = None
            try:
                request = stream.request()
            finally:
                self._waiting.pop(connection, None)
            if request is None:
                return False
            answer = self._answer(request, stream)
        except Refused as refusal:
            answer, refused = refusal.answer, True
        persistent = request is not None and request.persistent and not (refused and request.has_body)
        connection.settimeout(READ_TIMEOUT)
        connection.sendall(encode(answer, request, persistent))
        if refused and not persistent:
            stream.linger()
        return persistent and not self.closed

    def _answer(self, request: Request, stream: Stream) -> Answer:
        page = self._pages.get(request.path)
        if page is not None and page.admit is not None:
            page.admit(request.headers.get("authorization"))
        elif self._web is not None:
            self._web.current().authentication.admit(request.headers.get("authorization"))
        if page is None:
            raise Refused(404, f"not found: there is {', '.join(path for path in self._pages if path != '/')}")
        if request.method not in page.methods:
            raise Refused(405, f"only {' and '.join(page.methods)}", ("Allow", ", ".join(page.methods)))
        body = stream.body(request)
        try:
            return page.answer(body)
        except Exception:  # noqa: BLE001 - whatever fails, the server goes on and the scraper sees a failed scrape
            _LOG.exception("%s failed", request.path)
            return Answer(500, b"failed: see the application's log\n")


def address(listen: str) -> tuple[str, int]:
    """Split host:port; an IPv6 host is in brackets. Raises ValueError when either is missing or wrong."""
    host, _, port = str(listen).rpartition(":")  # a number has none
    host = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if not host or "/" in host or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise ValueError(f"listen address {listen!r} is not host:port, for example 127.0.0.1:9187")
    return host, int(port)


def _bound(host: str, port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((host, port))
        except TypeError:
            raise ValueError(f"listen address {host!r} is no name of a host") from None
        listening.listen(128)
        listening.setblocking(False)
    except BaseException:
        listening.close()
        raise
    return listening


def _shut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        # Not SSLSocket's own, which takes the connection apart under the thread that reads from it.
        socket.socket.shutdown(connection, socket.SHUT_RDWR)


def _landing(title: str) -> bytes:
    return (
        f"<!doctype html><html lang=en><title>{title}</title><h1>{title}</h1>"
        "<p><a href=/metrics>metrics</a> <a href=/-/healthy>healthy</a></html>\n"
    ).encode()
