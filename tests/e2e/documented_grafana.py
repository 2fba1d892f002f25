"""A Grafana as its API is documented to answer: no real one was there to be asked.

The shapes are those of https://grafana.com/docs/grafana/latest/developers/http_api/, and what Grafana's editor adds to
a dashboard when it saves it.
"""

from __future__ import annotations

import copy
import json
from http.server import BaseHTTPRequestHandler
from typing import Any

from truegauge_generator.render import render
from truegauge_spec import Spec

UID = "truegauge-duckdb"
META = {
    "type": "db",
    "canSave": True,
    "url": f"/d/{UID}/duckdb",
    "slug": "duckdb",
    "version": 3,
    "folderUid": "cd0b1ffe",
    "folderTitle": "Truegauge",
    "provisioned": True,
    "provisionedExternalId": "duckdb.json",
}
BUILT_IN = {
    "builtIn": 1,
    "datasource": {"type": "grafana", "uid": "-- Grafana --"},
    "enable": True,
    "hide": True,
    "iconColor": "rgba(0, 211, 255, 1)",
    "name": "Annotations & Alerts",
    "type": "dashboard",
}
SETTINGS = {"id": 12, "version": 3, "fiscalYearStartMonth": 0, "preload": False, "timepicker": {}, "weekStart": ""}
CUSTOM = {
    "axisBorderShow": False,
    "axisCenteredZero": False,
    "axisColorMode": "text",
    "axisLabel": "",
    "axisPlacement": "auto",
    "barAlignment": 0,
    "barWidthFactor": 0.6,
    "gradientMode": "none",
    "hideFrom": {"legend": False, "tooltip": False, "viz": False},
    "insertNulls": False,
    "lineInterpolation": "linear",
    "pointSize": 5,
    "scaleDistribution": {"type": "linear"},
    "showPoints": "auto",
}


class Grafana:
    """What a Grafana has: dashboards by uid with the folder of each, and data sources by uid."""

    def __init__(self, spec: Spec, prefix: str = "/grafana") -> None:
        self.prefix = prefix
        files = render(spec)
        dashboard = json.loads(files["rendered/grafana/dashboards/duckdb.json"])
        self.folder = "Truegauge"
        self.dashboards: dict[str, Any] = {UID: saved(dashboard)}
        self.datasources: dict[str, Any] = {
            "prometheus": {
                "id": 1,
                "uid": "prometheus",
                "orgId": 1,
                "name": "Prometheus",
                "type": "prometheus",
                "typeLogoUrl": "public/app/plugins/datasource/prometheus/img/prometheus_logo.svg",
                "access": "proxy",
                "url": spec.prometheus.url,
                "user": "",
                "database": "",
                "basicAuth": False,
                "basicAuthUser": "",
                "withCredentials": False,
                "isDefault": True,
                "jsonData": {
                    "httpMethod": "POST",
                    "manageAlerts": True,
                    "prometheusType": "Prometheus",
                    "timeInterval": "1s",
                },
                "secureJsonFields": {},
                "version": 2,
                "readOnly": True,
                "accessControl": {"datasources:read": True},
            }
        }

    def answer(self, request: BaseHTTPRequestHandler) -> tuple[int, str, bytes]:
        """Only with the token, only these four paths."""
        if request.headers["Authorization"] != "Bearer glsa_test":
            return 401, "application/json", b'{"message": "Unauthorized"}'
        path = request.path.partition("?")[0]
        kind, _, uid = path.removeprefix(f"{self.prefix}/api/").partition("/uid/")
        found: Any = None
        if path == f"{self.prefix}/api/search":
            found = [{"uid": key, "title": one["title"], "type": "dash-db"} for key, one in self.dashboards.items()]
        elif kind == "dashboards" and uid in self.dashboards:
            found = {"meta": {**META, "folderTitle": self.folder}, "dashboard": self.dashboards[uid]}
        elif kind == "datasources":
            found = self.datasources.get(uid)
        if found is None:
            return 404, "application/json", b'{"message": "not found"}'
        return 200, "application/json", json.dumps(found).encode()


def saved(dashboard: Any) -> Any:
    """A dashboard with everything that Grafana's editor adds when it saves it."""
    found = copy.deepcopy(dashboard)
    found |= SETTINGS
    found["schemaVersion"] = 42
    found["annotations"]["list"].insert(0, BUILT_IN)
    for variable in found["templating"]["list"]:
        variable |= {"options": [], "current": {"text": "x", "value": "x"}}
        variable |= {"hide": 0, "skipUrlSync": False, "regex": "", **variable}
    for panel in found["panels"]:
        if panel["type"] == "row":
            continue
        panel |= {"pluginVersion": "12.1.0", "transparent": False}
        if panel["type"] == "timeseries":
            panel["fieldConfig"]["defaults"]["custom"] = {
                **CUSTOM,
                **panel["fieldConfig"]["defaults"].get("custom", {}),
            }
            panel["options"]["tooltip"] = {"hideZeros": False, **panel["options"].get("tooltip", {})}
        for target in panel["targets"]:
            target |= {"exemplar": False, "hide": False, **target}
    return found
