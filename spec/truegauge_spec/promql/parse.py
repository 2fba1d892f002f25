"""An expression's text to nodes with spans, or to what is wrong with it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

import promql_parser

from truegauge_spec.names import nearest
from truegauge_spec.promql.aggregations import AGGREGATIONS
from truegauge_spec.promql.cursor import Lost, Refused
from truegauge_spec.promql.functions import FUNCTIONS
from truegauge_spec.promql.locate import BETWEEN, INFIX_WORDS, locate
from truegauge_spec.promql.read import read
from truegauge_spec.promql.scan import Span, Token, scan
from truegauge_spec.promql.syntax import Node, Unread

# The parser's own stack overflows at some thousand levels, and takes the process with it.
DEEPEST = 200
KEYWORDS = BETWEEN | INFIX_WORDS
_WORDED = (
    ("expected type matrix in call", "this call takes a range vector, as x[5m]"),
    ("expected type vector in call", "this call takes an instant vector, without [5m]"),
    ("comparisons between scalars must use BOOL modifier", "two numbers are compared with `bool`, as 1 > bool 2"),
    ("no expression found in input", "there is no expression"),
    ("invalid promql query", "this is not expected here"),
)


def unknown_name(name: str, known: Iterable[str]) -> str:
    """What to say of a function or aggregation that Prometheus 3.5 does not have."""
    return f"Prometheus 3.5 has no function {name!r}{nearest(name, known)}"


class Fault(NamedTuple):
    """Why a text is no expression, and where."""

    message: str
    span: Span


def parse(text: str, variables: bool = False) -> Node | Fault:
    """The expression's node. `variables` lets a dashboard's variable stand for a duration, as `[$__rate_interval]`.

    It takes what Prometheus 3.5 takes: not the fill modifiers, functions and alternatives within `{}` of later ones.
    """
    tokens = scan(text)
    if (deep := _depth(tokens)) > DEEPEST:
        return Fault(f"{deep} nested operators and brackets; split the expression by recording rules", (0, len(text)))
    try:
        tree = promql_parser.parse(_readable(text, tokens, variables))
    except ValueError as error:
        if (unknown := next(_unknown_functions(tokens), None)) is not None:
            return unknown
        message = str(error)
        span = locate(text, tokens, message)
        return Fault(next((words for start, words in _WORDED if message.startswith(start)), message), span)
    try:
        return read(tree, tokens)
    except Refused as refused:
        return Fault(refused.message, refused.span)
    except (Lost, RecursionError):
        return Unread((0, len(text)))


def _unknown_functions(tokens: list[Token]) -> Iterator[Fault]:
    """The names before a parenthesis that are no function, aggregation or keyword."""
    for token, after in pairwise(tokens):
        is_call = token.kind == "name" and after.text == "(" and token.word not in KEYWORDS
        if is_call and token.text not in FUNCTIONS and token.word not in AGGREGATIONS:
            yield Fault(unknown_name(token.text, (*FUNCTIONS, *AGGREGATIONS)), (token.start, token.end))


def _depth(tokens: list[Token]) -> int:
    """At least as many levels as the tree has."""
    brackets = deepest = 0
    for token in tokens:
        brackets += (token.text in "([{" and token.kind == "mark") - (token.text in ")]}" and token.kind == "mark")
        deepest = max(deepest, brackets)
    return deepest + sum(token.kind == "operator" or token.word in ("and", "or", "unless", "atan2") for token in tokens)


def _readable(text: str, tokens: list[Token], variables: bool) -> str:
    """The text with what Prometheus takes and the parser does not: `1_000`, and backslashes in raw strings."""
    pieces, place = [], 0
    for token in tokens:
        if token.kind == "number" and "_" in token.text:
            better = token.text.replace("_", "")
        elif token.kind == "string" and token.text[0] == "`" and "\\" in token.text:
            better = json.dumps(token.text[1:-1], ensure_ascii=False)
        elif token.kind == "variable" and variables:
            better = "5m"
        else:
            continue
        pieces += [text[place : token.start], better]
        place = token.end
    return "".join((*pieces, text[place:])) if pieces else text
