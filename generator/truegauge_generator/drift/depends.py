"""What depends on a thing of a spec, and what nobody sees any more when it is gone.

The spec may be an older one that today's checks refuse: nothing is rendered here, and names may lead nowhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from truegauge_generator.conditions import record
from truegauge_generator.drift.things import Thing, matched
from truegauge_generator.objectives import ERROR_RATIO, EVENTS, identity
from truegauge_generator.proof.routing import Labels, Meaning, fit, nodes, of_spec, taken
from truegauge_generator.targets import spec_drift
from truegauge_generator.targets.dashboard import objectives as objective_rows
from truegauge_generator.targets.dashboard import undeclared
from truegauge_spec import Spec
from truegauge_spec.checks.hygiene import consumers
from truegauge_spec.condition import MetricCondition
from truegauge_spec.dashboard import Panel
from truegauge_spec.names import SPEC_DRIFT
from truegauge_spec.objectives import ALERTS
from truegauge_spec.positions import Path
from truegauge_spec.system import System


def depends(spec: Spec, thing: Thing) -> list[str]:
    """Alerts, objectives, panels, recording rules, routes and history that are made of the thing."""
    return list(dict.fromkeys(_depends(spec, thing)))


def _depends(spec: Spec, thing: Thing) -> Iterator[str]:
    if thing.kind in ("metric", "alert", "objective") and thing.system in spec.systems:
        system = spec.systems[thing.system]
        if thing.kind == "metric":
            yield from _of_metric(spec, system, thing.name)
        else:
            yield from _panels(system, **{thing.kind: thing.name})
        if thing.kind == "alert":
            yield from _of_alert(spec, thing.name)
        elif thing.kind == "objective":
            for alert in (f"{thing.name}{suffix}" for suffix in ALERTS.values()):
                yield f"alert {alert}"
                yield from _of_alert(spec, alert)
    elif thing.kind == "route":
        yield from (f"alert {name}" for name in routed(spec, thing))
    elif thing.kind == "receiver":
        yield from (f"alert {name}" for name, reached in deliveries(spec).items() if thing.name in reached)


@lru_cache(maxsize=4)
def _users(spec: Spec, system: str) -> dict[str, list[tuple[int, Path]]]:
    """What of a system uses each series, with its number among all that use any."""
    found: dict[str, list[tuple[int, Path]]] = {}
    for number, (path, words) in enumerate(consumers(spec.systems[system])):
        for word in words:
            found.setdefault(word, []).append((number, path))
    return found


def _of_metric(spec: Spec, system: System, name: str) -> Iterator[str]:
    if name not in system.metrics:
        return
    users = _users(spec, system.system)
    names = {name, *system.metrics[name].series(name)}
    used = [path for _, path in sorted({user for one in names for user in users.get(one, ())})]
    yield from (named(system, path) for path in used)
    for part, user, *_ in used:
        if part != "dashboard":
            yield from _panels(system, **{str(part).removesuffix("s"): str(user)})
    for part, user, *_ in used:
        if part != "dashboard":
            yield from (f"recording rule {one}" for one in _records(system, str(part), str(user)))
    yield f"history of {name}"


def _records(system: System, part: str, name: str) -> tuple[str, ...]:
    """The recording rules that an alert or an objective has of its metrics."""
    if part == "objectives":
        return EVENTS, ERROR_RATIO
    when = system.alerts[name].when
    recorded = record(when) if isinstance(when, MetricCondition) else None
    return (recorded,) if recorded else ()


def _panels(system: System, **shown: str) -> Iterator[str]:
    (kind, name), *_ = shown.items()
    board = system.dashboard or undeclared(system)
    for row in (*board.rows, *objective_rows(system, board)):
        for panel in row.panels:
            if getattr(panel, kind) == name:
                yield _panel(panel, row.title)


def named(system: System, path: Path) -> str:
    """A consumer in words."""
    if path[0] == "dashboard":
        assert system.dashboard is not None
        _, _, row, _, index = path
        section = system.dashboard.rows[int(row)]
        return _panel(section.panels[int(index)], section.title)
    return f"{str(path[0]).removesuffix('s')} {path[1]}"


def _panel(panel: Panel, row: str) -> str:
    return f'panel "{panel.title or panel.alert or panel.objective or panel.metric}" in "{row}"'


def _of_alert(spec: Spec, name: str) -> Iterator[str]:
    alertmanager, meaning = spec.stack.alertmanager, _meaning(spec)
    sent = [labels for labels in alert_labels(spec) if labels["alertname"] == name]
    for rule, means in zip(alertmanager.inhibit, meaning.inhibitions, strict=True) if alertmanager and meaning else ():
        if any(fit(means.source, labels) or fit(means.target, labels) for labels in sent):
            yield f"inhibition {matched(rule.source)} -> {matched(rule.target)}"
    yield from (f"receiver {receiver}" for receiver in deliveries(spec).get(name, ()))


@lru_cache(maxsize=4)
def _meaning(spec: Spec) -> Meaning | None:
    return of_spec(spec.stack.alertmanager) if spec.stack.alertmanager else None


@lru_cache(maxsize=4)
def alert_labels(spec: Spec) -> tuple[Labels, ...]:
    """The labels of each alert that the spec itself says, those of objectives and of SpecDrift included."""
    return tuple(_alert_labels(spec))


def _alert_labels(spec: Spec) -> Iterator[Labels]:
    for system, declared in spec.systems.items():
        shared = {**spec.prometheus.external_labels, "job": system, **declared.scrape.labels}
        for name, watched in declared.alerts.items():
            own = {"remedy": watched.remedy} if watched.remedy else {}
            yield {**shared, "severity": watched.severity, **watched.labels, **own, "alertname": name}
        for name, aim in declared.objectives.items():
            for kind, suffix in ALERTS.items():
                own = {"severity": getattr(aim, kind), **identity(declared, name)}
                yield {**shared, **own, **aim.labels, "alertname": f"{name}{suffix}"}
        if spec_drift.watched(declared):
            yield {**shared, "system": system, "severity": spec_drift.SEVERITY, "alertname": SPEC_DRIFT}


@lru_cache(maxsize=4)
def deliveries(spec: Spec) -> dict[str, tuple[str, ...]]:
    """The receivers of each alert, as far as its labels are known from the spec."""
    meaning = _meaning(spec)
    if meaning is None:
        return {}
    found: dict[str, dict[str, None]] = {}
    for labels in alert_labels(spec):
        ways = taken(meaning.root, labels)
        found.setdefault(labels["alertname"], {}).update(dict.fromkeys(node.receiver for node in ways))
    return {name: tuple(receivers) for name, receivers in found.items()}


def routed(spec: Spec, thing: Thing) -> list[str]:
    """The alerts that fit a route and all those above it, whether or not another one takes them first."""
    meaning = _meaning(spec)
    assert meaning is not None
    way = [node for node in nodes(meaning.root) if node.path == thing.path[: len(node.path)]]
    sent = alert_labels(spec)
    return list(dict.fromkeys(one["alertname"] for one in sent if all(fit(node.matchers, one) for node in way)))


def lost(old: Spec, new: Spec) -> dict[str, list[str]]:
    """The alerts of both specs that a receiver got, and gets no more; a receiver is known by its channels."""
    before, after = deliveries(old), deliveries(new)
    found: dict[str, list[str]] = {}
    for alert in before.keys() & after.keys():
        reached = [_channels(new, name) for name in after[alert]]
        for name in before[alert]:
            if _channels(old, name) not in reached:
                found.setdefault(name, []).append(alert)
    return {name: sorted(alerts) for name, alerts in sorted(found.items())}


def _channels(spec: Spec, receiver: str) -> object:
    assert spec.stack.alertmanager is not None
    return spec.stack.alertmanager.receivers.get(receiver, receiver)


def unwatched(old: Spec, new: Spec, thing: Thing) -> Iterator[str]:
    """The metrics that an alert or objective watched, or a panel showed, and that nothing like it does now."""
    watching = ("alerts", "objectives") if thing.kind in ("alert", "objective") else ("dashboard",)
    verb = "watches" if thing.kind in ("alert", "objective") else "shows"
    used = _metrics(old.systems[thing.system], watching, thing.path)
    system = new.systems.get(thing.system)
    left = _metrics(system, watching) if system else set()
    there = system.metrics if system else {}
    yield from (f"nothing {verb} {name} any more" for name in sorted(used - left) if name in there)


def _metrics(system: System, parts: tuple[str, ...], only: Path = ()) -> set[str]:
    series = {one: name for name, metric in system.metrics.items() for one in (name, *metric.series(name))}
    found = set()
    for path, words in consumers(system):
        if path[0] in parts and path[: len(only)] == only:
            found |= {series[word] for word in words if word in series}
            if path[0] == "dashboard" and system.dashboard is not None:
                found |= _drawn(system, system.dashboard.rows[int(path[2])].panels[int(path[4])])
    return found


def _drawn(system: System, panel: Panel) -> set[str]:
    """The metrics that a panel of an alert or an objective draws."""
    if panel.alert in system.alerts:
        when = system.alerts[panel.alert].when
        return set(when.metrics) if isinstance(when, MetricCondition) else set()
    return set(system.objectives[panel.objective].metrics) if panel.objective in system.objectives else set()
