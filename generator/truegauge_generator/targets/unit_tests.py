"""promtool unit tests of every alert, at the numbers that its condition says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from truegauge_generator.cases import Look, evaluation_steps, plan
from truegauge_generator.literals import Literal, single, word
from truegauge_generator.targets.rules import Rule, alerting_rules
from truegauge_spec import Spec
from truegauge_spec.condition import MetricCondition
from truegauge_spec.conditions import Expr
from truegauge_spec.quantities import duration
from truegauge_spec.system import System
from truegauge_spec.template import expand

if TYPE_CHECKING:
    from truegauge_generator.proof.course import WorkedOut


class Test(NamedTuple):
    """One promtool test. `alerts`, as `(labels, annotations)`, fire at each of the `looks` that says so.

    The first time that they do they get the alert's name as `anchor`, and later `alias` stands for them. A sample comes
    each `interval`; without one at each evaluation.
    """

    name: str
    alert: Literal
    series: list[tuple[Literal, str]]
    looks: Sequence[Look]
    alerts: list[tuple[dict[str, str], dict[str, str]]]
    anchor: str = ""
    alias: str = ""
    interval: str = ""


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
            found = list(_planned(system, alert.when, rule, alert.for_, alert.keep_firing_for, size))
        else:
            worked_out = _worked_out(spec, system.system, rule)
            size = worked_out.size if worked_out else size
            found = [*_examples(alert.when, rule), *(_shaped(worked_out, rule) if worked_out else ())]
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
        alerts = [_firing(rule, one.labels, example.value if one.value is None else one.value) for one in example.fires]
        looks = [Look(word(duration(at)), fires) for at, fires in example.looks]
        name, interval = f"{rule.name}: {example.name}", duration(example.interval)
        yield Test(name, word(rule.name), series, looks, alerts, interval=interval)


def _worked_out(spec: Spec, system: str, rule: Rule) -> WorkedOut | None:
    """The boundary cases of a hand-written expression, where its shape has any."""
    from truegauge_generator.proof.shapes import worked_out  # noqa: PLC0415 - few specs have PromQL of their own

    found = worked_out(spec, system, rule.name)
    return None if isinstance(found, str) else found


def _shaped(found: WorkedOut, rule: Rule) -> Iterator[Test]:
    for name, values, times, firing in found.cases:
        series = [(single(selector), samples) for selector, samples in values]
        alerts = [_firing(rule, labels, value) for labels, value in firing]
        looks = [Look(word(duration(at)), fires) for at, fires in times]
        yield Test(f"{rule.name}: {name}", word(rule.name), series, looks, alerts)


def _firing(rule: Rule, labels: Mapping[str, str], value: float) -> tuple[dict[str, str], dict[str, str]]:
    """The labels and annotations of the alert that fires for a series."""
    own = {label: expand(text, labels, value) for label, text in rule.labels.items()}
    return {**labels, **own}, {key: expand(text, labels, value) for key, text in rule.annotations.items()}
