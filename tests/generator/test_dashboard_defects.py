"""That the checks of dashboards find what they are for: each defect here is one that a check must report."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from dashboard_faults import rendered

Mutation = Callable[[dict[str, Any]], object]


def _first(document: dict[str, Any], kind: str) -> dict[str, Any]:
    return next(panel for panel in document["panels"] if panel["type"] == kind)


def _titled(document: dict[str, Any], title: str) -> dict[str, Any]:
    return next(panel for panel in document["panels"] if panel["title"] == title and "targets" in panel)


def _defaults(document: dict[str, Any], kind: str) -> Any:
    return _first(document, kind)["fieldConfig"]["defaults"]


def _query(title: str, pattern: str, replacement: str) -> Mutation:
    def mutate(document: dict[str, Any]) -> None:
        target = _titled(document, title)["targets"][0]
        changed = re.sub(pattern, replacement, target["expr"])
        assert changed != target["expr"]
        target["expr"] = changed

    return mutate


DEFECTS: dict[str, Mutation] = {
    "a key misspelled": lambda d: _defaults(d, "stat").update(tresholds=_defaults(d, "stat").pop("thresholds")),
    "a custom key misspelled": lambda d: _defaults(d, "timeseries")["custom"].update(fillOpactiy=3),
    "an unknown unit": lambda d: _defaults(d, "timeseries").update(unit="milliseconds"),
    "an unknown draw style": lambda d: _defaults(d, "timeseries")["custom"].update(drawStyle="lines"),
    "an unknown colour mode": lambda d: _defaults(d, "stat")["color"].update(mode="threshold"),
    "an unknown reducer": lambda d: _first(d, "stat")["options"]["reduceOptions"].update(calcs=["last_not_null"]),
    "an unknown tooltip mode": lambda d: _first(d, "timeseries")["options"]["tooltip"].update(mode="all"),
    "an unknown kind of panel": lambda d: _first(d, "timeseries").update(type="graph"),
    "a place without x": lambda d: _first(d, "stat")["gridPos"].pop("x"),
    "a panel too wide": lambda d: _titled(d, "Failed connections")["gridPos"].update(w=5),
    "panels that overlap": lambda d: d["panels"][2]["gridPos"].update(x=0),
    "an id twice": lambda d: d["panels"][2].update(id=d["panels"][1]["id"]),
    "an id of zero": lambda d: d["panels"][2].update(id=0),
    "a schema version as text": lambda d: d.update(schemaVersion="41"),
    "a refresh as number": lambda d: d.update(refresh=10),
    "a uid too long": lambda d: d.update(uid="x" * 41),
    "an editable dashboard": lambda d: d.update(editable=True),
    "a time that is none": lambda d: d["time"].update({"from": "1h ago"}),
    "a collapsed row": lambda d: _first(d, "row").update(collapsed=True),
    "no description": lambda d: _first(d, "timeseries").update(description=""),
    "no unit": lambda d: _defaults(d, "timeseries").pop("unit"),
    "no query": lambda d: _first(d, "stat").update(targets=[]),
    "a query without expression": lambda d: _first(d, "stat")["targets"][0].pop("expr"),
    "a refId twice": lambda d: _titled(d, "Query latency")["targets"][1].update(refId="p50"),
    "a fixed data source": lambda d: _first(d, "stat").update(datasource={"type": "prometheus", "uid": "prometheus"}),
    "no instance variable": lambda d: d["templating"]["list"].pop(1),
    "an instance variable for one": lambda d: d["templating"]["list"][1].update(multi=False),
    "a threshold as text": lambda d: _defaults(d, "stat")["thresholds"]["steps"][1].update(value="1"),
    "a first step that is not null": lambda d: _defaults(d, "stat")["thresholds"]["steps"][0].update(value=0),
    "a threshold moved": lambda d: _defaults(d, "timeseries")["thresholds"]["steps"][1].update(value=101),
    "a threshold on the wrong side": lambda d: _defaults(d, "stat")["thresholds"]["steps"][0].update(color="green"),
    "a threshold in another severity's colour": lambda d: _defaults(d, "timeseries")["thresholds"]["steps"][1].update(
        color="red"
    ),
    "a threshold that is not drawn": lambda d: _defaults(d, "timeseries")["custom"].pop("thresholdsStyle"),
    "a runbook of no alert": lambda d: _first(d, "timeseries")["links"][0].update(url="https://docs.example.com/x#y"),
    "a description without its runbook": lambda d: _first(d, "timeseries").update(description="High"),
    "an unknown variable": _query("Memory used", r"\$instance", "$instances"),
    "a fixed window": _query("Sync success", r"\$__rate_interval", "1m"),
    "a counter without rate": _query("Sync success", r"rate\((.*)\[.*", r"\1"),
    "PromQL that is none": _query("Sync success", r"\)$", ""),
    "an unknown metric": _query("Memory used", "memory", "memroy"),
    "an unknown recorded series": _query("High query latency", "p95", "p99"),
    "an unknown label in by": _query("Query latency p95 by type", r"query_type", "querytype"),
    "a legend of an absent label": lambda d: _titled(d, "Query latency")["targets"][0].update(
        legendFormat="{{instance}}"
    ),
    "no job": _query("Memory used", 'job="duckdb",', ""),
    "no instance": _query("Memory used", ',instance=~"\\$instance"', ""),
    "buckets without le": _query("Query latency", r" by \(le\)", ""),
    "an annotation of another job": lambda d: d["annotations"]["list"][0].update(expr='ALERTS{job="x"}'),
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_defect_is_found(defect: str, tmp_path: Path) -> None:
    broken = copy.deepcopy(rendered("duckdb").document)
    DEFECTS[defect](broken)
    assert rendered("duckdb").faults(tmp_path, broken)
