"""Why a wrong rule may do the same as the right one: reasons that hold whatever the data are, or but for rounding.

An excuse counts only where no test noticed the difference after all.
"""

from __future__ import annotations

from truegauge_generator.proof.scene import Scene, constant
from truegauge_spec.promql.parse import parse
from truegauge_spec.promql.syntax import (
    COMPARISONS,
    Aggregate,
    Binary,
    Call,
    Matcher,
    Node,
    Number,
    Paren,
    Selector,
    inner,
    walk,
)

WORKED_OUT = frozenset({"rate", "increase", "irate", "deriv", "predict_linear", "histogram_quantile"})
WHOLE = frozenset({"floor", "ceil", "round"})


def by_rounding(node: Binary, scene: Scene) -> str:
    """A value that Prometheus works out from rates is equal to a number by chance of rounding only."""
    sides = [side for side in (node.left, node.right) if not constant(side)]
    fixed = [part for side in (node.left, node.right) if constant(side) for part in walk(side)]
    beyond_zero = any(isinstance(part, Number) and part.value for part in fixed)
    if len(sides) == 1 and beyond_zero and _continuous(sides[0], scene, frozenset()):
        return "the value is worked out from rates, and meets the threshold only by chance of rounding"
    return ""


def _continuous(node: Node, scene: Scene, seen: frozenset[str]) -> bool:
    if isinstance(node, Call):
        if node.name in WHOLE:
            return False
        if node.name in WORKED_OUT:
            return True
    if isinstance(node, Selector) and node.name and node.name in scene.records and node.name not in seen:
        recorded = parse(scene.records[node.name])
        return isinstance(recorded, Node) and _continuous(recorded, scene, seen | {node.name})
    return any(_continuous(below, scene, seen) for below in inner(node))


def repeated(matcher: Matcher, scene: Scene) -> str:
    """A matcher that the other side of an `and` has too, or the left of an `unless`, on a label that is matched."""
    for above in reversed(scene.path):
        if isinstance(above, Paren):
            continue
        if not isinstance(above, Binary) or above.op not in (*COMPARISONS, "and", "unless"):
            return ""
        on_left = matcher.span[0] < above.op_span[0]
        if above.op == "and" or (above.op == "unless" and not on_left):
            matching = above.matching
            matched = matching is None or (matcher.label in matching.names) == matching.keeps
            other = above.right if on_left else above.left
            if matched and any(_same(part, matcher) for part in walk(other)):
                return f"the other side of `{above.op}` has the same matcher"
    return ""


def pinned(label: str, node: Binary) -> str:
    """A label by which sides are matched that all selectors of both have with one and the same value."""
    parts = [part for part in walk(node) if isinstance(part, Selector)]
    values = {matcher.value for part in parts for matcher in part.matchers if matcher[:2] == (label, "=")}
    named = all(any(matcher[:2] == (label, "=") for matcher in part.matchers) for part in parts)
    return "both sides select one and the same value of the label" if named and len(values) == 1 else ""


def _same(node: Node, matcher: Matcher) -> bool:
    return isinstance(node, Selector) and any(one[:3] == matcher[:3] for one in node.matchers)


def alone(node: Aggregate, scene: Scene) -> str:
    """Groups of one series each."""
    selectors = [part for part in walk(node.expr) if isinstance(part, Selector)]
    if node.op not in ("sum", "max", "min", "avg") or len(selectors) != 1 or node.grouping is None:
        return ""
    labels = scene.labels.get(selectors[0].name or "")
    if labels and node.grouping.keeps and labels <= node.grouping.names:
        return "every group is one series"
    return ""


def scaled(node: Call, other: str, scene: Scene) -> str:
    """A histogram whose buckets are all so many times larger has the same quantiles."""
    if {node.name, other} == {"rate", "increase"}:
        for above in reversed(scene.path):
            if isinstance(above, Call) and above.name == "histogram_quantile":
                return "a quantile stays when all buckets are so many times larger"
            if not isinstance(above, Aggregate | Paren):
                break
    return ""


def nothing(node: Binary) -> str:
    """Zero times something and zero divided by it are both zero."""
    if node.op == "*" and isinstance(node.left, Number) and not node.left.value:
        return "zero is neither more nor less when it is divided"
    return ""


def brought(label: str, value: str, expr: str) -> str:
    """A label that a rule sets, but which all that it selects has already, and which nothing takes away."""
    node = parse(expr)
    parts = list(walk(node)) if isinstance(node, Node) else []
    selected = [part for part in parts if isinstance(part, Selector)]
    kept = not any(isinstance(part, Aggregate) or (isinstance(part, Binary) and part.matching) for part in parts)
    if selected and kept and all(any(one[:3] == (label, "=", value) for one in part.matchers) for part in selected):
        return "the series that it is made from have the label already"
    return ""
