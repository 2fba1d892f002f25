"""The checks: what must hold between the parts of a spec. Each module of `checks` ends with the table of its own.

A check is a generator of `(path, message)` over one system or over the stack; its name is its code. What it finds is an
error, or a warning where the module's WARNINGS names it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from truegauge_spec.checks import alerts, dashboards, hygiene, metrics, routes, scrape, templates
from truegauge_spec.positions import Path
from truegauge_spec.problem import Problem
from truegauge_spec.spec import Spec
from truegauge_spec.system import System
from truegauge_spec.waivers import Finding, apply

Findings = Iterator[tuple[Path, str]]

SYSTEM_CHECKS: tuple[Callable[[Spec, System], Findings], ...] = (
    *metrics.CHECKS,
    *alerts.CHECKS,
    *templates.CHECKS,
    *dashboards.CHECKS,
    *scrape.CHECKS,
    *hygiene.WARNINGS,
)
STACK_CHECKS: tuple[Callable[[Spec], Findings], ...] = routes.CHECKS
WARNINGS: frozenset[str] = frozenset(found.__name__ for found in hygiene.WARNINGS)


def check(spec: Spec) -> list[Problem]:
    """Every problem that the checks find and the spec does not waive, in the order of the files."""
    codes = [found.__name__ for found in (*SYSTEM_CHECKS, *STACK_CHECKS)]
    return [
        spec.problem(found.system, found.path, found.message, found.code)._replace(severity=found.severity)
        for found in apply(spec, _findings(spec), codes)
    ]


def _findings(spec: Spec) -> Iterator[Finding]:
    for name, system in spec.systems.items():
        for found in SYSTEM_CHECKS:
            code = found.__name__
            severity = "warning" if code in WARNINGS else "error"
            for path, message in found(spec, system):
                yield Finding(name, path, message, code, severity)
    for stack_check in STACK_CHECKS:
        for path, message in stack_check(spec):
            yield Finding("", path, message, stack_check.__name__, "error")
