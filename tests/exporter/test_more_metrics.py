"""What is measured beyond the design's own list, on the real engine."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from duckdb_exporter.engine import sizes
from duckdb_exporter.engine.activity import error_class, row_count
from duckdb_exporter.engine.checkpoints import Checkpoints
from duckdb_exporter.engine.connection import Connection
from duckdb_exporter.metrics import METRICS

if TYPE_CHECKING:
    from tests.exporter.conftest import Lab, Scrape

SLOW = "SELECT count(*) FROM range(3000000) a, range(3000) b WHERE a.range % 7 = b.range % 11"
LATE = "SELECT CASE WHEN range = 3000 THEN error('late') ELSE range END FROM range(4000)"


@pytest.fixture
def con(lab: Lab, tmp_path: Path) -> Iterator[Connection]:
    con = lab.connect(tmp_path / "a.duckdb", instance_id="i", listen=False)
    con.execute("CREATE TABLE trades (id INTEGER PRIMARY KEY)")
    lab.con = con
    yield con
    con.close()


def labels(scrape: Scrape, name: str) -> dict[tuple[str, ...], float]:
    """The values of a metric by its labels besides the instance's."""
    return {
        tuple(value for label, value in pairs if label != "instance_id"): number
        for (found, pairs), number in scrape.samples.items()
        if found == name
    }


def errors(lab: Lab) -> dict[str, float]:
    return {error: count for (error,), count in labels(lab.scrape(), "duckdb_query_errors_total").items() if count}


def checkpoint(con: Connection) -> None:
    """CHECKPOINT, which a poll at the same moment can refuse, as any reader can."""
    while True:
        try:
            con.execute("CHECKPOINT")
        except duckdb.TransactionException:
            time.sleep(0.005)
        else:
            return


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
    except duckdb.Error:
        pass
print(exporter.render().decode())
"""


def test_a_fatal_error_is_counted(tmp_path: Path, parse: Callable[[bytes], Scrape]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FATAL, str(tmp_path / "a.duckdb")], capture_output=True, check=False, timeout=60
    )
    assert (parse(done.stdout.rstrip() + b"\n")("duckdb_fatal_errors_total", instance_id="i") or 0) >= 1, done.stderr


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


def age(lab: Lab) -> float:
    found = lab.value("duckdb_oldest_transaction_seconds", instance_id="i")
    assert found is not None
    return found


def test_the_oldest_transaction_is_the_one_that_began_first(lab: Lab, con: Connection) -> None:
    assert age(lab) == 0
    first, second = con.cursor(), con.cursor()
    first.begin()
    time.sleep(0.1)
    second.begin()
    assert age(lab) >= 0.1
    first.commit()
    assert age(lab) < 0.1
    second.rollback()
    assert age(lab) == 0


def test_a_result_with_rows_left_is_open_as_long_as_a_transaction(lab: Lab, con: Connection) -> None:
    reader = con.cursor()
    con.execute("CREATE TABLE t AS FROM range(300000)")
    checkpoint(con)
    reader.execute("SELECT count(*) FROM t").fetchone()
    con.execute("UPDATE t SET range = range + 1 WHERE range < 10")
    with pytest.raises(duckdb.TransactionException, match="Cannot CHECKPOINT"):
        con.execute("CHECKPOINT")  # so it matters
    time.sleep(0.05)
    assert age(lab) >= 0.05
    reader.fetchall()
    assert age(lab) == 0


def test_memory_is_told_by_tag_and_adds_up(lab: Lab, con: Connection) -> None:
    con.execute("CREATE TABLE big AS FROM range(1000000)")
    checkpoint(con)
    con.execute("SELECT sum(range) FROM big").fetchall()
    scrape = lab.until(lambda scrape: scrape("duckdb_memory_evictable_bytes", instance_id="i"))
    tags = labels(scrape, "duckdb_memory_tag_bytes")
    by_kind = {kind: sum(size for (each, _), size in tags.items() if each == kind) for kind in ("evictable", "pinned")}
    assert by_kind["evictable"] == scrape("duckdb_memory_evictable_bytes", instance_id="i")
    assert by_kind["pinned"] == scrape("duckdb_memory_pinned_bytes", instance_id="i")
    assert sum(by_kind.values()) == scrape("duckdb_memory_used_bytes", instance_id="i")
    assert tags["evictable", "BASE_TABLE"] > 0


def test_every_tag_of_the_engine_has_its_label_value(con: Connection) -> None:
    (metric,) = (metric for metric in METRICS if metric.name == "duckdb_memory_tag_bytes")
    known = {value for label in metric.labels for value in label.values or ()}
    assert {tag for (tag,) in con.execute("SELECT tag FROM duckdb_memory()").fetchall()} <= known


def test_a_database_in_memory_has_no_checkpoint(lab: Lab) -> None:
    con = lab.connect(instance_id="i", listen=False)
    scrape = lab.until(lambda scrape: scrape("duckdb_up", instance_id="i"))
    assert scrape("duckdb_checkpoint_age_seconds", instance_id="i") is None
    con.close()


def test_spill_files_are_told(make_lab: Callable[..., Lab], tmp_path: Path) -> None:
    lab = make_lab()
    con = lab.connect(tmp_path / "a.duckdb", instance_id="i", listen=False, memory_limit="60MB", config={"threads": 1})
    lab.until(lambda scrape: scrape("duckdb_spill_bytes", instance_id="i") == 0)
    con.execute("CREATE TEMP TABLE t AS SELECT range AS id, hash(range) AS h, hash(range + 1) AS g FROM range(6000000)")
    lab.until(lambda scrape: scrape("duckdb_spill_bytes", instance_id="i"))
    con.close()


def test_sizes_of_databases_and_tables(
    lab: Lab, con: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sizes, "EVERY", 0.05)
    con.execute("INSERT INTO trades FROM range(1000)")
    checkpoint(con)
    con.execute(f"ATTACH '{tmp_path / 'b.duckdb'}' AS other")
    lab.until(lambda scrape: scrape("duckdb_table_rows", instance_id="i", table_name="trades") == 1000)
    size = (tmp_path / "a.duckdb").stat().st_size - 12288  # of the headers
    lab.until(lambda scrape: scrape("duckdb_database_bytes", instance_id="i", database_name="a") == size)
    lab.until(lambda scrape: ("other",) in labels(scrape, "duckdb_database_bytes"))
    con.execute("DETACH other")
    lab.until(lambda scrape: ("other",) not in labels(scrape, "duckdb_database_bytes"))


def test_the_age_of_the_log_grows_until_a_checkpoint(lab: Lab, con: Connection) -> None:
    checkpoint(con)
    assert lab.value("duckdb_checkpoint_age_seconds", instance_id="i") == 0
    con.execute("INSERT INTO trades VALUES (1)")
    time.sleep(0.05)
    assert (lab.value("duckdb_checkpoint_age_seconds", instance_id="i") or 0) >= 0.05
    checkpoint(con)
    assert lab.value("duckdb_checkpoint_age_seconds", instance_id="i") == 0


def test_a_log_that_shrinks_was_emptied_in_between() -> None:
    checkpoints = Checkpoints()
    ages = [checkpoints.age(size, now) for now, size in enumerate([500, 900, 900, 100, 200, 0, 0, 50, None, 70], 10)]
    assert ages == [0, 1, 2, 0, 1, 0, 0, 1, None, 0]


def test_polls_and_scrapes_tell_how_long_they_took(lab: Lab, con: Connection) -> None:
    scrape = lab.until(lambda scrape: scrape("duckdb_poll_duration_seconds", instance_id="i"))
    assert 0 < (scrape("duckdb_poll_duration_seconds", instance_id="i") or 0) < 5
    assert 0 < (lab.value("duckdb_scrape_duration_seconds") or 0) < 5
    assert scrape("duckdb_poll_errors_total", instance_id="i") == 0


def test_a_poll_that_fails_is_counted(lab: Lab, con: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    lab.until(lambda scrape: scrape("duckdb_up", instance_id="i"))
    reader: Any = lab.exporter._instances["i"]._reader
    monkeypatch.setattr(reader, "_query", "SELECT * FROM nowhere")
    lab.until(lambda scrape: scrape("duckdb_poll_errors_total", instance_id="i"))
