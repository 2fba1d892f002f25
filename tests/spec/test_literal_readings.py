"""The DuckDB design's triggers, taken at their word: each is refused with the reason why it could never be true."""

from __future__ import annotations

from pathlib import Path

import pytest

from truegauge_spec import Source, SpecError, build

SPEC = (Path(__file__).parents[2] / "spec" / "duckdb.yaml").read_text()
ALERT = """
  Literal:
    when: {{expr: '{expr}'}}
    severity: warning
    summary: As the design has it
    runbook: Look.

dashboard:"""
READINGS = {
    "duckdb_query_latency_ms > 100ms": {"bare_histogram"},
    "duckdb_query_latency_ms_sum / duckdb_query_latency_ms_count > 100ms": {"duration_literal"},
    "duckdb_memory_used_bytes > 90% of duckdb_memory_limit_bytes": {"promql_syntax"},
    "duckdb_disk_usage_bytes > 90% of limit": {"promql_syntax"},
    "duckdb_sync_failure_count_total > 5": {"unknown_series"},
    "duckdb_sync_failure_count > 5 in 10m": {"promql_syntax"},
    "duckdb_sync_failure_count > 5": {"counter_without_rate"},
    "duckdb_failed_connections > 5": {"counter_without_rate"},
    "histogram_quantile(0.95, duckdb_query_latency_ms) > 100": {"bare_histogram"},
    "duckdb_memory_used_bytes / duckdb_queries_per_sec > 0.9": {"no_common_labels"},
}


@pytest.mark.parametrize(("expr", "codes"), READINGS.items(), ids=READINGS)
def test_a_literal_reading_of_the_design_is_refused(expr: str, codes: set[str]) -> None:
    with pytest.raises(SpecError) as caught:
        build([Source("spec/duckdb.yaml", SPEC.replace("\ndashboard:", ALERT.format(expr=expr), 1))])
    assert codes <= {problem.code for problem in caught.value.problems}


def test_the_honest_reading_is_not() -> None:
    expr = "floor(increase(duckdb_sync_failure_count[10m])) > 5"
    built = build([Source("spec/duckdb.yaml", SPEC.replace("\ndashboard:", ALERT.format(expr=expr), 1))])
    assert "Literal" in built.systems["duckdb"].alerts
