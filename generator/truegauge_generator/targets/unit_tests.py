"""promtool unit tests of every alert, at the numbers that its condition says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from truegauge_generator.cases import Look, evaluation_steps, plan
from truegauge_generator.literals import Literal, single, word
from truegauge_generator.targets.rules import Rule, alerting_rules
from truegauge_spec import Spec
from truegauge_spec.condition import MetricCondition
from truegauge_spec.conditions import Expr
from truegauge_spec.quantities import duration
from truegauge_spec.system import System
from truegauge_spec.template import expand


class Test(NamedTuple):
    """One promtool test. `alerts`, as `(labels, annotations)`, fire at each of the `looks` that says so.

    The first time that they do they get the alert's name as `anchor`, and later `alias` stands for them.
    """

    name: str
    alert: Literal
    series: list[tuple[Literal, str]]
    looks: Sequence[Look]
    alerts: list[tuple[dict[str, str], dict[str, str]]]
    anchor: str = ""
    alias: str = ""


def view(spec: Spec, system: System) -> dict[str, dict[str, Any]]:
    """One promtool test for each case of each alert, in a file for each step: promtool has one step for a whole file.

    The file of the step that most alerts share is called like the system, another has its step behind that.
    """
    sizes = evaluation_steps(system)
    shared = min(sizes.values(), default=0)
    tests: dict[int, list[Test]] = {}
    for (rule, _), alert in zip(alerting_rules(spec, system.system), system.alerts.values(), strict=True):
        size = sizes[rule.name]
        if isinstance(alert.when, MetricCondition):
            found = _planned(system, alert.when, rule, alert.for_, alert.keep_firing_for, size)
        else:
            found = _examples(alert.when, rule)
        tests.setdefault(size, []).extend(found)
    return {
        "" if size == shared else f"-{duration(size)}": {
            "system": system.system,
            "interval": duration(size),
            "tests": some,
        }
        for size, some in tests.items()
        if some
    }


def _planned(system: System, when: MetricCondition, rule: Rule, wait: int, keep: int, size: int) -> Iterator[Test]:
    found = plan(system, when, wait, keep, size)
    selectors = [single(selector) for selector in found.series]
    alerts = [_firing(rule, found.labels, found.value)]
    alert = word(rule.name)
    anchor, alias = rule.name, ""
    for name, values, looks in found.cases:
        series = list(zip(selectors, values, strict=True))
        yield Test(f"{rule.name}: {name}", alert, series, looks, alerts, anchor, alias)
        if looks[-1].fires:
            anchor, alias = "", rule.name


def _examples(when: Expr, rule: Rule) -> Iterator[Test]:
    for example in when.examples:
        series = [(single(selector), values) for selector, values in example.series.items()]
        alerts = [_firing(rule, labels, example.value) for labels in example.fires]
        look = Look(word(duration(example.at)), bool(alerts))
        yield Test(f"{rule.name}: {example.name}", word(rule.name), series, [look], alerts)


def _firing(rule: Rule, labels: Mapping[str, str], value: float) -> tuple[dict[str, str], dict[str, str]]:
    """The labels and annotations of the alert that fires for a series."""
    own = {label: expand(text, labels, value) for label, text in rule.labels.items()}
    return {**labels, **own}, {key: expand(text, labels, value) for key, text in rule.annotations.items()}
