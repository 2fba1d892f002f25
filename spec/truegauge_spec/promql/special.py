"""The functions whose result the columns of the table cannot say."""

from __future__ import annotations

import math
from dataclasses import replace

from truegauge_spec.promql.labels import METRIC_NAME, NONE, OPEN, Labels, labels_of
from truegauge_spec.promql.syntax import Call, Node, Paren, Range, Selector, String
from truegauge_spec.promql.types import Kind, Type
from truegauge_spec.promql.units import NUMBER, RATIO, SECOND
from truegauge_spec.promql.values import ANY, ONE, POSITIVE, Values, between, exactly


def text_of(node: Node) -> str:
    """The value of a string, with or without parentheses."""
    while isinstance(node, Paren):
        node = node.expr
    return node.value if isinstance(node, String) else ""


def absent(call: Call, arguments: tuple[Type, ...]) -> Type:
    """1 where nothing is there, with the labels that a selector's `=` names."""
    node = call.arguments[0]
    selector = node.expr if isinstance(node, Range) else node
    labels = NONE
    if isinstance(selector, Selector):
        named = [m.label for m in selector.matchers if m.label != "__name__"]
        labels = labels_of(
            {
                m.label: frozenset({m.value})
                for m in selector.matchers
                if m.op == "=" and m.value and named.count(m.label) == 1
            }
        )
    return Type(Kind.INSTANT, "gauge", NUMBER, labels, ONE, is_condition=True)


def clamped(call: Call, arguments: tuple[Type, ...]) -> Type:
    """Within bounds, where these are numbers."""
    vector, *bounds = arguments
    numbers = [bound.constant for bound in bounds]
    low = numbers[0] if call.name in ("clamp", "clamp_min") else -math.inf
    high = numbers[-1] if call.name in ("clamp", "clamp_max") else math.inf
    values = ANY
    if low is not None and high is not None and low <= high:
        values = between(
            min(max(vector.values.low, low), high),
            max(min(vector.values.high, high), low),
        )
    return replace(
        vector,
        metric="gauge",
        values=values,
        labels=vector.labels.without(METRIC_NAME),
        constant=None,
        never_absent=vector.never_absent and values != ANY,
    )


def histogram_quantile(call: Call, arguments: tuple[Type, ...]) -> Type:
    """In the unit of what was observed, between the bounds of the buckets."""
    quantile, buckets = arguments
    observed = buckets.observed
    return Type(
        Kind.INSTANT,
        "gauge",
        observed.unit if observed else None,
        buckets.labels.without(METRIC_NAME | {"le"}),
        observed.values if observed and quantile.constant is not None and 0 <= quantile.constant <= 1 else ANY,
        is_condition=buckets.is_condition,
    )


def histogram_fraction(call: Call, arguments: tuple[Type, ...]) -> Type:
    """A ratio."""
    labels = arguments[2].labels.without(METRIC_NAME | {"le"})
    return Type(Kind.INSTANT, "gauge", RATIO, labels, Values(0.0, 1.0), is_condition=arguments[2].is_condition)


def of_histogram(call: Call, arguments: tuple[Type, ...]) -> Type:
    """Of native histograms, of which nothing is known."""
    labels = arguments[0].labels.without(METRIC_NAME)
    return Type(Kind.INSTANT, "gauge", labels=labels, is_condition=arguments[0].is_condition)


def info(call: Call, arguments: tuple[Type, ...]) -> Type:
    """With any label of the info series in addition."""
    vector = arguments[0]
    return replace(vector, labels=Labels(None, vector.labels.must, vector.labels.values))


def label_join(call: Call, arguments: tuple[Type, ...]) -> Type:
    """With one label written from others."""
    vector = replace(arguments[0], constant=None)
    target, sources = text_of(call.arguments[1]), [text_of(node) for node in call.arguments[3:]]
    if not target:
        return replace(vector, labels=OPEN)
    certain = bool(vector.labels.must & set(sources))
    return replace(vector, labels=vector.labels.given(target, None, certain))


def label_replace(call: Call, arguments: tuple[Type, ...]) -> Type:
    """With one label written from another one, where the regexp matches it."""
    vector = replace(arguments[0], constant=None)
    target, replacement, source, regexp = (text_of(node) for node in call.arguments[1:])
    if not target:
        return replace(vector, labels=OPEN)
    labels = vector.labels
    literal = bool(replacement) and "$" not in replacement
    matches_all = regexp in (".*", "(.*)") or (not regexp and not labels.has(source))
    if literal and matches_all:
        return replace(vector, labels=labels.given(target, frozenset({replacement}), certain=True))
    copied = matches_all and regexp == "(.*)" and replacement in ("$1", "${1}") and source in labels.must
    certain = copied or (literal and target in labels.must)
    return replace(vector, labels=labels.given(target, labels.allowed(source) if copied else None, certain))


def pi(call: Call, arguments: tuple[Type, ...]) -> Type:
    """A number."""
    return Type(Kind.SCALAR, labels=NONE, values=exactly(math.pi), constant=math.pi)


def quantile_over_time(call: Call, arguments: tuple[Type, ...]) -> Type:
    """Within what the range holds, for a quantile between 0 and 1."""
    quantile, vector = arguments
    within = quantile.constant is not None and 0 <= quantile.constant <= 1
    return replace(
        vector,
        kind=Kind.INSTANT,
        metric="gauge",
        values=Values(vector.values.low, vector.values.high) if within else ANY,
        labels=vector.labels.without(METRIC_NAME),
        constant=None,
    )


def scalar(call: Call, arguments: tuple[Type, ...]) -> Type:
    """The one sample's value, else NaN."""
    vector = arguments[0]
    return Type(Kind.SCALAR, vector.metric, vector.unit, NONE, vector.values, vector.constant, vector.is_duration)


def time(call: Call, arguments: tuple[Type, ...]) -> Type:
    """Seconds since 1970."""
    return Type(Kind.SCALAR, "gauge", SECOND, NONE, POSITIVE)


def vector(call: Call, arguments: tuple[Type, ...]) -> Type:
    """A number as the one sample of a vector without labels."""
    return replace(arguments[0], kind=Kind.INSTANT, labels=NONE, never_absent=True)
