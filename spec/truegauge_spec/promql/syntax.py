"""The nodes of a read expression. Each knows the span of its text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from truegauge_spec.promql.scan import Span

COMPARISONS = frozenset({"==", "!=", ">", "<", ">=", "<="})
SET_OPERATORS = frozenset({"and", "or", "unless"})


class Name(NamedTuple):
    """A label's name where it is written."""

    text: str
    span: Span


class Matcher(NamedTuple):
    """`label op "value"`; `op` is `=`, `!=`, `=~` or `!~`."""

    label: str
    op: str
    value: str
    span: Span


class Shift(NamedTuple):
    """`offset` in milliseconds, and whether `@` fixes the time."""

    offset: int = 0
    fixed: bool = False
    span: Span = (0, 0)


class Window(NamedTuple):
    """`[5m]` or `[5m:1m]` in milliseconds; None where a dashboard's variable or the default stands for it."""

    length: int | None
    step: int | None
    span: Span


class Grouping(NamedTuple):
    """`by` or `without` of an aggregation, `on` or `ignoring` of an operator: `keeps` for `by` and `on`."""

    keeps: bool
    labels: tuple[Name, ...]
    span: Span

    @property
    def names(self) -> frozenset[str]:
        """The names alone."""
        return frozenset(label.text for label in self.labels)


class Group(NamedTuple):
    """`group_left` or `group_right`: which side has many series, and the labels it takes from the other."""

    many: str
    labels: tuple[Name, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Node:
    """A part of an expression."""

    span: Span


@dataclass(frozen=True, slots=True)
class Number(Node):
    """A number, or a duration literal that stands for a number of seconds."""

    value: float
    is_duration: bool


@dataclass(frozen=True, slots=True)
class String(Node):
    """A string."""

    value: str


@dataclass(frozen=True, slots=True)
class Selector(Node):
    """An instant vector selector; `name` is None where only matchers select."""

    name: str | None
    name_span: Span
    matchers: tuple[Matcher, ...]
    shift: Shift


@dataclass(frozen=True, slots=True)
class Range(Node):
    """A selector over a window."""

    expr: Selector
    window: Window


@dataclass(frozen=True, slots=True)
class Subquery(Node):
    """An expression over a window."""

    expr: Node
    window: Window
    shift: Shift


@dataclass(frozen=True, slots=True)
class Call(Node):
    """A function's call."""

    name: str
    name_span: Span
    arguments: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Aggregate(Node):
    """An aggregation."""

    op: str
    op_span: Span
    expr: Node
    param: Node | None
    grouping: Grouping | None


@dataclass(frozen=True, slots=True)
class Binary(Node):
    """A binary operator between two expressions."""

    op: str
    op_span: Span
    left: Node
    right: Node
    is_bool: bool
    matching: Grouping | None
    group: Group | None


@dataclass(frozen=True, slots=True)
class Unary(Node):
    """A minus before an expression."""

    expr: Node


@dataclass(frozen=True, slots=True)
class Paren(Node):
    """An expression in parentheses."""

    expr: Node


@dataclass(frozen=True, slots=True)
class Unread(Node):
    """Text whose parts are not known."""


def inner(node: Node) -> tuple[Node, ...]:
    """The nodes right below, in the order of the text but for an aggregation's parameter, which is last."""
    if isinstance(node, Call):
        return node.arguments
    if isinstance(node, Binary):
        return node.left, node.right
    if isinstance(node, Aggregate):
        return (node.expr,) if node.param is None else (node.expr, node.param)
    return (node.expr,) if isinstance(node, Range | Subquery | Unary | Paren) else ()


def walk(node: Node) -> Iterator[Node]:
    """The node and all below it."""
    yield node
    for below in inner(node):
        yield from walk(below)
