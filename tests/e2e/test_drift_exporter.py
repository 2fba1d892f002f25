"""Each way in which an exporter can differ from the spec is named, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from loopback import answering, got
from world import World, assert_only, drift

from truegauge_spec import load
from truegauge_spec.metric import Metric

METRICS = f"{len(load(Path(__file__).parents[2] / 'spec').systems['duckdb'].metrics)} metrics"
QUERY_TYPES = ("SELECT", "INSERT", "UPDATE", "DELETE", "OTHER")

EXPORTER: dict[str, tuple[Callable[[dict[str, Metric]], object], str, str, str, str]] = {
    "a metric that it does not know yet": (
        lambda metrics: metrics.pop("duckdb_wal_bytes"), "metric_missing", "duckdb_wal_bytes", "gauge", "",
    ),
    "a metric that is no more": (
        lambda metrics: metrics.update(duckdb_gone=Metric(type="counter", help="Gone", measure="app")),
        "metric_undeclared", "duckdb_gone", "", "counter duckdb_gone",
    ),
    "a type": (
        lambda metrics: change(metrics, "duckdb_wal_bytes", type="counter", measure="app"),
        "metric_type", "duckdb_wal_bytes", "gauge", "counter",
    ),
    "a help text": (
        lambda metrics: change(metrics, "duckdb_wal_bytes", help="Bytes"),
        "metric_help", "duckdb_wal_bytes", "Size of the write-ahead log", "Bytes",
    ),
    "a label": (
        lambda metrics: change(metrics, "duckdb_query_latency_ms", labels={"kind": ("SELECT",)}, measure="app"),
        "metric_labels", "duckdb_query_latency_ms", "query_type", "kind",
    ),
    "a stray label value": (
        lambda metrics: change(
            metrics, "duckdb_query_latency_ms", labels={"query_type": (*QUERY_TYPES, "MERGE")}, measure="app"
        ),
        "label_value", "duckdb_query_latency_ms/query_type", "SELECT", "MERGE, line ",
    ),
    "a series": (
        lambda metrics: change(
            metrics, "duckdb_query_latency_ms", labels={"query_type": QUERY_TYPES[:-1]}, measure="app"
        ),
        "series_missing", "duckdb_query_latency_ms", 'duckdb_query_latency_ms_bucket{query_type="OTHER"}', "",
    ),
    "buckets": (
        lambda metrics: change(metrics, "duckdb_query_latency_ms", buckets=(1.0, 10.0, 100.0)),
        "buckets", "duckdb_query_latency_ms", "1, 2, 5, 10", "1, 10, 100, +Inf",
    ),
    "what cannot be seen": (
        lambda metrics: change(metrics, "duckdb_wal_bytes", measure="disk.used"), "other_spec", "duckdb", "", "",
    ),
}  # fmt: skip


def change(metrics: dict[str, Metric], name: str, **update: Any) -> None:
    metrics[name] = metrics[name].model_copy(update=update)


@pytest.mark.parametrize("name", EXPORTER)
def test_an_exporter_from_another_spec_is_named(name: str, world: World, capsys: pytest.CaptureFixture[str]) -> None:
    edit, kind, subject, declared, running = EXPORTER[name]
    system = world.spec.systems["duckdb"]
    metrics = dict(system.metrics)
    edit(metrics)
    with world.served(system=system.model_copy(update={"metrics": metrics})) as url:
        assert_only(drift(world, capsys, exporter=url), kind, subject, declared, running)


PAGES: dict[str, tuple[Callable[[str], str], str, str, str, str]] = {
    "more values than the limit": (
        lambda page: page + "".join(f'duckdb_up{{instance_id="{number}"}} 1\n' for number in range(51)),
        "too_many_values", "duckdb_up/instance_id", "at most 50", "52",
    ),
    "half a histogram": (
        lambda page: page.replace('duckdb_query_latency_ms_sum{query_type="OTHER"} 0\n', ""),
        "series_missing", "duckdb_query_latency_ms", "duckdb_query_latency_ms_sum", "only duckdb_query_latency_ms_b",
    ),
    "a line that is not of the format": (
        lambda page: page + "duckdb up 1\n", "exposition", "line ", "", "no value",
    ),
    "a series twice": (
        lambda page: page + 'duckdb_up{instance_id="mt5-1"} 1\n', "exposition", "line ", "", "twice",
    ),
    "no metric of ours": (
        lambda page: "<html>Welcome</html>\n", "nothing_observed", "duckdb", METRICS, "none",
    ),
    "an empty page": (lambda page: "", "nothing_observed", "duckdb", METRICS, "none"),
}  # fmt: skip


@pytest.mark.parametrize("name", PAGES)
def test_a_page_with_an_edit_is_named(name: str, world: World, capsys: pytest.CaptureFixture[str]) -> None:
    edit, kind, subject, declared, running = PAGES[name]
    page = edit(got(world.exporter).decode())
    with answering(lambda _: (200, "text/plain; version=0.0.4", page.encode())) as url:
        (found,) = drift(world, capsys, exporter=f"{url}/metrics")
    assert (found["kind"], found["subject"][: len(subject)]) == (kind, subject)
    assert declared in found["declared"]
    assert running in found["running"]
