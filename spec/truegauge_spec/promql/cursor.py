"""A place among the tokens of an expression, and what is read without the parser's tree."""

from __future__ import annotations

from truegauge_spec.promql.scan import Span, Token, duration_milliseconds
from truegauge_spec.promql.syntax import Grouping, Name, Shift, Window


class Lost(Exception):
    """Tree and tokens do not go together."""


class Refused(Exception):
    """The parser takes what Prometheus 3.5 refuses."""

    def __init__(self, message: str, span: Span) -> None:
        super().__init__(message)
        self.message, self.span = message, span


class Cursor:
    """Reads tokens one after the other; raises Lost where another one is there than was expected."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens, self.place = tokens, 0

    @property
    def next(self) -> Token:
        """The token to come."""
        return self.tokens[self.place]

    @property
    def last(self) -> int:
        """Where the token before ends."""
        return self.tokens[self.place - 1].end

    def take(self, *texts: str) -> Token:
        """The token to come, which is one of `texts` if any are given."""
        token = self.tokens[self.place]
        if token.kind == "end" or (texts and token.text not in texts and token.word not in texts):
            raise Lost
        self.place += 1
        return token

    def skip(self, *texts: str) -> bool:
        """Take the token to come if it is one of `texts`."""
        token = self.tokens[self.place]
        found = token.kind != "end" and (token.text in texts or token.word in texts)
        self.place += found
        return found

    def window(self) -> Window:
        """`[5m]` or `[5m:1m]`."""
        start = self.take("[").start
        length, step = self.duration(), None
        if self.skip(":") and self.next.text != "]":
            step = self.duration()
        return Window(length, step, (start, self.take("]").end))

    def duration(self) -> int | None:
        """Milliseconds; None for a variable of a dashboard."""
        sign = -1 if self.skip("-") else 1
        self.skip("+")
        token = self.take()
        if token.kind == "variable":
            return None
        if token.kind not in ("duration", "number"):
            raise Lost
        return sign * duration_milliseconds(token.text)

    def shift(self) -> Shift:
        """`offset` and `@`, in any order."""
        offset, fixed, start = 0, False, self.next.start
        while True:
            if self.skip("offset"):
                offset = self.duration() or 0
            elif self.skip("@"):
                if self.next.kind == "name" and self.next.word in ("start", "end"):
                    for _ in range(3):
                        self.take()
                else:
                    fixed = True
                    self.skip("-", "+")
                    self.take()
            else:
                return Shift(offset, fixed, (start, self.last)) if self.last > start else Shift()

    def grouping(self, keeps: str, drops: str) -> Grouping | None:
        """The labels behind one of two keywords; None where neither is there."""
        if self.next.word not in (keeps, drops):
            return None
        word = self.take()
        return Grouping(word.word == keeps, self.names(), (word.start, self.last))

    def names(self) -> tuple[Name, ...]:
        """Labels in parentheses."""
        self.take("(")
        found: list[Name] = []
        while not self.skip(")"):
            token = self.take()
            found.append(Name(unquoted(token.text), (token.start, token.end)))
            self.skip(",")
        return tuple(found)


def unquoted(text: str) -> str:
    """A label's name without quotes."""
    return text[1:-1] if text[0] in "\"'`" else text
