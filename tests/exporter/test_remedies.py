"""Remedies, asked for as Alertmanager asks: what is done, what is undone, and all that is refused."""

from __future__ import annotations

import http.client
import json
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from duckdb_exporter.declare import Remedies
from duckdb_exporter.engine.remedies import OUTCOMES, REASONS
from duckdb_exporter.metrics import METRICS, SETTINGS

if TYPE_CHECKING:
    from tests.exporter.conftest import Lab, Scrape

TOKEN = "0123456789abcdef-remedies"
MIB = 1024**2
ALERTS = {
    "HighQueryLatency": "raise_memory_limit",
    "HighMemoryUsage": "flush_allocator",
    "LargeWriteAheadLog": "checkpoint",
    "FailedSync": "retry_sync",
}
DECLARED = Remedies(tuple(ALERTS.items()), cooldown=60.0, largest_memory_limit=512 * MIB, free_disk=0)
NEVER = "0001-01-01T00:00:00Z"


def ago(seconds: float) -> str:
    return (datetime.now(UTC) - timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


class Site:
    """A database that is measured under the name mt5-1, and a way to post to its exporter."""

    def __init__(self, make_lab: Callable[..., Lab], place: Path, declared: Remedies = DECLARED) -> None:
        self.token_file = place / "token"
        self.token_file.write_text(TOKEN)
        self.lab = make_lab(remedies=declared)
        self.database = place / "x.duckdb"
        self.con = self.lab.connect(self.database, instance_id="mt5-1", listen=False, memory_limit="256MiB")
        self.server = self.lab.exporter.serve(remedies_token_file=self.token_file, scraped_as="db:9187")
        self.lab.until(lambda scrape: scrape("duckdb_memory_limit_bytes", instance_id="mt5-1") == 256 * MIB)

    def send(self, body: bytes, authorization: str = f"Bearer {TOKEN}") -> tuple[int, bytes]:
        client = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=20)
        client.request("POST", "/remedies", body, {"Authorization": authorization} if authorization else {})
        answer = client.getresponse()
        status, content = answer.status, answer.read()
        client.close()
        return status, content

    def post(self, *alerts: dict[str, Any]) -> list[dict[str, Any]]:
        status, content = self.send(json.dumps({"version": "4", "status": "firing", "alerts": alerts}).encode())
        assert status == 200, content
        entries: list[dict[str, Any]] = json.loads(content)
        return entries

    def limit(self) -> str:
        return str(self.con.execute("SELECT current_setting('memory_limit')").fetchall()[0][0])

    def count(self, remedy: str, outcome: str) -> float | None:
        return self.lab.value("duckdb_remedy_count", remedy=remedy, outcome=outcome)

    def refused(self, reason: str) -> float | None:
        return self.lab.value("duckdb_remedy_refused_count", reason=reason)


def alert(
    name: str = "HighQueryLatency", *, status: str = "firing", started: str = "", ended: str = NEVER, **labels: str
) -> dict[str, Any]:
    usual = {"alertname": name, "instance": "db:9187", "severity": "critical", "remedy": ALERTS.get(name, "none")}
    return {
        "status": status,
        "labels": {**usual, **({"instance_id": "mt5-1"} if name != "HighQueryLatency" else {}), **labels},
        "annotations": {},
        "startsAt": started or ago(5),
        "endsAt": ended,
        "generatorURL": "",
        "fingerprint": "0",
    }


@pytest.fixture
def build(make_lab: Callable[..., Lab], tmp_path: Path) -> Iterator[Callable[..., Site]]:
    sites = []

    def build(**changes: Any) -> Site:
        sites.append(Site(make_lab, tmp_path, DECLARED._replace(**changes)))
        return sites[-1]

    yield build
    for site in sites:
        site.con.close()


@pytest.fixture
def site(build: Callable[..., Site]) -> Site:
    return build()


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


def test_a_limit_that_somebody_else_has_set_meanwhile_stays(site: Site) -> None:
    started = ago(5)
    site.post(alert(started=started))
    site.con.execute("SET memory_limit = '300MiB'")
    site.lab.until(lambda scrape: scrape("duckdb_memory_limit_bytes", instance_id="mt5-1") != 512 * MIB)
    (entry,) = site.post(alert(status="resolved", started=started, ended=ago(0)))
    assert (entry["outcome"], entry["reason"], site.limit()) == ("refused", "changed", "300.0 MiB")


def test_what_was_never_done_is_not_undone(site: Site) -> None:
    (entry,) = site.post(alert(status="resolved", ended=ago(0)))
    assert (entry["outcome"], site.limit()) == ("nothing to undo", "256.0 MiB")


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


@pytest.mark.parametrize(
    ("posted", "reason"),
    [
        (alert("NoSuchAlert"), "unknown_alert"),
        (alert(remedy="checkpoint"), "other_remedy"),
        (alert(remedy=""), "other_remedy"),
        (alert(instance_id="mt5-2"), "other_instance"),
        (alert(instance="other:9187"), "other_instance"),
        (alert(started=ago(3700)), "stale"),
        (alert(started=ago(-86_400)), "stale"),
        (alert(ended=ago(1)), "stale"),
        (alert(status="resolved", started=ago(8000), ended=ago(3700)), "stale"),
        (alert(status="resolved", ended=ago(-86_400)), "stale"),
        (alert(status="resolved"), "stale"),
    ],
)
def test_an_alert_that_is_not_ours_or_not_of_now_is_refused(site: Site, posted: dict[str, Any], reason: str) -> None:
    (entry,) = site.post(posted)
    assert (entry["outcome"], entry["reason"]) == ("refused", reason)
    assert (site.refused(reason), site.limit()) == (1, "256.0 MiB")


def test_a_post_that_is_replayed_does_nothing(build: Callable[..., Site]) -> None:
    site = build(cooldown=0.0)
    fire, resolve = alert(started=ago(5)), alert(status="resolved", ended=ago(0))
    resolve["startsAt"] = fire["startsAt"]
    assert [site.post(one)[0]["outcome"] for one in (fire, resolve)] == ["done", "undone"]
    assert [site.post(one)[0].get("reason") for one in (fire, resolve, fire)] == ["repeated", None, "repeated"]
    assert site.limit() == "256.0 MiB"


def test_a_remedy_cools_down(site: Site) -> None:
    first, second = alert("HighMemoryUsage", started=ago(9)), alert("HighMemoryUsage", started=ago(5))
    assert [entry.get("reason") for entry in site.post(first, second)] == [None, "cooling_down"]
    assert site.post(alert())[0]["outcome"] == "done"  # another remedy may run


def test_a_dry_run_says_what_it_would_do(build: Callable[..., Site]) -> None:
    site = build(dry_run=True)
    site.lab.exporter.remedy("retry_sync")(lambda _: pytest.fail("called"))
    entries = site.post(alert(), alert("FailedSync"), alert("NoSuchAlert"))
    assert [entry["outcome"] for entry in entries] == ["dry_run", "dry_run", "refused"]
    assert entries[0]["text"] == f"memory_limit from {256 * MIB} to {512 * MIB} bytes"
    assert site.limit() == "256.0 MiB"


def test_one_remedy_runs_at_a_time(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("duckdb_exporter.engine.remedies._PATIENCE", 0.05)
    running, go_on = threading.Event(), threading.Event()

    @site.lab.exporter.remedy("retry_sync")
    def retry_sync(_: object) -> None:
        running.set()
        go_on.wait(20)

    slow = threading.Thread(target=site.post, args=(alert("FailedSync"),))
    slow.start()
    assert running.wait(20)
    status, _ = site.send(json.dumps({"version": "4", "alerts": [alert()]}).encode())
    go_on.set()
    slow.join()
    assert (status, site.refused("busy"), site.limit()) == (503, 1, "256.0 MiB")  # Alertmanager posts it again
    assert site.post(alert())[0]["outcome"] == "done"


@pytest.mark.parametrize("authorization", ["", "Bearer", f"Bearer {TOKEN}x", f"Basic {TOKEN}", "Bearer \xff"])
def test_without_the_token_nothing_is_even_read(site: Site, authorization: str) -> None:
    assert site.send(b"{", authorization)[0] == 401
    assert (site.refused("unauthorized"), site.refused("malformed")) == (1, 0)
    assert TOKEN.encode() not in site.lab.exporter.render()


def test_a_changed_token_counts_at_once(site: Site) -> None:
    site.token_file.write_text(TOKEN[::-1])
    assert site.send(b"{")[0] == 401
    assert site.send(b"{", f"Bearer {TOKEN[::-1]}")[0] == 400


GOOD = alert()
WRONG: tuple[Any, ...] = (
    [], {}, [None], [GOOD | {"status": "maybe"}], [GOOD | {"labels": []}], [GOOD | {"labels": {"a": 1}}],
    [GOOD | {"startsAt": "yesterday"}], [GOOD | {"startsAt": "2026-01-01T00:00:00"}], [GOOD | {"startsAt": None}],
    [GOOD | {"startsAt": NEVER}], [GOOD | {"endsAt": 1}], [GOOD] * 101,
)  # fmt: skip


@pytest.mark.parametrize(
    "body",
    [
        b"", b"not JSON", b"[]", b"null", b"[" * 100_000, b"\xff", b'{"version": "4"}',
        b'{"version": "3", "alerts": []}',
        *(json.dumps({"version": "4", "alerts": alerts}).encode() for alerts in WRONG),
    ],
)  # fmt: skip
def test_what_alertmanager_would_not_post_is_refused(site: Site, body: bytes) -> None:
    assert site.send(body)[0] == 400
    assert (site.refused("malformed"), site.limit()) == (1, "256.0 MiB")


def test_a_huge_body_is_not_read(site: Site) -> None:
    assert site.send(b" " * 300_000)[0] == 413


def test_only_post_is_allowed(site: Site) -> None:
    client = http.client.HTTPConnection("127.0.0.1", site.server.port, timeout=20)
    client.request("GET", "/remedies", headers={"Authorization": f"Bearer {TOKEN}"})
    answer = client.getresponse()
    client.close()
    assert (answer.status, answer.headers["Allow"]) == (405, "POST")


def test_it_is_off_without_a_token(lab: Lab) -> None:
    server = lab.exporter.serve()
    client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    client.request("POST", "/remedies", b"{}", {"Authorization": "Bearer "})
    assert client.getresponse().status == 404
    client.close()


def test_it_cannot_be_switched_on_with_a_token_that_can_be_guessed_or_without_the_spec(
    make_lab: Callable[..., Lab], tmp_path: Path
) -> None:
    (tmp_path / "token").write_text("secret")
    with pytest.raises(ValueError, match="token: a token has 16 or more"):
        make_lab().exporter.serve(remedies_token_file=tmp_path / "token")
    with pytest.raises(ValueError, match="nowhere: No such file"):
        make_lab().connect(remedies_token_file=tmp_path / "nowhere")
    with pytest.raises(ValueError, match="the spec has no `remedies` for the exporter"):
        make_lab(remedies=None).exporter.serve(remedies_token_file=tmp_path / "token")
    with pytest.raises(ValueError, match="the spec has no `remedies` for the exporter"):
        make_lab(remedies=None).exporter.remedy("retry_sync")


def test_an_alert_without_the_instance_s_name_must_not_be_of_several(site: Site) -> None:
    with site.lab.connect(instance_id="mt5-2", listen=False):
        (entry,) = site.post(alert())
    assert (entry["reason"], entry["text"]) == ("other_instance", "it does not say which of 2 open databases it is of")


def test_a_closed_database_gets_no_remedy(site: Site) -> None:
    site.con.close()
    assert site.post(alert("HighMemoryUsage"))[0]["reason"] == "other_instance"


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
