"""What the exporter can measure: the words that `measure:` knows, with the type, native unit and dimensions of each."""

from __future__ import annotations

from typing import NamedTuple


class Measurement(NamedTuple):
    """One thing the exporter measures; `unit` is what it measures in before conversion."""

    type: str
    unit: str
    dimensions: tuple[str, ...] = ()


QUERY = ("query_type", "table_name")

MEASUREMENTS: dict[str, Measurement] = {
    "query.duration": Measurement("histogram", "s", QUERY),
    "query.rate": Measurement("gauge", "", QUERY),
    "query.count": Measurement("counter", "", (*QUERY, "outcome")),
    "memory.used": Measurement("gauge", "bytes"),
    "memory.pinned": Measurement("gauge", "bytes"),
    "memory.limit": Measurement("gauge", "bytes"),
    "memory.fragmentation": Measurement("gauge", "ratio"),
    "disk.used": Measurement("gauge", "bytes"),
    "disk.limit": Measurement("gauge", "bytes"),
    "disk.wal": Measurement("gauge", "bytes"),
    "disk.fragmentation": Measurement("gauge", "ratio"),
    "disk.locked": Measurement("gauge", ""),
    "connection.active": Measurement("gauge", ""),
    "connection.failed": Measurement("counter", ""),
    "sync.success": Measurement("counter", ""),
    "sync.failure": Measurement("counter", ""),
    "sync.retries": Measurement("counter", ""),
    "sync.duration_mean": Measurement("gauge", "s"),
    "transaction.count": Measurement("counter", "", ("outcome",)),
    "transaction.success": Measurement("counter", ""),
    "transaction.failure": Measurement("counter", ""),
    "transaction.duration_mean": Measurement("gauge", "s"),
    "remedy.count": Measurement("counter", "", ("remedy", "outcome")),
    "remedy.refused": Measurement("counter", "", ("reason",)),
    "exporter.up": Measurement("gauge", ""),
    "exporter.poll_age": Measurement("gauge", "s"),
}
