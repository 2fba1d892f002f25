"""PromQL as it is compared: without its layout, and a rule's expression without its threshold and windows."""

from __future__ import annotations

from decimal import Decimal

from truegauge_spec.promql.parse import KEYWORDS
from truegauge_spec.promql.scan import Token, number_value, scan
from truegauge_spec.promql.syntax import COMPARISONS, SET_OPERATORS
from truegauge_spec.quantities import numeral

WINDOW = "…"


def spelled(expr: str) -> str:
    """The expression in one line, in one way of setting spaces; text that is no PromQL keeps its own."""
    return _joined(scan(expr)[:-1])


def read_rule_expression(expr: str) -> dict[str, str]:
    """What a rule compares: `expr` and its `window`; of `x > 100` the `comparison` and the `threshold` too."""
    tokens = scan(expr)[:-1]
    limit = _limit(tokens)
    value, windows = _without_windows(tokens[: len(tokens) - limit] if limit else tokens)
    said = {"expr": _joined(value)}
    if windows:
        said["window"] = ", ".join(windows)
    if limit:
        operator, *number = tokens[-limit:]
        worth = Decimal(repr(number_value(number[-1].text))).normalize()
        sign = "-" if number[0].text == "-" else ""
        said |= {"comparison": operator.text, "threshold": f"{sign}{numeral(worth)}"}
    return said


def _limit(tokens: list[Token]) -> int:
    """How many tokens at the end compare the whole rest with a number; 0 where they do not."""
    depth, outermost = 0, set()
    for token in tokens:
        depth += (token.text in ("(", "[", "{")) - (token.text in (")", "]", "}"))
        if depth == 0:
            outermost.add(token.word)
    if outermost & SET_OPERATORS or not tokens or tokens[-1].kind != "number":
        return 0
    for length in (2, 3):
        operator = tokens[-length] if len(tokens) > length else None
        if operator is not None and operator.text in COMPARISONS and (length == 2 or tokens[-2].text in "+-"):
            return length
    return 0


def _without_windows(tokens: list[Token]) -> tuple[list[Token], list[str]]:
    """The tokens with one sign in place of each window, and the windows."""
    kept: list[Token] = []
    windows: list[str] = []
    within: list[Token] | None = None
    for token in tokens:
        if token.text == "]" and within is not None:
            windows.append("".join(part.text for part in within))
            kept.append(Token("duration", WINDOW, token.start, token.end))
            within = None
        if within is None:
            kept.append(token)
        else:
            within.append(token)
        if token.text == "[":
            within = []
    return [*kept, *(within or ())], windows


def _joined(tokens: list[Token]) -> str:
    text, before, braces = "", None, 0
    for token in tokens:
        braces -= token.text == "}"
        if before is not None and _apart(before, token, braces > 0):
            text += " "
        text += token.text
        braces += token.text == "{"
        before = token
    return text


def _apart(before: Token, token: Token, in_braces: bool) -> bool:
    if token.text in (")", "]", "}", ",", "[", ":") or before.text in ("(", "[", "{", ":"):
        return False
    if token.text in ("(", "{"):
        return before.kind != "name" or (token.text == "(" and before.word in KEYWORDS)
    return not (in_braces and before.text != ",")
