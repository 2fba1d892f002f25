"""Explicit transactions: what counts as success, as failure, and as neither."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import duckdb
import pytest

from duckdb_exporter.engine.connection import Connection

if TYPE_CHECKING:
    from tests.exporter.conftest import Lab

BAD = "SELECT * FROM nowhere"


@pytest.fixture
def con(lab: Lab) -> Iterator[Connection]:
    con = lab.connect(instance_id="i", listen=False)
    con.execute("CREATE TABLE t (id INTEGER PRIMARY KEY)")
    yield con
    con.close()


@pytest.fixture
def ended(lab: Lab) -> Callable[[], tuple[float | None, float | None]]:
    def count() -> tuple[float | None, float | None]:
        scrape = lab.scrape()
        return (
            scrape("duckdb_transaction_success_count", instance_id="i"),
            scrape("duckdb_transaction_failure_count", instance_id="i"),
        )

    return count


Ended = Callable[[], tuple[float | None, float | None]]


def test_a_commit_counts_as_success(con: Connection, ended: Ended) -> None:
    con.execute("BEGIN").execute("INSERT INTO t VALUES (1)").execute("COMMIT")
    con.begin().execute("INSERT INTO t VALUES (2)").commit()
    assert ended() == (2, 0)


def test_a_voluntary_rollback_counts_as_neither(con: Connection, ended: Ended) -> None:
    con.begin().execute("INSERT INTO t VALUES (1)").rollback()
    con.execute("BEGIN").execute("ROLLBACK")
    assert ended() == (0, 0)


def test_a_commit_that_loses_its_rows_counts_as_failure(con: Connection, ended: Ended) -> None:
    con.begin().execute("INSERT INTO t VALUES (1)")
    with pytest.raises(duckdb.CatalogException):
        con.execute(BAD)
    con.commit()
    assert con.execute("SELECT count(*) FROM t").fetchall() == [(0,)]
    assert ended() == (0, 1)


def test_a_rollback_after_an_error_counts_as_failure(con: Connection, ended: Ended) -> None:
    con.execute("BEGIN")
    with pytest.raises(duckdb.CatalogException):
        con.execute(BAD)
    con.execute("ROLLBACK")
    assert ended() == (0, 1)


def test_a_commit_that_raises_counts_as_failure(con: Connection, ended: Ended) -> None:
    other = con.cursor()
    con.begin().execute("INSERT INTO t VALUES (1)")
    other.execute("INSERT INTO t VALUES (1)")
    with pytest.raises(duckdb.TransactionException):
        con.commit()
    assert ended() == (0, 1)
    con.begin().execute("INSERT INTO t VALUES (2)").commit()
    assert ended() == (1, 1)


def test_an_error_while_fetching_aborts_too(con: Connection, ended: Ended) -> None:
    con.begin().execute("SELECT CASE WHEN range = 90000 THEN error('late') ELSE '' END FROM range(100000)")
    with pytest.raises(duckdb.InvalidInputException):
        con.fetchall()
    con.commit()
    assert ended() == (0, 1)


def test_an_error_in_a_relation_aborts_too(con: Connection, ended: Ended) -> None:
    con.begin()
    with pytest.raises(duckdb.ConversionException):
        con.sql("SELECT 'a'::INTEGER").fetchall()
    con.commit()
    assert ended() == (0, 1)


@pytest.mark.parametrize(
    "harmless",
    [
        lambda con: con.execute("SELECT ?", [object()]),  # refused before the engine sees it
        lambda con: con.execute("SELECT 1", 5),
        lambda con: con.sql(BAD),  # the relation API binds outside the transaction
        lambda con: con.execute("SELECT 1").fetchmany(-1),
        lambda con: con.execute(5),
        lambda con: con.executemany("INSERT INTO t VALUES (?)", []),
    ],
)
def test_an_error_that_does_not_abort_keeps_the_transaction_a_success(
    con: Connection, ended: Ended, harmless: Callable[[Connection], object]
) -> None:
    con.begin().execute("INSERT INTO t VALUES (1)")
    with pytest.raises((duckdb.Error, TypeError)):
        harmless(con)
    con.commit()
    assert con.execute("SELECT count(*) FROM t").fetchall() == [(1,)]
    assert ended() == (1, 0)


def test_one_text_can_hold_a_whole_transaction(con: Connection, ended: Ended) -> None:
    con.execute("BEGIN; INSERT INTO t VALUES (1); COMMIT")
    assert ended() == (1, 0)


def test_a_text_that_fails_inside_its_transaction_leaves_it_open_and_aborted(con: Connection, ended: Ended) -> None:
    with pytest.raises(duckdb.ConstraintException):
        con.execute("BEGIN; INSERT INTO t VALUES (1), (1); COMMIT")
    assert ended() == (0, 0)
    con.rollback()
    assert ended() == (0, 1)


def test_statements_outside_a_transaction_count_as_neither(con: Connection, ended: Ended) -> None:
    con.execute("INSERT INTO t VALUES (1)")
    with pytest.raises(duckdb.CatalogException):
        con.execute(BAD)
    con.commit()  # without a transaction: silently nothing
    assert ended() == (0, 0)


def test_each_cursor_has_its_own_transaction(con: Connection, ended: Ended) -> None:
    other = con.cursor()
    con.begin()
    with pytest.raises(duckdb.CatalogException):
        other.execute(BAD)
    con.commit()
    assert ended() == (1, 0)


def test_closing_an_aborted_transaction_counts_as_failure(con: Connection, ended: Ended) -> None:
    other = con.cursor().begin()
    with pytest.raises(duckdb.CatalogException):
        other.execute(BAD)
    other.close()
    assert ended() == (0, 1)


def test_each_way_to_end_has_its_own_count(lab: Lab, con: Connection) -> None:
    def fails() -> None:
        with pytest.raises(duckdb.Error):
            con.execute(BAD)

    con.begin().commit()
    con.begin().rollback()
    con.begin()
    fails()
    con.rollback()
    con.begin().execute("INSERT INTO t VALUES (1)")
    fails()
    con.commit()
    con.cursor().begin().close()
    scrape = lab.scrape()
    counted = {
        outcome: scrape("duckdb_transaction_count", instance_id="i", outcome=outcome)
        for outcome in ("commit", "rollback", "abort", "failed_commit", "lost_commit")
    }
    assert counted == {"commit": 1, "rollback": 2, "abort": 1, "failed_commit": 0, "lost_commit": 1}


def test_the_end_of_a_transaction_waits_for_no_lock(lab: Lab, con: Connection, ended: Ended) -> None:
    ends = threading.Thread(target=lambda: con.begin().commit())
    with lab.exporter._recorder._lock:  # as in a finalizer that Python runs while a scrape folds
        ends.start()
        ends.join(10)
        assert not ends.is_alive()
    assert ended() == (1, 0)


def test_its_time_runs_from_begin_to_the_end(lab: Lab, con: Connection) -> None:
    assert lab.value("duckdb_transaction_latency_ms", instance_id="i") is None
    con.begin().execute("SELECT sum(hash(range)) FROM range(3000000)").fetchall()
    con.commit()
    mean = lab.value("duckdb_transaction_latency_ms", instance_id="i")
    assert mean is not None
    assert mean > 1
