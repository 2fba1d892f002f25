"""Digests of what a spec means: each artefact carries that of the part it is made from, so that drift can be seen.

Another wording, order of keys or way to write a quantity gives the same digest, and so does a value that is spelled out
though it is the default. Lists keep their order. FIELDS says of every field whether it counts.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from functools import lru_cache
from hashlib import sha256
from typing import Any, NamedTuple

from truegauge_spec import Spec
from truegauge_spec.alert import Alert
from truegauge_spec.condition import MetricCondition
from truegauge_spec.conditions import CONDITIONS
from truegauge_spec.dashboard import Dashboard, Panel, Row
from truegauge_spec.expr import Example, Expr, Firing
from truegauge_spec.interval import Interval
from truegauge_spec.metric import Deprecated, Metric, OpenLabel, PartMeasure, SqlMeasure
from truegauge_spec.model import Model
from truegauge_spec.objectives import Availability, Events, Latency, Objective
from truegauge_spec.quantities import UNITS, Quantity
from truegauge_spec.stack import (
    Alertmanager,
    Email,
    Grafana,
    Inhibition,
    PagerDuty,
    Prometheus,
    Receiver,
    RemediesPost,
    RootRoute,
    Route,
    Slack,
    Stack,
    Webhook,
)
from truegauge_spec.system import Deploy, Exporter, Remedies, Scrape, System

LENGTH = 16
"""Hexadecimal digits of a digest."""


class Fields(NamedTuple):
    """The names of a model's fields: those of meaning, and those that nothing that runs depends on."""

    meaning: str
    wording: str = ""


FIELDS: dict[type[Model], Fields] = {
    System: Fields("system scrape exporter metrics alerts objectives dashboard", "summary owner waive"),
    Scrape: Fields("targets file_sd interval timeout scheme path labels bearer_token_file ca_file"),
    Exporter: Fields(
        "listen instance_label poll_interval stale_after rate_window memory_limit disk_quota remedies", "deploy"
    ),
    Deploy: Fields("", "base_image image database instance_id memory cpus"),
    Remedies: Fields("cooldown accept_within dry_run largest_memory_limit free_disk"),
    Metric: Fields("type unit labels buckets measure deprecated", "help waive"),
    Deprecated: Fields("replaced_by", "until"),
    OpenLabel: Fields("limit"),
    SqlMeasure: Fields("sql every timeout rows"),
    PartMeasure: Fields("of where"),
    Alert: Fields(
        "when for_ keep_firing_for severity remedy group labels", "summary description runbook annotations waive"
    ),
    # Whatever a kind of condition says is meant.
    **{model: Fields(" ".join(model.model_fields)) for model in CONDITIONS},
    Expr: Fields("expr", "examples"),
    Example: Fields("", "name series interval at fires_at silent_at fires value"),
    Firing: Fields("", "labels value"),
    Objective: Fields("target over availability latency page ticket labels", "summary owner runbook"),
    Availability: Fields("good bad total"),
    Latency: Fields("metric within where"),
    Events: Fields("metric where"),
    Dashboard: Fields("refresh rows", "title"),
    Row: Fields("panels", "title"),
    Panel: Fields("alert objective shows metric expr unit kind by quantiles width", "title description"),
    Stack: Fields("prometheus alertmanager grafana", "stack docs_url waive keep"),
    Prometheus: Fields("scrape_interval evaluation_interval external_labels alertmanagers drill", "url"),
    Alertmanager: Fields("receivers route inhibit time_intervals remedies", "url"),
    RemediesPost: Fields("url bearer_token_file ca_file match"),
    Interval: Fields("times weekdays days_of_month months location"),
    Receiver: Fields("webhook slack pagerduty email"),
    Webhook: Fields("url url_file bearer_token_file max_alerts"),
    Slack: Fields("api_url_file channel"),
    PagerDuty: Fields("routing_key_file"),
    Email: Fields("to from_ smarthost username password_file"),
    RootRoute: Fields("receiver group_by group_wait group_interval repeat_interval routes"),
    Route: Fields("match receiver continue_ group_by group_wait group_interval repeat_interval mute active routes"),
    Inhibition: Fields("source target equal"),
    Grafana: Fields("datasource datasource_uid", "url folder"),
}


@lru_cache(maxsize=256)
def of_metrics(spec: Spec, name: str) -> str:
    """What a system's exporter is made from: its metrics and the exporter's settings."""
    system = spec.systems[name]
    remedies = {alert: one.remedy for alert, one in system.alerts.items() if one.remedy}
    return _digest(name, system.metrics, system.exporter, remedies if system.exporter.remedies else {})


@lru_cache(maxsize=256)
def of_rules(spec: Spec, name: str) -> str:
    """What a system's rules are made from: alerts, objectives, what these see of metrics, and how often they look."""
    system = spec.systems[name]
    used = {metric for objective in system.objectives.values() for metric in objective.metrics}
    for alert in system.alerts.values():
        used.update(alert.when.metrics if isinstance(alert.when, MetricCondition) else _words(alert.when.expr))
    interval = spec.prometheus.evaluation_interval
    return _digest(name, system.alerts, system.objectives, _shapes(spec, name, used), interval)


@lru_cache(maxsize=256)
def of_dashboard(spec: Spec, name: str) -> str:
    """What a system's dashboard is made from: its panels, what they see of metrics, and the alerts and objectives."""
    system = spec.systems[name]
    board = system.dashboard
    panels = [panel for row in board.rows for panel in row.panels] if board else []
    used = {word for panel in panels for word in _words(panel.metric or panel.expr or "")}
    shapes = _shapes(spec, name, used if board else set(system.metrics))
    return _digest(name, board, of_rules(spec, name), shapes, spec.stack.grafana)


@lru_cache(maxsize=8)
def of_scraping(spec: Spec) -> str:
    """What Prometheus' configuration is made from: its settings, and where each system is found."""
    return _digest(spec.prometheus, {name: system.scrape for name, system in spec.systems.items()})


@lru_cache(maxsize=8)
def of_routes(spec: Spec) -> str:
    """What Alertmanager's configuration is made from: receivers, routes and inhibition."""
    return _digest(spec.stack.alertmanager)


def meaning(model: Model) -> dict[str, Any]:
    """What a model says of meaning that is not the default. The models within are left as they are."""
    meant, given = _meant(model.__class__), model.__dict__
    return {
        name: _plain(given[name]) for name in model.model_fields_set if name in meant and given[name] != meant[name]
    }


def _plain(value: Any) -> Any:
    """A quantity as its dimension and worth."""
    if value.__class__ is not Quantity:
        return value
    dimension, worth = UNITS.get(value.unit, (value.unit, Decimal(1)))
    return [dimension, str((value.number * worth).normalize())]


@lru_cache
def _meant(model: type[Model]) -> dict[str, Any]:
    """The fields of a model that count, with their defaults."""
    return {name: model.model_fields[name].get_default() for name in FIELDS[model].meaning.split()}


def _digest(*parts: Any) -> str:
    text = json.dumps(parts, default=meaning, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return sha256(text.encode()).hexdigest()[:LENGTH]


def _shapes(spec: Spec, system: str, used: set[str]) -> dict[str, Any]:
    """What an expression sees of each of the metrics that are used: not how it is measured."""
    return {
        name: {key: value for key, value in meaning(metric).items() if key != "measure"}
        for name, metric in spec.systems[system].metrics.items()
        if name in used or not used.isdisjoint(metric.series(name))
    }


def _words(expr: str) -> list[str]:
    return re.findall(r"[a-zA-Z_:][a-zA-Z0-9_:]*", expr)
