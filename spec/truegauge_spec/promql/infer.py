"""The type of an expression and of each of its parts, and every finding on them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from truegauge_spec.promql.aggregations import AGGREGATIONS, aggregate_type
from truegauge_spec.promql.catalogue import Catalogue
from truegauge_spec.promql.check import findings_of
from truegauge_spec.promql.codes import Finding, finding
from truegauge_spec.promql.functions import FUNCTIONS, call_type
from truegauge_spec.promql.labels import NONE
from truegauge_spec.promql.operators import binary_type
from truegauge_spec.promql.parse import Fault, parse, unknown_name
from truegauge_spec.promql.part import Part
from truegauge_spec.promql.scan import Span
from truegauge_spec.promql.selectors import selector_type
from truegauge_spec.promql.syntax import (
    Aggregate,
    Binary,
    Call,
    Node,
    Number,
    Paren,
    Range,
    Selector,
    String,
    Subquery,
    Unary,
    Unread,
)
from truegauge_spec.promql.types import STRING, UNKNOWN, Kind, Type
from truegauge_spec.promql.units import SECOND
from truegauge_spec.promql.values import ANY, arithmetic, exactly


class Piece(NamedTuple):
    """A part of an expression: where it stands, its text, and its type."""

    span: Span
    text: str
    type: Type


@dataclass(frozen=True, slots=True)
class Inferred:
    """What is known of an expression: the type of its result, what is wrong, and its parts from the whole inwards."""

    type: Type
    findings: tuple[Finding, ...]
    parts: tuple[Piece, ...]


def infer(text: str, catalogue: Catalogue, alert: bool = True) -> Inferred:
    """Infer an expression's type and find what is wrong with it; never raises.

    `alert` is False for a recording rule or a panel, which may show the past and needs no comparison; a dashboard's
    variable may then stand for a duration. The same text and catalogue are inferred once.
    """
    key = (text, alert)
    found: Inferred | None = catalogue.inferred.get(key)
    if found is None:
        found = catalogue.inferred[key] = _infer(text, catalogue, alert)
    return found


def _infer(text: str, catalogue: Catalogue, alert: bool) -> Inferred:
    node = parse(text, variables=not alert)
    if isinstance(node, Fault):
        return Inferred(UNKNOWN, (finding("promql_syntax", node.message, node.span),), ())
    if (unknown := next(_unknown(node), None)) is not None:
        return Inferred(UNKNOWN, (finding("promql_syntax", unknown.message, unknown.span),), ())
    whole = part_of(node, catalogue)
    findings = findings_of(whole, text, catalogue, alert)
    parts = tuple(Piece(one.node.span, text[slice(*one.node.span)], one.type) for one in whole.walk())
    return Inferred(whole.type, findings, parts)


def _unknown(node: Node) -> Iterator[Fault]:
    """The functions and aggregations that the parser knows, but Prometheus 3.5 does not."""
    known, name, span = (
        (FUNCTIONS, node.name, node.name_span)
        if isinstance(node, Call)
        else (AGGREGATIONS, node.op, node.op_span)
        if isinstance(node, Aggregate)
        else ({}, "", node.span)
    )
    if name and name not in known:
        yield Fault(unknown_name(name, known), span)
    for inner in inner_nodes(node):
        yield from _unknown(inner)


def inner_nodes(node: Node) -> tuple[Node, ...]:
    """The parts directly below a node, in their order."""
    return _INNER[type(node)](node)


def part_of(node: Node, catalogue: Catalogue) -> Part:
    """The node with its type, and the same for each part of it."""
    inner = tuple(part_of(one, catalogue) for one in inner_nodes(node))
    return Part(node, _TYPES[type(node)](node, tuple(one.type for one in inner), catalogue), inner)


Types = tuple[Type, ...]


def _number(node: Number, inner: Types, catalogue: Catalogue) -> Type:
    unit = SECOND if node.is_duration else None
    return Type(Kind.SCALAR, "unknown", unit, NONE, exactly(node.value), node.value, node.is_duration)


def _range(node: Range, inner: Types, catalogue: Catalogue) -> Type:
    return replace(inner[0], kind=Kind.RANGE)


def _unary(node: Unary, inner: Types, catalogue: Catalogue) -> Type:
    found = inner[0]
    constant = None if found.constant is None else -found.constant
    labels = found.labels.without(frozenset({"__name__"}))
    values = arithmetic("-", exactly(0.0), found.values) if found.values != ANY else ANY
    metric = "gauge" if found.metric == "gauge" else "unknown"
    return replace(found, metric=metric, constant=constant, values=values, labels=labels)


def _aggregate(node: Aggregate, inner: Types, catalogue: Catalogue) -> Type:
    return aggregate_type(node, inner[-1], inner[0] if node.param is not None else None)


_TYPES: dict[type[Node], Callable[[Any, Types, Catalogue], Type]] = {
    Number: _number,
    String: lambda node, inner, catalogue: STRING,
    Selector: lambda node, inner, catalogue: selector_type(node, catalogue),
    Range: _range,
    Subquery: _range,
    Call: lambda node, inner, catalogue: call_type(node, inner),
    Aggregate: _aggregate,
    Binary: lambda node, inner, catalogue: binary_type(node, inner[0], inner[1]),
    Unary: _unary,
    Paren: lambda node, inner, catalogue: inner[0],
    Unread: lambda node, inner, catalogue: UNKNOWN,
}
_INNER: dict[type[Node], Callable[[Any], tuple[Node, ...]]] = {
    Number: lambda node: (),
    String: lambda node: (),
    Selector: lambda node: (),
    Range: lambda node: (node.expr,),
    Subquery: lambda node: (node.expr,),
    Call: lambda node: node.arguments,
    Aggregate: lambda node: (node.expr,) if node.param is None else (node.param, node.expr),
    Binary: lambda node: (node.left, node.right),
    Unary: lambda node: (node.expr,),
    Paren: lambda node: (node.expr,),
    Unread: lambda node: (),
}
