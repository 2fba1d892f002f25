"""Servers that ask who is there, or do not answer as they should: each failure is a finding."""

from __future__ import annotations

import json
import socket
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from loopback import answering, until
from world import World

from truegauge_generator.cli import main
from truegauge_generator.drift.http import Access, Unreachable, ask
from truegauge_generator.drift.sources import SOURCES, Asked, observe

PASSWORD = "drift-password"
HASHED = "$2b$04$abcdefghijklmnopqrstuuj2aWC3vZ3pKz9S4vYa5JUhxnVqkO1.u"
"""Of the password, as Prometheus wants it."""


class Secured(NamedTuple):
    """A real Prometheus that wants a client certificate and a password, and the files to get in."""

    url: str
    folder: Path

    def flags(self, *left_out: str) -> list[str]:
        files = {"--ca-file": "ca.pem", "--cert-file": "client.pem", "--key-file": "client.key"}
        known = {**files, "--basic-auth-password-file": "password"}
        words = ["--basic-auth-user", "drift"]
        for flag, name in known.items():
            words += [flag, str(self.folder / name)] if flag not in left_out else []
        return words


def openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True, timeout=60)


def certificates(folder: Path) -> None:
    """An authority, and what it signed for the server at 127.0.0.1 and for the client."""
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl(folder, "req", "-x509", *key, "-subj", "/CN=authority", "-days", "2", "-keyout", "ca.key", "-out", "ca.pem")
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1\n")
    for name in ("server", "client"):
        openssl(folder, "req", *key, "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr")
        signing = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "names")
        openssl(folder, "x509", "-req", "-in", f"{name}.csr", *signing, "-out", f"{name}.pem")


@pytest.fixture(scope="module")
def secured(world: World, tmp_path_factory: pytest.TempPathFactory) -> Secured:
    folder = tmp_path_factory.mktemp("secured")
    certificates(folder)
    (folder / "password").write_text(f"{PASSWORD}\n")
    tls = {"cert_file": "server.pem", "key_file": "server.key", "client_ca_file": "ca.pem"}
    config = {
        "tls_server_config": {**tls, "client_auth_type": "RequireAndVerifyClientCert"},
        "basic_auth_users": {"drift": HASHED},
    }
    (folder / "web.yml").write_text(json.dumps(config))
    url = world.other_prometheus(lambda document: None, f"--web.config.file={folder / 'web.yml'}")
    secured = Secured(url.replace("http:", "https:"), folder)
    access = Access(60, None, "drift", *(str(folder / n) for n in ("password", "ca.pem", "client.pem", "client.key")))

    def scraped() -> bool:
        try:
            return ask(f"{secured.url}/api/v1/targets", access).body.count('"health":"up"') == 2
        except Unreachable:
            return False

    until(scraped)
    return secured


def drift(world: World, capsys: pytest.CaptureFixture[str], *flags: str) -> list[dict[str, Any]]:
    capsys.readouterr()
    main(["drift", str(world.spec_folder), "--format", "json", *flags])
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["findings"]
    return found


def test_a_client_certificate_and_a_password_let_in(
    world: World, secured: Secured, capsys: pytest.CaptureFixture[str]
) -> None:
    assert drift(world, capsys, "--prometheus", secured.url, *secured.flags()) == []


@pytest.mark.parametrize(
    ("left_out", "reason"),
    [
        (["--ca-file"], "certificate is not trusted"),
        (["--cert-file", "--key-file"], "certificate required"),
        (["--basic-auth-password-file"], "answered 401"),
    ],
)
def test_without_one_of_them_it_is_a_finding(
    world: World, secured: Secured, capsys: pytest.CaptureFixture[str], left_out: list[str], reason: str
) -> None:
    (found,) = drift(world, capsys, "--prometheus", secured.url, *secured.flags(*left_out))
    assert (found["kind"], found["subject"]) == ("unreachable", "prometheus")
    assert reason in found["running"]


def test_a_bearer_token_is_read_from_its_file_each_time(tmp_path: Path) -> None:
    token = tmp_path / "token"

    def answer(request: BaseHTTPRequestHandler) -> tuple[int, str, bytes]:
        return 200, "text/plain", request.headers["Authorization"].encode()

    with answering(answer) as url:
        for text in ("one", "two"):
            token.write_text(f"{text}\n")
            assert ask(url, Access(bearer_token_file=str(token))).body == f"Bearer {text}"
        token.unlink()
        with pytest.raises(Unreachable, match=r"no such file or directory \(.*token\)"):
            ask(url, Access(bearer_token_file=str(token)))


@pytest.mark.parametrize("content", [b"one\ntwo\n", b"one\rtwo", b"o\0ne", "tw\u20ac".encode(), b"on\xff"])
def test_a_file_that_is_no_secret_is_named_and_never_told(tmp_path: Path, content: bytes) -> None:
    token = tmp_path / "token"
    token.write_bytes(content)
    with answering(lambda _: (200, "text/plain", b"")) as url, pytest.raises(Unreachable) as refused:
        ask(url, Access(bearer_token_file=str(token)))
    assert str(refused.value) == f"the secret in {token} is not one line of ASCII, so it is not sent"


def test_a_password_may_have_any_letter_but_is_one_line(tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("tw\u20ac\n")
    with answering(lambda _: (200, "text/plain", b"")) as url:
        assert ask(url, Access(user="drift", password_file=str(password))).status == 200
        password.write_text("one\ntwo\n")
        with pytest.raises(Unreachable, match=r"the secret in .*password is not one line of UTF-8, so it is not sent"):
            ask(url, Access(user="drift", password_file=str(password)))


def test_credentials_do_not_follow_a_redirect() -> None:
    with answering(lambda _: (302, "text/plain", b"elsewhere")) as url:
        assert ask(url, Access()).status == 302


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of a server that takes a request and sends a byte now and then."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        ended = threading.Event()

        def trickle() -> None:
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n")
                while not ended.wait(0.05):
                    connection.sendall(b" ")

        thread = threading.Thread(target=trickle)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        ended.set()
        thread.join()


def test_a_server_that_answers_a_byte_now_and_then_is_given_up(silent: str) -> None:
    with pytest.raises(Unreachable, match=r"no answer within 0\.5 s"):
        ask(silent, Access(timeout=0.5))


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:99999", "http://", "127.0.0.1:9090", "ftp://127.0.0.1:9", "http://[::1"]
)
def test_an_address_that_is_none_is_a_finding(world: World, url: str) -> None:
    prometheus = next(source for source in SOURCES if source.name == "prometheus")
    (found,) = observe(world.spec, {}, [Asked(prometheus, url, Access())]).findings
    assert found.kind == "unreachable"


@pytest.mark.parametrize("kind", ["prometheus", "alertmanager", "grafana", "exporter"])
@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b"{}", b"<html>", b'{"status": "success", "data": {}}', b"\xff\x00"]
)
def test_an_answer_without_sense_is_a_finding_and_no_crash(
    world: World, capsys: pytest.CaptureFixture[str], kind: str, body: bytes
) -> None:
    with answering(lambda _: (200, "application/json", body)) as url:
        found = drift(world, capsys, f"--{kind}", url)
    assert {one["kind"] for one in found} <= {"unreachable", "nothing_observed"}
    assert found
