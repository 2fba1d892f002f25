"""The system's page: its metrics, its alerts in plain sentences, and their runbooks."""

from __future__ import annotations

from typing import Any, NamedTuple

from truegauge_generator.conditions import Spelled
from truegauge_generator.targets.rules import alerting_rules
from truegauge_spec import Spec
from truegauge_spec.alert import Alert
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
        "alerts": [
            _section(alert, rule.name, when)
            for (rule, when), alert in zip(alerting_rules(spec, system.system), system.alerts.values(), strict=True)
        ],
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


def fires_when(alert: Alert, when: Spelled) -> str:
    """The alert in one sentence."""
    held = f", for {duration(alert.for_)}" if alert.for_ else ""
    return f"Fires when {when.sentence}{held}."


def _section(alert: Alert, name: str, when: Spelled) -> Section:
    return Section(
        name,
        alert.severity,
        fires_when(alert, when),
        when.expr,
        when.record,
        when.recorded,
        alert.runbook,
        alert.remedy or "",
    )
