"""The members of a connection that follow a pattern: other fetches, relations, those that chain, and all the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
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
_CHAINED = (
    "table view values table_function read_csv from_csv_auto read_json read_parquet from_parquet from_df from_arrow "
    "register unregister create_function remove_function"
)
# What `duckdb.sql(..., connection=con)` and the relations that it makes run everything by; private in DuckDB 2.0.0.
_SUBMITS = "_submit"


def forwarded(bare: type, proxy: type) -> Iterator[tuple[str, Any]]:
    """Each member that the `bare` connection class has and the `proxy` has not, by name: a measured method, or a
    property that reads the bare connection's own."""
    measured = {name: make for names, make in _MEASURED for name in names.split()}
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
        except BaseException as error:
            self._fetch_failed(error, started)
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
        query = getattr(self._raw, name)
        if statement.query_type == "SELECT":  # run when it is read
            relation, _ = self._call(statement, query, *args, **kwargs)
        else:
            relation = self._run_beside(statement, query, *args, **kwargs)
        return self._adopt(relation)

    return method


def _submit(name: str) -> Method:
    def method(self: Connection, sql: str, *args: Any, **kwargs: Any) -> Any:
        return self._run_beside(self._statement(sql), getattr(self._raw, name), sql, *args, **kwargs)

    return method


def _chained(name: str) -> Method:
    def method(self: Connection, *args: Any, **kwargs: Any) -> Any:
        return self._adopt(getattr(self._raw, name)(*args, **kwargs))

    return method


_MEASURED = ((_FETCHES, _fetch), (_QUERIES, _query), (_CHAINED, _chained), (_SUBMITS, _submit))
