"""The ways in which a PromQL expression can be a little wrong. Each is one change of its text.

OPERATORS is all of them: what it is called, what kind of node it looks at, and the changes that it makes there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from truegauge_generator.proof import excuses
from truegauge_generator.proof.scene import Scene, constant
from truegauge_spec.promql.scan import Span
from truegauge_spec.promql.syntax import (
    COMPARISONS,
    SET_OPERATORS,
    Aggregate,
    Binary,
    Call,
    Grouping,
    Node,
    Number,
    Paren,
    Range,
    Selector,
    Subquery,
    Unary,
    inner,
    walk,
)
from truegauge_spec.quantities import duration, numeral

LITTLE = Decimal("0.02")
"""How much a threshold is moved; one where it is a whole number below fifty."""


class Change(NamedTuple):
    """Text that stands in place of a span's; `excuse` is why nobody may be able to tell the difference."""

    span: Span
    text: str
    excuse: str = ""


class Operator(NamedTuple):
    """One way to be wrong."""

    name: str
    node: type[Node]
    changes: Callable[[Any, Scene], Iterator[Change]]


def changes(node: Node, scene: Scene) -> Iterator[tuple[str, Change]]:
    """Every change of an expression, with the name of its operator, in the order of the nodes."""
    yield from _below(node, scene)


def _below(node: Node, scene: Scene) -> Iterator[tuple[str, Change]]:
    for operator in OPERATORS:
        if isinstance(node, operator.node):
            yield from ((operator.name, change) for change in operator.changes(node, scene))
    for below in inner(node):
        yield from _below(below, scene._replace(path=(*scene.path, node)))


def _swap(table: Mapping[str, str]) -> Callable[[Binary, Scene], Iterator[Change]]:
    def swapped(node: Binary, _: Scene) -> Iterator[Change]:
        if node.op in table:
            yield Change(node.op_span, table[node.op], excuses.nothing(node))

    return swapped


FLIPPED = {">": "<", "<": ">", ">=": "<=", "<=": ">=", "==": "!=", "!=": "=="}
INCLUSIVE = {">": ">=", "<": "<=", ">=": ">", "<=": "<"}


def included(node: Binary, scene: Scene) -> Iterator[Change]:
    """A comparison that takes in, or leaves out, the very value."""
    if node.op in INCLUSIVE:
        yield Change(node.op_span, INCLUSIVE[node.op], excuses.by_rounding(node, scene))


ARITHMETIC = {"+": "-", "-": "+", "*": "/"}
SETS = {"and": "unless", "unless": "and", "or": "and"}


def divided(node: Binary, scene: Scene) -> Iterator[Change]:
    """The sides of a division, swapped."""
    if node.op == "/" and node.group is None:
        between = scene.text[node.left.span[1] : node.right.span[0]]
        yield Change(node.span, f"({scene.of(node.right)}){between}({scene.of(node.left)})")


def unguarded(node: Binary, scene: Scene) -> Iterator[Change]:
    """One side alone, of a set operator, and the compared value of a comparison within another expression."""
    if node.op in SET_OPERATORS:
        yield Change(node.span, scene.of(node.left))
    if node.op == "or":
        yield Change(node.span, scene.of(node.right))
    if node.op in COMPARISONS and scene.path and not node.is_bool and not constant(node.left):
        yield Change(node.span, scene.of(node.left))


def thresholds(node: Binary, _: Scene) -> Iterator[Change]:
    """What something is compared with, a little more, a little less, and ten times as much."""
    if node.op in COMPARISONS:
        for side in (node.left, node.right):
            for number in _numbers(side) if constant(side) else ():
                yield from (Change(number.span, text) for text in _moved(number))


def _numbers(node: Node) -> Iterator[Number]:
    return (part for part in walk(node) if isinstance(part, Number))


def _moved(number: Number) -> Iterator[str]:
    value = Decimal(repr(number.value))
    if not value.is_finite():
        return
    whole = value == value.to_integral_value() and abs(value) < 1 / LITTLE
    step = Decimal(1) if whole else abs(value) * LITTLE
    ten = (value * 10,) if value else ()
    yield from (numeral(moved) for moved in (value + step, value - step, *ten))


def windows(node: Range | Subquery, scene: Scene) -> Iterator[Change]:
    """A window halved, and doubled."""
    window = node.window
    if window.length is not None and window.length >= 2000:
        step = ":" + scene.text[slice(*window.span)].partition(":")[2] if isinstance(node, Subquery) else "]"
        for length in (window.length // 2, window.length * 2):
            yield Change(window.span, f"[{duration(length)}{step}")


def unshifted(node: Selector | Subquery, _: Scene) -> Iterator[Change]:
    """No offset."""
    if node.shift.offset and not node.shift.fixed:
        yield Change(node.shift.span, "")


NEGATED = {"=": "!=", "!=": "=", "=~": "!~", "!~": "=~"}


def unmatched(node: Selector, scene: Scene) -> Iterator[Change]:
    """A selector without one of its matchers."""
    for matcher in node.matchers:
        start, end = matcher.span
        if comma := re.match(r"\s*,\s*", scene.text[end:]):
            end += comma.end()
        elif comma := re.search(r"\s*,\s*$", scene.text[:start]):
            start = comma.start()
        if node.name is not None or len(node.matchers) > 1:
            yield Change((start, end), "", excuses.repeated(matcher, scene))


def negated(node: Selector, scene: Scene) -> Iterator[Change]:
    """A matcher that selects what it left out."""
    for matcher in node.matchers:
        text = scene.text[slice(*matcher.span)]
        quote = next((place for place, one in enumerate(text) if one in "\"'`"), len(text))
        found = re.search(r"(!=|=~|!~|=)\s*$", text[:quote])
        if found:
            yield Change(matcher.span, text[: found.start()] + NEGATED[found[1]] + text[found.end() :])


def regrouped(node: Aggregate, scene: Scene) -> Iterator[Change]:
    """A label dropped from, or added to, those that an aggregation keeps."""
    grouping = node.grouping
    if grouping is None:
        return
    yield from _without_each(grouping, scene)
    if grouping.keeps:
        known = frozenset[str]().union(
            *(scene.labels.get(part.name or "", ()) for part in walk(node.expr) if isinstance(part, Selector))
        )
        for label in sorted(known - grouping.names - {"le"})[:1]:
            yield Change(grouping.span, _words(grouping, [*(name.text for name in grouping.labels), label], scene))


def rematched(node: Binary, scene: Scene) -> Iterator[Change]:
    """A label dropped from those on which two sides are matched."""
    if node.matching is not None and len(node.matching.labels) > (1 if node.matching.keeps else 0):
        yield from _without_each(node.matching, scene)


def _without_each(grouping: Grouping, scene: Scene) -> Iterator[Change]:
    written = [label.text for label in grouping.labels]
    for label in written:
        yield Change(grouping.span, _words(grouping, [other for other in written if other != label], scene))


def _words(grouping: Grouping, labels: list[str], scene: Scene) -> str:
    word = scene.text[slice(*grouping.span)].partition("(")[0]
    return f"{word}({', '.join(labels)})"


AGGREGATIONS = {
    "sum": "max",
    "max": "sum",
    "min": "max",
    "avg": "max",
    "count": "sum",
    "topk": "bottomk",
    "bottomk": "topk",
    "stddev": "avg",
}
FUNCTIONS = {
    "rate": ("increase", "delta"),
    "increase": ("rate", "delta"),
    "irate": ("rate",),
    "delta": ("idelta",),
    "deriv": ("delta",),
    "avg_over_time": ("max_over_time", "min_over_time"),
    "max_over_time": ("min_over_time", "avg_over_time"),
    "min_over_time": ("max_over_time", "avg_over_time"),
    "sum_over_time": ("avg_over_time",),
    "absent": ("count",),
    "absent_over_time": ("present_over_time",),
}
DROPPED = frozenset({"abs", "ceil", "floor", "round"})


def aggregated(node: Aggregate, scene: Scene) -> Iterator[Change]:
    """Another aggregation."""
    if node.op in AGGREGATIONS:
        yield Change(node.op_span, AGGREGATIONS[node.op], excuses.alone(node, scene))


def called(node: Call, scene: Scene) -> Iterator[Change]:
    """Another function of the same kind, or none."""
    for other in FUNCTIONS.get(node.name, ()):
        yield Change(node.name_span, other, excuses.scaled(node, other, scene))
    if node.name in DROPPED:
        yield Change(node.span, scene.of(node.arguments[0]))


QUANTILES = frozenset({"histogram_quantile", "quantile_over_time"})


def quantiles(node: Call, _: Scene) -> Iterator[Change]:
    """A quantile nearer to the middle, and nearer to the end."""
    if node.name in QUANTILES and node.arguments and isinstance(node.arguments[0], Number):
        quantile = Decimal(repr(node.arguments[0].value))
        if 0 < quantile < 1:
            for other in (quantile - (1 - quantile) / 2, (1 + quantile) / 2):
                yield Change(node.arguments[0].span, numeral(other))


def numbers(node: Number, scene: Scene) -> Iterator[Change]:
    """Another number than a threshold or a quantile, halved and doubled."""
    above = scene.path[-1] if scene.path else None
    if above is None or not node.value or isinstance(above, Paren | Unary):
        return
    if isinstance(above, Binary) and (above.op in COMPARISONS or constant(above)):
        return
    if isinstance(above, Call) and above.name in QUANTILES:
        return
    value = Decimal(repr(node.value))
    if value.is_finite():
        yield from (Change(node.span, numeral(other)) for other in (value / 2, value * 2))


OPERATORS = (
    Operator("comparison flipped", Binary, _swap(FLIPPED)),
    Operator("comparison made inclusive", Binary, included),
    Operator("threshold moved", Binary, thresholds),
    Operator("sides of a division swapped", Binary, divided),
    Operator("arithmetic swapped", Binary, _swap(ARITHMETIC)),
    Operator("set operator swapped", Binary, _swap(SETS)),
    Operator("guard dropped", Binary, unguarded),
    Operator("matching label dropped", Binary, rematched),
    Operator("window changed", Range, windows),
    Operator("window changed", Subquery, windows),
    Operator("offset dropped", Selector, unshifted),
    Operator("offset dropped", Subquery, unshifted),
    Operator("matcher dropped", Selector, unmatched),
    Operator("matcher negated", Selector, negated),
    Operator("aggregation label changed", Aggregate, regrouped),
    Operator("aggregation swapped", Aggregate, aggregated),
    Operator("function swapped", Call, called),
    Operator("quantile changed", Call, quantiles),
    Operator("number changed", Number, numbers),
)
