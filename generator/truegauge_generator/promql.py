"""PromQL as text: selectors, strings, numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from json.encoder import encode_basestring

from truegauge_spec.condition import MetricCondition
from truegauge_spec.names import SCRAPE_METRICS, TARGET_LABELS
from truegauge_spec.system import System

Matchers = Mapping[str, str | tuple[str, ...]]

# RE2's special characters; Python's re.escape would escape more, which RE2 refuses.
_SPECIAL = re.compile(r"[\\.+*?()|\[\]{}^$]")


def regex(values: Iterable[str]) -> str:
    """An RE2 pattern that matches exactly `values`."""
    return "|".join(_SPECIAL.sub(r"\\\g<0>", value) for value in values)


def matcher(label: str, values: str | tuple[str, ...]) -> str:
    """`label="value"`, or for several values `label=~"one|two"`."""
    if isinstance(values, str):
        return f"{label}={encode_basestring(values)}"
    return f"{label}=~{encode_basestring(regex(values))}" if len(values) > 1 else matcher(label, values[0])


_MATCHER = re.compile(r"\s*(.+?)\s*(=~|!~|!=|=)\s*(.*?)\s*", re.DOTALL)


def matcher_parts(text: str) -> tuple[str, str, str] | None:
    """The label, the operator and the value, in quotes or not, of what `matcher` or somebody else wrote."""
    match = _MATCHER.fullmatch(text)
    return (match[1], match[2], match[3]) if match else None


def selector(name: str, matchers: Matchers, window: str = "") -> str:
    """`name{label="value"}[5m]`."""
    inside = ",".join(matcher(label, values) for label, values in matchers.items())
    selected = f"{name}{{{inside}}}" if inside else name
    return f"{selected}[{window}]" if window else selected


def matchers(system: System, metric: str, where: Matchers) -> Matchers:
    """What selects `metric` of `system`: every target has Prometheus' own metrics, so those need the job."""
    return {"job": system.system, **where} if metric in SCRAPE_METRICS else where


def grouping(when: MetricCondition, system: System) -> tuple[str, ...]:
    """The labels of a condition's result."""
    metric = system.metrics.get(when.metric)
    return when.labels(metric.labels if metric else ())


def per(labels: Iterable[str]) -> str:
    """The target's labels and others, as `by` lists them."""
    return ", ".join(dict.fromkeys((*TARGET_LABELS, *labels)))
