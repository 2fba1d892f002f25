"""The APIs of Prometheus and Alertmanager, as far as a drill needs them."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from collections import Counter
from typing import Any, NamedTuple
from urllib.parse import urlencode

from truegauge_generator.drill.remote_write import HEADERS
from truegauge_spec.names import DRILL

TIMEOUT = 10
"""Seconds for an answer."""


class Unreachable(Exception):
    """A server does not answer, or refuses; the message names it."""


class Server:
    """A server at an http(s) address."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")

    def ask(self, path: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> bytes:
        """What it answers. Raises Unreachable."""
        request = urllib.request.Request(self.url + path, body, headers or {})  # noqa: S310 - an address of the spec's kind
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310
                found: bytes = answer.read()
        except urllib.error.HTTPError as error:
            with error:
                said = error.read().decode(errors="replace").strip()
            raise Unreachable(f"{self.url}{path} answers {error.code}: {said or error.reason}") from None
        except OSError as error:
            raise Unreachable(f"{self.url} does not answer: {getattr(error, 'reason', error)}") from None
        return found


class Prometheus(Server):
    """A running Prometheus."""

    def now(self) -> int:
        """Its time, in milliseconds."""
        return int(float(self._data("query", query="time()")["result"][1]) * 1000)

    def flag(self, name: str) -> str:
        """The value of one of its flags."""
        found: str = self._data("status/flags").get(name, "")
        return found

    def marks_drills(self) -> bool:
        """Whether its configuration gives alerts of a drill their label."""
        return f"target_label: {DRILL}" in self._data("status/config")["yaml"]

    def alertmanagers(self) -> list[str]:
        """The Alertmanagers that it sends to."""
        return [one["url"] for one in self._data("alertmanagers")["activeAlertmanagers"]]

    def rule(self, alert: str) -> dict[str, Any] | None:
        """An alert's rule, with the `interval` of its group in seconds."""
        groups = self._data("rules", **{"type": "alert", "rule_name[]": alert})["groups"]
        return next(({**rule, "interval": group["interval"]} for group in groups for rule in group["rules"]), None)

    def state(self, alert: str, instance: str) -> str:
        """`pending`, `firing` or `inactive`, of an instance."""
        for one in self._data("alerts")["alerts"]:
            if one["labels"]["alertname"] == alert and one["labels"].get("instance") == instance:
                state: str = one["state"]
                return state
        return "inactive"

    def write(self, body: bytes) -> None:
        """Give it samples."""
        self.ask("/api/v1/write", body, HEADERS)

    def _data(self, path: str, **query: str) -> Any:
        return json.loads(self.ask(f"/api/v1/{path}?{urlencode(query)}"))["data"]


class Requests(NamedTuple):
    """How many requests to each kind of channel have arrived, and how many have failed."""

    arrived: Counter[str]
    failed: Counter[str]


_REQUESTS = re.compile(r"^alertmanager_notification_requests(_failed)?_total\{(.*)\} (\S+)$", re.MULTILINE)


class Alertmanager(Server):
    """A running Alertmanager."""

    def alert(self, alert: str, instance: str) -> dict[str, Any] | None:
        """A drill's alert, with its labels, receivers and status."""
        wanted = (f'alertname="{alert}"', f'instance="{instance}"', f'{DRILL}="true"')
        query = urlencode([("filter", one) for one in wanted])
        found = json.loads(self.ask(f"/api/v2/alerts?{query}"))
        return found[0] if found else None

    def requests(self) -> Requests:
        """What it has sent so far."""
        arrived, failed = Counter[str](), Counter[str]()
        for fails, labels, count in _REQUESTS.findall(self.ask("/metrics").decode()):
            match = re.search(r'integration="([^"]*)"', labels)
            kind = match[1] if match else ""
            arrived[kind] += int(float(count)) * (-1 if fails else 1)
            failed[kind] += int(float(count)) * bool(fails)
        return Requests(arrived, failed)
