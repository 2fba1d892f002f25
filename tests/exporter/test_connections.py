"""Databases, their instances, and the connections to them."""

from __future__ import annotations

import gc
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from duckdb_exporter.engine.instances import INSTANCE_VARIABLE

if TYPE_CHECKING:
    from tests.exporter.conftest import Lab

HOLD = "import duckdb, sys; con = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
OPEN = "import duckdb, sys; duckdb.connect(sys.argv[1]).execute('SELECT 1')"


def can_be_opened_elsewhere(database: Path) -> bool:
    done = subprocess.run([sys.executable, "-c", OPEN, str(database)], capture_output=True, check=False)
    return done.returncode == 0


def test_a_connect_that_meets_a_lock_is_counted_and_raises_what_duckdb_raises(lab: Lab, tmp_path: Path) -> None:
    database = tmp_path / "app.duckdb"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(database)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with holder:
        assert holder.stdout
        assert holder.stdout.readline() == "open\n"
        with pytest.raises(duckdb.IOException) as bare:
            duckdb.connect(str(database))
        for _ in range(2):
            with pytest.raises(duckdb.IOException) as measured:
                lab.connect(database, instance_id="i", listen=False)
            assert str(measured.value) == str(bare.value)
        scrape = lab.scrape()
        assert scrape("duckdb_failed_connections", instance_id="i") == 2
        assert scrape("duckdb_up", instance_id="i") == 0
        holder.communicate("")
    con = lab.connect(database, instance_id="i", listen=False)
    lab.until(lambda scrape: scrape("duckdb_up", instance_id="i"))
    con.close()


def test_active_connections_are_the_application_s_own(lab: Lab, tmp_path: Path) -> None:
    con = lab.connect(tmp_path / "a.duckdb", instance_id="i", listen=False)
    lab.until(lambda scrape: scrape("duckdb_active_connections", instance_id="i") == 1)
    others = [con.cursor(), con.cursor()]
    lab.until(lambda scrape: scrape("duckdb_active_connections", instance_id="i") == 3)
    others[0].close()
    lab.until(lambda scrape: scrape("duckdb_active_connections", instance_id="i") == 2)
    con.close()


def test_connections_to_one_database_share_its_instance(lab: Lab, tmp_path: Path) -> None:
    one = lab.connect(tmp_path / "a.duckdb", instance_id="i", listen=False)
    two = lab.connect(str(tmp_path / "." / "a.duckdb"), listen=False)
    lab.until(lambda scrape: scrape("duckdb_active_connections", instance_id="i") == 2)
    one.close()
    lab.until(lambda scrape: scrape("duckdb_active_connections", instance_id="i") == 1)
    assert lab.value("duckdb_up", instance_id="i") == 1
    two.close()
    assert lab.value("duckdb_up", instance_id="i") == 0


def test_two_databases_need_two_instance_ids(lab: Lab, tmp_path: Path) -> None:
    one = lab.connect(tmp_path / "a.duckdb", instance_id="i", listen=False)
    with pytest.raises(ValueError, match="give each database of a process its own instance_id"):
        lab.connect(tmp_path / "b.duckdb", instance_id="i", listen=False)
    with pytest.raises(ValueError, match="measured as instance 'i' already"):
        lab.connect(tmp_path / "a.duckdb", instance_id="j", listen=False)
    two = lab.connect(tmp_path / "b.duckdb", instance_id="j", listen=False)
    lab.until(lambda scrape: scrape("duckdb_up", instance_id="i") and scrape("duckdb_up", instance_id="j"))
    one.close()
    two.close()


def test_an_instance_id_is_free_again_when_its_database_is_closed(lab: Lab) -> None:
    for _ in range(3):
        con = lab.connect(instance_id="i", listen=False)
        lab.until(lambda scrape: scrape("duckdb_up", instance_id="i"))
        con.close()


def test_the_environment_names_the_instance(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(INSTANCE_VARIABLE, "mt5-7")
    con = lab.connect(listen=False)
    assert lab.value("duckdb_failed_connections", instance_id="mt5-7") == 0
    con.close()


@pytest.mark.parametrize("wrong", [5, "", "\udcff", b"mt5", True])
def test_an_instance_id_that_no_scrape_could_show_is_refused(lab: Lab, tmp_path: Path, wrong: Any) -> None:
    for call in (
        lambda: lab.connect(tmp_path / "a.duckdb", instance_id=wrong, listen=False),
        lambda: lab.exporter.instrument(duckdb.connect(), instance_id=wrong, listen=False),
        lambda: lab.exporter.sync(wrong),
        lambda: lab.exporter.sync_pending(1, wrong),
    ):
        with pytest.raises(ValueError, match=r"instance_id is .*; it is a text"):
            call()
    con = lab.connect(tmp_path / "a.duckdb", instance_id="i", listen=False)
    assert lab.value("duckdb_failed_connections", instance_id="i") == 0
    con.close()


def test_an_environment_that_names_the_instance_in_no_unicode_is_said(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(INSTANCE_VARIABLE, "\udcff")
    with pytest.raises(ValueError, match=rf"{INSTANCE_VARIABLE} is '\\udcff'; it is a text"):
        lab.connect(listen=False)
    monkeypatch.setenv(INSTANCE_VARIABLE, "")
    lab.connect(listen=False).close()


def test_closing_the_last_connection_gives_the_file_free_at_once(lab: Lab, tmp_path: Path) -> None:
    database = tmp_path / "a.duckdb"
    con = lab.connect(database, instance_id="i", listen=False)
    con.execute("CREATE TABLE t (id INTEGER)")
    lab.until(lambda scrape: scrape("duckdb_up", instance_id="i"))
    assert not can_be_opened_elsewhere(database)
    con.close()
    assert can_be_opened_elsewhere(database)


def test_dropping_the_last_connection_gives_the_file_free(lab: Lab, tmp_path: Path) -> None:
    database = tmp_path / "a.duckdb"
    con = lab.connect(database, instance_id="i", listen=False)
    lab.until(lambda scrape: scrape("duckdb_up", instance_id="i"))
    del con
    gc.collect()
    lab.until(lambda scrape: scrape("duckdb_up", instance_id="i") == 0)
    assert can_be_opened_elsewhere(database)


def test_scrapes_and_polls_leave_the_lock_on_the_file(lab: Lab, tmp_path: Path) -> None:
    database = tmp_path / "a.duckdb"
    con = lab.connect(database, instance_id="i", listen=False)
    con.execute("CREATE TABLE t AS SELECT * FROM range(1000)")
    lab.until(lambda scrape: scrape("duckdb_active_connections", instance_id="i") == 1)
    for _ in range(20):
        lab.scrape()
    assert not can_be_opened_elsewhere(database)
    con.close()


def test_closing_never_meets_a_poll(make_lab: Callable[..., Lab], tmp_path: Path) -> None:
    lab = make_lab(poll_interval=0.0005)
    database = tmp_path / "a.duckdb"
    first = lab.connect(database, instance_id="i", listen=False)
    for _ in range(200):
        second = lab.connect(database, listen=False)
        second.cursor().close()
        first.close()  # a busy cursor of it would be a ResourceInUseException
        first = second
    first.close()


CHECKPOINTS: list[Callable[[Any], object]] = [
    lambda con: con.execute("CHECKPOINT"),
    lambda con: con.execute("-- now\n  checkpoint memory;"),
    lambda con: con.execute("CALL checkpoint()").fetchall(),
    lambda con: con.execute(con.extract_statements("/* now */ CHECKPOINT")[0]),
    lambda con: con.executemany("CHECKPOINT", [[], []]),
    lambda con: con.sql("CHECKPOINT"),
    lambda con: con.query(query="CHECKPOINT"),
    lambda con: con.checkpoint(),
]


@pytest.mark.parametrize("checkpoint", CHECKPOINTS)
def test_a_checkpoint_never_meets_a_poll(make_lab: Callable[..., Lab], checkpoint: Callable[[Any], object]) -> None:
    con = make_lab(poll_interval=0.0005).connect(instance_id="i", listen=False)
    for _ in range(100):
        con.execute("CREATE OR REPLACE TABLE t AS SELECT 1 AS id")
        checkpoint(con)  # with another's transaction at work it would be a TransactionException
    con.close()


@pytest.mark.parametrize("checkpoint", CHECKPOINTS)
def test_a_checkpoint_that_cannot_be_is_refused_as_ever(lab: Lab, checkpoint: Callable[[Any], object]) -> None:
    con = lab.connect(instance_id="i", listen=False)
    con.execute("CREATE TABLE t AS SELECT 1 AS id")
    reader = con.cursor().begin()
    reader.execute("SELECT * FROM t").fetchall()
    con.execute("DROP TABLE t")
    with pytest.raises(duckdb.TransactionException, match="Cannot CHECKPOINT"):
        checkpoint(con)
    reader.rollback()
    con.close()


@pytest.mark.parametrize("checkpoint", CHECKPOINTS)
def test_a_checkpoint_that_its_own_transaction_forbids_says_so(lab: Lab, checkpoint: Callable[[Any], object]) -> None:
    con = lab.connect(instance_id="i", listen=False)
    con.begin().execute("CREATE TABLE t AS SELECT 1 AS id")
    with pytest.raises(duckdb.TransactionException, match="transaction local changes"):
        checkpoint(con)
    con.commit()
    assert lab.value("duckdb_transaction_count", instance_id="i", outcome="lost_commit") == 1
    con.close()


def test_a_checkpoint_is_a_query_whichever_way_it_is_asked_for(lab: Lab) -> None:
    con = lab.connect(instance_id="i", listen=False)
    for number, checkpoint in enumerate(CHECKPOINTS, 1):
        checkpoint(con)
        assert lab.value("duckdb_query_latency_ms_count", query_type="OTHER") == number
    con.execute("SELECT * FROM range(10)")
    con.checkpoint()  # drops the rows, as on a bare connection
    assert con.fetchone() is None
    assert lab.scrape().by_labels("duckdb_query_count")["abandoned", "SELECT"] == 1
    con.close()


def test_an_existing_connection_can_be_instrumented(lab: Lab, tmp_path: Path) -> None:
    database = tmp_path / "a.duckdb"
    con = lab.exporter.instrument(duckdb.connect(str(database)), instance_id="i", listen=False)
    con.execute("CREATE TABLE trades AS SELECT 1 AS id")
    assert con.execute("SELECT * FROM trades").fetchall() == [(1,)]
    scrape = lab.until(lambda scrape: scrape("duckdb_up", instance_id="i"))
    assert scrape("duckdb_select_latency_ms_count", table_name="trades") == 1
    assert (scrape("duckdb_disk_usage_bytes", instance_id="i") or 0) >= database.stat().st_size
    con.close()


def test_a_bare_connection_closed_behind_the_proxy_is_noticed(lab: Lab, tmp_path: Path) -> None:
    bare = duckdb.connect(str(tmp_path / "a.duckdb"))
    con = lab.exporter.instrument(bare, instance_id="i", listen=False)
    lab.until(lambda scrape: scrape("duckdb_up", instance_id="i"))
    lab.exporter.close()  # no poll at work, which `bare.close()` would meet
    bare.close()
    assert lab.value("duckdb_up", instance_id="i") == 0
    con.close()


def test_a_server_that_cannot_start_does_not_keep_the_application_from_its_database(
    lab: Lab, make_lab: Callable[..., Lab], caplog: pytest.LogCaptureFixture
) -> None:
    taken = lab.exporter.serve().port
    con = make_lab().connect(instance_id="i", listen=f"127.0.0.1:{taken}")
    assert con.execute("SELECT 1").fetchall() == [(1,)]
    assert f"cannot serve /metrics on 127.0.0.1:{taken}" in caplog.text
    con.close()


def test_a_process_serves_one_address(lab: Lab) -> None:
    server = lab.exporter.serve("127.0.0.1:0")
    assert lab.exporter.serve() is server
    assert lab.exporter.serve("127.0.0.1:0") is server
    with pytest.raises(ValueError, match="already serving"):
        lab.exporter.serve("127.0.0.1:1")
    wrongs: tuple[Any, ...] = ("9187", 9187, True, b"127.0.0.1:9187", "")
    for wrong in wrongs:
        with pytest.raises(ValueError, match="not host:port"):
            lab.connect(listen=wrong)
    lab.exporter.close()
    with pytest.raises(ValueError, match="0 is not host:port"):
        lab.exporter.serve(0)  # type: ignore[arg-type]


def test_a_file_is_attached_again_while_a_poll_still_has_it(lab: Lab, tmp_path: Path) -> None:
    file = tmp_path / "other.duckdb"
    duckdb.connect(file).close()
    for number in range(20):  # the first poll of a database comes at once
        with lab.exporter.connect(tmp_path / f"{number}.duckdb", instance_id=f"i{number}", listen=False) as con:
            for name in "abcde":
                con.execute(f"ATTACH '{file}' AS {name}")
                con.execute(f"DETACH {name}")
                con.begin().execute(f"ATTACH '{file}' AS {name}").commit()
                con.execute(f"DETACH {name}")


@pytest.mark.parametrize("database", ["a.duckdb", ":memory:"])
def test_a_measured_connection_is_measured_once(lab: Lab, tmp_path: Path, database: str) -> None:
    path = tmp_path / database if database != ":memory:" else database
    con = lab.connect(path, instance_id="i", listen=False)
    assert lab.exporter.instrument(con, listen=False) is con
    assert lab.exporter.instrument(con, instance_id="i", listen=False) is con
    con.execute("SELECT 1").fetchall()
    assert lab.value("duckdb_query_latency_ms_count", query_type="SELECT") == 1
    with pytest.raises(ValueError, match="measured as instance 'i' already, it cannot be 'j' too"):
        lab.exporter.instrument(con, instance_id="j", listen=False)
    con.close()
    with pytest.raises(duckdb.ConnectionException):
        lab.exporter.instrument(con, listen=False)


def test_a_limit_in_the_config_is_the_argument_s_or_the_only_one(lab: Lab) -> None:
    for config in ({"memory_limit": "256MB"}, {"max_memory": "80%"}):
        (text,) = config.values()
        with pytest.raises(
            ValueError, match=f"memory_limit='1GiB', and '{text}' in config: give one, or both the same"
        ):
            lab.connect(config=config, memory_limit="1GiB", listen=False)
    with lab.connect(config={"memory_limit": "1024MiB"}, memory_limit="1GiB", instance_id="i", listen=False):
        lab.until(lambda scrape: scrape("duckdb_memory_limit_bytes", instance_id="i") == 2**30)


@pytest.mark.parametrize(
    "arguments",
    [
        {"database": 5}, {"database": b"x.db"},
        *({"config": wrong} for wrong in ("bad", [1], None, "", [], {"no_such_setting": 1})),
    ],
)  # fmt: skip
def test_arguments_of_another_type_raise_what_duckdb_raises(lab: Lab, arguments: dict[str, Any]) -> None:
    with pytest.raises((duckdb.Error, TypeError)) as bare:
        duckdb.connect(**arguments)
    with pytest.raises(type(bare.value)):
        lab.exporter.connect(**arguments, listen=False)
