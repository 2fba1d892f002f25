"""How a panel looks: its size, the unit and colours of its values, axis, legend and threshold line."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, nextafter
from typing import Any, NamedTuple

DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
SIZES = {"timeseries": (8, 8), "stat": (4, 4)}
"""Width and height of each kind of panel, in Grafana's grid of 24 columns."""

# The ids of Grafana's units: https://github.com/grafana/grafana/blob/main/packages/grafana-data/src/valueFormats
UNITS = {
    **{unit: unit for unit in ("ns", "ms", "s", "m", "h", "d", "bytes", "percent")},
    "us": "µs",
    "w": "suffix:w",
    "B": "bytes",
    "kB": "deckbytes",
    "KB": "deckbytes",
    **{f"{prefix}B": f"dec{prefix.lower()}bytes" for prefix in "MGTP"},
    **{f"{prefix}iB": f"{prefix.lower()}bytes" for prefix in "KMGTP"},
    "%": "percent",
    "ratio": "percentunit",
    "bytes/s": "binBps",
    "B/s": "binBps",
}


class Query(NamedTuple):
    """One query and the name of its series; `legend` is empty where Grafana shall choose."""

    name: str
    expr: str
    legend: str


class Line(NamedTuple):
    """An alert's threshold: on which side it fires, and the colour of that side."""

    at: float
    above: bool
    color: str


class Content(NamedTuple):
    """What a panel draws, whatever its kind."""

    title: str
    description: str
    unit: str
    queries: Sequence[Query]
    line: Line | None = None
    runbook: str | None = None


def _timeseries(content: Content, unit: str) -> dict[str, Any]:
    custom: dict[str, Any] = {
        "drawStyle": "line",
        "lineWidth": 1,
        "fillOpacity": 10,
        "showPoints": "auto",
        "axisSoftMin": 0,
    }
    defaults = {**_format(unit), "color": {"mode": "palette-classic"}, "custom": custom}
    if line := content.line:
        # A line outside the axis is not drawn, so the axis reaches beyond it. Grafana gives the line between a colour
        # and a transparent step the colour, whichever of the two is below.
        reach = line.at * 1.2
        custom |= {"thresholdsStyle": {"mode": "dashed"}, "axisSoftMin": min(0, reach), "axisSoftMax": max(0, reach)}
        defaults["thresholds"] = _thresholds(line, "transparent", line.at)
    return {
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": {
            "legend": {"showLegend": True, "displayMode": "list", "placement": "bottom", "calcs": []},
            "tooltip": {"mode": "multi", "sort": "desc"},
        },
        "targets": _targets(content.queries, instant=False),
    }


# An absent value is neither good nor bad: without this it would have the colour of the lowest step.
_ABSENT = {"type": "special", "options": {"match": "null+nan", "result": {"text": "No data", "color": "gray"}}}


def _stat(content: Content, unit: str) -> dict[str, Any]:
    line = content.line
    steps = {"mode": "absolute", "steps": [{"color": "blue", "value": None}]}
    if line:
        # A colour starts at its step, an alert beyond it: five failures are no breach of "more than five".
        steps = _thresholds(line, "green", nextafter(line.at, inf) if line.above else line.at)
    decimals = {"decimals": 1} if unit in UNITS else {}
    format_ = {**decimals, **_format(unit), "noValue": "No data", "mappings": [_ABSENT]}
    return {
        "fieldConfig": {"defaults": {**format_, "color": {"mode": "thresholds"}, "thresholds": steps}, "overrides": []},
        "options": {
            "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
            "colorMode": "background" if line else "value",
            "graphMode": "none",
            "justifyMode": "auto",
            "orientation": "auto",
            "textMode": "auto",
            "wideLayout": True,
            "showPercentChange": False,
            "percentChangeColorMode": "standard",
        },
        # Of a range the last value would be shown long after the series ended.
        "targets": _targets(content.queries, instant=True),
    }


DRAWINGS = {"timeseries": _timeseries, "stat": _stat}


def _targets(queries: Sequence[Query], instant: bool) -> list[dict[str, Any]]:
    return [
        {
            "refId": query.name,
            "datasource": DATASOURCE,
            "editorMode": "code",
            "expr": query.expr,
            "legendFormat": query.legend or "__auto",
            "range": not instant,
            "instant": instant,
        }
        for query in queries
    ]


def _thresholds(line: Line, fine: str, at: float) -> dict[str, Any]:
    low, high = (fine, line.color) if line.above else (line.color, fine)
    return {"mode": "absolute", "steps": [{"color": low, "value": None}, {"color": high, "value": at}]}


def _format(unit: str) -> dict[str, Any]:
    """How numbers are printed: `rows` in whole numbers, `queries/s` with its own words."""
    if unit in UNITS:
        return {"unit": UNITS[unit]}
    if unit.endswith("/s"):
        return {"unit": f"count:{unit}"}
    return {"unit": "short", "decimals": 0} if unit else {"unit": "short"}
