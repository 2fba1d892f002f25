"""How a connection calls into the engine, and how what it called ends: well, with an error, with rows left."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any

import duckdb

from .activity import Activity
from .kinds import Statement
from .statements import UNKNOWN
from .transactions import Transaction

if TYPE_CHECKING:
    from .instance import Instance

# DuckDB passes over frames with such a name: see connection.py.
__name__ = "duckdb.instrumented"

_REFUSED = "Cannot CHECKPOINT"  # beside any transaction (DuckDB 2.0.0)


class Calls:
    """What is behind the public members of a `Connection`."""

    __slots__ = ("_append", "_busy", "_instance", "_known", "_open", "_prepared", "_raw", "_transaction", "activity")

    def __init__(self, raw: duckdb.DuckDBPyConnection, instance: Instance) -> None:
        self._raw = raw
        self._instance = instance
        self._append = instance.events.append
        self._known = instance.classify.known
        self.activity = Activity()
        self._open: Statement | None = None  # what still has rows to fetch …
        self._busy = 0.0  # … and the seconds it has taken so far
        self._prepared: dict[str, Statement] = {}
        self._transaction = Transaction(raw, instance.transaction_ended)

    def _statement(self, query: object) -> Statement:
        try:
            found = self._known.get(query)
        except TypeError:  # unhashable: the bare connection refuses it
            return UNKNOWN
        return found if found is not None else self._instance.classify(query)

    def _run(self, statement: Statement, method: Callable[..., Any], /, *args: Any) -> Any:
        """Run a statement whose result takes the place of the open one. None where there is no result."""
        result, seconds = self._call(statement, method, *args)
        ended = perf_counter()
        if self._open is not None:
            self._finish(ended)
        ran = self._prepared.get(statement.executes, statement)
        if ran.streams:
            self._open = ran
            self._busy = seconds
        else:
            self._append((ran.ok, seconds, ended, 0))
        return self if result is not None else None

    def _run_beside(self, statement: Statement, method: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        """Run a statement to its end, beside the open one. Returns what the method does."""
        result, seconds = self._call(statement, method, *args, **kwargs)
        self._append((self._prepared.get(statement.executes, statement).ok, seconds, perf_counter(), 0))
        return result

    def _call(
        self, statement: Statement, method: Callable[..., Any], /, *args: Any, **kwargs: Any
    ) -> tuple[Any, float]:
        """What the method returns, and the seconds it took.

        A DETACH runs between two polls: while one that began before still has the database, its file cannot be attached
        again (DuckDB 2.0.0). A CHECKPOINT that met one runs again between two, but not within a transaction, which its
        failure has aborted.
        """
        if statement.verbs:
            self._transaction.look()
        call = partial(method, *args, **kwargs)
        activity = self.activity
        activity.began = activity.running = started = perf_counter()
        try:
            if statement.detaches:
                result = self._between_polls(call)
            else:
                try:
                    result = call()
                except duckdb.Error as error:
                    if not statement.meets_polls or self._transaction.open or _REFUSED not in str(error):
                        raise
                    result = self._between_polls(call)
        except BaseException as error:
            self._failed(statement, error, started)
            raise
        ended = perf_counter()
        activity.running = 0.0
        if statement.verbs:
            self._transaction.succeeded(statement.verbs, started, ended)
        self._prepared.update(statement.prepares)
        return result, ended - started

    def _between_polls(self, call: Callable[[], Any]) -> Any:
        with self._instance.between_polls():
            return call()

    def _failed(self, statement: Statement, error: BaseException, started: float) -> None:
        ended = perf_counter()
        self.activity.running = 0.0
        # What the engine refuses unread, as a text that is no SQL, leaves the open result as it is.
        if self._open is not None and not self._raw.description:
            self._finish(ended)
        ran = self._prepared.get(statement.executes, statement)
        self._append((ran.failed(error), ended - started, ended, 0))
        self._transaction.failed(statement.verbs, error, started, ended)

    def _read(self, ended: float) -> None:
        """The rows of the open statement came to their end."""
        statement, self._open = self._open, None
        if statement is not None:
            self._append((statement.ok, self._busy, ended, 0))

    def _finish(self, ended: float) -> None:
        """The rows that the open statement still has are dropped."""
        statement, self._open = self._open, None
        if statement is not None:
            self._append((statement.left, self._busy, ended, 0))

    def _fetch_failed(self, error: BaseException, started: float) -> None:
        self.activity.running = 0.0
        statement, self._open = self._open, None
        if statement is not None:
            ended = perf_counter()
            self._append((statement.failed(error), self._busy + ended - started, ended, 0))
            self._transaction.failed((), error, started, ended)
