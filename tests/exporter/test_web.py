"""The web configuration: TLS, users and a token from a file in the format of Prometheus' own exporters."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import http.client
import os
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import bcrypt
import certificates
import pytest
from certificates import Certificates

from duckdb_exporter import passwords
from duckdb_exporter.server import Server
from duckdb_exporter.web import web

BODY = b"# metrics\n"
PASSWORD, TOKEN = "correct horse, battery: stäple", "0123456789abcdef-token"
HASHED = passwords.hash_password(PASSWORD)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return certificates.make(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """A server with the given lines as its web configuration."""
    servers = []

    def serve(*lines: str) -> Server:
        (tmp_path / "web.yml").write_text("\n".join(lines) + "\n")
        servers.append(Server("127.0.0.1:0", lambda: BODY, "test exporter", web(tmp_path / "web.yml")))
        return servers[-1]

    yield serve
    for server in servers:
        server.close()


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def ask(server: Server, authorization: str = "", tls: ssl.SSLContext | None = None, path: str = "/metrics") -> int:
    client = (
        http.client.HTTPSConnection("127.0.0.1", server.port, timeout=20, context=tls)
        if tls
        else http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    )
    with contextlib.closing(client):
        client.request("GET", path, headers={"Authorization": authorization} if authorization else {})
        answer = client.getresponse()
        body = answer.read()
    assert (body == BODY) == (answer.status == 200)
    if answer.status == 401:
        assert answer.headers["WWW-Authenticate"].startswith(("Basic", "Bearer"))
    return answer.status


def test_a_user_is_let_in_by_the_password_and_nobody_else_is(serve: Callable[..., Server]) -> None:
    server = serve("basic_auth_users:", f"  prometheus: {HASHED}")
    assert ask(server, basic("prometheus", PASSWORD)) == 200
    wrong = [
        "", basic("prometheus", "wrong"), basic("nobody", PASSWORD), basic("prometheus", ""), basic("", ""),
        "Basic", "Basic !", "Basic " + base64.b64encode(b"prometheus").decode(), "Basic \xff", "Bearer " + TOKEN,
        "Digest x", basic("prometheus", PASSWORD + "\0"),
    ]  # fmt: skip
    assert {ask(server, authorization) for authorization in wrong} == {401}
    assert ask(server, basic("prometheus", PASSWORD)) == 200


def test_without_a_password_nobody_learns_which_pages_there_are(serve: Callable[..., Server]) -> None:
    server = serve("basic_auth_users:", f"  prometheus: {HASHED}")
    assert [ask(server, path=path) for path in ("/metrics", "/", "/-/healthy", "/nowhere")] == [401] * 4


def test_a_user_s_hash_may_be_bcrypt(serve: Callable[..., Server]) -> None:
    hashed = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
    server = serve("basic_auth_users:", f"  prometheus: {hashed}  # as htpasswd -B makes it")
    assert ask(server, basic("prometheus", PASSWORD)) == 200
    assert ask(server, basic("prometheus", "x" * 100)) == ask(server, basic("prometheus", "\0")) == 401


def test_the_bearer_of_the_token_is_let_in(serve: Callable[..., Server], tmp_path: Path) -> None:
    (tmp_path / "token").write_text(TOKEN + "\n")
    server = serve("bearer_token_file: token")
    assert ask(server, f"Bearer {TOKEN}") == ask(server, f"bearer {TOKEN}") == 200
    assert {ask(server, one) for one in ("", "Bearer", f"Bearer {TOKEN}x", "Bearer \xff", basic("a", TOKEN))} == {401}


def test_a_user_who_was_verified_does_not_cost_a_slow_hash_each_second(
    serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    compared = []
    matches = passwords.matches

    def counted(password: str, hashed: str) -> bool:
        compared.append(password)
        return matches(password, hashed)

    monkeypatch.setattr(passwords, "matches", counted)
    server = serve("basic_auth_users:", f"  prometheus: {HASHED}")
    assert [ask(server, basic("prometheus", PASSWORD)) for _ in range(20)] == [200] * 20
    assert len(compared) == 1
    assert [ask(server, basic("nobody", PASSWORD)) for _ in range(2)] == [401] * 2
    assert len(compared) == 3  # an unknown user takes as long as a wrong password


def test_a_busy_comparison_does_not_hold_up_who_was_verified(
    serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve("basic_auth_users:", f"  prometheus: {HASHED}")
    assert ask(server, basic("prometheus", PASSWORD)) == 200
    monkeypatch.setattr("duckdb_exporter.authentication._PATIENCE", 0.05)
    assert server._web is not None
    with server._web.current().authentication._comparing:
        assert ask(server, basic("prometheus", PASSWORD)) == 200
        assert ask(server, basic("prometheus", "wrong")) == 503


def trusting(made: Certificates, certificate: Path | None = None, key: Path | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(made.authority))
    if certificate is not None:
        context.load_cert_chain(certificate, key)
    return context


def tls(made: Certificates, *more: str) -> list[str]:
    return ["tls_server_config:", f"  cert_file: {made.server}", f"  key_file: {made.server_key}", *more]


def test_tls_is_spoken_and_nothing_else(serve: Callable[..., Server], made: Certificates) -> None:
    server = serve(*tls(made))
    assert server.url.startswith("https://")
    assert ask(server, tls=trusting(made)) == 200
    with pytest.raises((http.client.HTTPException, OSError)):
        ask(server)
    assert ask(server, tls=trusting(made)) == 200


def test_a_client_shows_a_certificate_where_one_is_required(serve: Callable[..., Server], made: Certificates) -> None:
    server = serve(*tls(made, f"  client_ca_file: {made.authority}", "  client_auth_type: RequireAndVerifyClientCert"))
    assert ask(server, tls=trusting(made, made.client, made.client_key)) == 200
    with pytest.raises(OSError, match=r"(?i)certificate|reset|eof|closed"):
        ask(server, tls=trusting(made))


def test_an_old_version_of_tls_is_refused(serve: Callable[..., Server], made: Certificates) -> None:
    server = serve(*tls(made, "  min_version: TLS13"))
    old = trusting(made)
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    assert ask(server, tls=trusting(made)) == 200
    with pytest.raises(ssl.SSLError, match="PROTOCOL_VERSION"):
        ask(server, tls=old)


def test_a_renewed_certificate_and_password_need_no_restart(
    serve: Callable[..., Server], made: Certificates, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pair = [tmp_path / "web.pem", tmp_path / "web.key"]
    for file, source in zip(pair, (made.server, made.server_key), strict=True):
        file.write_bytes(source.read_bytes())
    config = ["tls_server_config:", "  cert_file: web.pem", "  key_file: web.key", "basic_auth_users:"]
    server = serve(*config, f"  prometheus: {HASHED}")
    before = ssl.get_server_certificate(("127.0.0.1", server.port))

    certificates.issue(made, pair[0], pair[1], made.authority.with_suffix(".key"))
    (tmp_path / "web.yml").write_text("\n".join([*config, f"  grafana: {HASHED}"]))
    assert ssl.get_server_certificate(("127.0.0.1", server.port)) != before
    assert ask(server, basic("grafana", PASSWORD), trusting(made)) == 200
    assert ask(server, basic("prometheus", PASSWORD), trusting(made)) == 401

    (tmp_path / "web.yml").write_text("tls_server_config:\n")
    assert ask(server, basic("grafana", PASSWORD), trusting(made)) == 200
    assert "web.yml:1: tls_server_config has no value" in caplog.text


@pytest.mark.parametrize("text", ["", "\n", "# only a comment\n", "---\n"])
def test_a_file_that_says_nothing_protects_nothing_and_is_refused(
    text: str, serve: Callable[..., Server], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server = serve("basic_auth_users:", f"  prometheus: {HASHED}")
    (tmp_path / "web.yml").write_text(text)
    assert ask(server) == 401
    assert "web.yml: it says nothing" in caplog.text
    with pytest.raises(ValueError, match=r"web\.yml: it says nothing; without tls_server_config, basic_auth_users, "):
        web(tmp_path / "web.yml")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("basic_auth_user:\n  a: b", "1: basic_auth_user is not served here; known are tls_server_config,"),
        ("rate_limit:\n  interval: 1s", "1: rate_limit is not served here"),
        ("basic_auth_users:\n  a: secret", "2: user a: not a hash of a password; make one with --hash-password"),
        ("basic_auth_users:\n  a: $scrypt$ln=40,r=8,p=1$" + "a" * 22 + "$" + "b" * 43, "2: user a: the hash's cost"),
        (f'basic_auth_users:\n  "a:b": {HASHED}', "2: a user has a name, without a colon"),
        ("basic_auth_users: none", "1: expected indented `key: value` lines below it"),
        ("basic_auth_users:", "1: basic_auth_users has no value"),
        ("tls_server_config:\n  cert_file: CERT", "1: key_file is missing"),
        ("tls_server_config:\n  cert_file: CERT\n  key_file: nowhere", "2: CERT: No such file"),
        ("tls_server_config:\n  cert_file: KEY\n  key_file: KEY", "2: KEY: not a certificate or key"),
        ("tls_server_config:\n  cert_file: CERT\n  key_file: KEY\n  min_version: TLS10", "4: min_version is 'TLS10'"),
        (
            "tls_server_config:\n  cert_file: CERT\n  key_file: KEY\n  client_auth_type: RequireAnyClientCert",
            "4: client_auth_type is 'RequireAnyClientCert'; known are NoClientCert,",
        ),
        ("tls_server_config:\n  cert_file: CERT\n  key_file: KEY\n  client_ca_file: CERT", "1: clients are verified"),
        (
            "tls_server_config:\n  cert_file: CERT\n  key_file: KEY\n  min_version: TLS13\n  max_version: TLS12",
            "1: min_version is above max_version",
        ),
        ("bearer_token_file: nowhere", "1: No such file"),
        ("bearer_token_file: short", "1: short: a token has 16 or more"),
        ("bearer_token_file:\n  a: b", "1: expected one value, there are keys below it"),
        ("- a", "1: expected `key: value`"),
        ("a: [b]", "1: expected `key: value`"),
        ("a: *b", "1: expected `key: value`"),
        ("a: b: c", "1: expected `key: value`"),
        ("\ta: b", "1: expected `key: value`"),
        ("a: |\n  b", "1: expected `key: value`"),
        ('a: "\\q"', "1: the text between the quotes is malformed"),
        ("a: b\na: c", "2: a is there twice"),
        ("a:\n    b: c\n  d: e", "3: the indentation fits no key above it"),
        ("a: b\n  c: d", "2: the indentation fits no key above it"),
    ],
)  # fmt: skip
def test_what_cannot_be_served_is_refused_at_its_line(
    text: str, problem: str, tmp_path: Path, made: Certificates
) -> None:
    (tmp_path / "short").write_text("short")
    text = text.replace("CERT", str(made.server)).replace("KEY", str(made.server_key))
    problem = (
        problem.replace("CERT", str(made.server))
        .replace("KEY", str(made.server_key))
        .replace(": short:", f": {tmp_path}/short:")
    )
    (tmp_path / "web.yml").write_text(text)
    with pytest.raises(ValueError, match=r"web\.yml:") as caught:
        web(tmp_path / "web.yml")
    assert str(caught.value).startswith(f"{tmp_path}/web.yml:{problem}")


def test_a_bcrypt_hash_without_the_package_is_an_error_at_the_start(tmp_path: Path) -> None:
    hashed = bcrypt.hashpw(b"x", bcrypt.gensalt(4)).decode()
    program = (
        "import sys; sys.modules['bcrypt'] = None; import importlib.util as u; find = u.find_spec;"
        "u.find_spec = lambda name: None if name == 'bcrypt' else find(name);"
        f"from duckdb_exporter import passwords; passwords.check({hashed!r})"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert "ValueError: a bcrypt hash needs the package bcrypt (pip install bcrypt)" in done.stderr


def test_the_command_makes_a_hash_that_the_password_matches() -> None:
    def run(password: str) -> subprocess.CompletedProcess[str]:
        package = Path(passwords.__file__).parents[1]
        command = [sys.executable, "-m", "duckdb_exporter", "--hash-password"]
        environment = {**os.environ, "PYTHONPATH": str(package)}
        return subprocess.run(command, input=password, capture_output=True, text=True, env=environment, check=False)

    hashed = run(PASSWORD + "\n").stdout.strip()
    passwords.check(hashed)
    assert passwords.matches(PASSWORD, hashed)
    assert not passwords.matches(PASSWORD + "\n", hashed)
    assert (run("").returncode, run("").stderr) == (1, "error: the password is empty\n")
    assert PASSWORD not in hashed


def test_scrypt_hashes_are_those_of_the_standard_library() -> None:
    salt, digest = HASHED.split("$")[3:]
    raw = [base64.b64decode(part + "==") for part in (salt, digest)]
    expected = hashlib.scrypt(PASSWORD.encode(), salt=raw[0], n=2**14, r=8, p=5, maxmem=2**26, dklen=32)
    assert raw[1] == expected
