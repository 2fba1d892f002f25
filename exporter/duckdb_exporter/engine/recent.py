"""Two small memories: the answers to the latest texts, and the shape that texts share which differ in literals."""

from __future__ import annotations

import re
from typing import Generic, TypeVar

Answer = TypeVar("Answer")

# Where quotes, dollars, backslashes or comments stand, a literal is not told apart by a pattern alone.
_UNSURE = re.compile(r"[$\\]|--|/\*")
_LITERAL = re.compile(r"'(?:[^']|'')*'|(?<![\w.])[0-9]+(?:\.[0-9]+)?(?!\w)")
_LITERAL_OR_NAME = re.compile(rf'("[^"]*")|{_LITERAL.pattern}')


class Recent(Generic[Answer]):
    """Keeps the last `size` keys that were asked for, and at most twice as many.

    `young` may be read directly, which costs one look-up and finds every key that is asked for often.
    """

    def __init__(self, size: int) -> None:
        self.young: dict[object, Answer] = {}
        self._old: dict[object, Answer] = {}
        self._size = size

    def find(self, key: object) -> Answer | None:
        """The answer to this key, None when it is not known (any more)."""
        found = self.young.get(key)
        if found is None and (found := self._old.get(key)) is not None:
            self.keep(key, found)
        return found

    def keep(self, key: object, answer: Answer) -> None:
        """Remember an answer."""
        if len(self.young) >= self._size:
            self._old = self.young.copy()
            self.young.clear()  # in place: others hold it
        self.young[key] = answer

    def clear(self) -> None:
        """Forget everything."""
        self._old = {}
        self.young.clear()


def shape(sql: str) -> str | None:
    """The text with `?` for each number and string, None when they cannot be told apart surely.

    Texts of one shape have the same types and tables: `SELECT * FROM trades WHERE id = 7` and `… = 8`.
    """
    if _UNSURE.search(sql):
        return None
    if '"' in sql:
        return _LITERAL_OR_NAME.sub(lambda found: found[1] or "?", sql)
    return _LITERAL.sub("?", sql)
