"""What the engine offers to measure: the words that a metric's `measure` can be, besides "sql" and "app"."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ..declare import Metric


class Measurement(NamedTuple):
    """Type and native unit of a measurement, and the labels it can have besides the instance label."""

    type: str
    unit: str
    dimensions: tuple[str, ...] = ()


QUERY = ("query_type", "table_name")

MEASUREMENTS: dict[str, Measurement] = {
    "query.duration": Measurement("histogram", "s", QUERY),
    "query.rate": Measurement("gauge", "1/s", QUERY),
    "query.count": Measurement("counter", "1", (*QUERY, "outcome")),
    "memory.used": Measurement("gauge", "bytes"),
    "memory.pinned": Measurement("gauge", "bytes"),
    "memory.limit": Measurement("gauge", "bytes"),
    "memory.fragmentation": Measurement("gauge", "ratio"),
    "disk.used": Measurement("gauge", "bytes"),
    "disk.limit": Measurement("gauge", "bytes"),
    "disk.wal": Measurement("gauge", "bytes"),
    "disk.fragmentation": Measurement("gauge", "ratio"),
    "disk.locked": Measurement("gauge", "1"),
    "connection.active": Measurement("gauge", "1"),
    "connection.failed": Measurement("counter", "1"),
    "sync.success": Measurement("counter", "1"),
    "sync.failure": Measurement("counter", "1"),
    "sync.retries": Measurement("counter", "1"),
    "sync.duration_mean": Measurement("gauge", "s"),
    "transaction.count": Measurement("counter", "1", ("outcome",)),
    "transaction.success": Measurement("counter", "1"),
    "transaction.failure": Measurement("counter", "1"),
    "transaction.duration_mean": Measurement("gauge", "s"),
    "remedy.count": Measurement("counter", "1", ("remedy", "outcome")),
    "remedy.refused": Measurement("counter", "1", ("reason",)),
    "exporter.up": Measurement("gauge", "1"),
    "exporter.poll_age": Measurement("gauge", "s"),
}


def check(metrics: Iterable[Metric], instance_label: str) -> None:
    """Raise ValueError when a metric asks of a measurement what it does not offer."""
    for metric in metrics:
        if metric.measure in ("app", "sql"):
            continue
        measurement = MEASUREMENTS.get(metric.measure)
        if measurement is None:
            raise ValueError(f"{metric.name}: there is no measurement {metric.measure!r}")
        if metric.type != measurement.type:
            raise ValueError(f"{metric.name}: {metric.measure} is a {measurement.type}, not a {metric.type}")
        asked = {label.name for label in metric.labels} - {instance_label} | {name for name, _ in metric.where}
        if unknown := sorted(asked - set(measurement.dimensions)):
            raise ValueError(f"{metric.name}: {metric.measure} has no dimension {', '.join(unknown)}")
