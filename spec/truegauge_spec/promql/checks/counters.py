"""Counters: that they are seen through a rate, and that a rate is of a counter."""

from __future__ import annotations

from collections.abc import Iterator

from truegauge_spec.promql.aggregations import AGGREGATIONS
from truegauge_spec.promql.functions import vector_of
from truegauge_spec.promql.part import Part, Scope
from truegauge_spec.promql.scan import Span
from truegauge_spec.promql.syntax import COMPARISONS, Aggregate, Binary, Call
from truegauge_spec.promql.types import COUNTERS, Kind

Found = Iterator[tuple[Span, str]]
RATES = frozenset({"rate", "irate", "increase"})
DELTAS = frozenset({"delta", "idelta", "deriv", "predict_linear", "double_exponential_smoothing"})
# What these say of a counter's value depends on when it started.
_AVERAGES = frozenset(
    {"avg_over_time", "sum_over_time", "stddev_over_time", "stdvar_over_time", "quantile_over_time", "mad_over_time"}
)
ADVICE = "it only grows until a restart; take its rate(…[5m]) or increase(…[5m])"


def is_presence(part: Part) -> bool:
    """Whether a comparison only asks if something was counted at all: with 0, or as `>= 1` and `< 1`."""
    node = part.node
    assert isinstance(node, Binary)
    number = part.inner[1].type.constant if part.inner[1].type.constant is not None else part.inner[0].type.constant
    return number == 0 or (number == 1 and node.op in (">=", "<"))


def rate_of_gauge(part: Part, scope: Scope) -> Found:
    """A rate takes each fall of a gauge for a restart."""
    node, vector = _call(part)
    if node.name in RATES and vector is not None and vector.type.metric == "gauge":
        better = "deriv" if node.name != "increase" else "delta"
        yield (
            node.name_span,
            f"{scope.source(vector)} is a gauge: {node.name} reads each fall as a restart; use {better}",
        )


def delta_of_counter(part: Part, scope: Scope) -> Found:
    """A delta of a counter is negative after a restart."""
    node, vector = _call(part)
    if node.name in DELTAS and vector is not None and vector.type.metric in COUNTERS:
        better = "increase" if node.name in ("delta", "idelta") else "rate"
        yield node.name_span, f"{scope.source(vector)} is a counter, which restarts at 0; use {better}"


def _of_average(part: Part, scope: Scope) -> Found:
    node, vector = _call(part)
    if node.name in _AVERAGES and vector is not None and vector.type.metric in COUNTERS:
        yield vector.node.span, f"{scope.source(vector)} is a counter: {ADVICE}"


def _of_aggregation(part: Part, scope: Scope) -> Found:
    assert isinstance(part.node, Aggregate)
    inner = part.inner[-1]
    if scope.is_presence or not AGGREGATIONS[part.node.op].is_of_values or part.node.op == "limitk":
        return
    if inner.type.metric in COUNTERS:
        yield inner.node.span, f"{part.node.op} of the counter {scope.source(inner)}: {ADVICE}"


def _of_operator(part: Part, scope: Scope) -> Found:
    assert isinstance(part.node, Binary)
    left, right = part.inner
    sides = [side for side in (left, right) if side.type.metric in COUNTERS]
    if len(sides) == 2 and part.node.op != "+":
        return
    if part.node.op in COMPARISONS and not is_presence(part):
        doing = "compared"
    elif part.node.op in ("+", "-") and left.type.kind is right.type.kind is Kind.INSTANT:
        doing = "added" if part.node.op == "+" else "subtracted"
    else:
        return
    for side in sides:
        if side.type.constant is None:
            yield side.node.span, f"{scope.source(side)} is a counter and is {doing}: {ADVICE}"


def _call(part: Part) -> tuple[Call, Part | None]:
    assert isinstance(part.node, Call)
    vector = vector_of(part.node, tuple(one.type for one in part.inner))
    return part.node, next((one for one in part.inner if one.type is vector), None)


def counter_without_rate(part: Part, scope: Scope) -> Found:
    """A counter's own value says how long its process runs."""
    yield from _USES[type(part.node)](part, scope)


_USES = {Call: _of_average, Aggregate: _of_aggregation, Binary: _of_operator}
CALL_CHECKS = (rate_of_gauge, delta_of_counter, counter_without_rate)
AGGREGATE_CHECKS = (counter_without_rate,)
BINARY_CHECKS = (counter_without_rate,)
