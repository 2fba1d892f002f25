"""Probes: read-only, within their limits, and out of the way of everything else."""

from __future__ import annotations

import json
import re
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from duckdb_exporter.declare import Label, Metric
from duckdb_exporter.engine import probes
from duckdb_exporter.engine.probes import REASONS, Failed, ask, read

if TYPE_CHECKING:
    from tests.exporter.conftest import Lab

UP = Metric("duckdb_up", "gauge", "", "Up", (Label("instance_id"),), "exporter.up")
ACTIVE = Metric("duckdb_active_connections", "gauge", "", "Active", (Label("instance_id"),), "connection.active")
ENDLESS = "SELECT count(*) FROM range(1000000000000)"


def probe(query: str, *labels: Label, name: str = "m", **limits: Any) -> Metric:
    limits = {"every": 0.05, "timeout": 2.0, **limits}
    return Metric(name, "gauge", "", "A query's value", labels, "sql", sql=query, **limits)


@pytest.fixture
def cursor() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        con.execute("CREATE TABLE t AS SELECT range AS id, 'c' || range % 3 AS kind FROM range(9)")
        con.execute("CREATE SEQUENCE s")
        with con.cursor() as cursor:
            yield cursor


BAD = [
    ("DELETE FROM t", "statement"),
    ("COMMIT; DELETE FROM t", "statement"),
    ("COPY t TO 'copied.csv'", "statement"),
    ("SET threads = 1", "statement"),
    ("ATTACH ':memory:' AS other", "statement"),
    ("SELECT $1", "statement"),
    ("", "statement"),
    ("WITH gone AS (DELETE FROM t RETURNING *) SELECT count(*) FROM gone", "writes"),
    ("SELECT nextval('s')", "writes"),
    (ENDLESS, "timeout"),
    ("SELECT range FROM range(1000000000000) WHERE range > 999999999999 - 1", "timeout"),
    ("SELECT id FROM t", "rows"),
    ("SELECT kind, 1 FROM t LIMIT 1", "columns"),
    ("SELECT 1 UNION ALL SELECT 2", "ambiguous"),
    ("SELECT 'text'", "value"),
    ("SELECT DATE '2026-01-01'", "value"),
    ("SELECT [1]", "value"),
    ("SELECT * FROM nowhere", "error"),
    ("not SQL", "error"),
    ("SELECT error('secret')", "error"),
]


@pytest.mark.parametrize(("query", "reason"), BAD)
def test_a_bad_probe_fails_with_a_reason_and_changes_nothing(
    cursor: duckdb.DuckDBPyConnection, query: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    started = time.perf_counter()
    with pytest.raises(Failed) as caught:
        list(read(*ask(cursor, probe(query, timeout=0.3, rows=5)), []))
    assert caught.value.reason == reason
    assert reason in REASONS
    assert not {"secret", "nowhere", "kind", "SQL"} & set(re.findall(r"\w+", str(caught.value)))
    assert time.perf_counter() - started < 5
    assert cursor.execute("SELECT count(*) FROM t").fetchall() == [(9,)]
    assert list(tmp_path.iterdir()) == []


def test_each_reason_has_a_case() -> None:
    assert {reason for _, reason in BAD} == set(REASONS)


@pytest.mark.parametrize(
    ("query", "samples"),
    [
        ("SELECT kind, count(*) FROM t GROUP BY kind ORDER BY kind", [("c0", 3), ("c1", 3), ("c2", 3)]),
        ("FROM (VALUES ('a', 1), (NULL, 2.5::DECIMAL(4, 2))) v(kind, n)", [("a", 1), ("", 2.5)]),
        ("SELECT 'a' AS kind, true", [("a", 1)]),
        ("SELECT 'a' AS kind, NULL UNION ALL SELECT 'b', 'nan'::DOUBLE", []),
        ("SELECT 'a' AS kind, 'inf'::DOUBLE", [("a", float("inf"))]),
        ("SELECT 'a' AS kind, 1 WHERE false", []),
    ],
)
def test_a_good_probe_gives_a_sample_for_each_row_with_a_number(
    cursor: duckdb.DuckDBPyConnection, query: str, samples: list[tuple[str, float]]
) -> None:
    assert list(read(*ask(cursor, probe(query)), ["kind"])) == [((kind,), value) for kind, value in samples]


def test_as_many_rows_as_allowed_are_taken_and_no_more_are_read(cursor: duckdb.DuckDBPyConnection) -> None:
    assert len(ask(cursor, probe("SELECT id FROM t", rows=9))[0]) == 9
    with pytest.raises(Failed, match="more than 9 rows"):
        ask(cursor, probe("SELECT range FROM range(1000000000000)", rows=9))


def test_a_slow_probe_delays_neither_the_poll_nor_the_scrape(make_lab: Callable[..., Lab]) -> None:
    lab = make_lab(UP, probe(ENDLESS, every=0.1, timeout=2.0))
    con = lab.connect(instance_id="i", listen=False)
    lab.until(lambda scrape: scrape("duckdb_up", instance_id="i") == 1)
    polls = set()
    began = time.perf_counter()
    while time.perf_counter() - began < 1.5:  # all this time the probe is at its first run
        asked = time.perf_counter()
        assert lab.value("duckdb_up", instance_id="i") == 1
        assert time.perf_counter() - asked < 0.5
        polls.add(lab.exporter._instances["i"]._answered_at)
        time.sleep(0.01)
    assert len(polls) > 5
    assert lab.value("duckdb_exporter_probe_up", instance_id="i", probe="m") is None
    lab.until(lambda scrape: scrape("duckdb_exporter_probe_up", instance_id="i", probe="m") == 0)
    con.close()


def test_closing_does_not_wait_for_a_slow_probe(make_lab: Callable[..., Lab]) -> None:
    lab = make_lab(UP, *(probe(ENDLESS, name=f"m{number}", timeout=30.0) for number in range(5)))
    con = lab.connect(instance_id="i", listen=False)
    time.sleep(0.3)
    began = time.perf_counter()
    con.close()
    assert time.perf_counter() - began < 1.0
    assert lab.value("duckdb_exporter_probe_up", instance_id="i", probe="m0") is None


def test_a_probe_disables_itself_says_why_and_is_tried_again(
    make_lab: Callable[..., Lab], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(probes, "RETRY", 1.0)
    lab = make_lab(UP, ACTIVE, probe("SELECT n FROM late"), probe("SELECT 1", name="good"))
    con = lab.connect(instance_id="i", listen=False)
    why = {"instance_id": "i", "probe": "m"}
    scrape = lab.until(lambda scrape: scrape("duckdb_exporter_probe_disabled", **why, reason="error"))
    assert (scrape("duckdb_exporter_probe_up", **why), scrape("m")) == (0, None)
    assert (scrape("duckdb_exporter_probe_up", instance_id="i", probe="good"), scrape("good")) == (1, 1)
    assert (scrape("duckdb_up", instance_id="i"), scrape("duckdb_active_connections", instance_id="i")) == (1, 1)
    con.execute("CREATE TABLE late AS SELECT 7 AS n")
    scrape = lab.until(lambda scrape: scrape("m") == 7)
    assert scrape("duckdb_exporter_probe_up", **why) == 1
    assert "probe_disabled{" not in scrape.text
    assert [r.getMessage() for r in caplog.records if "disabled" in r.getMessage()] == [
        "m: disabled (error), tried again each 1 s"
    ]
    con.close()


def test_a_probe_that_writes_is_disabled_at_once(
    make_lab: Callable[..., Lab], caplog: pytest.LogCaptureFixture
) -> None:
    lab = make_lab(UP, probe("WITH x AS (DELETE FROM t RETURNING *) SELECT count(*) FROM x"))
    con = lab.connect(instance_id="i", listen=False)
    con.execute("CREATE TABLE t AS SELECT 1 AS a")
    found = {"instance_id": "i", "probe": "m", "reason": "writes"}
    lab.until(lambda scrape: scrape("duckdb_exporter_probe_disabled", **found))
    assert con.execute("SELECT count(*) FROM t").fetchall() == [(1,)]
    con.close()


def test_series_end_when_the_next_run_is_overdue(make_lab: Callable[..., Lab]) -> None:
    lab = make_lab(UP, probe("SELECT 1", every=3600.0))
    con = lab.connect(instance_id="i", listen=False)
    lab.until(lambda scrape: scrape("m") == 1)
    (found,) = lab.exporter._instances["i"].probes.all
    assert found.last is not None
    late = found.last.ended + 3600 + 2 + 0.5
    assert (found.samples(late - 0.1), found.samples(late + 0.1)) == ((((), 1.0),), ())
    con.close()
    assert lab.value("m") is None


def test_the_page_tells_how_each_probe_goes_and_its_text_only_when_asked(make_lab: Callable[..., Lab]) -> None:
    lab = make_lab(UP, probe("SELECT 1"), probe("SELECT * FROM nowhere", name="bad"))
    con = lab.connect(instance_id="i", listen="127.0.0.1:0")
    lab.until(lambda scrape: scrape("duckdb_exporter_probe_disabled", instance_id="i", probe="bad", reason="error"))
    url = lab.exporter.serve().url.replace("/metrics", "/probes")
    good, bad = asked(url)
    assert (good["probe"], good["state"], good["reason"], good["rows"]) == ("m", "up", "", 1)
    assert 0 <= good["ran_before"] < 60
    assert (bad["instance_id"], bad["state"], bad["reason"]) == ("i", "disabled", "error")
    assert bad["message"] == "CatalogException"
    assert 200 < bad["next_run_in"] <= 300
    assert not {"sql", "details"} & set(good)
    good, bad = asked(f"{url}/sql")
    assert (good["sql"], good["details"], bad["sql"]) == ("SELECT 1", "", "SELECT * FROM nowhere")
    assert bad["details"].startswith("Catalog Error: Table with name nowhere does not exist")
    con.close()
    assert asked(url) == []


def asked(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - our own http address
        assert answer.headers["Content-Type"] == "application/json"
        return json.load(answer)["probes"]
