"""Boundary cases: the series that bring an alert's condition just below, to, and just above its threshold.

Times are in steps of one evaluation. No case looks at the edge of a window: Prometheus 3 leaves its left edge out.
"""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from truegauge_generator.conditions import Guarded, Pace, compared, course, step, threshold, unit
from truegauge_generator.literals import Literal, word
from truegauge_generator.promql import selector
from truegauge_generator.series import LEAD, Span, held, in_steps, just_short, rates, then
from truegauge_spec.condition import MetricCondition
from truegauge_spec.metric import Metric
from truegauge_spec.names import SCRAPE_METRICS, TARGET_LABELS
from truegauge_spec.quantities import duration
from truegauge_spec.system import System

NEAR = 10_000
"""The part of a test's step to a threshold that a worked-out value may stay away from it and still count as at it."""
STEPS = (60_000, 30_000, 15_000, 10_000, 5_000, 2_000, 1_000)
LONG = 3_600_000
"""Milliseconds of looking back from which on an alert has test steps of its own."""
MOST, LATER = 500, 8
"""The most and the fewest steps that a test takes back to the past."""


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
    """The steps of a condition's cases, and when to look."""

    span: Span
    silent: tuple[Look, ...]
    firing: tuple[Look, ...]
    recovered: tuple[Look, ...]


def evaluation_steps(system: System) -> dict[str, int]:
    """Milliseconds between evaluations in the tests of each alert.

    All alerts share a step as coarse as the shortest `for` and a fifth of the windows allow. One that looks back for
    an hour or more has a step of its own, since its tests would take too long.
    """
    bounds, own = [15_000], {}
    for name, alert in system.alerts.items():
        when = alert.when
        if isinstance(when, MetricCondition) and when.window + when.lead >= LONG:
            own[name] = own_step(when)
            continue
        bounds += [alert.for_] if alert.for_ else []
        if isinstance(when, MetricCondition) and when.window:
            bounds.append(when.window // 5)
    shared = next((candidate for candidate in STEPS if candidate <= min(bounds)), STEPS[-1])
    return {name: own.get(name, shared) for name in system.alerts}


def own_step(when: MetricCondition) -> int:
    """A part of the window that divides it, in whole seconds; of a past that would take too many, a part of that."""
    window, lead = (when.window or when.lead) // 1000, when.lead // 1000
    most = max(min(window // when.parts, lead // LATER if lead else window), 1)
    size = next((step for step in range(most, 0, -1) if window % step == 0), 1)
    if size * MOST < lead:
        size = next(step for step in range(lead // MOST, lead + 1) if lead % step == 0)
    return size * 1000


def plan(system: System, when: MetricCondition, wait: int, keep: int, size: int) -> Plan:
    """The cases of a condition with `for` and `keep_firing_for`; these and `size`, the step, are in milliseconds."""
    labels = sample_labels(system, when)
    metric = system.metrics.get(when.metric)
    seen = {label: labels[label] for label in when.labels(metric.labels if metric else ())}
    if when.threshold is not None:
        return boundary(system, when, (wait, keep, size), labels, seen)
    steps = [-(-span // size) for span in (when.window, wait, keep)]
    value, scenarios = course(when).story(when, system, Pace(steps[0], steps[1], steps[2], size))
    return Plan(
        [_series(labels, name, {}) for name in scenarios[0].values],
        seen,
        value,
        tuple(
            Case(name, list(values.values()), tuple(_look(step, size, fires) for step, fires in looks))
            for name, values, looks in scenarios
        ),
    )


def boundary(
    system: System, when: MetricCondition, times: tuple[int, int, int], labels: dict[str, str], seen: dict[str, str]
) -> Plan:
    """The cases just short of, at, beyond and back from a threshold."""
    limit, size = threshold(when, system), times[2]
    side, off = "above", step(limit, unit(when, system))
    if when.most is not None:
        off = min(off, (when.most - limit) / 2)
    if when.whole:
        off = max(off // 1, Decimal(1))
    if not when.upwards:
        side, off = "below", -off
    kind = compared(when)
    levels = [kind.drivers(when, system, level) for level in (limit - off, limit, limit + off)]
    value = float(limit + off)
    mode = levels[0][0].mode
    if mode == "gain":
        # What Prometheus works out from rates may be a last bit off, so these come within a millionth of the limit.
        levels[1] = kind.drivers(when, system, limit - off / NEAR)
    line = timeline(mode, when.lead, when.window, *times)
    span = line.span
    if mode == "flow":
        burst = 0 if when.upwards else 2 * when.window // size + 2
        levels = [[in_steps(driver, size, burst) for driver in level] for level in levels]
        (at,), (beyond,) = levels[1], levels[2]
        levels[1] = [just_short(at, limit, when.upwards, rates(at, when.window, span))]
        value = rates(beyond, when.window, span)[-1]
    safe, level, breach = levels
    number = str(when.threshold)
    fires = [held(driver, span) for driver in breach]
    recovers = [f"{before} {then(high, low, span)}" for before, high, low in zip(fires, breach, safe, strict=True)]
    cases: tuple[Case, ...] = (
        Case(f"just short of {number} stays silent", [held(driver, span) for driver in safe], line.silent),
        Case(f"at {number} stays silent", [held(driver, span) for driver in level], line.silent),
        Case(f"{side} {number} fires", fires, line.firing),
        Case(f"no longer {side} {number} recovers", recovers, line.recovered),
    )
    if isinstance(kind, Guarded) and (guarded := kind.silent(when, system, limit - off, limit + off)):
        name, drivers = guarded
        line = timeline(drivers[0].mode, when.lead, when.window, *times)
        cases += (Case(f"{name} stays silent", [held(driver, line.span) for driver in drivers], line.silent),)
    series = [_series(labels, driver.metric, driver.labels) for driver in safe]
    return Plan(series, seen, value, cases)


@lru_cache(maxsize=4096)
def timeline(mode: str, lead: int, window: int, wait: int, keep: int, size: int) -> Timeline:
    """When a condition of that window, `for` and `keep_firing_for` must have fired, and recovered."""
    start, steps, waits, keeps = (-(-span // size) for span in (lead, window, wait, keep))
    settled = LEAD + 1 if mode == "jump" else 1 if mode == "mean" and window % size == 0 else steps + 1
    fires = start + settled + waits + 1
    recovered = fires + max(steps, LEAD) + keeps + LEAD
    early = (_look(start + waits - 1, size, False),) if waits > 1 else ()
    silent, firing = _look(fires, size, False), _look(fires, size, True)
    span = Span(start, fires, recovered - fires - 1, 1 if window % size else max(steps, 1), size)
    return Timeline(span, (silent,), (*early, firing), (firing, _look(recovered, size, False)))


def _look(step: int, size: int, fires: bool) -> Look:
    return Look(word(duration(step * size)), fires)


def sample_labels(system: System, when: MetricCondition) -> dict[str, str]:
    """One value for each label of the condition's series."""
    metric = system.metrics.get(when.metric)
    address = next(iter(system.scrape.targets), "host-1:9187")
    own = {label: _sample(metric, label, when.where.get(label)) for label in metric.labels} if metric else {}
    chosen = {label: values if isinstance(values, str) else values[0] for label, values in when.selects.items()}
    if not when.per_target:
        return {"job": system.system, "system": system.system, **chosen}
    return {"job": system.system, "instance": address, **own, **chosen}


def _sample(metric: Metric, label: str, chosen: str | tuple[str, ...] | None) -> str:
    if chosen is not None:
        return chosen if isinstance(chosen, str) else chosen[0]
    known = metric.labels[label]
    return known[0] if isinstance(known, tuple) else f"{label}-1"


def _series(labels: dict[str, str], name: str, more: dict[str, str]) -> str:
    own = {label: labels[label] for label in TARGET_LABELS} if name in SCRAPE_METRICS else labels
    return selector(name, {**own, **more})
