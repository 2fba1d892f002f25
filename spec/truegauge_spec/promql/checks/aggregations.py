"""Aggregations: that their labels can be there, and make a difference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from truegauge_spec.names import nearest
from truegauge_spec.promql.aggregations import AGGREGATIONS
from truegauge_spec.promql.checks.calls import outside
from truegauge_spec.promql.part import Part, Scope
from truegauge_spec.promql.scan import Span
from truegauge_spec.promql.syntax import Aggregate, Grouping
from truegauge_spec.promql.types import Kind

Found = Iterator[tuple[Span, str]]


def label_removed(part: Part, scope: Scope) -> Found:
    """`by` a label that cannot be there."""
    node, inner = _node(part), part.inner[-1]
    if node.grouping is None or not node.grouping.keeps:
        return
    for label in node.grouping.labels:
        if not inner.type.labels.has(label.text):
            known = nearest(label.text, (inner.type.labels.can or frozenset()) - {"__name__"})
            yield label.span, f"{scope.source(inner)} has no label {label.text!r}{known}"


def useless_grouping(part: Part, scope: Scope) -> Found:
    """A label named twice, `without` one that is not there, or groups that the outer aggregation undoes."""
    node, inner = _node(part), part.inner[-1]
    if node.grouping is not None:
        yield from repeated(node.grouping)
        for label in node.grouping.labels if not node.grouping.keeps else ():
            if not inner.type.labels.has(label.text):
                yield label.span, f"{scope.source(inner)} has no label {label.text!r}; leave it out"
    below = inner.bare.node
    if isinstance(below, Aggregate) and below.op == node.op and AGGREGATIONS[node.op].is_absorbing:
        yield below.op_span, f"{node.op} of {below.op}: the inner one changes nothing"


def repeated(grouping: Grouping) -> Found:
    """The labels that a grouping names twice."""
    count = Counter(label.text for label in grouping.labels)
    for label in {label.text: label for label in grouping.labels}.values():
        if count[label.text] > 1:
            yield label.span, f"{label.text} is named twice"


def buckets_added_up(part: Part, scope: Scope) -> Found:
    """Adding buckets of different le counts an observation in each bucket above it."""
    node, inner = _node(part), part.inner[-1]
    labels = inner.type.labels
    bounds = labels.allowed("le")
    if node.op not in ("sum", "avg") or inner.type.observed is None or "le" not in labels.must:
        return
    if not part.type.labels.has("le") and (bounds is None or len(bounds) > 1):
        yield (
            inner.node.span,
            "buckets are cumulative; keep le in `by (le)` for a quantile, or use the _count series for a number",
        )


def quantile_outside_0_1(part: Part, scope: Scope) -> Found:
    """Outside 0 to 1 the result is infinite."""
    if _node(part).op == "quantile":
        yield from outside(part.inner[0])


def always_empty(part: Part, scope: Scope) -> Found:
    """The first none of something."""
    node = _node(part)
    if node.op in ("topk", "bottomk", "limitk") and part.inner[0].type.kind is Kind.SCALAR:
        number = part.inner[0].type.constant
        if number is not None and number < 1:
            yield node.span, f"{node.op} of {number:g} series has no result"


def experimental_function(part: Part, scope: Scope) -> Found:
    """The server must be started with a feature flag."""
    node = _node(part)
    if AGGREGATIONS[node.op].is_experimental:
        yield node.op_span, f"{node.op} needs --enable-feature=promql-experimental-functions"


def _node(part: Part) -> Aggregate:
    assert isinstance(part.node, Aggregate)
    return part.node


CHECKS = (
    label_removed,
    useless_grouping,
    buckets_added_up,
    quantile_outside_0_1,
    always_empty,
    experimental_function,
)
