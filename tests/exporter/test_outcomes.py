"""How a query ended, and what a prepared statement or a view stands for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import duckdb
import pytest

from duckdb_exporter.engine.connection import Connection

if TYPE_CHECKING:
    from tests.exporter.conftest import Lab

NEXT = "SET enable_progress_bar = false"
FEW, MANY = "SELECT * FROM range(5)", "SELECT * FROM range(5000)"
LATE = "SELECT CASE WHEN range = 3000 THEN error('late') ELSE range END FROM range(4000)"


def ends(lab: Lab, query_type: str = "SELECT") -> dict[str, float]:
    """The outcomes that were counted for a type."""
    scrape = lab.scrape()
    counted = {
        outcome: scrape("duckdb_query_count", query_type=query_type, outcome=outcome) or 0
        for outcome in ("ok", "partial", "abandoned", "error")
    }
    return {outcome: count for outcome, count in counted.items() if count}


def to_the_end(con: Connection) -> None:
    while con.fetchone() is not None:
        pass


READS: list[tuple[str, Callable[[Connection], object]]] = [
    ("ok", lambda con: con.execute(MANY).fetchall()),
    ("ok", lambda con: to_the_end(con.execute(FEW))),
    ("ok", lambda con: con.execute(FEW).fetchmany(10)),
    ("ok", lambda con: con.execute(FEW).fetchnumpy()),
    ("ok", lambda con: con.execute(MANY).complete()),
    ("ok", lambda con: con.sql(FEW).fetchall()),
    ("ok", lambda con: str(con.sql(FEW))),
    ("ok", lambda con: len(con.sql(FEW))),
    ("ok", lambda con: list(con.sql(FEW).iter_rows())),
    ("partial", lambda con: con.execute(FEW).fetchone()),
    ("partial", lambda con: con.execute(MANY).fetchmany(10)),
    ("partial", lambda con: next(con.sql(MANY).iter_rows())),
    ("abandoned", lambda con: con.execute(MANY)),
    ("abandoned", lambda con: con.execute(MANY).abort()),
]


@pytest.mark.parametrize(("outcome", "read"), READS)
def test_a_select_is_counted_by_how_far_it_was_read(
    lab: Lab, con: Connection, outcome: str, read: Callable[[Connection], object]
) -> None:
    read(con)
    con.execute(NEXT)  # drops what is left
    assert ends(lab) == {outcome: 1}


@pytest.mark.parametrize(
    "fail",
    [
        lambda con: con.execute("SELECT * FROM nowhere"),
        lambda con: con.execute(LATE).fetchall(),
        lambda con: to_the_end(con.execute(LATE)),
        lambda con: con.sql(LATE).fetchall(),
        lambda con: list(con.sql(LATE).iter_rows()),
    ],
)
def test_a_select_that_fails_is_an_error(lab: Lab, con: Connection, fail: Callable[[Connection], object]) -> None:
    with pytest.raises(duckdb.Error):
        fail(con)
    con.execute(NEXT)
    assert ends(lab) == {"error": 1}


def test_a_change_is_read_to_its_end_or_fails(lab: Lab, con: Connection) -> None:
    con.execute("INSERT INTO trades VALUES (1) RETURNING id")
    con.executemany("INSERT INTO trades VALUES (?)", [[2], [3]])
    with con.appender("trades") as appender:
        appender.append_row(4)
    with pytest.raises(duckdb.Error):
        con.execute("INSERT INTO trades VALUES ('x')")
    assert ends(lab, "INSERT") == {"ok": 3, "error": 1}


def test_every_query_is_counted_once_in_its_time_and_once_in_its_outcome(lab: Lab, con: Connection) -> None:
    for _, read in READS:
        with con.cursor() as cursor:
            read(cursor)
    scrape = lab.scrape()
    assert sum(ends(lab).values()) == scrape("duckdb_query_latency_ms_count", query_type="SELECT") == len(READS)


def test_executing_a_prepared_statement_is_what_was_prepared(lab: Lab, con: Connection) -> None:
    con.execute("PREPARE put AS INSERT INTO trades VALUES (?)")
    con.execute('PREPARE "Look" AS SELECT * FROM trades')
    con.execute("EXECUTE put(1)")
    assert con.execute("EXECUTE look").fetchall() == [(1,)]
    scrape = lab.scrape()
    assert scrape("duckdb_insert_latency_ms_count", table_name="trades") == 1
    assert scrape("duckdb_select_latency_ms_count", table_name="trades") == 1


def test_what_another_connection_prepared_is_not_known_here(lab: Lab, con: Connection) -> None:
    con.execute("PREPARE put AS INSERT INTO trades VALUES (?)")
    with pytest.raises(duckdb.Error):
        con.cursor().execute("EXECUTE put(1)")
    assert ends(lab, "INSERT") == {}
    assert ends(lab, "OTHER")["error"] == 1


def test_a_view_counts_for_the_tables_behind_it(lab: Lab, con: Connection) -> None:
    con.execute("CREATE VIEW positive AS SELECT * FROM trades WHERE id > 0")
    con.execute("CREATE VIEW few AS SELECT * FROM positive LIMIT 5")

    def counts_for_trades() -> bool:
        before = lab.value("duckdb_select_latency_ms_count", table_name="trades")
        con.execute("SELECT * FROM few").fetchall()
        return lab.value("duckdb_select_latency_ms_count", table_name="trades") != before

    lab.until(lambda _: counts_for_trades())  # from the next poll on
    con.execute("CREATE OR REPLACE VIEW positive AS SELECT 1 AS id")
    lab.until(lambda _: not counts_for_trades())
