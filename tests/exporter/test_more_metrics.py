"""Errors by class, queries in flight and rows returned, on the real engine."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest

from duckdb_exporter.engine.activity import error_class, row_count
from duckdb_exporter.engine.connection import Connection
from duckdb_exporter.metrics import METRICS

if TYPE_CHECKING:
    from tests.exporter.conftest import Lab, Scrape

SLOW = "SELECT count(*) FROM range(3000000) a, range(3000) b WHERE a.range % 7 = b.range % 11"
LATE = "SELECT CASE WHEN range = 3000 THEN error('late') ELSE range END FROM range(4000)"


def errors(lab: Lab) -> dict[str, float]:
    return {error: count for (error,), count in lab.scrape().by_labels("duckdb_query_errors_total").items() if count}


FAILS: list[tuple[str, Callable[[Connection], object]]] = [
    ("CatalogException", lambda con: con.execute("SELECT * FROM nowhere")),
    ("ParserException", lambda con: con.execute("SELEC")),
    ("BinderException", lambda con: con.execute("SELECT nothing FROM trades")),
    ("ConversionException", lambda con: con.execute("INSERT INTO trades VALUES ('x')")),
    ("ConstraintException", lambda con: con.executemany("INSERT INTO trades VALUES (?)", [[1], [1]])),
    ("InvalidInputException", lambda con: con.execute(LATE).fetchall()),
    ("InvalidInputException", lambda con: con.execute(LATE).df()),
    ("InvalidInputException", lambda con: con.sql(LATE).fetchall()),
    ("InvalidInputException", lambda con: list(con.sql(LATE).iter_rows())),
    ("TransactionException", lambda con: con.rollback()),
]


@pytest.mark.parametrize(("error", "fail"), FAILS)
def test_an_error_is_counted_by_its_class(
    lab: Lab, con: Connection, error: str, fail: Callable[[Connection], object]
) -> None:
    with pytest.raises(duckdb.Error):
        fail(con)
    assert errors(lab) == {error: 1}
    assert lab.value("duckdb_queries_in_flight", instance_id="i") == 0


def test_an_error_of_an_appender_is_counted(lab: Lab, con: Connection) -> None:
    con.execute("INSERT INTO trades VALUES (1)")
    appender = con.appender("trades")
    appender.append_row(1)
    with pytest.raises(duckdb.ConstraintException):
        appender.flush()
    assert errors(lab) == {"ConstraintException": 1}


def test_an_error_that_is_not_duckdb_s_is_another() -> None:
    assert error_class(KeyboardInterrupt()) == "other"
    assert error_class(duckdb.IOException("no room")) == "IOException"


def test_every_class_that_duckdb_raises_has_its_label_value() -> None:
    def leaves(base: type[BaseException]) -> set[str]:
        below = base.__subclasses__()
        return {base.__name__} if not below else {name for each in below for name in leaves(each)}

    (metric,) = (metric for metric in METRICS if metric.name == "duckdb_query_errors_total")
    known = {value for label in metric.labels for value in label.values or ()}
    # DB-API's own, which DuckDB 2.0.0 does not raise itself
    assert leaves(duckdb.Error) - known == set()


def test_what_does_not_fit_into_memory_is_counted(make_lab: Callable[..., Lab]) -> None:
    lab = make_lab()
    con = lab.connect(instance_id="i", listen=False, memory_limit="20MB", config={"temp_directory": "", "threads": 1})
    with pytest.raises(duckdb.OutOfMemoryException):
        con.execute("CREATE TABLE t AS SELECT range AS id, range::VARCHAR || 'x' AS text FROM range(3000000)")
    assert lab.value("duckdb_out_of_memory_total", instance_id="i") == 1
    assert lab.value("duckdb_fatal_errors_total", instance_id="i") == 0
    con.close()


FATAL = """
import resource, signal, sys
import duckdb
from duckdb_exporter.engine.exporter import Exporter
from duckdb_exporter.instruments import Instruments
from duckdb_exporter.metrics import METRICS, SETTINGS
exporter = Exporter(Instruments(METRICS, SETTINGS._replace(poll_interval=3600.0)), "duckdb", "0")
con = exporter.connect(sys.argv[1], instance_id="i", listen=False)
while b'duckdb_up{instance_id="i"} 1' not in exporter.render():
    pass
con.execute("CREATE TABLE t AS FROM range(200000)").execute("CHECKPOINT")
con.execute("INSERT INTO t FROM range(1000)")
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))  # the disk is full
for statement in ("CHECKPOINT", "SELECT 1"):
    try:
        con.execute(statement)
    except duckdb.FatalException:
        pass
print(exporter.render().decode())
"""


def test_a_fatal_error_is_counted(tmp_path: Path, parse: Callable[[bytes], Scrape]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FATAL, str(tmp_path / "a.duckdb")], capture_output=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr  # which has what DuckDB says of connections that are still open
    assert parse(done.stdout.rstrip() + b"\n")("duckdb_fatal_errors_total", instance_id="i") == 2


def test_a_query_is_in_flight_while_it_runs(lab: Lab, con: Connection) -> None:
    assert lab.value("duckdb_queries_in_flight", instance_id="i") == 0
    cursor = con.cursor()

    def work() -> None:
        with pytest.raises(duckdb.InterruptException):
            cursor.execute(SLOW).fetchall()

    thread = threading.Thread(target=work)
    thread.start()
    lab.until(lambda scrape: scrape("duckdb_queries_in_flight", instance_id="i") == 1)
    while thread.is_alive():
        cursor.interrupt()  # one that comes before the query has begun is lost
        thread.join(0.05)
    assert lab.value("duckdb_queries_in_flight", instance_id="i") == 0


ENDS: list[Callable[[Connection], object]] = [
    lambda con: con.execute("SELECT 1").fetchall(),
    lambda con: con.execute("SELECT 1").fetchone(),
    lambda con: con.execute("SELECT 1").df(),
    lambda con: con.executemany("INSERT INTO trades VALUES (?)", [[1], [2]]),
    lambda con: con.sql("SELECT 1").fetchall(),
    lambda con: con.sql("INSERT INTO trades VALUES (1)"),
    lambda con: con.begin().commit(),
    lambda con: con.appender("trades").flush(),
]


@pytest.mark.parametrize("end", ENDS)
def test_nothing_is_in_flight_afterwards(lab: Lab, con: Connection, end: Callable[[Connection], object]) -> None:
    end(con)
    assert lab.value("duckdb_queries_in_flight", instance_id="i") == 0


GIVES: list[tuple[int, Callable[[Connection], object]]] = [
    (5, lambda con: con.execute("FROM range(5)").fetchall()),
    (1, lambda con: con.execute("FROM range(5)").fetchone()),
    (0, lambda con: con.execute("FROM range(0)").fetchone()),
    (3, lambda con: con.execute("FROM range(5)").fetchmany(3)),
    (5, lambda con: con.execute("FROM range(5)").df()),
    (5, lambda con: con.execute("FROM range(5)").fetchnumpy()),
    (5, lambda con: con.sql("FROM range(5)").fetchall()),
    (5, lambda con: con.sql("FROM range(5)").df()),
    (5, lambda con: con.sql("FROM range(5)").to_arrow_table()),
    (2, lambda con: list(islice(con.sql("FROM range(5)").iter_rows(), 2))),
    (0, lambda con: str(con.sql("FROM range(5)"))),
    (0, lambda con: con.execute("INSERT INTO trades FROM range(5)")),
]


@pytest.mark.parametrize(("rows", "fetch"), GIVES)
def test_the_rows_that_a_fetch_returns_are_counted(
    lab: Lab, con: Connection, rows: int, fetch: Callable[[Connection], object]
) -> None:
    fetch(con)
    assert lab.value("duckdb_rows_returned_total", instance_id="i") == rows
    assert lab.value("duckdb_rows_returned_total", instance_id="i") == rows


def test_the_rows_of_a_closed_cursor_still_count(lab: Lab, con: Connection) -> None:
    for number in range(1, 4):
        with con.cursor() as cursor:
            cursor.execute("FROM range(5)").fetchall()
        if number == 2:
            lab.scrape()
    assert lab.value("duckdb_rows_returned_total", instance_id="i") == 15


@pytest.mark.parametrize("result", [None, object(), iter([1])])
def test_what_does_not_say_its_rows_has_none(result: object) -> None:
    assert row_count(result) == 0
