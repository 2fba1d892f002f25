"""The instrumented connection: behaves as the bare one, and notes what runs on it and how long the engine took."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any

import duckdb

from . import endings
from .activity import Activity
from .appender import Appender
from .forked import INHERITED, keep
from .forwarding import forwarded
from .kinds import Statement
from .relation import Readings
from .statements import CHECKPOINT, CONTROL, UNKNOWN
from .transactions import Transaction

if TYPE_CHECKING:
    from .instance import Instance

# `FROM df` looks for a variable df in the nearest Python frame that is not DuckDB's own, which it tells by the
# `__name__` of the frame's globals (DuckDB 2.0.0). With this name the methods below are passed over and the
# application's frame is found, as without a proxy; tests/exporter/test_proxy.py holds it.
__name__ = "duckdb.instrumented"


class Connection:
    """A `duckdb.DuckDBPyConnection` whose queries and transactions are measured.

    Everything it does not name itself is the bare connection's, also for `isinstance`. A query's time is the time
    inside `execute` and the fetch calls, not what the caller does in between: a SELECT streams, so most of it passes in
    the fetches. Rows left unfetched are counted at the next call or at `close`.
    """

    __slots__ = (
        "__weakref__", "_append", "_busy", "_closed", "_instance", "_known", "_open", "_prepared", "_raw",
        "_raw_execute", "_raw_fetchall", "_raw_fetchone", "_readings", "_transaction", "activity", "family", "is_root",
    )  # fmt: skip

    def __init__(self, raw: duckdb.DuckDBPyConnection, instance: Instance, family: object = None) -> None:
        self.is_root = family is None  # opened by connect, not a cursor of another connection
        self.family = family or object()  # shared with its cursors, which close with it
        self._raw = raw
        self._instance = instance
        self._append = instance.events.append
        self.activity = Activity()
        self._known = instance.classify.known
        self._raw_execute = raw.execute
        self._raw_fetchall = raw.fetchall
        self._raw_fetchone = raw.fetchone
        self._open: Statement | None = None  # what still has rows to fetch …
        self._busy = 0.0  # … and the seconds it has taken so far
        self._prepared: dict[str, Statement] = {}
        self._transaction = Transaction(raw, instance.transaction_ended)
        self._readings: Readings | None = None
        self._closed = False
        instance.join(self)

    def execute(self, query: Any, parameters: Any = None) -> Connection:
        """Run a statement; see `duckdb.DuckDBPyConnection.execute`."""
        # The hot path, written out: every call saved is 0.1 us in a loop and five times that after a query. For the
        # same reason the class has no `__getattr__`, with which Python looks up each attribute the slow way.
        if self._open is not None:
            self._finish(perf_counter())
        try:
            statement = self._known[query]
        except (KeyError, TypeError):
            statement = self._statement(query)
        activity = self.activity
        activity.began = activity.running = started = perf_counter()
        try:
            result = self._raw_execute(query, parameters)
        except BaseException:
            if not self._met_a_poll(statement, started):
                raise
            result = self._between_polls(partial(self._raw_execute, query, parameters), statement, started)
        ended = perf_counter()
        activity.running = 0.0
        if statement.is_plain:
            self._open = statement
            self._busy = ended - started
        else:
            self._ran(statement, started, ended)
        # A text without a statement gives None, against the stubs.
        return self if result is not None else None  # type: ignore[redundant-expr]

    def executemany(self, query: Any, parameters: Any = None) -> Connection:
        """Run a statement once for each set of parameters; counts as one query."""
        if self._open is not None:
            self._finish(perf_counter())
        statement = self._statement(query)
        started = self._start()
        try:
            result = self._raw.executemany(query, parameters)
        except BaseException:
            if not self._met_a_poll(statement, started):
                raise
            result = self._between_polls(partial(self._raw.executemany, query, parameters), statement, started)
        self._ran(statement, started, perf_counter())
        return self if result is not None else None  # type: ignore[redundant-expr]

    def fetchall(self) -> list[tuple[Any, ...]]:
        """All remaining rows."""
        activity = self.activity
        activity.running = started = perf_counter()
        try:
            rows = self._raw_fetchall()
        except BaseException:
            self._fetch_failed(started)
            raise
        activity.running = 0.0
        statement = self._open
        if statement is not None:
            ended = perf_counter()
            self._open = None
            self._append((statement.ok, self._busy + ended - started, ended, len(rows)))
        else:
            activity.rows += len(rows)
        return rows

    def fetchone(self) -> tuple[Any, ...] | None:
        """The next row, None after the last."""
        activity = self.activity
        activity.running = started = perf_counter()
        try:
            row = self._raw_fetchone()
        except BaseException:
            self._fetch_failed(started)
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
        return self._control(self._raw.begin, CONTROL["BEGIN"])

    def commit(self) -> Connection:
        """COMMIT; of an aborted transaction it succeeds and loses the rows, which counts as a failure."""
        return self._control(self._raw.commit, CONTROL["COMMIT"])

    def rollback(self) -> Connection:
        """ROLLBACK."""
        return self._control(self._raw.rollback, CONTROL["ROLLBACK"])

    def checkpoint(self) -> Connection:
        """CHECKPOINT."""
        return self._control(self._raw.checkpoint, CHECKPOINT)

    def abort(self) -> None:
        """Drop the rows that are not fetched yet."""
        self._raw.abort()
        if self._open is not None:
            self._finish(perf_counter())

    def appender(self, table: str, **kwargs: Any) -> Appender:
        """An instrumented appender to a table."""
        raw = self._raw.appender(table, **kwargs)
        statement = self._instance.classify(f"INSERT INTO {table}")
        return Appender(raw, statement, self._append, self._transaction, self.activity)

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
        """Close the connection; with the last one, the poller of its database ends."""
        now = perf_counter()
        if self._open is not None:
            self._finish(now)
        self._instance.leave(self)
        try:
            self._raw.close()
        except BaseException:
            self._instance.join(self)  # it is still open: another thread works on it
            raise
        self._closed = True
        self._transaction.close(now)

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
            self._instance.lost(self)

    def _statement(self, query: object) -> Statement:
        try:
            found = self._known.get(query)
        except TypeError:  # unhashable: the bare connection refuses it
            return UNKNOWN
        return found if found is not None else self._instance.classify(query)

    _ran, _failed, _met_a_poll, _between_polls = endings.ran, endings.failed, endings.met_a_poll, endings.between_polls
    _read, _finish, _fetch_failed = endings.read, endings.finish, endings.fetch_failed

    def _start(self) -> float:
        activity = self.activity
        activity.began = activity.running = started = perf_counter()
        return started

    def _control(self, method: Callable[[], Any], statement: Statement) -> Connection:
        if self._open is not None:
            self._finish(perf_counter())
        started = self._start()
        try:
            method()
        except BaseException:
            if not self._met_a_poll(statement, started):
                raise
            self._between_polls(method, statement, started)
        self._ran(statement, started, perf_counter())
        return self

    def _adopt(self, result: Any) -> Any:
        if result is self._raw:
            return self
        if self._readings is None:
            self._readings = Readings(self._append, self._instance.classify, self._transaction, self.activity)
        return self._readings.adopt(result)


for _name, _member in forwarded(duckdb.DuckDBPyConnection, Connection):
    setattr(Connection, _name, _member)
