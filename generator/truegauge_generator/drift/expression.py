"""PromQL expressions compared by what they mean, whatever their spaces, parentheses and order of matchers."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from functools import lru_cache
from typing import Any

from truegauge_spec.promql.aggregations import AGGREGATIONS
from truegauge_spec.promql.functions import FUNCTIONS
from truegauge_spec.promql.parse import Fault, parse
from truegauge_spec.promql.syntax import (
    Aggregate,
    Call,
    Grouping,
    Matcher,
    Name,
    Node,
    Number,
    Paren,
    Range,
    Selector,
    Subquery,
    Unread,
    inner,
    walk,
)


@lru_cache(maxsize=65536)
def canonical(text: str) -> Any:
    """Equal for expressions of the same tree; the text itself where it cannot be read."""
    tree = parse(text)
    return " ".join(text.split()) if isinstance(tree, Fault | Unread) else _canonical(tree)


def _canonical(value: Any) -> Any:
    if isinstance(value, Paren):
        return _canonical(value.expr)
    if isinstance(value, Number):
        return value.value  # 100ms and 0.1 are the same number to Prometheus
    if isinstance(value, Name):
        return value.text
    if isinstance(value, Selector):
        name = () if value.name is None else (("__name__", "=", value.name),)
        return ("Selector", tuple(sorted({*name, *map(_canonical, value.matchers)})), _canonical(value.shift))
    if isinstance(value, Matcher):
        return value.label, value.op, value.value
    if isinstance(value, tuple) and not hasattr(value, "_fields"):
        parts = tuple(map(_canonical, value))
        return tuple(sorted(parts)) if value and isinstance(value[0], Name) else parts
    names = getattr(value, "_fields", None) or ([f.name for f in fields(value)] if is_dataclass(value) else ())
    if not names:
        return value
    kept = {name: getattr(value, name) for name in names if not name.endswith("span")}
    return (
        type(value).__name__,
        *(_canonical(None if _says_nothing(name, part) else part) for name, part in kept.items()),
    )


def _says_nothing(name: str, value: Any) -> bool:
    """`by ()` of an aggregation and `ignoring ()` of an operator are what holds without them."""
    return isinstance(value, Grouping) and not value.labels and value.keeps == (name == "grouping")


def longest_window(text: str) -> int:
    """The longest time that an expression looks back, in milliseconds."""
    tree = parse(text)
    return 0 if isinstance(tree, Fault) else _reach(tree)


def _reach(node: Node) -> int:
    """How far back a node looks: windows and offsets within each other add up."""
    below = max(map(_reach, inner(node)), default=0)
    own = node.shift.offset if isinstance(node, Selector | Subquery) else 0
    if isinstance(node, Range | Subquery):
        own += node.window.length or 0
    return own + below


def experimental(text: str) -> set[str]:
    """The functions and aggregations in an expression that Prometheus only knows by a feature flag."""
    tree = parse(text)
    return set() if isinstance(tree, Fault) else {name for node in walk(tree) if (name := _experimental(node))}


def _experimental(node: Node) -> str:
    if isinstance(node, Call) and node.name in FUNCTIONS and FUNCTIONS[node.name].is_experimental:
        return node.name
    return node.op if isinstance(node, Aggregate) and AGGREGATIONS[node.op].is_experimental else ""
