"""Grafana's dashboards and data source compared with the rendered ones, panel by panel, through its HTTP API.

https://grafana.com/docs/grafana/latest/developers/http_api/ for dashboards, search and data sources.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from truegauge_generator.drift.findings import Finding, Found, Seen
from truegauge_generator.drift.grafana_defaults import DASHBOARD, DATASOURCE, ITS_OWN, OF_A_DATASOURCE, PANEL
from truegauge_generator.drift.http import Access
from truegauge_generator.drift.json_api import answers_of, document
from truegauge_generator.drift.matching import Key, matched
from truegauge_generator.drift.structure import Difference, differences, shown, told
from truegauge_generator.targets.dashboard import TAG
from truegauge_spec import Spec
from truegauge_spec.yaml_source import read

DASHBOARDS = "rendered/grafana/dashboards/"
DATASOURCES = "rendered/grafana/provisioning/datasources/truegauge.yml"
Document = dict[str, Any]


class Running(NamedTuple):
    """What a Grafana has under the uids of the spec, and the titles of all dashboards with our tag by their uid."""

    dashboards: dict[str, Document | None]
    folders: dict[str, str]
    tagged: dict[str, str]
    datasources: dict[str, Document | None]


def observe(spec: Spec, files: Mapping[str, str], url: str, access: Access) -> Seen:
    """Ask a Grafana for each rendered dashboard and the data source. Raises Unreachable."""
    declared = [json.loads(text) for path, text in files.items() if path.startswith(DASHBOARDS)]
    sources = read(files[DATASOURCES], DATASOURCES)["datasources"] if DATASOURCES in files else []
    with answers_of("Grafana"):
        running = _ask(
            f"{url.rstrip('/')}/api", access, *([one["uid"] for one in part] for part in (declared, sources))
        )
        panels = sum(len(_panels(one)) for one in running.dashboards.values() if one is not None)
    found: list[Found] = []
    for dashboard in declared:
        there = running.dashboards[dashboard["uid"]]
        if there is None:
            found.append(("dashboard_missing", dashboard["uid"], dashboard["title"], ""))
        else:
            found += compare(dashboard, there)
            found += _folder(spec, dashboard["uid"], running.folders[dashboard["uid"]])
    found += [
        ("dashboard_extra", uid, "", title) for uid, title in running.tagged.items() if uid not in running.dashboards
    ]
    for source in sources:
        found += datasource(source, running.datasources[source["uid"]])
    return Seen({"dashboards": len(declared), "panels": panels}, [Finding(url, *one) for one in found])


def _ask(base: str, access: Access, dashboards: list[str], datasources: list[str]) -> Running:
    found = {uid: document(f"{base}/dashboards/uid/{uid}", access, missing=True) for uid in dashboards}
    tagged = document(f"{base}/search?type=dash-db&limit=5000&tag={TAG}", access)
    return Running(
        {uid: None if answer is None else dict(answer["dashboard"]) for uid, answer in found.items()},
        {uid: answer["meta"].get("folderTitle", "") for uid, answer in found.items() if answer is not None},
        {one["uid"]: one["title"] for one in tagged},
        {uid: document(f"{base}/datasources/uid/{uid}", access, missing=True) for uid in datasources},
    )


def _folder(spec: Spec, uid: str, folder: str) -> Iterator[Found]:
    grafana = spec.stack.grafana
    if grafana is not None and folder != grafana.folder:
        yield "dashboard_changed", uid, f"folder: {grafana.folder}", f"folder: {folder}"


def datasource(declared: Document, running: Document | None) -> Iterator[Found]:
    """The provisioned data source against the one that Grafana has; its secrets are not told."""
    uid = declared["uid"]
    if running is None:
        yield "datasource_missing", uid, declared["name"], ""
        return
    settings = {key: _written(value) for key, value in running.items() if key not in OF_A_DATASOURCE}
    settings["editable"] = _written(not running.get("readOnly"))
    settings.pop("readOnly", None)
    if found := list(differences(declared, settings, DATASOURCE)):
        yield "datasource_changed", uid, *told(found)


def _written(value: Any) -> Any:
    """A value of JSON as it is read from YAML here: everything single is text."""
    if isinstance(value, dict):
        return {key: _written(part) for key, part in value.items()}
    if isinstance(value, list):
        return list(map(_written, value))
    return value if value is None or isinstance(value, str) else json.dumps(value)


# Panels are told from each other by their id, which is made from their place by name.
SAME: tuple[Key, ...] = (
    lambda panel: panel.get("id"),
    lambda panel: (panel.get("type"), panel.get("title")),
)


def compare(declared: Document, running: Document) -> Iterator[Found]:
    """A dashboard's own settings, then its panels."""
    uid = declared["uid"]
    found = list(differences(_settings(declared, running), _settings(running, declared), DASHBOARD))
    paired = matched(_panels(declared), _panels(running), SAME)
    if paired.reordered:
        found.append(Difference(("order",), *(_titles(one) for one in (declared, running))))
    if found:
        yield "dashboard_changed", uid, *told(found)
    for one, other in paired.pairs:
        if edits := list(differences(_panel(one), _panel(other), PANEL)):
            yield "panel_changed", f"{uid}/{one['title']}", *told(edits)
    for one in paired.missing:
        yield "panel_missing", f"{uid}/{one['title']}", one["type"], ""
    for other in paired.extra:
        yield "panel_extra", f"{uid}/{other.get('title', '')}", "", shown(_panel(other))


def _settings(dashboard: Document, other: Document) -> Document:
    """All but the panels; a later schema is a migration, and the built-in annotation is Grafana's own."""
    kept: Document = _without_its_own({key: value for key, value in dashboard.items() if key != "panels"})
    if other.get("schemaVersion", 0) != dashboard.get("schemaVersion", 0):
        kept.pop("schemaVersion", None)
    marks = kept.get("annotations", {}).get("list", [])
    kept["annotations"] = {"list": [mark for mark in marks if not mark.get("builtIn")]}
    return kept


def _without_its_own(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_its_own(part) for key, part in value.items() if key not in ITS_OWN}
    return list(map(_without_its_own, value)) if isinstance(value, list) else value


def _panels(dashboard: Document) -> list[Document]:
    """The panels from the top left, with those that a collapsed row holds."""
    found = []
    for panel in dashboard.get("panels") or []:
        found += [panel, *(panel.get("panels") or [])]
    return sorted(found, key=lambda panel: (_position(panel).get("y", 0), _position(panel).get("x", 0)))


def _position(panel: Document) -> Document:
    return panel.get("gridPos") or {}


def _titles(dashboard: Document) -> str:
    return ", ".join(panel.get("title", "") for panel in _panels(dashboard))


def _panel(panel: Document) -> Document:
    """A panel without its height on the page: Grafana moves others up and down when one comes or goes."""
    position = {key: value for key, value in _position(panel).items() if key != "y"}
    own = {key: value for key, value in panel.items() if key not in ("id", "panels", "pluginVersion")}
    return {**own, "gridPos": position}
