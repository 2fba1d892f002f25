"""A system: what it exposes, how it is scraped, when it alerts, what its dashboard shows."""

from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from truegauge_spec.alert import Alert, AlertName
from truegauge_spec.condition import MetricCondition
from truegauge_spec.dashboard import Dashboard
from truegauge_spec.metric import Metric, PartMeasure, SqlMeasure
from truegauge_spec.model import (
    Address,
    FilePath,
    ImageName,
    LabelName,
    MetricName,
    Model,
    PlainName,
    PlainPath,
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


class Deploy(Model):
    """How the exporter runs alone, for a database that no application writes to; only where it measures DuckDB.

    `database` defaults to `/var/lib/SYSTEM/SYSTEM.duckdb`, `instance_id` to the system's name, `image` to
    `SYSTEM-exporter:latest`, `memory` to 256 MiB and the exporter's `memory_limit`.
    """

    base_image: ImageName = "python:3.11-slim"
    image: ImageName | None = None
    database: PlainPath | None = None
    instance_id: PlainName | None = None
    memory: Size | None = None
    cpus: Annotated[float, Field(gt=0)] = 0.5


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
    deploy: Deploy = Deploy.model_construct()  # calling it would build its validator with every import


# Of a metric whose replacement is not there: the check `deprecated_metric` says so, where its keys would be missing.
NO_REPLACEMENT = {"type": "gauge", "help": "?", "measure": "app"}


def _replacement(metrics: dict[str, Any], metric: dict[str, Any]) -> dict[str, Any]:
    """The keys that a metric takes over: those of its replacement, if it is deprecated."""
    deprecated = metric.get("deprecated")
    if not isinstance(deprecated, dict):
        return {}
    new = metrics.get(str(deprecated.get("replaced_by")))
    if not isinstance(new, dict) or "deprecated" in new:
        return NO_REPLACEMENT
    return {key: value for key, value in new.items() if key != "waive"}


class System(Model):
    """One system, the content of one file."""

    system: SystemName
    summary: Text
    owner: Text
    scrape: Scrape = Scrape.model_construct()
    exporter: Exporter = Exporter.model_construct()
    metrics: Annotated[dict[MetricName, Metric], Field(min_length=1)]
    alerts: dict[AlertName, Alert] = {}
    objectives: dict[AlertName, Objective] = {}
    dashboard: Dashboard | None = None
    waive: Waivers = {}

    @field_validator("metrics", mode="before")
    @classmethod
    def _like_its_replacement(cls, metrics: Any) -> Any:
        """A deprecated metric has the keys of its replacement where it says nothing else."""
        if not isinstance(metrics, dict):
            return metrics
        return {
            name: {**_replacement(metrics, metric), **metric} if isinstance(metric, dict) else metric
            for name, metric in metrics.items()
        }

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
