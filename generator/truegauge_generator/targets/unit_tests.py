"""promtool unit tests of every alert, at the numbers that its condition says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from truegauge_generator.cases import Look, Plan, plans
from truegauge_generator.literals import Literal, single, word
from truegauge_generator.targets.rules import Rule, alerting_rules
from truegauge_spec import Spec
from truegauge_spec.condition import MetricCondition
from truegauge_spec.expr import Expr
from truegauge_spec.quantities import duration
from truegauge_spec.system import System
from truegauge_spec.template import expand

if TYPE_CHECKING:
    from truegauge_generator.proof.course import WorkedOut

EXAMPLES = 15_000
"""Milliseconds between evaluations in the tests of hand-written expressions."""

Firing = tuple[dict[str, str], dict[str, str]]


class Test(NamedTuple):
    """One promtool test. At each of the `looks` alerts fire, as `(labels, annotations)`, or none.

    An alert that fires again just as before is only named, by the anchor that the first one got. A sample comes each
    `interval`.
    """

    name: str
    alert: Literal
    series: list[tuple[Literal, str]]
    looks: list[tuple[Literal, list[Firing], str, str]]
    interval: str


def view(spec: Spec, system: System) -> dict[str, dict[str, Any]]:
    """One promtool test for each alert, in a file for each step: promtool has one step for a whole file.

    The file of the shortest step is called like the system, another has its step behind that.
    """
    tests: dict[int, list[Test]] = {}
    planned = plans(spec, system.system)
    for (rule, _), alert in zip(alerting_rules(spec, system.system), system.alerts.values(), strict=True):
        if isinstance(alert.when, MetricCondition):
            plan, size = planned[rule.name]
            found = [_planned(plan, rule, size)]
        else:
            worked_out = _worked_out(spec, system.system, rule)
            size = worked_out.size if worked_out else EXAMPLES
            found = [*_examples(alert.when, rule), *(_shaped(worked_out, rule) if worked_out else ())]
        tests.setdefault(size, []).extend(found)
    shortest = min((size for size, some in tests.items() if some), default=0)
    return {
        "" if size == shortest else f"-{duration(size)}": {
            "system": system.system,
            "interval": duration(size),
            "tests": some,
        }
        for size, some in sorted(tests.items())
        if some
    }


def _planned(found: Plan, rule: Rule, size: int) -> Test:
    series = [(single(selector), values) for case in found.cases for selector, values in case.series]
    return Test(
        f"{rule.name}: {', '.join(found.codes)}",
        word(rule.name),
        series,
        list(_looks(rule, found.labels, found.looks)),
        duration(size),
    )


def _looks(rule: Rule, labels: dict[str, str], looks: list[Look]) -> Iterator[tuple[Literal, list[Firing], str, str]]:
    anchors: dict[float, str] = {}
    for at, value in looks:
        if value is None:
            yield at, [], "", ""
        elif value in anchors:
            yield at, [], "", anchors[value]
        else:
            anchors[value] = f"{rule.name}{len(anchors) + 1}" if anchors else rule.name
            yield at, [_firing(rule, labels, value)], anchors[value], ""


def _examples(when: Expr, rule: Rule) -> Iterator[Test]:
    for example in when.examples:
        series = [(single(selector), values) for selector, values in example.series.items()]
        alerts = [_firing(rule, one.labels, example.value if one.value is None else one.value) for one in example.fires]
        looks = [(word(duration(at)), alerts if fires else [], "", "") for at, fires in example.looks]
        yield Test(f"{rule.name}: {example.name}", word(rule.name), series, looks, duration(example.interval))


def _worked_out(spec: Spec, system: str, rule: Rule) -> WorkedOut | None:
    """The boundary cases of a hand-written expression, where its shape has any."""
    from truegauge_generator.proof.shapes import worked_out  # noqa: PLC0415 - few specs have PromQL of their own

    found = worked_out(spec, system, rule.name)
    return None if isinstance(found, str) else found


def _shaped(found: WorkedOut, rule: Rule) -> Iterator[Test]:
    for name, values, times, firing in found.cases:
        series = [(single(selector), samples) for selector, samples in values]
        alerts = [_firing(rule, labels, value) for labels, value in firing]
        looks = [(word(duration(at)), alerts if fires else [], "", "") for at, fires in times]
        yield Test(f"{rule.name}: {name}", word(rule.name), series, looks, duration(found.size))


def _firing(rule: Rule, labels: Mapping[str, str], value: float) -> Firing:
    """The labels and annotations of the alert that fires for a series."""
    own = {label: expand(text, labels, value) for label, text in rule.labels.items()}
    return {**labels, **own}, {key: expand(text, labels, value) for key, text in rule.annotations.items()}
