"""Servers that are others than a drill thinks: each is named before anything is sent, and none ends in a traceback."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from loopback import answering

from truegauge_generator.cli import main
from truegauge_generator.drift.http import Unreachable
from truegauge_generator.drill.servers import Alertmanager, Prometheus

SPEC = Path(__file__).parents[2] / "spec"
ASKED: tuple[Callable[[str], object], ...] = (
    lambda url: Prometheus(url).now(),
    lambda url: Prometheus(url).flag("x"),
    lambda url: Prometheus(url).marks_drills(),
    lambda url: Prometheus(url).alertmanagers(),
    lambda url: Prometheus(url).rule("x"),
    lambda url: Prometheus(url).state("x", "y"),
    lambda url: Alertmanager(url).alert("x", "y"),
    lambda url: Alertmanager(url).requests(),
)


@pytest.fixture(scope="module")
def other() -> Iterator[str]:
    """The address of a server that speaks first, and no HTTP."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def greet() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.sendall(b"SSH-2.0-something\r\n")

        threading.Thread(target=greet, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("ask", ASKED)
def test_what_speaks_no_http_or_has_no_such_port_does_not_answer(other: str, ask: Callable[[str], object]) -> None:
    for url in (other, "http://127.0.0.1:99999", "http://[::1", "nonsense"):
        with pytest.raises(Unreachable) as refused:
            ask(url)
        assert str(refused.value).startswith(f"{url} does not answer: ")


BODIES = [b"<html>Log in</html>", b"", b"null", b"[1]", b'{"data": 1}', b"[" * 100_000]


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
def test_another_answer_names_the_server_that_it_is_not_of(body: bytes) -> None:
    with answering(lambda _: (200, "text/html", body)) as url:
        for ask in ASKED:
            with pytest.raises(Unreachable, match=f"^{url}: it does not answer as (Prometheus|Alertmanager) does$"):
                ask(url)


def test_an_answer_that_refuses_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with answering(lambda _: (403, "text/plain", b"who are you?\n")) as url:
        assert main(["drill", "HighQueryLatency", str(SPEC), "--prometheus", url, "--alertmanager", url]) == 1
    said = capsys.readouterr().err
    assert f"HighQueryLatency cannot be drilled: {url}/metrics answers 403: who are you? [no_drill]" in said


@pytest.mark.parametrize("flag", ["--prometheus", "--alertmanager"])
def test_a_page_of_something_else_is_no_drill(flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    with (
        answering(lambda _: (200, "text/plain", b"alertmanager_build_info 1\n")) as metrics,
        answering(lambda _: (200, "text/html", b"<html>")) as url,
    ):
        servers = {"--prometheus": metrics, "--alertmanager": metrics, flag: url}
        words = [word for pair in servers.items() for word in pair]
        assert main(["drill", "HighQueryLatency", str(SPEC), *words]) == 1
    assert "it does not answer as" in capsys.readouterr().err
