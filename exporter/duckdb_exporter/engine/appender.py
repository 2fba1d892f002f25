"""The instrumented appender: each flush is one INSERT into its table."""

from __future__ import annotations

from collections import deque
from time import perf_counter
from typing import Any

import duckdb

from .recorder import Event
from .statements import Statement
from .transactions import Transaction


class Appender:
    """A `duckdb.Appender`; the time of appending rows counts towards the flush that writes them."""

    def __init__(
        self, raw: duckdb.Appender, statement: Statement, events: deque[Event], transaction: Transaction
    ) -> None:
        self._raw = raw
        self._statement = statement
        self._events = events
        self._transaction = transaction
        self._busy = 0.0

    def append_row(self, *args: Any, **kwargs: Any) -> Any:
        """See `duckdb.Appender.append_row`."""
        return self._timed(self._raw.append_row, False, args, kwargs)

    def append_rows(self, *args: Any, **kwargs: Any) -> Any:
        """See `duckdb.Appender.append_rows`."""
        return self._timed(self._raw.append_rows, False, args, kwargs)

    def flush(self, *args: Any, **kwargs: Any) -> Any:
        """See `duckdb.Appender.flush`."""
        return self._timed(self._raw.flush, True, args, kwargs)

    def __enter__(self) -> Appender:
        self._raw.__enter__()
        return self

    def __exit__(self, *exception: Any) -> Any:
        return self._timed(self._raw.__exit__, True, exception, {})

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)

    def _timed(self, method: Any, flushes: bool, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        started = perf_counter()
        try:
            return method(*args, **kwargs)
        except duckdb.Error:
            flushes = True
            self._transaction.failed((), started, perf_counter())
            raise
        finally:
            ended = perf_counter()
            self._busy += ended - started
            if flushes:
                self._events.append((self._statement, self._busy, ended))
                self._busy = 0.0
