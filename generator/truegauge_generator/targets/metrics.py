"""The exporter's table of metrics, and a typed function for each that the application measures itself."""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

from truegauge_generator import digests
from truegauge_spec import Spec
from truegauge_spec.measurements import MEASUREMENTS
from truegauge_spec.metric import Metric, PartMeasure, SqlMeasure
from truegauge_spec.quantities import Quantity, convert
from truegauge_spec.system import Exporter, System

CALLS = {"counter": "increment", "gauge": "set_value", "histogram": "observe"}


class Label(NamedTuple):
    """A label with the values it is allowed, or with the number of them."""

    name: str
    allowed: tuple[str, ...] | None
    limit: int | None


class Probe(NamedTuple):
    """A query with its interval and time limit in seconds, and how many rows it may give."""

    sql: str
    every: float
    timeout: float
    rows: int


class Row(NamedTuple):
    """A metric as the exporter's table has it."""

    name: str
    type: str
    unit: str
    help: str
    labels: list[Label]
    measure: str
    where: tuple[tuple[str, str], ...]
    probe: Probe | None
    scale: float
    buckets: tuple[float, ...]
    replaced_by: str


class Function(NamedTuple):
    """The function through which the application measures a metric."""

    name: str
    metric: str
    help: str
    call: str
    argument: str
    labels: list[Label]


def view(spec: Spec, system: System) -> dict[str, Any]:
    """The literal table and the functions."""
    settings, remedies = _settings(system.exporter), _remedies(system)
    rows = [_row(system, name, metric) for name, metric in system.metrics.items()]
    app = [_function(row) for row in rows if row.measure == "app" and not row.replaced_by]
    return {
        "system": system.system,
        "digest": digests.of_metrics(spec, system.system),
        "settings": settings,
        "remedies": remedies,
        "metrics": rows,
        "functions": app,
        "literal": any(label.allowed for function in app for label in function.labels),
    }


def _settings(exporter: Exporter) -> dict[str, Any]:
    return {
        "listen": exporter.listen,
        "instance_label": exporter.instance_label,
        "poll_interval": exporter.poll_interval / 1000,
        "stale_after": exporter.stale_after / 1000,
        "rate_window": exporter.rate_window / 1000,
        "memory_limit": exporter.memory_limit,
        "disk_quota": exporter.disk_quota,
    }


def _remedies(system: System) -> dict[str, Any]:
    """The remedy of each alert, and the bounds; nothing where the spec has none for the exporter."""
    settings = system.exporter.remedies
    if settings is None:
        return {}
    return {
        "alerts": tuple((name, alert.remedy) for name, alert in system.alerts.items() if alert.remedy),
        "cooldown": settings.cooldown / 1000,
        "accept_within": settings.accept_within / 1000,
        "dry_run": settings.dry_run,
        "largest_memory_limit": settings.largest_memory_limit,
        "free_disk": settings.free_disk,
    }


def _row(system: System, name: str, metric: Metric) -> Row:
    measure, where, probe = _measure(metric)
    labels = [
        Label(label, known, None) if isinstance(known, tuple) else Label(label, None, known.limit)
        for label, known in metric.labels.items()
    ]
    scale = _scale(measure, metric.unit)
    replaced_by = ""
    if measure == "app" and metric.deprecated:
        replaced_by = metric.deprecated.replaced_by
        scale = _factor(system.metrics[replaced_by].unit, metric.unit)
    meaning, buckets = metric.meaning, metric.buckets
    return Row(name, metric.type, metric.unit, meaning, labels, measure, where, probe, scale, buckets, replaced_by)


def _measure(metric: Metric) -> tuple[str, tuple[tuple[str, str], ...], Probe | None]:
    measure = metric.measure
    if isinstance(measure, str):
        return measure, (), None
    if isinstance(measure, PartMeasure):
        return measure.of, tuple(measure.where.items()), None
    assert isinstance(measure, SqlMeasure)
    return "sql", (), Probe(measure.sql, measure.every / 1000, measure.timeout / 1000, measure.rows)


@lru_cache
def _scale(measure: str, unit: str) -> float:
    """What a measured number is multiplied with, to be in the metric's unit."""
    measured = MEASUREMENTS[measure].unit if measure in MEASUREMENTS else ""
    return _factor(measured, unit) if measured else 1.0


def _factor(one: str, other: str) -> float:
    return float(convert(Quantity(Decimal(1), one), other))


def _function(row: Row) -> Function:
    argument = "amount" if row.type == "counter" else "value"
    if any(label.name == argument for label in row.labels):
        argument += "_"
    return Function(row.name.replace(":", "_"), row.name, row.help, CALLS[row.type], argument, row.labels)
