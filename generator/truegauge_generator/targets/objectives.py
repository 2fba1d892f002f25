"""The rules of objectives: what is recorded by window, and the alerts that page or open a ticket."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from truegauge_generator.links import dashboard_page, runbook_url
from truegauge_generator.objectives import (
    LONG,
    SHORT,
    Recording,
    budget,
    burn_rate,
    burns_too_fast,
    by_window,
    identity,
)
from truegauge_generator.targets.rules import Rule
from truegauge_spec import Spec
from truegauge_spec.objectives import ALERTS, Objective
from truegauge_spec.quantities import duration
from truegauge_spec.system import System

OFTEN, SELDOM = 30_000, 120_000
"""How often short and long windows are evaluated: a tenth of the shortest window, and well within the five minutes for
which Prometheus sees a sample, so that samples of days are not read each second."""


def view(spec: Spec, system: System) -> dict[str, Any] | None:
    """Two groups for each objective, of the short windows and of the long ones; None without an objective."""
    if not system.objectives:
        return None
    named, least = [group for name in system.objectives for group in groups(spec, system, name)], (OFTEN, SELDOM)
    often = spec.prometheus.evaluation_interval
    intervals = {name: duration(max(least[index % 2], often)) for index, (name, _) in enumerate(named)}
    return {"system": system.system, "groups": named, "intervals": intervals}


def groups(spec: Spec, system: System, name: str) -> tuple[tuple[str, list[Rule]], tuple[str, list[Rule]]]:
    """An objective's groups, in the order in which they need each other."""
    over = system.objectives[name].over
    short = [*_windows(system, name, SHORT), burn_rate(system, name)]
    long = [*_windows(system, name, (*LONG, over) if over not in LONG else LONG), *budget(system, name)]
    page, ticket = alerting_rules(spec, system.system, name)
    return (
        (f"{system.system}-{name}", [*(_recorded(system, name, one) for one in short), page]),
        (f"{system.system}-{name}-long", [*(_recorded(system, name, one) for one in long), ticket]),
    )


def _windows(system: System, name: str, windows: tuple[int, ...]) -> Iterator[Recording]:
    for window in windows:
        yield from by_window(system, name, window)


def _recorded(system: System, name: str, one: Recording) -> Rule:
    return Rule("record", one.name, one.expr, "", "", {**identity(system, name), **one.labels}, {})


@lru_cache(maxsize=256)
def alerting_rules(spec: Spec, system_name: str, name: str) -> tuple[Rule, Rule]:
    """An objective's page and its ticket."""
    system = spec.systems[system_name]
    objective = system.objectives[name]
    texts = {"summary": objective.summary, "description": described(objective)}
    links = {
        "runbook_url": runbook_url(spec, system_name, name),
        "dashboard_url": dashboard_page(spec, system_name),
    }
    annotations = texts | {key: url for key, url in links.items() if url}
    page, ticket = (
        Rule(
            "alert",
            f"{name}{suffix}",
            burns_too_fast(system, name, alert),
            "",
            "",
            {"severity": objective.page if alert == "page" else objective.ticket, **objective.labels},
            annotations,
        )
        for alert, suffix in ALERTS.items()
    )
    return page, ticket


def described(objective: Objective) -> str:
    """What burns the budget, with the value at hand."""
    latency = objective.latency
    bad = f"of {latency.metric} took longer than {latency.within}" if latency else "of the events were bad"
    return (
        f"{{{{ $value | humanizePercentage }}}} {bad} within {{{{ $labels.window }}}}; "
        f"{objective.target} over {duration(objective.over)} allows {objective.allowed}."
    )
