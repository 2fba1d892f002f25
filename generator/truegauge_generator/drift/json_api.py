"""JSON from a server's API; anything else is a server that cannot be asked."""

from __future__ import annotations

import json
from typing import Any

from truegauge_generator.drift.http import Access, Unreachable, ask


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
    found = document(url, access)
    if not isinstance(found, dict) or "data" not in found:
        raise Unreachable(f"{url} does not answer as Prometheus does")
    return found["data"]
