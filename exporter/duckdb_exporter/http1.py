"""HTTP/1.1: requests read from a connection within limits of size and time, and answers put together."""

from __future__ import annotations

import gzip
import re
import socket
from collections.abc import Mapping
from email.utils import formatdate
from http import HTTPStatus
from time import monotonic
from typing import NamedTuple

HEAD_LIMIT = 16_384  # bytes
HEADERS_LIMIT = 100
BODY_LIMIT = 262_144  # bytes; Alertmanager's post of 100 alerts has about 100,000
IDLE_TIMEOUT = 30.0  # seconds between two requests; a scraper asks at least every 15 s
READ_TIMEOUT = 10.0  # seconds from the first byte of a head to its end, and for a body
GZIP_FROM = 256  # bytes; smaller bodies do not shrink
TEXT = "text/plain; charset=utf-8"

_REQUEST_LINE = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+) (?:https?://[^/?\s]+)?([/*][^\s]*) HTTP/(\d)\.(\d)")
_HEADER = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*)")
_LENGTH = re.compile(r"[0-9]{1,15}")
_WEIGHT = re.compile(r"\s*q\s*=\s*([01](?:\.[0-9]{0,3})?)\s*", re.IGNORECASE)
_ONCE = frozenset(("host", "content-length", "transfer-encoding", "authorization"))


class Answer(NamedTuple):
    """What a request gets; `headers` besides type and length of the content."""

    status: int
    content: bytes
    content_type: str = TEXT
    headers: tuple[tuple[str, str], ...] = ()


class Refused(Exception):
    """A request that is not served, with the answer that says why."""

    def __init__(self, status: int, reason: str, *headers: tuple[str, str]) -> None:
        super().__init__(reason)
        self.answer = Answer(status, f"{reason}\n".encode(), headers=headers)


class Request(NamedTuple):
    """The head of a request; `headers` by lower-case name."""

    method: str
    path: str
    headers: Mapping[str, str]
    persistent: bool

    @property
    def has_body(self) -> bool:
        """Whether more bytes of it come after the head."""
        return "transfer-encoding" in self.headers or self.headers.get("content-length", "0") != "0"


class Stream:
    """The requests of one connection. What a client sends too slowly, or too much of, is `Refused`."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._buffer = b""

    def request(self) -> Request | None:
        """The next request's head; None when the client has gone or says nothing. Raises Refused, OSError."""
        self._buffer = self._buffer.lstrip(b"\r\n")
        deadline = monotonic() + (READ_TIMEOUT if self._buffer else IDLE_TIMEOUT)
        while (end := self._buffer.find(b"\r\n\r\n", 0, HEAD_LIMIT)) < 0:
            if len(self._buffer) >= HEAD_LIMIT:
                raise Refused(431, f"the head of a request has at most {HEAD_LIMIT} bytes")
            started = bool(self._buffer)
            try:
                more = self._receive(deadline)
            except TimeoutError:
                if started:
                    raise Refused(408, "the request did not come in time") from None
                return None
            if not more:
                if started:
                    raise Refused(400, "the request has no end")
                return None
            self._buffer = (self._buffer + more).lstrip(b"\r\n") if not started else self._buffer + more
            if not started and self._buffer:
                deadline = monotonic() + READ_TIMEOUT
        head, self._buffer = self._buffer[:end], self._buffer[end + 4 :]
        return parse(head)

    def body(self, request: Request) -> bytes:
        """The body of a request whose head was read. Raises Refused, OSError."""
        if "transfer-encoding" in request.headers:
            raise Refused(411, "say the body's length: Content-Length")
        if "content-length" not in request.headers:
            return b""
        if not _LENGTH.fullmatch(written := request.headers["content-length"]):
            raise Refused(400, "Content-Length is no number")
        length = int(written)
        if length > BODY_LIMIT:
            raise Refused(413, f"a body has at most {BODY_LIMIT} bytes")
        deadline = monotonic() + READ_TIMEOUT
        if request.headers.get("expect", "").lower() == "100-continue":
            self._connection.settimeout(READ_TIMEOUT)
            self._connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        parts, missing = [self._buffer], length - len(self._buffer)
        while missing > 0:
            try:
                more = self._receive(deadline)
            except TimeoutError:
                raise Refused(408, "the body did not come in time") from None
            if not more:
                raise Refused(400, "the body has no end")
            parts.append(more)
            missing -= len(more)
        received = b"".join(parts)
        self._buffer = received[length:]
        return received[:length]

    def linger(self) -> None:
        """End the connection so that a client that is still sending can read the answer before it is reset."""
        deadline = monotonic() + 1.0
        try:
            self._connection.shutdown(socket.SHUT_WR)
            while self._receive(deadline):
                pass
        except OSError:
            pass

    def _receive(self, deadline: float) -> bytes:
        remaining = deadline - monotonic()
        if remaining <= 0:
            raise TimeoutError
        self._connection.settimeout(remaining)
        return self._connection.recv(65_536)


def parse(head: bytes) -> Request:
    """A request's head, without the empty line at its end. Raises Refused."""
    line, *lines = head.decode("latin-1").split("\r\n")
    match = _REQUEST_LINE.fullmatch(line)
    if match is None:
        raise Refused(400, "this is not an HTTP request")
    method, target, major, minor = match.groups()
    if major != "1":
        raise Refused(505, "this server speaks HTTP/1.1")
    if len(lines) > HEADERS_LIMIT:
        raise Refused(431, f"a request has at most {HEADERS_LIMIT} headers")
    headers: dict[str, str] = {}
    for one in lines:
        found = _HEADER.fullmatch(one)
        if found is None:
            raise Refused(400, "a header is malformed")
        name, value = found[1].lower(), found[2].rstrip(" \t")
        if name not in headers:
            headers[name] = value
        elif name in _ONCE:
            raise Refused(400, f"the header {name} is there twice")
        else:
            headers[name] = f"{headers[name]}, {value}"
    if minor != "0" and "host" not in headers:
        raise Refused(400, "the header host is missing")
    if "transfer-encoding" in headers and "content-length" in headers:
        raise Refused(400, "a body has one length")
    wishes = {wish.strip().lower() for wish in headers.get("connection", "").split(",")}
    persistent = "keep-alive" in wishes if minor == "0" else "close" not in wishes
    return Request(method, target.partition("?")[0], headers, persistent)


def encode(answer: Answer, request: Request | None, persistent: bool) -> bytes:
    """The answer's bytes: compressed where the client asks for it, without content for HEAD."""
    content, headers = answer.content, answer.headers
    if len(content) >= GZIP_FROM:
        headers = (*headers, ("Vary", "Accept-Encoding"))
        if request is not None and accepts_gzip(request.headers.get("accept-encoding", "")):
            content = gzip.compress(content, 1, mtime=0)
            headers = (*headers, ("Content-Encoding", "gzip"))
    lines = [
        f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}",
        f"Date: {formatdate(usegmt=True)}",
        f"Content-Type: {answer.content_type}",
        f"Content-Length: {len(content)}",
        *(f"{name}: {value}" for name, value in headers),
        f"Connection: {'keep-alive' if persistent else 'close'}",
    ]
    head = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
    return head if request is not None and request.method == "HEAD" else head + content


def accepts_gzip(header: str) -> bool:
    """Whether an Accept-Encoding header allows gzip; RFC 9110, 12.5.3."""
    weights = {}
    for item in header.lower().split(","):
        coding, semicolon, parameters = item.partition(";")
        weight = _WEIGHT.fullmatch(parameters)
        weights[coding.strip()] = float(weight[1]) if weight else 0.0 if semicolon else 1.0
    return weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0))) > 0
