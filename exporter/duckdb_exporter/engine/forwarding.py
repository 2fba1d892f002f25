"""The members of a connection that follow a pattern: other fetches, relations, those that chain, and all the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from operator import attrgetter
from time import perf_counter
from typing import TYPE_CHECKING, Any

from .activity import row_count

if TYPE_CHECKING:
    from .connection import Connection

# DuckDB passes over frames with such a name: see connection.py.
__name__ = "duckdb.instrumented"

Method = Callable[..., Any]

_FETCHES = "complete df fetchdf fetch_df fetchnumpy torch tf to_arrow_table to_arrow_reader fetchmany fetch_df_chunk"
_QUERIES = "sql query from_query"
_RELATIONS = (
    "table view values table_function read_csv from_csv_auto read_json read_parquet from_parquet from_df from_arrow"
)
_CHAINED = "append register unregister create_function remove_function"


def forwarded(bare: type, proxy: type) -> Iterator[tuple[str, Any]]:
    """Each member that the `bare` connection class has and the `proxy` has not, by name: a measured method, or a
    property that reads the bare connection's own."""
    measured = {
        name: make
        for names, make in ((_FETCHES, _fetch), (_QUERIES, _query), (_RELATIONS, _chained), (_CHAINED, _chained))
        for name in names.split()
    }
    for name in set(dir(bare)) - set(dir(proxy)):
        if name in measured:
            method = measured[name](name)
            method.__name__ = name
            method.__doc__ = f"See `duckdb.DuckDBPyConnection.{name}`."
            yield name, method
        else:
            yield name, property(attrgetter(f"_raw.{name}"))


def _fetch(name: str) -> Method:
    def method(self: Connection, *args: Any, **kwargs: Any) -> Any:
        activity = self.activity
        activity.running = started = perf_counter()
        try:
            result = getattr(self._raw, name)(*args, **kwargs)
        except BaseException:
            self._fetch_failed(started)
            raise
        activity.running = 0.0
        activity.rows += row_count(result)
        if self._open is not None:
            ended = perf_counter()
            self._busy += ended - started
            if _is_last(name, result, args, kwargs):
                self._read(ended)
            else:
                self._open = self._open.begun
        return result

    return method


def _is_last(name: str, result: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    if name == "fetchmany":
        return len(result) < int(kwargs.get("size", args[0] if args else 1))
    return len(result) == 0 if name == "fetch_df_chunk" else True


def _query(name: str) -> Method:
    def method(self: Connection, *args: Any, **kwargs: Any) -> Any:
        statement = self._statement(args[0] if args else kwargs.get("query"))
        started = self._start()
        call = partial(getattr(self._raw, name), *args, **kwargs)
        try:
            relation = call()
        except BaseException:
            if not self._met_a_poll(statement, started):
                raise
            relation = self._between_polls(call, statement, started)
        self.activity.running = 0.0
        if statement.streams:  # not run yet
            self._transaction.succeeded(statement.verbs, started, perf_counter())
            return self._adopt(relation)
        self._ran(statement, started, perf_counter())
        return relation

    return method


def _chained(name: str) -> Method:
    def method(self: Connection, *args: Any, **kwargs: Any) -> Any:
        return self._adopt(getattr(self._raw, name)(*args, **kwargs))

    return method
