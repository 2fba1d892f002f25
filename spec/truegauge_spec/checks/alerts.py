"""Alerts: that each condition can be true of what its metrics expose."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from truegauge_spec.condition import MetricCondition
from truegauge_spec.conditions import Deviation, OlderThan, QuantileOf, ShareOfTotal
from truegauge_spec.metric import Metric
from truegauge_spec.names import RESERVED_LABELS, SCRAPE_METRICS, SPEC_DRIFT, TARGET_LABELS, nearest
from truegauge_spec.positions import Path
from truegauge_spec.quantities import convert, duration
from truegauge_spec.spec import Spec
from truegauge_spec.system import System

KIND_FOR = {
    "counter": "say how far it went up: `increase_over: 10m`",
    "histogram": "say which quantile: `quantile: 0.95, over: 1m`",
    "gauge": "compare its value: `above:` or `below:` alone",
}


def unknown_metric(_: Spec, system: System) -> Iterator[tuple[Path, str]]:
    """A condition may only name metrics that the system exposes, or that Prometheus makes itself."""
    for name, when in system.conditions:
        for metric in when.metrics:
            if metric not in system.metrics and metric not in SCRAPE_METRICS:
                key = "metric" if metric == when.metric else when.other
                yield ("alerts", name, "when", key), f"there is no metric {metric!r}{nearest(metric, system.metrics)}"


def condition_type(_: Spec, system: System) -> Iterator[tuple[Path, str]]:
    """A condition is said of the type of metric that it can be true of: rates of counters, quantiles of histograms."""
    for alert, when in system.conditions:
        for name in when.metrics:
            metric = system.metrics.get(name)
            kind = metric.type if metric else "gauge"
            if kind not in when.types and (metric or name in SCRAPE_METRICS):
                yield ("alerts", alert, "when"), f"{name} is a {kind}; {KIND_FOR[kind]}"


def threshold_unit(_: Spec, system: System) -> Iterator[tuple[Path, str]]:
    """A threshold carries a unit that converts to its metric's."""
    for alert, when in system.conditions:
        metric = system.metrics.get(when.metric)
        for key, amount, unit in when.amounts:
            try:
                convert(amount, unit if unit is not None else metric.unit if metric else "")
            except ValueError as error:
                yield ("alerts", alert, "when", key), str(error)


def unix_time(_: Spec, system: System) -> Iterator[tuple[Path, str]]:
    """What can be `older_than` is a gauge with `unit: s` that holds a unix time."""
    for alert, when in system.conditions:
        metric = system.metrics.get(when.metric)
        if isinstance(when, OlderThan) and metric and metric.unit != "s":
            yield (
                ("alerts", alert, "when", "metric"),
                f"{when.metric} is in {metric.unit or 'no unit'!r}, but `older_than` reads a unix time in 's'",
            )


def wait_longer_than_past(_: Spec, system: System) -> Iterator[tuple[Path, str]]:
    """A deviation lasts for less than it looks back: after that the past is as unusual, and nothing deviates."""
    for alert, when in system.conditions:
        wait = system.alerts[alert].for_
        if isinstance(when, Deviation) and wait >= when.from_:
            yield ("alerts", alert, "for"), f"{duration(wait)} is not shorter than `from: {duration(when.from_)}`"


def quantile_bucket(_: Spec, system: System) -> Iterator[tuple[Path, str]]:
    """A quantile lies within the buckets: nothing is ever above the largest bound, nor told apart below the first."""
    for alert, when in system.conditions:
        metric = system.metrics.get(when.metric)
        if metric is None or not metric.buckets or not isinstance(when, QuantileOf):
            continue
        try:
            number = convert(when.threshold, metric.unit)
        except ValueError:
            continue  # threshold_unit says so
        first, last = metric.buckets[0], metric.buckets[-1]
        path: Path = ("alerts", alert, "when", "above" if when.above is not None else "below")
        if number >= Decimal(str(last)):
            yield path, f"the largest bucket of {when.metric} is {last:g} {metric.unit}: no quantile is ever above it"
        elif number < Decimal(str(first)):
            yield path, f"the first bucket of {when.metric} is {first:g} {metric.unit}: less cannot be told apart"


def share_labels(_: Spec, system: System) -> Iterator[tuple[Path, str]]:
    """The two sides of a share need the same labels, else nothing matches and the alert is dead."""
    for alert, when in system.conditions:
        first = system.metrics.get(when.metric)
        if first is None or not when.other:
            continue
        path: Path = ("alerts", alert, "when", when.other)
        for name in when.metrics[1:]:
            other = system.metrics.get(name)
            if other is not None and other.labels.keys() != first.labels.keys():
                yield (
                    path,
                    f"{name} has the labels {sorted(other.labels)}, but {when.metric} has {sorted(first.labels)}",
                )
            if other is not None and not isinstance(when, ShareOfTotal) and other.unit != first.unit:
                yield path, f"{name} is in {other.unit!r}, but {when.metric} in {first.unit!r}"


def unknown_label(_: Spec, system: System) -> Iterator[tuple[Path, str]]:
    """A condition may only select by labels that its metric has, and by values that these can have."""
    for alert, when in system.conditions:
        metric = system.metrics.get(when.metric)
        for label, values in when.where.items():
            for message in selected(when.metric, metric, label, (values,) if isinstance(values, str) else values):
                yield ("alerts", alert, "when", "where", label), message
        for label in when.by if isinstance(when, QuantileOf) else ():
            if metric and label not in (*metric.labels, *TARGET_LABELS):
                yield ("alerts", alert, "when", "by"), _no_label(when.metric, metric, label)


def selected(name: str, metric: Metric | None, label: str, values: tuple[str, ...]) -> Iterator[str]:
    """What is wrong with selecting a metric's series by these values of a label."""
    if label in TARGET_LABELS or metric is None:
        return
    if label not in metric.labels:
        yield _no_label(name, metric, label)
        return
    known = metric.labels[label]
    if isinstance(known, tuple):
        for value in values:
            if value not in known:
                yield f"{label} of {name} is never {value!r}{nearest(value, known)}"


def _no_label(name: str, metric: Metric, label: str) -> str:
    return f"{name} has no label {label!r}{nearest(label, (*metric.labels, *TARGET_LABELS))}"


def duplicate_labels(_: Spec, system: System) -> Iterator[tuple[Path, str]]:
    """An alert's own labels may not replace those that tell its series apart, or that are set elsewhere."""
    for name, alert in system.alerts.items():
        metric = system.metrics.get(alert.when.metric) if isinstance(alert.when, MetricCondition) else None
        for label in alert.labels:
            if label in RESERVED_LABELS or label == "remedy" or (metric and label in metric.labels):
                yield (
                    ("alerts", name, "labels", label),
                    f"the label {label!r} would replace one that the alert already has",
                )


def alert_twice(spec: Spec, system: System) -> Iterator[tuple[Path, str]]:
    """Two systems may not have an alert of the same name: silences, inhibition and runbooks take one for the other."""
    for owner, other in spec.systems.items():
        for name in other.alerts if owner < system.system else ():
            if name in system.alerts:
                yield ("alerts", name), f"the system {owner} has an alert {name} too"


def reserved_alert(_: Spec, system: System) -> Iterator[tuple[Path, str]]:
    """Each system has the alert SpecDrift already, of exporters that run another spec than its rules are made from."""
    if SPEC_DRIFT in system.alerts:
        yield ("alerts", SPEC_DRIFT), "an alert of this name is rendered for every system; choose another one"


def no_alert(_: Spec, system: System) -> Iterator[tuple[Path, str]]:
    """A system that no alert watches can fail unseen; to expose metrics only, waive this and say why."""
    if not system.alerts and not system.objectives:
        yield ("system",), f"no alert watches {system.system}; declare one under `alerts:`"


CHECKS = (
    no_alert,
    alert_twice,
    reserved_alert,
    unknown_metric,
    condition_type,
    threshold_unit,
    unix_time,
    wait_longer_than_past,
    quantile_bucket,
    share_labels,
    unknown_label,
    duplicate_labels,
)
