"""Recording and alerting rules, in groups; a value that a condition compares is recorded before it."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

from truegauge_generator.conditions import Spelled, spell
from truegauge_generator.links import dashboard_url, runbook_url
from truegauge_spec import Spec
from truegauge_spec.alert import Alert
from truegauge_spec.condition import MetricCondition
from truegauge_spec.expr import Expr
from truegauge_spec.quantities import duration
from truegauge_spec.system import System


class Rule(NamedTuple):
    """One rule as it is printed; `keep` and `wait` are durations, or empty."""

    kind: str
    name: str
    expr: str
    wait: str
    keep: str
    labels: dict[str, str]
    annotations: dict[str, str]


def view(spec: Spec, system: System) -> dict[str, Any] | None:
    """Groups by the alerts' `group`, in the order of the spec; None without an alert."""
    if not system.alerts:
        return None
    groups: dict[str, list[Rule]] = {}
    recorded: set[str] = set()
    for (rule, when), alert in zip(alerting_rules(spec, system.system), system.alerts.values(), strict=True):
        group = groups.setdefault(alert.group or "alerts", [])
        if when.record and when.record not in recorded:
            recorded.add(when.record)
            group.append(Rule("record", when.record, when.recorded, "", "", {}, {}))
        group.append(rule)
    named = [(f"{system.system}-{name}", rules) for name, rules in groups.items()]
    return {"system": system.system, "groups": named, "intervals": {}}


@lru_cache(maxsize=8)
def alerting_rules(spec: Spec, name: str) -> list[tuple[Rule, Spelled]]:
    """Each alert's rule and its condition, spelled out once for the views of rules, tests and docs."""
    system = spec.systems[name]
    board = dashboard_url(spec, name)
    shared = {"dashboard_url": board} if board else {}
    rules = []
    for alert_name, alert in system.alerts.items():
        when = _spelled(alert, system)
        rule = Rule(
            "alert",
            alert_name,
            when.expr,
            duration(alert.for_) if alert.for_ else "",
            duration(alert.keep_firing_for) if alert.keep_firing_for else "",
            _labels(alert),
            {**_texts(alert, when), **_runbook(spec, name, alert_name), **shared, **alert.annotations},
        )
        rules.append((rule, when))
    return rules


def _spelled(alert: Alert, system: System) -> Spelled:
    if isinstance(alert.when, Expr):
        return Spelled(alert.when.expr.strip(), "", "", "its expression gives a result", "")
    return spell(alert.when, system)


def _labels(alert: Alert) -> dict[str, str]:
    labels = {"severity": alert.severity, **alert.labels}
    return {**labels, "remedy": alert.remedy} if alert.remedy else labels


def _texts(alert: Alert, when: Spelled) -> dict[str, str]:
    described = _described(when) if isinstance(alert.when, MetricCondition) else alert.summary
    return {"summary": alert.summary, "description": alert.description or described}


def _runbook(spec: Spec, system: str, alert: str) -> dict[str, str]:
    url = runbook_url(spec, system, alert)
    return {"runbook_url": url} if url else {}


def _described(when: Spelled) -> str:
    """The condition in a sentence, with the value at hand."""
    text = when.sentence
    start = text[:1].upper() if text[0] != "`" else ""
    now = "" if when.unit is None else f"; now {_value(when.unit)}"
    return f"{start}{text[len(start) :]}{now}.".replace("`", "")


def _value(unit: str) -> str:
    if unit == "ratio":
        return "{{ $value | humanizePercentage }}"
    return '{{ printf "%.4g" $value }}' + (f" {unit}" if unit[:1] not in ("", "/") else unit)
