"""The HTTP server, spoken to over a socket."""

from __future__ import annotations

import gzip
import http.client
import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from duckdb_exporter.server import Server, address

BODY = b"# metrics\n" * 100


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server("127.0.0.1:0", lambda: BODY, "test exporter")
    yield server
    server.close()


@pytest.fixture
def client(server: Server) -> Iterator[http.client.HTTPConnection]:
    client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
    yield client
    client.close()


def ask(
    client: http.client.HTTPConnection, method: str, path: str, **headers: str
) -> tuple[http.client.HTTPResponse, bytes]:
    client.request(method, path, headers=headers)
    answer = client.getresponse()
    return answer, answer.read()


def test_metrics_come_as_text_of_version_0_0_4(client: http.client.HTTPConnection) -> None:
    answer, body = ask(client, "GET", "/metrics")
    assert (answer.status, body) == (200, BODY)
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert answer.headers["Content-Length"] == str(len(BODY))


def test_a_connection_is_kept_for_the_next_scrape(client: http.client.HTTPConnection) -> None:
    client.connect()
    first = client.sock
    for _ in range(3):
        assert ask(client, "GET", "/metrics")[0].status == 200
    assert client.sock is first


def test_a_body_is_compressed_when_asked(client: http.client.HTTPConnection) -> None:
    answer, body = ask(client, "GET", "/metrics", **{"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(body) == BODY
    assert len(body) < len(BODY)


def test_head_gives_the_headers_only(client: http.client.HTTPConnection) -> None:
    answer, body = ask(client, "HEAD", "/metrics")
    assert (answer.status, body, answer.headers["Content-Length"]) == (200, b"", str(len(BODY)))
    assert ask(client, "GET", "/metrics")[1] == BODY


def test_it_says_that_it_is_healthy(client: http.client.HTTPConnection) -> None:
    assert ask(client, "GET", "/-/healthy")[1] == b"healthy\n"


def test_the_landing_page_leads_to_the_metrics(client: http.client.HTTPConnection) -> None:
    answer, body = ask(client, "GET", "/")
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert b"href=/metrics" in body


def test_a_query_string_is_ignored(client: http.client.HTTPConnection) -> None:
    assert ask(client, "GET", "/metrics?name[]=x")[1] == BODY


def test_another_path_is_not_found(client: http.client.HTTPConnection) -> None:
    assert ask(client, "GET", "/metrics/x")[0].status == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "BREW"])
def test_another_method_is_refused(client: http.client.HTTPConnection, method: str) -> None:
    answer, _ = ask(client, method, "/metrics")
    assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD")
    assert ask(client, "GET", "/metrics")[0].status == 200


def test_a_failing_scrape_is_a_500_and_does_not_end_it(caplog: pytest.LogCaptureFixture) -> None:
    failing = [True]

    def metrics() -> bytes:
        if failing.pop():
            raise RuntimeError("secret detail")
        return BODY

    failing.insert(0, False)
    server = Server("127.0.0.1:0", metrics, "test exporter")
    client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
    with caplog.at_level(logging.ERROR):
        answer, body = ask(client, "GET", "/metrics")
    assert answer.status == 500
    assert b"secret" not in body
    assert "secret detail" in caplog.text
    assert ask(client, "GET", "/metrics")[1] == BODY
    client.close()
    server.close()


def test_closing_frees_the_port_and_ends_open_connections(server: Server, client: http.client.HTTPConnection) -> None:
    assert ask(client, "GET", "/metrics")[0].status == 200
    assert threading.active_count() == 3
    server.close()
    assert threading.active_count() == 1
    again = Server(f"127.0.0.1:{server.port}", lambda: BODY, "test exporter")
    assert again.port == server.port
    again.close()


def test_two_servers_cannot_have_one_port(server: Server) -> None:
    with pytest.raises(OSError, match="in use"):
        Server(f"127.0.0.1:{server.port}", lambda: BODY, "test exporter")


def test_it_listens_on_ipv6_in_brackets() -> None:
    server = Server("[::1]:0", lambda: BODY, "test exporter")
    assert server.url == f"http://[::1]:{server.port}/metrics"
    client = http.client.HTTPConnection("::1", server.port, timeout=5)
    assert ask(client, "GET", "/metrics")[1] == BODY
    client.close()
    server.close()


@pytest.mark.parametrize(
    "listen", ["", "9187", ":9187", "127.0.0.1:", "127.0.0.1:http", "127.0.0.1:99999", "localhost:-1"]
)
def test_a_malformed_address_is_refused(listen: str) -> None:
    with pytest.raises(ValueError, match="is not host:port"):
        address(listen)


def test_who_serves_in_clear_does_not_load_what_tls_needs() -> None:
    program = (
        "import sys, duckdb_exporter; con = duckdb_exporter.connect(listen='127.0.0.1:0'); con.execute('SELECT 1');"
        "print({'ssl', 'duckdb_exporter.web', 'duckdb_exporter.authentication'}.intersection(sys.modules))"
    )
    environment = {"PYTHONPATH": str(Path(__file__).parents[2] / "exporter")}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=True)
    assert done.stdout == "set()\n"
