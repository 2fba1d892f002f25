"""DuckDB's own parser, on a private connection."""

from __future__ import annotations

import threading

import duckdb

from .forked import keep


class Parser:
    """Says the engine's type of each statement in a text.

    On a connection of its own, opened by the first text: the application's may be at work, which the parser then
    refuses (ResourceInUseException), and parsing needs no catalog.
    """

    def __init__(self) -> None:
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._lock = threading.RLock()  # a signal's handler may run a query within a query

    def __call__(self, sql: str) -> list[str] | None:
        """Members of `duckdb.StatementType` by name, None for a text that is no SQL."""
        with self._lock:
            if self._connection is None:
                self._connection = duckdb.connect(config={"threads": 1})
            try:
                parsed = self._connection.extract_statements(sql)
            except (duckdb.Error, TypeError, UnicodeError):
                return None
        return [statement.type.name for statement in parsed]

    def forked(self) -> None:
        """In a forked child: leave the connection to the parent."""
        keep(self._connection)

    def close(self) -> None:
        """Close the connection; another text opens one again."""
        with self._lock:
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.close()
