"""Labels and statements without end: the number of series and the memory for them have one."""

from __future__ import annotations

import logging
from collections.abc import Callable
from time import perf_counter
from typing import TYPE_CHECKING, Any

import pytest

from duckdb_exporter.declare import Label, Metric
from duckdb_exporter.engine.recorder import Recorder
from duckdb_exporter.instruments import Instrument, Instruments
from duckdb_exporter.metrics import METRICS, SETTINGS

if TYPE_CHECKING:
    from tests.exporter.conftest import Lab, Scrape, Watch

I: dict[str, Any] = {"instance_id": "i"}  # noqa: E741 - the instance of every test here
COUNTER = Metric("app_orders_total", "counter", "", "Orders", (Label("customer", limit=50),), "app")
ROWS = Metric(
    "trades_rows",
    "gauge",
    "rows",
    "Rows by customer",
    (Label("customer", limit=50),),
    "sql",
    sql="SELECT customer, count(*) FROM trades GROUP BY customer ORDER BY customer",
    every=0.5,
    rows=10_000,
)
DROPPED = "duckdb_exporter_dropped_label_values_total"


def series(scrape: Scrape, name: str) -> int:
    return sum(found == name for found, _ in scrape.samples)


def test_labels_of_the_application_explode(make_lab: Callable[..., Lab], watched: Callable[[Lab], Watch]) -> None:
    lab = make_lab(COUNTER)
    watch = watched(lab)
    for number in range(100_000):
        lab.exporter.instruments.increment("app_orders_total", 1.0, f"customer-{number}")
    found = watch.promptly()
    assert series(found, "app_orders_total") == 51
    assert found("app_orders_total", customer="other") == 99_950
    assert found(DROPPED, metric="app_orders_total", label="customer") == 99_950


def test_labels_of_a_query_explode(
    make_lab: Callable[..., Lab], watched: Callable[[Lab], Watch], caplog: pytest.LogCaptureFixture
) -> None:
    lab = make_lab(ROWS, ROWS._replace(name="few_rows", rows=100))
    con = lab.connect(**I)
    con.execute("CREATE TABLE trades AS SELECT 'c' || range % 5000 AS customer FROM range(10000)")
    lab.until(lambda scrape: series(scrape, "trades_rows"))
    with caplog.at_level(logging.WARNING):
        found = watched(lab).promptly()
    assert series(found, "trades_rows") <= 50
    lab.until(lambda scrape: scrape("duckdb_exporter_probe_disabled", instance_id="i", probe="few_rows", reason="rows"))
    con.execute("DELETE FROM trades")
    con.close()


def test_statements_explode(lab: Lab, watch: Watch) -> None:
    con = lab.connect(**I)
    before = len(lab.until(lambda scrape: scrape("duckdb_up", **I)).samples)  # with those of the engine
    for number in range(3000):
        con.execute(f"SELECT {number} AS column_{number}").fetchall()
    for number in range(100):
        con.execute(f"CREATE TABLE t{number} (id INTEGER)").execute(f"INSERT INTO t{number} VALUES (1)")
    found = watch.promptly()
    assert len(found.samples) - before < 60  # the tables are no more than the spec allows
    assert found("duckdb_query_latency_ms_count", query_type="SELECT") == 3000
    assert found("duckdb_insert_latency_ms_count", table_name="other") == 100
    assert len(con._known) < 3000  # the texts that are remembered
    con.close()


def test_databases_beyond_the_limit_show_no_gauges_of_one_another(
    make_lab: Callable[..., Lab], watched: Callable[[Lab], Watch], caplog: pytest.LogCaptureFixture
) -> None:
    two = [
        metric._replace(
            labels=tuple(one._replace(limit=2) if one.name == "instance_id" else one for one in metric.labels)
        )
        for metric in METRICS
        if metric.measure not in ("app", "sql")
    ]
    lab = make_lab(*two, forget_after=0.0)
    cons = {id_: lab.connect(instance_id=id_, listen=False) for id_ in "abcd"}
    cons["c"].begin().commit()
    lab.until(lambda scrape: all(scrape("duckdb_up", instance_id=id_) for id_ in "ab"))
    watch = watched(lab)
    for _ in range(2):
        found = watch.promptly()
        assert {dict(labels)["instance_id"] for name, labels in found.samples if name == "duckdb_up"} == {"a", "b"}
        assert not [name for name, labels in found.samples if ("instance_id", "c") in labels]
        assert found("duckdb_up", instance_id="other") is None
        # Counters can be added up, so those of the rest are one series.
        assert found("duckdb_transaction_success_count", instance_id="other") == 1
        assert found(DROPPED, metric="duckdb_up", label="instance_id") == 2  # not more with each scrape
    assert [record.getMessage() for record in caplog.records] == [
        f"instance '{id_}' shows no gauges: the spec's limit of instance_id is 2 databases" for id_ in "cd"
    ]
    cons.pop("a").close()  # makes room for the next
    lab.until(lambda scrape: scrape("duckdb_up", instance_id="c") == 1)
    for con in cons.values():
        con.close()


def seconds(count: int) -> float:
    """For one of so many instances: to show its parts, to have fewer, and to be forgotten."""
    metrics = [
        Metric("tag_bytes", "gauge", "", "x", (Label("instance_id", limit=10**6), Label("tag")), "memory.tag"),
        ROWS._replace(labels=(Label("instance_id", limit=10**6), Label("customer", limit=10**6))),
    ]
    recorder = Recorder(Instruments(metrics, SETTINGS))
    started = perf_counter()
    for tags in (("a", "b"), ("a",), ()):
        for number in range(count):
            recorder.parts("memory.tag", f"i{number}", {(tag, "pinned"): 1.0 for tag in tags})
            recorder.replace("trades_rows", f"i{number}", [((tag,), 1.0) for tag in tags])
    recorder.forget({f"i{number}" for number in range(count)})
    return (perf_counter() - started) / count


def test_the_time_for_an_instance_does_not_grow_with_their_number() -> None:
    assert min(seconds(2000) for _ in range(3)) < 4 * min(seconds(200) for _ in range(3))


def test_a_label_value_is_free_again_with_its_last_series() -> None:
    instrument = Instrument(COUNTER._replace(labels=(Label("customer", limit=2), Label("of"))))
    for of in ("x", "y"):
        instrument.child(("a", of))
    instrument.child(("b", "x"))
    assert not instrument.fits(("c", "x"))
    instrument.remove(("a", "x"))
    assert not instrument.fits(("c", "x"))
    instrument.remove(("a", "y"))
    instrument.remove(("a", "y"))
    assert instrument.fits(("c", "x"))
