"""Metrics that a query gives."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

import duckdb
import pytest

from duckdb_exporter.declare import Label, Metric

if TYPE_CHECKING:
    from tests.exporter.conftest import Lab

UP = Metric("duckdb_up", "gauge", "", "Up", (Label("instance_id"),), "exporter.up")


def sql(query: str, *labels: Label, type_: str = "gauge", name: str = "m", scale: float = 1.0) -> Metric:
    return Metric(name, type_, "", "A query's value", labels, "sql", scale=scale, sql=query, every=0.05)


@pytest.fixture
def lab_with(make_lab: Callable[..., Lab]) -> Callable[..., Lab]:
    def make(*metrics: Metric) -> Lab:
        lab = make_lab(UP, *metrics)
        bare = duckdb.connect()
        bare.execute("CREATE TABLE t AS SELECT range AS id, 'c' || range % 3 AS kind FROM range(9)")
        lab.con = lab.exporter.instrument(bare, instance_id="i", listen=False)
        return lab

    return make


def test_a_query_without_labels_gives_one_value(lab_with: Callable[..., Lab]) -> None:
    lab = lab_with(sql("SELECT count(*) FROM t"), sql("SELECT 2.5::DECIMAL(4, 2)", name="d", scale=1000.0))
    scrape = lab.until(lambda scrape: scrape("m") and scrape("d"))
    assert (scrape("m"), scrape("d")) == (9, 2500)
    lab.con.execute("DELETE FROM t WHERE id > 3")
    lab.until(lambda scrape: scrape("m") == 4)


def test_a_query_with_labels_gives_a_series_for_each_row(lab_with: Callable[..., Lab]) -> None:
    lab = lab_with(sql("SELECT kind, count(*) FROM t GROUP BY kind", Label("kind", limit=10)))
    scrape = lab.until(lambda scrape: scrape("m", kind="c0"))
    assert [scrape("m", kind=kind) for kind in ("c0", "c1", "c2")] == [3, 3, 3]
    lab.con.execute("DELETE FROM t WHERE kind = 'c1'")
    scrape = lab.until(lambda scrape: scrape("m", kind="c1") is None)
    assert scrape("m", kind="c2") == 3


def test_the_instance_label_is_added(lab_with: Callable[..., Lab]) -> None:
    lab = lab_with(
        sql("SELECT kind, count(*) FROM t GROUP BY kind", Label("instance_id"), Label("kind", ("c0", "c1", "c2")))
    )
    lab.until(lambda scrape: scrape("m", instance_id="i", kind="c0") == 3)


@pytest.mark.parametrize("query", ["SELECT NULL", "SELECT 1 WHERE false"])
def test_null_or_no_row_is_no_series(lab_with: Callable[..., Lab], query: str) -> None:
    lab = lab_with(sql(query), sql("SELECT 1", name="other"))
    scrape = lab.until(lambda scrape: scrape("other"))
    assert scrape("m") is None
    assert "# TYPE m gauge" in scrape.lines


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM nowhere",
        "SELECT 'text'",
        "SELECT 1 UNION ALL SELECT 2",
        "SELECT 1, 2",
        "not SQL",
        "SELECT DATE '2026-01-01'",
    ],
)
def test_a_bad_query_is_no_series_is_logged_once_and_breaks_nothing_else(
    lab_with: Callable[..., Lab], caplog: pytest.LogCaptureFixture, query: str
) -> None:
    lab = lab_with(sql("SELECT txid_current()", name="polls"), sql(query), sql("SELECT 1", name="after"))
    first = lab.until(lambda scrape: scrape("after"))("polls") or 0
    scrape = lab.until(lambda scrape: (scrape("polls") or 0) > first + 5)
    assert (scrape("m"), scrape("after"), scrape("duckdb_up", instance_id="i")) == (None, 1, 1)
    assert len([record for record in caplog.records if record.getMessage().startswith("m: no series")]) == 1


SECRETS = (
    "SELECT 'hunter2'", "SELECT 'hunter2'::INTEGER + i FROM range(1) r(i)", "SELECT error('hunter2')",
    "SELECT token_hunter2 FROM t", "SELECT 1 AS hunter2, 2", "SELECT 'a' hunter2 b c", "FROM hunter2",
    "SELECT hunter2(1)",
)  # fmt: skip


@pytest.mark.parametrize("query", SECRETS)
def test_neither_the_text_of_a_query_nor_what_it_met_is_in_the_log_or_on_the_page(
    lab_with: Callable[..., Lab], caplog: pytest.LogCaptureFixture, query: str
) -> None:
    caplog.set_level(logging.INFO)
    found = lab_with(sql(query), sql("SELECT 1", name="after")).until(lambda scrape: scrape("after"))
    assert "m: no series, its query failed: " in caplog.text
    assert "hunter2" not in caplog.text + found.text


def test_the_log_has_the_engine_s_words_when_it_is_asked_for_them(
    lab_with: Callable[..., Lab], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "duckdb_exporter")
    lab_with(sql(SECRETS[3]), sql("SELECT 1", name="after")).until(lambda scrape: scrape("after"))
    assert 'm: Binder Error: Referenced column "token_hunter2" not found' in caplog.text


def test_the_application_s_own_queries_are_neither_in_the_log_nor_on_the_page(
    lab: Lab, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    con = lab.connect(instance_id="i", listen=False)
    con.execute("CREATE TABLE t AS SELECT 1 AS id")
    for query in (*SECRETS, "INSERT INTO t VALUES ('hunter2')", "COPY t TO '/nowhere/hunter2.csv'", "EXECUTE hunter2"):
        with suppress(duckdb.Error):
            con.execute(query).fetchall()
        with suppress(duckdb.Error, AttributeError):  # a statement without rows gives no relation
            con.sql(query).fetchall()
    with suppress(duckdb.Error):
        con.executemany("INSERT INTO t VALUES (?)", [["hunter2"]])
    con.execute("CREATE VIEW v AS SELECT 'hunter2' AS hunter2").table("v").fetchall()
    found = lab.until(lambda scrape: scrape("duckdb_up", instance_id="i"))
    assert (found("duckdb_query_errors_total", instance_id="i", error="BinderException") or 0) > 1
    assert "hunter2" not in caplog.text + found.text
    con.close()


def test_a_counter_shows_the_query_s_value(lab_with: Callable[..., Lab]) -> None:
    lab = lab_with(sql("SELECT max(id) FROM t", type_="counter"))
    scrape = lab.until(lambda scrape: scrape("m"))
    assert scrape("m") == 8
    assert "# TYPE m counter" in scrape.lines


def test_rows_beyond_a_label_s_limit_are_left_out_and_counted(lab_with: Callable[..., Lab]) -> None:
    lab = lab_with(sql("SELECT id::VARCHAR AS id, 1 FROM t ORDER BY ALL", Label("id", limit=2)))
    scrape = lab.until(lambda scrape: scrape("m", id="0"))
    assert len([name for name, _ in scrape.samples if name == "m"]) == 2
    assert len([name for name, _ in lab.scrape().samples if name == "m"]) == 2
    assert lab.value("duckdb_exporter_dropped_label_values_total", metric="m", label="id") == 7  # each value once


def test_queries_run_outside_the_application_s_transaction(lab_with: Callable[..., Lab]) -> None:
    lab = lab_with(sql("SELECT count(*) FROM t"))
    con = lab.con.begin()
    con.execute("DELETE FROM t")
    assert lab.until(lambda scrape: scrape("m"))("m") == 9
    con.commit()
    lab.until(lambda scrape: scrape("m") == 0)
