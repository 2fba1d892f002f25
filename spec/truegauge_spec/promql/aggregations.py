"""Every aggregation of Prometheus 3.5: what becomes of the unit, the values and the labels."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from truegauge_spec.promql.labels import Labels, grouped
from truegauge_spec.promql.special import text_of
from truegauge_spec.promql.syntax import Aggregate
from truegauge_spec.promql.types import Type
from truegauge_spec.promql.units import NUMBER, Unit, times
from truegauge_spec.promql.values import ANY, AT_LEAST_ONE, ONE, POSITIVE, Values


class Aggregation(NamedTuple):
    """One aggregation; it gives a sample per group, or chooses some samples and keeps their labels."""

    unit: Callable[[Unit | None], Unit | None] = lambda unit: unit
    values: Callable[[Values], Values] = lambda values: Values(values.low, values.high)
    chooses: bool = False
    is_experimental: bool = False
    is_of_values: bool = True
    """Whether it reads the samples' values, and not only whether they are there."""
    is_absorbing: bool = False
    """Whether it gives the same where the groups of an inner one of its kind are left out."""


def _number(unit: Unit | None) -> Unit | None:
    return NUMBER


def _added(values: Values) -> Values:
    if values.low >= 0:
        return Values(values.low, math.inf)
    return Values(-math.inf, values.high if values.high <= 0 else math.inf)


AGGREGATIONS: dict[str, Aggregation] = {
    "avg": Aggregation(),
    "bottomk": Aggregation(values=lambda values: values, chooses=True),
    "count": Aggregation(_number, lambda values: AT_LEAST_ONE, is_of_values=False),
    "count_values": Aggregation(_number, lambda values: AT_LEAST_ONE, is_of_values=False),
    "group": Aggregation(_number, lambda values: ONE, is_of_values=False),
    "limit_ratio": Aggregation(values=lambda values: values, chooses=True, is_experimental=True, is_of_values=False),
    "limitk": Aggregation(values=lambda values: values, chooses=True, is_experimental=True, is_of_values=False),
    "max": Aggregation(values=lambda values: values, is_absorbing=True),
    "min": Aggregation(values=lambda values: values, is_absorbing=True),
    "quantile": Aggregation(),
    "stddev": Aggregation(values=lambda values: POSITIVE),
    "stdvar": Aggregation(lambda unit: times(unit, unit), lambda values: POSITIVE),
    "sum": Aggregation(values=_added, is_absorbing=True),
    "topk": Aggregation(values=lambda values: values, chooses=True),
}


def aggregate_type(node: Aggregate, inner: Type, param: Type | None) -> Type:
    """The type of an aggregation's result."""
    known = AGGREGATIONS[node.op]
    if known.chooses:
        labels = Labels(inner.labels.can, inner.labels.must)
        return replace(inner, labels=labels, constant=None, never_absent=False)
    labels = grouped(inner.labels, node.grouping)
    if node.op == "count_values":
        labels = labels.given(text_of(node.param), None, certain=True) if node.param else labels
    values = known.values(inner.values)
    if node.op == "quantile" and not (param and param.constant is not None and 0 <= param.constant <= 1):
        values = ANY
    return replace(
        inner,
        metric="gauge" if inner.metric == "gauge" or not known.is_of_values else "unknown",
        unit=known.unit(inner.unit),
        labels=labels,
        values=values,
        constant=None,
        is_duration=False,
        observed=inner.observed if known.is_of_values else None,
    )
