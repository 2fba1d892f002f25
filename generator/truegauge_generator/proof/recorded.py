"""What is known of a record: series up to a time, and the value that a condition's record must have of them.

Nothing here reads PromQL: a quantile or a share is calculated from samples.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import NamedTuple

from truegauge_generator.conditions import sentence
from truegauge_generator.promql import Matchers
from truegauge_generator.proof.arithmetic import added, extrapolated, mean, quantile
from truegauge_generator.proof.sampled import Sampled
from truegauge_spec.condition import MetricCondition
from truegauge_spec.conditions import (
    Deviation,
    Increase,
    OlderThan,
    QuantileOf,
    Rate,
    RunsFull,
    ShareOfLimit,
    ShareOfTotal,
)
from truegauge_spec.quantities import convert, dimension
from truegauge_spec.system import System

Group = tuple[tuple[str, str], ...]


class Look(NamedTuple):
    """A time in milliseconds, and series with a sample each `interval`, so many of them up to that time."""

    series: list[Sampled]
    at: int
    interval: int
    samples: int

    @property
    def missing(self) -> int:
        """Samples that are left out before the first one."""
        return self.at // self.interval + 1 - self.samples

    def of(self, name: str, where: Matchers) -> list[Sampled]:
        """The series of that name that the matchers take."""
        return [one for one in self.series if one.name == name and one.within(where)]

    def last(self, one: Sampled) -> float:
        """The latest value."""
        return one.value(self.samples - 1)

    def window(self, one: Sampled, length: int, ago: int = 0) -> list[tuple[int, float]]:
        """The samples of a window that ended so long ago; its left edge is not part of it."""
        end = self.at - ago
        first = max((end - length) // self.interval + 1, self.missing)
        places = range(first, end // self.interval + 1)
        return [(place * self.interval, one.value(place - self.missing)) for place in places]

    def rate(self, one: Sampled, length: int) -> float:
        """The rate per second of a counter."""
        return extrapolated(self.window(one, length), self.at, length, counter=True, per_second=True) or 0.0

    def increase(self, one: Sampled, length: int) -> float:
        """The increase of a counter."""
        return extrapolated(self.window(one, length), self.at, length, counter=True, per_second=False) or 0.0


class Recorded(NamedTuple):
    """A record: how it is worked out, in words and of a look; its window, and how much earlier another one is."""

    name: str
    how: str
    window: int
    lead: int
    metrics: tuple[str, ...]
    values: Callable[[Look], dict[Group, float]]


def grouped(found: Iterable[tuple[Sampled, float]], labels: Iterable[str]) -> dict[Group, list[float]]:
    """The values of series by those of their labels that remain."""
    names = sorted(labels)
    groups: dict[Group, list[float]] = {}
    for one, value in found:
        groups.setdefault(tuple((name, one.labels[name]) for name in names), []).append(value)
    return groups


Values = Callable[[Look], dict[Group, float]]


def of_condition(name: str, when: MetricCondition, system: System) -> Recorded:
    """The record of a condition's value, by its name."""
    metric = system.metrics.get(when.metric)
    labels = when.labels(metric.labels if metric else ())
    series = tuple(one for each in when.metrics for one in (system.metrics[each].series(each)))
    values: Values = lambda look: _CONDITIONS[type(when)](when, system, labels, look)  # noqa: E731
    return Recorded(name, sentence(when, system), when.window, _past(when), series, values)


def _past(when: MetricCondition) -> int:
    """How much earlier the samples lie that it also looks at; an age is of one sample."""
    return when.lead if isinstance(when, Deviation) else 0


def _quantile(when: QuantileOf, system: System, labels: tuple[str, ...], look: Look) -> dict[Group, float]:
    buckets = look.of(f"{when.metric}_bucket", when.where)
    bounds = grouped(((one, look.rate(one, when.over)) for one in buckets), (*labels, "le"))
    found: dict[Group, list[tuple[float, float]]] = {}
    for group, rates in bounds.items():
        rest = tuple(pair for pair in group if pair[0] != "le")
        found.setdefault(rest, []).append((float(dict(group)["le"]), added(rates)))
    return {group: quantile(when.quantile, some) for group, some in found.items()}


def _each(look: Look, when: MetricCondition, value: Callable[[Sampled], float | None]) -> dict[Group, float]:
    """The value of each series that has one."""
    found = ((tuple(sorted(one.labels.items())), value(one)) for one in look.of(when.metric, when.where))
    return {group: one for group, one in found if one is not None}


def _share_of_limit(
    when: ShareOfLimit | RunsFull, system: System, labels: tuple[str, ...], look: Look
) -> dict[Group, float]:
    limits = {tuple(sorted(one.labels.items())): look.last(one) for one in look.of(when.limit, when.where)}
    used = _each(look, when, look.last)
    return {group: value / limits[group] for group, value in used.items() if limits.get(group, 0) > 0}


def _share_of_total(when: ShareOfTotal, system: System, labels: tuple[str, ...], look: Look) -> dict[Group, float]:
    gained = {
        metric: grouped(((one, look.increase(one, when.over)) for one in look.of(metric, when.where)), labels)
        for metric in when.share_of
    }
    totals = {
        group: added([added(each[group]) for each in gained.values()])
        for group in gained[when.metric]
        if all(group in each for each in gained.values())
    }
    return {group: added(gained[when.metric][group]) / total for group, total in totals.items() if total > 0}


def _increase(when: Increase, system: System, labels: tuple[str, ...], look: Look) -> dict[Group, float]:
    gained = _each(look, when, lambda one: look.increase(one, when.increase_over))
    if dimension(system.metrics[when.metric].unit) in ("time", "bytes", "ratio"):
        return gained
    return {group: float(math.floor(value)) for group, value in gained.items()}


def _deviation(when: Deviation, system: System, labels: tuple[str, ...], look: Look) -> dict[Group, float]:
    floor = float(convert(when.floor, system.metrics[when.metric].unit))

    def deviation(one: Sampled) -> float | None:
        now, past = (mean([value for _, value in look.window(one, when.deviates_over, ago)]) for ago in (0, when.from_))
        return abs(now - past) / past if past >= floor else None

    return _each(look, when, deviation)


def _age(when: OlderThan, system: System, labels: tuple[str, ...], look: Look) -> dict[Group, float]:
    return _each(look, when, lambda one: look.at / 1000 - look.last(one) if look.last(one) > 0 else None)


_CONDITIONS: dict[type[MetricCondition], Callable[..., dict[Group, float]]] = {
    QuantileOf: _quantile,
    ShareOfLimit: _share_of_limit,
    RunsFull: _share_of_limit,
    ShareOfTotal: _share_of_total,
    Increase: _increase,
    Rate: lambda when, system, labels, look: _each(look, when, lambda one: look.rate(one, when.rate_over)),
    Deviation: _deviation,
    OlderThan: _age,
}
