"""A real Alertmanager on loopback, on a rendered configuration whose receivers are replaced by one of ours."""

from __future__ import annotations

import json
import socket
import subprocess
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from http import HTTPStatus
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from truegauge_generator.literals import tree

FOLDER = "rendered/alertmanager/"
START = 20.0
"""Seconds until a server that has not answered is given up."""


class Refused(Exception):
    """Alertmanager does not start, or does not take a configuration; its own words are the message."""


class Group(NamedTuple):
    """Alerts that are notified together: their receiver, what they share, and of each the labels and the state."""

    receiver: str
    labels: dict[str, str]
    alerts: list[tuple[dict[str, str], dict[str, Any]]]


class Notification(NamedTuple):
    """What came in at the webhook that stands for a receiver's channel."""

    channel: str
    group: dict[str, str]
    alerts: list[tuple[dict[str, str], str]]
    """The labels and the status of each."""


class Hook:
    """The webhook that stands for every channel; `received` grows as notifications come in."""

    def __init__(self) -> None:
        self.received: list[Notification] = []
        received = self.received

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                data = self.rfile.read(length)
                if len(data) < length:  # the server ended amid it
                    return
                body = json.loads(data)
                alerts = [(alert["labels"], alert["status"]) for alert in body["alerts"]]
                received.append(Notification(self.path.strip("/"), body["groupLabels"], alerts))
                self.send_response(200)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
                pass

        self._server = _Listener(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def close(self) -> None:
        """End it."""
        self._server.shutdown()
        self._server.server_close()


class _Listener(ThreadingHTTPServer):
    request_queue_size = 1024  # of the usual five, a burst of notifications would wait seconds for another try


class Server:
    """An Alertmanager that runs. Its configuration is a mapping, and is replaced by `load`."""

    def __init__(self, port: int, hook: Hook, file: Path) -> None:
        self.hook = hook
        self._port = port
        self._file = file

    def load(self, configuration: Mapping[str, Any]) -> None:
        """Take another configuration. Once it is taken, all alerts that are there have been sorted by it."""
        self._file.write_text(tree(configuration, 0), encoding="utf-8")
        self._ask("/-/reload", b"")

    def post(self, alerts: Iterable[Mapping[str, str]], *, resolved: bool = False) -> None:
        """Say that alerts fire, all at once, or that they do no more."""
        now = datetime.now(UTC).isoformat()
        ends = {"endsAt": now} if resolved else {}
        self._ask("/api/v2/alerts", json.dumps([{"labels": one, "startsAt": now, **ends} for one in alerts]).encode())

    def groups(self) -> list[Group]:
        """Which alerts are there, in which groups, and whether they are inhibited or muted."""
        return [
            Group(
                group["receiver"]["name"],
                group["labels"],
                [(alert["labels"], alert["status"]) for alert in group["alerts"]],
            )
            for group in json.loads(self._ask("/api/v2/alerts/groups"))
        ]

    def _ask(self, path: str, body: bytes | None = None) -> bytes:
        headers = {"Content-Type": "application/json"}
        connection = HTTPConnection("127.0.0.1", self._port, timeout=START)
        try:
            connection.request("GET" if body is None else "POST", path, body, headers)
            answer = connection.getresponse()
            found = answer.read()
        finally:
            connection.close()
        if answer.status != HTTPStatus.OK:
            raise Refused(found.decode(errors="replace").strip())
        return found


@contextmanager
def running(program: str, files: Mapping[str, str], configuration: Mapping[str, Any], hook: Hook) -> Iterator[Server]:
    """Start Alertmanager in a folder of its own, with the rendered templates, and end it. Raises Refused."""
    with TemporaryDirectory(prefix="truegauge-alertmanager-") as folder:
        place = Path(folder)
        for path, text in files.items():
            if path.startswith(FOLDER):
                file = place / path.removeprefix(FOLDER)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text, encoding="utf-8")
        file = place / "alertmanager.yml"
        file.write_text(tree(configuration, 0), encoding="utf-8")
        port = _free_port()
        command = [
            program,
            f"--config.file={file}",
            f"--storage.path={place / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--cluster.listen-address=",
            "--log.level=error",
        ]
        log = place / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(command, stdout=output, stderr=output)
        try:
            server = Server(port, hook, file)
            _wait(server, process, log)
            yield server
        finally:
            process.terminate()
            try:
                process.wait(START)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(server: Server, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START
    while True:
        try:
            server.groups()
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                said = log.read_text(encoding="utf-8", errors="replace").strip()
                raise Refused(said.splitlines()[-1] if said else "it does not answer") from None
            time.sleep(0.01)
        else:
            return


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])
