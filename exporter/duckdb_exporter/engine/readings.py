"""One poll: what the engine says about itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import duckdb

from ..declare import Metric
from ..instruments import DEFAULT_LIMIT
from .memory import exact_limit
from .sizes import TableSizes

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
    (SELECT coalesce(system.main.sum(size), 0) FROM system.main.duckdb_temporary_files()),
    (SELECT system.main.list(system.main.struct_pack(
            name := database_name, block := block_size, total := total_blocks, used := used_blocks))
        FROM system.main.pragma_database_size()),
    system.main.current_setting('memory_limit'),
    system.main.list_value({printed}),
    (SELECT system.main.list(system.main.struct_pack(name := view_name, oid := view_oid) ORDER BY view_oid)
        FROM system.main.duckdb_views() WHERE NOT internal),
    (SELECT system.main.list(path) FROM system.main.duckdb_databases()
        WHERE NOT internal AND type = 'duckdb' AND path IS NOT NULL AND database_name <> ?)
"""
# By itself, so that it needs little memory where there is none left.
_MEMORY = "SELECT tag, memory_usage_bytes FROM system.main.duckdb_memory()"
# Takes half a poll's time: `sql` is put together for all the internal views too.
_VIEWS = "SELECT view_name, sql FROM system.main.duckdb_views() WHERE NOT internal"
# The one that has no catalog, for 0.2 ms: a stalled engine lets no transaction begin, and answers the rest.
_HEARTBEAT = "SELECT count FROM duckdb_connection_count()"


class Snapshot(NamedTuple):
    """What one poll found: measurements in native units, and what the engine has besides."""

    values: Mapping[str, float | None]
    spilled: float
    parts: Mapping[str, Mapping[tuple[str, ...], float]]  # of each measurement with dimensions, by their values
    attached: tuple[Path, ...]  # files of the databases that are attached
    views: Mapping[str, str]  # name and text of each


class Reader:
    """Polls one database, `database` in the engine; `limits` are configured memory limits in bytes."""

    def __init__(self, database: str, limits: Sequence[int], metrics: Iterable[Metric]) -> None:
        metrics = tuple(metrics)
        self._database = database
        self._tables = TableSizes(_most_tables(metrics))
        self._listed: list[dict[str, object]] | None = None
        self._views: dict[str, str] = {}
        self.expect(limits)

    def expect(self, limits: Sequence[int]) -> None:
        """The memory limit may be one of these from now on."""
        self._limits = tuple(limits)
        self._query = _ENGINE.format(printed=", ".join("system.main.format_bytes(?)" for _ in self._limits))

    def read(self, cursor: duckdb.DuckDBPyConnection, own: int) -> Snapshot:
        """Ask the engine on the poller's cursor; `own` of its connections are the exporter's.

        Raises duckdb.Error when the engine does not answer.
        """
        connections = cursor.execute(_HEARTBEAT).fetchall()[0][0]
        row = cursor.execute(self._query, [*self._limits, self._database]).fetchall()[0]
        spilled, databases, limit, printed, views, attached = row
        blocks = {each["name"]: each for each in databases}
        memory, tags = _memory(cursor)
        values: dict[str, float | None] = {
            **memory,
            "memory.limit": exact_limit(limit, self._limits, printed),
            "connection.active": connections - own,
            "disk.fragmentation": _fragmentation(blocks.get(self._database)),
            "disk.spilled": spilled,
        }
        if views != self._listed:  # a view that is replaced has another oid
            self._listed, self._views = views, dict(cursor.execute(_VIEWS).fetchall())
        parts: dict[str, Mapping[tuple[str, ...], float]] = {
            "memory.tag": tags,
            "disk.database": {(each["name"],): float(each["block"] * each["total"]) for each in databases},
            "table.rows": self._tables.read(cursor),
        }
        # What is not on a disk of this machine, as `s3://…`, has no size here.
        files = tuple(Path(path) for path in attached or () if "://" not in path)
        return Snapshot(values, spilled, parts, files, self._views)


def out_of_memory(cursor: duckdb.DuckDBPyConnection, last: Snapshot) -> Snapshot:
    """The last snapshot with the memory of now, for an engine that has no room to say more. Raises duckdb.Error."""
    memory, tags = _memory(cursor)
    return last._replace(values={**last.values, **memory}, parts={**last.parts, "memory.tag": tags})


def _memory(cursor: duckdb.DuckDBPyConnection) -> tuple[dict[str, float | None], dict[tuple[str, ...], float]]:
    """Memory as measurements, and by tag and kind."""
    tags: dict[tuple[str, ...], float] = {
        (tag, "evictable" if tag in EVICTABLE else "pinned"): float(size)
        for tag, size in cursor.execute(_MEMORY).fetchall()
    }
    evictable = sum(size for (_, kind), size in tags.items() if kind == "evictable")
    used = sum(tags.values())
    return {"memory.used": used, "memory.evictable": evictable, "memory.pinned": used - evictable}, tags


def _most_tables(metrics: Iterable[Metric]) -> int:
    """How many tables the metrics of tables' sizes can show."""
    asked = [metric for metric in metrics if metric.measure == "table.rows"]
    limits = [label.limit or DEFAULT_LIMIT for metric in asked for label in metric.labels if label.name == "table_name"]
    return max(limits, default=DEFAULT_LIMIT if asked else 0)


def _fragmentation(blocks: Mapping[str, int] | None) -> float | None:
    if not blocks:
        return None
    total, used = blocks["total"], blocks["used"]
    return total / used if used else 1.0 if total == 0 else None
