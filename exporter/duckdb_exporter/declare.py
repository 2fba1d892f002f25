"""The words of the generated table `metrics.py`: what is measured, under which name, with which labels."""

from __future__ import annotations

from typing import NamedTuple


class Label(NamedTuple):
    """A label: a closed set of values, or an open one that keeps at most `limit` values. Of the others counters and
    histograms are added up as `other`, and gauges are left out.
    """

    name: str
    values: tuple[str, ...] | None = None
    limit: int | None = None


class Metric(NamedTuple):
    """One metric, exposed under exactly `name`.

    `type` is counter, gauge or histogram. `measure` names a measurement of the engine, or is "sql" (the query `sql`
    gives the value) or "app" (the application calls). `scale` multiplies the measurement's native unit (seconds,
    bytes, 1) into `unit`. `where` keeps only the events whose dimension has that value. What the application
    measures under the name `replaced_by` counts here too, times `scale`: this is its old name. The query runs each
    `every` seconds, for at most `timeout` seconds, and gives at most `rows`.
    """

    name: str
    type: str
    unit: str
    help: str
    labels: tuple[Label, ...]
    measure: str
    scale: float = 1.0
    where: tuple[tuple[str, str], ...] = ()
    sql: str | None = None
    buckets: tuple[float, ...] = ()
    replaced_by: str = ""
    every: float = 30.0
    timeout: float = 2.0
    rows: int = 100


class Remedies(NamedTuple):
    """What may be done when an alert asks for it: `alerts` has the remedy of each, the rest are bounds.

    Times in seconds, sizes in bytes. `accept_within`: how long after an alert began its post still counts.
    """

    alerts: tuple[tuple[str, str], ...]
    cooldown: float = 600.0
    accept_within: float = 3600.0
    dry_run: bool = False
    largest_memory_limit: int | None = None
    free_disk: int = 1024**3


class Settings(NamedTuple):
    """How the exporter runs: times in seconds, sizes in bytes, `listen` as host:port.

    `forget_after`: how long the series of a closed database stay while the process has another one open.
    """

    listen: str = "127.0.0.1:9187"
    instance_label: str = "instance_id"
    poll_interval: float = 1.0
    stale_after: float = 5.0
    rate_window: float = 10.0
    memory_limit: int | None = None
    disk_quota: int | None = None
    remedies: Remedies | None = None
    forget_after: float = 300.0
