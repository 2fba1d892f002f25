"""Measures DuckDB from inside the application that uses it, and serves the numbers to Prometheus.

    import duckdb_exporter

    con = duckdb_exporter.connect("app.duckdb", instance_id="mt5-1")   # as duckdb.connect, measured
    with duckdb_exporter.sync():                                       # around a sync attempt
        ...

A DuckDB file has one process at a time, so the exporter lives in it; `python -m duckdb_exporter` serves a file that
nobody else has open.
"""

from __future__ import annotations

from .engine.connection import Connection
from .engine.exporter import process_exporter
from .engine.sync import SyncAttempt
from .metrics import INSTRUMENTS, SPEC_DIGEST, SYSTEM
from .server import Server

__all__ = [
    "Connection",
    "Server",
    "SyncAttempt",
    "close",
    "collector",
    "connect",
    "instrument",
    "remedy",
    "serve",
    "sync",
]

_EXPORTER = process_exporter(INSTRUMENTS, SYSTEM, SPEC_DIGEST)

connect = _EXPORTER.connect
instrument = _EXPORTER.instrument
remedy = _EXPORTER.remedy
sync = _EXPORTER.sync
serve = _EXPORTER.serve
collector = _EXPORTER.collector
close = _EXPORTER.close
