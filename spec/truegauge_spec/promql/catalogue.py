"""What each series is: the spec's metrics, what Prometheus makes itself, and recording rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from truegauge_spec.metric import Metric, SqlMeasure
from truegauge_spec.names import SCRAPE_METRICS, SPEC_DRIFT
from truegauge_spec.promql.bounds import bucket_bounds, quantile_values
from truegauge_spec.promql.labels import METRIC_NAME, Labels, Pairs, labels_of, union
from truegauge_spec.promql.types import Kind, Observed, Type
from truegauge_spec.promql.units import NUMBER, SECOND, Unit, unit_of
from truegauge_spec.promql.values import ANY, ONE, POSITIVE, ZERO_OR_ONE
from truegauge_spec.promql.values import union as either
from truegauge_spec.spec import Spec
from truegauge_spec.system import System

Declared = Mapping[str, frozenset[str] | None]
SCRAPED = {
    "up": (NUMBER, ZERO_OR_ONE),
    "scrape_duration_seconds": (SECOND, POSITIVE),
    **dict.fromkeys(
        (
            *(name for name in SCRAPE_METRICS if name not in ("up", "scrape_duration_seconds")),
            "scrape_samples_post_metric_relabeling",
            "scrape_series_added",
        ),
        (NUMBER, POSITIVE),
    ),
}
EXPORTER = {
    "spec_info": ("gauge", ("system", "digest"), ONE),
    "dropped_label_values_total": ("counter", ("metric", "label"), POSITIVE),
}
"""What the generated exporter says of itself, under `<system>_exporter_`."""
PROBES = {
    "probe_up": ("probe",),
    "probe_disabled": ("probe", "reason"),
    "probe_seconds": ("probe",),
}
"""What it says of its probes; with the instance label, if it has one."""


class Series(NamedTuple):
    """One series name: its type, and how far apart its samples are, in milliseconds."""

    type: Type
    interval: int


class Record(NamedTuple):
    """A recording rule."""

    name: str
    expr: str
    labels: Mapping[str, str] = {}


@dataclass(frozen=True, eq=False)
class Catalogue:
    """Every series name that can be selected. Compared and hashed by identity."""

    series: Mapping[str, Series]
    histograms: Mapping[str, Unit | None] = field(default_factory=dict)
    """The unit of each histogram, under whose own name there is no series."""
    target_labels: frozenset[str] = frozenset({"job", "instance"})
    """Labels that come from where a target is found, so that `instance` decides them."""
    external: frozenset[str] = frozenset()
    """Labels that Prometheus adds only to what leaves it: no expression can select them."""
    evaluation_interval: int = 15_000
    """In milliseconds; the step of a subquery without one."""
    inferred: dict[Any, Any] = field(default_factory=dict, repr=False)
    """What was found for a text already."""


def catalogue(spec: Spec, system: str | None = None, records: Iterable[Record] = ()) -> Catalogue:
    """The series of a spec, or of one of its systems, and of recording rules, which may use those before them."""
    prometheus = spec.prometheus
    found: dict[str, Series] = {}
    systems = [one for name, one in spec.systems.items() if system in (None, name)]
    for one in systems:
        interval = one.scrape.interval or prometheus.scrape_interval
        for name, exposed in _exposed(one):
            _add(found, name, Series(exposed, interval))
    alerts = frozenset([SPEC_DRIFT, *(name for one in spec.systems.values() for name in one.alerts)])
    for name, exposed in _of_alerts(alerts):
        _add(found, name, Series(exposed, prometheus.evaluation_interval))
    known = Catalogue(
        found,
        {
            name: unit_of(metric.unit)
            for one in systems
            for name, metric in one.metrics.items()
            if metric.type == "histogram"
        },
        frozenset({"job", "instance", *(label for one in systems for label in one.scrape.labels)}),
        frozenset(prometheus.external_labels),
        prometheus.evaluation_interval,
    )
    return recorded(known, records)


def recorded(known: Catalogue, records: Iterable[Record]) -> Catalogue:
    """The catalogue with recording rules in addition, in their order."""
    from truegauge_spec.promql.infer import infer  # noqa: PLC0415 - which reads the catalogue itself

    for record in records:
        result = infer(record.expr, known, alert=False).type
        labels = result.labels.without(METRIC_NAME)
        for label, value in record.labels.items():
            labels = labels.given(label, frozenset({value}), certain=True)
        labels = labels.given("__name__", frozenset({record.name}), certain=True)
        kept = replace(result, kind=Kind.INSTANT, labels=labels, constant=None, is_duration=False, never_absent=False)
        found = dict(known.series)
        _add(found, record.name, Series(kept, known.evaluation_interval))
        known = replace(known, series=found, inferred={})
    return known


def _add(found: dict[str, Series], name: str, series: Series) -> None:
    before = found.get(name)
    found[name] = (
        series if before is None else Series(merged(before.type, series.type), max(before.interval, series.interval))
    )


def merged(one: Type, other: Type) -> Type:
    """The type of what may be either."""
    return Type(
        Kind.INSTANT,
        one.metric if one.metric == other.metric else "unknown",
        one.unit if one.unit == other.unit else None,
        union(one.labels, other.labels),
        either(one.values, other.values),
        is_condition=one.is_condition and other.is_condition,
        observed=one.observed if one.observed == other.observed else None,
    )


def _exposed(system: System) -> Iterator[tuple[str, Type]]:
    target: Declared = {
        "job": frozenset({system.system}),
        "instance": None,
        **{name: frozenset({value}) for name, value in system.scrape.labels.items()},
    }
    for name, metric in system.metrics.items():
        own = {label: frozenset(v) if isinstance(v, tuple) else None for label, v in metric.labels.items()}
        yield from metric_series(name, metric, {**own, **target})
    for name, (unit, values) in SCRAPED.items():
        yield name, Type(Kind.INSTANT, "gauge", unit, named(name, target), values)
    for suffix, (kind, labels, values) in EXPORTER.items():
        name = f"{system.system}_exporter_{suffix}"
        known = named(name, {**dict.fromkeys(labels), **target})
        yield name, Type(Kind.INSTANT, kind, NUMBER, known, values)
    yield from _of_probes(system, target)


def _of_probes(system: System, target: Declared) -> Iterator[tuple[str, Type]]:
    probes = frozenset(name for name, metric in system.metrics.items() if isinstance(metric.measure, SqlMeasure))
    instance = [system.exporter.instance_label] if system.exporter.instance_label else []
    for suffix, labels in PROBES.items() if probes else ():
        name = f"{system.system}_exporter_{suffix}"
        known = named(name, {**dict.fromkeys((*instance, *labels)), "probe": probes, **target})
        unit, values = (SECOND, POSITIVE) if suffix == "probe_seconds" else (NUMBER, ZERO_OR_ONE)
        yield name, Type(Kind.INSTANT, "gauge", unit, known, values)


def metric_series(name: str, metric: Metric, labels: Declared) -> Iterator[tuple[str, Type]]:
    """The type of each series that a metric exposes, with all its labels."""
    unit = unit_of(metric.unit)
    if metric.type == "histogram":
        observed = Observed(unit, quantile_values(metric.buckets))
        for series, (kind, its_unit) in zip(metric.series(name), _parts(unit), strict=True):
            known = {**labels, "le": bucket_bounds(metric.buckets)} if kind == "bucket" else labels
            yield (
                series,
                Type(
                    Kind.INSTANT,
                    kind,
                    its_unit,
                    named(series, known),
                    ANY if kind == "sum" else POSITIVE,
                    observed=observed if kind == "bucket" else None,
                ),
            )
        return
    for series in metric.series(name):
        yield series, Type(Kind.INSTANT, metric.type, unit, named(series, labels), _VALUES[metric.type])


_VALUES = {"counter": POSITIVE, "gauge": ANY}


def _parts(unit: Unit | None) -> tuple[tuple[str, Unit | None], ...]:
    return ("bucket", NUMBER), ("sum", unit), ("count", NUMBER)


def named(name: str, labels: Declared) -> Labels:
    """The label set of a series under its name."""
    return labels_of({**labels, "__name__": frozenset({name})})


def _of_alerts(alerts: frozenset[str]) -> Iterator[tuple[str, Type]]:
    """The series that Prometheus keeps of alerts, with whatever labels these have."""
    must = frozenset({"alertname"})
    for name, unit, values, states in (
        ("ALERTS", NUMBER, ONE, frozenset({"firing", "pending"})),
        ("ALERTS_FOR_STATE", SECOND, POSITIVE, None),
    ):
        known: Pairs = (("__name__", frozenset({name})), ("alertname", alerts))
        labels = Labels(None, must | METRIC_NAME, known)
        if states:
            labels = labels.given("alertstate", states, certain=True)
        yield name, Type(Kind.INSTANT, "gauge", unit, labels, values, is_condition=True)
