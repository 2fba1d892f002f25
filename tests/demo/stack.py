"""Prometheus, Alertmanager and a webhook receiver on loopback, on the rendered files."""

from __future__ import annotations

import hmac
import json
import re
import secrets
import shutil
import socket
import subprocess
import threading
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Any

from shortened import Ports

_COUNTED = re.compile(r'^duckdb_remedy_count\{remedy="(\w+)",outcome="(\w+)"\} [1-9]', re.MULTILINE)


class Stack:
    """Started with `start()` once the files are there; ends what it started."""

    def __init__(self, place: Path, webhook: bool = True) -> None:
        self.place = place
        self.ports = Ports(*free_ports(len(Ports._fields)))
        self._token = secrets.token_hex(16)
        (place / "webhook_token").write_text(self._token)
        self.remedies_token = place / "remedies_token"
        self.remedies_token.write_text(secrets.token_hex(16))
        self._notifications: SimpleQueue[tuple[str, str, str]] = SimpleQueue()
        self._processes: list[tuple[str, subprocess.Popen[bytes]]] = []
        self._hook = ThreadingHTTPServer(("127.0.0.1", self.ports.webhook), self._handler()) if webhook else None
        if self._hook:
            threading.Thread(target=self._hook.serve_forever, daemon=True).start()

    def __enter__(self) -> Stack:
        return self

    def start(self) -> None:
        """Start both servers on the rendered configuration."""
        self.prometheus(self.place, self.ports.prometheus, "--web.enable-remote-write-receiver")
        self._run(
            "alertmanager",
            f"--config.file={self.place / 'rendered' / 'alertmanager' / 'alertmanager.yml'}",
            f"--storage.path={self.place / 'alertmanager'}",
            f"--web.listen-address=127.0.0.1:{self.ports.alertmanager}",
            "--cluster.listen-address=",
            "--log.level=warn",
        )

    def prometheus(self, place: Path, port: int, *flags: str, retention: str = "31d") -> None:
        """Start a Prometheus on the files rendered to `place`; the objectives look back over 30 days."""
        self._run(
            "prometheus",
            f"--config.file={place / 'rendered' / 'prometheus' / 'prometheus.yml'}",
            f"--storage.tsdb.path={place / f'prometheus-{port}'}",
            f"--storage.tsdb.retention.time={retention}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--web.enable-lifecycle",
            "--rules.alert.resend-delay=1s",
            "--log.level=warn",
            *flags,
        )

    def _run(self, name: str, *arguments: str) -> None:
        program = shutil.which(name)
        if program is None:
            raise SystemExit(f"demo: {name} is not on the PATH; `make tools` puts it into .tools")
        with (self.place / f"{name}-{len(self._processes)}.log").open("wb") as log:
            self._processes.append((name, subprocess.Popen([program, *arguments], stdout=log, stderr=log)))

    def stop(self, name: str) -> None:
        """End the servers of that name."""
        found = [process for known, process in self._processes if known == name]
        for process in found:
            process.terminate()
        for process in found:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def scraped(self) -> bool:
        """Whether Prometheus has a first sample of every metric of the exporter."""
        return bool(self.ask("query?query=duckdb_up").get("result"))

    def alerts(self) -> dict[str, str]:
        """The state of each alert that is pending or firing."""
        found = self.ask("alerts").get("alerts", [])
        return {alert["labels"]["alertname"]: alert["state"] for alert in found}

    def received(self) -> Iterator[tuple[str, str, str]]:
        """What came in at the webhook since the last time: alert, status, receiver."""
        while True:
            try:
                yield self._notifications.get_nowait()
            except Empty:
                return

    def outcomes(self) -> set[tuple[str, str]]:
        """What came of each remedy so far, as the exporter counts it."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.ports.exporter}/metrics", timeout=5) as answer:
                return set(_COUNTED.findall(answer.read().decode()))
        except OSError:
            return set()

    def logs(self) -> str:
        """What the servers complained about."""
        return "\n".join(f"{log.name}: {log.read_text()[-2000:]}" for log in sorted(self.place.glob("*.log")))

    def ask(self, path: str) -> dict[str, Any]:
        """The data of an answer of Prometheus' API; empty while it does not answer."""
        url = f"http://127.0.0.1:{self.ports.prometheus}/api/v1/{path}"
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                data: dict[str, Any] = json.load(answer)["data"]
        except OSError:
            return {}
        return data

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        wanted, queue = f"Bearer {self._token}", self._notifications

        class Hook(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                allowed = hmac.compare_digest(self.headers.get("Authorization", ""), wanted)
                self.send_response(200 if allowed else 401)
                self.end_headers()
                for alert in json.loads(body)["alerts"] if allowed else ():
                    queue.put((alert["labels"]["alertname"], alert["status"], self.path.strip("/")))

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
                pass

        return Hook

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for name in {known for known, _ in self._processes}:
            self.stop(name)
        if self._hook:
            self._hook.shutdown()
            self._hook.server_close()


def free_ports(count: int) -> list[int]:
    """Ports on loopback that nobody uses now."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(one.getsockname()[1]) for one in sockets]
    for one in sockets:
        one.close()
    return ports
