"""How what runs on a connection ends: well, with an error, with rows left, beside a poll. Methods of `Connection`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from time import perf_counter
from typing import TYPE_CHECKING, Any

import duckdb

if TYPE_CHECKING:
    from .connection import Connection
    from .kinds import Statement

# DuckDB passes over frames with such a name: see connection.py.
__name__ = "duckdb.instrumented"

# A CHECKPOINT is refused beside any transaction; an ATTACH of a file, while a poll that began before its DETACH still
# has it (DuckDB 2.0.0).
_REFUSED = ("Cannot CHECKPOINT", "Unique file handle conflict")


def _met_another(error: BaseException | None) -> bool:
    return isinstance(error, duckdb.Error) and any(said in str(error) for said in _REFUSED)


def ran(self: Connection, statement: Statement, started: float, ended: float) -> None:
    """A call went well."""
    self.activity.running = 0.0
    statement = self._prepared.get(statement.executes, statement)
    if statement.streams:
        self._open = statement
        self._busy = ended - started
    else:
        self._append((statement.ok, ended - started, ended, 0))
    if statement.verbs:
        self._transaction.succeeded(statement.verbs, started, ended)
    self._prepared.update(statement.prepares)


def failed(self: Connection, statement: Statement, started: float) -> None:
    """A call raised the error that is handled."""
    ended = perf_counter()
    self.activity.running = 0.0
    statement = self._prepared.get(statement.executes, statement)
    self._append((statement.failed(sys.exception()), ended - started, ended, 0))
    self._transaction.failed(statement.verbs, started, ended)


def met_a_poll(self: Connection, statement: Statement, started: float) -> bool:
    """Whether a statement failed that may have met a poll; any other failure is noted."""
    if statement.meets_polls and not self._transaction.open and _met_another(sys.exception()):
        return True
    self._failed(statement, started)
    return False


def between_polls(self: Connection, again: Callable[[], Any], statement: Statement, started: float) -> Any:
    """Run it once more, now that it cannot meet a poll."""
    with self._instance.between_polls():
        try:
            return again()
        except BaseException:
            self._failed(statement, started)
            raise


def read(self: Connection, ended: float) -> None:
    """The rows of the open statement came to their end."""
    statement, self._open = self._open, None
    if statement is not None:
        self._append((statement.ok, self._busy, ended, 0))


def finish(self: Connection, ended: float) -> None:
    """The rows that the open statement still has are dropped."""
    statement, self._open = self._open, None
    if statement is not None:
        self._append((statement.left, self._busy, ended, 0))


def fetch_failed(self: Connection, started: float) -> None:
    """A fetch raised the error that is handled."""
    self.activity.running = 0.0
    statement, self._open = self._open, None
    if statement is not None:
        ended = perf_counter()
        self._append((statement.failed(sys.exception()), self._busy + ended - started, ended, 0))
        self._transaction.failed((), started, ended)
