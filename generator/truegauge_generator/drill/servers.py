"""The APIs of Prometheus and Alertmanager, as far as a drill needs them."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlencode

from truegauge_generator.drift import http
from truegauge_generator.drift.http import Access, Unreachable
from truegauge_generator.drift.json_api import answers_of
from truegauge_generator.drill.remote_write import HEADERS
from truegauge_spec.names import DRILL

Read = TypeVar("Read")


class Server:
    """A server at an http(s) address."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")

    def ask(self, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> str:
        """What it answers. Raises Unreachable, which names it."""
        try:
            answer = http.ask(self.url + path, Access(), "*/*", body, headers)
        except Unreachable as reason:
            raise Unreachable(f"{self.url} does not answer: {reason}") from None
        if answer.status // 100 != 2:
            raise Unreachable(f"{self.url}{path} answers {answer.status}: {answer.body.strip() or 'nothing'}")
        return answer.body

    def read(self, path: str, reading: Callable[[str], Read]) -> Read:
        """What is read from its answer. Raises Unreachable, also where that is not of such a server."""
        text = self.ask(path)
        try:
            with answers_of(type(self).__name__):
                return reading(text)
        except Unreachable as reason:
            raise Unreachable(f"{self.url}: {reason}") from None


class Rule(NamedTuple):
    """An alert's rule; times are in seconds."""

    interval: float
    """Of its group."""
    waits: float
    keeps: float
    health: str
    error: str


class Prometheus(Server):
    """A running Prometheus."""

    def now(self) -> int:
        """Its time, in milliseconds."""
        return self._data("query", lambda data: int(float(data["result"][1]) * 1000), query="time()")

    def flag(self, name: str) -> str:
        """The value of one of its flags."""
        return self._data("status/flags", lambda data: str(data.get(name, "")))

    def marks_drills(self) -> bool:
        """Whether its configuration gives alerts of a drill their label."""
        return self._data("status/config", lambda data: f"target_label: {DRILL}" in data["yaml"])

    def alertmanagers(self) -> list[str]:
        """The Alertmanagers that it sends to."""
        return self._data("alertmanagers", lambda data: [str(one["url"]) for one in data["activeAlertmanagers"]])

    def rule(self, alert: str) -> Rule | None:
        """An alert's rule."""

        def found(data: Any) -> Rule | None:
            return next((_rule(one, group) for group in data["groups"] for one in group["rules"]), None)

        return self._data("rules", found, **{"type": "alert", "rule_name[]": alert})

    def state(self, alert: str, instance: str) -> str:
        """`pending`, `firing` or `inactive`, of an instance."""

        def found(data: Any) -> str:
            labels = {"alertname": alert, "instance": instance}
            of_it = (one for one in data["alerts"] if labels.items() <= one["labels"].items())
            return next((str(one["state"]) for one in of_it), "inactive")

        return self._data("alerts", found)

    def write(self, body: bytes) -> None:
        """Give it samples."""
        self.ask("/api/v1/write", body, HEADERS)

    def _data(self, path: str, reading: Callable[[Any], Read], **query: str) -> Read:
        return self.read(f"/api/v1/{path}?{urlencode(query)}", lambda text: reading(json.loads(text)["data"]))


def _rule(one: Mapping[str, Any], group: Mapping[str, Any]) -> Rule:
    seconds = (float(group["interval"]), float(one["duration"]), float(one.get("keepFiringFor", 0)))
    return Rule(*seconds, str(one["health"]), str(one.get("lastError", "")))


class Requests(NamedTuple):
    """How many requests to each kind of channel have arrived, and how many have failed."""

    arrived: Counter[str]
    failed: Counter[str]


class Received(NamedTuple):
    """An alert as Alertmanager has it; `held` is what keeps it from being sent, by key."""

    labels: dict[str, str]
    receivers: list[str]
    held: dict[str, list[str]]


HELD_BACK = {"inhibitedBy": "inhibited by another alert", "silencedBy": "silenced", "mutedBy": "muted"}
_REQUESTS = re.compile(r"^alertmanager_notification_requests(_failed)?_total\{(.*)\} (\S+)$", re.MULTILINE)


class Alertmanager(Server):
    """A running Alertmanager."""

    def alert(self, alert: str, instance: str) -> Received | None:
        """A drill's alert."""
        wanted = (f'alertname="{alert}"', f'instance="{instance}"', f'{DRILL}="true"')
        query = urlencode([("filter", one) for one in wanted])

        def found(text: str) -> Received | None:
            return next((_received(one) for one in json.loads(text)), None)

        return self.read(f"/api/v2/alerts?{query}", found)

    def requests(self) -> Requests:
        """What it has sent so far."""
        return self.read("/metrics", _requests)


def _received(one: Mapping[str, Any]) -> Received:
    held = {key: list(map(str, one["status"].get(key) or ())) for key in HELD_BACK}
    return Received(dict(one["labels"]), [str(receiver["name"]) for receiver in one["receivers"]], held)


def _requests(text: str) -> Requests:
    if "alertmanager_build_info" not in text:
        raise ValueError("these are the metrics of something else")
    arrived, failed = Counter[str](), Counter[str]()
    for fails, labels, count in _REQUESTS.findall(text):
        match = re.search(r'integration="([^"]*)"', labels)
        kind = match[1] if match else ""
        arrived[kind] += int(float(count)) * (-1 if fails else 1)
        failed[kind] += int(float(count)) * bool(fails)
    return Requests(arrived, failed)
