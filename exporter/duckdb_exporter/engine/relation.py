"""Measured relations: a relation runs its query anew each time it is read, and each reading is a query."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from time import perf_counter
from typing import Any

import duckdb

from .activity import Activity, row_count
from .kinds import Statement
from .recorder import Append
from .statements import Classifier
from .transactions import Transaction

# DuckDB passes over frames with such a name: see connection.py.
__name__ = "duckdb.instrumented"

_READS = (
    "fetchall", "fetchnumpy", "df", "fetchdf", "to_df", "torch", "tf", "to_arrow_table", "to_arrow_reader", "arrow",
    "fetch_arrow_table", "fetch_arrow_reader", "fetch_record_batch", "__arrow_c_stream__", "pl", "to_dicts",
    "materialize", "show", "preview", "explain", "__str__", "__repr__", "__len__", "_repr_mimebundle_",
)  # fmt: skip
_ROWS = frozenset(
    "fetchall fetchnumpy df fetchdf to_df to_arrow_table arrow fetch_arrow_table pl to_dicts torch tf".split()
)
_CHANGES = {"insert": "INSERT", "insert_into": "INSERT", "update": "UPDATE"}
_WRITES = ("create", "to_table", "create_view", "to_view", "write_csv", "to_csv", "write_parquet", "to_parquet")
_RELATIONS = ("map", "query")
MEASURED = (*_READS, *_CHANGES, *_WRITES, *_RELATIONS)
"""The methods of a relation that run something, and those whose relation is not derived from it."""


class Readings:
    """Where the readings of one connection's relations are noted. Holds no reference to the connection's proxy."""

    def __init__(self, append: Append, classify: Classifier, transaction: Transaction, activity: Activity) -> None:
        self.append = append
        self.classify = classify
        self.transaction = transaction
        self._activity = activity
        self._running = False  # a relation's method may call another: to_dicts calls fetchall
        self._type = _measured_type(self)

    def adopt(self, relation: Any) -> Any:
        """Make a relation a measured one, in place; anything else is returned as it is.

        The result is still a `DuckDBPyRelation`, which joins and `FROM relation` need.
        """
        if type(relation) is duckdb.DuckDBPyRelation:
            relation.__class__ = self._type
        return relation

    def run(self, name: str, relation: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Call the relation's own method `name` and note how long it took."""
        method = getattr(duckdb.DuckDBPyRelation, name)
        if self._running:
            return method(relation, *args, **kwargs)
        statement = self._statement(name, relation, args, kwargs)
        if statement is None:  # what it returns is run when it is read
            return self.adopt(method(relation, *args, **kwargs))
        self._running = True
        activity = self._activity
        activity.running = started = perf_counter()
        try:
            result = method(relation, *args, **kwargs)
        except BaseException as error:
            ended = perf_counter()
            self.append((statement.failed(error), ended - started, ended, 0))
            if isinstance(error, duckdb.Error):
                self.transaction.failed((), error, started, ended)
            raise
        finally:
            self._running = False
            activity.running = 0.0
        ended = perf_counter()
        self.append((statement.ok, ended - started, ended, row_count(result) if name in _ROWS else 0))
        return self.adopt(result)

    def _statement(self, name: str, relation: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Statement | None:
        if name in _RELATIONS:
            query = self.classify(args[1] if len(args) > 1 else kwargs.get("sql_query"))
            return query if name == "query" and query.query_type != "SELECT" else None
        if name == "insert_into" and args and isinstance(args[0], str):
            return self.classify(f"INSERT INTO {args[0]}")
        read = self.read(relation)
        return read if name in _READS else Statement(_CHANGES.get(name, "OTHER"), read.tables)

    def read(self, relation: Any) -> Statement:
        """The SELECT that a relation stands for."""
        try:
            return self.classify(duckdb.DuckDBPyRelation.sql_query(relation))
        except duckdb.Error:
            return self.classify("SELECT")

    def rows(self, relation: Any, rows: Iterator[Any]) -> Iterator[Any]:
        """Pass on rows that are computed one after the other, and note how long they took."""
        statement = self.read(relation)
        kind, busy = statement.left, 0.0
        try:
            while True:
                started = perf_counter()
                try:
                    row = next(rows)
                finally:
                    busy += perf_counter() - started
                kind = statement.begun.left
                self._activity.rows += 1
                yield row
        except StopIteration:
            kind = statement.ok
        except duckdb.Error as error:
            kind = statement.failed(error)
            raise
        finally:
            self.append((kind, busy, perf_counter(), 0))


def _measured_type(readings: Readings) -> type[Any]:
    base: Any = duckdb.DuckDBPyRelation

    def derive(self: Any, *args: Any, **kwargs: Any) -> Any:
        return readings.adopt(base._derive(self, *args, **kwargs))

    # Private in DuckDB 2.0.0; where it is missing, relations made from relations are just not measured.
    members: dict[str, Any] = {"__slots__": (), "_derive": derive} if hasattr(base, "_derive") else {"__slots__": ()}
    members |= {name: _measured(readings, name) for name in MEASURED if hasattr(base, name)}
    members["__class__"] = property(lambda _: base)
    if hasattr(base, "iter_rows"):
        members["iter_rows"] = lambda self, *args, **kwargs: readings.rows(self, base.iter_rows(self, *args, **kwargs))
    return type("DuckDBPyRelation", (base,), members)


def _measured(readings: Readings, name: str) -> Callable[..., Any]:
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        return readings.run(name, self, args, kwargs)

    method.__name__ = name
    return method
