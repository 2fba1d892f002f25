"""Edits by hand of Grafana's dashboards and data source are named, panel by panel, and what Grafana adds is not."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from documented_grafana import UID, Grafana
from loopback import answering

from truegauge_generator.cli import main
from truegauge_spec import Spec


@pytest.fixture
def grafana(spec: Spec) -> Grafana:
    return Grafana(spec)


@contextmanager
def asked(grafana: Grafana, root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[list[Any]]:
    """The findings of `truegauge drift --grafana`, in a list that is filled on leaving."""
    token = tmp_path / "token"
    token.write_text("glsa_test\n")
    found: list[Any] = []
    yield found
    with answering(grafana.answer) as url:
        flags = ["--grafana", f"{url}/grafana/", "--grafana-token-file", str(token), "--format", "json"]
        capsys.readouterr()
        code = main(["drift", str(root / "spec"), *flags])
    found += json.loads(capsys.readouterr().out)["findings"]
    assert code == (1 if found else 0)


def test_what_grafana_adds_itself_is_no_drift(
    grafana: Grafana, root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with asked(grafana, root, tmp_path, capsys) as found:
        pass
    assert found == []


def panel(grafana: Grafana, title: str) -> Any:
    return next(one for one in grafana.dashboards[UID]["panels"] if one["title"] == title)


def enlarge(grafana: Grafana) -> None:
    """A panel grows, and Grafana moves down what stands below it."""
    grown = panel(grafana, "Engine up")["gridPos"]
    for one in grafana.dashboards[UID]["panels"]:
        if one["gridPos"]["y"] > grown["y"]:
            one["gridPos"]["y"] += 4
    grown["h"] += 4


def collapse(grafana: Grafana) -> None:
    """A row that is folded holds its panels."""
    panels = grafana.dashboards[UID]["panels"]
    first, second = [place for place, one in enumerate(panels) if one["type"] == "row"][:2]
    panels[first] |= {"collapsed": True, "panels": panels[first + 1 : second]}
    del panels[first + 1 : second]


def board(grafana: Grafana) -> Any:
    return grafana.dashboards[UID]


def settings(grafana: Grafana) -> Any:
    return grafana.datasources["prometheus"]


EDITS: dict[str, tuple[Callable[[Grafana], object], str, str, str, str]] = {
    "a query": (
        lambda g: panel(g, "Engine up")["targets"][0].update(expr="max(duckdb_up)"),
        "panel_changed", f"{UID}/Engine up", "targets.value.expr: min(duckdb_up", "targets.value.expr: max(duckdb_up)",
    ),
    "a query added": (
        lambda g: panel(g, "Engine up")["targets"].append({"refId": "B", "expr": "vector(1)"}),
        "panel_changed", f"{UID}/Engine up", "targets.B: nothing", "targets.B: {refId: B, expr: vector(1)}",
    ),
    "a threshold": (
        lambda g: panel(g, "Engine up")["fieldConfig"]["defaults"]["thresholds"]["steps"][1].update(value=2),
        "panel_changed", f"{UID}/Engine up", "steps.1.value: 1", "steps.1.value: 2",
    ),
    "a unit": (
        lambda g: panel(g, "Engine up")["fieldConfig"]["defaults"].update(unit="percent"),
        "panel_changed", f"{UID}/Engine up", "unit: short", "unit: percent",
    ),
    "a title": (
        lambda g: panel(g, "Engine up").update(title="Up?"),
        "panel_changed", f"{UID}/Engine up", "title: Engine up", "title: Up?",
    ),
    "a size": (
        enlarge, "panel_changed", f"{UID}/Engine up", "gridPos.h: 4", "gridPos.h: 8",
    ),
    "a transformation": (
        lambda g: panel(g, "Engine up").update(transformations=[{"id": "limit", "options": {}}]),
        "panel_changed", f"{UID}/Engine up", "transformations: nothing", "transformations: [{id: limit",
    ),
    "a panel removed": (
        lambda g: board(g)["panels"].remove(panel(g, "Disk used")), "panel_missing", f"{UID}/Disk used", "stat", ""),
    "a panel added": (
        lambda g: board(g)["panels"].append(
            {"id": 7, "type": "stat", "title": "Mine", "gridPos": {"x": 0, "y": 900, "w": 4, "h": 4}}
        ),
        "panel_extra", f"{UID}/Mine", "", "type: stat",
    ),
    "a row folded": (collapse, "panel_changed", f"{UID}/At a glance", "collapsed: False", "collapsed: True"),
    "the order of panels": (
        lambda g: panel(g, "Engine up")["gridPos"].update(y=900),
        "dashboard_changed", UID, "order: At a glance, Engine up", "Engine up",
    ),
    "the refresh": (
        lambda g: board(g).update(refresh="1m"), "dashboard_changed", UID, "refresh: ", "refresh: 1m"
    ),
    "a variable": (
        lambda g: board(g)["templating"]["list"][1].update(multi=False),
        "dashboard_changed", UID, "templating.list.instance.multi: True", "templating.list.instance.multi: False",
    ),
    "a variable added": (
        lambda g: board(g)["templating"]["list"].append({"name": "zone", "type": "custom", "query": "a,b"}),
        "dashboard_changed", UID, "templating.list.zone: nothing", "templating.list.zone: {name: zone",
    ),
    "editing allowed": (
        lambda g: board(g).update(editable=True), "dashboard_changed", UID, "editable: False", "editable: True"
    ),
    "the folder": (
        lambda g: setattr(g, "folder", "General"), "dashboard_changed", UID, "folder: Truegauge", "folder: General"
    ),
    "a dashboard removed": (lambda g: g.dashboards.clear(), "dashboard_missing", UID, "DuckDB", ""),
    "a dashboard copied": (
        lambda g: g.dashboards.update(copied={**board(g), "title": "Copy"}), "dashboard_extra", "copied", "", "Copy"
    ),
    "the data source removed": (
        lambda g: g.datasources.clear(), "datasource_missing", "prometheus", "Prometheus", ""
    ),
    "where the data source leads": (
        lambda g: settings(g).update(url="http://127.0.0.1:9999"),
        "datasource_changed", "prometheus", "url: http://127.0.0.1:9090", "url: http://127.0.0.1:9999",
    ),
    "the data source's interval": (
        lambda g: settings(g)["jsonData"].update(timeInterval="15s"),
        "datasource_changed", "prometheus", "jsonData.timeInterval: 1s", "jsonData.timeInterval: 15s",
    ),
    "the data source made editable": (
        lambda g: settings(g).update(readOnly=False), "datasource_changed", "prometheus", "false", "true"
    ),
    "a header of the data source": (
        lambda g: settings(g)["jsonData"].update(httpHeaderName1="X-Scope"),
        "datasource_changed", "prometheus", "jsonData.httpHeaderName1: nothing", "X-Scope",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_by_hand_is_named(
    name: str, grafana: Grafana, root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit, kind, subject, declared, running = EDITS[name]
    with asked(grafana, root, tmp_path, capsys) as found:
        edit(grafana)
    assert [(one["kind"], one["subject"]) for one in found] == [(kind, subject)], found
    assert declared in found[0]["declared"]
    assert running in found[0]["running"]


def test_a_wrong_token_is_a_finding(
    grafana: Grafana, root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with asked(grafana, root, tmp_path, capsys) as found:
        (tmp_path / "token").write_text("glsa_old")
    assert [one["kind"] for one in found] == ["unreachable"]
    assert "answered 401" in found[0]["running"]
