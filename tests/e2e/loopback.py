"""Servers on loopback: asked, waited for, and made to answer as a test says."""

from __future__ import annotations

import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PATIENCE = 60
"""Seconds that a server may take to start on a busy machine."""


def got(url: str) -> bytes:
    """What a server answers; nothing while it does not."""
    try:
        with urllib.request.urlopen(url, timeout=PATIENCE) as answer:  # noqa: S310 - always loopback
            return bytes(answer.read())
    except OSError:
        return b""


def until(ready: Callable[[], bool]) -> None:
    """Wait for something that is about to be."""
    deadline = time.monotonic() + PATIENCE
    while not ready():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@contextmanager
def answering(answer: Callable[[BaseHTTPRequestHandler], tuple[int, str, bytes]], port: int = 0) -> Iterator[str]:
    """The address of a server on loopback that answers as told: status, content type, body."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, content_type, body = answer(self)
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
