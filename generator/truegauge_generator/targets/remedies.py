"""Alertmanager's part of remedies: a receiver and a route for each exporter that they are posted to."""

from __future__ import annotations

from typing import Any

from truegauge_generator.promql import matcher
from truegauge_spec.stack import Alertmanager, RemediesPost

ANY = 'remedy!=""'
"""What an alert that has a remedy matches."""


def receivers(alertmanager: Alertmanager) -> list[dict[str, Any]]:
    """A webhook with the exporter's token; no declared receiver has a slash in its name."""
    return [
        {
            "name": receiver(name),
            "webhook_configs": [{"url": post.url, "send_resolved": True, "http_config": _http(post)}],
        }
        for name, post in alertmanager.remedies.items()
    ]


def routes(alertmanager: Alertmanager) -> list[dict[str, Any]]:
    """They come first, do not wait, and continue: the notification is sent all the same."""
    return [
        {
            "receiver": receiver(name),
            "matchers": [ANY, *(matcher(label, values) for label, values in post.match.items())],
            "continue": True,
            "group_wait": "0s",
        }
        for name, post in alertmanager.remedies.items()
    ]


def receiver(name: str) -> str:
    """The receiver that stands for an entry of `remedies:`."""
    return f"remedies/{name}"


def _http(post: RemediesPost) -> dict[str, Any]:
    tls = {"tls_config": {"ca_file": post.ca_file}} if post.ca_file else {}
    return {"authorization": {"credentials_file": post.bearer_token_file}, **tls}
