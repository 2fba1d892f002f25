"""Calls: histograms, quantiles, ranges and labels that a function reads."""

from __future__ import annotations

import math
from collections.abc import Iterator

from truegauge_spec.names import nearest
from truegauge_spec.promql.checks.counters import DELTAS, RATES
from truegauge_spec.promql.functions import FUNCTIONS
from truegauge_spec.promql.part import Part, Scope
from truegauge_spec.promql.scan import Span
from truegauge_spec.promql.selectors import selected
from truegauge_spec.promql.special import text_of
from truegauge_spec.promql.syntax import Call, Number, Range, Subquery
from truegauge_spec.promql.types import Type
from truegauge_spec.promql.units import SECOND
from truegauge_spec.quantities import duration

Found = Iterator[tuple[Span, str]]
_QUANTILES = frozenset({"histogram_quantile", "quantile_over_time"})
_OF_BUCKETS = {"histogram_quantile": 1, "histogram_fraction": 2}
_CLAMPS = frozenset({"clamp", "clamp_min", "clamp_max"})


def experimental_function(part: Part, scope: Scope) -> Found:
    """The server must be started with a feature flag."""
    node = _node(part)
    if FUNCTIONS[node.name].is_experimental:
        yield node.name_span, f"{node.name} needs --enable-feature=promql-experimental-functions"


def quantile_without_le(part: Part, scope: Scope) -> Found:
    """The buckets must still have le."""
    node = _node(part)
    if node.name not in _OF_BUCKETS:
        return
    buckets = part.inner[_OF_BUCKETS[node.name]]
    if not buckets.type.labels.has("le"):
        why = "keep it in `by (le, …)`" if buckets.type.observed else "only the _bucket series of a histogram have it"
        yield buckets.node.span, f"{scope.source(buckets)} has no label le: {why}"


def quantile_without_rate(part: Part, scope: Scope) -> Found:
    """Buckets as they are count everything since the start."""
    node = _node(part)
    if node.name not in _OF_BUCKETS:
        return
    buckets = part.inner[_OF_BUCKETS[node.name]]
    if any(one.type.metric == "bucket" and not _is_rated(one, buckets) for one in buckets.walk()):
        yield buckets.node.span, "the buckets count since the start; take their rate, as rate(…_bucket[5m])"


def _is_rated(bucket: Part, whole: Part) -> bool:
    rated = (one for one in whole.walk() if isinstance(one.node, Call) and one.node.name in RATES)
    return any(one.node.span[0] <= bucket.node.span[0] and bucket.node.span[1] <= one.node.span[1] for one in rated)


def quantile_outside_0_1(part: Part, scope: Scope) -> Found:
    """Outside 0 to 1 the result is infinite."""
    if _node(part).name in _QUANTILES:
        yield from outside(part.inner[0])


def outside(quantile: Part) -> Found:
    """Whether a quantile is not one."""
    number = quantile.type.constant
    if number is not None and not 0 <= number <= 1:
        better = f"; write {number / 100:g}" if 1 < number <= 100 else ""
        yield quantile.node.span, f"a quantile lies between 0 and 1, but this is {number:g}{better}"


def short_range(part: Part, scope: Scope) -> Found:
    """A range of less than two scrapes may hold one sample; a rate needs room for a missed scrape."""
    node = _node(part)
    for one in part.inner:
        found = _window(one, scope)
        if found is None:
            continue
        length, interval, span, step = found
        least = 4 if node.name in RATES | DELTAS else 2
        if length < least * interval:
            yield (
                span,
                (
                    f"{node.name} needs at least {least} {step}, and one comes every {duration(interval)}; "
                    f"write [{duration(least * interval)}] or more"
                ),
            )


def _window(part: Part, scope: Scope) -> tuple[int, int, Span, str] | None:
    node = part.node
    if isinstance(node, Range) and node.window.length is not None:
        series = selected(node.expr, scope.catalogue)
        return (node.window.length, series.interval, node.window.span, "samples") if series else None
    if isinstance(node, Subquery) and node.window.length is not None:
        step = node.window.step or scope.catalogue.evaluation_interval
        return node.window.length, step, node.window.span, "steps"
    return None


def label_removed(part: Part, scope: Scope) -> Found:
    """A label function reads a label that is not there."""
    node = _node(part)
    places = {"label_replace": (3,), "label_join": tuple(range(3, len(node.arguments)))}.get(node.name, ())
    labels = part.inner[0].type.labels if part.inner else None
    for place in places:
        name = text_of(node.arguments[place])
        if labels is not None and name and not labels.has(name):
            known = nearest(name, (labels.can or frozenset()) - {"__name__"})
            yield node.arguments[place].span, f"{scope.source(part.inner[0])} has no label {name!r}{known}"


def always_empty(part: Part, scope: Scope) -> Found:
    """What is never absent, and bounds that exclude each other."""
    node = _node(part)
    if node.name in ("absent", "absent_over_time") and part.inner[0].type.never_absent:
        yield node.span, f"{scope.source(part.inner[0])} always has a result, so it is never absent"
    if node.name == "clamp":
        low, high = (one.type.constant for one in part.inner[1:])
        if low is not None and high is not None and low > high:
            yield node.span, f"the bounds {low:g} and {high:g} are the wrong way round"


def duration_literal(part: Part, scope: Scope) -> Found:
    """A duration as a bound of something that is not in seconds."""
    if _node(part).name in _CLAMPS:
        for bound in part.inner[1:]:
            yield from misread(bound, part.inner[0].type, scope)


def misread(literal: Part, other: Type, scope: Scope) -> Found:
    """Whether a duration literal stands beside something that is not in seconds."""
    value = literal.type.constant
    if not literal.type.is_duration or value is None or other.unit == SECOND or other.constant is not None:
        return
    unit = other.unit
    if unit is not None and unit.scale is None and unit.powers == SECOND.powers:
        return
    written = scope.source(literal)
    numbers = (one for one in literal.walk() if isinstance(one.node, Number) and one.node.is_duration)
    span = next((one.node.span for one in numbers), literal.node.span)
    message = f"{written} is the number {value:g}, its seconds"
    if unit is None:
        message += "; nothing says that the other side is in seconds: write the number in its unit"
    elif unit.powers == SECOND.powers and unit.scale:
        message += f", but the other side is in {unit}; write {_number(value / unit.scale)}"
    else:
        message += f", but the other side is in {unit}"
    yield span, message


def _number(value: float) -> str:
    rounded = round(value, 9)
    return f"{rounded:.0f}" if not math.isinf(rounded) and rounded == int(rounded) else f"{rounded:g}"


def _node(part: Part) -> Call:
    assert isinstance(part.node, Call)
    return part.node


CHECKS = (
    experimental_function,
    quantile_without_le,
    quantile_without_rate,
    quantile_outside_0_1,
    short_range,
    label_removed,
    always_empty,
    duration_literal,
)
