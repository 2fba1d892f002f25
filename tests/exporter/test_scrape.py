"""What a scrape says, read as raw lines."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from duckdb_exporter.exposition import CONTENT_TYPE

if TYPE_CHECKING:
    from tests.exporter.conftest import Lab, Scrape

QUERY_TYPES = ("SELECT", "INSERT", "UPDATE", "DELETE")
TYPES = {
    "duckdb_query_latency_ms": "histogram",
    **{f"duckdb_{kind.lower()}_latency_ms": "histogram" for kind in QUERY_TYPES},
    "duckdb_query_count": "counter",
    "duckdb_queries_per_sec": "gauge",
    **{f"duckdb_{kind.lower()}_queries_per_sec": "gauge" for kind in QUERY_TYPES},
    "duckdb_memory_used_bytes": "gauge",
    "duckdb_memory_pinned_bytes": "gauge",
    "duckdb_memory_limit_bytes": "gauge",
    "duckdb_memory_fragmentation_ratio": "gauge",
    "duckdb_disk_usage_bytes": "gauge",
    "duckdb_max_disk_usage_bytes": "gauge",
    "duckdb_disk_fragmentation_ratio": "gauge",
    "duckdb_wal_bytes": "gauge",
    "duckdb_active_connections": "gauge",
    "duckdb_failed_connections": "counter",
    "duckdb_sync_success_count": "counter",
    "duckdb_sync_failure_count": "counter",
    "duckdb_sync_retry_attempts": "counter",
    "duckdb_sync_latency_ms": "gauge",
    "duckdb_transaction_success_count": "counter",
    "duckdb_transaction_failure_count": "counter",
    "duckdb_transaction_count": "counter",
    "duckdb_transaction_latency_ms": "gauge",
    "duckdb_up": "gauge",
    "duckdb_poll_age_seconds": "gauge",
}


@pytest.fixture
def busy(lab: Lab, tmp_path: Path) -> Lab:
    """An exporter that has seen something of everything."""
    con = lab.connect(tmp_path / "app.duckdb", instance_id="mt5-1", listen=False)
    con.execute("CREATE TABLE trades AS SELECT range AS id FROM range(1000)")
    con.execute("SELECT count(*) FROM trades").fetchall()
    con.execute("BEGIN").execute("UPDATE trades SET id = 0 WHERE id = 1").execute("COMMIT")
    with lab.exporter.sync():
        pass
    lab.until(lambda scrape: scrape("duckdb_memory_fragmentation_ratio", instance_id="mt5-1"))  # the table is seen
    lab.con = con
    return lab


def test_every_declared_metric_is_described_under_its_own_name_before_anything_happened(lab: Lab) -> None:
    lines = lab.scrape().lines
    assert len(TYPES) == 31
    for name, kind in TYPES.items():
        assert f"# TYPE {name} {kind}" in lines
        assert any(line.startswith(f"# HELP {name} ") for line in lines)


def test_every_declared_metric_has_a_series_under_its_own_name(busy: Lab) -> None:
    names = {name for name, _ in busy.scrape().samples}
    for name, kind in TYPES.items():
        assert (f"{name}_count" if kind == "histogram" else name) in names


def test_a_counter_is_not_renamed(busy: Lab) -> None:
    scrape = busy.scrape()
    assert 'duckdb_sync_success_count{instance_id="mt5-1"} 1' in scrape.lines
    assert "duckdb_sync_success_count_total" not in scrape.text
    assert "_created" not in scrape.text


def test_counters_exist_at_zero_as_soon_as_there_is_an_instance(lab: Lab) -> None:
    con = lab.connect(instance_id="mt5-1", listen=False)
    scrape = lab.scrape()
    for name, kind in TYPES.items():
        if kind == "counter":
            values = [value for (found, _), value in scrape.samples.items() if found == name]
            assert values, name
            assert set(values) == {0}, name
    con.close()


def test_histograms_with_closed_labels_exist_at_zero_from_the_start(lab: Lab) -> None:
    assert lab.value("duckdb_query_latency_ms_count", query_type="DELETE") == 0
    assert lab.value("duckdb_query_latency_ms_bucket", query_type="DELETE", le="+Inf") == 0


def test_buckets_accumulate_up_to_the_count(busy: Lab) -> None:
    scrape = busy.scrape()
    buckets = [
        value
        for (name, labels), value in scrape.samples.items()
        if name == "duckdb_query_latency_ms_bucket" and ("query_type", "UPDATE") in labels
    ]
    assert buckets == sorted(buckets)
    assert buckets[-1] == scrape("duckdb_query_latency_ms_count", query_type="UPDATE") == 1


def test_the_digest_of_the_spec_is_exposed(lab: Lab) -> None:
    assert 'duckdb_exporter_spec_info{system="duckdb",digest="c0ffee"} 1' in lab.scrape().lines


def test_promtool_parses_a_scrape(busy: Lab) -> None:
    promtool = shutil.which("promtool")
    assert promtool, "promtool is not on the PATH: `make tools` gets it"
    done = subprocess.run(
        [promtool, "check", "metrics"], input=busy.exporter.render(), capture_output=True, check=False
    )
    # 3: its naming advice, which the names of the spec need not follow; 1: it cannot parse.
    assert done.returncode in (0, 3), done.stderr.decode()


def test_no_series_appears_twice(busy: Lab) -> None:
    lines = [line.rpartition(" ")[0] for line in busy.scrape().lines if not line.startswith("#")]
    assert len(lines) == len(set(lines))


def test_it_is_served_over_http(busy: Lab, fetch: Callable[[str], Scrape]) -> None:
    server = busy.exporter.serve()
    assert fetch(server.url)("duckdb_up", instance_id="mt5-1") == 1
    assert CONTENT_TYPE == "text/plain; version=0.0.4; charset=utf-8"
