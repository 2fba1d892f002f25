"""`truegauge explain`: what a code means, or what an alert says, where it is rendered and what proves it."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator

from truegauge_generator.alerts import Rendered, alerts
from truegauge_generator.cli import Result
from truegauge_generator.codes import CODES as TOOL_CODES
from truegauge_generator.expressions import recorded as catalogue
from truegauge_generator.proof.shapes import worked_out
from truegauge_generator.render import render
from truegauge_generator.targets import objective_tests, spec_drift, unit_tests
from truegauge_generator.targets.docs import fires_when
from truegauge_spec import Position, Problem, Spec, load
from truegauge_spec import check as checks
from truegauge_spec.codes import CODES
from truegauge_spec.expr import Expr
from truegauge_spec.names import nearest
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
    found = [one for one in alerts(spec) if one.rule.name == options.topic]
    if not found:
        hint = nearest(options.topic, [*(one.rule.name for one in alerts(spec)), *meanings])
        message = f"there is neither an alert nor a code {options.topic!r}{hint}"
        return Result((), [Problem(Position(options.spec), message, "unknown_topic")])
    return Result([line for one in found for line in _lines(spec, one)])


def _sentence(spec: Spec, one: Rendered) -> str:
    """When an alert fires, in plain words."""
    system = spec.systems[one.system]
    if one.when:
        return fires_when(system.alerts[one.rule.name], one.when).replace("`", "")
    if one.burn:
        return f"Fires when the error budget of {one.path[1]} burns too fast, over both windows of a pair."
    return f"Fires when {spec_drift.sentence(system)}, for {one.rule.wait}."


def codes() -> dict[str, str]:
    """Every code with its meaning."""
    return {**CODES, **TOOL_CODES, **checks.codes()}


def _lines(spec: Spec, one: Rendered) -> Iterator[str]:
    system, rule = spec.systems[one.system], one.rule
    record, recorded = (one.when.record, one.when.recorded) if one.when else ("", "")
    yield f"{rule.name} of {one.system}, {rule.labels['severity']}, declared at {spec.position(one.system, one.path)}"
    yield f"\n{_sentence(spec, one)}\n"
    yield from _indented(rule.expr)
    if record:
        yield f"\nwhere {record} is"
        yield from _indented(recorded)
    yield "\nThe types of its parts:"
    known = catalogue(spec)
    for text in filter(None, (recorded, rule.expr)):
        yield from (f"  {' '.join(part.text.split())}: {part.type}" for part in infer(text, known).parts)
    yield "\nIt is rendered in"
    yield from (f"  {path}" for path, text in render(spec).items() if rule.name in text)
    tests = list(_tests(spec, system, rule.name))
    yield "\nand proven by" if tests else "\nNo test proves it: give `examples:` beside its `expr:`."
    yield from (f"  {test}" for test in tests)
    alert = system.alerts.get(rule.name)
    if alert and isinstance(alert.when, Expr) and isinstance(reason := worked_out(spec, one.system, rule.name), str):
        yield f"\nNo boundary cases are worked out: {reason}."


def _tests(spec: Spec, system: System, alert: str) -> Iterator[str]:
    """The names of the tests of an alert."""
    for part in (*(unit_tests.view(spec, system) or {}).values(), spec_drift.tests_view(spec, system) or {"tests": ()}):
        yield from (test.name for test in part["tests"] if test.alert == alert)
    for part in (objective_tests.view(spec, system) or {}).values():
        yield from (test.name for test in part["tests"] if any(alert in look for look in test.looks))


def _indented(text: str) -> Iterator[str]:
    yield from (f"  {line}" for line in text.splitlines())
