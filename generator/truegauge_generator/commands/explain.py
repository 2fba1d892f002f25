"""`truegauge explain`: what a code means, or what an alert says, where it is rendered and what proves it."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator

from truegauge_generator.cli import Result
from truegauge_generator.codes import CODES as TOOL_CODES
from truegauge_generator.expressions import recorded
from truegauge_generator.render import render
from truegauge_generator.targets.docs import fires_when
from truegauge_generator.targets.rules import alerting_rules
from truegauge_generator.targets.unit_tests import view as unit_tests
from truegauge_spec import Position, Problem, Spec, SpecError, load
from truegauge_spec import check as checks
from truegauge_spec.codes import CODES
from truegauge_spec.names import nearest
from truegauge_spec.promql.infer import infer
from truegauge_spec.system import System


def run(options: Namespace) -> Result:
    """Explain a code, which needs no spec, or an alert of the spec."""
    meanings = codes()
    if options.topic in meanings:
        return Result([f"{options.topic}: {meanings[options.topic]}"], (), {"meaning": meanings[options.topic]})
    try:
        spec = load(options.spec)
    except SpecError as error:
        return Result((), error.problems)
    found = [system for system in spec.systems.values() if options.topic in system.alerts]
    if not found:
        alerts = [name for system in spec.systems.values() for name in system.alerts]
        message = (
            f"there is neither an alert nor a code {options.topic!r}{nearest(options.topic, [*alerts, *meanings])}"
        )
        return Result((), [Problem(Position(options.spec), message, "unknown_topic")])
    return Result([line for system in found for line in _alert(spec, system, options.topic)])


def codes() -> dict[str, str]:
    """Every code with its meaning."""
    return {**CODES, **TOOL_CODES, **checks.codes()}


def _alert(spec: Spec, system: System, name: str) -> Iterator[str]:
    alert = system.alerts[name]
    when = next(when for rule, when in alerting_rules(spec, system.system) if rule.name == name)
    place = spec.position(system.system, ("alerts", name))
    yield f"{name} of {system.system}, {alert.severity}, declared at {place}"
    yield f"\n{fires_when(alert, when)}\n".replace("`", "")
    yield from _indented(when.expr)
    if when.record:
        yield f"\nwhere {when.record} is"
        yield from _indented(when.recorded)
    yield "\nThe types of its parts:"
    known = recorded(spec)
    for text in filter(None, (when.recorded, when.expr)):
        yield from (f"  {' '.join(part.text.split())}: {part.type}" for part in infer(text, known).parts)
    yield "\nIt is rendered in"
    yield from (f"  {path}" for path, text in render(spec).items() if name in text)
    tests = [test.name for part in unit_tests(spec, system).values() for test in part["tests"] if test.alert == name]
    yield "\nand proven by" if tests else "\nNo test proves it: give `examples:` beside its `expr:`."
    yield from (f"  {test}" for test in tests)


def _indented(text: str) -> Iterator[str]:
    yield from (f"  {line}" for line in text.splitlines())
