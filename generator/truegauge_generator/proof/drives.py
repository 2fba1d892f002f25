"""Which series bring a part of an expression to a level: the shapes that boundary cases are worked out of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from math import ceil
from typing import NamedTuple

from truegauge_generator.conditions import quantile
from truegauge_generator.conditions.kind import MEASURED
from truegauge_generator.proof.evaluate import Moment, NotWorkedOut, Series, evaluate, selects
from truegauge_generator.proof.picks import picked, refused
from truegauge_spec.conditions import QuantileOf
from truegauge_spec.promql.catalogue import Catalogue
from truegauge_spec.promql.infer import inner_nodes
from truegauge_spec.promql.syntax import (
    COMPARISONS,
    SET_OPERATORS,
    Aggregate,
    Binary,
    Call,
    Node,
    Paren,
    Range,
    Selector,
    Unary,
)
from truegauge_spec.quantities import UNITS, Quantity, numeral
from truegauge_spec.system import System


class Drive(NamedTuple):
    """Series, and the amount of each that brings what is measured to a level between `least` and `most`.

    `mode` says what an amount is: a `value`, what is gained per second (`flow`), or how many seconds behind (`age`).
    """

    mode: str
    series: list[tuple[str, dict[str, str]]]
    amounts: Callable[[Decimal], list[Decimal]]
    window: int = 0
    least: Decimal | None = None
    most: Decimal | None = None
    counted: bool = False
    """Whether it comes in whole numbers."""


class Scope(NamedTuple):
    """What is known of the series, and the labels that they have where nothing selects others."""

    system: System
    known: Catalogue
    wanted: Mapping[str, str]


_AMOUNT: dict[str, str] = {
    "rate": "flow",
    "irate": "flow",
    "increase": "flow",
    "avg_over_time": "value",
    "max_over_time": "value",
    "min_over_time": "value",
    "last_over_time": "value",
}
_OF_ONE = frozenset({"sum", "avg", "max", "min"})
"""Aggregations that leave the value of a single series as it is."""


def bare(node: Node) -> Node:
    """Without parentheses."""
    while isinstance(node, Paren):
        node = node.expr
    return node


def constant(node: Node) -> Decimal | None:
    """The number that a part is; None where series make it up."""
    if any(isinstance(one, Selector) or (isinstance(one, Call) and not one.arguments) for one in nodes(node)):
        return None
    try:
        found = evaluate(node, Moment([], 1, 0))
    except NotWorkedOut:
        return None
    return Decimal(repr(found)) if isinstance(found, float) else None


def nodes(node: Node) -> Iterator[Node]:
    """A node and all below it."""
    yield node
    for inner in inner_nodes(node):
        yield from nodes(inner)


def selectors(node: Node) -> list[Selector]:
    """Every selector of an expression."""
    return [one for one in nodes(node) if isinstance(one, Selector)]


def drive(node: Node, scope: Scope) -> Drive:
    """What brings an expression to a level. Raises NotWorkedOut."""
    node = bare(node)
    if isinstance(node, Unary):
        return _calculated(drive(node.expr, scope), lambda level: -level)
    if isinstance(node, Call) and node.name == "histogram_quantile":
        return _quantile(node, scope)
    if isinstance(node, Binary) and node.op in ("+", "-", "*", "/"):
        return _arithmetic(node, scope)
    if isinstance(node, Binary):
        raise NotWorkedOut(_joined(node))
    return _of_one(_single(node), scope)


def _joined(node: Binary) -> str:
    if node.op in SET_OPERATORS:
        return f"it joins two expressions with `{node.op}`"
    return "it joins two metrics" if constant(node.right) is None else f"`{node.op}` is not among its shapes"


class Single(NamedTuple):
    """One selector with the function over its window, if any."""

    selector: Selector
    function: str
    window: int

    @property
    def mode(self) -> str:
        """What an amount of it is."""
        return _AMOUNT.get(self.function, "value")


def _single(node: Node) -> Single:
    node = bare(node)
    if isinstance(node, Aggregate) and node.op in _OF_ONE and node.param is None:
        return _single(node.expr)
    if isinstance(node, Binary) and node.op in COMPARISONS and not node.is_bool and constant(node.right) is not None:
        return _single(node.left)
    if isinstance(node, Selector):
        return Single(node, "", 0)
    if isinstance(node, Call) and node.name in _AMOUNT and isinstance(node.arguments[0], Range):
        window = node.arguments[0].window.length
        if window:
            return Single(node.arguments[0].expr, node.name, window)
    if isinstance(node, Binary):
        raise NotWorkedOut(_joined(node))
    what = node.name if isinstance(node, Call) else node.op if isinstance(node, Aggregate) else type(node).__name__
    raise NotWorkedOut(f"`{what}` is not among the shapes that series are known for")


def _of_one(one: Single, scope: Scope) -> Drive:
    labels = picked(one.selector, scope.known, scope.wanted)
    name = str(one.selector.name)
    per = Decimal(one.window) / 1000 if one.function == "increase" else Decimal(1)
    values = scope.known.series[name].type.values
    flows = one.mode == "flow"
    least = Decimal(0) if flows else _finite(values.low)
    most = None if flows else _finite(values.high)
    metric = scope.system.metrics.get(name)
    counted = metric is not None and metric.unit not in MEASURED and not one.function
    return Drive(one.mode, [(name, labels)], lambda level: [level / per], one.window, least, most, counted)


def _finite(number: float) -> Decimal | None:
    found = Decimal(repr(number))
    return found if found.is_finite() else None


def _calculated(found: Drive, back: Callable[[Decimal], Decimal]) -> Drive:
    """The drive of a calculation with a number; `back` undoes it."""
    amounts = found.amounts

    def of_level(level: Decimal) -> list[Decimal]:
        inner = back(level)
        if (found.least is not None and inner < found.least) or (found.most is not None and inner > found.most):
            raise NotWorkedOut("the level is out of reach")
        return amounts(inner)

    return found._replace(amounts=of_level, least=None, most=None, counted=False)


def _arithmetic(node: Binary, scope: Scope) -> Drive:
    left, right = constant(node.left), constant(node.right)
    if right is not None and (right or node.op in "+-"):
        backs: dict[str, Callable[[Decimal], Decimal]] = {
            "+": lambda level: level - right,
            "-": lambda level: level + right,
            "*": lambda level: level / right,
            "/": lambda level: level * right,
        }
        return _calculated(drive(node.left, scope), backs[node.op])
    if left is not None and node.op != "/":
        others: dict[str, Callable[[Decimal], Decimal]] = {
            "+": lambda level: level - left,
            "-": lambda level: left - level,
            "*": lambda level: level / left,
        }
        return _calculated(drive(node.right, scope), others[node.op])
    behind = bare(node.left)
    if node.op == "-" and isinstance(behind, Call) and behind.name == "time":
        return _of_one(_single(node.right), scope)._replace(mode="age", least=Decimal(0), most=None, counted=False)
    if node.op == "/":
        return _share(node, scope)
    raise NotWorkedOut("it joins two metrics")


def _share(node: Binary, scope: Scope) -> Drive:
    """A part that is driven, and a rest: one series each."""
    part, totals = _single(node.left), [_single(one) for one in _summands(node.right)]
    if any((one.function, one.window) != (part.function, part.window) for one in totals):
        raise NotWorkedOut("the two sides of the division are not of the same kind and window")
    some = Series(str(part.selector.name), picked(part.selector, scope.known, scope.wanted), ())
    rest = next((one for total in totals for one in _rests(part.selector, total.selector, some, scope)), None)
    if rest is None:
        raise NotWorkedOut("nothing is known that is in the total and not in the part")
    own, others = (sum(selects(total.selector, one) for total in totals) for one in (some, rest))

    def amounts(level: Decimal) -> list[Decimal]:
        above, below = level.as_integer_ratio()
        found = [above * others, below - own * above]
        scale = ceil(1000 / max(sum(found), 1))
        return [Decimal(one * scale) for one in found]

    most = Decimal(1) / own if own else None
    series = [(one.name, one.labels) for one in (some, rest)]
    return Drive(part.mode, series, amounts, part.window, Decimal(0), most)


def _summands(node: Node) -> Iterator[Node]:
    node = bare(node)
    if isinstance(node, Binary) and node.op in COMPARISONS and constant(node.right) is not None:
        yield from _summands(node.left)
    elif isinstance(node, Binary) and node.op == "+":
        yield from _summands(node.left)
        yield from _summands(node.right)
    elif isinstance(node, Aggregate) and isinstance(bare(node.expr), Binary):
        yield from _summands(node.expr)
    else:
        yield node


def _rests(part: Selector, total: Selector, some: Series, scope: Scope) -> Iterator[Series]:
    """Series of a total that are not in the part."""
    name = str(total.name)
    labels = picked(total, scope.known, some.labels)
    for found in (labels, *(refused(part, scope.known, labels) if part.name == name else ())):
        rest = Series(name, found, ())
        if selects(total, rest) and not selects(part, rest):
            yield rest


def _quantile(node: Call, scope: Scope) -> Drive:
    """A histogram's buckets; their gains in each second put the quantile at the level."""
    rank, one = constant(node.arguments[0]), _single(node.arguments[1])
    name = str(one.selector.name).removesuffix("_bucket")
    metric = scope.system.metrics.get(name)
    if rank is None or one.mode != "flow" or metric is None or not metric.buckets:
        raise NotWorkedOut("the quantile is not one of rates of a histogram's buckets")
    if not 0 < rank < 1:
        raise NotWorkedOut("the quantile is not between 0 and 1")
    labels = picked(one.selector, scope.known, scope.wanted)
    unit = metric.unit if metric.unit in UNITS else ""
    bounds = [*(numeral(Decimal(str(bound))) for bound in metric.buckets), "+Inf"]

    def amounts(level: Decimal) -> list[Decimal]:
        when = QuantileOf.model_construct(metric=name, quantile=float(rank), above=Quantity(level, unit), below=None)
        gains = {one.labels["le"]: one.amount for one in quantile.drivers(when, scope.system, level)}
        found = [Decimal(0)]
        for bound in bounds:
            found.append(gains.get(bound, found[-1]))
        return found[1:]

    series = [(f"{name}_bucket", {**labels, "le": bound}) for bound in bounds]
    return Drive("flow", series, amounts, one.window, Decimal(0), Decimal(str(metric.buckets[-1])))
