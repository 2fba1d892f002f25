"""An alert on its way: pending, firing, received by Alertmanager, sent to its receivers, and resolved."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from truegauge_generator.drill.breach import Breach
from truegauge_generator.drill.remote_write import encoded
from truegauge_generator.drill.servers import HELD_BACK, Alertmanager, Prometheus, Received, Requests, Rule
from truegauge_generator.proof.routing import Meaning, Node, taken
from truegauge_generator.targets import remedies
from truegauge_spec.stack import Alertmanager as Declared

POLL = 0.2
"""Seconds between two looks."""


class Missed(Exception):
    """A step did not happen in its time; the message names it and says why that may be."""


class Reached(NamedTuple):
    """A step that happened, so many seconds after the one before it."""

    step: str
    seconds: float
    detail: str


class Drill(NamedTuple):
    """What is followed, on which servers, and what the spec means to become of it."""

    alert: str
    instance: str
    rule: Rule
    prometheus: Prometheus
    alertmanager: Alertmanager
    declared: Declared
    meaning: Meaning
    patience: float
    """Seconds that each step may take longer than the rendered times say."""
    show: Callable[[str], object]


class Step(NamedTuple):
    """A step, the seconds that it takes by the rendered times, and why it may not happen.

    `happens` gives None until it has, and then a detail or an empty text. It may know at once that it will not.
    """

    name: str
    within: float
    happens: Callable[[], str | None]
    why_not: Callable[[], str]


@contextmanager
def fed(prometheus: Prometheus, breach: Breach) -> Iterator[Callable[[], None]]:
    """A function that gives Prometheus the samples that are due, the first time all that make the condition true now.

    At the end every series ends.
    """
    now = prometheus.now()
    ahead, start, given = now - _now(), now - breach.true * breach.size, 0

    def push() -> None:
        nonlocal given
        due = (_now() + ahead - start) // breach.size + 1
        if due > given:
            prometheus.write(encoded(breach.samples(start, given, due - 1)))
            given = due

    try:
        yield push
    finally:
        last = start + (given - 1) * breach.size
        prometheus.write(encoded(breach.ends(max(_now() + ahead, last + 1))))


def _now() -> int:
    return int(time.time() * 1000)


def reach(drill: Drill, push: Callable[[], None]) -> Iterator[Reached]:
    """The steps up to the receivers, one by one. Raises Missed for the first that does not happen."""
    looks = deque([drill.alertmanager.requests()], maxlen=3)

    def meanwhile() -> None:
        push()
        looks.append(drill.alertmanager.requests())

    for step in (*_in_prometheus(drill), _received(drill)):
        yield _wait(drill, step, meanwhile)
    # Of the last three looks one was just before firing was seen and one before the alert was; the first is of before.
    yield _wait(drill, _sent(drill, looks[0]), push)


def resolve(drill: Drill, window: float) -> Reached:
    """The step after the series have ended, which the condition sees for so many seconds more. Raises Missed."""

    def happens() -> str | None:
        quiet = drill.prometheus.state(drill.alert, drill.instance) == "inactive"
        return "" if quiet and drill.alertmanager.alert(drill.alert, drill.instance) is None else None

    step = Step(
        "resolved",
        window + 2 * drill.rule.interval + drill.rule.keeps,
        happens,
        lambda: "its series have ended, it has not",
    )
    return _wait(drill, step, lambda: None)


def _wait(drill: Drill, step: Step, meanwhile: Callable[[], object]) -> Reached:
    started, limit = time.monotonic(), step.within + drill.patience
    while True:
        meanwhile()
        detail, waited = step.happens(), time.monotonic() - started
        if detail is not None:
            return Reached(step.name, waited, detail)
        if waited > limit:
            raise Missed(f"was not {step.name} within {limit:.0f} s: {step.why_not()}")
        drill.show(f"{drill.alert}: {step.name}, {waited:.0f} of {limit:.0f} s")
        time.sleep(POLL)


def _in_prometheus(drill: Drill) -> Iterator[Step]:
    """Pending, where the alert has a `for`, and firing."""
    lasts, evaluated = drill.rule.waits, 2 * drill.rule.interval

    def is_in(*states: str) -> Callable[[], str | None]:
        return lambda: "" if drill.prometheus.state(drill.alert, drill.instance) in states else None

    def why_not() -> str:
        rule = drill.prometheus.rule(drill.alert) or drill.rule
        error = f", {rule.error}" if rule.error else ""
        return f"its rule is {rule.health}{error}, but does not see the drill's series; is it the spec's?"

    if lasts:
        yield Step("pending", evaluated, is_in("pending", "firing"), why_not)
    yield Step("firing", evaluated + lasts, is_in("firing"), why_not)


def _received(drill: Drill) -> Step:
    def happens() -> str | None:
        alert = drill.alertmanager.alert(drill.alert, drill.instance)
        if alert is None:
            return None
        meant = [node.receiver for node in _ways(drill, alert)]
        if alert.receivers != meant:
            ours, theirs = ", ".join(meant), ", ".join(alert.receivers)
            raise Missed(f"goes to {theirs}, but the spec means {ours}: render, and reload Alertmanager")
        return f"for {', '.join(alert.receivers)}"

    def why_not() -> str:
        known = ", ".join(drill.prometheus.alertmanagers()) or "no Alertmanager"
        return f"Prometheus sends to {known}, the drill looks at {drill.alertmanager.url}"

    return Step("received", 2 * drill.rule.interval, happens, why_not)


def _ways(drill: Drill, alert: Received | None) -> list[Node]:
    return taken(drill.meaning.root, alert.labels if alert else {})


def _sent(drill: Drill, before: Requests) -> Step:
    """Requests that arrive at each kind of channel of the receivers, and none that fails, once `group_wait` is over."""
    ways = _ways(drill, drill.alertmanager.alert(drill.alert, drill.instance))
    kinds = Counter(sorted(kind for node in ways for kind in channels(drill.declared, node.receiver)))
    # A group that was there before the alert is notified after its interval, and not after group_wait.
    waits = [[int(str(wait)) / 1000 for wait in node.waits[:2]] for node in ways]
    earliest = time.monotonic() + min(wait for wait, _ in waits) - 2 * POLL

    def missing() -> list[str]:
        now = drill.alertmanager.requests()
        return [kind for kind in kinds if now.arrived[kind] - before.arrived[kind] < kinds[kind] or _failed(now, kind)]

    def _failed(now: Requests, kind: str) -> int:
        return now.failed[kind] - before.failed[kind]

    def happens() -> str | None:
        alert = drill.alertmanager.alert(drill.alert, drill.instance)
        for key, words in HELD_BACK.items():
            if names := alert and alert.held[key]:
                raise Missed(f"is not sent, it is {words}: {', '.join(names)}")
        if not kinds:
            return "nowhere, since its receiver has no channel"
        return None if time.monotonic() < earliest or missing() else f"by {', '.join(kinds)}"

    def why_not() -> str:
        now = drill.alertmanager.requests()
        lost = [f"{kind} ({_failed(now, kind)} requests failed)" for kind in missing()]
        return f"nothing arrived by {', '.join(lost)}; can the receiver be reached, and does it take the secret?"

    return Step("sent", max(max(both) for both in waits), happens, why_not)


def channels(declared: Declared, receiver: str) -> list[str]:
    """The kinds of a receiver's channels, as Alertmanager's metrics name them."""
    if receiver in map(remedies.receiver, declared.remedies):
        return ["webhook"]
    return [kind for kind, channel in declared.receivers[receiver] if channel is not None]
