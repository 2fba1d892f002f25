"""`truegauge explain`: what a code means, or what an alert says, where it is rendered and what proves it."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from typing import NamedTuple

from truegauge_generator.cli import Result
from truegauge_generator.codes import CODES as TOOL_CODES
from truegauge_generator.expressions import recorded
from truegauge_generator.proof.shapes import worked_out
from truegauge_generator.render import render
from truegauge_generator.targets import objective_tests, objectives, spec_drift, unit_tests
from truegauge_generator.targets.docs import fires_when
from truegauge_generator.targets.rules import alerting_rules
from truegauge_spec import Position, Problem, Spec, load
from truegauge_spec import check as checks
from truegauge_spec.codes import CODES
from truegauge_spec.expr import Expr
from truegauge_spec.names import nearest
from truegauge_spec.positions import Path
from truegauge_spec.promql.infer import infer
from truegauge_spec.system import System


def arguments(parser: ArgumentParser) -> None:
    """What it is asked about."""
    parser.add_argument("topic", metavar="TOPIC", help="an alert's name or a code")


def run(options: Namespace) -> Result:
    """Explain a code, which needs no spec, or an alert of the spec."""
    meanings = codes()
    if options.topic in meanings:
        return Result([f"{options.topic}: {meanings[options.topic]}"], (), {"meaning": meanings[options.topic]})
    spec = load(options.spec)
    found = [(name, one) for name in spec.systems for one in _alerts(spec, name) if one.name == options.topic]
    if not found:
        alerts = [one.name for name in spec.systems for one in _alerts(spec, name)]
        hint = nearest(options.topic, [*alerts, *meanings])
        message = f"there is neither an alert nor a code {options.topic!r}{hint}"
        return Result((), [Problem(Position(options.spec), message, "unknown_topic")])
    return Result([line for system, one in found for line in _lines(spec, system, one)])


class Explained(NamedTuple):
    """An alert: where it is declared, in a sentence, its expression, and the record that this compares, if any."""

    name: str
    severity: str
    path: Path
    sentence: str
    expr: str
    record: str
    recorded: str


def _alerts(spec: Spec, name: str) -> Iterator[Explained]:
    """The alerts of a system, those of its objectives, and SpecDrift."""
    system = spec.systems[name]
    for (rule, when), alert in zip(alerting_rules(spec, name), system.alerts.values(), strict=True):
        sentence = fires_when(alert, when).replace("`", "")
        path = ("alerts", rule.name)
        yield Explained(rule.name, alert.severity, path, sentence, when.expr, when.record, when.recorded)
    for objective in system.objectives:
        for rule in objectives.alerting_rules(spec, name, objective):
            sentence = f"Fires when the error budget of {objective} burns too fast, over both windows of a pair."
            yield Explained(rule.name, rule.labels["severity"], ("objectives", objective), sentence, rule.expr, "", "")
    if spec_drift.watched(system):
        rule = spec_drift.alerting_rule(spec, name)
        sentence = f"Fires when {spec_drift.sentence(system)}, for {rule.wait}."
        yield Explained(rule.name, rule.labels["severity"], ("system",), sentence, rule.expr, "", "")


def codes() -> dict[str, str]:
    """Every code with its meaning."""
    return {**CODES, **TOOL_CODES, **checks.codes()}


def _lines(spec: Spec, system: str, one: Explained) -> Iterator[str]:
    yield f"{one.name} of {system}, {one.severity}, declared at {spec.position(system, one.path)}"
    yield f"\n{one.sentence}\n"
    yield from _indented(one.expr)
    if one.record:
        yield f"\nwhere {one.record} is"
        yield from _indented(one.recorded)
    yield "\nThe types of its parts:"
    known = recorded(spec)
    for text in filter(None, (one.recorded, one.expr)):
        yield from (f"  {' '.join(part.text.split())}: {part.type}" for part in infer(text, known).parts)
    yield "\nIt is rendered in"
    yield from (f"  {path}" for path, text in render(spec).items() if one.name in text)
    tests = list(_tests(spec, spec.systems[system], one.name))
    yield "\nand proven by" if tests else "\nNo test proves it: give `examples:` beside its `expr:`."
    yield from (f"  {test}" for test in tests)
    alert = spec.systems[system].alerts.get(one.name)
    if alert and isinstance(alert.when, Expr) and isinstance(reason := worked_out(spec, system, one.name), str):
        yield f"\nNo boundary cases are worked out: {reason}."


def _tests(spec: Spec, system: System, alert: str) -> Iterator[str]:
    """The names of the tests of an alert."""
    for part in (*(unit_tests.view(spec, system) or {}).values(), spec_drift.tests_view(spec, system) or {"tests": ()}):
        yield from (test.name for test in part["tests"] if test.alert == alert)
    for part in (objective_tests.view(spec, system) or {}).values():
        yield from (test.name for test in part["tests"] if any(alert in look for look in test.looks))


def _indented(text: str) -> Iterator[str]:
    yield from (f"  {line}" for line in text.splitlines())
