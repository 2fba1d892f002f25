"""One poll: what the engine says about itself, and the queries of the spec."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import duckdb

from ..declare import Metric
from ..instruments import DEFAULT_LIMIT
from .memory import exact_limit
from .sizes import TableSizes

OWN_CONNECTIONS = 1
"""The poller's cursor, which the engine counts like any connection."""

NOTHING_KNOWN: Mapping[str, float | None] = dict.fromkeys(
    (
        "memory.used",
        "memory.evictable",
        "memory.pinned",
        "memory.limit",
        "connection.active",
        "disk.spilled",
        "disk.fragmentation",
    )
)
"""The engine's measurements while it does not answer."""

PARTS = ("memory.tag", "disk.database", "table.rows")
"""Measurements with dimensions of their own."""
EVICTABLE = ("BASE_TABLE", "EXTERNAL_FILE_CACHE", "OBJECT_CACHE")
"""Tags of memory that the engine drops when it needs room; a healthy database fills its limit with BASE_TABLE."""

# A name without its catalog is looked up in the application's database too, which begins a transaction there, and
# while there is one the application's CHECKPOINT fails (DuckDB 2.0.0, also for BEGIN READ ONLY). So every name has it,
# and there are no tuples: `(a, b)` is a call of row, which has none.
_ENGINE = """
SELECT
    (SELECT system.main.list(system.main.struct_pack(tag := tag, size := memory_usage_bytes))
        FROM system.main.duckdb_memory()),
    (SELECT coalesce(system.main.sum(size), 0) FROM system.main.duckdb_temporary_files()),
    (SELECT system.main.list(system.main.struct_pack(
            name := database_name, block := block_size, total := total_blocks, used := used_blocks))
        FROM system.main.pragma_database_size()),
    system.main.current_setting('memory_limit'),
    system.main.list_value({printed}),
    (SELECT system.main.list(system.main.struct_pack(name := view_name, oid := view_oid) ORDER BY view_oid)
        FROM system.main.duckdb_views() WHERE NOT internal)
"""
# Takes half a poll's time: `sql` is put together for all the internal views too.
_VIEWS = "SELECT view_name, sql FROM system.main.duckdb_views() WHERE NOT internal"
# The one that has no catalog, for 0.2 ms: a stalled engine lets no transaction begin, and answers the rest.
_HEARTBEAT = "SELECT count FROM duckdb_connection_count()"
_LOG = logging.getLogger(__name__)

Sample = tuple[tuple[str, ...], float]


class Snapshot(NamedTuple):
    """What one poll found: measurements in native units, and the samples of each SQL metric."""

    values: Mapping[str, float | None]
    spilled: float
    parts: Mapping[str, Mapping[tuple[str, ...], float]]  # of each measurement with dimensions, by their values
    samples: Mapping[str, tuple[Sample, ...]]
    views: Mapping[str, str]  # name and text of each


class Reader:
    """Polls one database, `database` in the engine; `limits` are configured memory limits in bytes."""

    def __init__(
        self,
        database: str,
        limits: Sequence[int],
        metrics: Iterable[Metric],
        instance_label: str,
    ) -> None:
        metrics = tuple(metrics)
        self._database = database
        self._tables = TableSizes(_most_tables(metrics))
        self._limits = tuple(limits)
        self._query = _ENGINE.format(printed=", ".join("system.main.format_bytes(?)" for _ in self._limits))
        self._metrics = [metric for metric in metrics if metric.sql is not None]
        self._instance_label = instance_label
        self._failures: dict[str, str] = {}
        self._listed: list[dict[str, object]] | None = None
        self._views: dict[str, str] = {}

    def read(self, cursor: duckdb.DuckDBPyConnection) -> Snapshot:
        """Ask the engine on the poller's cursor. Raises duckdb.Error when it does not answer."""
        connections = cursor.execute(_HEARTBEAT).fetchall()[0][0]
        row = cursor.execute(self._query, self._limits).fetchall()[0]
        memory, spilled, databases, limit, printed, views = row
        tags: dict[tuple[str, ...], float] = {
            (each["tag"], "evictable" if each["tag"] in EVICTABLE else "pinned"): float(each["size"]) for each in memory
        }
        blocks = {each["name"]: each for each in databases}
        evictable = sum(size for (_, kind), size in tags.items() if kind == "evictable")
        used = sum(tags.values())
        values: dict[str, float | None] = {
            "memory.used": used,
            "memory.evictable": evictable,
            "memory.pinned": used - evictable,
            "memory.limit": exact_limit(limit, self._limits, printed),
            "connection.active": connections - OWN_CONNECTIONS,
            "disk.fragmentation": _fragmentation(blocks.get(self._database)),
            "disk.spilled": spilled,
        }
        samples = {metric.name: self._ask(cursor, metric) for metric in self._metrics}
        if views != self._listed:  # a view that is replaced has another oid
            self._listed, self._views = views, dict(cursor.execute(_VIEWS).fetchall())
        parts: dict[str, Mapping[tuple[str, ...], float]] = {
            "memory.tag": tags,
            "disk.database": {(each["name"],): float(each["block"] * each["total"]) for each in databases},
            "table.rows": self._tables.read(cursor),
        }
        return Snapshot(values, spilled, parts, samples, self._views)

    def _ask(self, cursor: duckdb.DuckDBPyConnection, metric: Metric) -> tuple[Sample, ...]:
        labels = [label.name for label in metric.labels if label.name != self._instance_label]
        try:
            rows = cursor.execute(metric.sql or "").fetchall()
            columns = [column[0] for column in cursor.description or ()]
            samples = tuple(_samples(rows, columns, labels))
        except (duckdb.FatalException, duckdb.ConnectionException):
            raise
        except (duckdb.Error, ValueError, TypeError) as error:
            if self._failures.get(metric.name) != str(error):
                self._failures[metric.name] = str(error)
                _LOG.warning("%s: no series, its query failed: %s", metric.name, _told(error))
            return ()
        self._failures.pop(metric.name, None)
        return samples


def _most_tables(metrics: Iterable[Metric]) -> int:
    """How many tables the metrics of tables' sizes can show."""
    asked = [metric for metric in metrics if metric.measure == "table.rows"]
    limits = [label.limit or DEFAULT_LIMIT for metric in asked for label in metric.labels if label.name == "table_name"]
    return max(limits, default=DEFAULT_LIMIT if asked else 0)


def _told(error: Exception) -> str:
    """What is wrong with the query, but no value that it met: those are not for a log."""
    about_the_query = (duckdb.ParserException, duckdb.BinderException, duckdb.CatalogException, ValueError, TypeError)
    return str(error).partition("\n")[0] if isinstance(error, about_the_query) else type(error).__name__


def _fragmentation(blocks: Mapping[str, int] | None) -> float | None:
    if not blocks:
        return None
    total, used = blocks["total"], blocks["used"]
    return total / used if used else 1.0 if total == 0 else None


def _samples(rows: Sequence[tuple[object, ...]], columns: list[str], labels: list[str]) -> Iterable[Sample]:
    if columns[:-1] != labels and sorted(columns[:-1]) != sorted(labels):
        expected = ", ".join([*labels, "the value"])
        raise ValueError(f"the columns are {', '.join(columns)}, expected {expected}")
    if not labels and len(rows) > 1:
        raise ValueError(f"{len(rows)} rows, expected one: there is no label to tell them apart")
    order = [columns.index(name) for name in labels]
    for row in rows:
        if row[-1] is not None:
            yield tuple("" if row[index] is None else str(row[index]) for index in order), _value(row[-1])


def _value(found: Any) -> float:
    try:
        return float(found)
    except ValueError:
        raise ValueError("the last column is not a number") from None
