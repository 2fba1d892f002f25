"""The instrumented appender: each flush is one INSERT into its table."""

from __future__ import annotations

from time import perf_counter
from typing import Any

import duckdb

from .activity import Activity
from .kinds import Kind, Statement
from .recorder import Append
from .transactions import Transaction


class Appender:
    """A `duckdb.Appender`; the time of appending rows counts towards the flush that writes them."""

    def __init__(
        self,
        raw: duckdb.Appender,
        statement: Statement,
        append: Append,
        transaction: Transaction,
        activity: Activity,
    ) -> None:
        self._raw = raw
        self._statement = statement
        self._append = append
        self._transaction = transaction
        self._activity = activity
        self._busy = 0.0

    def append_row(self, *args: Any, **kwargs: Any) -> Any:
        """See `duckdb.Appender.append_row`."""
        return self._timed(self._raw.append_row, None, args, kwargs)

    def append_rows(self, *args: Any, **kwargs: Any) -> Any:
        """See `duckdb.Appender.append_rows`."""
        return self._timed(self._raw.append_rows, None, args, kwargs)

    def flush(self, *args: Any, **kwargs: Any) -> Any:
        """See `duckdb.Appender.flush`."""
        return self._timed(self._raw.flush, self._statement.ok, args, kwargs)

    def __enter__(self) -> Appender:
        self._raw.__enter__()
        return self

    def __exit__(self, *exception: Any) -> Any:
        kind = self._statement.ok if exception[0] is None else self._statement.left  # an exception drops the rows
        return self._timed(self._raw.__exit__, kind, exception, {})

    @property  # type: ignore[misc]
    def __class__(self) -> type[Any]:
        return duckdb.Appender

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)

    def _timed(self, method: Any, ends_as: Kind | None, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        activity = self._activity
        activity.running = started = perf_counter()
        try:
            result = method(*args, **kwargs)
        except BaseException as error:
            ended = perf_counter()
            if isinstance(error, duckdb.Error):
                self._note(self._statement.failed(error), started, ended)
                self._transaction.failed((), error, started, ended)
            raise
        finally:
            activity.running = 0.0
        ended = perf_counter()
        if ends_as is not None:
            self._note(ends_as, started, ended)
        else:
            self._busy += ended - started
        return result

    def _note(self, kind: Kind, started: float, ended: float) -> None:
        self._append((kind, self._busy + ended - started, ended, 0))
        self._busy = 0.0
