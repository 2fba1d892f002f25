"""Sizes of tables, which are read less often: each poll would cost half as much again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from time import perf_counter

import duckdb

EVERY = 10.0
"""Seconds between two readings."""
# `estimated_size` is a row count that the engine has at hand. The bytes of a table could only be had from
# pragma_storage_info, which takes 4 ms for a million rows.
# Added up here: a GROUP BY takes 2.5 MiB and twice the time.
_TABLES = """
SELECT table_name, estimated_size FROM system.main.duckdb_tables() WHERE NOT internal AND NOT temporary
"""


class TableSizes:
    """Rows of the largest `most` tables, over all attached databases."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._read_at = 0.0
        self._rows: Mapping[tuple[str, ...], float] = {}

    def read(self, cursor: duckdb.DuckDBPyConnection) -> Mapping[tuple[str, ...], float]:
        """By table name; asks the engine when the last answer is old, or told of none. Raises duckdb.Error."""
        now = perf_counter()
        if self._most and (not self._rows or now - self._read_at >= EVERY):
            rows: Counter[str] = Counter()
            for name, size in cursor.execute(_TABLES).fetchall():
                rows[name] += size
            largest = sorted(rows.items(), key=lambda row: (-row[1], row[0]))[: self._most]
            self._rows = {(name,): float(size) for name, size in largest}
            self._read_at = now
        return self._rows
