"""The database is in trouble: the scrape answers and says so."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import duckdb
import pytest
from prometheus_client import CollectorRegistry

if TYPE_CHECKING:
    from tests.exporter.conftest import Lab, Watch


def test_a_closed_database_is_down_and_its_poll_age_grows(lab: Lab) -> None:
    con = lab.connect(instance_id="i", listen=False)
    lab.until(lambda scrape: scrape("duckdb_up", instance_id="i"))
    con.close()
    first, second = lab.scrape(), lab.scrape()
    assert first("duckdb_up", instance_id="i") == 0
    assert (second("duckdb_poll_age_seconds", instance_id="i") or 0) > (
        first("duckdb_poll_age_seconds", instance_id="i") or 0
    )
    assert threading.active_count() == 1


def test_what_was_counted_outlives_the_connection(lab: Lab) -> None:
    for _ in range(2):
        con = lab.connect(instance_id="i", listen=False)
        con.execute("SELECT 1").fetchall()
        con.close()
    assert lab.value("duckdb_query_latency_ms_count", query_type="SELECT") == 2


def test_many_threads_share_a_database(lab: Lab, tmp_path: Path) -> None:
    con = lab.connect(tmp_path / "a.duckdb", instance_id="i", listen=False)
    con.execute("CREATE TABLE trades (id INTEGER)")

    def work() -> None:
        with con.cursor() as cursor:
            for number in range(20):
                cursor.execute("INSERT INTO trades VALUES (?)", [number])
                cursor.execute("SELECT count(*) FROM trades").fetchall()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        lab.scrape()
    for thread in threads:
        thread.join()
    scrape = lab.scrape()
    assert scrape("duckdb_insert_latency_ms_count", table_name="trades") == 160
    assert scrape("duckdb_select_latency_ms_count", table_name="trades") == 160
    con.close()


def test_scrapes_that_are_slow_each_time_are_noticed(lab: Lab, watched: Callable[[Lab], Watch]) -> None:
    class Slow:
        def collect(self) -> Iterator[NoReturn]:
            time.sleep(0.06)
            yield from ()

    registry = CollectorRegistry(auto_describe=False)
    registry.register(Slow())
    lab.exporter.serve(registry=registry)
    with pytest.raises(AssertionError, match=r"scrapes take \d+ ms"):
        watched(lab).promptly()


def test_the_connection_s_own_limits_stay_the_application_s(lab: Lab) -> None:
    con = lab.connect(instance_id="i", listen=False)
    with pytest.raises(duckdb.ResourceInUseException):
        con.execute("SELECT * FROM range(100000)").sql("SELECT 1").fetchall()
    assert con.fetchone() == (0,)
    con.close()
