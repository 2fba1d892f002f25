"""What can be wrong with a dashboard: its form, its agreement with the rules, and its queries, run by promtool."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from functools import cache
from math import inf, nextafter
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from grafana import Dashboard, RowPanel, StatPanel, TimeseriesPanel
from pydantic import ValidationError

from truegauge_generator.proof import panels
from truegauge_generator.render import render
from truegauge_spec import Spec, load
from truegauge_spec.condition import Threshold
from truegauge_spec.system import System

REGISTRIES = json.loads(Path(__file__).with_name("registries.json").read_text(encoding="utf-8"))
"""Ids that Grafana knows, listed by its own code: `getValueFormats()`, `fieldReducers`, `fieldColorModeRegistry`."""


def faults(document: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with a dashboard, whatever the spec it was rendered from."""
    try:
        dashboard = Dashboard.model_validate(document)
    except ValidationError as error:
        yield from (f"{problem['loc']}: {problem['msg']}" for problem in error.errors())
        return
    yield from _places(dashboard)
    known = {variable.name for variable in dashboard.templating.list} | panels.BUILT_IN.keys()
    ids = [panel.id for panel in dashboard.panels]
    yield from (f"two panels have the id {number}" for number in set(ids) if ids.count(number) > 1)
    for panel in dashboard.panels:
        if not isinstance(panel, RowPanel):
            yield from (f"{panel.title}: {fault}" for fault in _panel_faults(panel, known))
    for annotation in dashboard.annotations.list:
        yield from (f"unknown variable ${name}" for name in panels.variables(annotation.expr) - known)


def _places(dashboard: Dashboard) -> Iterator[str]:
    taken: dict[tuple[int, int], str] = {}
    for panel in dashboard.panels:
        place = panel.grid_pos
        if place.x + place.w > 24:
            yield f"{panel.title}: beyond the 24th column"
        cells = {(x, y) for x in range(place.x, place.x + place.w) for y in range(place.y, place.y + place.h)}
        if over := cells & taken.keys():
            yield f"{panel.title}: lies over {taken[over.pop()]}"
        taken.update(dict.fromkeys(cells, panel.title))


def _panel_faults(panel: TimeseriesPanel | StatPanel, known: set[str]) -> Iterator[str]:
    shown = panel.field_config.defaults
    if shown.unit not in REGISTRIES["units"] and not re.match(r"(count|suffix):\S", shown.unit):
        yield f"unknown unit {shown.unit}"
    if shown.color.mode not in REGISTRIES["colorModes"]:
        yield f"unknown colour mode {shown.color.mode}"
    calcs = panel.options.reduce_options.calcs if isinstance(panel, StatPanel) else panel.options.legend.calcs
    yield from (f"unknown reducer {calc}" for calc in calcs if calc not in REGISTRIES["reducers"])
    if shown.thresholds:
        first, *rest = [step.value for step in shown.thresholds.steps]
        numbers = [value for value in rest if value is not None]
        if first is not None or len(numbers) != len(rest) or numbers != sorted(numbers):
            yield "threshold steps must rise from null"
    names = [target.ref_id for target in panel.targets]
    if len(set(names)) != len(names):
        yield "two queries have one refId"
    for target in panel.targets:
        yield from (f"unknown variable ${name}" for name in panels.variables(target.expr) - known)
        if target.range == target.instant:
            yield "a query is either for a range or instant"
        if re.search(r"\brate\([^\[]*\[\s*\d", target.expr):
            yield "a fixed window in rate(); use $__rate_interval"
    yield from (f"the text has the variable ${name}" for name in panels.variables(panel.title + panel.description))


COLORS = {"critical": "red", "warning": "orange", "info": "blue"}


def disagreements(document: Mapping[str, Any], system: System, rules: str) -> Iterator[str]:
    """Where the dashboard says something else than the alerting rules, which were rendered on their own."""
    alerts = {rule["alert"].lower(): rule for rule in _rules(rules) if "alert" in rule}
    aims = {name.lower() for name in system.objectives}
    counters = [name for name, metric in system.metrics.items() if metric.type == "counter"]
    for panel in document["panels"]:
        for target in panel.get("targets", ()):
            for name in counters:
                if re.search(rf"(?<!rate\()(?<!increase\(){name}\{{", target["expr"]):
                    yield f"{panel['title']}: the counter {name} without rate"
        for link in panel.get("links", ()):
            anchor = link["url"].rpartition("#")[2]
            rule = alerts.get(anchor)
            if anchor in aims:
                continue
            if rule is None:
                yield f"{panel['title']}: a runbook of no alert"
            elif isinstance(system.alerts[rule["alert"]].when, Threshold):
                yield from (f"{panel['title']}: {fault}" for fault in _line_faults(panel, rule))


def _rules(text: str) -> Iterator[dict[str, Any]]:
    for group in yaml.safe_load(text)["groups"]:
        yield from group["rules"]


def _line_faults(panel: Mapping[str, Any], rule: Mapping[str, Any]) -> Iterator[str]:
    side, number = rule["expr"].split()[-2:]
    defaults = panel["fieldConfig"]["defaults"]
    steps = defaults.get("thresholds", {}).get("steps", [])
    # In a stat the colour itself starts beyond the number, as the alert does.
    at = nextafter(float(number), inf) if panel["type"] == "stat" and side == ">" else float(number)
    if [step["value"] for step in steps] != [None, at]:
        yield f"draws a line elsewhere than at {number}"
        return
    bad, fine = reversed(steps) if side == ">" else steps
    if bad["color"] != COLORS[rule["labels"]["severity"]] or fine["color"] not in ("green", "transparent"):
        yield f"the colours are not those of {side} {number}"
    if panel["type"] == "timeseries" and "thresholdsStyle" not in defaults["custom"]:
        yield "the line is not drawn"
    if rule["annotations"]["runbook_url"] not in panel["description"]:
        yield "the description does not lead to the runbook"


PROMTOOL = shutil.which("promtool", path=f"{os.environ['PATH']}{os.pathsep}{Path(__file__).parents[2] / '.tools/bin'}")


def unproven(document: Mapping[str, Any], spec: Spec, system: System, rules: str, folder: Path) -> list[str]:
    """The checks of panels that promtool, given series of every metric, finds to fail."""
    assert PROMTOOL, "promtool is neither on the PATH nor in .tools/bin: run `make tools`"
    (folder / "rules.yml").write_text(rules, encoding="utf-8")
    tests = {"rule_files": ["rules.yml"], **panels.document_tests(document, spec, system)}
    (folder / "tests.yml").write_text(json.dumps(tests), encoding="utf-8")
    run = subprocess.run(
        [PROMTOOL, "test", "rules", "tests.yml"], cwd=folder, capture_output=True, text=True, check=False
    )
    output = run.stdout + run.stderr
    failed = [f"{one.panel} {one.says}" for one in panels.checks(document, system) if panels.failed(one, output)]
    return failed or ([output] if run.returncode else [])


SYSTEMS = {"duckdb": "spec", "web_shop": "tests/generator/dashboards", "gallery": "tests/generator/dashboards"}
"""Systems with a dashboard to look at, and the folders of their specs."""


class Rendered(NamedTuple):
    """A system's dashboard and rules, as they are written."""

    spec: Spec
    system: System
    text: str
    rules: str

    @property
    def document(self) -> dict[str, Any]:
        """The dashboard, read anew."""
        return dict(json.loads(self.text))

    def panel(self, title: str) -> dict[str, Any]:
        """The first panel of that title."""
        return next(panel for panel in self.document["panels"] if panel["title"] == title and "targets" in panel)

    def faults(self, folder: Path, document: dict[str, Any] | None = None) -> list[str]:
        """Everything that is wrong; promtool is only asked about what looks right, and is not what was rendered."""
        shown = document or self.document
        if found := list(faults(shown)) or list(disagreements(shown, self.system, self.rules)):
            return found
        proven = self.document["panels"] if document else []
        asked = {**shown, "panels": [panel for panel in shown["panels"] if panel not in proven]}
        return unproven(asked, self.spec, self.system, self.rules, folder)


@cache
def rendered(name: str) -> Rendered:
    """The dashboard of one of SYSTEMS."""
    spec = load(Path(__file__).parents[2] / SYSTEMS[name])
    files = render(spec)
    dashboard, rules = f"rendered/grafana/dashboards/{name}.json", f"rendered/prometheus/rules/{name}.yml"
    of_objectives = files.get(rules.replace(".yml", "-objectives.yml"), "").partition("groups:\n")[2]
    return Rendered(spec, spec.systems[name], files[dashboard], files[rules] + of_objectives)
