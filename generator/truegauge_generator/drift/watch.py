"""Findings as metrics, served while the comparison is repeated: drift is then itself an alert."""

from __future__ import annotations

import signal
import socket
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from truegauge_generator.drift.sources import Observed

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
STOPS = {signal.SIGTERM, signal.SIGINT}


def page(observed: Observed, checked: float) -> str:
    """The page of /metrics: a series for each finding, whether each server answered, and when it was asked."""
    return "".join(
        (
            _family("truegauge_drift", "1 for each difference between what runs and the spec"),
            *dict.fromkeys(
                _line("truegauge_drift", one.source, kind=one.kind, subject=one.subject) for one in observed.findings
            ),
            _family("truegauge_drift_reachable", "1 when the server could be asked, else 0"),
            *(
                _line("truegauge_drift_reachable", asked.url, int(seen.reachable), server=asked.source.name)
                for asked, seen in observed.seen
            ),
            _family("truegauge_drift_last_check_timestamp_seconds", "When the servers were last asked"),
            f"truegauge_drift_last_check_timestamp_seconds {checked:.3f}\n",
        )
    )


def _family(name: str, help_: str) -> str:
    return f"# HELP {name} {help_}\n# TYPE {name} gauge\n"


def _line(name: str, source: str, value: int = 1, **labels: str) -> str:
    inside = ",".join(f'{label}="{_escaped(text)}"' for label, text in {"source": source, **labels}.items())
    return f"{name}{{{inside}}} {value}\n"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def url(address: tuple[str, int]) -> str:
    """Where the page is, by the host and the port."""
    host, port = address
    return f"http://[{host}]:{port}/metrics" if ":" in host else f"http://{host}:{port}/metrics"


class NotListening(Exception):
    """Why nothing can listen at an address."""


def watch(check: Callable[[], Observed], seconds: float, address: tuple[str, int], say: Callable[[str], None]) -> int:
    """Check every so many seconds and serve the page until SIGTERM or SIGINT; gives the number of checks.

    Raises NotListening where the address cannot be had.
    """
    try:
        server = _Server(address, _Handler)
    except (OSError, ValueError) as error:
        raise NotListening(str(getattr(error, "strerror", None) or error).lower()) from None
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)  # before there are threads, which inherit it
    try:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        say(f"drift: serving {url((address[0], server.server_port))}, every {seconds:g} s")
        checks, known = 0, None
        while True:
            observed = check()
            server.page = page(observed, time.time())
            checks += 1
            if (now := {finding.message for finding in observed.findings}) != known:
                say(f"drift: {len(observed.seen)} servers asked, findings: {len(now)}")
                known = now
            if signal.sigtimedwait(STOPS, seconds) is not None:
                server.shutdown()
                return checks
    finally:
        server.server_close()
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    page = ""

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, handler)


class _Handler(BaseHTTPRequestHandler):
    timeout = 30
    server: _Server

    def do_GET(self) -> None:
        """The one page; 503 until the first check is done."""
        text = self.server.page
        status = 404 if self.path.partition("?")[0] != "/metrics" else 200 if text else 503
        body = text.encode() if status == 200 else b"there is /metrics, after the first check\n"
        self.send_response(status)
        self.send_header("Content-Type", CONTENT_TYPE)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's own signature
        """Stay silent: a scrape each minute is no news."""
