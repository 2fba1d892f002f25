"""The tokens of an expression and where they stand; the parser itself keeps no positions."""

from __future__ import annotations

import re
from typing import NamedTuple

Span = tuple[int, int]
"""Where something begins and ends in the expression's text, in characters."""

STRING = r'"(?:[^"\\\n]|\\.)*"' + r"|'(?:[^'\\\n]|\\.)*'" + r"|`[^`]*`"
# A name may have colons, but not within `[5m:1m]`.
_PATTERN = r"""
  (?P<space>\s+|\#[^\n]*)
| (?P<string>{STRING})
| (?P<duration>(?:[0-9]+(?:ms|[smhdwy]))+(?![\w.]))
| (?P<number>(?:0[xX][0-9a-fA-F_]+|(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9]+)(?:[eE][+-]?[0-9][0-9_]*)?)(?!\w))
| (?P<name>{NAME})
| (?P<variable>\$\w+|\$\{{\w+(?::\w+)?\}})
| (?P<operator>=~|!~|==|!=|<=|>=|[-+*/%^<>=])
| (?P<mark>[(){{}}\[\],:@])
| (?P<unknown>.)
"""
_OUTSIDE, _WITHIN = (
    re.compile(_PATTERN.format(STRING=STRING, NAME=name), re.VERBOSE | re.DOTALL)
    for name in (r"[a-zA-Z_:][a-zA-Z0-9_:]*", r"[a-zA-Z_][a-zA-Z0-9_]*")
)
_DURATION_PART = re.compile(r"([0-9]+)(ms|[smhdwy])")
_WORTH = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000, "y": 31_536_000_000}


class Token(NamedTuple):
    """One token; `kind` is the name of its group in the pattern above, or `end`."""

    kind: str
    text: str
    start: int
    end: int

    @property
    def word(self) -> str:
        """The text of a name in lower case, as keywords are read; else empty."""
        return self.text.lower() if self.kind == "name" else ""


def scan(text: str) -> list[Token]:
    """Every token but space and comments, and one of the kind `end`."""
    tokens: list[Token] = []
    place, pattern = 0, _OUTSIDE
    while match := pattern.match(text, place):
        kind, place = match.lastgroup, match.end()
        if kind == "space":
            continue
        assert kind is not None
        found = Token(kind, match.group(), match.start(), place)
        tokens.append(found)
        if found.text in ("[", "]"):
            pattern = _WITHIN if found.text == "[" else _OUTSIDE
    tokens.append(Token("end", "", len(text), len(text)))
    return tokens


def duration_milliseconds(written: str) -> int:
    """What `1h30m`, or a plain number of seconds, is worth in milliseconds."""
    parts = _DURATION_PART.findall(written)
    if parts:
        return sum(int(count) * _WORTH[unit] for count, unit in parts)
    return round(min(number_value(written), 1e15) * 1000)


def number_value(written: str) -> float:
    """What a number is worth: `1_000`, `0x1F`, `1e3`, `5m` in seconds, `Inf`, `NaN`."""
    if written[:2] in ("0x", "0X"):
        return float(int(written.replace("_", ""), 16))
    if _DURATION_PART.match(written):
        return duration_milliseconds(written) / 1000
    return float(written.replace("_", ""))
