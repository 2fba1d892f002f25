"""Series of every metric of a system, each with a course of its own, so that none can be taken for another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from itertools import product
from typing import NamedTuple

from truegauge_generator.objectives import le
from truegauge_generator.promql import Matchers, selector
from truegauge_spec.conditions import Deviation
from truegauge_spec.metric import Metric
from truegauge_spec.objectives import Events, Objective
from truegauge_spec.quantities import convert, numeral
from truegauge_spec.system import System

INSTANCES = ("a:1", "b:2")
INSIDE = 100
"""Observations in a bucket with each sample; beyond the last bound there is one."""


class Sampled(NamedTuple):
    """A series that starts at a value and gains more with each sample, so that each window of it is another.

    After `reset` samples, if there is one, it starts again.
    """

    name: str
    labels: dict[str, str]
    start: Decimal
    gain: Decimal
    curve: Decimal
    is_gauge: bool = False
    reset: int = 0

    def within(self, matchers: Matchers) -> bool:
        """Whether the matchers take it."""
        return all(self.labels.get(label) in _several(values) for label, values in matchers.items())

    def value(self, sample: int) -> float:
        """The value of a sample."""
        return float(self._exactly(sample))

    def _exactly(self, sample: int) -> Decimal:
        sample -= self.reset if self.reset and sample >= self.reset else 0
        # Of a plain square, the increase over a full window would be whole.
        return self.start + self.gain * sample + self.curve * (sample * sample // 5)

    def printed(self, samples: int, missing: int = 0) -> dict[str, str]:
        """As promtool reads it, after so many samples that are missing."""
        ahead = f"_x{missing} " if missing else ""
        values = ahead + " ".join(numeral(self._exactly(sample)) for sample in range(samples))
        return {"series": selector(self.name, dict(sorted(self.labels.items()))), "values": values}


def _several(values: str | tuple[str, ...]) -> tuple[str, ...]:
    return (values,) if isinstance(values, str) else values


def series_of(system: System, job: str) -> Iterator[Sampled]:
    """Series of every metric of a system, those among them that its conditions and objectives select."""
    chosen: dict[str, list[Matchers]] = {}
    floors: dict[str, Decimal] = {}
    for _, when in system.conditions:
        for name in when.metrics:
            chosen.setdefault(name, []).append(when.where)
        if isinstance(when, Deviation):
            floor = convert(when.floor, system.metrics[when.metric].unit)
            floors[when.metric] = max(floors.get(when.metric, floor), floor)
    for objective in system.objectives.values():
        for events in events_of(objective):
            chosen.setdefault(events.metric, []).append(events.where)
    for place, (name, metric) in enumerate(system.metrics.items(), 1):
        yield from sampled(name, metric, job, place, chosen.get(name, ()), floors.get(name, Decimal(0)))


def events_of(objective: Objective) -> tuple[Events, ...]:
    """Every kind of event that an objective counts."""
    if objective.latency is not None:
        return (Events(metric=objective.latency.metric, where=objective.latency.where),)
    assert objective.availability is not None
    return (objective.availability.some, *objective.availability.total)


def sampled(
    name: str,
    metric: Metric,
    job: str,
    place: int = 1,
    chosen: Iterable[Matchers] = (),
    least: Decimal = Decimal(0),
) -> Iterator[Sampled]:
    """Series of a metric on two instances, with a few values of each label, and those that are `chosen`.

    `place` tells the metric from others. A gauge is never below twice of `least`.
    """
    domains = [_values(metric, label, [of[label] for of in chosen if label in of]) for label in metric.labels]
    for number, (instance, *values) in enumerate(product(INSTANCES, *domains), 1 + 3 * place):
        labels = {"job": job, "instance": instance, **dict(zip(metric.labels, values, strict=True))}
        if metric.type == "histogram":
            yield from _histogram(name, metric, labels, number)
        else:
            is_gauge = metric.type == "gauge"
            start = max(Decimal(100), 2 * least) * number if is_gauge else Decimal(number)
            yield Sampled(name, labels, start, Decimal(number), Decimal(2 * number), is_gauge)


def _values(metric: Metric, label: str, chosen: list[str | tuple[str, ...]]) -> list[str]:
    known = metric.labels[label]
    some = known[:3] if isinstance(known, tuple) else ("one", "two")
    return list(dict.fromkeys((*(value for values in chosen for value in _several(values)), *some)))


def _histogram(name: str, metric: Metric, labels: Mapping[str, str], number: int) -> Iterator[Sampled]:
    start = gain = curve = Decimal(0)
    for place, bound in enumerate((*map(le, metric.buckets), "+Inf"), 1):
        # Of what is in a bucket, another part was there from the start, and another comes faster and faster.
        inside = bound != "+Inf"
        start += INSIDE * number * place if inside else 1
        gain += INSIDE + number * place * place if inside else 1
        curve += 1 + (place + number) % 5 * INSIDE if inside else 1
        yield Sampled(f"{name}_bucket", {**labels, "le": bound}, start, gain, curve)
    yield Sampled(f"{name}_count", dict(labels), start, gain, curve)
    yield Sampled(f"{name}_sum", dict(labels), start, gain * number, curve)
