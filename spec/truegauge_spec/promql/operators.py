"""Binary operators: the unit, labels and values of their result."""

from __future__ import annotations

from dataclasses import replace

from truegauge_spec.promql.labels import METRIC_NAME, NONE, Labels, matched, signature, union
from truegauge_spec.promql.syntax import COMPARISONS, SET_OPERATORS, Binary, Name
from truegauge_spec.promql.types import COUNTERS, Kind, Type
from truegauge_spec.promql.units import NUMBER, Unit, per, scaled, times
from truegauge_spec.promql.values import ZERO_OR_ONE, arithmetic, calculated, kept, mirrored
from truegauge_spec.promql.values import union as either


def binary_type(node: Binary, left: Type, right: Type) -> Type:
    """The type of an operator's result."""
    if node.op in SET_OPERATORS:
        return _set_type(node, left, right)
    return _comparison_type(node, left, right) if node.op in COMPARISONS else _arithmetic_type(node, left, right)


def _set_type(node: Binary, left: Type, right: Type) -> Type:
    if node.op != "or":
        return replace(left, constant=None, is_condition=True, never_absent=False)
    same_kind = left.metric == right.metric
    return Type(
        Kind.INSTANT,
        left.metric if same_kind else "unknown",
        right.unit if left.unit is None else left.unit if right.unit in (None, left.unit) else None,
        union(left.labels, right.labels),
        either(left.values, right.values),
        never_absent=left.never_absent or right.never_absent,
        is_condition=left.is_condition and right.is_condition,
        observed=left.observed if left.observed == right.observed else None,
    )


def _comparison_type(node: Binary, left: Type, right: Type) -> Type:
    vector = left if left.kind is Kind.INSTANT else right
    labels = operator_labels(node, left, right)
    constant = None
    if left.constant is not None and right.constant is not None and node.is_bool:
        constant = float(_COMPARED[node.op](left.constant, right.constant))
    both = left.kind is right.kind is Kind.INSTANT
    if node.is_bool:
        return Type(
            _kind(left, right),
            "gauge",
            NUMBER,
            labels,
            ZERO_OR_ONE,
            constant,
            never_absent=vector.never_absent and not both,
            is_condition=left.is_condition or right.is_condition,
        )
    # A filter keeps the vector's own samples; of two vectors the left one's.
    other, op = (right, node.op) if vector is left else (left, mirrored(node.op))
    values = kept(op, vector.values, other.values)
    return replace(vector, labels=labels, values=values, constant=None, never_absent=False, is_condition=True)


_COMPARED = {
    "==": lambda one, other: one == other,
    "!=": lambda one, other: one != other,
    ">": lambda one, other: one > other,
    ">=": lambda one, other: one >= other,
    "<": lambda one, other: one < other,
    "<=": lambda one, other: one <= other,
}


def _kind(left: Type, right: Type) -> Kind:
    return Kind.SCALAR if left.kind is right.kind is Kind.SCALAR else Kind.INSTANT


def _arithmetic_type(node: Binary, left: Type, right: Type) -> Type:
    constant = None
    if left.constant is not None and right.constant is not None:
        constant = calculated(node.op, left.constant, right.constant)
    both = left.kind is right.kind is Kind.INSTANT
    return Type(
        _kind(left, right),
        _metric(node.op, left, right),
        _unit(node.op, left, right),
        operator_labels(node, left, right),
        arithmetic(node.op, left.values, right.values),
        constant,
        is_duration=constant is not None and (left.is_duration or right.is_duration),
        never_absent=not both and (left.never_absent or right.never_absent),
        is_condition=left.is_condition or right.is_condition,
        observed=left.observed if left.observed and node.op in "*/" and right.constant is not None else None,
    )


def _metric(op: str, left: Type, right: Type) -> str:
    """A counter remains one when a number scales or shifts it; the difference of two is a gauge."""
    numbers = [side for side in (left, right) if side.constant is not None]
    known = {side.metric for side in (left, right) if side.constant is None}
    if known <= {"gauge"} or (op == "-" and known <= COUNTERS and not numbers):
        return "gauge"
    scales = op in ("+", "*") or (op in ("-", "/") and right.constant is not None)
    return known.pop() if numbers and scales and len(known) == 1 else "unknown"


def is_written_number(found: Type) -> bool:
    """Whether it is a number that was written without a unit."""
    return found.constant is not None and found.unit is None


def _unit(op: str, left: Type, right: Type) -> Unit | None:
    if op in ("+", "-", "%"):
        return right.unit if left.unit is None else left.unit
    if op not in ("*", "/"):
        return None
    if is_written_number(right) and right.constant is not None:
        return scaled(left.unit, 1 / right.constant if op == "/" and right.constant else right.constant)
    if is_written_number(left) and left.constant is not None:
        return scaled(right.unit, left.constant) if op == "*" else None
    return times(left.unit, right.unit) if op == "*" else per(left.unit, right.unit)


def operator_labels(node: Binary, left: Type, right: Type) -> Labels:
    """The labels of an operator's result, set operators aside."""
    if left.kind is not Kind.INSTANT or right.kind is not Kind.INSTANT:
        vector = left if left.kind is Kind.INSTANT else right
        if vector.kind is not Kind.INSTANT:
            return NONE
        labels = vector.labels
    elif node.group is not None:
        many, one = (left, right) if node.group.many == "left" else (right, left)
        labels = _grouped(many.labels, one.labels, node.group.labels)
    else:
        ours = signature(left.labels, node.matching)
        labels = matched(ours, signature(right.labels, node.matching))
        if node.op in COMPARISONS and "__name__" in left.labels.must and not (node.matching and node.matching.keeps):
            labels = labels.given("__name__", left.labels.allowed("__name__"), certain=True)
    drops_name = node.is_bool or node.op not in COMPARISONS
    return labels.without(METRIC_NAME) if drops_name else labels


def _grouped(many: Labels, one: Labels, taken: tuple[Name, ...]) -> Labels:
    """The many side's labels, with those that `group_left` takes from the other side."""
    labels = many
    for label, _ in taken:
        if one.has(label):
            labels = labels.given(label, one.allowed(label), label in one.must)
        else:
            labels = labels.without(frozenset({label}))
    return labels
