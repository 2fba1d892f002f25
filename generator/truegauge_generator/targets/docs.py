"""The system's page: its metrics, its alerts in plain sentences, and their runbooks."""

from __future__ import annotations

from typing import Any, NamedTuple

from truegauge_generator.conditions import Spelled
from truegauge_generator.objectives import SHORT, by_window
from truegauge_generator.promql import selector
from truegauge_generator.targets import spec_drift
from truegauge_generator.targets.rules import alerting_rules
from truegauge_spec import Spec
from truegauge_spec.alert import Alert
from truegauge_spec.metric import Metric, PartMeasure, SqlMeasure
from truegauge_spec.objectives import ALERTS, Events, Objective, pairs
from truegauge_spec.quantities import duration, numeral
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


class Burning(NamedTuple):
    """One way in which an objective's alert fires."""

    alert: str
    severity: str
    times: str
    long: str
    short: str


class Aim(NamedTuple):
    """An objective's section; `recorded` is the ratio of bad events over the shortest window."""

    name: str
    sentence: str
    owner: str
    runbook: str
    burning: list[Burning]
    recorded: str


def view(spec: Spec, system: System) -> dict[str, Any]:
    """Rows of the metrics' table, and a section for each alert."""
    return {
        "system": system.system,
        "summary": system.summary,
        "owner": system.owner,
        "metrics": [
            (name, metric.type, metric.unit, _labels(metric), metric.meaning, _measure(metric))
            for name, metric in system.metrics.items()
        ],
        "alerts": [
            _section(alert, rule.name, when)
            for (rule, when), alert in zip(alerting_rules(spec, system.system), system.alerts.values(), strict=True)
        ]
        + ([_drift(spec, system)] if spec_drift.watched(system) else []),
        "objectives": [_aim(system, name, objective) for name, objective in system.objectives.items()],
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


def _drift(spec: Spec, system: System) -> Section:
    rule = spec_drift.alerting_rule(spec, system.system)
    sentence = f"Fires when {spec_drift.sentence(system)}, for {rule.wait}."
    return Section(rule.name, rule.labels["severity"], sentence, rule.expr, "", "", spec_drift.RUNBOOK, "")


def _aim(system: System, name: str, objective: Objective) -> Aim:
    burning = [
        Burning(
            f"{name}{suffix}",
            objective.page if alert == "page" else objective.ticket,
            numeral(pair.factor(objective.over)),
            duration(pair.long),
            duration(pair.short),
        )
        for alert, suffix in ALERTS.items()
        for pair in pairs(objective, alert)
    ]
    _, ratio = by_window(system, name, SHORT[0])
    return Aim(name, _aimed(objective), objective.owner or system.owner, objective.runbook, burning, ratio.expr)


def _aimed(objective: Objective) -> str:
    over = f"over {duration(objective.over)}"
    if (latency := objective.latency) is not None:
        observed = _counted(Events(metric=latency.metric, where=latency.where))
        return f"{objective.target} of {observed} are within {latency.within}, {over}."
    assert objective.availability is not None
    total = " and ".join(_counted(events) for events in objective.availability.total)
    some = _counted(objective.availability.some)
    if objective.availability.side == "good":
        return f"{objective.target} of {total} are {some}, {over}."
    return f"At most {objective.allowed} of {total} are {some}, {over}."


def _counted(events: Events) -> str:
    return f"`{selector(events.metric, events.where)}`"
