"""The Grafana dashboard of a system: classic JSON, laid out in rows, every query held to the chosen instances.

Schema version 41 is the newest that Grafana 11.6 reads; later versions migrate it on load. Grafana 13 refuses its
own newer format from files: https://github.com/grafana/grafana/issues/122663
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from json.encoder import encode_basestring
from typing import Any

from truegauge_generator import digests
from truegauge_generator.links import dashboard_uid, panel_id
from truegauge_generator.targets.dashboard_layout import DATASOURCE, SIZES
from truegauge_generator.targets.dashboard_panels import drawn, words
from truegauge_spec import Spec
from truegauge_spec.condition import MetricCondition
from truegauge_spec.dashboard import Dashboard, Panel, Row
from truegauge_spec.system import System

COLUMNS = 24
TAG = "truegauge"


def view(spec: Spec, system: System) -> dict[str, str]:
    """The system's dashboard as one file."""
    return {f"{system.system}.json": as_text(document(spec, system)) + "\n"}


def document(spec: Spec, system: System) -> dict[str, Any]:
    """The whole dashboard."""
    declared = system.dashboard or undeclared(system)
    return {
        "uid": dashboard_uid(system.system),
        "title": declared.title or words(system.system),
        "description": system.summary,
        "tags": [TAG, system.system],
        "schemaVersion": 41,
        "editable": False,
        "graphTooltip": 1,
        "refresh": declared.refresh,
        "time": {"from": "now-1h", "to": "now"},
        "timezone": "browser",
        "links": list(links(spec, system)),
        "annotations": {"list": [firing(system)]},
        "templating": {"list": [datasource(spec), instance(system), digest(spec, system)]},
        "panels": list(panels(spec, system, declared)),
    }


def undeclared(system: System) -> Dashboard:
    """What is shown where the spec has no dashboard: every alert, and every metric that no alert is about."""
    conditions = [alert.when for alert in system.alerts.values() if isinstance(alert.when, MetricCondition)]
    shown = {metric for when in conditions for metric in when.metrics}
    rows = {
        "Alerts": tuple(Panel(alert=name) for name in system.alerts),
        "Metrics": tuple(
            Panel(metric=name) for name, metric in system.metrics.items() if not metric.deprecated and name not in shown
        ),
    }
    return Dashboard(rows=tuple(Row(title=title, panels=panels) for title, panels in rows.items() if panels))


def objectives(system: System, dashboard: Dashboard) -> Iterator[Row]:
    """A row of the objectives that no panel of the spec shows."""
    declared = {panel.objective for row in dashboard.rows for panel in row.panels}
    shown = [
        panel
        for name in system.objectives
        if name not in declared
        for panel in (
            Panel(objective=name, kind="stat", width=COLUMNS // 3),
            Panel(objective=name, shows="burn_rate", width=COLUMNS // 3),
            Panel(objective=name, shows="error_ratio", width=COLUMNS // 3),
        )
    ]
    if shown:
        yield Row(title="Objectives", panels=tuple(shown))


def panels(spec: Spec, system: System, dashboard: Dashboard) -> Iterator[dict[str, Any]]:
    """Rows and their panels from left to right, a new line where one is full."""
    ids: set[int] = set()
    titles: Counter[tuple[str, str]] = Counter()
    y = 0
    for row in (*dashboard.rows, *objectives(system, dashboard)):
        yield {
            "id": _identify(row.title, "", ids),
            "type": "row",
            "title": row.title,
            "gridPos": {"x": 0, "y": y, "w": COLUMNS, "h": 1},
            "collapsed": False,
            "panels": [],
        }
        x, y, line = 0, y + 1, 0
        for panel in row.panels:
            default, height = SIZES[panel.kind]
            width = panel.width or default
            if x + width > COLUMNS:
                x, y, line = 0, y + line, 0
            content = drawn(spec, system, panel)
            title = content.pop("title")
            titles[row.title, title] += 1
            if (number := titles[row.title, title]) > 1:
                title = f"{title} ({number})"
            position = {"x": x, "y": y, "w": width, "h": height}
            yield {"id": _identify(row.title, title, ids), "title": title, "gridPos": position, **content}
            x, line = x + width, max(line, height)
        y += line


def _identify(row: str, panel: str, taken: set[int]) -> int:
    number = panel_id(row, panel)
    while number in taken:
        number += 1
    taken.add(number)
    return number


def datasource(spec: Spec) -> dict[str, Any]:
    """The variable of the data source; it starts with the one that is provisioned."""
    variable = {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus"}
    grafana = spec.stack.grafana
    if grafana is None:
        return variable
    return {**variable, "current": {"selected": True, "text": grafana.datasource, "value": grafana.datasource_uid}}


def instance(system: System) -> dict[str, Any]:
    """The variable of the instances; all of them at first, read anew when the time range changes."""
    query = f'label_values(up{{job="{system.system}"}}, instance)'
    return {
        "name": "instance",
        "label": "Instance",
        "type": "query",
        "datasource": DATASOURCE,
        "query": {"query": query, "refId": "instance"},
        "definition": query,
        "refresh": 2,
        "sort": 1,
        "multi": True,
        "includeAll": True,
        "allValue": ".+",
        "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
    }


def digest(spec: Spec, system: System) -> dict[str, Any]:
    """A variable that nobody sees, and that Grafana keeps, with the digest of what the dashboard is made from."""
    value = digests.of_dashboard(spec, system.system)
    current = {"selected": True, "text": value, "value": value}
    return {
        "name": "spec_digest",
        "type": "constant",
        "hide": 2,
        "skipUrlSync": True,
        "query": value,
        "current": current,
        "options": [current],
    }


def firing(system: System) -> dict[str, Any]:
    """Marks on every panel for the time in which an alert fires."""
    return {
        "name": "Firing alerts",
        "datasource": DATASOURCE,
        "enable": True,
        "iconColor": "red",
        "expr": f'ALERTS{{alertstate="firing",job="{system.system}",instance=~"$instance"}}',
        "step": "10s",
        "titleFormat": "{{alertname}}",
        "textFormat": "{{instance}}",
        "tagKeys": "severity",
    }


def links(spec: Spec, system: System) -> Iterator[dict[str, Any]]:
    """The other dashboards, and the page of the docs with this system's metrics and alerts."""
    yield _link("Dashboards", "dashboards", tags=[TAG], asDropdown=True)
    if base := spec.stack.docs_url:
        yield _link("Docs", "link", url=f"{base.rstrip('/')}/{system.system}.md", icon="doc", targetBlank=True)


def _link(title: str, kind: str, **given: Any) -> dict[str, Any]:
    absent = {"url": "", "tags": [], "icon": "external link", "tooltip": "", "asDropdown": False, "targetBlank": False}
    return {"title": title, "type": kind, **absent, "includeVars": False, "keepTime": True, **given}


_WORDS = {True: "true", False: "false", None: "null"}


def as_text(value: Any, margin: str = "\n") -> str:
    """What `json.dumps(value, indent=2, ensure_ascii=False)` gives, in a third of its time."""
    inner = margin + "  "
    if value.__class__ is str:
        return encode_basestring(value)
    if value.__class__ is dict and value:
        items = [f"{encode_basestring(key)}: {as_text(item, inner)}" for key, item in value.items()]
        return f"{{{inner}{f',{inner}'.join(items)}{margin}}}"
    if value.__class__ is list and value:
        items = [as_text(item, inner) for item in value]
        return f"[{inner}{f',{inner}'.join(items)}{margin}]"
    if value is None or value.__class__ is bool:
        return _WORDS[value]
    return repr(value)  # a number, or an empty collection
