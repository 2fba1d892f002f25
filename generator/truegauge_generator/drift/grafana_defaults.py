"""What Grafana adds when a dashboard or a data source is saved, by key or `parent.key`.

As the panels of Grafana 11 to 13 write them; no Grafana was there to print its own.
"""

from __future__ import annotations

from truegauge_generator.drift.structure import Defaults

_STEPS = [{"color": "green", "value": None}, {"color": "red", "value": 80}]
_NO_THRESHOLDS = {"mode": "absolute", "steps": _STEPS}

DASHBOARD: Defaults = {
    "editable": (True,),
    "preload": (False,),
    "liveNow": (False,),
    "style": ("dark",),
    "annotations": ({"list": []},),
    "graphTooltip": (0,),
}

PANEL: Defaults = {
    "transparent": (False,),
    "maxPerRow": (None, 4),
    "mode": ("absolute", "palette-classic", "none", "off", "single"),
    "steps": (_STEPS, [{"color": "green", "value": 0}, {"color": "red", "value": 80}]),
    "thresholds": (_NO_THRESHOLDS,),
    "editorMode": ("code", "builder"),
    "range": (True,),
    "format": ("time_series",),
    "legendFormat": ("__auto",),
    "axisColorMode": ("text",),
    "axisPlacement": ("auto",),
    "barWidthFactor": (0.6,),
    "drawStyle": ("line",),
    "gradientMode": ("none",),
    "lineInterpolation": ("linear",),
    "lineWidth": (1,),
    "pointSize": (5,),
    "type": ("linear",),
    "showPoints": ("auto",),
    "group": ("A",),
    "displayMode": ("list", "auto"),
    "placement": ("bottom",),
    "showLegend": (True,),
    "sort": ("none",),
    "reduceOptions.calcs": (["lastNotNull"],),
    "orientation": ("auto",),
    "textMode": ("auto",),
    "colorMode": ("value",),
    "graphMode": ("area",),
    "justifyMode": ("auto",),
    "percentChangeColorMode": ("standard",),
    "wideLayout": (True,),
    "showPercentChange": (False,),
    "cellHeight": ("sm",),
    "align": ("auto",),
    "cellOptions": ({"type": "auto"},),
    "footer": ({"show": False, "reducer": ["sum"], "countRows": False, "fields": ""},),
    "showHeader": (True,),
}

DATASOURCE: Defaults = {
    "access": ("proxy",),
    "httpMethod": ("POST",),
}

ITS_OWN = ("id", "version", "pluginVersion", "iteration", "current", "options", "gnetId")
"""Keys that Grafana counts and remembers by itself; `current` and `options` of a variable are someone's last choice."""

OF_A_DATASOURCE = (
    "id",
    "orgId",
    "typeLogoUrl",
    "typeName",
    "version",
    "accessControl",
    "apiVersion",
    "secureJsonFields",
)
"""Fields of an answer that are no settings."""
