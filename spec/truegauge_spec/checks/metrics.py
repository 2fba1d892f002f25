"""Metrics: their names, labels and measures."""

from __future__ import annotations

import re
from collections.abc import Iterator

from truegauge_spec.measurements import MEASUREMENTS
from truegauge_spec.metric import Metric, PartMeasure, SqlMeasure
from truegauge_spec.names import RESERVED_LABELS, nearest
from truegauge_spec.positions import Path
from truegauge_spec.quantities import dimension, duration
from truegauge_spec.spec import Spec
from truegauge_spec.system import System

READS = ("SELECT", "WITH", "FROM", "VALUES", "TABLE")
_FIRST_WORD = re.compile(r"[\s(]*(\w+)")


def reserved_label(_: Spec, system: System) -> Iterator[tuple[Path, str]]:
    """A metric's own label may not be one that Prometheus or the alert sets."""
    for name, metric in system.metrics.items():
        for label in metric.labels:
            if label in RESERVED_LABELS:
                yield ("metrics", name, "labels", label), f"the label {label!r} is reserved: {RESERVED_LABELS[label]}"
            elif label.startswith("__"):
                yield (
                    ("metrics", name, "labels", label),
                    f"the label {label!r} is reserved: Prometheus drops `__` labels",
                )


def colliding_series(spec: Spec, system: System) -> Iterator[tuple[Path, str]]:
    """Two metrics may not expose a series of the same name, as a histogram `x` and a counter `x_count` do."""
    owners: dict[str, tuple[str, str]] = {}
    for owner, other in spec.systems.items():
        for name, metric in other.metrics.items():
            for series in metric.series(name):
                first = owners.setdefault(series, (owner, name))
                if first != (owner, name) and other is system:
                    where = f"{first[1]}" if first[0] == owner else f"{first[1]} of the system {first[0]}"
                    yield ("metrics", name), f"it exposes the series {series}, as {where} does"


def measure(_: Spec, system: System) -> Iterator[tuple[Path, str]]:
    """What is measured must be known, and fit the metric's type, unit and labels."""
    own = {system.exporter.instance_label}
    for name, metric in system.metrics.items():
        if metric.measure == "app":
            continue
        path: Path = ("metrics", name, "measure")
        if isinstance(metric.measure, SqlMeasure):
            if metric.type != "gauge":
                yield path, f"a query gives the value of a gauge, but {name} is a {metric.type}"
            continue
        yield from ((path, message) for message in _measured(name, metric, own))


def _measured(name: str, metric: Metric, own: set[str | None]) -> Iterator[str]:
    part = metric.measure if isinstance(metric.measure, PartMeasure) else None
    wanted = part.of if part else str(metric.measure)
    found = MEASUREMENTS.get(wanted)
    if found is None:
        yield f"the exporter does not measure {wanted!r}{nearest(wanted, [*MEASUREMENTS, 'app'])}"
        return
    if found.type != metric.type:
        yield f"{wanted} is a {found.type}, but {name} is declared a {metric.type}"
    if found.unit and dimension(found.unit) != dimension(metric.unit):
        yield f"{wanted} is in {found.unit}, which does not convert to {metric.unit or 'no unit'!r}"
    for label in set(metric.labels) - set(found.dimensions) - own:
        yield f"{wanted} has no label {label!r}{nearest(label, found.dimensions)}"
    for label in part.where if part else ():
        if label not in found.dimensions:
            yield f"{wanted} has no dimension {label!r}{nearest(label, found.dimensions)}"


def probe(_: Spec, system: System) -> Iterator[tuple[Path, str]]:
    """A probe only reads, ends before the next one, and runs more than once in a window that looks at it."""
    probes = {name: one.measure for name, one in system.metrics.items() if isinstance(one.measure, SqlMeasure)}
    for name, measured in probes.items():
        path: Path = ("metrics", name, "measure")
        word = _FIRST_WORD.match(measured.sql)
        if word and word[1].upper() not in READS:
            yield (*path, "sql"), f"a probe reads: write a query that begins with {', '.join(READS)}, not {word[1]}"
        if measured.timeout >= measured.every:
            message = f"{duration(measured.timeout)} is not shorter than {duration(measured.every)}, when it runs again"
            yield (*path, "timeout"), message
    for alert, when in system.conditions:
        looked_at = probes.get(when.metric)
        if looked_at and when.window_key != "absent_for" and 0 < when.window < 2 * looked_at.every:
            message = f"{duration(when.window)} is less than two runs of the probe, each {duration(looked_at.every)}"
            yield ("alerts", alert, "when", when.window_key), message


def metric_unit(_: Spec, system: System) -> Iterator[tuple[Path, str]]:
    """A metric is in one unit that Prometheus' users know, not in a size that only a threshold uses."""
    for name, metric in system.metrics.items():
        if metric.unit in ("m", "h", "d", "w", "%") or (metric.unit != "bytes" and dimension(metric.unit) == "bytes"):
            better = {"time": "s", "bytes": "bytes", "ratio": "ratio"}[dimension(metric.unit)]
            yield ("metrics", name, "unit"), f"a metric is not exposed in {metric.unit!r}; write {better!r}"


def deprecated_metric(_: Spec, system: System) -> Iterator[tuple[Path, str]]:
    """A deprecated metric is the old name of one that stays: of its type, measure, labels and kind of unit."""
    for name, metric in system.metrics.items():
        if metric.deprecated is None:
            continue
        path: Path = ("metrics", name, "deprecated", "replaced_by")
        new = metric.deprecated.replaced_by
        known = {other: one for other, one in system.metrics.items() if one.deprecated is None}
        if new not in known:
            what = f"{new} is deprecated itself" if new in system.metrics else f"there is no metric {new!r}"
            yield path, f"{what}{nearest(new, known)}"
            continue
        for aspect in ("type", "measure"):
            if getattr(metric, aspect) != getattr(known[new], aspect):
                yield ("metrics", name, aspect), f"it is exposed like {new}, whose {aspect} is another one"
        if metric.labels != known[new].labels:
            yield (
                ("metrics", name, "labels"),
                f"it is exposed like {new}, which has other labels: these are not renamed",
            )
        if dimension(metric.unit) != dimension(known[new].unit):
            yield ("metrics", name, "unit"), f"{known[new].unit or 'no unit'!r} of {new} does not convert to it"
        elif metric.buckets and metric.unit != known[new].unit and metric.buckets == known[new].buckets:
            yield (
                ("metrics", name, "unit"),
                f"the buckets of {new} are in {known[new].unit}; give them in {metric.unit}",
            )


def unknown_instance_label(_: Spec, system: System) -> Iterator[tuple[Path, str]]:
    """The instance label of the exporter must be a label of some metric."""
    label = system.exporter.instance_label
    labels = {label for metric in system.metrics.values() for label in metric.labels}
    if label is not None and label not in labels:
        yield ("exporter", "instance_label"), f"no metric has the label {label!r}{nearest(label, labels)}"


CHECKS = (
    reserved_label,
    colliding_series,
    measure,
    metric_unit,
    unknown_instance_label,
    deprecated_metric,
    probe,
)
