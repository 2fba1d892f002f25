"""What each panel of a dashboard draws: its query, unit, threshold line and description."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable
from json.encoder import encode_basestring
from typing import Any

from truegauge_generator import objectives
from truegauge_generator.conditions import drawn_unit, record, sentence, threshold
from truegauge_generator.links import runbook_url
from truegauge_generator.literals import as_markdown
from truegauge_generator.promql import Matchers, grouping, selector
from truegauge_generator.targets.dashboard_layout import DATASOURCE, DRAWINGS, Content, Line, Query
from truegauge_spec import Spec
from truegauge_spec.condition import MetricCondition
from truegauge_spec.dashboard import Panel
from truegauge_spec.metric import Metric
from truegauge_spec.names import BURN_RATE, SCRAPE_METRICS, TARGET_LABELS
from truegauge_spec.objectives import PAIRS
from truegauge_spec.quantities import dimension, duration
from truegauge_spec.system import System

COLORS = {"critical": "red", "warning": "orange", "info": "blue"}
UNIT_WORDS = frozenset("total count sum ns us ms s seconds milliseconds bytes ratio percent".split())
"""Words at the end of a metric's name that its panel's axis says already."""


def drawn(spec: Spec, system: System, panel: Panel) -> dict[str, Any]:
    """The panel, but for its id and place."""
    if panel.alert is not None:
        content = alert_content(spec, system, panel, panel.alert)
    elif panel.objective is not None:
        content = objective_content(spec, system, panel, panel.objective)
    elif panel.metric is not None:
        content = metric_content(system, panel, panel.metric)
    else:
        content = expr_content(panel)
    shown: dict[str, Any] = {
        "title": panel.title or content.title,
        "type": panel.kind,
        "description": content.description,
        "datasource": DATASOURCE,
    }
    if content.runbook:
        shown["links"] = [{"title": "Runbook", "url": content.runbook, "targetBlank": True}]
    return {**shown, **DRAWINGS[panel.kind](content, panel.unit or content.unit)}


def alert_content(spec: Spec, system: System, panel: Panel, name: str) -> Content:
    """The value that the alert compares, with its threshold; a stat shows the worst of the chosen instances."""
    alert = system.alerts[name]
    when, wait = alert.when, f" for {duration(alert.for_)}" if alert.for_ else ""
    runbook = runbook_url(spec, system.system, name)
    lead, color = f"{name} ({alert.severity}) fires", COLORS[alert.severity]
    if not isinstance(when, MetricCondition):
        says = f"{lead} for each series that is drawn here{wait}."
        query = Query("value", inert_promql(when.expr.strip()), "")
        return Content(words(name), _described(panel, says, runbook), "", [query], None, runbook)
    says = f"{lead} when {sentence(when, system)}{wait}."
    expr, labels, unit = _drawn(system, when)
    query = Query("value", expr, _legend(system, labels) if when.per_target else _labels(labels))
    if panel.kind == "stat":
        says += f" Shown is the {'highest' if when.upwards else 'lowest'} of the chosen instances."
        query = Query("value", f"{'max' if when.upwards else 'min'}({expr})", "worst")
    line = _line(when, system, color) if when.threshold is not None else None
    return Content(words(name), _described(panel, says, runbook), unit, [query], line, runbook)


def _drawn(system: System, when: MetricCondition) -> tuple[str, Iterable[str], str]:
    """What shows whether the condition is near, its recorded value or else its metric, with its labels and unit."""
    unit = drawn_unit(when, system)
    if not when.per_target:
        return selector(when.metric, {**_of_job(system), **when.selects}), ("window",), unit
    if recorded := record(when):
        return chosen(system, recorded), grouping(when, system), unit
    metric = system.metrics.get(when.metric)
    name, labels = (metric.series(when.metric)[-1], metric.labels) if metric else (when.metric, ())
    return chosen(system, name, when.where), labels, unit if name == when.metric else ""


def _line(when: MetricCondition, system: System, color: str) -> Line:
    number = threshold(when, system)
    return Line(int(number) if number == int(number) else float(number), when.upwards, color)


def objective_content(spec: Spec, system: System, panel: Panel, name: str) -> Content:
    """What is left of the error budget, how fast it burns, or the ratio of bad events; of all instances together."""
    objective = system.objectives[name]
    share, over = f"{objective.target} of events good", duration(objective.over)
    recorded, windows, title, says, measured, line = {
        "budget": (
            objectives.REMAINING,
            (objective.over,),
            "error budget left",
            f"What is left of the {objective.allowed} of events that may be bad; below zero the objective is missed",
            "ratio",
            Line(0, False, COLORS[objective.page]),
        ),
        "burn_rate": (
            BURN_RATE,
            tuple(pair.long for pair in PAIRS),
            "burn rate",
            f"How many times as fast as it may the error budget burns; at more than 1 it does not last {over}",
            "",
            Line(1, True, COLORS[objective.ticket]),
        ),
        "error_ratio": (
            objectives.ERROR_RATIO,
            (PAIRS[0].short,),
            "bad events",
            f"The ratio of bad events, of which {objective.allowed} are allowed",
            "ratio",
            Line(float(objective.budget), True, COLORS[objective.ticket]),
        ),
    }[panel.shows]
    within = {"window": tuple(duration(window) for window in windows)}
    query = Query("value", selector(recorded, {**_of_job(system), "slo": name, **within}), "{{window}}")
    runbook = runbook_url(spec, system.system, name)
    described = _described(panel, f"Objective {name}: {share} over {over}, of all instances together. {says}.", runbook)
    return Content(f"{words(name)}: {title}", described, measured, [query], line, runbook)


def _of_job(system: System) -> Matchers:
    return {"job": system.system, "system": system.system}


def metric_content(system: System, panel: Panel, name: str) -> Content:
    """A gauge's value, a counter's rate per second, a histogram's quantiles."""
    metric = system.metrics.get(name) or _scrape_metric(name)
    title = words(name.removeprefix(f"{system.system}_"), UNIT_WORDS)
    content = TYPES[metric.type](system, panel, name, metric)
    says = f"{inert(as_markdown(metric.meaning.rstrip('.')))}.\n\n{content.description}."
    return content._replace(title=title, description=_described(panel, says, None))


def expr_content(panel: Panel) -> Content:
    """An expression as it is written."""
    assert panel.expr is not None
    query = Query("value", panel.expr.strip(), _labels(panel.by or ()))
    return Content("", panel.description or "An expression of the spec's own.", "", [query])


def _gauge(system: System, panel: Panel, name: str, metric: Metric) -> Content:
    mean = dimension(metric.unit) in ("time", "ratio")
    additive = bool(metric.unit) and not mean
    expr, legend, split = _split(system, panel, metric, chosen(system, name), additive, "avg" if mean else "sum")
    return Content("", f"`{name}`{split}", metric.unit, [Query("value", expr, legend)])


def _counter(system: System, panel: Panel, name: str, metric: Metric) -> Content:
    rate = f"rate({chosen(system, name)}[$__rate_interval])"
    expr, legend, split = _split(system, panel, metric, rate, True, "sum")
    return Content("", f"`{name}` per second{split}", f"{metric.unit}/s", [Query("rate", expr, legend)])


def _split(
    system: System, panel: Panel, metric: Metric, expr: str, additive: bool, operator: str
) -> tuple[str, str, str]:
    """The expression split by the panel's `by`, its legend, and how to say it.

    Without a `by`, what can be added up is, over instances, where the metric has labels of its own that tell more.
    """
    by = panel.by
    if by is None and additive and metric.labels and system.exporter.instance_label not in metric.labels:
        by = tuple(metric.labels)
    if by is None:
        return expr, _legend(system, metric.labels), ""
    done = "averaged" if operator == "avg" else "summed"
    if not by:
        return f"{operator}({expr})", "total", f", {done}"
    return f"{operator} by ({', '.join(by)}) ({expr})", _labels(by), f", {done} by {', '.join(by)}"


def _histogram(system: System, panel: Panel, name: str, metric: Metric) -> Content:
    by, split = panel.by or (), f" by {', '.join(panel.by)}" if panel.by else ""
    names = {f"p{quantile * 100:g}": quantile for quantile in panel.quantiles}

    def rate(series: str, *labels: str) -> str:
        group = f" by ({', '.join((*labels, *by))}) " if labels or by else ""
        return f"sum{group}(rate({chosen(system, series)}[$__rate_interval]))"

    if not names:
        expr = f"{rate(f'{name}_sum')} / {rate(f'{name}_count')}"
        return Content("", f"Mean of `{name}`{split}", metric.unit, [Query("mean", expr, _labels(by) or "mean")])
    buckets, lone = rate(f"{name}_bucket", "le"), by and len(names) == 1
    queries = [
        Query(p, f"histogram_quantile({quantile:g}, {buckets})", _labels(by) if lone else f"{p} {_labels(by)}".strip())
        for p, quantile in names.items()
    ]
    return Content("", f"{', '.join(names)} of `{name}`{split}", metric.unit, queries)


TYPES = {"gauge": _gauge, "counter": _counter, "histogram": _histogram}


def _scrape_metric(name: str) -> Metric:
    unit = "s" if name.endswith("_seconds") else ""
    return Metric(type="gauge", unit=unit, help=SCRAPE_METRICS[name], measure="app")


def chosen(system: System, name: str, where: Matchers | None = None) -> str:
    """A selector of this system's series, of the instances chosen in the dashboard."""
    text = inert_promql(selector(name, {"job": system.system, **(where or {})}))
    return f'{text[:-1]},instance=~"$instance"}}'


def _legend(system: System, labels: Iterable[str]) -> str:
    own = [label for label in labels if label not in TARGET_LABELS]
    return _labels(own if system.exporter.instance_label in own else [*own, "instance"])


def _labels(labels: Iterable[str]) -> str:
    return " ".join(f"{{{{{label}}}}}" for label in labels)


def _described(panel: Panel, says: str, runbook: str | None) -> str:
    link = f"[Runbook]({runbook})" if runbook else None
    return "\n\n".join(part for part in (panel.description, says, link) if part)


_WORD = re.compile(r"[A-Z]+(?![a-z])\d*|[A-Z]?[a-z0-9]+|\d+")


def words(name: str, without: Container[str] = ()) -> str:
    """A name in words, `HighQueryLatency` and `high_query_latency_ms` as `High query latency`."""
    found = [word if len(word) > 1 and word.isupper() else word.lower() for word in _WORD.findall(name)]
    while len(found) > 1 and found[-1] in without:
        found.pop()
    return " ".join(found)[:1].upper() + " ".join(found)[1:]


_VARIABLE = re.compile(r"\$(?=[\w{])|\[(?=\[)")


def inert(text: str) -> str:
    """Text in which Grafana finds no variable: a word joiner, which has no width, stands behind each `$`."""
    return _VARIABLE.sub("\\g<0>\u2060", text)


# PromQL's strings, and its comments, which may have a lone quote.
_STRING = re.compile(r""""(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`([^`]*)`|#[^\n]*""")


def inert_promql(expr: str) -> str:
    """The same expression, with no variable for Grafana in its strings."""
    return _STRING.sub(_inert_string, expr) if "$" in expr or "[[" in expr else expr


def _inert_string(match: re.Match[str]) -> str:
    text = encode_basestring(match[1]) if match[1] else match[0]
    return text.replace("$", r"\x24").replace("[[", r"[\x5b")
