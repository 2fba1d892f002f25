"""The alerts of a spec with the labels that Alertmanager gets, and more that take every route and inhibition rule."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import NamedTuple, get_args

from truegauge_generator.alerts import Rendered, alerts
from truegauge_generator.burns import job
from truegauge_generator.cases import instance_of, sample_labels
from truegauge_generator.objectives import identity, windowed
from truegauge_generator.proof.routing import Inhibition, Labels, Matcher, Meaning, Node, inhibited
from truegauge_generator.targets import spec_drift
from truegauge_spec import Spec
from truegauge_spec.alert import Severity
from truegauge_spec.condition import MetricCondition
from truegauge_spec.expr import Expr
from truegauge_spec.objectives import pairs
from truegauge_spec.positions import Path
from truegauge_spec.system import System
from truegauge_spec.template import expand

SEVERITIES: tuple[str, ...] = get_args(Severity)


class Sent(NamedTuple):
    """An alert with the labels that it has in Alertmanager, and where the spec has what it is about."""

    system: str
    path: Path
    labels: dict[str, str]


World = tuple[Sent, ...]
"""Alerts that are there at the same time."""


def declared(spec: Spec) -> Iterator[Sent]:
    """Every alert of the spec, with one value for each label."""
    for one in alerts(spec):
        given = _labels(spec, one)
        own = {label: expand(text, given, 0) for label, text in one.rule.labels.items()}
        labels = {**spec.prometheus.external_labels, **given, **own, "alertname": one.rule.name}
        yield Sent(one.system, one.path, labels)


def _labels(spec: Spec, one: Rendered) -> dict[str, str]:
    """The labels of what an alert's expression gives."""
    system = spec.systems[one.system]
    if one.when:
        return _result(system, system.alerts[one.rule.name].when)
    if one.burn:
        name = str(one.path[1])
        objective = system.objectives[name]
        window = windowed(pairs(objective, one.burn)[0].long)
        return {"job": job(system, objective), **identity(system, name), **window}
    return {"job": one.system, "instance": instance_of(system), "system": one.system, "digest": spec_drift.NONE}


def _result(system: System, when: MetricCondition | Expr) -> dict[str, str]:
    """The labels of a condition's result."""
    if isinstance(when, Expr):
        examples = [firing.labels for example in when.examples for firing in example.fires]
        return examples[0] if examples else {"job": system.system}
    metric = system.metrics.get(when.metric)
    labels = sample_labels(system, when)
    return {label: labels[label] for label in when.labels(metric.labels if metric else ())}


def worlds(spec: Spec, meaning: Meaning) -> list[World]:
    """The alerts of the spec in every severity and witnesses of every route, then scenarios of the inhibition rules.

    Those that are inhibited in one world come once more in the next, alone. Where chance decides that, they come later.
    """
    rest: World = tuple(
        sent._replace(labels={**sent.labels, "severity": severity})
        for sent in declared(spec)
        for severity in SEVERITIES
    )
    rest += tuple(_witnesses(meaning.root, ()))
    found: list[World] = []
    while rest:
        world = rest
        while None in (outcome := _inhibited(meaning, world)):
            world = tuple(sent for sent, inhibits in zip(world, outcome, strict=True) if inhibits is not None)
        free = {id(sent) for sent, inhibits in zip(world, outcome, strict=True) if not inhibits}
        found.append(world)
        rest = tuple(sent for sent in rest if id(sent) not in free)
    return [_distinct(world) for world in (*found, *_shared(meaning))]


def _shared(meaning: Meaning) -> list[World]:
    """All scenarios of the inhibition rules; in one world where none of them changes what another is about."""
    found: list[tuple[World, list[bool | None]]] = []
    for index, rule in enumerate(meaning.inhibitions):
        for scenario in _scenarios(rule, ("alertmanager", "inhibit", index)):
            if None in (outcome := _inhibited(meaning, scenario)):
                continue
            for number, (world, outcomes) in enumerate(found):
                if _inhibited(meaning, world + scenario) == outcomes + outcome:
                    found[number] = (world + scenario, outcomes + outcome)
                    break
            else:
                found.append((scenario, outcome))
    return [world for world, _ in found]


def _inhibited(meaning: Meaning, world: World) -> list[bool | None]:
    return inhibited(meaning.inhibitions, [sent.labels for sent in world])


def _distinct(world: World) -> World:
    """The first of those that have the same labels, which Alertmanager takes for one alert."""
    return tuple({tuple(sorted(sent.labels.items())): sent for sent in reversed(world)}.values())[::-1]


def _witnesses(node: Node, above: tuple[Matcher, ...]) -> Iterator[Sent]:
    """Alerts that take a route by each value that its matchers name, and that miss each of these matchers."""
    matchers = above + node.matchers
    for number, chosen in enumerate(_chosen(matchers)):
        labels = {"alertname": f"Route{number}", **chosen}
        yield Sent("", node.path, labels)
        if node.continues and "severity" not in chosen:  # another route takes it too, and that may depend on this
            yield from (Sent("", node.path, {"severity": severity, **labels}) for severity in SEVERITIES)
        for matcher in node.matchers:
            missed = {label: value for label, value in labels.items() if label != matcher.label}
            yield Sent("", node.path, {"alertname": "Missed", **missed})
    for child in node.children:
        yield from _witnesses(child, matchers)


def _chosen(matchers: tuple[Matcher, ...]) -> Iterator[dict[str, str]]:
    """Labels for each value of each matcher, with the first value of the others."""
    for matcher in matchers:
        for value in matcher.fitting:
            yield {**{other.label: other.fitting[0] for other in matchers}, matcher.label: value}


def _scenarios(rule: Inhibition, path: Path) -> Iterator[World]:
    """Source and target together, the target alone, and the two with each `equal` label apart."""
    pairs = product(_chosen(rule.source), _chosen(rule.target))
    for number, ((source, target), apart) in enumerate(product(pairs, (None, *rule.equal))):
        both = dict.fromkeys(rule.equal, f"{path[-1]}-{number}") | source | target
        equal = {label: both[label] for label in rule.equal}
        differs = {} if apart is None else {apart: "another"}
        alone = _alert(path, "Target", {**equal, **target})
        yield _alert(path, "Source", {**equal, **differs, **source}), alone
        yield (alone,)


def _alert(path: Path, name: str, labels: Labels) -> Sent:
    return Sent("", path, {"alertname": name, "severity": SEVERITIES[0], **labels})
