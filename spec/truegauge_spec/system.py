"""A system: what it exposes, how it is scraped, when it alerts, what its dashboard shows."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field

from truegauge_spec.alert import Alert, AlertName
from truegauge_spec.condition import MetricCondition
from truegauge_spec.dashboard import Dashboard
from truegauge_spec.metric import Metric, PartMeasure, SqlMeasure
from truegauge_spec.model import (
    Address,
    FilePath,
    LabelName,
    MetricName,
    Model,
    PositiveDuration,
    Size,
    SystemName,
    Text,
    Waivers,
)
from truegauge_spec.objectives import Objective


class Scrape(Model):
    """How Prometheus finds the system's exporters."""

    targets: tuple[Address, ...] = ()
    file_sd: tuple[FilePath, ...] = ()
    interval: PositiveDuration | None = None
    timeout: PositiveDuration | None = None
    scheme: Literal["http", "https"] = "http"
    path: Text = "/metrics"
    labels: dict[LabelName, Text] = {}
    bearer_token_file: FilePath | None = None
    ca_file: FilePath | None = None


class Remedies(Model):
    """What the exporter may do by itself when an alert with a `remedy` fires, and within which bounds.

    Nothing happens before a token is given where the exporter is started.
    """

    cooldown: PositiveDuration = 600_000
    accept_within: PositiveDuration = 3_600_000
    dry_run: bool = False
    largest_memory_limit: Size | None = None
    free_disk: Size = 1024**3


class Exporter(Model):
    """Settings of the generated exporter; they can be overridden where it is started."""

    listen: Address = "127.0.0.1:9187"
    instance_label: LabelName | None = None
    poll_interval: PositiveDuration = 1000
    stale_after: PositiveDuration = 5000
    rate_window: PositiveDuration = 10_000
    memory_limit: Size | None = None
    disk_quota: Size | None = None
    remedies: Remedies | None = None


class System(Model):
    """One system, the content of one file."""

    system: SystemName
    summary: Text
    owner: Text
    scrape: Scrape = Scrape()
    exporter: Exporter = Exporter()
    metrics: Annotated[dict[MetricName, Metric], Field(min_length=1)]
    alerts: dict[AlertName, Alert] = {}
    objectives: dict[AlertName, Objective] = {}
    dashboard: Dashboard | None = None
    waive: Waivers = {}

    @cached_property
    def conditions(self) -> tuple[tuple[str, MetricCondition], ...]:
        """The alerts whose condition names metrics, each with that condition."""
        return tuple(
            (name, alert.when) for name, alert in self.alerts.items() if isinstance(alert.when, MetricCondition)
        )

    @property
    def measures_duckdb(self) -> bool:
        """Whether its exporter needs DuckDB: it names a measurement, or a query."""
        return any(isinstance(m.measure, SqlMeasure | PartMeasure) or m.measure != "app" for m in self.metrics.values())
