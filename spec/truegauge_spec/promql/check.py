"""The checks of expressions, by the kind of node that each looks at. A check's name is its code."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from truegauge_spec.promql.aggregations import AGGREGATIONS
from truegauge_spec.promql.catalogue import Catalogue
from truegauge_spec.promql.checks import aggregations, calls, comparisons, counters, matchers, matching, units, whole
from truegauge_spec.promql.codes import Finding, finding
from truegauge_spec.promql.part import Part, Scope
from truegauge_spec.promql.scan import Span
from truegauge_spec.promql.syntax import COMPARISONS, Aggregate, Binary, Call, Node, Paren, Selector

Check = Callable[[Part, Scope], Iterator[tuple[Span, str]]]
CHECKS: dict[type[Node], tuple[Check, ...]] = {
    Selector: matchers.CHECKS,
    Call: (*calls.CHECKS, *counters.CALL_CHECKS),
    Aggregate: (*aggregations.CHECKS, *counters.AGGREGATE_CHECKS),
    Binary: (*comparisons.CHECKS, *matching.CHECKS, *units.CHECKS, *counters.BINARY_CHECKS),
}
_PRESENCE_CALLS = frozenset({"absent", "absent_over_time", "present_over_time", "timestamp", "count_over_time"})


def findings_of(whole_part: Part, text: str, catalogue: Catalogue, alert: bool) -> tuple[Finding, ...]:
    """Every finding on an expression, in the order of its text."""
    found = list(_found(whole_part, Scope(text, catalogue, whole_part, False)))
    scope = Scope(text, catalogue, whole_part, False)
    for check in whole.ALERT_CHECKS if alert else whole.CHECKS:
        found += (finding(check.__name__, message, span) for span, message in check(whole_part, scope))
    return tuple(sorted(set(found), key=lambda one: (one.span, one.code, one.message)))


def _found(part: Part, scope: Scope) -> Iterator[Finding]:
    for check in CHECKS.get(type(part.node), ()):
        for span, message in check(part, scope):
            yield finding(check.__name__, message, span)
    inner = _inner_presence(part, scope.is_presence)
    for one, is_presence in zip(part.inner, inner, strict=True):
        yield from _found(one, scope._replace(is_presence=is_presence))


def _inner_presence(part: Part, is_presence: bool) -> tuple[bool, ...]:
    """For each part below, whether only its presence matters."""
    node, count = part.node, len(part.inner)
    if isinstance(node, Paren):
        return (is_presence,)
    if isinstance(node, Call):
        return (node.name in _PRESENCE_CALLS,) * count
    if isinstance(node, Aggregate):
        return (is_presence or not AGGREGATIONS[node.op].is_of_values,) * count
    if isinstance(node, Binary) and node.op in COMPARISONS:
        return (is_presence or counters.is_presence(part),) * count
    if isinstance(node, Binary) and node.op in ("and", "unless"):
        return is_presence, True
    return (False,) * count
