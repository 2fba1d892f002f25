"""Where a query's time is found, and how often it counts."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import duckdb
import pytest

from duckdb_exporter.engine.connection import Connection

if TYPE_CHECKING:
    from tests.exporter.conftest import Lab

SLOW = "SELECT hash(range) AS h FROM range(400000)"


@pytest.fixture
def con(lab: Lab) -> Iterator[Connection]:
    con = lab.connect(instance_id="i", listen=False)
    con.execute("CREATE TABLE trades (id INTEGER)").execute("CREATE TABLE flights (id INTEGER)")
    yield con
    con.close()


def seconds(lab: Lab, query_type: str = "SELECT") -> float:
    return (lab.value("duckdb_query_latency_ms_sum", query_type=query_type) or 0) / 1000


def count(lab: Lab, query_type: str = "SELECT") -> float | None:
    return lab.value("duckdb_query_latency_ms_count", query_type=query_type)


def test_the_time_of_a_streamed_select_is_in_its_fetch(lab: Lab, con: Connection) -> None:
    started = time.perf_counter()
    con.execute(SLOW)
    executed = time.perf_counter() - started
    assert count(lab) == 0
    con.fetchall()
    took = time.perf_counter() - started
    assert count(lab) == 1
    assert executed < 0.5 * took
    assert 0.5 * took < seconds(lab) <= took


def test_the_consumer_s_own_time_does_not_count(lab: Lab, con: Connection) -> None:
    con.execute("SELECT 1")
    time.sleep(0.2)
    con.fetchall()
    assert count(lab) == 1
    assert seconds(lab) < 0.1


def test_rows_fetched_one_by_one_are_one_query(lab: Lab, con: Connection) -> None:
    con.execute("SELECT * FROM range(50)")
    while con.fetchone() is not None:
        pass
    con.execute("SELECT * FROM range(50)")
    while con.fetchmany(20):
        pass
    assert count(lab) == 2


def test_rows_left_unfetched_count_at_the_next_call(lab: Lab, con: Connection) -> None:
    con.execute("SELECT * FROM range(50)").fetchone()
    con.execute("SELECT 1").fetchall()
    assert count(lab) == 2


def test_rows_left_unfetched_count_when_the_connection_closes_or_is_dropped(lab: Lab, con: Connection) -> None:
    other = con.cursor()
    other.execute("SELECT 1")
    other.close()
    dropped = con.cursor()
    dropped.execute("SELECT 1")
    del dropped
    assert count(lab) == 2


def test_a_change_counts_once_its_execute_returns(lab: Lab, con: Connection) -> None:
    con.execute("INSERT INTO trades SELECT range FROM range(1000) RETURNING id")
    assert count(lab, "INSERT") == 1
    con.executemany("INSERT INTO trades VALUES (?)", [[1], [2], [3]])
    assert count(lab, "INSERT") == 2
    con.execute("UPDATE trades SET id = 0 WHERE id = 1").execute("DELETE FROM trades").execute("TRUNCATE trades")
    assert (count(lab, "UPDATE"), count(lab, "DELETE")) == (1, 2)


def test_a_query_that_fails_counts(lab: Lab, con: Connection) -> None:
    with pytest.raises(duckdb.CatalogException):
        con.execute("SELECT * FROM nowhere")
    assert count(lab) == 1


def test_a_select_counts_once_for_each_declared_table(lab: Lab, con: Connection) -> None:
    con.execute("SELECT * FROM trades, flights").fetchall()
    con.execute("SELECT 1").fetchall()
    scrape = lab.scrape()
    counted = {
        table: scrape("duckdb_select_latency_ms_count", table_name=table) for table in ("trades", "flights", "other")
    }
    assert counted == {"trades": 1, "flights": 1, "other": 1}
    assert scrape("duckdb_query_latency_ms_count", query_type="SELECT") == 2


def test_a_change_of_an_undeclared_table_counts_as_other(lab: Lab, con: Connection) -> None:
    con.execute("CREATE TABLE x (id INTEGER)").execute("INSERT INTO x SELECT id FROM trades")
    assert lab.value("duckdb_insert_latency_ms_count", table_name="other") == 1
    assert lab.value("duckdb_insert_latency_ms_count", table_name="trades") == 0


def test_rates_are_counts_over_the_window(lab: Lab, con: Connection) -> None:
    for _ in range(20):
        con.execute("SELECT * FROM trades").fetchall()
    assert lab.value("duckdb_queries_per_sec", query_type="SELECT") == pytest.approx(2.0)
    assert lab.value("duckdb_select_queries_per_sec", table_name="trades") == pytest.approx(2.0)
    assert lab.value("duckdb_queries_per_sec", query_type="DELETE") == 0


def test_a_relation_counts_each_time_it_is_read(lab: Lab, con: Connection) -> None:
    relation = con.sql("SELECT * FROM trades")
    assert count(lab) == 0
    assert relation.fetchall() == relation.fetchall() == []
    assert lab.value("duckdb_select_latency_ms_count", table_name="trades") == 2


def test_a_relation_made_from_relations_is_measured(lab: Lab, con: Connection) -> None:
    both = con.sql("SELECT * FROM trades").union(con.table("flights")).filter("id > 0").order("id")
    assert both.fetchall() == []
    scrape = lab.scrape()
    assert scrape("duckdb_select_latency_ms_count", table_name="trades") == 1
    assert scrape("duckdb_select_latency_ms_count", table_name="flights") == 1


def test_a_change_through_sql_or_a_relation_is_that_change(lab: Lab, con: Connection) -> None:
    con.sql("INSERT INTO trades VALUES (1)")
    con.table("trades").insert([2])
    con.sql("SELECT 3").insert_into("trades")
    assert lab.value("duckdb_insert_latency_ms_count", table_name="trades") == 3
    assert con.execute("SELECT sum(id) FROM trades").fetchall() == [(6,)]


def test_the_flush_of_an_appender_is_an_insert(lab: Lab, con: Connection) -> None:
    with con.appender("trades") as appender:
        for number in range(1000):
            appender.append_row(number)
    assert lab.value("duckdb_insert_latency_ms_count", table_name="trades") == 1
    assert con.execute("SELECT count(*) FROM trades").fetchall() == [(1000,)]
