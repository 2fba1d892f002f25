"""Asking a server over HTTP: with credentials from files, within a time, and never led elsewhere."""

from __future__ import annotations

import base64
import http.client
import ssl
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

LARGEST = 64 * 1024 * 1024
"""Bytes of an answer; more is not read."""
CHUNK = 65536


class Unreachable(Exception):
    """Why a server could not be asked."""


class Access(NamedTuple):
    """How servers are asked. Files are read anew each time, since tokens and certificates are renewed."""

    timeout: float = 10.0
    bearer_token_file: str | None = None
    user: str | None = None
    password_file: str | None = None
    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None


class Answer(NamedTuple):
    """What a server said."""

    status: int
    content_type: str
    body: str


def ask(
    url: str,
    access: Access,
    accept: str = "application/json",
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """The answer to a GET, or to a POST of a body.

    Raises Unreachable: no answer in time, no trust, or more than anyone should send.
    Redirects are answers like any other: following one would carry the credentials to another server.
    """
    deadline = time.monotonic() + access.timeout
    try:
        parts = urlsplit(url)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        sent = {"Accept": accept, "User-Agent": "truegauge", **(headers or {}), **_authorization(access)}
        connection = _connection(url, access)
        try:
            connection.request("GET" if body is None else "POST", path, body, sent)
            answer = connection.getresponse()
            said = _body(answer, deadline)
        finally:
            connection.close()
    except ssl.SSLCertVerificationError as error:
        raise Unreachable(f"its certificate is not trusted: {error.verify_message}") from None
    except TimeoutError:
        raise Unreachable(f"no answer within {access.timeout:g} s") from None
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        raise Unreachable(f"{error.strerror or error}{where}".lower()) from None
    except (http.client.HTTPException, ValueError) as error:
        raise Unreachable(f"no HTTP answer: {str(error) or type(error).__name__}") from None
    return Answer(answer.status, answer.headers.get("Content-Type", ""), said.decode("utf-8", "replace"))


def _connection(url: str, access: Access) -> http.client.HTTPConnection:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme != "https":
        return http.client.HTTPConnection(host, parts.port, timeout=access.timeout)
    context = ssl.create_default_context(cafile=access.ca_file)
    if access.cert_file:
        context.load_cert_chain(access.cert_file, access.key_file)
    return http.client.HTTPSConnection(host, parts.port, timeout=access.timeout, context=context)


def _authorization(access: Access) -> dict[str, str]:
    if access.bearer_token_file:
        token = _secret(access.bearer_token_file, "ASCII")
        return {"Authorization": f"Bearer {token}"}
    if access.user is not None:
        password = _secret(access.password_file, "UTF-8") if access.password_file else ""
        return {"Authorization": f"Basic {base64.b64encode(f'{access.user}:{password}'.encode()).decode()}"}
    return {}


def _secret(path: str, encoding: str) -> str:
    """What is in a file. An error of http.client about a header would tell it, so what no header takes is refused."""
    text = Path(path).read_bytes().strip().decode(encoding, "replace")
    if not text.isprintable() or "\ufffd" in text:
        raise Unreachable(f"the secret in {path} is not one line of {encoding}, so it is not sent")
    return text


def _body(answer: http.client.HTTPResponse, deadline: float) -> bytes:
    body = bytearray()
    while chunk := answer.read1(CHUNK):
        body += chunk
        if len(body) > LARGEST:
            raise ValueError(f"it is longer than {LARGEST} bytes")
        if time.monotonic() > deadline:
            raise TimeoutError
    return bytes(body)
