"""Where a syntax error stands: the parser's messages have no position."""

from __future__ import annotations

import re
from collections.abc import Iterator

import promql_parser

from truegauge_spec.promql.scan import Span, Token

_PAIRS = {")": "(", "]": "[", "}": "{"}
_NAMED = re.compile(r"""(?:name|identifier|character|syntax|label)[:]? ['"]?([^'"\s]+)['"]?""")
INFIX_WORDS = frozenset({"and", "or", "unless", "atan2"})
BETWEEN = frozenset({"bool", "on", "ignoring", "group_left", "group_right", "by", "without", "offset"})


def locate(text: str, tokens: list[Token], message: str) -> Span:
    """The best span for the parser's `message`; the whole text where nothing better is known."""
    for found in (_unreadable(tokens), _unbalanced(tokens), _named(tokens, message)):
        if found:
            return found
    if message.startswith("invalid promql query"):
        return _unexpected(tokens) or (0, len(text))
    return _smallest(text, tokens, message) or (0, len(text))


def _unreadable(tokens: list[Token]) -> Span | None:
    return next(((t.start, t.end) for t in tokens if t.kind in ("unknown", "variable")), None)


def _unbalanced(tokens: list[Token]) -> Span | None:
    opened: list[Token] = []
    for token in tokens:
        if token.kind == "mark" and token.text in "([{":
            opened.append(token)
        elif token.kind == "mark" and token.text in _PAIRS and (not opened or opened.pop().text != _PAIRS[token.text]):
            return token.start, token.end
    return (opened[-1].start, opened[-1].end) if opened else None


def _named(tokens: list[Token], message: str) -> Span | None:
    match = _NAMED.search(message)
    if match is None:
        return None
    return next(((t.start, t.end) for t in tokens if t.text and match.group(1) == t.text), None)


def _unexpected(tokens: list[Token]) -> Span | None:
    """The first token that stands where an operand or an operator cannot."""
    operand = False
    for before, token in zip((None, *tokens), tokens, strict=False):
        is_operand = token.kind in ("number", "duration", "string") or (
            token.kind == "name" and token.word not in INFIX_WORDS | BETWEEN
        )
        infix = (token.kind == "operator" and token.text not in "+-") or token.word in INFIX_WORDS
        after_word = before is not None and before.word in BETWEEN
        if (is_operand and operand and not after_word) or (infix and not operand and token.text not in ("=", "=~")):
            return token.start, token.end
        if token.kind == "end" or (token.text == ")" and not operand and before is not None and before.text != "("):
            return (before.start, before.end) if before is not None and not operand else (token.start, token.end)
        operand = is_operand or token.text in (")", "]", "}")
    return None


def _smallest(text: str, tokens: list[Token], message: str) -> Span | None:
    """The shortest call or parenthesis that is wrong in the same way when it stands alone."""
    for start, end in sorted(_pieces(tokens), key=lambda span: span[1] - span[0])[:50]:
        try:
            promql_parser.parse(text[start:end])
        except ValueError as error:
            if str(error) == message:
                return start, end
    return None


def _pieces(tokens: list[Token]) -> Iterator[Span]:
    opened: list[int] = []
    for place, token in enumerate(tokens):
        if token.text == "(" and token.kind == "mark":
            opened.append(place)
        elif token.text == ")" and token.kind == "mark" and opened:
            start = opened.pop()
            yield tokens[start].end, token.start
            yield tokens[start - 1 if start and tokens[start - 1].kind == "name" else start].start, token.end
