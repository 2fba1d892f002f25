"""Requests within limits, spoken over a socket: what is too long, too slow or no HTTP gets a clean answer."""

from __future__ import annotations

import gzip
import logging
import re
import socket
import threading
import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duckdb_exporter import http1
from duckdb_exporter import server as server_module
from duckdb_exporter.http1 import Answer, Refused, accepts_gzip, encode, parse
from duckdb_exporter.server import Page, Server

BODY = b"# metrics\n" * 100
GET = b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture
def server(caplog: pytest.LogCaptureFixture) -> Iterator[Server]:
    """Whatever it is sent, it has nothing to log."""
    echo = Page(("POST",), lambda body: Answer(200, body))
    with caplog.at_level(logging.WARNING):
        server = Server("127.0.0.1:0", lambda: BODY, "test exporter", None, {"/echo": echo})
        yield server
        server.close()
    assert caplog.text == ""


def say(server: Server, *parts: bytes, pause: float = 0.0) -> bytes:
    """Everything that comes back until the server ends the connection, or we do."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        for part in parts:
            connection.sendall(part)
            time.sleep(pause)
        connection.shutdown(socket.SHUT_WR)
        received = b""
        while more := connection.recv(65_536):
            received += more
        return received


def statuses(received: bytes) -> list[int]:
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d+) [A-Z]", received)]


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", 400),
        (b"GET\r\n\r\n", 400),
        (b"GET / HTTP/9.9\r\nHost: x\r\n\r\n", 505),
        (b"GET /metrics HTTP/1.1\r\n\r\n", 400),
        (b"GET /metrics HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400),
        (b"GET /metrics HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n", 400),
        (b"GET /metrics HTTP/1.1\r\nHost : x\r\n\r\n", 400),
        (b"GET /metrics HTTP/1.1\r\nHost: x\r\nA: \x00\r\n\r\n", 400),
        (b"GET  /metrics HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET /metrics HTTP/1.1\r\nHost: x", 400),
        (b"GET /metrics HTTP/1.1\r\n" + b"A: b\r\n" * 101 + b"\r\n", 431),
        (b"GET /" + b"x" * 20_000, 431),
        (b"GET /" + b"x" * 20_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 431),
        (b"GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n", 404),
        (b"BREW /metrics HTTP/1.1\r\nHost: x\r\n\r\n", 405),
        (b"GET /echo HTTP/1.1\r\nHost: x\r\n\r\n", 405),
        (b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab", 400),
        (b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n" + b"x" * 300_000, 413),
        (b"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411),
        (b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
    ],
)
def test_what_cannot_be_served_is_refused_and_the_next_client_is_served(
    server: Server, sent: bytes, status: int
) -> None:
    assert statuses(say(server, sent)) == [status]
    assert statuses(say(server, GET)) == [200]


def test_a_client_that_says_nothing_gets_nothing(server: Server) -> None:
    assert say(server, b"") == say(server, b"\r\n") == b""


def test_two_requests_in_one_packet_get_two_answers(server: Server) -> None:
    assert statuses(say(server, GET + GET)) == [200, 200]
    post = b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab"
    received = say(server, post + GET)
    assert statuses(received) == [200, 200]
    assert b"\r\n\r\nab" in received


def test_a_request_may_come_in_pieces(server: Server) -> None:
    assert statuses(say(server, *(bytes([one]) for one in GET))) == [200]


def test_http_1_0_is_answered_and_ended_unless_it_asks_to_go_on(server: Server) -> None:
    old = b"GET /metrics HTTP/1.0\r\n\r\n"
    assert statuses(say(server, old + old)) == [200]
    keep = b"GET /metrics HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"
    assert statuses(say(server, keep + keep)) == [200, 200]


def test_a_client_that_wants_to_be_asked_for_the_body_is(server: Server) -> None:
    head = b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"
    assert statuses(say(server, head, b"ab", pause=0.05)) == [100, 200]


def test_a_request_that_drips_is_ended_in_time(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http1, "READ_TIMEOUT", 0.3)
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        started = time.monotonic()
        received = b""
        connection.settimeout(0.02)
        while not received:
            connection.sendall(b"x")
            try:
                received = connection.recv(1000)
            except TimeoutError:
                assert time.monotonic() - started < 10
    assert statuses(received) == [408]


def test_a_body_that_does_not_come_is_not_waited_for(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http1, "READ_TIMEOUT", 0.1)
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n")
        assert statuses(connection.recv(1000)) == [408]


def test_an_idle_connection_is_ended(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http1, "IDLE_TIMEOUT", 0.1)
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        assert connection.recv(100) == b""


def test_connections_that_wait_make_room_for_one_that_asks(server: Server) -> None:
    idle = [socket.create_connection(("127.0.0.1", server.port), timeout=10) for _ in range(100)]
    for connection in idle[::2]:
        connection.sendall(b"GET /metr")
    assert statuses(say(server, GET)) == [200]
    assert threading.active_count() <= server_module.CONNECTIONS_LIMIT + 2
    for connection in idle:
        connection.close()


def test_a_scraper_that_keeps_its_connection_is_not_the_one_that_makes_room(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as scraper:
        for _ in range(3):
            idle = [socket.create_connection(("127.0.0.1", server.port), timeout=10) for _ in range(40)]
            scraper.sendall(GET)
            assert scraper.recv(100_000).startswith(b"HTTP/1.1 200")
            for connection in idle:
                connection.close()


@pytest.mark.parametrize(
    ("header", "gzips"),
    [
        ("gzip", True), ("GZIP", True), ("x-gzip", True), ("deflate, gzip;q=0.5", True), ("*", True),
        ("gzip; q=1.000", True), ("br, *;q=0.1", True), ("", False), ("identity", False), ("gzip;q=0", False),
        ("gzip;q=0.0, *", False), ("*;q=0", False), ("gzipped", False), ("gzip;q=none", False), ("br", False),
    ],
)  # fmt: skip
def test_compression_follows_accept_encoding(server: Server, header: str, gzips: bool) -> None:
    assert accepts_gzip(header) is gzips
    received = say(server, f"GET /metrics HTTP/1.1\r\nHost: x\r\nAccept-Encoding: {header}\r\n\r\n".encode())
    head, _, content = received.partition(b"\r\n\r\n")
    assert (b"Content-Encoding: gzip" in head) is gzips
    assert b"Vary: Accept-Encoding" in head
    assert (gzip.decompress(content) if gzips else content) == BODY


@given(st.binary(max_size=300))
def test_any_head_is_a_request_or_is_refused(head: bytes) -> None:
    try:
        answer = Answer(200, parse(head).path.encode())
    except Refused as refused:
        answer = refused.answer
    assert answer.content[:1] in (b"/", b"*") if answer.status == 200 else answer.status >= 400
    assert encode(answer, None, persistent=False).count(b"\r\n\r\n") == 1


@given(st.text(max_size=60))
def test_any_accept_encoding_is_understood_or_ignored(header: str) -> None:
    assert accepts_gzip(header) in (True, False)
