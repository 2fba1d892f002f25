"""Boundary cases: the series that bring an alert's condition just below, to, and just above its threshold.

Times are in steps of one evaluation. No case looks at the edge of a window: Prometheus 3 leaves its left edge out.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from truegauge_generator.conditions import Driver, kind, step, threshold, unit
from truegauge_generator.literals import Literal, word
from truegauge_generator.promql import selector
from truegauge_spec.conditions import Threshold
from truegauge_spec.metric import Metric
from truegauge_spec.names import SCRAPE_METRICS, TARGET_LABELS
from truegauge_spec.quantities import duration, numeral
from truegauge_spec.system import System

STEPS = (60_000, 30_000, 15_000, 10_000, 5_000, 2_000, 1_000)
LEAD = 3
"""Steps before a counter jumps, so that its series exists at zero first."""


class Look(NamedTuple):
    """At a time, printed as a duration, the alert fires or is silent."""

    at: Literal
    fires: bool


class Case(NamedTuple):
    """The values of each series of a plan, in promtool's notation, and what is expected of the alert when."""

    name: str
    values: list[str]
    looks: tuple[Look, ...]


class Plan(NamedTuple):
    """The cases of one alert: the series that they all have, the labels of its result, and its value when it fires."""

    series: list[str]
    labels: dict[str, str]
    value: float
    cases: tuple[Case, ...]


class Timeline(NamedTuple):
    """How many steps a case holds each level, and when to look."""

    held: int
    recovering: int
    silent: tuple[Look, ...]
    firing: tuple[Look, ...]
    recovered: tuple[Look, ...]


def evaluation_step(system: System) -> int:
    """Milliseconds between evaluations in tests: as coarse as the shortest `for` and a fifth of the windows allow."""
    bounds = [15_000]
    for alert in system.alerts.values():
        bounds += [alert.for_] if alert.for_ else []
        if isinstance(alert.when, Threshold) and (window := alert.when.window):
            bounds.append(window // 5)
    return next((candidate for candidate in STEPS if candidate <= min(bounds)), STEPS[-1])


def plan(system: System, when: Threshold, wait: int, keep: int, size: int) -> Plan:
    """The cases of a condition with `for` and `keep_firing_for`; these and `size`, the step, are in milliseconds."""
    limit = threshold(when, system)
    side, off = "above", step(limit, unit(when, system))
    if when.above is None:
        side, off = "below", -off
    drivers = kind(when).drivers
    safe, at, breach = [drivers(when, system, level) for level in (limit - off, limit, limit + off)]
    times = timeline(breach[0].mode, when.window, wait, keep, size)
    held, number = times.held, str(when.threshold)
    fires = [_held(driver, held) for driver in breach]
    recovers = [f"{before} {_then(high, low, times)}" for before, high, low in zip(fires, breach, safe, strict=True)]
    cases = (
        Case(f"just short of {number} stays silent", [_held(driver, held) for driver in safe], times.silent),
        Case(f"at {number} stays silent", [_held(driver, held) for driver in at], times.silent),
        Case(f"{side} {number} fires", fires, times.firing),
        Case(f"no longer {side} {number} recovers", recovers, times.recovered),
    )
    labels = sample_labels(system, when)
    series = [_series(labels, driver) for driver in safe]
    metric = system.metrics.get(when.metric)
    seen = {label: labels[label] for label in when.labels(metric.labels if metric else ())}
    return Plan(series, seen, float(limit + off), cases)


@lru_cache(maxsize=4096)
def timeline(mode: str, window: int, wait: int, keep: int, size: int) -> Timeline:
    """When a condition of that window, `for` and `keep_firing_for` must have fired, and recovered."""
    steps, waits, keeps = -(-window // size), -(-wait // size), -(-keep // size)
    fires = (LEAD + 1 if mode == "jump" else steps + 1) + waits + 1
    recovered = fires + max(steps, LEAD) + keeps + LEAD

    def look(when: int, firing: bool) -> Look:
        return Look(word(duration(when * size)), firing)

    early = [look(waits - 1, False)] if waits > 1 else []
    silent, firing = look(fires, False), look(fires, True)
    return Timeline(fires, recovered - fires - 1, (silent,), (*early, firing), (firing, look(recovered, False)))


def sample_labels(system: System, when: Threshold) -> dict[str, str]:
    """One value for each label of the condition's series."""
    metric = system.metrics.get(when.metric)
    address = next(iter(system.scrape.targets), "host-1:9187")
    own = {label: _sample(metric, label, when.where.get(label)) for label in metric.labels} if metric else {}
    chosen = {label: values if isinstance(values, str) else values[0] for label, values in when.where.items()}
    return {"job": system.system, "instance": address, **own, **chosen}


def _sample(metric: Metric, label: str, chosen: str | tuple[str, ...] | None) -> str:
    if chosen is not None:
        return chosen if isinstance(chosen, str) else chosen[0]
    known = metric.labels[label]
    return known[0] if isinstance(known, tuple) else f"{label}-1"


def _series(labels: dict[str, str], driver: Driver) -> str:
    own = {label: labels[label] for label in TARGET_LABELS} if driver.metric in SCRAPE_METRICS else labels
    return selector(driver.metric, {**own, **driver.labels})


def _held(driver: Driver, steps: int) -> str:
    """promtool's notation for a series at one level: `4x20`, `0+5x20`, and for a jump `0x2 6x18`."""
    amount = numeral(driver.amount)
    if driver.mode == "hold":
        return f"{amount}x{steps}"
    if driver.mode == "gain":
        return f"0+{amount}x{steps}" if driver.amount else f"0x{steps}"
    return f"0x{LEAD - 1} {amount}x{steps - LEAD}"


def _then(high: Driver, low: Driver, times: Timeline) -> str:
    """How the series goes on from `high` to `low`; a counter never falls, so it only gains less, or stays."""
    if high.mode == "gain":
        gain = int(low.amount)
        start = int(high.amount) * times.held + gain
        return f"{start}+{gain}x{times.recovering}" if gain else f"{start}x{times.recovering}"
    return f"{numeral((low if high.mode == 'hold' else high).amount)}x{times.recovering}"
