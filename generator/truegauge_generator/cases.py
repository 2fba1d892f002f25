"""Boundary cases: the series that bring an alert's condition just below, to, and just above its threshold.

Times are in steps of one evaluation. No case looks at the edge of a window: Prometheus 3 leaves its left edge out.
"""

from __future__ import annotations

from decimal import Decimal
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
    values: tuple[str, ...]
    looks: tuple[Look, ...]


class Plan(NamedTuple):
    """The cases of one alert: the series that they all have, the labels of its result, and its value when it fires."""

    series: list[str]
    labels: dict[str, str]
    value: float
    cases: tuple[Case, ...]


Amounts = tuple[tuple[str, Decimal], ...]
"""What each series does at a level: its mode and amount."""


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
    upwards = when.above is not None
    off = step(limit, unit(when, system)) if upwards else -step(limit, unit(when, system))
    drivers = [kind(when).drivers(when, system, level) for level in (limit - off, limit, limit + off)]
    safe, at, breach = (tuple((driver.mode, driver.amount) for driver in level) for level in drivers)
    steps = (-(-when.window // size), -(-wait // size), -(-keep // size))
    cases = _cases("above" if upwards else "below", str(when.threshold), (safe, at, breach), steps, size)
    labels = sample_labels(system, when)
    series = [_series(labels, driver) for driver in drivers[0]]
    metric = system.metrics.get(when.metric)
    seen = {label: labels[label] for label in when.labels(metric.labels if metric else ())}
    return Plan(series, seen, float(limit + off), cases)


@lru_cache(maxsize=4096)
def _cases(
    side: str, number: str, levels: tuple[Amounts, Amounts, Amounts], steps: tuple[int, int, int], size: int
) -> tuple[Case, ...]:
    """Just short, at, beyond and recovered. `steps` are the window, the wait and what keeps firing."""
    safe, at, breach = levels
    window, wait, keep = steps
    settled = LEAD + 1 if breach[0][0] == "jump" else window + 1
    fires = settled + wait + 1
    recovered = fires + max(window, LEAD) + keep + LEAD

    def look(when: int, firing: bool) -> Look:
        return Look(word(duration(when * size)), firing)

    def case(name: str, phases: list[Amounts], looks: list[Look]) -> Case:
        lengths = [fires + 1, recovered - fires][: len(phases)]
        return Case(name, tuple(_values(same, lengths) for same in zip(*phases, strict=True)), tuple(looks))

    early = [look(wait - 1, False)] if wait > 1 else []
    silent, firing = look(fires, False), look(fires, True)
    return (
        case(f"just short of {number} stays silent", [safe], [silent]),
        case(f"at {number} stays silent", [at], [silent]),
        case(f"{side} {number} fires", [breach], [*early, firing]),
        case(f"no longer {side} {number} recovers", [breach, safe], [firing, look(recovered, False)]),
    )


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


def _values(phases: Amounts, lengths: list[int]) -> str:
    """promtool's notation for one series that passes through phases of so many steps: `0+5x20`, `0x2 6x30`."""
    total = 0
    parts: list[str] = []
    for phase, ((mode, amount), length) in enumerate(zip(phases, lengths, strict=True)):
        if mode == "hold":
            parts.append(f"{numeral(amount)}x{length - 1}")
        elif mode == "gain":
            gain = int(amount)
            start = total + gain if phase else 0
            parts.append(f"{start}+{gain}x{length - 1}" if gain else f"{start}x{length - 1}")
            total = start + gain * (length - 1)
        elif phase:
            parts.append(f"{numeral(phases[0][1])}x{length - 1}")
        else:
            parts.append(f"0x{LEAD - 1} {numeral(amount)}x{length - LEAD - 1}")
    return " ".join(parts)
