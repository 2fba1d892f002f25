"""Time intervals in a real Alertmanager: what a route does while each of them holds, and while it does not.

Each trial has a server of its own, in which every alert is soon either notified or marked as muted.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from truegauge_generator.proof.alertmanager import Hook, Server, running
from truegauge_generator.proof.alerts import Sent
from truegauge_generator.proof.calendar import holds
from truegauge_generator.proof.deliveries import channels
from truegauge_generator.proof.routing import Node, nodes, taken
from truegauge_generator.proof.trial import AT_ONCE, Subject, hurried, on_loopback, timed, uninhibited
from truegauge_spec.interval import Interval

PATIENCE, GRACE = 10.0, 0.5
"""Seconds to wait for an outcome of each alert, and for a second one where its receiver gets it by two routes."""

Outcomes = dict[tuple[str, str], set[str]]
"""`notified` or `muted`, by receiver and number of the alert."""


class Setting(NamedTuple):
    """Which time intervals hold: those of the names always and the others never, or for None all as they are."""

    name: str
    always: frozenset[str] | None


def settings(names: Iterable[str]) -> list[Setting]:
    """None of them holds, all do, each alone does, and as they are now."""
    alone = [Setting(f"only {name} holds", frozenset([name])) for name in names]
    every = frozenset(names)
    found = [Setting("no time interval holds", frozenset()), Setting("every time interval holds", every)]
    return [*found, *(alone if len(every) > 1 else ()), Setting("now", None)]


def witnesses(subject: Subject) -> list[Sent]:
    """One alert for each choice of routes, where any route has time intervals."""
    if not any(node.mute or node.active for node in nodes(subject.meaning.root)):
        return []
    found: dict[object, Sent] = {}
    for sent in (sent for world in subject.worlds for sent in world):
        found.setdefault(tuple(node.path for node in taken(subject.meaning.root, sent.labels)), sent)
    return list(found.values())


def meant(subject: Subject, alerts: list[Sent], setting: Setting) -> Outcomes:
    """What the spec means to happen in a setting."""
    holding = now(subject.intervals) if setting.always is None else setting.always
    receivers = {name for name, found in channels(subject.configuration).items() if found}
    found: Outcomes = {}
    for number, sent in enumerate(alerts):
        for node in taken(subject.meaning.root, sent.labels):
            if node.receiver in receivers:
                found.setdefault((node.receiver, str(number)), set()).add(_fate(node, holding))
    return found


def _fate(node: Node, holding: frozenset[str]) -> str:
    muted = holding & {*node.mute} or (node.active and not holding & {*node.active})
    return "muted" if muted else "notified"


def now(intervals: Mapping[str, tuple[Interval, ...]]) -> frozenset[str]:
    """The names of those that hold."""
    at = datetime.now(UTC)
    return frozenset(name for name, found in intervals.items() if holds(found, at))


def happens(subject: Subject, setting: Setting, alerts: list[Sent], expected: Outcomes) -> Outcomes:
    """What happens to the alerts in a real Alertmanager; `expected` says which outcomes to wait for."""
    hook = Hook()
    try:
        tried = uninhibited(hurried(on_loopback(subject.configuration, hook.url), AT_ONCE))
        if setting.always is not None:
            tried = timed(tried, setting.always)
        with running(subject.alertmanager, subject.files, tried, hook) as server:
            # A label that no route knows tells alerts apart that have the same labels on another route.
            server.post([{**sent.labels, "trial": str(number)} for number, sent in enumerate(alerts)])
            return _watch(server, expected)
    finally:
        hook.close()


def _watch(server: Server, expected: Outcomes) -> Outcomes:
    started, complete = time.monotonic(), None
    while True:
        found: Outcomes = {}
        for receiver, number, outcome in (*_notified(server.hook), *_muted(server)):
            found.setdefault((receiver, number), set()).add(outcome)
        at = time.monotonic()
        if complete is None and expected.keys() <= found.keys():
            complete = at
        if found == expected or (complete and at - complete > GRACE) or at - started > PATIENCE:
            return found
        time.sleep(0.02)


def _notified(hook: Hook) -> Iterator[tuple[str, str, str]]:
    for one in list(hook.received):
        yield from ((one.channel.rsplit("/", 2)[0], labels["trial"], "notified") for labels, _ in one.alerts)


def _muted(server: Server) -> Iterator[tuple[str, str, str]]:
    for group in server.groups():
        yield from ((group.receiver, labels["trial"], "muted") for labels, state in group.alerts if state["mutedBy"])
