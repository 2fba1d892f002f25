"""The checks: what must hold between the parts of a spec. Each module of `checks` ends with the table of its own.

A check is a generator of `(path, message)` over one system or over the stack; its name is its code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from truegauge_spec.checks import alerts, dashboards, metrics, routes, scrape, templates
from truegauge_spec.positions import Path
from truegauge_spec.problem import Problem
from truegauge_spec.spec import Spec
from truegauge_spec.system import System

Findings = Iterator[tuple[Path, str]]

SYSTEM_CHECKS: tuple[Callable[[Spec, System], Findings], ...] = (
    *metrics.CHECKS,
    *alerts.CHECKS,
    *templates.CHECKS,
    *dashboards.CHECKS,
    *scrape.CHECKS,
)
STACK_CHECKS: tuple[Callable[[Spec], Findings], ...] = routes.CHECKS


def check(spec: Spec) -> list[Problem]:
    """Every problem that the checks find, in the order of the files."""
    problems = [
        spec.problem(name, path, message, found.__name__)
        for name, system in spec.systems.items()
        for found in SYSTEM_CHECKS
        for path, message in found(spec, system)
    ]
    problems += [
        spec.problem("", path, message, found.__name__) for found in STACK_CHECKS for path, message in found(spec)
    ]
    return problems
