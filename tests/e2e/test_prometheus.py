"""A real Prometheus on the rendered files scrapes a real exporter: every metric is there, verbatim and of its type."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from shortened import shortened
from stack import Stack

import duckdb_exporter
from truegauge_generator.disk import write
from truegauge_generator.render import render
from truegauge_spec import Spec


@pytest.fixture(scope="module")
def stack(spec: Spec, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Prometheus and Alertmanager, scraping the exporter of this process, in which a little of everything happens."""
    place = tmp_path_factory.mktemp("stack")
    with Stack(place) as stack:
        files = render(shortened(spec, stack.ports))
        write(files, files, str(place))
        with duckdb_exporter.connect(
            place / "app.duckdb", instance_id="mt5-1", listen=f"127.0.0.1:{stack.ports.exporter}", disk_quota="1GiB"
        ) as con:
            _use(con)
            stack.start()
            deadline = time.monotonic() + 30
            while not stack.scraped():
                assert time.monotonic() < deadline, stack.logs()
                time.sleep(0.1)
            yield stack
        duckdb_exporter.close()


def _use(con: duckdb_exporter.Connection) -> None:
    con.execute("CREATE TABLE trades (id INTEGER PRIMARY KEY, price DOUBLE)")
    con.execute("INSERT INTO trades SELECT range, random() FROM range(1000)")
    con.execute("UPDATE trades SET price = 1 WHERE id = 1")
    con.execute("DELETE FROM trades WHERE id = 2")
    con.execute("SELECT * FROM trades").fetchall()
    con.begin()
    con.execute("INSERT INTO trades VALUES (5000, 1)")
    con.commit()
    con.begin()
    with pytest.raises(duckdb.Error):
        con.execute("INSERT INTO trades VALUES (5000, 1)")
    con.commit()  # succeeds, and the transaction is lost
    with duckdb_exporter.sync("mt5-1"):
        pass
    with pytest.raises(OSError, match="down"), duckdb_exporter.sync("mt5-1", attempt=2):
        raise OSError("down")
    duckdb_exporter.sync_pending(7, "mt5-1")


OCCASIONAL = {"duckdb_sync_backoff_seconds", "duckdb_scrape_duration_seconds"}
"""What is only told while it lasts, or from the second scrape on."""


def ask(stack: Stack, path: str) -> Any:
    url = f"http://127.0.0.1:{stack.ports.prometheus}/api/v1/{path}"
    with urllib.request.urlopen(url, timeout=5) as answer:
        return json.load(answer)["data"]


def test_a_scrape_names_every_metric_verbatim_with_its_type(stack: Stack, spec: Spec) -> None:
    with urllib.request.urlopen(f"http://127.0.0.1:{stack.ports.exporter}/metrics", timeout=5) as answer:
        lines = answer.read().decode().splitlines()
    for name, metric in spec.systems["duckdb"].metrics.items():
        assert f"# TYPE {name} {metric.type}" in lines
    assert 'duckdb_sync_success_count{instance_id="mt5-1"} 1' in [line.removesuffix(".0") for line in lines]


def test_prometheus_has_every_metric_as_a_series_of_its_type(stack: Stack, spec: Spec) -> None:
    metrics = spec.systems["duckdb"].metrics
    wanted = {series for name, metric in metrics.items() for series in metric.series(name)} - OCCASIONAL
    deadline = time.monotonic() + 15
    ever = "query?query=last_over_time(%s[5m])"  # averages over the rate window end with it
    while silent := {series for series in wanted if not ask(stack, ever % series)["result"]}:
        assert time.monotonic() < deadline, silent
        time.sleep(0.5)
    metadata = ask(stack, "metadata")
    for name, metric in metrics.items():
        assert [found["type"] for found in metadata[name]] == [metric.type]


def test_a_commit_that_lost_its_rows_counts_as_a_failure(stack: Stack) -> None:
    query = urllib.parse.quote('duckdb_transaction_failure_count{instance_id="mt5-1"}')  # closed ones stay a while
    (series,) = ask(stack, f"query?query={query}")["result"]
    assert series["value"][1] == "1"


def test_prometheus_has_loaded_every_rendered_rule_and_none_is_unhealthy(stack: Stack, spec: Spec) -> None:
    rules = [rule for group in ask(stack, "rules")["groups"] for rule in group["rules"]]
    alerts = {rule["name"] for rule in rules if rule["type"] == "alerting"}
    system = spec.systems["duckdb"]
    of_objectives = {f"{name}{end}" for name in system.objectives for end in ("Page", "Ticket")}
    assert alerts == {*system.alerts, *of_objectives, "SpecDrift"}
    assert {rule["health"] for rule in rules} <= {"ok", "unknown"}


def test_alertmanager_runs_on_the_rendered_configuration(stack: Stack) -> None:
    url = f"http://127.0.0.1:{stack.ports.alertmanager}/api/v2/receivers"
    with urllib.request.urlopen(url, timeout=5) as answer:
        assert {receiver["name"] for receiver in json.load(answer)} == {"notify", "page", "remedies/demo"}


def test_every_alert_that_fires_reaches_the_webhook_by_its_route_and_is_remedied(root: Path) -> None:
    """The demo: six faults in a real DuckDB, each followed from its cause to the webhook, its remedy and back."""
    done = subprocess.run(
        [sys.executable, str(root / "tests" / "demo" / "run.py")],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "demo: 6 alerts received by the webhook, remedied and resolved" in done.stdout
    for alert, receiver in (
        ("HighQueryLatency", "notify"),
        ("HighMemoryUsage", "page"),
        ("HighDiskUsage", "page"),
        ("FailedSync", "page"),
        ("TransactionFailureRate", "page"),
        ("ConnectionFailure", "page"),
    ):
        assert any(alert in line and "webhook" in line and receiver in line for line in done.stdout.splitlines()), (
            done.stdout
        )
