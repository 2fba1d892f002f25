"""Which database a connection is to."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import duckdb

from .connection import Connection

_PATH = "SELECT path FROM system.main.duckdb_databases() WHERE NOT internal ORDER BY database_oid LIMIT 1"
_LIMIT_SETTINGS = ("memory_limit", "max_memory")


def of_database(database: str | os.PathLike[str]) -> tuple[object, Path | None]:
    """Key and path of what `duckdb.connect(database)` opens; each ":memory:" is a database of its own."""
    name = os.fspath(database)
    if name in ("", ":memory:", ":default:"):
        return object(), None
    if name.startswith((":memory:", "md:", "motherduck:")):
        return name, None
    path = Path(name).absolute()
    return os.path.realpath(path), path


def of_connection(connection: duckdb.DuckDBPyConnection | Connection) -> tuple[object, Path | None]:
    """Key and path of an open connection's database. Raises duckdb.Error when it is closed."""
    if isinstance(connection, Connection):
        connection.open_cursor().close()  # raises where it is closed
        known = connection._instance.source
        return known.key, known.path
    cursor = connection.cursor()
    try:
        row = cursor.execute(_PATH).fetchone()
    finally:
        cursor.close()
    return of_database(row[0] if row and row[0] else "")


def configured_limit(config: Mapping[str, object]) -> object:
    """The memory limit in a connection's config, as it stands there; None without one."""
    return next((value for name, value in config.items() if name.lower() in _LIMIT_SETTINGS), None)
