"""Every rendered expression, of rules and panels, typed against what the exporters expose and the rules record."""

from __future__ import annotations

import json
from collections.abc import Iterator

from truegauge_generator.targets import dashboard, objectives, rules, spec_drift
from truegauge_spec import Problem, Spec
from truegauge_spec.checks.expressions import Expression
from truegauge_spec.positions import Path
from truegauge_spec.promql.catalogue import Catalogue, Record, catalogue
from truegauge_spec.promql.infer import infer
from truegauge_spec.system import System


def rendered(spec: Spec) -> Iterator[Expression]:
    """The expressions of all rules and panels."""
    for name, system in spec.systems.items():
        for path, rule in _rules(spec, system):
            yield Expression(name, path, rule.expr, rule.kind == "alert")
        for text in dashboard.view(spec, system).values():
            for panel in json.loads(text)["panels"]:
                for target in panel.get("targets", ()):
                    yield Expression(name, ("dashboard",), target["expr"], False)


def _rules(spec: Spec, system: System) -> Iterator[tuple[Path, rules.Rule]]:
    """Every rule of a system, with what it is rendered from."""
    for _, group in (rules.view(spec, system) or {"groups": []})["groups"]:
        for rule in group:
            yield ("alerts", rule.name, "when") if rule.kind == "alert" else ("alerts",), rule
    for name in system.objectives:
        for _, group in objectives.groups(spec, system, name):
            yield from ((("objectives", name), rule) for rule in group)
    for _, group in (spec_drift.view(spec, system) or {"groups": []})["groups"]:
        yield from ((("system",), rule) for rule in group)


def recorded(spec: Spec) -> Catalogue:
    """The series that are exposed, and those that the rendered rules record."""
    records = [
        Record(rule.name, rule.expr, rule.labels)
        for system in spec.systems.values()
        for _, rule in _rules(spec, system)
        if rule.kind == "record"
    ]
    return catalogue(spec, None, records)


def problems(spec: Spec) -> tuple[int, list[Problem]]:
    """How many expressions there are, and what is wrong with those that come from conditions and metrics."""
    known = recorded(spec)
    found, count = [], 0
    for one in rendered(spec):
        count += 1
        for finding in infer(one.text, known, one.alert).findings:
            if finding.severity == "error":
                message = f"{finding.message}, in `{' '.join(one.text.split())}`"
                found.append(spec.problem(one.system, one.path, message, finding.code))
    return count, found
