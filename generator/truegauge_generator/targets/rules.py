"""Recording and alerting rules, in groups; a value that a condition compares is recorded before it."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

from truegauge_generator.conditions import comparison, kind, record, sentence, unit
from truegauge_generator.links import dashboard_url, runbook_url
from truegauge_spec import Spec
from truegauge_spec.alert import Alert
from truegauge_spec.conditions import Threshold
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


def view(spec: Spec, system: System) -> dict[str, Any]:
    """Groups by the alerts' `group`, in the order of the spec."""
    groups: dict[str, list[Rule]] = {}
    recorded: set[str] = set()
    for rule, alert in zip(alerting_rules(spec, system.system), system.alerts.values(), strict=True):
        group = groups.setdefault(alert.group or "alerts", [])
        if isinstance(alert.when, Threshold):
            value = record(alert.when)
            if value is not None and value not in recorded:
                recorded.add(value)
                group.append(Rule("record", value, kind(alert.when).expression(alert.when, system), "", "", {}, {}))
        group.append(rule)
    named = [(f"{system.system}-{name}", rules) for name, rules in groups.items()]
    return {"system": system.system, "groups": named}


@lru_cache(maxsize=8)
def alerting_rules(spec: Spec, name: str) -> list[Rule]:
    """The rules of the system's alerts, one for each; the views of rules and of tests both ask for them."""
    system = spec.systems[name]
    url = dashboard_url(spec, name)
    shared = {"dashboard_url": url} if url else {}
    return [
        Rule(
            "alert",
            alert_name,
            expression(system, alert),
            duration(alert.for_) if alert.for_ else "",
            duration(alert.keep_firing_for) if alert.keep_firing_for else "",
            _labels(alert),
            _annotations(spec, system, alert_name, alert, shared),
        )
        for alert_name, alert in system.alerts.items()
    ]


def _labels(alert: Alert) -> dict[str, str]:
    labels = {"severity": alert.severity, **alert.labels}
    return {**labels, "remedy": alert.remedy} if alert.remedy else labels


def _annotations(spec: Spec, system: System, name: str, alert: Alert, shared: dict[str, str]) -> dict[str, str]:
    texts = {"summary": alert.summary, "description": alert.description or described(system, alert)}
    if url := runbook_url(spec, system.system, name):
        texts["runbook_url"] = url
    return {**texts, **shared, **alert.annotations}


def expression(system: System, alert: Alert) -> str:
    """The alert's PromQL."""
    return comparison(alert.when, system) if isinstance(alert.when, Threshold) else alert.when.expr.strip()


def described(system: System, alert: Alert) -> str:
    """The condition in a sentence, with the value at hand."""
    if not isinstance(alert.when, Threshold):
        return alert.summary
    text = sentence(alert.when, system)
    start = text[:1].upper() if text[0] != "`" else ""
    return f"{start}{text[len(start) :]}; now {_value(unit(alert.when, system))}.".replace("`", "")


def _value(unit: str) -> str:
    if unit == "ratio":
        return "{{ $value | humanizePercentage }}"
    return '{{ printf "%.4g" $value }}' + (f" {unit}" if unit else "")
