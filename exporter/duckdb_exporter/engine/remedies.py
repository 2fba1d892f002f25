"""Remedies: what the exporter does when Alertmanager posts an alert to `/remedies`; off unless a token is given.

An alert is acted on when the spec has a remedy for it, it is of a database of this process, it began lately, and
neither it nor its end was heard of before. At most one remedy runs at a time. Every outcome is counted, and logged as
JSON. What could not be undone stays to be undone: the answer is then one that Alertmanager sends its post again for.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from ..declare import Remedies as Settings
from ..http1 import Answer, Refused
from ..instruments import OTHER
from ..reloaded import Reloaded
from ..server import Page
from .builtin import BUILTIN, Act, Declined, Step
from .instance import Instance
from .recorder import Recorder
from .webhook import FIRING, RESOLVED, Alert, read

REASONS = (
    "unauthorized", "malformed", "unknown_alert", "other_remedy", "other_instance", "stale", "repeated",
    "cooling_down", "busy", "not_registered", "bound", "changed",
)  # fmt: skip
"""Why something was not done: the values of the label `reason`."""
OUTCOMES = ("done", "undone", "failed", "refused", "dry_run")
"""What came of it: the values of the label `outcome`."""

_PATIENCE = 5.0  # seconds that a post waits for a remedy that is running
_SKEW = 300.0  # seconds that another machine's clock may be ahead
_HEARD_LIMIT = 10_000
_LOG = logging.getLogger(f"{__name__.partition('.')[0]}.remedies")

Function = Callable[[Alert], object]


class Registered(NamedTuple):
    """A function of the application, and what takes back what it did."""

    do: Function
    undo: Function | None


class Undo(NamedTuple):
    """What is to be undone when the alert that began at `started` resolves."""

    started: float
    instance_id: str
    act: Act


class Remedies:
    """The remedies of one exporter."""

    def __init__(self, settings: Settings, label: str, recorder: Recorder, instances: Mapping[str, Instance]) -> None:
        self.settings = settings
        self._by_alert = dict(settings.alerts)
        self._label = label  # of an instance
        self._recorder = recorder
        self._instances = instances
        self._names: frozenset[str] = frozenset()
        self._registered: dict[str, Registered] = {}
        self._running = threading.Lock()
        # The rest is touched only while _running is held.
        self._heard: dict[object, float] = {}  # of each alert the latest start that was acted on, or is over
        self._undo: dict[object, list[Undo]] = {}  # by alert, the latest first
        self._last: dict[tuple[str, str], float] = {}

    def register(self, name: str, function: Function, undo: Function | None = None) -> None:
        """Call a function of the application for this remedy. Raises ValueError for a remedy that no alert has."""
        if name not in self._by_alert.values():
            known = ", ".join(sorted(set(self._by_alert.values())))
            raise ValueError(f"no alert of the spec has the remedy {name!r}; there is {known}")
        self._registered[name] = Registered(function, undo)

    def page(self, token_file: Path, names: frozenset[str]) -> Page:
        """Where alerts are posted. `names`: what the label `instance` can be of an alert of this process.

        Raises OSError, ValueError for a token that cannot be read.
        """
        from ..authentication import read_token, same  # noqa: PLC0415 - who has no token does not load it

        token = Reloaded(lambda: (read_token(token_file), (token_file,)))
        self._names = names

        def admit(header: str | None) -> None:
            scheme, _, credentials = (header or "").partition(" ")
            if scheme.lower() != "bearer" or not same(credentials.strip(), token.current()):
                self._refuse({}, OTHER, Declined("unauthorized", "the token is missing or wrong"))
                raise Refused(401, "unauthorized", ("WWW-Authenticate", 'Bearer realm="remedies"'))

        return Page(("POST",), self.post, admit)

    def post(self, body: bytes) -> Answer:
        """Act on the alerts of one post, and say what came of each."""
        try:
            alerts = read(body)
        except ValueError as error:
            return Answer(400, f"{self._refuse({}, OTHER, Declined('malformed', str(error)))['text']}\n".encode())
        if not self._running.acquire(timeout=_PATIENCE):
            for alert in alerts:
                self._refuse(_said(alert), self._known(alert), Declined("busy", "another remedy is running"))
            return Answer(503, b"another remedy is running\n", headers=(("Retry-After", "30"),))
        try:
            entries = [self._handle(alert) for alert in alerts]
        finally:
            self._running.release()
        again = any(entry["outcome"] == "failed" and entry["status"] == RESOLVED for entry in entries)
        return Answer(503 if again else 200, json.dumps(entries).encode() + b"\n", "application/json")

    def _handle(self, alert: Alert) -> dict[str, Any]:
        said, remedy = _said(alert), self._known(alert)
        try:
            self._check_time(alert)
            if not alert.firing:
                return self._resolve(alert, said)
            remedy, instance = self._judge(alert)
            said |= {"instance_id": instance.id}
            return self._apply(alert, said, remedy, instance)
        except Declined as declined:
            return self._refuse(said, remedy, declined)
        except Exception as error:  # noqa: BLE001 - as of a disk that does not say how full it is; the next alert waits
            return self._failed(said, remedy, remedy, error)

    def _check_time(self, alert: Alert) -> None:
        now = time.time()
        oldest, newest = now - self.settings.accept_within, now + _SKEW
        last = alert.started if alert.firing else alert.ended
        if alert.firing and alert.ended is not None and alert.ended < now:
            raise Declined("stale", "it says that it fires, and that it has ended")
        if last is None or not oldest <= last <= newest or alert.started > newest:
            raise Declined("stale", f"its time is not within the last {self.settings.accept_within:.0f} s")

    def _judge(self, alert: Alert) -> tuple[str, Instance]:
        """The remedy that the spec has for this alert, and the database. Raises Declined."""
        remedy = self._by_alert.get(alert.name)
        if remedy is None:
            raise Declined("unknown_alert", "the spec has no remedy for an alert of this name")
        if alert.labels.get("remedy") != remedy:
            raise Declined("other_remedy", f"the spec's remedy for this alert is {remedy}")
        if alert.started <= self._heard.get(alert.identity, float("-inf")):
            raise Declined("repeated", "it was acted on already, or has ended")
        instance = self._instance(alert)
        waited = time.monotonic() - self._last.get((remedy, instance.id), float("-inf"))
        if waited < self.settings.cooldown:
            raise Declined(
                "cooling_down", f"the remedy ran {waited:.0f} s ago, it runs once in {self.settings.cooldown:.0f} s"
            )
        return remedy, instance

    def _instance(self, alert: Alert) -> Instance:
        connected = {id_: one for id_, one in self._instances.items() if one.connected}
        if (wanted := alert.labels.get(self._label)) is not None:
            if wanted in connected:
                return connected[wanted]
            raise Declined("other_instance", "no open database of this process has this name")
        # A metric without the instance label: only the target that Prometheus scraped tells where it is from.
        if alert.labels.get("instance") not in self._names:
            raise Declined("other_instance", f"this exporter is scraped as {', '.join(sorted(self._names))}")
        if len(connected) != 1:
            raise Declined("other_instance", f"it does not say which of {len(connected)} open databases it is of")
        return next(iter(connected.values()))

    def _apply(self, alert: Alert, said: dict[str, Any], remedy: str, instance: Instance) -> dict[str, Any]:
        steps = self._steps(alert, remedy, instance)
        what = " then ".join(step.what for step in steps)
        if self.settings.dry_run:
            return self._count(said, remedy, "dry_run", what)
        self._last[remedy, instance.id] = time.monotonic()
        self._hear(alert)
        for step in steps:
            if (error := _fails(step.do)) is not None:
                return self._failed(said, remedy, what, error)
            if step.undo is not None:
                self._undo.setdefault(alert.identity, []).insert(0, Undo(alert.started, instance.id, step.undo))
        return self._count(said, remedy, "done", what)

    def _steps(self, alert: Alert, remedy: str, instance: Instance) -> list[Step]:
        """The application's part comes first: what it lets go of, the engine can then give back. Raises Declined."""
        steps = []
        if (registered := self._registered.get(remedy)) is not None:
            do, undo = registered
            steps.append(Step(f"the application's {remedy}", partial(do, alert), undo and partial(undo, alert)))
        if (builtin := BUILTIN.get(remedy)) is not None:
            steps.append(builtin(instance, self.settings))
        if not steps:
            raise Declined("not_registered", "the application has registered no function for it")
        return steps

    def _resolve(self, alert: Alert, said: dict[str, Any]) -> dict[str, Any]:
        """Undo what this firing did, and what an earlier one did of whose end nothing was heard; not a later one's."""
        self._hear(alert)
        known = self._undo.pop(alert.identity, [])
        due = [one for one in known if one.started <= alert.started]
        failures = [(one, error) for one in due if (error := _fails(one.act)) is not None]
        failed = [one for one, error in failures if not isinstance(error, Declined)]
        if left := [one for one in known if one not in due or one in failed]:
            self._undo[alert.identity] = left
        if not due:
            return said | {"outcome": "nothing to undo"}
        said, remedy = said | {"instance_id": due[0].instance_id}, self._known(alert)
        for _, error in sorted(failures, key=lambda failure: failure[0] not in failed):
            if isinstance(error, Declined):
                return self._refuse(said, remedy, error)
            return self._failed(said, remedy, "undo", error)
        return self._count(said, remedy, "undone", "")

    def _hear(self, alert: Alert) -> None:
        heard = self._heard.pop(alert.identity, alert.started)
        self._heard[alert.identity] = max(heard, alert.started)
        if len(self._heard) > _HEARD_LIMIT:
            forgotten = next(iter(self._heard))
            del self._heard[forgotten]

    def _failed(self, said: dict[str, Any], remedy: str, what: str, error: Exception) -> dict[str, Any]:
        # The message may hold SQL and values; it is for who asks for debug messages.
        _LOG.debug("%s failed", remedy, exc_info=error)
        return self._count(said, remedy, "failed", f"{what}: {type(error).__name__}")

    def _refuse(self, said: dict[str, Any], remedy: str, declined: Declined) -> dict[str, Any]:
        self._recorder.count("remedy.refused", said.get("instance_id", OTHER), reason=declined.reason)
        return self._count(said | {"reason": declined.reason}, remedy, "refused", str(declined))

    def _count(self, said: dict[str, Any], remedy: str, outcome: str, text: str) -> dict[str, Any]:
        self._recorder.count("remedy.count", said.get("instance_id", OTHER), remedy=remedy, outcome=outcome)
        entry = {"remedy": remedy, "outcome": outcome, **said, "text": text}
        level = {"failed": logging.ERROR, "refused": logging.WARNING}.get(outcome, logging.INFO)
        _LOG.log(level, "%s", json.dumps(entry))
        return entry

    def _known(self, alert: Alert) -> str:
        return self._by_alert.get(alert.name, OTHER)


def _said(alert: Alert) -> dict[str, Any]:
    shown = {"alert": alert.name, "instance": alert.labels.get("instance", "")}
    return {**shown, "status": FIRING if alert.firing else RESOLVED}


def _fails(act: Act) -> Exception | None:
    try:
        act()
    except Exception as error:  # noqa: BLE001 - whatever the application's function raises is an outcome
        return error
    return None
