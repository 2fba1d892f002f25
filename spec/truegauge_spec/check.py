"""The checks: what must hold between the parts of a spec. Each module of `checks` ends with the table of its own.

A check is a generator of `(path, message)` over one system or over the stack; its name is its code. What it finds is an
error, unless SEVERITIES says otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from inspect import cleandoc

from truegauge_spec.checks import (
    alerts,
    dashboards,
    examples,
    expressions,
    hygiene,
    metrics,
    objectives,
    remedies,
    routes,
    scrape,
    templates,
)
from truegauge_spec.positions import Path
from truegauge_spec.problem import Problem
from truegauge_spec.promql.codes import CODES as EXPRESSION_CODES
from truegauge_spec.spec import Spec
from truegauge_spec.system import System
from truegauge_spec.waivers import Finding, apply

Findings = Iterator[tuple[Path, str]]

SYSTEM_CHECKS: tuple[Callable[[Spec, System], Findings], ...] = (
    *metrics.CHECKS,
    *alerts.CHECKS,
    *examples.CHECKS,
    *templates.CHECKS,
    *objectives.CHECKS,
    *dashboards.CHECKS,
    *scrape.CHECKS,
    *remedies.SYSTEM_CHECKS,
    *hygiene.WARNINGS,
    *hygiene.INFORMATION,
)
STACK_CHECKS: tuple[Callable[[Spec], Findings], ...] = (*routes.CHECKS, *remedies.STACK_CHECKS)
SEVERITIES = {
    **{found.__name__: "warning" for found in hygiene.WARNINGS},
    **{found.__name__: "information" for found in hygiene.INFORMATION},
}
"""Of checks that are advice; what the others find is an error."""


def check(spec: Spec) -> list[Problem]:
    """Every problem that the checks find and the spec does not waive, in the order of the files."""
    return [_problem(spec, found) for found in apply(spec, _findings(spec), codes())]


def codes() -> dict[str, str]:
    """The code of every check, with what must hold."""
    checks = {found.__name__: cleandoc(found.__doc__ or "") for found in (*SYSTEM_CHECKS, *STACK_CHECKS)}
    return checks | {code: known.doc for code, known in EXPRESSION_CODES.items()}


def _problem(spec: Spec, found: Finding) -> Problem:
    problem = spec.problem(found.system, found.path, found.message, found.code)._replace(severity=found.severity)
    if not found.text:
        return problem
    start, end = found.span
    position = spec.sources[found.system].positions.inside(found.path, found.text, start, end)
    return problem._replace(position=position, width=end - start)


def _findings(spec: Spec) -> Iterator[Finding]:
    for name, system in spec.systems.items():
        for found in SYSTEM_CHECKS:
            code = found.__name__
            severity = SEVERITIES.get(code, "error")
            for path, message in found(spec, system):
                yield Finding(name, path, message, code, severity)
    yield from expressions.findings(spec)
    for stack_check in STACK_CHECKS:
        for path, message in stack_check(spec):
            yield Finding("", path, message, stack_check.__name__, "error")
