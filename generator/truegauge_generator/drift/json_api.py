"""JSON from a server's API; anything else is a server that cannot be asked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from truegauge_generator.drift.http import Access, Unreachable, ask
from truegauge_spec import SpecError


def document(url: str, access: Access, missing: bool = False) -> Any:
    """The document at a URL; None for a 404, where that may be `missing`. Raises Unreachable."""
    answer = ask(url, access)
    if missing and answer.status == 404:
        return None
    if answer.status != 200:
        raise Unreachable(f"{url} answered {answer.status}")
    try:
        return json.loads(answer.body)
    except ValueError:
        raise Unreachable(f"{url} does not answer in JSON") from None


def data(url: str, access: Access) -> Any:
    """The `data` of an answer of Prometheus' API. Raises Unreachable."""
    return document(url, access)["data"]


@contextmanager
def answers_of(server: str) -> Iterator[None]:
    """Around the reading of answers: where one has not the server's shape, something else answers there."""
    try:
        yield
    except (LookupError, TypeError, AttributeError, ValueError, ArithmeticError, RecursionError, SpecError):
        raise Unreachable(f"it does not answer as {server} does") from None
