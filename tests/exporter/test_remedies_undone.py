"""Remedies whose alert resolves: what is undone, and what becomes of what cannot be."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from posts import MIB, Site, ago, alert, stalled

from duckdb_exporter.engine import poller


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


def test_what_a_stalled_engine_cannot_undo_is_undone_when_alertmanager_sends_it_again(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(poller, "_LONGEST_POLL", 0.2)
    started = ago(5)
    over = alert(status="resolved", started=started, ended=ago(0))
    synced = alert("FailedSync", started=started)
    called: list[str] = []
    site.lab.exporter.remedy("retry_sync")(lambda alert: called.append(alert.name))
    site.post(alert(started=started))
    with stalled(site):
        for reason in (None, "repeated"):  # the other alert of the post is acted on once
            status, body = site.send(json.dumps({"version": "4", "alerts": [over, synced]}).encode())
            entry, other = json.loads(body)
            assert (status, entry["outcome"], entry["text"]) == (503, "failed", "undo: TimeoutError")
            assert (other.get("reason"), called) == (reason, ["FailedSync"])
    site.lab.until(lambda scrape: scrape("duckdb_up", instance_id="mt5-1") == 1)
    assert site.limit() == "512.0 MiB"
    assert [site.post(over)[0]["outcome"] for _ in range(2)] == ["undone", "nothing to undo"]
    assert site.limit() == "256.0 MiB"


def test_what_was_not_undone_is_undone_with_the_next_firing(build: Callable[..., Site]) -> None:
    site = build(cooldown=0.0)
    site.post(alert(started=ago(60)))  # of its end nothing is heard
    second = ago(5)
    assert site.post(alert(started=second))[0]["reason"] == "bound"
    (entry,) = site.post(alert(status="resolved", started=second, ended=ago(0)))
    assert (entry["outcome"], site.limit()) == ("undone", "256.0 MiB")


def test_the_limit_of_a_database_that_was_closed_meanwhile_is_not_set_back(site: Site) -> None:
    started = ago(5)
    site.post(alert(started=started))
    site.con.close()
    (entry,) = site.post(alert(status="resolved", started=started, ended=ago(0)))
    assert (entry["outcome"], entry["reason"]) == ("refused", "changed")


def test_what_the_application_did_is_undone_where_the_engine_failed_after_it(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(poller, "_LONGEST_POLL", 0.2)
    called: list[str] = []
    site.lab.exporter.remedy("raise_memory_limit", undo=lambda _: called.append("undo"))(lambda _: called.append("do"))
    started = ago(5)
    with stalled(site):
        (entry,) = site.post(alert(started=started))
    assert (entry["outcome"], called) == ("failed", ["do"])
    (entry,) = site.post(alert(status="resolved", started=started, ended=ago(0)))
    assert (entry["outcome"], called, site.limit()) == ("undone", ["do", "undo"], "256.0 MiB")


def test_one_part_that_cannot_be_undone_keeps_back_no_other(site: Site) -> None:
    fails = [True]
    called: list[str] = []

    def undo(_: object) -> None:
        called.append("undo")
        if fails:
            raise OSError(fails.pop())

    site.lab.exporter.remedy("raise_memory_limit", undo=undo)(lambda _: called.append("do"))
    started = ago(5)
    site.post(alert(started=started))
    over = alert(status="resolved", started=started, ended=ago(0))
    status, body = site.send(json.dumps({"version": "4", "alerts": [over]}).encode())
    assert (status, json.loads(body)[0]["text"], site.limit()) == (503, "undo: OSError", "256.0 MiB")
    assert [site.post(over)[0]["outcome"] for _ in range(2)] == ["undone", "nothing to undo"]
    assert called == ["do", "undo", "undo"]
