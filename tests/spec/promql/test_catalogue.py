"""The catalogue: what each series of a spec is."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from truegauge_spec.load import load
from truegauge_spec.promql.bounds import bound_value
from truegauge_spec.promql.catalogue import Catalogue, Record, catalogue, recorded
from truegauge_spec.promql.infer import infer
from truegauge_spec.spec import Spec

ROOT = Path(__file__).parents[3]


def test_it_has_each_metric_and_what_prometheus_makes(world_spec: Spec) -> None:
    known = catalogue(world_spec, "redis")
    assert {"redis_up", "up", "scrape_duration_seconds", "ALERTS", "ALERTS_FOR_STATE"} < set(known.series)
    assert "node_load1" not in known.series
    assert known.series["redis_up"].type.labels.allowed("job") == frozenset({"redis"})
    assert known.series["redis_exporter_spec_info"].type.labels.has("digest")


def test_a_series_that_two_systems_have_is_either(world: Catalogue) -> None:
    labels = world.series["up"].type.labels
    assert labels.allowed("job") == frozenset({"node", "kube", "mysql", "redis", "web"})
    assert labels.has("zone")
    assert "zone" not in labels.must


def test_a_system_has_its_own_interval(world: Catalogue) -> None:
    assert world.series["http_requests_total"].interval == 30_000
    assert world.series["node_load1"].interval == 15_000


def test_a_record_has_the_type_of_its_expression_and_its_own_labels(world: Catalogue) -> None:
    known = recorded(
        world,
        [
            Record("a:b:sum", "sum by (job) (redis_memory_used_bytes)", {"level": "job"}),
            Record("a:c:max", "max(a:b:sum)"),
            Record("broken", "sum("),
        ],
    )
    assert str(known.series["a:b:sum"].type) == "instant vector of gauge in bytes by job, level"
    assert str(known.series["a:c:max"].type) == "instant vector of gauge in bytes without labels"
    assert infer("broken > 1", known).findings == ()
    assert "a:b:sum" not in world.series


@pytest.mark.parametrize(
    ("bound", "stored"),
    [
        (1, "1.0"),
        (100, "100.0"),
        (0.25, "0.25"),
        (0, "0.0"),
        (-2.5, "-2.5"),
        (123456, "123456.0"),
        (1e6, "1e+06"),
        (1234567, "1.234567e+06"),
        (0.0001, "0.0001"),
        (0.00001, "1e-05"),
        (1e21, "1e+21"),
        (float("inf"), "+Inf"),
    ],
)
def test_a_bound_is_written_as_prometheus_stores_it(bound: float, stored: str) -> None:
    assert bound_value(bound) == stored


def test_the_rendered_rules_are_clean() -> None:
    spec = load(ROOT / "spec")
    rules = [
        rule
        for file in sorted((ROOT / "rendered" / "prometheus" / "rules").glob("*.yml"))
        for group in yaml.safe_load(file.read_text())["groups"]
        for rule in group["rules"]
    ]
    records = [Record(rule["record"], rule["expr"], rule.get("labels", {})) for rule in rules if "record" in rule]
    known = catalogue(spec, records=records)
    assert [
        (rule["expr"], one.code, one.message)
        for rule in rules
        for one in infer(rule["expr"], known, alert="alert" in rule).findings
    ] == []


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("duckdb_query_latency_ms > 100ms", "bare_histogram"),
        ("duckdb_sync_latency_ms > 100ms", "duration_literal"),
        ("duckdb_memory_used_bytes > 90 * duckdb_query_latency_ms_count", "no_common_labels"),
        ("duckdb_sync_failure_count > 5", "counter_without_rate"),
        ("increase(duckdb_sync_failure_count_total[10m]) > 5", "unknown_series"),
        ("duckdb_failed_connections > 5", "counter_without_rate"),
        ("sum(duckdb_transaction_failure_count) / sum(duckdb_transaction_success_count) > 0.1", "counter_without_rate"),
    ],
)
def test_the_literal_readings_of_the_design_are_refused(text: str, code: str) -> None:
    assert code in [one.code for one in infer(text, catalogue(load(ROOT / "spec"))).findings]
