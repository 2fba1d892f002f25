"""What a statement is: its type, the declared tables it touches, and whether it begins or ends a transaction.

`get_table_names()` raises for UPDATE, DELETE, MERGE and any parameter (DuckDB 2.0.0), so tables are read from the
words. A SELECT names every declared table that stands where a table can stand; views are not followed. A statement
that changes data names its target only.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from .tables import mentioned, target
from .tokens import words

CACHE_SIZE = 2048
_CACHED_LENGTH = 16_384  # characters; longer texts carry literals and do not come twice

_READS = "select from values table describe desc show summarize pivot unpivot"
_TYPES = {
    **dict.fromkeys(_READS.split(), "SELECT"),
    "insert": "INSERT",
    "update": "UPDATE",
    "delete": "DELETE",
    "truncate": "DELETE",
}
_CHANGES = ("insert", "update", "delete", "truncate", "merge")
_MAIN = frozenset(("select", "from", "values", "table", *_CHANGES))
_STREAMS = frozenset((*_READS.split(), "execute", "call"))
_VERBS = {
    "begin": "BEGIN",
    "start": "BEGIN",
    "commit": "COMMIT",
    "end": "COMMIT",
    "rollback": "ROLLBACK",
    "abort": "ROLLBACK",
}


class Statement(NamedTuple):
    """A text given to `execute`, in the words of the labels.

    `streams`: its rows are computed while they are fetched, not inside `execute`. `verbs`: BEGIN, COMMIT and ROLLBACK
    in the order in which the text has them.
    """

    query_type: str
    tables: tuple[str, ...]
    streams: bool
    verbs: tuple[str, ...]


UNKNOWN = Statement("OTHER", (), False, ())
CONTROL = {verb: Statement("OTHER", (), False, (verb,)) for verb in _VERBS.values()}


class Classifier:
    """Classifies texts against a set of declared tables; `known` holds the latest answers."""

    def __init__(self, tables: Iterable[str]) -> None:
        self._tables = {table.lower(): table for table in tables}
        self._interned: dict[Statement, Statement] = {}
        self.known: dict[object, Statement] = {}

    def __call__(self, query: object) -> Statement:
        """The statement of a text or of a `duckdb.Statement`; `UNKNOWN` for what is neither."""
        sql = query if isinstance(query, str) else getattr(query, "query", None)
        if not isinstance(sql, str):
            return UNKNOWN
        found = self.known.get(sql)
        if found is None:
            try:
                found = self._classify(words(sql))
            except (TypeError, UnicodeError):
                found = UNKNOWN
            found = self._interned.setdefault(found, found)
            if len(sql) <= _CACHED_LENGTH:
                if len(self.known) >= CACHE_SIZE:
                    self.known.pop(next(iter(self.known), None), None)
                self.known[sql] = found
        return found

    def _classify(self, text: list[str]) -> Statement:
        parts = [self._classify_one(part) for part in _split(text)]
        if len(parts) == 1:
            return parts[0]
        # One call, one time: a text of several statements has a type only if they agree.
        timed = [part for part in parts if not part.verbs]
        types = {part.query_type for part in timed}
        return Statement(
            types.pop() if len(types) == 1 else "OTHER",
            tuple(dict.fromkeys(table for part in timed for table in part.tables)),
            parts[-1].streams if parts else False,
            tuple(verb for part in parts for verb in part.verbs),
        )

    def _classify_one(self, text: list[str]) -> Statement:
        start = next((index for index, word in enumerate(text) if word != "("), 0)
        main, index = _main(text, start) if text[start] == "with" else (text[start], start)
        if main in _VERBS:
            return Statement("OTHER", (), False, (_VERBS[main],))
        streams = main in _STREAMS
        if index != start and streams:
            main, index = _changing_part(text, start) or (main, index)
        if main in _CHANGES:
            name = self._tables.get(target(text, index))
            tables: tuple[str, ...] = () if name is None else (name,)
        else:
            tables = tuple(self._tables[name] for name in mentioned(text, self._tables))
        return Statement(_TYPES.get(main, "OTHER"), tables, streams, ())


def _split(text: list[str]) -> list[list[str]]:
    parts: list[list[str]] = [[]]
    for word in text:
        if word == ";":
            parts.append([])
        else:
            parts[-1].append(word)
    return [part for part in parts if part]


def _main(text: list[str], start: int) -> tuple[str, int]:
    """The statement that a WITH at `start` leads to, and its index."""
    depth = 0
    for index in range(start, len(text)):
        word = text[index]
        depth += (word == "(") - (word == ")")
        if depth == 0 and word in _MAIN:
            return word, index
    return "with", start


def _changing_part(text: list[str], start: int) -> tuple[str, int] | None:
    """The first INSERT, UPDATE, DELETE or MERGE that is a part of a WITH (new in DuckDB 2.0), and its index."""
    for index in range(start + 2, len(text)):
        if text[index] in _CHANGES and text[index - 1] == "(" and text[index - 2] in ("as", "materialized"):
            return text[index], index
    return None
