"""The system's page: its metrics, its alerts in plain sentences, and their runbooks."""

from __future__ import annotations

from typing import Any, NamedTuple

from truegauge_generator.conditions import kind, record, sentence
from truegauge_generator.targets.rules import expression
from truegauge_spec import Spec
from truegauge_spec.alert import Alert
from truegauge_spec.conditions import Threshold
from truegauge_spec.metric import Metric, PartMeasure, SqlMeasure
from truegauge_spec.quantities import duration
from truegauge_spec.system import System


class Section(NamedTuple):
    """An alert's section; `record` and `recorded` are empty where its value is not recorded."""

    name: str
    severity: str
    sentence: str
    expr: str
    record: str
    recorded: str
    runbook: str
    remedy: str


def view(spec: Spec, system: System) -> dict[str, Any]:
    """Rows of the metrics' table, and a section for each alert."""
    return {
        "system": system.system,
        "summary": system.summary,
        "owner": system.owner,
        "metrics": [
            (name, metric.type, metric.unit, _labels(metric), metric.help, _measure(metric))
            for name, metric in system.metrics.items()
        ],
        "alerts": [_section(system, name, alert) for name, alert in system.alerts.items()],
    }


def _labels(metric: Metric) -> str:
    return "; ".join(
        f"{label}: {', '.join(known) if isinstance(known, tuple) else f'up to {known.limit} values'}"
        for label, known in metric.labels.items()
    )


def _measure(metric: Metric) -> str:
    measure = metric.measure
    if isinstance(measure, SqlMeasure):
        return measure.sql
    if isinstance(measure, PartMeasure):
        return f"{measure.of} where {' and '.join(f'{label} is {value}' for label, value in measure.where.items())}"
    return measure


def _section(system: System, name: str, alert: Alert) -> Section:
    when = alert.when
    said, recorded, recording = "its expression gives a result", None, ""
    if isinstance(when, Threshold):
        said, recorded = sentence(when, system), record(when)
        recording = kind(when).expression(when, system) if recorded else ""
    held = f", for {duration(alert.for_)}" if alert.for_ else ""
    return Section(
        name,
        alert.severity,
        f"Fires when {said}{held}.",
        expression(system, alert),
        recorded or "",
        recording,
        alert.runbook,
        alert.remedy or "",
    )
