"""What a forked child finds of its parent's connections: the threads that serve them are not there.

Measured with DuckDB 2.0: a child that closes one, or ends and so drops one, writes the parent's log into the database
file, while the parent works on it, and crashes.
"""

from __future__ import annotations

from typing import Any, NoReturn

import duckdb


class Inherited:
    """Stands in for everything that a connection works with. It can be closed; whatever else is asked is refused."""

    def close(self, *_: object) -> None:
        """Leave the parent's connection to the parent."""

    def __call__(self, *_: object, **__: object) -> NoReturn:
        """Refuse."""
        raise duckdb.ConnectionException("the connection was opened before the fork; connect again in the child")

    def __getattr__(self, name: str) -> NoReturn:
        self()


INHERITED: Any = Inherited()


def keep(found: object) -> None:
    """Never let it go, not even when the process ends."""
    import ctypes  # noqa: PLC0415 - only a forked child needs it

    ctypes.pythonapi.Py_IncRef(ctypes.py_object(found))
