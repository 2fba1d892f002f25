"""Remedies that are asked for by the wrong one, of the wrong one, too late, too often, or not at all."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from posts import NEVER, TOKEN, Site, ago, alert

if TYPE_CHECKING:
    from tests.exporter.conftest import Lab


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


def test_the_end_of_a_firing_that_is_replayed_does_not_end_the_next(build: Callable[..., Site]) -> None:
    site = build(cooldown=0.0)
    first, second = ago(60), ago(20)
    over = alert(status="resolved", started=first, ended=ago(30))
    assert [site.post(one)[0]["outcome"] for one in (alert(started=first), over)] == ["done", "undone"]
    assert site.post(alert(started=second))[0]["outcome"] == "done"
    assert (site.post(over)[0]["outcome"], site.limit()) == ("nothing to undo", "512.0 MiB")
    assert site.post(alert(started=first))[0]["reason"] == "repeated"
    over = alert(status="resolved", started=second, ended=ago(0))
    assert (site.post(over)[0]["outcome"], site.limit()) == ("undone", "256.0 MiB")


def test_a_firing_that_is_posted_after_its_end_is_not_acted_on(site: Site) -> None:
    started = ago(5)
    site.post(alert(status="resolved", started=started, ended=ago(0)))
    assert (site.post(alert(started=started))[0]["reason"], site.limit()) == ("repeated", "256.0 MiB")


def test_a_remedy_cools_down(site: Site) -> None:
    first, second = alert("HighMemoryUsage", started=ago(9)), alert("HighMemoryUsage", started=ago(5))
    assert [entry.get("reason") for entry in site.post(first, second)] == [None, "cooling_down"]
    assert site.post(alert())[0]["outcome"] == "done"  # another remedy may run


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
