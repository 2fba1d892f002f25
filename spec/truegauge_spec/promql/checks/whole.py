"""The expression as a whole: what an alert or a recording rule can be made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from truegauge_spec.promql.part import Part, Scope
from truegauge_spec.promql.scan import Span
from truegauge_spec.promql.syntax import COMPARISONS, Binary, Selector, Shift, Subquery
from truegauge_spec.promql.types import Kind
from truegauge_spec.quantities import duration

Found = Iterator[tuple[Span, str]]


def not_a_vector(part: Part, scope: Scope) -> Found:
    """Prometheus refuses a range vector or a string when it evaluates the rule, and not before."""
    if part.type.kind in (Kind.RANGE, Kind.STRING):
        better = "; put it into a function, as max_over_time(…)" if part.type.kind is Kind.RANGE else ""
        yield part.node.span, f"the result is a {part.type.kind.value}{better}"


def no_condition(part: Part, scope: Scope) -> Found:
    """An alert without a comparison fires as long as there are series."""
    bare = part.bare
    if part.type.kind is not Kind.INSTANT or part.type.constant is not None:
        return
    if isinstance(bare.node, Binary) and bare.node.op in COMPARISONS and bare.node.is_bool:
        yield (
            bare.node.op_span,
            "`bool` gives 0 where the comparison fails, and the alert fires all the same; leave it out",
        )
    elif not part.type.is_condition and not any(_is_unknown(one) for one in part.walk()):
        yield part.node.span, "nothing is compared, so the alert fires as long as there are series; add > 0 or the like"


def _is_unknown(part: Part) -> bool:
    return isinstance(part.node, Selector) and part.type.labels.can is None


def late(part: Part, scope: Scope) -> Found:
    """Where everything is read from the past, the alert is as late."""
    shifts = list(_shifts(part, Shift()))
    if not shifts or not all(shift.fixed or shift.offset > 0 for shift in shifts):
        return
    nearest = min(shifts)
    if nearest.fixed:
        yield nearest.span, "@ fixes the time: the result never changes"
    else:
        ago = duration(nearest.offset)
        yield nearest.span, f"everything is read {ago} ago, so the alert fires {ago} late"


def _shifts(part: Part, outer: Shift) -> Iterator[Shift]:
    """For each selector how far back it looks, and whether its time is fixed, those around it included."""
    node = part.node
    if isinstance(node, Selector | Subquery) and node.shift != Shift():
        outer = Shift(outer.offset + node.shift.offset, outer.fixed or node.shift.fixed, node.shift.span)
    if isinstance(node, Selector):
        yield outer
    for one in part.inner:
        yield from _shifts(one, outer)


CHECKS: tuple[Callable[[Part, Scope], Found], ...] = (not_a_vector,)
ALERT_CHECKS = (*CHECKS, no_condition, late)
