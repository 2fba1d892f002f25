"""Every recording rule: what it must record of generated series, worked out from the condition or the objective.

Nothing here reads PromQL: a quantile, a share or an error ratio is calculated from samples.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, NamedTuple

from truegauge_generator.conditions import record, sentence
from truegauge_generator.objectives import BUDGET, DAYS, ERROR_RATIO, EVENTS, REMAINING, TARGET, le
from truegauge_generator.promql import Matchers, selector
from truegauge_generator.proof.arithmetic import added, extrapolated, mean, quantile
from truegauge_generator.proof.edges import decoys, edges
from truegauge_generator.proof.sampled import Sampled, events_of, series_of
from truegauge_generator.targets import spec_drift
from truegauge_spec import Spec
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
from truegauge_spec.names import BURN_RATE
from truegauge_spec.objectives import PAIRS, Objective
from truegauge_spec.quantities import convert, dimension, duration
from truegauge_spec.system import System

HOUR, DAY, MINUTE = 3_600_000, 86_400_000, 60_000
PARTS = 20
"""Samples within a window."""
NEAR = 1e-9
"""By how much a record may differ: what is subtracted from one loses digits."""

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


def tests(spec: Spec, name: str) -> dict[str, Any]:
    """A promtool test of every record of a system, to be run with its rules."""
    system = spec.systems[name]
    found = [*recorded(system), *_stated(spec, system)]
    pace = DAY if any(one.window + one.lead >= DAY for one in found) else HOUR
    return {
        "evaluation_interval": duration(pace),
        "tests": [_test(system, some, pace) for some in _together(found)],
    }


def rows(spec: Spec, name: str) -> list[tuple[str, str]]:
    """Each record, and what it is compared with."""
    system = spec.systems[name]
    return [(one.name, one.how) for one in (*recorded(system), *_stated(spec, system))]


def recorded(system: System) -> list[Recorded]:
    """Every record of a system's rules."""
    found = {}
    for _, when in system.conditions:
        name = record(when)
        if name is not None and name not in found:
            found[name] = _of_condition(name, when, system)
    return [*found.values(), *(one for aim in system.objectives for one in _of_objective(aim, system))]


def _stated(spec: Spec, system: System) -> Iterator[Recorded]:
    """What the rules say of the spec that they were made from."""
    if spec_drift.watched(system):
        stated = {tuple(sorted(spec_drift.stated(spec, system).items())): 1.0}
        yield Recorded(spec_drift.RECORD, "the spec's digests", 0, 0, (), partial(_constant, stated))


def _together(found: Iterable[Recorded]) -> list[list[Recorded]]:
    """Records of one window can be looked at together."""
    groups: dict[tuple[int, int], list[Recorded]] = {}
    for one in found:
        groups.setdefault((one.window, one.lead), []).append(one)
    return list(groups.values())


def _test(system: System, found: list[Recorded], pace: int) -> dict[str, Any]:
    window, lead = found[0].window, found[0].lead
    # A gauge's latest value is only seen for five minutes.
    interval = min(window // PARTS, MINUTE) if 0 < window < HOUR else window // PARTS or MINUTE
    wanted = {metric for one in found for metric in one.metrics}
    # Evaluated together with a sample, so that also a record that is given is not too old.
    often = math.lcm(pace, interval)
    at, samples = -(-(2 * window + lead + 2 * interval) // often) * often, (2 * window + lead) // interval + 2
    series = [one for one in series_of(system, system.system) if one.name in wanted]
    series = [*series, *edges(system, series, samples)]
    look = Look(series, at, interval, samples)
    return {
        "name": f"records over {duration(window)}" if window else "records of the moment",
        "interval": duration(interval),
        "input_series": [
            *(one.printed(samples, look.missing) for one in series),
            *decoys(system, window, samples, look.missing),
        ],
        "promql_expr_test": [asked for one in found for asked in _asked(one, look)],
    }


def _asked(one: Recorded, look: Look) -> Iterator[dict[str, Any]]:
    """How many series there are, and that each has its labels and its value."""
    at, name, found = duration(look.at), one.name.partition("{")[0], one.values(look)
    yield {"expr": f"count({one.name})", "eval_time": at, "exp_samples": [{"labels": "{}", "value": len(found)}]}
    for group, value in found.items():
        series, near = selector(name, dict(group)), max(abs(value), 1) * NEAR
        expr = f"{series} != bool {series}" if math.isnan(value) else f"abs({series} - {value!r}) <= bool {near!r}"
        yield {"expr": expr, "eval_time": at, "exp_samples": [{"labels": selector("", dict(group)), "value": 1}]}


def _grouped(found: Iterable[tuple[Sampled, float]], labels: Iterable[str]) -> dict[Group, list[float]]:
    names = sorted(labels)
    groups: dict[Group, list[float]] = {}
    for one, value in found:
        groups.setdefault(tuple((name, one.labels[name]) for name in names), []).append(value)
    return groups


Values = Callable[[Look], dict[Group, float]]


def _of_condition(name: str, when: MetricCondition, system: System) -> Recorded:
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
    bounds = _grouped(((one, look.rate(one, when.over)) for one in buckets), (*labels, "le"))
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
        metric: _grouped(((one, look.increase(one, when.over)) for one in look.of(metric, when.where)), labels)
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


def _of_objective(name: str, system: System) -> Iterator[Recorded]:
    """What is recorded of an objective over each window, and what it says."""
    objective = system.objectives[name]
    identity = {"slo": name, "system": system.system}
    windows = {window for pair in PAIRS for window in (pair.short, pair.long)} | {objective.over}
    metrics = tuple(
        one for events in events_of(objective) for one in system.metrics[events.metric].series(events.metric)
    )
    budget = float(objective.budget)

    def asked(name_of: str, window: int, how: str, value: Callable[[float, float], float]) -> Recorded:
        more = {**identity, "window": duration(window)}

        def values(look: Look) -> dict[Group, float]:
            total, bad = _events(objective, system, look, window)
            groups = [group for group in total if total[group] > 0 or name_of == EVENTS]
            return {tuple(sorted({**dict(one), **more}.items())): value(total[one], bad[one]) for one in groups}

        return Recorded(selector(name_of, more), f"{how} of {name} over {duration(window)}", window, 0, metrics, values)

    for window in sorted(windows):
        yield asked(EVENTS, window, "the rate of all events", lambda total, bad: total)
        yield asked(ERROR_RATIO, window, "the ratio of bad events", lambda total, bad: bad / total)
    for window in sorted({window for pair in PAIRS if pair.alert == "page" for window in (pair.short, pair.long)}):
        yield asked(BURN_RATE, window, "how fast the budget burns", lambda total, bad: bad / total / budget)
    yield asked(REMAINING, objective.over, "the budget left", lambda total, bad: 1 - bad / total / budget)
    for constant, value in ((TARGET, 1 - budget), (BUDGET, budget), (DAYS, objective.over / DAY)):
        said = {tuple(sorted(identity.items())): value}
        how = f"what {name} says"
        yield Recorded(selector(constant, identity), how, MINUTE, 0, metrics, partial(_constant, said))


def _constant(said: dict[Group, float], look: Look) -> dict[Group, float]:
    return said


def _events(
    objective: Objective, system: System, look: Look, window: int
) -> tuple[dict[Group, float], dict[Group, float]]:
    """The rates of all events and of the bad ones, for each job."""

    def rate(*found: tuple[str, Matchers]) -> dict[Group, float]:
        rates = ((one, look.rate(one, window)) for name, where in found for one in look.of(name, where))
        return {group: added(values) for group, values in _grouped(rates, ["job"]).items()}

    latency = objective.latency
    if latency is not None:
        bound = float(convert(latency.within, system.metrics[latency.metric].unit))
        total = rate((f"{latency.metric}_count", latency.where))
        some = rate((f"{latency.metric}_bucket", {**latency.where, "le": le(bound)}))
        good = True
    else:
        assert objective.availability is not None
        total = rate(*((one.metric, one.where) for one in objective.availability.total))
        some = rate((objective.availability.some.metric, objective.availability.some.where))
        good = objective.availability.side == "good"
    return total, {group: total[group] - some[group] if good else some.get(group, 0.0) for group in total}
