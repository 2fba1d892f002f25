"""Every alert of a spec: those that it declares, those of its objectives, and SpecDrift."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from truegauge_generator.conditions import Spelled
from truegauge_generator.targets import objectives, rules, spec_drift
from truegauge_generator.targets.rules import Rule
from truegauge_spec import Spec
from truegauge_spec.objectives import ALERTS
from truegauge_spec.positions import Path


class Rendered(NamedTuple):
    """An alert's rule, and where the spec has what it is rendered from."""

    system: str
    path: Path
    rule: Rule
    when: Spelled | None = None
    """The condition, of an alert that the spec declares."""
    burn: str = ""
    """`page` or `ticket`, of an objective's alert."""


@lru_cache(maxsize=8)
def alerts(spec: Spec) -> tuple[Rendered, ...]:
    """Every alert, system by system."""
    return tuple(one for name in spec.systems for one in _of(spec, name))


def _of(spec: Spec, name: str) -> Iterator[Rendered]:
    system = spec.systems[name]
    for rule, when in rules.alerting_rules(spec, name):
        yield Rendered(name, ("alerts", rule.name), rule, when=when)
    for objective in system.objectives:
        for burn, rule in zip(ALERTS, objectives.alerting_rules(spec, name, objective), strict=True):
            yield Rendered(name, ("objectives", objective), rule, burn=burn)
    if spec_drift.watched(system):
        yield Rendered(name, ("system",), spec_drift.alerting_rule(spec, name))


@lru_cache(maxsize=8)
def places(spec: Spec) -> dict[str, tuple[str, Path]]:
    """Where the spec declares alerts and objectives, by their names and those of the objectives' alerts."""
    found: dict[str, tuple[str, Path]] = {}
    for one in alerts(spec):
        if one.path[0] != "system":
            found[one.rule.name] = found[str(one.path[1])] = (one.system, one.path)
    return found
