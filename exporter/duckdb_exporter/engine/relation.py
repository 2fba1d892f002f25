"""Measured relations: a relation runs its query anew each time it is read, and each reading is a query."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from time import perf_counter
from typing import Any

import duckdb

from .recorder import Event
from .statements import Classifier, Statement
from .transactions import Transaction

# DuckDB passes over frames with such a name: see connection.py.
__name__ = "duckdb.instrumented"

_READS = (
    "fetchall", "fetchnumpy", "df", "fetchdf", "to_df", "torch", "tf", "to_arrow_table", "to_arrow_reader", "arrow",
    "fetch_arrow_table", "fetch_arrow_reader", "fetch_record_batch", "pl", "to_dicts", "materialize",
)  # fmt: skip
_CHANGES = {"insert": "INSERT", "insert_into": "INSERT", "update": "UPDATE"}
_WRITES = ("create", "to_table", "write_csv", "to_csv", "write_parquet", "to_parquet")


class Readings:
    """Where the readings of one connection's relations are noted. Holds no reference to the connection's proxy."""

    def __init__(self, events: deque[Event], classify: Classifier, transaction: Transaction) -> None:
        self.events = events
        self.classify = classify
        self.transaction = transaction
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
        self._running = True
        started = perf_counter()
        try:
            return self.adopt(method(relation, *args, **kwargs))
        except duckdb.Error:
            self.transaction.failed((), started, perf_counter())
            raise
        finally:
            ended = perf_counter()
            self._running = False
            self.events.append((self._statement(name, relation, args), ended - started, ended))

    def _statement(self, name: str, relation: Any, args: tuple[Any, ...]) -> Statement:
        if name == "insert_into" and args and isinstance(args[0], str):
            return self.classify(f"INSERT INTO {args[0]}")
        try:
            read = self.classify(duckdb.DuckDBPyRelation.sql_query(relation))
        except duckdb.Error:
            read = self.classify("SELECT")
        return read if name in _READS else read._replace(query_type=_CHANGES.get(name, "OTHER"))


def _measured_type(readings: Readings) -> type[Any]:
    base: Any = duckdb.DuckDBPyRelation

    def derive(self: Any, *args: Any, **kwargs: Any) -> Any:
        return readings.adopt(base._derive(self, *args, **kwargs))

    # Private in DuckDB 2.0.0; where it is missing, relations made from relations are just not measured.
    members: dict[str, Any] = {"__slots__": (), "_derive": derive} if hasattr(base, "_derive") else {"__slots__": ()}
    members |= {name: _measured(readings, name) for name in (*_READS, *_CHANGES, *_WRITES) if hasattr(base, name)}
    return type("DuckDBPyRelation", (base,), members)


def _measured(readings: Readings, name: str) -> Callable[..., Any]:
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        return readings.run(name, self, args, kwargs)

    method.__name__ = name
    return method
