"""What a statement is: its type, the declared tables it touches, and whether it begins or ends a transaction.

The type is what the engine's parser says. `get_table_names()` raises for UPDATE, DELETE, MERGE and any parameter
(DuckDB 2.0.0), so tables are read from the words. A SELECT names every declared table that stands where a table can
stand, also behind views. A statement that changes data names its target only, and so does a WITH that changes data,
which the parser takes for a SELECT.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .kinds import Statement
from .parser import Parser
from .recent import Recent, shape
from .tables import mentioned, target
from .tokens import statements, words

CACHE_SIZE = 1024
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
UNKNOWN = Statement("OTHER")
CHECKPOINT = Statement("OTHER", meets_polls=True)
CONTROL = {verb: Statement("OTHER", verbs=(verb,)) for verb in _VERBS.values()}


class Classifier:
    """Classifies texts against a set of declared tables; `known` holds the latest answers."""

    def __init__(self, tables: Iterable[str], parser: Parser) -> None:
        self._declared: dict[str, tuple[str, ...]] = {table.lower(): (table,) for table in tables}
        self._tables = dict(self._declared)  # what each name stands for
        self._views: Mapping[str, str] = {}
        self._parse = parser
        self._texts = Recent[Statement](CACHE_SIZE)
        self._shapes = Recent[Statement](CACHE_SIZE)
        self.known = self._texts.young

    def __call__(self, query: object) -> Statement:
        """The statement of a text or of a `duckdb.Statement`; `UNKNOWN` for what is neither."""
        sql = query if isinstance(query, str) else getattr(query, "query", None)
        if not isinstance(sql, str):
            return UNKNOWN
        if len(sql) > _CACHED_LENGTH:
            return self._classify(sql, None)
        found = self._texts.find(sql)
        if found is None:
            key = shape(sql)
            found = None if key is None else self._shapes.find(key)
            if found is None:
                found = self._classify(sql, self._parse(sql))
                if key is not None:
                    self._shapes.keep(key, found)
            self._texts.keep(sql, found)
        return found

    def follow(self, views: Mapping[str, str]) -> None:
        """See the tables behind these views, given as the text of each."""
        if views == self._views:
            return
        self._views = views
        said = {name.lower(): words(text) for name, text in views.items()}
        tables = dict(self._declared)
        for _ in said:  # a view of views takes another round
            for name, text in said.items():
                if name not in self._declared and (found := _behind(text, tables)):
                    tables[name] = found
        self._tables = tables
        self._texts.clear()
        self._shapes.clear()

    def _classify(self, sql: str, types: list[str] | None) -> Statement:
        try:
            texts = statements(sql)
        except (TypeError, UnicodeError):
            return UNKNOWN
        known = types if types is not None and len(types) == len(texts) else [""] * len(texts)
        parts = [self._classify_one(text, type_) for text, type_ in zip(texts, known, strict=True)]
        if len(parts) == 1:
            return parts[0]
        # One call, one time: a text of several statements has a type only if they agree.
        timed = [part for part in parts if not part.verbs]
        kinds = {part.query_type for part in timed}
        return Statement(
            kinds.pop() if len(kinds) == 1 else "OTHER",
            tuple(dict.fromkeys(table for part in timed for table in part.tables)),
            streams=parts[-1].streams if parts else False,
            verbs=tuple(verb for part in parts for verb in part.verbs),
            prepares=tuple(pair for part in parts for pair in part.prepares),
            detaches=any(part.detaches for part in parts),
        )

    def _classify_one(self, text: list[str], parsed: str) -> Statement:
        start = next((index for index, word in enumerate(text) if word != "("), 0)
        main, index = _main(text, start) if text[start] == "with" else (text[start], start)
        if main in _VERBS:
            return Statement("OTHER", verbs=(_VERBS[main],))
        if main == "execute":
            return Statement("OTHER", streams=True, executes=text[start + 1] if start + 1 < len(text) else "")
        if main == "prepare" and "as" in text[:-1]:
            prepared = self._classify_one(text[text.index("as") + 1 :], "")
            return Statement("OTHER", prepared.tables, prepares=((text[start + 1], prepared),))
        streams = main in _STREAMS
        if index != start and streams:
            main, index = _changing_part(text, start) or (main, index)
        tables = self._tables.get(target(text, index), ()) if main in _CHANGES else _behind(text, self._tables)
        # A change within a WITH is a SELECT for the parser, and a PIVOT several statements.
        by_words = parsed in ("", "MULTI") or (parsed == "SELECT" and main in _CHANGES)
        query_type = _TYPES.get(main, "OTHER") if by_words else _LABELS.get(parsed, "OTHER")
        meets_polls = main == "checkpoint" or text[start : start + 2] == ["call", "checkpoint"]
        return Statement(query_type, tables, streams=streams, meets_polls=meets_polls, detaches=main == "detach")


_LABELS = {name: name for name in ("SELECT", "INSERT", "UPDATE", "DELETE")}


def _behind(text: list[str], tables: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The declared tables that a text mentions, by their own names or behind those of views."""
    return tuple(dict.fromkeys(table for name in mentioned(text, tables) for table in tables[name]))


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
