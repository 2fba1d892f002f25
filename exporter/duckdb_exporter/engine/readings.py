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

# BASE_TABLE is the page cache: a healthy database larger than its limit fills the limit with it. Attached are files of
# DuckDB's own on a disk of this machine: `s3://…` and what other engines attach have no size here.
_ENGINE = """
SELECT
    (SELECT {{used: sum(memory_usage_bytes), pinned: sum(memory_usage_bytes) FILTER (
        tag NOT IN ('BASE_TABLE', 'EXTERNAL_FILE_CACHE', 'OBJECT_CACHE'))}} FROM duckdb_memory()),
    (SELECT count FROM duckdb_connection_count()),
    (SELECT coalesce(sum(size), 0) FROM duckdb_temporary_files()),
    (SELECT {{total: total_blocks, used: used_blocks}} FROM pragma_database_size() WHERE database_name = ?),
    current_setting('memory_limit'),
    [{printed}],
    (SELECT coalesce(list(path), []) FROM duckdb_databases() WHERE NOT internal AND type = 'duckdb'
        AND path IS NOT NULL AND database_name <> ? AND NOT contains(path, '://'))
"""


class Snapshot(NamedTuple):
    """What one poll found: measurements in native units, and the files of the databases that are attached."""

    values: Mapping[str, float | None]
    spilled: float
    attached: tuple[Path, ...]


class Reader:
    """Polls one database: `database` is its name in the engine, `limits` are configured memory limits in bytes."""

    def __init__(self, database: str, limits: Sequence[int]) -> None:
        self._database = database
        self._limits = tuple(limits)
        self._query = _ENGINE.format(printed=", ".join("format_bytes(?)" for _ in self._limits))

    def read(self, cursor: duckdb.DuckDBPyConnection, own: int) -> Snapshot:
        """Ask the engine on the poller's cursor; `own` of its connections are the exporter's.

        Raises duckdb.Error when the engine does not answer.
        """
        row = cursor.execute(self._query, [self._database, *self._limits, self._database]).fetchall()[0]
        memory, connections, spilled, blocks, limit, printed, attached = row
        values: dict[str, float | None] = {
            "memory.used": memory["used"],
            "memory.pinned": memory["pinned"],
            "memory.limit": exact_limit(limit, self._limits, printed),
            "connection.active": connections - own,
            "disk.fragmentation": _fragmentation(blocks),
        }
        return Snapshot(values, spilled, tuple(map(Path, attached)))


def _fragmentation(blocks: Mapping[str, int] | None) -> float | None:
    if not blocks:
        return None
    total, used = blocks["total"], blocks["used"]
    return total / used if used else 1.0 if total == 0 else None
