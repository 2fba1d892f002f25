"""What the engine and its files tell beyond the design's own list: transactions, memory, sizes, checkpoints, polls."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from duckdb_exporter.engine import sizes
from duckdb_exporter.engine.checkpoints import Checkpoints
from duckdb_exporter.engine.connection import Connection
from duckdb_exporter.metrics import METRICS

if TYPE_CHECKING:
    from tests.exporter.conftest import Lab


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
    lab.checkpoint()
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
    lab.checkpoint()
    con.execute("SELECT sum(range) FROM big").fetchall()
    scrape = lab.until(lambda scrape: scrape("duckdb_memory_evictable_bytes", instance_id="i"))
    tags = scrape.by_labels("duckdb_memory_tag_bytes")
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
    lab.checkpoint()
    con.execute(f"ATTACH '{tmp_path / 'b.duckdb'}' AS other")
    lab.until(lambda scrape: scrape("duckdb_table_rows", instance_id="i", table_name="trades") == 1000)
    size = (tmp_path / "a.duckdb").stat().st_size - 12288  # of the headers
    lab.until(lambda scrape: scrape("duckdb_database_bytes", instance_id="i", database_name="a") == size)
    lab.until(lambda scrape: ("other",) in scrape.by_labels("duckdb_database_bytes"))
    con.execute("DETACH other")
    lab.until(lambda scrape: ("other",) not in scrape.by_labels("duckdb_database_bytes"))


def test_the_first_table_is_seen_at_the_next_poll(lab: Lab) -> None:
    con = lab.connect(instance_id="i", listen=False)
    lab.until(lambda scrape: scrape("duckdb_up", instance_id="i"))
    con.execute("CREATE TABLE t AS FROM range(7)")
    lab.until(lambda scrape: scrape("duckdb_table_rows", instance_id="i", table_name="t") == 7, sizes.EVERY / 2)
    con.close()


def test_the_age_of_the_log_grows_until_a_checkpoint(lab: Lab, con: Connection) -> None:
    lab.checkpoint()
    assert lab.value("duckdb_checkpoint_age_seconds", instance_id="i") == 0
    con.execute("INSERT INTO trades VALUES (1)")
    time.sleep(0.05)
    assert (lab.value("duckdb_checkpoint_age_seconds", instance_id="i") or 0) >= 0.05
    lab.checkpoint()
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
