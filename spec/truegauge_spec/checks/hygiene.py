"""Names, units and labels of metrics as Prometheus' conventions have them. All of it is advice, and can be waived."""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import prod

from truegauge_spec.condition import MetricCondition
from truegauge_spec.metric import Metric
from truegauge_spec.positions import Path
from truegauge_spec.quantities import UNITS, dimension
from truegauge_spec.spec import Spec
from truegauge_spec.system import System

BASE_UNITS = {"time": "s", "bytes": "bytes", "ratio": "ratio"}
BASE_NAMES = {"time": "seconds", "bytes": "bytes", "ratio": "ratio"}
# What promtool takes for an abbreviated unit, where it stands between underscores.
ABBREVIATIONS = frozenset("s ms us ns sec b kb mb gb tb pb m h d".split())
# Only histograms and summaries give series of these names, and readers take others for theirs.
RESERVED_SUFFIXES = ("_count", "_sum", "_bucket")
MOST_SERIES = 10_000
"""Series of one metric on one target beyond which Prometheus' memory is felt."""

_WORD = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_CAMEL = re.compile(r"[a-z][A-Z]")


def base_unit(_: Spec, system: System) -> Iterator[tuple[Path, str]]:
    """A metric is in its base unit - seconds, bytes, a ratio of one - so that all of them can be compared."""
    for name, metric in system.metrics.items():
        known = dimension(metric.unit)
        if metric.unit in UNITS and metric.unit != BASE_UNITS[known]:
            yield ("metrics", name, "unit"), f"{name} is in {metric.unit}; the base unit is {BASE_NAMES[known]}"


def unit_in_name(_: Spec, system: System) -> Iterator[tuple[Path, str]]:
    """A metric's name ends with its unit, written out, so that a reader of a query sees it."""
    for name, metric in system.metrics.items():
        if short := [part for part in name.lower().split("_") if part in ABBREVIATIONS]:
            yield ("metrics", name), f"{name} abbreviates a unit, {short[0]!r}; write it out"
        elif metric.unit in UNITS and (wanted := BASE_NAMES[dimension(metric.unit)]) not in name.split("_"):
            yield ("metrics", name), f"{name} does not say its unit; end it with `_{wanted}`"


def counter_total(_: Spec, system: System) -> Iterator[tuple[Path, str]]:
    """A counter's name ends with `_total`, and no other's does."""
    for name, metric in system.metrics.items():
        if (metric.type == "counter") != name.endswith("_total"):
            what = (
                "a counter ends with `_total`"
                if metric.type == "counter"
                else f"`_total` is a counter's, not a {metric.type}'s"
            )
            yield ("metrics", name), f"{name}: {what}"


def reserved_suffix(_: Spec, system: System) -> Iterator[tuple[Path, str]]:
    """`_count`, `_sum` and `_bucket` are the series of histograms."""
    for name in system.metrics:
        if name.endswith(RESERVED_SUFFIXES):
            yield ("metrics", name), f"{name} ends like the series of a histogram; tools take it for one"


def name_style(_: Spec, system: System) -> Iterator[tuple[Path, str]]:
    """Names are in snake_case, without the metric's type, and colons are for recording rules."""
    for name, metric in system.metrics.items():
        for path, word in (
            (("metrics", name), name),
            *((("metrics", name, "labels", one), one) for one in metric.labels),
        ):
            if _CAMEL.search(word) or ":" in word:
                yield (
                    path,
                    f"{word} is not in snake_case" if ":" not in word else f"{word}: colons are for recording rules",
                )
        if metric.type in name.split("_"):
            yield (
                ("metrics", name),
                f"{name} holds its type, {metric.type!r}, which says nothing about what is measured",
            )


def cardinality(_: Spec, system: System) -> Iterator[tuple[Path, str]]:
    """A metric has few enough series: the product of its labels' values, times the buckets of a histogram."""
    for name, metric in system.metrics.items():
        if (count := series_count(metric)) > MOST_SERIES:
            yield (
                ("metrics", name, "labels"),
                f"{name} can have {count:,} series on one target; lower a label's `limit`",
            )


def series_count(metric: Metric) -> int:
    """The most series that a metric can have on one target."""
    values = prod(len(known) if isinstance(known, tuple) else known.limit for known in metric.labels.values())
    return values * (len(metric.buckets) + 3 if metric.type == "histogram" else 1)


def unused_metric(_: Spec, system: System) -> Iterator[tuple[Path, str]]:
    """A metric is shown, alerted on or part of an objective; else nobody looks at what is measured."""
    if system.dashboard is None:
        return  # then the dashboard shows every metric
    used = {word for _, words in consumers(system) for word in words}
    for name, metric in system.metrics.items():
        if metric.deprecated is None and not used.intersection((name, *metric.series(name))):
            yield ("metrics", name), f"nothing uses {name}: no alert, objective or panel"


def deprecated_use(_: Spec, system: System) -> Iterator[tuple[Path, str]]:
    """Nothing uses a deprecated metric: when its day has come, alerts, objectives and panels on it would go blind."""
    going = {
        series: (name, metric.deprecated)
        for name, metric in system.metrics.items()
        if metric.deprecated
        for series in (name, *metric.series(name))
    }
    for path, names in consumers(system) if going else ():
        for name, deprecated in dict.fromkeys(going[name] for name in names if name in going):
            yield path, f"{name} is deprecated and ends after {deprecated.until}; use {deprecated.replaced_by}"


def consumers(system: System) -> Iterator[tuple[Path, tuple[str, ...]]]:
    """Every alert, objective and panel with the names of the metrics and series that it is made of."""
    for name, alert in system.alerts.items():
        when = alert.when
        words = when.metrics if isinstance(when, MetricCondition) else tuple(_WORD.findall(when.expr))
        yield ("alerts", name), words
    for name, objective in system.objectives.items():
        yield ("objectives", name), objective.metrics
    for row, section in enumerate(system.dashboard.rows if system.dashboard else ()):
        for index, panel in enumerate(section.panels):
            yield ("dashboard", "rows", row, "panels", index), (panel.metric or "", *_WORD.findall(panel.expr or ""))


INFORMATION = (unused_metric,)
WARNINGS = (base_unit, unit_in_name, counter_total, reserved_suffix, name_style, cardinality, deprecated_use)
