"""The web configuration: TLS, users and a token, from a file as Prometheus' own exporters take it.

https://prometheus.io/docs/prometheus/latest/configuration/https/ describes it; `bearer_token_file` is ours. What is
not served here is refused: a key that is overlooked would be protection that is not there.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

from . import passwords, web_yaml
from .authentication import Authentication, read_token
from .reloaded import Reloaded

T = TypeVar("T")

TOP = ("tls_server_config", "basic_auth_users", "bearer_token_file")
TLS = ("cert_file", "key_file", "client_ca_file", "client_auth_type", "min_version", "max_version")
VERSIONS = {"TLS12": ssl.TLSVersion.TLSv1_2, "TLS13": ssl.TLSVersion.TLSv1_3}
CLIENTS = {
    "NoClientCert": ssl.CERT_NONE,
    "VerifyClientCertIfGiven": ssl.CERT_OPTIONAL,
    "RequireAndVerifyClientCert": ssl.CERT_REQUIRED,
}


class WebConfig(NamedTuple):
    """How a server is reached: through TLS or in clear, and by whom."""

    tls: ssl.SSLContext | None
    authentication: Authentication


def web(path: str | Path) -> Reloaded[WebConfig]:
    """The configuration of a file, read again when it or a file that it names changes. Raises ValueError, OSError."""
    return Reloaded(lambda: read(Path(path)))


def read(path: Path) -> tuple[WebConfig, Sequence[Path]]:
    """The configuration, and every file that it comes from. Raises ValueError with file and line, OSError."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ValueError(f"{path}: not UTF-8 text") from None
    try:
        written = web_yaml.read(text)
    except web_yaml.YamlError as error:
        raise ValueError(f"{path}:{error}") from None
    if not written:  # as when it was cut off while it was written
        raise ValueError(f"{path}: it says nothing; without {', '.join(TOP)} leave the file out")
    reader = _Reader(path)
    top = reader.known(written, TOP)
    tls = reader.tls(top["tls_server_config"]) if "tls_server_config" in top else None
    users = reader.users(top["basic_auth_users"]) if "basic_auth_users" in top else {}
    token = reader.named(top["bearer_token_file"], read_token) if "bearer_token_file" in top else None
    return WebConfig(tls, Authentication(users, token)), reader.files


class _Reader:
    """Takes the nodes of one file apart; `files` are those that were read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.files = [path]

    def known(self, mapping: web_yaml.Mapping, keys: Sequence[str]) -> web_yaml.Mapping:
        for key, node in mapping.items():
            if key not in keys:
                raise self._fail(node, f"{key} is not served here; known are {', '.join(keys)}")
        return mapping

    def users(self, node: web_yaml.Node) -> dict[str, str]:
        users = {}
        for user, hashed in self._mapping(node).items():
            if not user or ":" in user:
                raise self._fail(hashed, "a user has a name, without a colon")
            users[user] = self._text(hashed)
            try:
                passwords.check(users[user])
            except ValueError as error:
                raise self._fail(hashed, f"user {user}: {error}") from None
        return users

    def tls(self, node: web_yaml.Node) -> ssl.SSLContext:
        given = self.known(self._mapping(node), TLS)
        for key in ("cert_file", "key_file"):
            if key not in given:
                raise self._fail(node, f"{key} is missing")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = self._choice(given, "min_version", "TLS12", VERSIONS)
        context.maximum_version = self._choice(given, "max_version", "TLS13", VERSIONS)
        if context.minimum_version > context.maximum_version:
            raise self._fail(node, "min_version is above max_version")
        certificate, private = self._file(given["cert_file"]), self._file(given["key_file"])
        self._load(given["cert_file"], lambda: context.load_cert_chain(certificate, private, password=_no_password))
        verify = self._choice(given, "client_auth_type", "NoClientCert", CLIENTS)
        if (verify == ssl.CERT_NONE) == ("client_ca_file" in given):
            raise self._fail(node, "clients are verified with both: client_ca_file, and client_auth_type for how")
        if "client_ca_file" in given:
            authority = self._file(given["client_ca_file"])
            self._load(given["client_ca_file"], lambda: context.load_verify_locations(authority))
            context.verify_mode = verify
        return context

    def named(self, node: web_yaml.Node, read: Callable[[Path], str]) -> str:
        path = self._file(node)
        try:
            return read(path)
        except (OSError, ValueError) as error:
            raise self._fail(node, _reason(error)) from None

    def _load(self, node: web_yaml.Node, load: Callable[[], None]) -> None:
        try:
            load()
        except (OSError, ValueError) as error:  # an SSLError is an OSError
            raise self._fail(node, f"{self._text(node)}: {_reason(error)}") from None

    def _file(self, node: web_yaml.Node) -> Path:
        """A path in the file is meant from where the file is."""
        path = self._path.parent / self._text(node)
        self.files.append(path)
        return path

    def _mapping(self, node: web_yaml.Node) -> web_yaml.Mapping:
        if isinstance(node.value, str):
            raise self._fail(node, "expected indented `key: value` lines below it")
        return node.value

    def _text(self, node: web_yaml.Node) -> str:
        if not isinstance(node.value, str):
            raise self._fail(node, "expected one value, there are keys below it")
        return node.value

    def _choice(self, given: web_yaml.Mapping, key: str, default: str, choices: Mapping[str, T]) -> T:
        written = self._text(given[key]) if key in given else default
        if written not in choices:
            raise self._fail(given[key], f"{key} is {written!r}; known are {', '.join(choices)}")
        return choices[written]

    def _fail(self, node: web_yaml.Node, reason: str) -> ValueError:
        return ValueError(f"{self._path}:{node.line}: {reason}")


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return f"not a certificate or key that fit together ({error.reason})"
    return str(error.strerror if isinstance(error, OSError) else error)


def _no_password() -> str:
    raise ValueError("the key is encrypted; give it unencrypted, readable for this process alone")
