"""Dashboards: that each panel shows something that exists."""

from __future__ import annotations

from collections.abc import Iterator

from truegauge_spec.dashboard import Panel
from truegauge_spec.names import SCRAPE_METRICS, TARGET_LABELS, nearest
from truegauge_spec.positions import Path
from truegauge_spec.spec import Spec
from truegauge_spec.system import System


def panels(system: System) -> Iterator[tuple[Path, Panel]]:
    """Where each panel stands."""
    for row, section in enumerate(system.dashboard.rows if system.dashboard else ()):
        for index, panel in enumerate(section.panels):
            yield ("dashboard", "rows", row, "panels", index), panel


def unknown_panel(_: Spec, system: System) -> Iterator[tuple[Path, str]]:
    """A panel shows an alert, an objective or a metric of this system."""
    for path, panel in panels(system):
        if panel.alert is not None and panel.alert not in system.alerts:
            yield (*path, "alert"), f"there is no alert {panel.alert!r}{nearest(panel.alert, system.alerts)}"
        if panel.objective is not None and panel.objective not in system.objectives:
            known = nearest(panel.objective, system.objectives)
            yield (*path, "objective"), f"there is no objective {panel.objective!r}{known}"
        if panel.metric is not None and panel.metric not in {**system.metrics, **SCRAPE_METRICS}:
            yield (*path, "metric"), f"there is no metric {panel.metric!r}{nearest(panel.metric, system.metrics)}"


def panel_label(_: Spec, system: System) -> Iterator[tuple[Path, str]]:
    """A panel is split by labels that its metric has."""
    for path, panel in panels(system):
        metric = system.metrics.get(panel.metric or "")
        for label in panel.by or ():
            if metric and label not in (*metric.labels, *TARGET_LABELS):
                yield (*path, "by"), f"{panel.metric} has no label {label!r}{nearest(label, metric.labels)}"


CHECKS = (unknown_panel, panel_label)
