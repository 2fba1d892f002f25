"""Units: that what is compared or added is in the same one."""

from __future__ import annotations

from collections.abc import Iterator

from truegauge_spec.promql.checks.calls import misread
from truegauge_spec.promql.part import Part, Scope
from truegauge_spec.promql.scan import Span
from truegauge_spec.promql.syntax import COMPARISONS, Binary
from truegauge_spec.promql.units import agree

Found = Iterator[tuple[Span, str]]
_SAME_UNIT = COMPARISONS | {"+", "-"}


def unit_mismatch(part: Part, scope: Scope) -> Found:
    """The two sides are in different units; a written number fits any."""
    assert isinstance(part.node, Binary)
    left, right = part.inner
    if part.node.op not in _SAME_UNIT or left.type.is_duration or right.type.is_duration:
        return
    if not agree(left.type.unit, right.type.unit):
        doing = "compared" if part.node.op in COMPARISONS else "added"
        yield (
            part.node.op_span,
            (
                f"{scope.source(left)} is in {left.type.unit}, but {scope.source(right)} in {right.type.unit}: "
                f"they cannot be {doing}"
            ),
        )


def duration_literal(part: Part, scope: Scope) -> Found:
    """A duration beside something that is not in seconds."""
    assert isinstance(part.node, Binary)
    if part.node.op in _SAME_UNIT:
        left, right = part.inner
        yield from misread(left, right.type, scope)
        yield from misread(right, left.type, scope)


CHECKS = (unit_mismatch, duration_literal)
