"""What may stand behind a flag: each type says what would be right where something else stands there."""

from __future__ import annotations

import re
from argparse import ArgumentTypeError, Namespace
from datetime import date
from urllib.parse import urlsplit

from truegauge_spec.model import HTTP_URL
from truegauge_spec.quantities import milliseconds

_ADDRESS = re.compile(r"(?P<host>[^\s/:\[\]]*|\[[0-9A-Fa-f:.]+\]):(?P<port>[0-9]{1,5})")
LAST_PORT = 65535


def given(options: Namespace, flag: str) -> bool:
    """Whether a flag was written, of those whose default is None or an empty list."""
    return getattr(options, flag.lstrip("-").replace("-", "_")) not in (None, [])


def day(text: str) -> date:
    """A day, as 2027-03-01."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is not a day; write for example 2027-03-01") from None


def seconds(text: str) -> float:
    """A duration, in seconds."""
    try:
        return milliseconds(text) / 1000
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None


def some_seconds(text: str) -> float:
    """A duration that is longer than nothing, in seconds."""
    found = seconds(text)
    if not found:
        raise ArgumentTypeError("it must be longer than nothing")
    return found


def percent(text: str) -> float:
    """A share, written as 95 or 95%."""
    try:
        number = float(text.removesuffix("%"))
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is not a number of percent; write for example 95") from None
    if not 0 <= number <= 100:
        raise ArgumentTypeError(f"{text} is not between 0 and 100")
    return number / 100


def url(text: str) -> str:
    """The address of a server."""
    if not re.fullmatch(HTTP_URL, text) or not _has_a_port_or_none(text):
        shown = "http://127.0.0.1:9090, without a user or a password"
        raise ArgumentTypeError(f"{text!r} is not the URL of a server; write for example {shown}")
    return text


def _has_a_port_or_none(text: str) -> bool:
    try:
        return urlsplit(text).port != 0
    except ValueError:
        return False


def address(text: str) -> tuple[str, int]:
    """The host and the port to listen on, of IPv6 as [::1]:9188; an empty host is every one of this machine's."""
    match = _ADDRESS.fullmatch(text)
    if match is None or int(match["port"]) > LAST_PORT:
        raise ArgumentTypeError(f"{text!r} is not HOST:PORT; write for example 127.0.0.1:9188 or [::1]:9188")
    return match["host"].strip("[]"), int(match["port"])
