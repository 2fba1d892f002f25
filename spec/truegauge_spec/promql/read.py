"""The parser's tree and the tokens of its text, walked side by side: the tree says what belongs together, the tokens
say where it stands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import promql_parser as p

from truegauge_spec.promql.cursor import Cursor, Lost, Refused, unquoted
from truegauge_spec.promql.scan import Token, number_value
from truegauge_spec.promql.syntax import (
    Aggregate,
    Binary,
    Call,
    Group,
    Matcher,
    Node,
    Number,
    Paren,
    Range,
    Selector,
    Shift,
    String,
    Subquery,
    Unary,
)


def read(tree: Any, tokens: list[Token]) -> Node:
    """The whole expression. Raises Lost and Refused."""
    reader = _Reader(tokens)
    node = reader.node(tree)
    if reader.next.kind != "end":
        raise Lost
    return node


class _Reader(Cursor):
    def node(self, tree: Any) -> Node:
        # The parser drops a plus sign.
        while self.next.text == "+":
            self.take()
        return _READERS[type(tree)](self, tree)

    def number(self, tree: Any) -> Number:
        start = self.next.start
        while self.next.text in ("+", "-"):
            self.take()
        token = self.take()
        if token.kind not in ("number", "duration", "name"):
            raise Lost
        sign = -1 if tree.val < 0 else 1
        return Number((start, token.end), sign * number_value(token.text), token.kind == "duration")

    def string(self, tree: Any) -> String:
        token = self.take()
        if token.kind != "string":
            raise Lost
        return String((token.start, token.end), tree.val)

    def paren(self, tree: Any) -> Paren:
        start = self.take("(").start
        inner = self.node(tree.expr)
        return Paren((start, self.take(")").end), inner)

    def unary(self, tree: Any) -> Unary:
        start = self.take("-").start
        inner = self.node(tree.expr)
        return Unary((start, inner.span[1]), inner)

    def selector(self, tree: Any) -> Selector:
        bare = self.bare_selector(tree)
        shift = self.shift()
        return Selector((bare.span[0], self.last), bare.name, bare.name_span, bare.matchers, shift)

    def bare_selector(self, tree: Any) -> Selector:
        start, name = self.next.start, None
        if self.next.kind == "name":
            name = self.take().text
        name_span = (start, self.last) if name else (start, start)
        found = self.matchers([m.value for m in tree.matchers.matchers]) if self.next.text == "{" else ()
        if name is None:
            named = [m for m in found if m.label == "__name__" and m.op == "="]
            if named:
                name, name_span = named[0].value, named[0].span
                found = tuple(m for m in found if m is not named[0])
        return Selector((start, self.last), name, name_span, found, Shift())

    def matchers(self, values: list[str]) -> tuple[Matcher, ...]:
        self.take("{")
        # A name in quotes comes last in the tree, wherever it is written.
        found: list[Matcher] = []
        named: list[Matcher] = []
        while not self.skip("}"):
            label = self.take()
            if self.next.text in ("=", "!=", "=~", "!~"):
                op = self.take().text
                value = self.take()
                found.append(Matcher(unquoted(label.text), op, "", (label.start, value.end)))
            else:
                named.append(Matcher("__name__", "=", unquoted(label.text), (label.start, label.end)))
            if self.next.word == "or":
                raise Refused("`or` within {} is not known to Prometheus", (self.next.start, self.next.end))
            self.skip(",")
        if len(found) + len(named) != len(values):
            raise Lost
        own = values if not named else _without_one(values, named[0].value)
        return (*named, *(m._replace(value=value) for m, value in zip(found, own, strict=True)))

    def range(self, tree: Any) -> Range:
        inner = self.bare_selector(tree.vector_selector)
        window = self.window()
        shift = self.shift()
        span = (inner.span[0], self.last)
        return Range(span, Selector(inner.span, inner.name, inner.name_span, inner.matchers, shift), window)

    def subquery(self, tree: Any) -> Subquery:
        inner = self.node(tree.expr)
        window = self.window()
        shift = self.shift()
        return Subquery((inner.span[0], self.last), inner, window, shift)

    def call(self, tree: Any) -> Call:
        name = self.take()
        arguments: list[Node] = []
        self.take("(")
        for argument in tree.args:
            arguments.append(self.node(argument))
            self.skip(",")
        return Call((name.start, self.take(")").end), name.text, (name.start, name.end), tuple(arguments))

    def aggregate(self, tree: Any) -> Aggregate:
        op = self.take()
        grouping = self.grouping("by", "without")
        self.take("(")
        param = None
        if tree.param is not None:
            param = self.node(tree.param)
            self.take(",")
        inner = self.node(tree.expr)
        self.skip(",")
        end = self.take(")").end
        if grouping is None:
            grouping = self.grouping("by", "without")
            end = grouping.span[1] if grouping else end
        return Aggregate((op.start, end), op.word, (op.start, op.end), inner, param, grouping)

    def binary(self, tree: Any) -> Binary:
        left = self.node(tree.lhs)
        op = self.take()
        is_bool = self.skip("bool")
        matching = self.grouping("on", "ignoring")
        group = None
        if self.next.word in ("group_left", "group_right"):
            word = self.take()
            labels = self.names() if self.next.text == "(" and self._names_follow(tree) else ()
            group = Group(word.word.removeprefix("group_"), labels, (word.start, self.last))
        if self.next.word.startswith("fill") and tree.modifier is not None:
            filled = tree.modifier.fill_values
            if filled.lhs is not None or filled.rhs is not None:
                raise Refused(f"`{self.next.text}` is not known to Prometheus 3.5", (self.next.start, self.next.end))
        right = self.node(tree.rhs)
        text = op.word or op.text
        return Binary((left.span[0], right.span[1]), text, (op.start, op.end), left, right, is_bool, matching, group)

    def _names_follow(self, tree: Any) -> bool:
        """Whether `(` behind `group_left` opens its labels, and not the right side: then a second thing follows."""
        if tree.modifier.group_labels:
            return True
        return self.tokens[self.place + 1].text == ")"


def _without_one(values: list[str], value: str) -> list[str]:
    if value not in values:
        raise Lost
    place = len(values) - 1 - values[::-1].index(value)
    return values[:place] + values[place + 1 :]


_READERS: dict[type, Callable[[_Reader, Any], Node]] = {
    p.NumberLiteral: _Reader.number,
    p.StringLiteral: _Reader.string,
    p.ParenExpr: _Reader.paren,
    p.UnaryExpr: _Reader.unary,
    p.VectorSelector: _Reader.selector,
    p.MatrixSelector: _Reader.range,
    p.SubqueryExpr: _Reader.subquery,
    p.Call: _Reader.call,
    p.AggregateExpr: _Reader.aggregate,
    p.BinaryExpr: _Reader.binary,
}
