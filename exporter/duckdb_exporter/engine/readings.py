"""One poll: what the engine says about itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import duckdb

from .memory import exact_limit

NOTHING_KNOWN: Mapping[str, float | None] = dict.fromkeys(
    ("memory.used", "memory.pinned", "memory.limit", "connection.active", "disk.fragmentation")
)
"""The engine's measurements while it does not answer."""

# A name without its catalog is looked up in the application's database too, which begins a transaction there, and
# while there is one the application's CHECKPOINT fails (DuckDB 2.0.0, also for BEGIN READ ONLY). So every name has it.
# BASE_TABLE is the page cache: a healthy database larger than its limit fills the limit with it.
_ENGINE = """
SELECT
    (SELECT system.main.struct_pack(
            used := system.main.sum(memory_usage_bytes),
            pinned := system.main.sum(memory_usage_bytes) FILTER (
                tag NOT IN ('BASE_TABLE', 'EXTERNAL_FILE_CACHE', 'OBJECT_CACHE')))
        FROM system.main.duckdb_memory()),
    (SELECT coalesce(system.main.sum(size), 0) FROM system.main.duckdb_temporary_files()),
    (SELECT system.main.struct_pack(total := total_blocks, used := used_blocks)
        FROM system.main.pragma_database_size() WHERE database_name = ?),
    system.main.current_setting('memory_limit'),
    system.main.list_value({printed}),
    (SELECT system.main.list((view_name, view_oid) ORDER BY view_oid)
        FROM system.main.duckdb_views() WHERE NOT internal),
    (SELECT system.main.list(path) FROM system.main.duckdb_databases()
        WHERE NOT internal AND type = 'duckdb' AND path IS NOT NULL AND database_name <> ?)
"""
# Takes half a poll's time: `sql` is put together for all the internal views too.
_VIEWS = "SELECT view_name, sql FROM system.main.duckdb_views() WHERE NOT internal"
# The one that has no catalog, for 0.2 ms: a stalled engine lets no transaction begin, and answers the rest.
_HEARTBEAT = "SELECT count FROM duckdb_connection_count()"


class Snapshot(NamedTuple):
    """What one poll found: measurements in native units, and what the engine has besides."""

    values: Mapping[str, float | None]
    spilled: float
    attached: tuple[Path, ...]  # files of the databases that are attached
    views: Mapping[str, str]  # name and text of each


class Reader:
    """Polls one database: `database` is its name in the engine, `limits` are configured memory limits in bytes."""

    def __init__(self, database: str, limits: Sequence[int]) -> None:
        self._database = database
        self._limits = tuple(limits)
        self._query = _ENGINE.format(printed=", ".join("system.main.format_bytes(?)" for _ in self._limits))
        self._listed: list[tuple[str, int]] | None = None
        self._views: dict[str, str] = {}

    def read(self, cursor: duckdb.DuckDBPyConnection, own: int) -> Snapshot:
        """Ask the engine on the poller's cursor; `own` of its connections are the exporter's.

        Raises duckdb.Error when the engine does not answer.
        """
        connections = cursor.execute(_HEARTBEAT).fetchall()[0][0]
        row = cursor.execute(self._query, [self._database, *self._limits, self._database]).fetchall()[0]
        memory, spilled, blocks, limit, printed, views, attached = row
        values: dict[str, float | None] = {
            "memory.used": memory["used"],
            "memory.pinned": memory["pinned"],
            "memory.limit": exact_limit(limit, self._limits, printed),
            "connection.active": connections - own,
            "disk.fragmentation": _fragmentation(blocks),
        }
        if views != self._listed:  # a view that is replaced has another oid
            self._listed, self._views = views, dict(cursor.execute(_VIEWS).fetchall())
        # What is not on a disk of this machine, as `s3://…`, has no size here.
        files = tuple(Path(path) for path in attached or () if "://" not in path)
        return Snapshot(values, spilled, files, self._views)


def _fragmentation(blocks: Mapping[str, int] | None) -> float | None:
    if not blocks:
        return None
    total, used = blocks["total"], blocks["used"]
    return total / used if used else 1.0 if total == 0 else None
