"""What Alertmanager's webhook posts, read strictly: version 4 of its JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

FIRING, RESOLVED = "firing", "resolved"
_ALERTS_LIMIT = 100
_NEVER = datetime(1, 1, 1, tzinfo=UTC)  # Go's zero time: the alert has no end yet


class Alert(NamedTuple):
    """One alert of a post; times as unix seconds, `ended` None while it has no end."""

    labels: Mapping[str, str]
    firing: bool
    started: float
    ended: float | None

    @property
    def name(self) -> str:
        """Its alertname."""
        return self.labels.get("alertname", "")

    @property
    def identity(self) -> tuple[tuple[str, str], ...]:
        """What makes it this alert: all its labels. It fires once at a time; `started` tells one time from another."""
        return tuple(sorted(self.labels.items()))


def read(body: bytes) -> list[Alert]:
    """The alerts of a post. Raises ValueError for anything else than Alertmanager would send."""
    try:
        post = json.loads(body)
    except RecursionError:
        raise ValueError("the JSON is nested too deep") from None
    alerts = post.get("alerts") if isinstance(post, dict) and post.get("version") == "4" else None
    if not isinstance(alerts, list) or not alerts or len(alerts) > _ALERTS_LIMIT:
        raise ValueError(f"not a post of Alertmanager's webhook, version 4, with 1 to {_ALERTS_LIMIT} alerts")
    return [_alert(one) for one in alerts]


def _alert(one: Any) -> Alert:
    if not isinstance(one, dict) or one.get("status") not in (FIRING, RESOLVED):
        raise ValueError("an alert is firing or resolved")
    labels = one.get("labels")
    if not isinstance(labels, dict) or not all(isinstance(value, str) for value in labels.values()):
        raise ValueError("an alert's labels are texts")
    started, ended = _time(one.get("startsAt")), _time(one.get("endsAt"))
    if started is None:
        raise ValueError("an alert has a start")
    return Alert(labels, one["status"] == FIRING, started, ended)


def _time(written: Any) -> float | None:
    if not isinstance(written, str):
        raise ValueError("an alert has startsAt and endsAt")
    found = datetime.fromisoformat(written)
    if found.tzinfo is None:
        raise ValueError("a time has a zone")
    return None if found == _NEVER else found.timestamp()
