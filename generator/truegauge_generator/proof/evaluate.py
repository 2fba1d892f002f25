"""What an expression is for given series at a time: as much of PromQL as boundary cases are worked out for."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from truegauge_generator.proof.arithmetic import OVER_SERIES, OVER_TIME, quantile
from truegauge_spec.promql.regexps import matching
from truegauge_spec.promql.syntax import (
    COMPARISONS,
    SET_OPERATORS,
    Aggregate,
    Binary,
    Call,
    Grouping,
    Matcher,
    Node,
    Number,
    Paren,
    Range,
    Selector,
    Unary,
)
from truegauge_spec.promql.values import calculated

LOOKBACK = 300_000
"""For how many milliseconds Prometheus sees a sample."""
Labels = frozenset[tuple[str, str]]
Vector = dict[Labels, float]


class NotWorkedOut(Exception):
    """Why nothing is worked out of an expression."""


class Series(NamedTuple):
    """A series with its samples, one a step; None where there is none."""

    name: str
    labels: dict[str, str]
    samples: Sequence[float | None]


class Moment:
    """All series, the milliseconds of a step, and the time at which an expression is evaluated."""

    def __init__(self, series: Sequence[Series], size: int, at: int) -> None:
        """At a time in milliseconds."""
        self.series, self.size, self.at = series, size, at

    @cached_property
    def seconds(self) -> float:
        """What `time()` gives."""
        return self.at / 1000

    def window(self, node: Selector, length: int) -> dict[Labels, list[tuple[int, float]]]:
        """The samples of each selected series; a window's left edge is not part of it."""
        if node.shift.fixed:
            raise NotWorkedOut("`@` fixes the time")
        end = self.at - node.shift.offset
        found = {}
        for one in self.series:
            if selects(node, one):
                first, last = max((end - length) // self.size + 1, 0), end // self.size
                samples = [
                    (first * self.size + index * self.size, value)
                    for index, value in enumerate(one.samples[first : max(last + 1, 0)])
                    if value is not None
                ]
                if samples:
                    found[frozenset(one.labels.items())] = samples
        return found


def selects(node: Selector, series: Series) -> bool:
    """Whether a selector selects the series."""
    named = node.name is None or node.name == series.name
    return named and all(
        matches(one, series.name if one.label == "__name__" else series.labels.get(one.label, ""))
        for one in node.matchers
    )


def matches(matcher: Matcher, value: str) -> bool:
    """Whether a matcher takes the value."""
    if matcher.op in ("=", "!="):
        return (matcher.value == value) == (matcher.op == "=")
    found = matching(matcher.value, {value})
    if found is None:
        raise NotWorkedOut(f"the regexp {matcher.value!r} may mean something else to Prometheus")
    return bool(found) == (matcher.op == "=~")


def evaluate(node: Node, moment: Moment) -> float | Vector:
    """A number, or a value for each set of labels. Raises NotWorkedOut."""
    found = _EVALUATED.get(type(node))
    if found is None:
        raise NotWorkedOut(f"it has a {type(node).__name__.lower()}")
    return found(node, moment)


def vector(node: Node, moment: Moment) -> Vector:
    """The same, of what is no number."""
    found = evaluate(node, moment)
    if isinstance(found, float):
        raise NotWorkedOut("a number stands where series belong")
    return found


def _selector(node: Selector, moment: Moment) -> Vector:
    return {labels: samples[-1][1] for labels, samples in moment.window(node, LOOKBACK).items()}


def _call(node: Call, moment: Moment) -> float | Vector:
    if node.name == "time" and not node.arguments:
        return moment.seconds
    if node.name in ("absent", "absent_over_time"):
        return _absent(node, moment)
    if node.name == "vector":
        number = evaluate(node.arguments[0], moment)
        return {frozenset(): number} if isinstance(number, float) else number
    if node.name == "histogram_quantile":
        return _quantile(node, moment)
    if node.name in OVER_TIME and len(node.arguments) == 1 and isinstance(node.arguments[0], Range):
        window = node.arguments[0]
        if window.window.length is None:
            raise NotWorkedOut("its window is not known")
        end = moment.at - window.expr.shift.offset
        found = {
            labels: OVER_TIME[node.name](samples, end, window.window.length)
            for labels, samples in moment.window(window.expr, window.window.length).items()
        }
        return {labels: value for labels, value in found.items() if value is not None}
    if node.name in _MATH and len(node.arguments) == 1:
        return {labels: _MATH[node.name](value) for labels, value in vector(node.arguments[0], moment).items()}
    raise NotWorkedOut(f"{node.name}() is not among the functions that it is known for")


_MATH: dict[str, Callable[[float], float]] = {
    "abs": abs,
    "ceil": lambda value: float(math.ceil(value)),
    "floor": lambda value: float(math.floor(value)),
}


def _absent(node: Call, moment: Moment) -> Vector:
    (inner,) = node.arguments
    selected = inner.expr if isinstance(inner, Range) else inner
    while isinstance(selected, Paren):
        selected = selected.expr
    if not isinstance(selected, Selector):
        raise NotWorkedOut("absent() is of more than one selector")
    length = inner.window.length if isinstance(inner, Range) else LOOKBACK
    if moment.window(selected, length or LOOKBACK):
        return {}
    said = [(one.label, one.value) for one in selected.matchers if one.op == "=" and one.value]
    counted = [label for label, _ in said]
    return {frozenset((label, value) for label, value in said if counted.count(label) == 1): 1.0}


def _quantile(node: Call, moment: Moment) -> Vector:
    rank, buckets = evaluate(node.arguments[0], moment), vector(node.arguments[1], moment)
    if not isinstance(rank, float):
        raise NotWorkedOut("the quantile is no number")
    groups: dict[Labels, list[tuple[float, float]]] = {}
    for labels, count in buckets.items():
        own = dict(labels)
        bound = float(own.pop("le", "nan"))
        groups.setdefault(frozenset(own.items()), []).append((bound, count))
    return {labels: quantile(rank, found) for labels, found in groups.items()}


def _aggregate(node: Aggregate, moment: Moment) -> Vector:
    if node.op not in OVER_SERIES or node.param is not None:
        raise NotWorkedOut(f"{node.op}() is not among the aggregations that it is known for")
    groups: dict[Labels, list[float]] = {}
    for labels, value in vector(node.expr, moment).items():
        groups.setdefault(_grouped(labels, node.grouping), []).append(value)
    return {labels: OVER_SERIES[node.op](values) for labels, values in groups.items()}


def _grouped(labels: Labels, grouping: Grouping | None) -> Labels:
    if grouping is None:
        return frozenset()
    return frozenset(pair for pair in labels if (pair[0] in grouping.names) == grouping.keeps)


def _signature(labels: Labels, grouping: Grouping | None) -> Labels:
    return labels if grouping is None else _grouped(labels, grouping)


def _binary(node: Binary, moment: Moment) -> float | Vector:
    left, right = evaluate(node.left, moment), evaluate(node.right, moment)
    if node.op in SET_OPERATORS:
        return _set(node, vector(node.left, moment), vector(node.right, moment))
    if isinstance(left, float) and isinstance(right, float):
        return _number_of(node, left, right)
    if isinstance(left, float):
        return _each(node, {labels: (left, value) for labels, value in vector(node.right, moment).items()}, 1)
    if isinstance(right, float):
        return _each(node, {labels: (value, right) for labels, value in left.items()}, 0)
    return _each(node, _matched(node, left, right), 0)


def _number_of(node: Binary, left: float, right: float) -> float:
    if node.op in COMPARISONS:
        return float(COMPARED[node.op](left, right))
    found = calculated(node.op, left, right)
    if found is None:
        raise NotWorkedOut(f"{left:g} {node.op} {right:g} is not calculated")
    return found


def _each(node: Binary, pairs: dict[Labels, tuple[float, float]], kept: int) -> Vector:
    if node.op in COMPARISONS and not node.is_bool:
        return {labels: pair[kept] for labels, pair in pairs.items() if COMPARED[node.op](*pair)}
    return {labels: _number_of(node, *pair) for labels, pair in pairs.items()}


def _matched(node: Binary, left: Vector, right: Vector) -> dict[Labels, tuple[float, float]]:
    if node.group is not None and (node.group.labels or node.group.many != "left"):
        raise NotWorkedOut(f"`group_{node.group.many}` takes labels from the other side")
    other: dict[Labels, float] = {}
    for labels, value in right.items():
        if _signature(labels, node.matching) in other:
            raise NotWorkedOut("many series match one")
        other[_signature(labels, node.matching)] = value
    found: dict[Labels, tuple[float, float]] = {}
    for labels, value in left.items():
        signature = _signature(labels, node.matching)
        if signature in other:
            result = labels if node.group else signature
            if result in found:
                raise NotWorkedOut("many series match one")
            found[result] = (value, other[signature])
    return found


def _set(node: Binary, left: Vector, right: Vector) -> Vector:
    other = {_signature(labels, node.matching) for labels in right}
    if node.op == "or":
        own = {_signature(labels, node.matching) for labels in left}
        return {**{k: v for k, v in right.items() if _signature(k, node.matching) not in own}, **left}
    return {k: v for k, v in left.items() if (_signature(k, node.matching) in other) == (node.op == "and")}


COMPARED: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
}


def _unary(node: Unary, moment: Moment) -> float | Vector:
    found = evaluate(node.expr, moment)
    return -found if isinstance(found, float) else {labels: -value for labels, value in found.items()}


_EVALUATED: dict[type[Node], Callable[[Any, Moment], float | Vector]] = {
    Number: lambda node, moment: node.value,
    Paren: lambda node, moment: evaluate(node.expr, moment),
    Unary: _unary,
    Selector: _selector,
    Call: _call,
    Aggregate: _aggregate,
    Binary: _binary,
}
