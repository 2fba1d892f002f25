"""Every query of a dashboard: with series of every metric it has data, and every label of its legend is on them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import product
from json.encoder import encode_basestring
from typing import Any, NamedTuple

from truegauge_generator.conditions import record
from truegauge_generator.expressions import recorded
from truegauge_generator.promql import selector
from truegauge_generator.proof.drives import selectors
from truegauge_generator.proof.evaluate import NotWorkedOut
from truegauge_generator.proof.picks import picked
from truegauge_generator.proof.sampled import INSTANCES, sampled, series_of
from truegauge_generator.targets.dashboard import document
from truegauge_generator.targets.dashboard_panels import inert_promql
from truegauge_spec import Problem, Spec
from truegauge_spec.conditions import Deviation
from truegauge_spec.expr import Expr
from truegauge_spec.metric import Metric
from truegauge_spec.names import SCRAPE_METRICS
from truegauge_spec.promql.parse import Fault, parse
from truegauge_spec.promql.syntax import COMPARISONS, Binary, Call, Node, Paren, Range
from truegauge_spec.quantities import duration
from truegauge_spec.system import System

# How Grafana finds variables in a text, `variableRegex` of its template service. Unknown ones stay as they are.
VARIABLE = re.compile(r"\$(\w+)|\[\[(\w+?)(?::\w+)?\]\]|\$\{(\w+)(?:\.[^:^}]+)?(?::[^}]+)?\}")
BUILT_IN = {"__rate_interval": "2m", "__interval": "30s", "__range": "10m"}
STEP, SAMPLES = 30, 24
"""Seconds between samples, and their number: longer than the longest window that a panel should have."""
LATE = STEP * SAMPLES // 2 * 1000
LOOK = duration(LATE)


class Query(NamedTuple):
    """A query of a panel, and the labels that its legend shows."""

    panel: str
    expr: str
    legend: tuple[str, ...]


class Check(NamedTuple):
    """What must hold of a panel, in words, and the expression that is 1 or, for `expected` False, has no result."""

    panel: str
    says: str
    expr: str
    labels: str
    expected: bool
    other: bool = False
    """Whether it is asked where only another job has series."""


def variables(text: str) -> set[str]:
    """The names of what Grafana takes for a variable."""
    return {match[1] or match[2] or match[3] for match in VARIABLE.finditer(text)}


def interpolated(text: str, values: Mapping[str, str]) -> str:
    """The text with its variables replaced, as Grafana does it."""
    return VARIABLE.sub(lambda match: values.get(match[1] or match[2] or match[3], match[0]), text)


def queries(dashboard: Mapping[str, Any]) -> Iterator[Query]:
    """Every query of a dashboard, those of its annotations included."""
    for panel in dashboard["panels"]:
        for target in panel.get("targets", ()):
            yield Query(panel["title"], target["expr"], _labels(target["legendFormat"]))
    for one in dashboard["annotations"]["list"]:
        yield Query(one["name"], one["expr"], _labels(one["titleFormat"] + one["textFormat"]))


def _labels(legend: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(re.findall(r"\{\{\s*(\w+)\s*\}\}", legend)))


def undefined(dashboard: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Each panel with a variable that the dashboard does not have, and the variable."""
    known = {one["name"] for one in dashboard["templating"]["list"]} | BUILT_IN.keys()
    return [(one.panel, name) for one in queries(dashboard) for name in sorted(variables(one.expr) - known)]


def problems(spec: Spec, name: str) -> list[Problem]:
    """A problem for each variable that a panel names and no one defines: Grafana would send it as it is written."""
    return [
        spec.problem(
            name, ("dashboard",), f"the panel {panel!r} has the unknown variable ${variable}", "panel_variable"
        )
        for panel, variable in undefined(document(spec, spec.systems[name]))
    ]


def checks(dashboard: Mapping[str, Any], system: System) -> Iterator[Check]:
    """What must hold of each query. Raises ValueError for a variable that is not defined."""
    if missing := undefined(dashboard):
        raise ValueError(f"the panel {missing[0][0]!r} has the unknown variable ${missing[0][1]}")
    free = set(_unbound(system))
    for one in queries(dashboard):
        query = with_data(interpolated(one.expr, {"instance": ".+", **BUILT_IN}))
        yield Check(one.panel, "has data", f"group(({query}) == ({query}))", "{}", True)
        for label in one.legend:
            seen = f'group by (seen) (label_replace({query}, "seen", "yes", "{label}", ".+"))'
            yield Check(one.panel, f"has the label {label!r} on every series", seen, '{seen="yes"}', True)
        if one.expr in free:
            continue
        yield Check(one.panel, "has no data of another job", f"count({query})", "{}", False, other=True)
        if not one.expr.startswith("job:slo_"):
            elsewhere = with_data(interpolated(one.expr, {"instance": "x:1", **BUILT_IN}))
            yield Check(one.panel, "has no data of an instance that is not chosen", f"count({elsewhere})", "{}", False)


def _unbound(system: System) -> Iterator[str]:
    """Hand-written queries that are not bound to the chosen instances: they are drawn as they are written."""
    for alert in system.alerts.values():
        if isinstance(alert.when, Expr):
            yield inert_promql(alert.when.expr.strip())
    for row in system.dashboard.rows if system.dashboard else ():
        yield from (panel.expr.strip() for panel in row.panels if panel.expr and "$instance" not in panel.expr)


def with_data(expr: str) -> str:
    """The part of a query that has data whatever the values: not a comparison, nor what stands in for no data."""
    node = parse(expr)
    return expr if isinstance(node, Fault) else expr[slice(*_with_data(node).span)]


def _with_data(node: Node) -> Node:
    if isinstance(node, Paren):
        return _with_data(node.expr)
    if isinstance(node, Binary) and not node.is_bool and (node.op in COMPARISONS or node.op in ("and", "unless")):
        return _with_data(node.left if selectors(node.left) else node.right)
    if isinstance(node, Binary) and node.op == "or" and not selectors(node.right):
        return _with_data(node.left)
    if isinstance(node, Call) and node.name in ("absent", "absent_over_time"):
        inner = node.arguments[0]
        return inner.expr if isinstance(inner, Range) else _with_data(inner)
    return node


def tests(spec: Spec, name: str) -> dict[str, Any]:
    """A promtool test of every query; it needs the rules that the queries rest on. Raises ValueError."""
    return document_tests(document(spec, spec.systems[name]), spec, spec.systems[name])


def document_tests(dashboard: Mapping[str, Any], spec: Spec, system: System) -> dict[str, Any]:
    """The same, of any dashboard of the system."""
    found = list(checks(dashboard, system))
    pace = f"{STEP}s"
    return {
        "evaluation_interval": pace,
        "tests": [
            {
                "name": title,
                "interval": pace,
                "input_series": list(_series(spec, system, job, dashboard)),
                "promql_expr_test": [_asked(one) for one in found if one.other == other],
            }
            for title, job, other in (
                ("panels with series of every metric", system.system, False),
                ("panels with series of another job", "other", True),
            )
        ],
    }


def rows(spec: Spec, name: str) -> list[tuple[str, str]]:
    """Each panel, and what is asked of it."""
    return [(one.panel, one.says) for one in checks(document(spec, spec.systems[name]), spec.systems[name])]


def failures(spec: Spec, name: str, output: str) -> list[tuple[str, str]]:
    """Each panel of which promtool says that something does not hold, and what."""
    asked = checks(document(spec, spec.systems[name]), spec.systems[name])
    return [(one.panel, one.says) for one in asked if failed(one, output)]


def failed(check: Check, output: str) -> bool:
    """Whether promtool's output names the check as failed."""
    quoted = "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in encode_basestring(check.expr))
    return f"expr: {quoted}, time" in output


def _asked(check: Check) -> dict[str, Any]:
    samples = [{"labels": check.labels, "value": 1}] if check.expected else []
    return {"expr": check.expr, "eval_time": LOOK, "exp_samples": samples}


def _series(spec: Spec, system: System, job: str, dashboard: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """Series of every metric, and those that only a matcher of a query knows."""
    scraped = {name: Metric(type="gauge", help=text, measure="app") for name, text in SCRAPE_METRICS.items()}
    printed, known = {}, recorded(spec)
    of_targets = [one for name, metric in scraped.items() for one in sampled(name, metric, job)]
    for one in (*of_targets, *series_of(system, job)):
        found = one.printed(SAMPLES)
        printed[found["series"]] = found["values"]
    # A rule that compares with a past longer ago than the test records nothing in it.
    late = {record(when) for _, when in system.conditions if isinstance(when, Deviation) and when.lead >= LATE}
    for query in queries(dashboard):
        node = parse(interpolated(query.expr, {"instance": ".+", **BUILT_IN}))
        for named, instance in product(() if isinstance(node, Fault) else selectors(node), INSTANCES):
            try:
                labels = {**picked(named, known, {"instance": instance}), "job": job}
            except NotWorkedOut:
                continue
            if ":" not in str(named.name) or named.name in late:
                printed.setdefault(selector(str(named.name), dict(sorted(labels.items()))), f"1+1x{SAMPLES}")
    firing = {"alertname": "Any", "alertstate": "firing", "job": job, "instance": INSTANCES[0]}
    printed[selector("ALERTS", firing)] = f"1x{SAMPLES}"
    yield from ({"series": name, "values": values} for name, values in printed.items())
