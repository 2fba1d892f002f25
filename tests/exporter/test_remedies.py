"""Remedies, asked for as Alertmanager asks: what is done."""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from posts import MIB, Site, ago, alert, stalled

from duckdb_exporter.declare import Label
from duckdb_exporter.engine import poller
from duckdb_exporter.engine.remedies import OUTCOMES, REASONS
from duckdb_exporter.metrics import METRICS, SETTINGS

if TYPE_CHECKING:
    from tests.exporter.conftest import Lab, Scrape


def test_the_memory_limit_is_raised_and_set_back_when_the_alert_resolves(site: Site) -> None:
    started = ago(5)
    (done,) = site.post(alert(started=started))
    assert (done["outcome"], done["instance_id"]) == ("done", "mt5-1")
    assert done["text"] == f"memory_limit from {256 * MIB} to {512 * MIB} bytes"
    assert site.limit() == "512.0 MiB"
    assert site.lab.value("duckdb_memory_limit_bytes", instance_id="mt5-1") == 512 * MIB

    (undone,) = site.post(alert(status="resolved", started=started, ended=ago(0)))
    assert undone["outcome"] == "undone"
    assert site.limit() == "256.0 MiB"
    assert site.lab.value("duckdb_memory_limit_bytes", instance_id="mt5-1") == 256 * MIB
    assert site.count("raise_memory_limit", "done") == site.count("raise_memory_limit", "undone") == 1


def test_a_limit_at_its_bound_is_not_raised(build: Callable[..., Site]) -> None:
    site = build(largest_memory_limit=256 * MIB)
    (entry,) = site.post(alert())
    assert (entry["outcome"], entry["reason"], site.limit()) == ("refused", "bound", "256.0 MiB")


def test_a_limit_that_is_not_known_to_the_byte_is_not_touched(site: Site) -> None:
    site.con.execute("SET memory_limit = '300MiB'")
    site.lab.until(lambda scrape: scrape("duckdb_memory_limit_bytes", instance_id="mt5-1") != 256 * MIB)
    assert {site.post(alert(name))[0]["reason"] for name in ("HighQueryLatency", "HighMemoryUsage")} == {"bound"}
    assert site.limit() == "300.0 MiB"


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_freed_memory_is_given_back(site: Site) -> None:
    site.con.execute("CREATE TEMP TABLE large AS SELECT random() AS a, random() AS b FROM range(8_000_000)")
    site.con.execute("DROP TABLE large")
    before = resident()
    (entry,) = site.post(alert("HighMemoryUsage"))
    assert (entry["outcome"], site.limit()) == ("done", "256.0 MiB")
    assert before - resident() > 30 * MIB


def full(con: Any) -> None:
    """Fill the memory limit with rows that cannot be evicted: there is no temporary folder to spill to."""
    con.execute("SET temp_directory = ''").execute("CREATE TEMP TABLE large (id DOUBLE, text VARCHAR)")
    for rows in (200_000, 20_000, 2_000, 200):
        with suppress(duckdb.OperationalError):  # the commit may be what finds no room
            while True:
                con.execute("INSERT INTO large SELECT random(), repeat('x', 50) || random() FROM range(?)", [rows])


@pytest.mark.parametrize("name", ["HighMemoryUsage", "HighQueryLatency"])
def test_on_a_full_memory_a_remedy_is_done_and_the_polls_go_on(build: Callable[..., Site], name: str) -> None:
    site = build(largest_memory_limit=256 * MIB + 1024)  # not enough to matter
    full(site.con)
    (entry,) = site.post(alert(name, instance_id="mt5-1"))
    assert entry["outcome"] == "done", entry
    for _ in range(20):  # longer than readings are fresh
        assert site.lab.value("duckdb_up", instance_id="mt5-1") == 1
        time.sleep(0.05)
    site.con.execute("DROP TABLE large")
    site.lab.until(lambda scrape: scrape("duckdb_memory_pinned_bytes", instance_id="mt5-1") == 0)


def test_the_write_ahead_log_is_emptied(site: Site) -> None:
    site.con.execute("CREATE TABLE t AS FROM range(1000)")
    log = site.database.with_name("x.duckdb.wal")
    assert log.stat().st_size > 0
    assert site.post(alert("LargeWriteAheadLog"))[0]["outcome"] == "done"
    assert not log.exists() or log.stat().st_size == 0


def test_without_room_on_the_disk_there_is_no_checkpoint(build: Callable[..., Site]) -> None:
    site = build(free_disk=10**18)
    site.con.execute("CREATE TABLE t AS FROM range(1000)")
    (entry,) = site.post(alert("LargeWriteAheadLog"))
    assert (entry["outcome"], entry["reason"]) == ("refused", "bound")
    assert site.database.with_name("x.duckdb.wal").stat().st_size > 0


def test_a_disk_that_does_not_say_how_full_it_is_is_a_failure_and_the_next_alert_is_heard(
    site: Site, tmp_path: Path
) -> None:
    site.database.parent.rename(tmp_path.with_name("elsewhere"))
    entries = site.post(alert("LargeWriteAheadLog"), alert("HighMemoryUsage"))
    assert [entry["outcome"] for entry in entries] == ["failed", "done"]
    assert (entries[0]["text"], entries[0]["instance_id"]) == ("checkpoint: FileNotFoundError", "mt5-1")
    assert site.count("other", "failed") == 1  # the spec's own alerts have no checkpoint
    tmp_path.with_name("elsewhere").rename(tmp_path)


def test_a_stalled_engine_fails_a_remedy_and_holds_up_no_further_post(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(poller, "_LONGEST_POLL", 0.2)
    with stalled(site):
        (entry,) = site.post(alert("HighMemoryUsage"))
        assert (entry["outcome"], entry["text"].rpartition(": ")[2]) == ("failed", "TimeoutError")
        assert site.post(alert("FailedSync"))[0]["reason"] == "not_registered"


def test_a_counter_of_remedies_may_have_the_instance_s_label(make_lab: Callable[..., Lab], tmp_path: Path) -> None:
    labelled = [
        metric._replace(labels=(Label("instance_id"), *metric.labels))
        for metric in METRICS
        if metric.measure.startswith("remedy.")
    ]
    others = [metric for metric in METRICS if metric.measure not in ("app", "sql", "remedy.count", "remedy.refused")]
    site = Site(partial(make_lab, *others, *labelled), tmp_path)
    site.post(alert("NoSuchAlert"), alert("HighMemoryUsage"))
    scrape = site.lab.scrape()
    done = {"remedy": "flush_allocator", "outcome": "done", "instance_id": "mt5-1"}
    assert scrape("duckdb_remedy_count", **done) == 1
    assert scrape("duckdb_remedy_refused_count", instance_id="other", reason="unknown_alert") == 1
    site.con.close()


def test_a_checkpoint_that_an_open_transaction_forbids_fails_and_waits_for_nobody(site: Site) -> None:
    site.con.execute("CREATE TABLE t AS FROM range(1000)")
    reader = site.con.cursor()
    reader.begin()
    reader.execute("SELECT count(*) FROM t").fetchall()
    site.con.execute("UPDATE t SET range = 1")
    site.con.execute("DROP TABLE t")
    (entry,) = site.post(alert("LargeWriteAheadLog"))
    assert entry["outcome"] == "failed"
    assert entry["text"] == "CHECKPOINT: TransactionException"
    assert site.con.execute("SELECT 1").fetchall() == [(1,)]


def test_the_application_s_function_is_called_with_the_alert_and_undone(site: Site) -> None:
    seen: list[str] = []
    site.lab.exporter.remedy("retry_sync", undo=lambda alert: seen.append(f"undo {alert.name}"))(
        lambda alert: seen.append(f"{alert.name} of {alert.labels['instance_id']}")
    )
    started = ago(5)
    assert site.post(alert("FailedSync", started=started))[0]["outcome"] == "done"
    assert site.post(alert("FailedSync", started=started, status="resolved", ended=ago(0)))[0]["outcome"] == "undone"
    assert seen == ["FailedSync of mt5-1", "undo FailedSync"]


def test_the_application_s_part_of_a_built_in_remedy_comes_before_it(site: Site) -> None:
    limits: list[str] = []
    site.lab.exporter.remedy("raise_memory_limit")(lambda _: limits.append(site.limit()))
    (entry,) = site.post(alert())
    assert entry["text"].startswith("the application's raise_memory_limit then memory_limit from")
    assert (limits, site.limit()) == (["256.0 MiB"], "512.0 MiB")


def test_a_function_that_raises_is_a_failure_of_which_the_log_has_no_values(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    @site.lab.exporter.remedy("retry_sync")
    def retry_sync(_: object) -> None:
        raise duckdb.ConstraintException("Duplicate key: hunter2")

    with caplog.at_level(logging.INFO, "duckdb_exporter.remedies"):
        (entry,) = site.post(alert("FailedSync"))
    assert (entry["outcome"], entry["text"]) == ("failed", "the application's retry_sync: ConstraintException")
    assert "hunter2" not in caplog.text
    assert site.count("retry_sync", "failed") == 1


def test_a_function_that_nobody_registered_is_not_called(site: Site) -> None:
    assert site.post(alert("FailedSync"))[0]["reason"] == "not_registered"
    with pytest.raises(ValueError, match="no alert of the spec has the remedy 'retry'; there is checkpoint, flush"):
        site.lab.exporter.remedy("retry")(print)


def test_a_dry_run_says_what_it_would_do(build: Callable[..., Site]) -> None:
    site = build(dry_run=True)
    site.lab.exporter.remedy("retry_sync")(lambda _: pytest.fail("called"))
    entries = site.post(alert(), alert("FailedSync"), alert("NoSuchAlert"))
    assert [entry["outcome"] for entry in entries] == ["dry_run", "dry_run", "refused"]
    assert entries[0]["text"] == f"memory_limit from {256 * MIB} to {512 * MIB} bytes"
    assert site.limit() == "256.0 MiB"


def test_every_outcome_is_a_line_of_json_in_the_log(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "duckdb_exporter.remedies"):
        site.post(alert(), alert("No\nSuchAlert"))
    lines = [json.loads(record.getMessage()) for record in caplog.records]
    assert [(line["alert"], line["remedy"], line["outcome"]) for line in lines] == [
        ("HighQueryLatency", "raise_memory_limit", "done"),
        ("No\nSuchAlert", "other", "refused"),
    ]
    assert all("\n" not in record.getMessage() for record in caplog.records)


def test_a_remedy_does_not_disturb_who_works_on_the_database(site: Site) -> None:
    site.con.execute("CREATE TABLE t AS FROM range(1000000)")
    errors: list[BaseException] = []
    ended = threading.Event()

    def work() -> None:
        con = site.con.cursor()
        try:
            while not ended.is_set():
                assert con.execute("SELECT sum(range) FROM t").fetchall() == [(499999500000,)]
        except BaseException as error:  # noqa: BLE001 - whatever went wrong is the finding
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for name in ("HighQueryLatency", "HighMemoryUsage", "LargeWriteAheadLog"):
        site.post(alert(name))
    time.sleep(0.1)
    ended.set()
    for thread in threads:
        thread.join()
    assert errors == []


def test_the_spec_s_labels_are_those_that_the_exporter_counts_with() -> None:
    by_measure = {metric.measure: metric for metric in METRICS}
    labels = {label.name: label.values for label in by_measure["remedy.count"].labels}
    assert labels["outcome"] == OUTCOMES
    assert SETTINGS.remedies is not None
    assert set(labels["remedy"] or ()) == {remedy for _, remedy in SETTINGS.remedies.alerts} | {"other"}
    assert by_measure["remedy.refused"].labels[0].values == REASONS


def test_counters_start_at_zero(lab: Lab) -> None:
    scrape: Scrape = lab.scrape()
    assert scrape("duckdb_remedy_refused_count", reason="stale") == 0
    assert scrape("duckdb_remedy_count", remedy="reconnect", outcome="done") == 0
