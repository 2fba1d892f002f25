"""Who asks is in trouble, or makes it: too many, too slow, or not a scraper at all. The next scrape is answered."""

from __future__ import annotations

import random
import socket
import subprocess
import sys
import threading
import time
import urllib.parse
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.exporter.conftest import Lab, Watch

I: dict[str, Any] = {"instance_id": "i"}  # noqa: E741 - the instance of every test here
FLOOD = """
import socket, sys
opened = []
for _ in range(int(sys.argv[2])):
    opened.append(socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=30))
    if len(opened) % 3 == 0:
        try:
            opened[-1].sendall(b"GET /metrics HTTP/1.1\\r\\n")
        except OSError:
            pass
print(len(opened), flush=True)
sys.stdin.read()
"""
CLIENTS, EACH = 14, 720
"""Processes, so that each stays below the 1024 open files that are usual."""


def port_of(watch: Watch) -> int:
    return urllib.parse.urlsplit(watch.url).port or 0


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def served(lab: Lab, watch: Watch) -> None:
    """The application works and the scrape shows it."""
    con = lab.connect(**I)
    for _ in range(3):
        assert con.execute("SELECT 1").fetchall() == [(1,)]
        watch()
    watch.until(lambda scrape: scrape("duckdb_up", **I) == 1)
    con.close()


def test_10_000_open_connections(lab: Lab, watch: Watch) -> None:
    served(lab, watch)
    files, threads = open_files(), threading.active_count()
    command = [sys.executable, "-S", "-c", FLOOD, str(port_of(watch)), str(EACH)]
    clients = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(CLIENTS)
    ]
    watch.late = 5.0  # behind those that wait in the kernel's queue, a thousand at a time
    opened: list[int] = []

    def wait() -> None:
        opened.extend(int(client.stdout.readline()) for client in clients if client.stdout)

    waiting = threading.Thread(target=wait)
    waiting.start()
    while waiting.is_alive():
        watch()
    waiting.join()
    assert sum(opened) == CLIENTS * EACH > 10_000
    watch.late = 1.0
    watch.promptly()
    assert open_files() - files < 200
    assert threading.active_count() - threads < 100
    for client in clients:
        client.communicate(timeout=30)
    served(lab, watch)


def test_a_scraper_that_does_not_read(lab: Lab, watch: Watch) -> None:
    served(lab, watch)
    slow = []
    for _ in range(10):
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        connection.connect(("127.0.0.1", port_of(watch)))
        # More answers than the kernel keeps for it.
        connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n" * 400)
        slow.append(connection)
    watch.promptly()
    served(lab, watch)
    for connection in slow:
        connection.close()


def test_a_scraper_that_hangs_in_the_middle_of_its_request(lab: Lab, watch: Watch) -> None:
    served(lab, watch)
    hanging = [socket.create_connection(("127.0.0.1", port_of(watch)), timeout=5) for _ in range(50)]
    for number, connection in enumerate(hanging):
        connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: a\r\n"[: number + 1])
    watch.promptly()
    served(lab, watch)
    for connection in hanging:
        connection.close()


def test_a_scraper_that_goes_before_it_is_answered(lab: Lab, watch: Watch, caplog: pytest.LogCaptureFixture) -> None:
    served(lab, watch)
    for _ in range(200):
        with socket.create_connection(("127.0.0.1", port_of(watch)), timeout=5) as connection:
            connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")
    watch.promptly()
    served(lab, watch)
    assert caplog.text == ""


def garbage(source: random.Random) -> bytes:
    """Random bytes, or a request with a few bytes wrong."""
    if source.random() < 0.5:
        return source.randbytes(source.randrange(1, 3000))
    request = bytearray(b"GET /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nAccept-Encoding: gzip\r\n\r\nbody")
    for _ in range(source.randrange(1, 6)):
        request[source.randrange(len(request))] = source.randrange(256)
    return bytes(request)


def test_garbage_requests(lab: Lab, watch: Watch, caplog: pytest.LogCaptureFixture) -> None:
    served(lab, watch)
    source = random.Random(20_251_124)
    threads = threading.active_count()
    for number in range(400):
        with socket.create_connection(("127.0.0.1", port_of(watch)), timeout=5) as connection:
            connection.settimeout(0.05)
            try:
                connection.sendall(garbage(source))
                connection.shutdown(socket.SHUT_WR)
                answer = connection.recv(64)
            except OSError:
                continue
            assert answer == b"" or answer.startswith(b"HTTP/1.1 "), answer
        if number % 20 == 0:
            watch()
    watch.promptly()
    served(lab, watch)
    deadline = time.monotonic() + 10
    while threading.active_count() > threads + 1:
        assert time.monotonic() < deadline, threading.enumerate()
        time.sleep(0.01)
    assert caplog.text == ""
