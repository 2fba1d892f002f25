"""Comparisons: that they can be true, and can be false."""

from __future__ import annotations

import math
from collections.abc import Iterator

from truegauge_spec.promql.part import Part, Scope
from truegauge_spec.promql.scan import Span
from truegauge_spec.promql.syntax import COMPARISONS, Aggregate, Binary, Call
from truegauge_spec.promql.types import Type
from truegauge_spec.promql.values import Values, always, kept, mirrored, never

Found = Iterator[tuple[Span, str]]


def constant_comparison(part: Part, scope: Scope) -> Found:
    """Two numbers, or a `bool` comparison that always gives the same."""
    node, left, right = _sides(part)
    if node.op not in COMPARISONS:
        return
    if left.type.constant is not None and right.type.constant is not None:
        yield node.span, "this compares two numbers, whatever the series are"
    elif node.is_bool and (fixed := _outcome(node, left.type, right.type)):
        yield node.span, f"this is always {int(fixed == 'always')}: {_reason(part, scope)}"


def always_true(part: Part, scope: Scope) -> Found:
    """The number is outside what the other side can be; after another condition it does no harm: `absent(x) == 1`."""
    node, left, right = _sides(part)
    if left.type.is_condition or right.type.is_condition:
        return
    if _is_filter(node, left.type, right.type) and _outcome(node, left.type, right.type) == "always":
        yield node.span, f"this is always true: {_reason(part, scope)}"


def always_empty(part: Part, scope: Scope) -> Found:
    """The number is outside what the other side can be, or two comparisons exclude each other."""
    node, left, right = _sides(part)
    if node.op == "and" and node.matching is None:
        yield from _contradiction(part, scope)
    if not _is_filter(node, left.type, right.type) or _outcome(node, left.type, right.type) != "never":
        return
    hint = ""
    for one in (left.bare.node, right.bare.node):
        if isinstance(one, Aggregate) and one.op in ("count", "count_values"):
            hint = f"; {one.op} of nothing is nothing, and not 0: use absent(…), or … or vector(0)"
        elif isinstance(one, Call) and one.name == "count_over_time":
            hint = "; where there are no samples there is no result: use absent_over_time(…)"
    yield node.span, f"this is always empty: {_reason(part, scope)}{hint}"


def _is_filter(node: Binary, left: Type, right: Type) -> bool:
    return node.op in COMPARISONS and not node.is_bool and (left.constant is None or right.constant is None)


def _outcome(node: Binary, left: Type, right: Type) -> str:
    """`never`, `always`, or empty where it depends."""
    if any(side.constant is not None and math.isnan(side.constant) for side in (left, right)):
        return "always" if node.op == "!=" else "never"
    if never(node.op, left.values, right.values):
        return "never"
    return "always" if always(node.op, left.values, right.values) else ""


def _reason(part: Part, scope: Scope) -> str:
    _, left, right = _sides(part)
    for side in (left, right):
        if side.type.constant is not None and math.isnan(side.type.constant):
            return "nothing compares with NaN; to find NaN write x != x"
    shown = [f"{scope.source(side)} is {side.type.values}" for side in (left, right) if side.type.constant is None]
    return ", and ".join(shown)


def _contradiction(part: Part, scope: Scope) -> Found:
    """`x > 100 and x < 50`."""
    first, second = (_bound(side.bare, scope) for side in part.inner)
    if first is None or second is None or first[0] != second[0]:
        return
    ours = kept(first[1], Values(), Values(first[2], first[2]))
    if never(second[1], ours, Values(second[2], second[2])):
        yield part.node.span, "the two comparisons exclude each other: this is always empty"


def _bound(part: Part, scope: Scope) -> tuple[str, str, float] | None:
    """What is compared, how, and with which number."""
    if not isinstance(part.node, Binary) or part.node.op not in COMPARISONS or part.node.is_bool:
        return None
    left, right = part.inner
    if right.type.constant is not None and not math.isnan(right.type.constant):
        return _written(left.bare, scope), part.node.op, right.type.constant
    if left.type.constant is not None and not math.isnan(left.type.constant):
        return _written(right.bare, scope), mirrored(part.node.op), left.type.constant
    return None


def _written(part: Part, scope: Scope) -> str:
    return "".join(scope.text[slice(*part.node.span)].split())


def _sides(part: Part) -> tuple[Binary, Part, Part]:
    assert isinstance(part.node, Binary)
    left, right = part.inner
    return part.node, left, right


CHECKS = (constant_comparison, always_true, always_empty)
