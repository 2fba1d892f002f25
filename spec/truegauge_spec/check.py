"""The checks: what must hold between the parts of a spec. CHECKS lists them all.

A check is a generator of `(path, message)` over one system or over the stack; its name is its code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from truegauge_spec.checks.alerts import (
    condition_type,
    duplicate_labels,
    quantile_bucket,
    share_labels,
    threshold_unit,
    unknown_label,
    unknown_metric,
)
from truegauge_spec.checks.annotations import template
from truegauge_spec.checks.dashboards import panel_label, unknown_panel
from truegauge_spec.checks.metrics import (
    colliding_series,
    measure,
    metric_unit,
    reserved_label,
    unknown_instance_label,
)
from truegauge_spec.checks.routes import unknown_receiver, unused_receiver
from truegauge_spec.checks.scrape import scrape_address, scrape_interval
from truegauge_spec.positions import Path
from truegauge_spec.problem import Problem
from truegauge_spec.spec import Spec
from truegauge_spec.system import System

Findings = Iterator[tuple[Path, str]]

SYSTEM_CHECKS: tuple[Callable[[Spec, System], Findings], ...] = (
    reserved_label,
    colliding_series,
    measure,
    metric_unit,
    unknown_instance_label,
    unknown_metric,
    condition_type,
    threshold_unit,
    quantile_bucket,
    share_labels,
    unknown_label,
    duplicate_labels,
    template,
    unknown_panel,
    panel_label,
    scrape_address,
    scrape_interval,
)
STACK_CHECKS: tuple[Callable[[Spec], Findings], ...] = (unknown_receiver, unused_receiver)


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
