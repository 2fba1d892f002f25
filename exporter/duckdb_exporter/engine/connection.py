"""The instrumented connection: behaves as the bare one, and notes what runs on it and how long the engine took."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Any

import duckdb

from .appender import Appender
from .calls import Calls
from .forked import INHERITED, keep
from .forwarding import forwarded
from .relation import Readings
from .statements import CHECKPOINT, CONTROL

if TYPE_CHECKING:
    from .instance import Instance

# `FROM df` looks for a variable df in the nearest Python frame that is not DuckDB's own, which it tells by the
# `__name__` of the frame's globals (DuckDB 2.0.0). With this name the methods below are passed over and the
# application's frame is found, as without a proxy; tests/exporter/test_proxy.py holds it.
__name__ = "duckdb.instrumented"


class Connection(Calls):
    """A `duckdb.DuckDBPyConnection` whose queries and transactions are measured.

    Everything it does not name itself is the bare connection's, also for `isinstance`. A query's time is the time
    inside `execute` and the fetch calls, not what the caller does in between: a SELECT streams, so most of it passes in
    the fetches. Rows left unfetched are counted at the next call or at `close`.
    """

    __slots__ = (
        "__weakref__", "_closed", "_raw_execute", "_raw_fetchall", "_raw_fetchone", "_readings", "family", "is_root",
    )  # fmt: skip

    def __init__(self, raw: duckdb.DuckDBPyConnection, instance: Instance, family: object = None) -> None:
        super().__init__(raw, instance)
        self.is_root = family is None  # opened by connect, not a cursor of another connection
        self.family = family or object()  # shared with its cursors, which close with it
        self._raw_execute = raw.execute
        self._raw_fetchall = raw.fetchall
        self._raw_fetchone = raw.fetchone
        self._readings: Readings | None = None
        self._closed = False
        instance.join(self)

    def execute(self, query: Any, parameters: Any = None) -> Connection:
        """Run a statement; see `duckdb.DuckDBPyConnection.execute`."""
        # The hot path, written out: every call saved is 0.1 us in a loop and five times that after a query. For the
        # same reason the class has no `__getattr__`, with which Python looks up each attribute the slow way.
        try:
            statement = self._known[query]
        except (KeyError, TypeError):
            statement = self._statement(query)
        if not statement.is_plain:
            # A text without a statement gives None, against the stubs.
            return self._run(statement, self._raw_execute, query, parameters)  # type: ignore[no-any-return]
        activity = self.activity
        activity.began = activity.running = started = perf_counter()
        try:
            self._raw_execute(query, parameters)
        except BaseException as error:
            self._failed(statement, error, started)
            raise
        ended = perf_counter()
        activity.running = 0.0
        if self._open is not None:
            self._finish(started)
        self._open = statement
        self._busy = ended - started
        return self

    def executemany(self, query: Any, parameters: Any = None) -> Connection:
        """Run a statement once for each set of parameters; counts as one query."""
        return self._run(self._statement(query), self._raw.executemany, query, parameters)  # type: ignore[no-any-return]

    def fetchall(self) -> list[tuple[Any, ...]]:
        """All remaining rows."""
        activity = self.activity
        activity.running = started = perf_counter()
        try:
            rows = self._raw_fetchall()
        except BaseException as error:
            self._fetch_failed(error, started)
            raise
        activity.running = 0.0
        fetched = len(rows)
        statement = self._open
        if statement is not None:
            ended = perf_counter()
            self._open = None
            self._append((statement.ok, self._busy + ended - started, ended, fetched))
        else:
            activity.rows += fetched
        return rows

    def fetchone(self) -> tuple[Any, ...] | None:
        """The next row, None after the last."""
        activity = self.activity
        activity.running = started = perf_counter()
        try:
            row = self._raw_fetchone()
        except BaseException as error:
            self._fetch_failed(error, started)
            raise
        activity.running = 0.0
        if row is not None:
            activity.rows += 1
        statement = self._open
        if statement is not None:
            ended = perf_counter()
            self._busy += ended - started
            if row is None:
                self._read(ended)
            else:
                self._open = statement.begun
        return row

    def begin(self) -> Connection:
        """BEGIN."""
        return self._run(CONTROL["BEGIN"], self._raw.begin)  # type: ignore[no-any-return]

    def commit(self) -> Connection:
        """COMMIT; of an aborted transaction it succeeds and loses the rows, which counts as a failure."""
        return self._run(CONTROL["COMMIT"], self._raw.commit)  # type: ignore[no-any-return]

    def rollback(self) -> Connection:
        """ROLLBACK."""
        return self._run(CONTROL["ROLLBACK"], self._raw.rollback)  # type: ignore[no-any-return]

    def checkpoint(self) -> Connection:
        """CHECKPOINT."""
        return self._run(CHECKPOINT, self._raw.checkpoint)  # type: ignore[no-any-return]

    def abort(self) -> None:
        """Drop the rows that are not fetched yet."""
        self._raw.abort()
        if self._open is not None:
            self._finish(perf_counter())

    def append(self, table_name: str, df: Any, **kwargs: Any) -> Connection:
        """Insert a data frame into a table."""
        statement = self._instance.classify(f"INSERT INTO {table_name}")
        self._run_beside(statement, self._raw.append, table_name, df, **kwargs)
        return self

    def appender(self, table: str, **kwargs: Any) -> Appender:
        """An instrumented appender to a table."""
        return self._appending(f"INSERT INTO {table}", self._raw.appender(table, **kwargs))

    def query_appender(self, dml: str, *args: Any, **kwargs: Any) -> Appender:
        """An instrumented appender that runs a statement over its rows."""
        return self._appending(dml, self._raw.query_appender(dml, *args, **kwargs))

    def cursor(self) -> Connection:
        """Another instrumented connection to the same database."""
        return Connection(self._raw.cursor(), self._instance, self.family)

    def duplicate(self) -> Connection:
        """See `cursor`."""
        return Connection(self._raw.duplicate(), self._instance, self.family)

    def open_cursor(self) -> duckdb.DuckDBPyConnection:
        """A bare cursor, for the poller. Raises duckdb.Error when closed."""
        return self._raw.cursor()

    def open_since(self) -> float | None:
        """When the first of these began, if any: its transaction, the call that runs, the statement with rows left."""
        left = self.activity.began if self._open is not None else None
        return min((began for began in (self._transaction.began, left, self.activity.running) if began), default=None)

    def close(self) -> None:
        """Close the connection, with its cursors where `connect` opened it; the poller ends with the last one."""
        closing = [] if self._closed else [self, *self._instance.cursors(self)]
        for each in closing:
            if each._open is not None:
                each._finish(perf_counter())
            each._transaction.look()
        if closing:
            self._instance.leave(closing)
        try:
            self._raw.close()
        except BaseException:
            for each in closing:  # they are still open: another thread works on one
                self._instance.join(each)
            raise
        for each in closing:
            each._closed = True
            each._transaction.close(perf_counter())

    def forked(self) -> None:
        """In a forked child: refuse to work from now on."""
        keep(self._raw)
        self._closed = True
        self._open = None
        self._raw = self._raw_execute = self._raw_fetchall = self._raw_fetchone = INHERITED
        self._instance = self._transaction = INHERITED

    def __enter__(self) -> Connection:
        self._raw.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @property  # type: ignore[misc]
    def __class__(self) -> type[Any]:
        return duckdb.DuckDBPyConnection

    if TYPE_CHECKING:  # the members that the loop below adds

        def __getattr__(self, name: str) -> Any: ...

    def __dir__(self) -> list[str]:
        return dir(self._raw)

    def __reduce_ex__(self, protocol: Any) -> Any:
        return self._raw.__reduce_ex__(protocol)

    def __del__(self) -> None:
        # __init__ may not have come to the end.
        if not getattr(self, "_closed", True):
            if self._open is not None:
                self._finish(perf_counter())
            self._transaction.close(perf_counter())
            self._instance.lost(self)

    def _appending(self, dml: str, raw: duckdb.Appender) -> Appender:
        return Appender(raw, self._instance.classify(dml), self._append, self._transaction, self.activity)

    def _adopt(self, result: Any) -> Any:
        if result is self._raw:
            return self
        if self._readings is None:
            self._readings = Readings(self._append, self._instance.classify, self._transaction, self.activity)
        return self._readings.adopt(result)


for _name, _member in forwarded(duckdb.DuckDBPyConnection, Connection):
    setattr(Connection, _name, _member)
